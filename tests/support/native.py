"""Compile and run small C and Fortran programs against the installed libraries and headers."""

import subprocess
from pathlib import Path

import elm_landslide
from elm_landslide.runtime import plugin

PACKAGE = Path(elm_landslide.__file__).parent
LIB, INCLUDE = PACKAGE / "lib", PACKAGE / "include"
PLUGIN = plugin.path()
# Of each engine, for landslide_open_*.
SETTINGS = {"tile": "engine=tile", "torchscript": f"engine=torchscript;plugin={PLUGIN}"}
SOURCES = Path(__file__).parents[1] / "bridge"  # C programs of the tests
REPOSITORY = SOURCES.parents[1]


def run(*command) -> str:
    """Standard output of a command; a failure shows both streams."""
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}: exit {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def build_c(source: Path, directory: Path, *options) -> Path:
    program = directory / source.stem
    run(
        "cc",
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-I",
        INCLUDE,
        source,
        "-o",
        program,
        *options,
        "-L",
        LIB,
        "-llandslide",
        f"-Wl,-rpath,{LIB}",
        "-lm",
    )
    return program


def build_fortran(source: Path, directory: Path) -> Path:
    program = directory / source.stem
    run(
        "gfortran",
        "-std=f2008",
        "-Wall",
        "-Wextra",
        "-Wno-compare-reals",
        "-Werror",
        "-fcheck=all",
        "-I",
        INCLUDE,
        source,
        "-o",
        program,
        "-L",
        LIB,
        "-llandslide_fortran",
        "-llandslide",
        f"-Wl,-rpath,{LIB}",
    )
    return program

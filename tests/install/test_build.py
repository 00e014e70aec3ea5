"""The build: it never looks for torch, and the extension says why it is not there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import elm_landslide

ROOT = Path(__file__).parents[2]
PACKAGE = Path(elm_landslide.__file__).parent


@pytest.fixture
def cuda_torch(tmp_path):
    """A torch with the files of a CUDA build: its TorchConfig.cmake ends a configuration where CUDA is not found."""
    package = tmp_path / "packages" / "torch"
    config = package / "share" / "cmake" / "Torch"
    config.mkdir(parents=True)
    (config / "TorchConfig.cmake").write_text('message(FATAL_ERROR "Your installed Caffe2 version uses CUDA")\n')
    (package / "__init__.py").write_text("from torch import utils\n")
    (package / "utils.py").write_text(f"cmake_prefix_path = {str(config.parent)!r}\n")
    return package.parent


def test_a_cuda_build_of_torch_does_not_end_the_configuration(cuda_torch, tmp_path):
    found = [
        "-DCMAKE_PREFIX_PATH=" + str(cuda_torch / "torch" / "share" / "cmake"),
        f"-DPython_EXECUTABLE={sys.executable}",
    ]
    done = subprocess.run(
        ["cmake", "-S", ROOT, "-B", tmp_path / "build", "-DLANDSLIDE_PYTHON=OFF", *found],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(cuda_torch)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = {
        line.partition(":")[0].lower() for line in (tmp_path / "build" / "CMakeCache.txt").read_text().splitlines()
    }
    assert not {"torch_dir", "caffe2_dir", "c10_library", "torch_library"} & names


def copy_of_the_package(folder: Path) -> Path:
    """The installed package without its extension."""
    package = folder / "elm_landslide"
    shutil.copytree(
        PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "_landslide_wrap*", "models", "data")
    )
    return package


def reason(folder: Path) -> str:
    code = "from elm_landslide.runtime.fortran import FortranModel; FortranModel(b'')"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    return done.stderr.strip().splitlines()[-1]


def test_an_extension_that_is_not_built(tmp_path):
    copy_of_the_package(tmp_path)
    said = reason(tmp_path)
    assert said.endswith("has no _landslide_wrap: pip install .")
    assert "the Fortran component is not built" in said


def test_an_extension_for_another_python(tmp_path):
    name = "_landslide_wrap.cpython-27-x86_64-linux-gnu.so"
    (copy_of_the_package(tmp_path) / name).write_bytes(b"")
    said = reason(tmp_path)
    assert f"is built for another Python ({name}), this is cpython 3.{sys.version_info.minor}" in said


def test_a_library_that_does_not_load_shows_its_reason(tmp_path):
    package = copy_of_the_package(tmp_path)
    (extension,) = PACKAGE.glob("_landslide_wrap*")
    shutil.copy(extension, package)
    (package / "lib" / "liblandslide_fortran.so").unlink()
    said = reason(tmp_path)
    assert "the Fortran component does not load: liblandslide_fortran.so: cannot open" in said
    assert "built" not in said

"""The bridge in hosts written in C: what it exports and links, its constants, and what it must leave as it was."""

import re
import sys
from pathlib import Path

import torch

from elm_landslide import fields
from elm_landslide.model.model_file import SHIPPED
from support import native, toy


def test_the_core_links_no_libtorch():
    needed = re.findall(r"NEEDED.*\[(.*)\]", native.run("readelf", "-d", native.LIB / "liblandslide.so"))
    assert any(name.startswith("libstdc++") for name in needed)
    assert not [name for name in needed if re.search("torch|c10|gomp|python", name)]
    engine = native.run("readelf", "-d", native.PLUGIN)
    needed = re.findall(r"NEEDED.*\[(.*)\]", engine)
    assert "libtorch_cpu.so" in needed
    assert not [name for name in needed if re.search("cuda|python", name)]
    assert f"[{Path(torch.__file__).parent / 'lib'}]" in engine  # where torch is; nothing has to set a path


def test_only_the_abi_is_exported():
    symbols = native.run("nm", "-D", "--defined-only", native.LIB / "liblandslide.so").split()[2::3]
    header = (native.INCLUDE / "landslide.h").read_text()
    assert sorted(symbols) == sorted(set(re.findall(r"\b(landslide_\w+)\(", header)))


def test_the_doors_do_not_import_torch():
    code = "import elm_landslide.runtime.c_abi, elm_landslide.runtime.fortran, sys; print('torch' in sys.modules)"
    assert native.run(sys.executable, "-c", code).strip() == "False"


LOADED = """
import sys
from elm_landslide.runtime.c_abi import CModel
from elm_landslide.fields import N_IN
with CModel(sys.argv[1], sys.argv[2]) as model:
    model.run([[0.5] * N_IN])
print("libtorch" in open("/proc/self/maps").read())
"""


def test_only_the_engine_that_needs_libtorch_loads_it(engine, toy_file):
    loaded = native.run(sys.executable, "-c", LOADED, toy_file, engine).strip()
    assert loaded == {"tile": "False", "torchscript": "True"}[engine]


def test_constants_in_c(tmp_path):
    wanted = {
        "LANDSLIDE_SCHEMA_VERSION": fields.SCHEMA_VERSION,
        "LANDSLIDE_ABI_VERSION": fields.ABI_VERSION,
        "LANDSLIDE_N_IN": fields.N_IN,
        "LANDSLIDE_N_OUT": fields.N_OUT,
        "LANDSLIDE_N_FIELDS": len(fields.FIELDS),
        "LANDSLIDE_N_LAYERS": fields.N_LAYERS,
        "LANDSLIDE_SPVAL": fields.SPVAL,
        "LANDSLIDE_MISSING": fields.MISSING,
        "LANDSLIDE_MODEL_BYTES": fields.MODEL_BYTES,
        "LANDSLIDE_LAYER_TOLERANCE": fields.LAYER_TOLERANCE,
        **{f"LANDSLIDE_FLAG_{name.upper()}": value for name, value in fields.FLAGS.items()},
        **{f"LANDSLIDE_IN_{name.upper()}": f.offset for name, f in fields.FIELDS.items()},
        **{f"LANDSLIDE_OUT_{name.upper()}": o.index for name, o in fields.OUTPUTS.items()},
    }
    header = (native.INCLUDE / "landslide_fields.h").read_text()
    defined = set(re.findall(r"#define (\w+) ", header)) - {"LANDSLIDE_FIELDS_H", "LANDSLIDE_SCHEMA_TABLE"}
    assert defined == set(wanted)
    (tmp_path / "names.h").write_text("#define NAMES " + " ".join(f"X({name})" for name in wanted) + "\n")
    printed = native.run(native.build_c(native.SOURCES / "constants.c", tmp_path, "-I", tmp_path))
    assert printed.endswith(fields.schema_table())
    numbers = printed[: -len(fields.schema_table())].splitlines()
    assert {name: float(value) for name, value in map(str.split, numbers)} == wanted


def test_the_floating_point_environment_is_held(engine, tmp_path, toy_file):
    program = native.build_c(native.SOURCES / "floating_point.c", tmp_path, "-frounding-math")
    assert native.run(program, toy_file, native.SETTINGS[engine], toy.TRIGGER).strip() == "held"


def test_threads_share_a_model(tmp_path):
    program = native.build_c(native.SOURCES / "threads.c", tmp_path, "-pthread")
    assert native.run(program, SHIPPED, "engine=tile").strip() == "same bits"


def test_the_openmp_setting_is_held(engine, tmp_path, toy_file):
    program = native.build_c(native.SOURCES / "openmp.c", tmp_path, "-fopenmp")
    assert native.run(program, toy_file, native.SETTINGS[engine]).splitlines() == [
        "after open 3",
        "after run 3",
        "threads of the process 1",
        "parallel: failed 0, changed 0",
        "after parallel 3",
    ]

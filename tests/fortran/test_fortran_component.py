"""The Fortran component in a Fortran host; its constants and its interface to the C ABI."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from elm_landslide import fields
from elm_landslide.fields import FIELDS, FLAGS, N_IN, N_OUT, OUTPUTS, SPVAL
from support import native, toy

HERE = Path(__file__).parent


@pytest.mark.parametrize("engine", native.SETTINGS)
def test_a_fortran_host(engine, tmp_path, toy_file):
    program = native.build_fortran(HERE / "component.f90", tmp_path)
    lines = native.run(program, toy_file, native.SETTINGS[engine], engine).splitlines()
    checks = [line for line in lines if not line.startswith("y ")]
    values = [line.split()[1:] for line in lines if line.startswith("y ")]
    assert len(checks) == 19
    assert not [line for line in checks if "failed" in line]
    i, j = np.meshgrid(np.arange(1, 7), np.arange(1, N_IN + 1), indexing="ij")
    wanted = toy.expected(0.01 * i + 0.001 * j)
    wanted[2] = SPVAL
    np.testing.assert_allclose(np.array(values, float), wanted, rtol=1e-12)


VERSIONS = """
program versions
  use, intrinsic :: iso_c_binding, only : c_int8_t
  use landslide
  implicit none
  type(landslide_model_type) :: model
  character(len=landslide_message_size) :: message
  integer :: status
  call landslide_load_file(model, '/no/such/file', '', message, status)
  print '(i0, 1x, a)', status, trim(message)
  call landslide_load_bytes(model, [0_c_int8_t], '', message, status)
  print '(i0, 1x, a)', status, trim(message)
end program versions
"""


def test_a_library_of_another_version(tmp_path):
    """Nothing else of it is called: what its functions take may be anything."""
    (tmp_path / "versions.f90").write_text(VERSIONS)
    program = native.build_fortran(tmp_path / "versions.f90", tmp_path)
    (tmp_path / "other.c").write_text("int landslide_abi_version(void) { return 99; }\n")
    native.run("cc", "-shared", "-fPIC", tmp_path / "other.c", "-o", tmp_path / "other.so")
    preload = f"LD_PRELOAD={os.environ.get('LD_PRELOAD', '')} {tmp_path / 'other.so'}"  # after that of a sanitizer
    said = native.run("env", preload, program).splitlines()
    assert said == [
        f"1 landslide_load_{what}: the library liblandslide has the interface of version 99, this component was "
        f"compiled for {fields.ABI_VERSION}; build both from the same sources"
        for what in ("file", "bytes")
    ]


def test_constants_in_fortran(tmp_path):
    wanted = {
        "landslide_schema_version": fields.SCHEMA_VERSION,
        "landslide_abi_version": fields.ABI_VERSION,
        "landslide_n_in": N_IN,
        "landslide_n_out": N_OUT,
        "landslide_n_fields": len(FIELDS),
        "landslide_n_layers": fields.N_LAYERS,
        "landslide_model_bytes": fields.MODEL_BYTES,
        "landslide_spval": SPVAL,
        "landslide_missing": fields.MISSING,
        **{f"landslide_interfaces({i + 1})": value for i, value in enumerate(fields.LAYER_INTERFACES)},
        **{f"landslide_flag_{name}": value for name, value in FLAGS.items()},
        **{f"in_{name}": f.offset + 1 for name, f in FIELDS.items()},
        **{f"out_{name}": o.index + 1 for name, o in OUTPUTS.items()},
    }
    source = tmp_path / "constants.f90"
    source.write_text(
        "program constants\nuse landslide_fields\nimplicit none\ninteger :: i\n"
        + "".join(f"print '(a, es24.16)', '{name} ', real({name}, kind(1d0))\n" for name in wanted)
        + "do i = 1, landslide_n_fields\nprint '(a)', landslide_field_names(i)\nend do\nend program constants\n"
    )
    lines = native.run(native.build_fortran(source, tmp_path)).splitlines()
    assert {name: float(value) for name, value in map(str.split, lines[: len(wanted)])} == wanted
    assert [line.strip() for line in lines[len(wanted) :]] == list(FIELDS)


def c_prototypes(tmp_path) -> str:
    """The C prototypes that gfortran reads out of the interface block."""
    source = native.REPOSITORY / "fortran" / "landslide_bridge.F90"
    return native.run("gfortran", "-fc-prototypes", "-fsyntax-only", "-J", tmp_path, source)


def compile_both(tmp_path, prototypes: str) -> None:
    """Compile one C file that declares every function twice: as Fortran sees it and as landslide.h does."""
    # gfortran prints every type(c_ptr) as void *, by value or not; whether `value` is there, test_a_fortran_host shows.
    header = (native.INCLUDE / "landslide.h").read_text()
    header = header.replace("typedef struct landslide_model landslide_model;", "")
    header = re.sub(r"(const )?landslide_model \*\*?|const void \*", "void *", header)
    header = header.replace("const char *landslide_describe", "void *landslide_describe")
    source = tmp_path / "both.c"
    source.write_text(header + prototypes)
    native.run("cc", "-std=gnu11", "-Wall", "-Werror", "-fsyntax-only", source)


def test_the_interface_block_is_landslide_h(tmp_path):
    prototypes = c_prototypes(tmp_path)
    in_fortran = set(re.findall(r"\b(landslide_\w+) \(", prototypes))
    in_header = set(re.findall(r"\b(landslide_\w+)\(", (native.INCLUDE / "landslide.h").read_text()))
    assert in_fortran == in_header
    assert len(in_header) == 7
    compile_both(tmp_path, prototypes)


@pytest.mark.parametrize(
    "drift", [("int ncol", "int *ncol"), ("double *y", "float *y"), ("long n_bytes", "int n_bytes")]
)
def test_an_interface_block_that_drifts_is_seen(tmp_path, drift):
    prototypes = c_prototypes(tmp_path)
    assert drift[0] in prototypes
    with pytest.raises(AssertionError, match="conflicting types"):
        compile_both(tmp_path, prototypes.replace(*drift))


def test_message_size_agrees():
    header = (native.INCLUDE / "landslide.h").read_text()
    size = re.search(r"LANDSLIDE_MESSAGE_SIZE (\d+)", header)[1]
    sources = [(native.REPOSITORY / "fortran" / name).read_text() for name in ("landslide.F90", "landslide_wrap.F90")]
    assert f"landslide_message_size = {size}" in sources[0]
    assert set(re.findall(r"character\(len=(\d+)\), intent\(out\)", sources[1])) == {size}
    from elm_landslide.runtime import model

    assert int(size) == model.MESSAGE_SIZE


def test_only_one_file_has_bind_c():
    files = sorted((native.REPOSITORY / "fortran").rglob("*.F90"))
    binding = [f.name for f in files if re.search(r"^[^!]*bind\s*\(", f.read_text(), flags=re.I | re.M)]
    assert binding == ["landslide_bridge.F90"]

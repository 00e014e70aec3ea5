"""tests/elm_stubs/compare.py: what it must find, and what it finds in genuine checkouts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.mini_case import STUBS

CHECKOUTS = [Path(path) for path in os.environ.get("ELM_LANDSLIDE_E3SM", "").split(os.pathsep) if path]


def compare(root):
    done = subprocess.run([sys.executable, STUBS / "compare.py", root], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("components", "share"):
        shutil.copytree(STUBS / folder, root / folder)
    return root


def test_the_same_has_no_differences(checkout):
    assert compare(checkout) == (0, "no differences\n")


# file, what stands there, what a checkout might have, what must be said
CHANGES = {
    "name of a member": ("SoilHydrologyType", "zwt_col ", "zwt ", "soilhydrology_type%zwt_col is not there"),
    "kind": ("TopounitDataType", "real(r8), pointer :: rain", "real, pointer :: rain", "rain is real rank 1"),
    "type": ("ColumnType", "integer , pointer :: nlevbed ", "real(r8), pointer :: nlevbed ", "nlevbed is real(r8)"),
    "rank": (
        "ColumnDataType",
        "h2osoi_ice (:,:) =>",
        "h2osoi_ice (:) =>",
        "rank 1 pointer, the stand-in's real(r8)",
    ),
    "bounds": ("ColumnDataType", "h2osoi_liq (begc:endc,-nlevsno+1:", "h2osoi_liq (begc:endc,0:", "endc,0:nlevgrnd"),
    "attribute": ("VegetationType", "logical , pointer ::", "logical , allocatable ::", "rank 1 allocatable"),
    "a constant": ("elm_varcon", "zisoi(:)", "zisoi(:,:)", "zisoi is real(r8) rank 2"),
    "name of a variable": ("elm_varctl", "logical, public :: use_cn =", "logical, public :: usecn =", "use_cn is not"),
    "an argument": ("histFileMod", "ptr_col", "ptr_column", "argument ptr_col is not there"),
    "an argument more": ("elm_time_manager", "get_nstep()", "get_nstep(n)\n    integer :: n", "argument n is wanted"),
    "intent": (
        "ncdio_pio",
        "character(len=*)   , intent(in)    :: fname",
        "character(len=*)   , intent(inout)    :: fname",
        "argument fname is",
    ),  # fmt: skip
    "order": ("fileutils", "getfil(fulpath, locfn, iflag)", "getfil(locfn, fulpath, iflag)", "another order"),
    "a procedure": ("shr_mpi_mod", "shr_mpi_sumr1", "shr_mpi_sum_r1", "no procedure shr_mpi_sumr1"),
    "a module": ("topounit_varcon", "module topounit_varcon", "module topo_varcon", "no such module"),
}


@pytest.mark.parametrize(("name", "old", "new", "wanted"), CHANGES.values(), ids=CHANGES)
def test_a_difference_is_named(checkout, name, old, new, wanted):
    (path,) = checkout.rglob(f"{name}.F90")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        status, said = compare(checkout)
        assert status == 1, said
        assert wanted in said, said
    finally:
        path.write_text(text)


def test_what_is_no_checkout_is_refused(tmp_path):
    assert compare(tmp_path)[0] == 1
    assert "usage" in compare(tmp_path)[1]


@pytest.mark.skipif(not CHECKOUTS, reason="ELM_LANDSLIDE_E3SM names no checkout of E3SM")
@pytest.mark.parametrize("root", CHECKOUTS, ids=lambda path: path.name)
def test_genuine_checkouts(root):
    """Older versions bound sucsat by their own columns, which are the same where there are no ghosts; version 2 has
    another name of the time manager, which `enable` passes on."""
    known = ("soilstatetype: sucsat_col has bounds begc:endc,nlevgrnd", "elm_time_manager: no such module")
    status, said = compare(root)
    assert status == 0 or [line for line in said.splitlines() if not line.startswith(known)] == []

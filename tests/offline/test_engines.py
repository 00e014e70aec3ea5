"""The engines and instruction sets over real input: how far the engines agree, and that bits do not depend on how."""

import json
import re
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from elm_landslide.fields import FLAGS, N_OUT
from support.offline_runs import launch

CPU = set(re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)[1].split())
NEEDS = {"baseline": set(), "avx2": {"avx2", "fma"}, "avx512": {"avx512f"}}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs the sample on n ranks, once for each way; gives the output's variables and attributes."""
    folder = tmp_path_factory.mktemp("engines")
    done = {}

    def once(site, n_ranks, *options, threads=1):
        key = (site, n_ranks, *options, threads)
        if key not in done:
            out, environment = folder / f"{len(done)}.nc", {"OMP_NUM_THREADS": f"{threads}"}
            result = launch(n_ranks, "run", "--sample", site, "--out", out, "--json", *options, environment=environment)
            assert result.returncode == 0, result.stderr
            with netCDF4.Dataset(str(out)) as file:
                file.set_auto_mask(False)
                values = {name: file[name][:] for name in file.variables if name.startswith("LANDSLIDE_")}
                attributes = {name: file.getncattr(name) for name in file.ncattrs()}
            summary = json.loads(result.stdout)
            assert {name: attributes[name] for name in ("engine", "instruction_set")} == {
                name: summary[name] for name in ("engine", "instruction_set")
            }
            done[key] = values, attributes
        return done[key]

    return once


def same_bits(got, wanted):
    assert got.keys() == wanted.keys()
    assert len(wanted) == N_OUT + 3  # outside, chance and flag
    for name in wanted:
        assert got[name].shape == wanted[name].shape, name
        assert got[name].tobytes() == wanted[name].tobytes(), name


@pytest.mark.parametrize("site", ["susquehanna", "steep"])
def test_engines_agree(run, site):
    """Probability to 1e-5, factor of safety to 1e-5 of itself, over every column and record; flags exactly."""
    tile, tile_attributes = run(site, 0)
    torchscript, attributes = run(site, 0, "--engine", "torchscript")
    assert (tile_attributes["engine"], attributes["engine"]) == ("tile", "torchscript")
    assert tile_attributes["instruction_set"] in NEEDS
    assert attributes["instruction_set"] == "chosen by libtorch"
    np.testing.assert_array_equal(tile["LANDSLIDE_FLAG"], torchscript["LANDSLIDE_FLAG"])
    assert (tile["LANDSLIDE_FLAG"] < FLAGS["outside"]).any()
    np.testing.assert_array_equal(tile["LANDSLIDE_OUTSIDE"], torchscript["LANDSLIDE_OUTSIDE"])
    for name in ("LANDSLIDE_PROB", "LANDSLIDE_SPREAD"):
        np.testing.assert_allclose(tile[name], torchscript[name], rtol=0, atol=1e-5, err_msg=name)
    for name in ("LANDSLIDE_FOS", "LANDSLIDE_FOS_MEDIAN", "LANDSLIDE_DEPTH"):
        np.testing.assert_allclose(tile[name], torchscript[name], rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("n_ranks", [*(pytest.param(n, marks=pytest.mark.long) for n in (1, 2)), 3])
def test_ranks_give_the_same_bits(run, n_ranks):
    """32 columns: 16 a rank are whole tiles, 10 and 11 are not."""
    same_bits(run("susquehanna", n_ranks)[0], run("susquehanna", 0)[0])


def test_openmp_threads_change_nothing(run):
    same_bits(run("susquehanna", 2, threads=3)[0], run("susquehanna", 0)[0])


@pytest.mark.long  # of the engine itself: tests/tile/test_tile_bits.py
@pytest.mark.parametrize("name", NEEDS)
def test_instruction_sets_give_the_same_bits(run, name):
    if not NEEDS[name] <= CPU:
        pytest.skip(f"this processor lacks {', '.join(sorted(NEEDS[name] - CPU))}")
    values, attributes = run("susquehanna", 3, "--instruction-set", name)
    assert attributes["instruction_set"] == name
    same_bits(values, run("susquehanna", 0)[0])

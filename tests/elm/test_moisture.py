"""Offsets of soil moisture by month, in ELM: what the network gets, the same bits as offline, and bad files."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.inputs import Inputs
from elm_landslide.runtime import replay
from support.stub_elm import World
from support.stub_history import DTIME, history_files
from support.stub_monthly import write_monthly

OFFSET = FIELDS["soil_moisture_offset"].offset
BY_MONTH = np.random.default_rng(5).uniform(-0.05, 0.05, (12, 4))  # [month, cell]
BY_MONTH[0, 1] = BY_MONTH[[0, 1, 11], 2] = SPVAL


def offset_file(case, values, **changes):
    write_monthly(case, "soil_moisture_offset", values, "landslide_moisture_offset", **changes)


def inputs(case):
    return np.stack([r.x for r in replay.read(case.folder / "landslide_record.0.1.bin")])


def test_the_same_bits_as_offline(elm, tmp_path):
    """Sixty days from New Year, columns that share a cell, cells without an offset: every input field of every step."""
    world = World(60 * 86400 // DTIME, soil=(1, 2, 1, 1))
    world.values["wtcol"][:] = world.values["wtcol"][:1]
    dead = world.values["wtcol"][0, 0] == 0
    world.values["tlai"] = np.where(dead, SPVAL, world.values["tlai"].clip(None, 1e5))
    case = elm(world)
    offset_file(case, BY_MONTH)
    case.run("out", dtime=DTIME)
    history, surface = history_files(world, tmp_path, use_cn=False)
    path = tmp_path / "offsets.nc"
    with netCDF4.Dataset(str(path), "w") as out:
        out.createDimension("month", 12)
        out.createDimension("gridcell", 4)
        for name in ("lat", "lon"):
            variable = {"lat": "LATIXY", "lon": "LONGXY"}[name]
            out.createVariable(variable, "f8", ("gridcell",))[:] = world.values[name]
        variable = out.createVariable("soil_moisture_offset", "f8", ("month", "gridcell"), fill_value=SPVAL)
        variable.units = "m3/m3"
        variable[:] = BY_MONTH
    columns = Columns(Inputs([history], surface, moisture_offset=path))
    try:
        ours = inputs(case)[..., OFFSET]
        theirs = np.array([columns.x(record)[:, OFFSET] for record in columns.records])
    finally:
        columns.close()
    np.testing.assert_array_equal(np.ascontiguousarray(ours).view("i8"), theirs.view("i8"))
    cell = world.cell[world.is_soil]
    assert (ours[: 8 * 45, cell == 2] == SPVAL).all()  # until the middle of February
    assert (ours[:, cell == 0] < SPVAL).all()
    assert np.unique(ours[:, cell == 0][:, 0]).size == 61  # one value a day


def test_the_offset_acts_and_needs_no_restart_file(elm):
    """Parts give the bits of the whole; the restart file has nothing of it; other outputs than without the file."""
    world = World(240, soil=(1, 1, 1, 1))
    case = elm(world, kind="Release")
    case.settings(use_landslide=".true.")
    case.run("plain", dtime=10800, restart_to_write="rest_plain")
    offset_file(case, BY_MONTH)
    log = case.run("whole", dtime=10800, restart_to_write="rest")
    summary = next(line for line in log.splitlines() if "ELM-Landslide: model" in line)
    assert "soil_moisture_offset" not in summary
    case.run("one", dtime=10800, last_step=100, restart_to_write="half", ranks=2)
    case.run("two", dtime=10800, first_step=100, restart_to_read="half", ranks=2, threads=2)
    case.same_history("two", "whole", slice(101, None))
    files = [sorted(p.name for p in (case.folder / folder).iterdir()) for folder in ("rest_plain", "rest")]
    assert files[0] == files[1]
    plain, whole = (case.history(out, "LANDSLIDE_FOS")[:, world.is_soil] for out in ("plain", "whole"))
    assert (plain[:, 0] != whole[:, 0]).all()
    early = slice(0, 8 * 14)  # of the third cell, which has none until February
    np.testing.assert_array_equal(plain[early, 2], whole[early, 2])


def test_zeros_and_missing_are_no_change(elm):
    case = elm(World(40, soil=(1, 1, 1, 1)))
    case.settings(use_landslide=".true.")
    case.run("without")
    offset_file(case, np.array([[0.0, SPVAL, np.nan, -0.0]] * 12))
    case.run("with")
    case.same_history("with", "without")


BAD = {
    "cells": ({"dim_gridcell": [5]}, "has 5 cells, the land grid 4: it is on another grid"),
    "places": ({"LATIXY": [41, 40, 42, 43]}, "2 cells lie elsewhere than those of the land grid"),
    "no places": ({"LONGXY": None}, "lacks LATIXY or LONGXY"),
    "no months": ({"dim_month": None}, "has no dimension month: wanted soil_moisture_offset on (month, gridcell)"),
    "months": ({"dim_month": [11]}, "has 11 months, wanted 12"),
    "no offset": ({"soil_moisture_offset": None}, "lacks soil_moisture_offset: give the file that elm-landslide"),
    "too large": ({"soil_moisture_offset": np.where(np.arange(48) == 6, 0.75, 0.0)}, "is 0.750000 in month 2, wanted"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_stops_the_run(elm, changes, message):
    case = elm(World(2, soil=(1, 1, 1, 1)), kind="Debug")
    offset_file(case, BY_MONTH, **changes)
    log = case.run("out", ranks=2, ok=False)
    lines = [line for line in log.splitlines() if line.startswith(" ERROR: ELM-Landslide")]
    assert len(set(lines)) == 1, log
    assert "landslide_moisture_offset: " in lines[0]
    assert message in lines[0]
    assert not list((case.folder / "out").iterdir())


def test_no_file_stops_the_run(elm):
    case = elm(World(2, soil=(1, 1)), kind="Debug")
    case.settings(use_landslide=".true.", landslide_moisture_offset="'none.nc'")
    assert "landslide_moisture_offset: no file none.nc; give its full path" in case.run("out", ok=False)

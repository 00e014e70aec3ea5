"""Factors of rain by month, in ELM: what the network gets, the same bits as offline, and bad files."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.fields import FIELDS, RAIN_WINDOWS, SPVAL
from elm_landslide.offline.rain_factor import RainFactor
from elm_landslide.runtime import replay
from support.stub_elm import World
from support.stub_monthly import write_monthly

BY_MONTH = np.random.default_rng(6).uniform(0.5, 4.0, (12, 4))  # [month, cell]
BY_MONTH[0, 1] = BY_MONTH[[0, 1, 11], 2] = SPVAL


def factor_file(case, values, name="rain_factor", **changes):
    write_monthly(case, name, values, "landslide_rain_factor", **changes)


def records(case):
    return list(replay.read(case.folder / "landslide_record.0.1.bin"))


@pytest.mark.parametrize("name", ["rain_factor", "rain_fraction"])
def test_the_same_bits_as_offline(elm, tmp_path, name):
    """Every input field of every step, against the rule of `run --rain-factor` on the inputs without the file: the rain
    of all windows, or the water that reaches the soil where there is no rain yet; nothing else."""
    world = World(40 * 8, soil=(1, 2, 1, 1))
    case = elm(world)
    case.settings(use_landslide=".true.", landslide_record=".true.")
    case.run("plain", dtime=10800)
    before = records(case)
    values = BY_MONTH if name == "rain_factor" else np.where(BY_MONTH < SPVAL, 1.0 / BY_MONTH.clip(1.0), SPVAL)
    factor_file(case, values, name)
    case.run("out", dtime=10800)
    after = records(case)
    path = tmp_path / "factors.nc"
    with netCDF4.Dataset(str(path), "w") as out:
        out.createDimension("month", 12)
        out.createDimension("gridcell", 4)
        for place, first in (("LATIXY", 40.0), ("LONGXY", 280.0)):
            out.createVariable(place, "f8", ("gridcell",))[:] = first + np.arange(4)
        variable = out.createVariable(name, "f8", ("month", "gridcell"), fill_value=SPVAL)
        variable.units = "1"
        variable[:] = values
    rule = offline_rule(path, world)
    changed = set()
    for step, (one, other) in enumerate(zip(before, after, strict=True)):
        wanted = one.x.copy(order="F")
        rule.put(step_time(step), wanted)
        np.testing.assert_array_equal(
            np.ascontiguousarray(other.x).view("i8"), np.ascontiguousarray(wanted).view("i8"), err_msg=str(step)
        )
        changed |= {n for n, f in FIELDS.items() if (other.x[:, f.columns] != one.x[:, f.columns]).any()}
    assert changed == {*RAIN_WINDOWS, "water_input"}


def step_time(step):
    """Days since New Year of a step; the first record is of step 0, at midnight."""
    return step / 8.0


def offline_rule(path, world):
    from elm_landslide.offline.places import Layout
    from elm_landslide.offline.times import TimeAxis

    lat, lon = 40.0 + np.arange(4), 280.0 + np.arange(4)
    layout = Layout(("gridcell",), (4,), lat, lon, np.ones(4, dtype=bool))
    axis = TimeAxis.named("days since 2001-01-01", "noleap")
    return RainFactor(path, layout, world.cell[world.is_soil], axis)


def test_more_rain_never_fails_less(elm):
    """The sign, and no change by factors of 1 and missing ones."""
    case = elm(World(8 * 20, soil=(1, 1, 1, 1)))
    case.settings(use_landslide=".true.")
    case.run("plain", dtime=10800)
    factor_file(case, np.full((12, 4), 3.0))
    case.run("more", dtime=10800)
    factor_file(case, np.array([[1.0, SPVAL, np.nan, 1.0]] * 12))
    case.run("same", dtime=10800)
    case.same_history("same", "plain")
    soil = World(1, soil=(1, 1, 1, 1)).is_soil
    plain, more = (case.history(out, "LANDSLIDE_PROB")[:, soil] for out in ("plain", "more"))
    valid = plain < SPVAL
    assert (more[valid] >= plain[valid]).all()
    assert (more[valid] > plain[valid]).any()


BAD = {
    "cells": ({"dim_gridcell": [5]}, "has 5 cells, the land grid 4: it is on another grid"),
    "months": ({"dim_month": [11]}, "has 11 months, wanted 12: give one of rain_factor and rain_fraction"),
    "none": ({"rain_factor": None}, "lacks rain_factor: give one of rain_factor and rain_fraction"),
    "both": ({"rain_fraction": np.full(48, 0.5)}, "has rain_factor and rain_fraction: give one of"),
    "large": ({"rain_factor": np.where(np.arange(48) == 6, 25.0, 1.0)}, "rain_factor is 25.0000 in month 2, wanted"),
    "negative": ({"rain_factor": np.full(48, -1.0)}, "rain_factor is -1.00000 in month 1, wanted"),
    "small": ({"rain_factor": None, "rain_fraction": np.full(48, 0.01)}, "rain_fraction is 0.100000E-1 in month 1"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_stops_the_run(elm, changes, message):
    case = elm(World(2, soil=(1, 1, 1, 1)), kind="Debug")
    factor_file(case, BY_MONTH, **changes)
    log = case.run("out", ranks=2, ok=False)
    lines = [line for line in log.splitlines() if line.startswith(" ERROR: ELM-Landslide")]
    assert len(set(lines)) == 1, log
    assert "landslide_rain_factor: " in lines[0]
    assert message in lines[0]
    assert not list((case.folder / "out").iterdir())

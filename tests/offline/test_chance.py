"""The chance of a landslide in a cell and day: its formula, the area of the cell, the base rate."""

import json

import netCDF4
import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.errors import UserError
from elm_landslide.fields import BASE_RATE, CHANCE, FIELDS, SPVAL, STEEP
from elm_landslide.offline import chance, driver
from elm_landslide.offline.outside import COMBINATION, Outside
from support import elm_files

pytestmark = pytest.mark.usefixtures("stand_in")


def test_steep_share_by_hand():
    """Gradients rise evenly from 0 to 0.352: half is steeper than 0.176. All, none, and a step between two tenths."""
    step = np.array([0.1] * 5 + [0.2] * 6)
    slope = np.stack([np.linspace(0.0, 2 * STEEP, 11), np.full(11, 0.5), np.full(11, 0.1), step])
    np.testing.assert_allclose(chance.steep_share(slope), [0.5, 1.0, 0.0, 0.5 + 0.1 * (0.2 - STEEP) / 0.1], rtol=1e-12)


def test_chance_by_hand():
    """2 landslides a year on each of 100 km2, of which half is steep: 100 a year, at twice the hazard 200."""
    number = chance.ordinary_number(np.array([100.0, np.nan]), np.tile(np.linspace(0.0, 2 * STEEP, 11), (2, 1)), 2.0)
    assert number[0] == pytest.approx(100.0 / 365.0)
    found = chance.chance(np.append(number, number[0]), np.array([2.0, 2.0, SPVAL]))
    assert found[0] == pytest.approx(1.0 - np.exp(-200.0 / 365.0))
    assert (found[1:] == SPVAL).all()
    rare = chance.chance(np.array([1e-20]), np.array([1.0]))
    assert rare[0] == pytest.approx(1e-20, abs=0.0)


@pytest.mark.parametrize("rate", [-1.0, 101.0, np.nan, np.inf])
def test_a_rate_that_cannot_be(case, model, tmp_path, rate):
    with pytest.raises(UserError, match="--base-rate: .*between 0 and 100"):
        driver.run(case.inputs(), tmp_path / "out.nc", model, base_rate=rate)
    assert not (tmp_path / "out.nc").exists()


def add_area(path, units="km^2", landfrac=None):
    with netCDF4.Dataset(str(path), "a") as file:
        area = file.createVariable("area", "f4", ("lndgrid",))
        area.units = units
        area[:] = 1000.0 * np.arange(1, 7)
        if landfrac is not None:
            file.createVariable("landfrac", "f4", ("lndgrid",))[:] = landfrac


def written(path):
    with netCDF4.Dataset(str(path)) as out:
        out.set_auto_mask(False)
        return out[CHANCE.history][0], out["LANDSLIDE_HAZARD"][0], out[CHANCE.history].base_rate, out.notes


def wanted(hazard, land, rate):
    slope = np.linspace(0.01, 0.5, 11)[:, None] * (1 + 0.1 * np.arange(6))
    return chance.chance(chance.ordinary_number(land, slope.T, rate), hazard)


def test_area_of_the_history(case, model, tmp_path):
    add_area(case.h1, landfrac=[1, 1, 0.5, 1, 1, 0.25])
    driver.run(case.inputs(), tmp_path / "out.nc", model)
    found, hazard, rate, notes = written(tmp_path / "out.nc")
    land = 1000.0 * np.arange(1, 7) * [1, 1, 0.5, 1, 1, 0.25]
    np.testing.assert_allclose(found, wanted(hazard, land, BASE_RATE), rtol=1e-6)
    assert rate == BASE_RATE
    assert found[3] == SPVAL  # its hazard is missing
    assert "area of the cell" not in notes


def test_area_of_the_surface_dataset(tmp_path, model):
    """Columns of a cell have its chance each; the base rate is that of the user."""
    case = elm_files.Case(tmp_path, "column")
    elm_files.write_surface(case.surface, change={"AREA": 500.0 * np.arange(1, 7), "LANDFRAC_PFT": np.full(6, 0.5)})
    with netCDF4.Dataset(str(case.surface), "a") as file:
        file["AREA"].units = "km^2"
    driver.run(case.inputs(), tmp_path / "out.nc", model, base_rate=1e-9)
    found, hazard, rate, _ = written(tmp_path / "out.nc")
    np.testing.assert_allclose(found[::2], wanted(hazard[::2], 250.0 * np.arange(1, 7), 1e-9), rtol=1e-6)
    assert 0.0 < found[0] < 1.0
    assert rate == 1e-9


def test_the_option_and_the_range_that_is_printed(tmp_path, case):
    """The rate of the command line is that of the file, whose largest chance is in the summary."""
    add_area(case.h1)
    files = ("--history", case.h1, "--constants", case.h0, "--surface", case.surface)
    words = ["run", *map(str, files), "--base-rate", "0.002", "--out", str(tmp_path / "out.nc"), "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    _, _, rate, _ = written(tmp_path / "out.nc")
    assert rate == 0.002
    summary = json.loads(result.stdout)
    with netCDF4.Dataset(str(tmp_path / "out.nc")) as out:
        found = out[CHANCE.history][:]
    assert summary["ranges"][CHANCE.history] == [found.min(), found.max()]
    assert summary["base_rate"] == 0.002


@pytest.mark.parametrize("units", [None, "m^2", "steradian"])
def test_no_area_no_chance(case, model, tmp_path, units):
    if units:
        add_area(case.h1, units)
    driver.run(case.inputs(), tmp_path / "out.nc", model)
    found, _, _, notes = written(tmp_path / "out.nc")
    assert (found == SPVAL).all()
    assert "LANDSLIDE_CHANCE is missing where no file gives the area of the cell" in notes


def test_outside_is_counted_by_input():
    """Beyond the envelope or the physical range, slopes that decrease, and what no single input explains."""
    valid = np.array([f.valid for f in FIELDS.values() for _ in range(f.layers)])
    x = np.tile(valid.mean(1), (6, 1))
    x[:, FIELDS["slope"].columns] = np.linspace(0.1, 0.5, 11)
    low, high = valid[:, 0] - 5.0, valid[:, 1] + 5.0
    high[FIELDS["rain_7d"].offset] = 5000.0
    x[0, FIELDS["rain_7d"].offset] = x[4, FIELDS["rain_7d"].offset] = 6000.0
    x[0, FIELDS["sand"].offset + 3] = 101.0  # within an envelope that is wider than the percentages
    x[1, FIELDS["slope"].columns] = np.linspace(0.5, 0.1, 11)
    x[2, FIELDS["rain_1d"].offset] = SPVAL  # missing, not large
    outside = Outside({"low": low, "high": high})
    outside.add(x, np.array([2, 2, 2, 0, 1, 0]))
    outside.add(x[:1], np.array([2]))
    assert outside.counts == {"rain_7d": 2, "sand": 2, "slope": 1, COMBINATION: 1}

"""Intensity of rain below the grid in an offline run: what the columns get, its sign, and files that are refused."""

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import SPVAL, unpack
from elm_landslide.offline import driver
from support import elm_files
from support.factor_files import write_factors
from support.offline_runs import launch, refusal
from support.scenario_files import read

N = elm_files.N
BY_MONTH = 1.0 + 0.1 * np.arange(12)[:, None] + 0.01 * np.arange(N)  # [month, cell]
RAIN = ("rain_1d", "rain_3d", "rain_7d")
DAY = np.floor(10.25 + 0.25 * np.arange(8))  # of the records, from 2000-01-01


def x_of(case, **inputs):
    return unpack(elm_files.x_of(case, **inputs))


@pytest.mark.parametrize("gridded", [False, True])
def test_rain_is_multiplied_and_nothing_else(tmp_path, case, gridded):
    """Between the middles of December and January in proportion to time; each cell has its own."""
    plain = x_of(case)
    found = x_of(case, rain_factor=write_factors(tmp_path / "factor.nc", BY_MONTH, gridded=gridded))
    share = ((DAY + 0.5) / 31 + 0.5)[:, None]  # of the way from December to January
    factor = (1 - share) * BY_MONTH[11] + share * BY_MONTH[0]
    for name, values in plain.items():
        if name in RAIN:
            np.testing.assert_allclose(found[name], values * factor, rtol=1e-12)
        else:
            assert found[name].tobytes() == values.tobytes(), name


def test_a_share_under_rain_is_the_factor_turned_over(tmp_path, case):
    found = x_of(case, rain_factor=write_factors(tmp_path / "share.nc", 0.4, "rain_fraction"))
    np.testing.assert_allclose(found["rain_3d"], 2.5 * x_of(case)["rain_3d"], rtol=1e-12)


def test_without_antecedent_rain_the_input_takes_its_place(tmp_path, case):
    """The history holds RAIN as instants only: no window is known."""
    case.h0 = elm_files.write_history(
        tmp_path / "dry.elm.h0.nc", "unstructured", elm_files.constants(), *elm_files.hourly(1), mean=True
    )
    plain = x_of(case)
    found = x_of(case, rain_factor=write_factors(tmp_path / "factor.nc", 2.0))
    assert (plain["rain_1d"] == SPVAL).all()
    assert (found["rain_1d"] == SPVAL).all()
    np.testing.assert_allclose(found["water_input"], 2.0 * plain["water_input"], rtol=1e-12)


@pytest.mark.parametrize(("value", "name"), [(1.0, "rain_factor"), (1.0, "rain_fraction"), (SPVAL, "rain_factor")])
def test_a_neutral_file_gives_every_bit_of_the_run_without(tmp_path, case, value, name):
    driver.run(case.inputs(), tmp_path / "plain.nc")
    driver.run(case.inputs(rain_factor=write_factors(tmp_path / "one.nc", value, name)), tmp_path / "out.nc")
    plain, out = read(tmp_path / "plain.nc"), read(tmp_path / "out.nc")
    assert plain.keys() == out.keys()
    for name, values in plain.items():
        assert values.tobytes() == out[name].tobytes(), name


def test_a_missing_month_fades_to_one(tmp_path, case):
    factors = BY_MONTH.copy()
    factors[0, 0] = SPVAL
    found = x_of(case, rain_factor=write_factors(tmp_path / "factor.nc", factors))
    share = (DAY + 0.5) / 31 + 0.5
    expected = (1 - share) * factors[11, 0] + share
    np.testing.assert_allclose(found["rain_1d"][:, 0], x_of(case)["rain_1d"][:, 0] * expected, rtol=1e-12)


def test_harder_rain_is_never_safer(tmp_path, case):
    found = []
    for factor in (0.5, 1.0, 2.0, 4.0):
        path = write_factors(tmp_path / f"{factor}.nc", factor)
        summary = driver.run(case.inputs(rain_factor=path), tmp_path / f"out{factor}.nc")
        found.append(read(tmp_path / f"out{factor}.nc")["LANDSLIDE_PROB"])
    assert (np.diff(found, axis=0) >= 0.0).all()
    assert (found[-1] > found[0]).all()
    assert any(
        line.startswith("rain_1d, rain_3d, rain_7d: times rain_factor by month of 4.0.nc") for line in summary.derived
    )


BAD = {
    "another grid": ({"shift": 0.4}, 1.0, "it is on another grid"),
    "units": ({"units": "mm/s"}, 1.0, "rain_factor has units 'mm/s', wanted '1'"),
    "neither": ({"name": "factor"}, 1.0, "no variable rain_factor: not a file of the intensity of rain"),
    "both": ({"name": "rain_factor rain_fraction"}, 1.0, "has rain_factor and rain_fraction: give one of them"),
    "months": ({}, np.ones((13, N)), "has 13 values along month, wanted 12, one a month"),
    "negative": ({}, -0.1, "rain_factor is -0.1 at lat 40.25, lon 282.75, wanted 0 to 20"),
    "no rain at all": ({"name": "rain_fraction"}, 0.0, "rain_fraction is 0 at lat 40.25, lon 282.75, wanted 0.05 to 1"),
    "percent": ({"name": "rain_fraction"}, 40.0, "rain_fraction is 40 at lat"),
}


@pytest.mark.parametrize(("options", "values", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused(tmp_path, case, options, values, message):
    path = write_factors(tmp_path / "factor.nc", values, **options)
    with pytest.raises(UserError) as refused:
        driver.run(case.inputs(rain_factor=path), tmp_path / "out.nc")
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert not (tmp_path / "out.nc").exists()


def test_the_command(tmp_path, case):
    """Two ranks give the bits of one; a value for all and a file are refused in one line."""
    path = write_factors(tmp_path / "factor.nc", BY_MONTH)
    found = []
    for ranks in (0, 2):
        done = launch(ranks, *case.run(tmp_path / f"{ranks}.nc"), "--rain-factor", path)
        assert done.returncode == 0, done.stderr
        found.append(read(tmp_path / f"{ranks}.nc"))
    for name, values in found[0].items():
        assert values.tobytes() == found[1][name].tobytes(), name
    said = refusal(*case.run(tmp_path / "no.nc"), "--rain-factor", path, "--set", "rain_3d=5")
    assert "--set rain_3d: --rain-factor changes it: leave one of them out" in said

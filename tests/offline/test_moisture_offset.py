"""Offsets of soil moisture by month in an offline run: what the columns get, and files that are refused."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, MONTH_DAYS, SPVAL
from elm_landslide.offline import driver, monthly
from elm_landslide.offline.columns import Columns
from support import elm_files
from support.moisture_files import write_offsets
from support.offline_runs import launch, refusal

N = elm_files.N
OFFSET = FIELDS["soil_moisture_offset"].offset
BY_MONTH = 0.01 * np.arange(1, 13)[:, None] + 0.001 * np.arange(N)  # [month, cell]


def of_x(case, **inputs):
    return elm_files.x_of(case, **inputs)[..., OFFSET]


def read(path):
    with netCDF4.Dataset(str(path)) as file:
        file.set_auto_mask(False)
        return {n: file[n][:] for n in file.variables if "time" in file[n].dimensions}, file.derived


@pytest.mark.parametrize("kind", ["gridded", "unstructured", "column"])
@pytest.mark.parametrize("gridded", [False, True])
def test_between_the_middles_of_the_months_it_is_linear(tmp_path, kind, gridded):
    """2000-01-11 to 12, between the middles of December and January; each cell has its own."""
    case = elm_files.Case(tmp_path, kind)
    path = write_offsets(tmp_path / "offsets.nc", BY_MONTH, gridded)
    found = of_x(case, moisture_offset=path)
    day = np.floor(10.25 + 0.25 * np.arange(8)) + 1  # from 1
    share = ((day - 0.5) / 31 + 0.5)[:, None]  # of the way from December to January
    np.testing.assert_allclose(found, (1 - share) * BY_MONTH[11] + share * BY_MONTH[0], rtol=1e-12)


def test_the_year_has_no_jump_and_meets_the_months_in_their_middles():
    """Over 365 days each step is a share of the difference of two months; on the middle day it is the month's own."""
    values = np.array([np.sin(2 * np.pi * m / 12) for m in range(12)])
    series = []
    for month, days in enumerate(MONTH_DAYS, 1):
        for day in range(1, days + 1):
            first, second, weight = monthly.between(month, day)
            assert 0.0 <= weight <= 1.0
            series.append(weight * values[first] + (1.0 - weight) * values[second])
        if days % 2:  # the middle of the month is the middle of a day
            middle = len(series) - days + days // 2
            assert series[middle] == pytest.approx(values[month - 1], abs=1e-15)
    assert len(series) == 365
    assert np.abs(np.diff([*series, series[0]])).max() <= np.abs(np.diff([*values, values[0]])).max() / 28 * 1.01
    assert monthly.between(2, 29) == (1, 2, pytest.approx(1.5 - 28.5 / 28))


def test_a_missing_month_fades_and_two_give_none(tmp_path, case):
    """January missing: December's offset fades to 0 in the middle of January. Both missing: no offset, no flag."""
    offsets = BY_MONTH.copy()
    offsets[0, 0] = offsets[[0, 11], 1] = SPVAL
    path = write_offsets(tmp_path / "offsets.nc", offsets)
    found = of_x(case, moisture_offset=path)
    share = (np.floor(10.25 + 0.25 * np.arange(8)) + 0.5) / 31 + 0.5
    np.testing.assert_allclose(found[:, 0], (1 - share) * offsets[11, 0], rtol=1e-12)
    assert (found[:, 1] == SPVAL).all()
    driver.run(case.inputs(), tmp_path / "plain.nc")
    summary = driver.run(case.inputs(moisture_offset=path), tmp_path / "out.nc")
    (plain, _), (out, derived) = read(tmp_path / "plain.nc"), read(tmp_path / "out.nc")
    assert out["LANDSLIDE_PROB"][:, 1].tobytes() == plain["LANDSLIDE_PROB"][:, 1].tobytes()
    assert (out["LANDSLIDE_FLAG"] == plain["LANDSLIDE_FLAG"]).all()
    assert (out["LANDSLIDE_FOS"][:, 2] != plain["LANDSLIDE_FOS"][:, 2]).all()
    assert "soil_moisture_offset: derived as the offsets by month of offsets.nc" in derived
    assert "missing in 8 of 8 records, 8 of 48 column steps" in derived
    assert "soil_moisture_offset" not in summary.absent


def test_without_the_option_and_with_zeros_every_bit_is_the_same(tmp_path, case):
    driver.run(case.inputs(), tmp_path / "plain.nc")
    path = write_offsets(tmp_path / "zero.nc", np.zeros((12, N)))
    driver.run(case.inputs(moisture_offset=path), tmp_path / "out.nc")
    (plain, _), (out, _) = read(tmp_path / "plain.nc"), read(tmp_path / "out.nc")
    assert plain.keys() == out.keys()
    for name, values in plain.items():
        assert values.tobytes() == out[name].tobytes(), name


def test_wetter_soil_is_never_safer(tmp_path, case):
    found = []
    for offset in (-0.02, 0.0, 0.02, 0.05):
        path = write_offsets(tmp_path / f"{offset}.nc", np.full((12, N), offset))
        driver.run(case.inputs(moisture_offset=path), tmp_path / f"out{offset}.nc")
        found.append(read(tmp_path / f"out{offset}.nc")[0]["LANDSLIDE_FOS"])
    assert (np.diff(found, axis=0) <= 0.0).all()
    assert (found[-1] < found[0]).any()


def test_two_ranks_give_the_bits_of_one(tmp_path, case):
    path = write_offsets(tmp_path / "offsets.nc", BY_MONTH)
    found = []
    for ranks in (0, 2):
        done = launch(ranks, *case.run(tmp_path / f"{ranks}.nc"), "--moisture-offset", path)
        assert done.returncode == 0, done.stderr
        found.append(read(tmp_path / f"{ranks}.nc")[0])
    for name, values in found[0].items():
        assert values.tobytes() == found[1][name].tobytes(), name


def test_the_last_second_of_a_day_is_the_next_day(tmp_path, case):
    """A time in days may be off by rounding: the day is that of the nearest second."""
    source = Columns(case.inputs(moisture_offset=write_offsets(tmp_path / "offsets.nc", BY_MONTH)))
    try:
        offsets = source._offset
        np.testing.assert_array_equal(offsets.at(12.0 - 1e-9), offsets.at(12.0))
        assert (offsets.at(12.0 - 1e-4) != offsets.at(12.0)).all()
    finally:
        source.close()


BAD = {
    "another grid": ({"shift": 0.4}, BY_MONTH, "it is on another grid"),
    "units": ({"units": "percent"}, BY_MONTH, "soil_moisture_offset has units 'percent', wanted 'm3/m3'"),
    "another variable": ({"name": "offset"}, BY_MONTH, "no variable soil_moisture_offset: not a file of soil moisture"),
    "too many months": ({}, np.zeros((13, N)), "has 13 values along month, wanted 12, one a month"),
    "too few months": ({}, np.zeros((4, N)), "12 levels or more"),
    "too large": (
        {},
        np.where(np.arange(N) == 2, 0.6, BY_MONTH),
        "is 0.6 at lat 40.25, lon 283.75, wanted -0.5 to 0.5",
    ),
}


@pytest.mark.parametrize(("options", "offsets", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused(tmp_path, case, options, offsets, message):
    path = write_offsets(tmp_path / "offsets.nc", offsets, **options)
    with pytest.raises(UserError) as refused:
        driver.run(case.inputs(moisture_offset=path), tmp_path / "out.nc")
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out.nc").exists()


def test_a_file_that_is_not_there_is_one_line(tmp_path, case):
    said = refusal(*case.run(tmp_path / "out.nc"), "--moisture-offset", tmp_path / "none.nc")
    assert "none.nc" in said
    assert not (tmp_path / "out.nc").exists()


def test_a_value_for_all_and_a_file_are_refused(tmp_path, case):
    path = write_offsets(tmp_path / "offsets.nc", BY_MONTH)
    inputs = case.inputs(moisture_offset=path, overrides={"soil_moisture_offset": 0.1})
    with pytest.raises(UserError, match="--set soil_moisture_offset: --moisture-offset says what it is"):
        driver.run(inputs, tmp_path / "out.nc")

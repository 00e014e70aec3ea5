"""The difference of two series by month, and what error its sample has."""

import numpy as np
import pytest

from elm_landslide.assimilation import matching
from elm_landslide.assimilation.days import months_of, near_month
from support.satellite_files import FIRST, red

CELLS = 150


def days_of_years(years):
    return np.arange(FIRST, FIRST + 365 * years)


def synthetic(years, memory, every=1, seed=1, bias=0.04):
    """Model and satellite [day, cell] and what the model lacks [month, cell]; the errors last for `memory`."""
    draw = np.random.default_rng(seed)
    days = days_of_years(years)
    truth = 0.25 + 0.05 * red(draw, days.size, CELLS, 0.95)
    lacks = draw.normal(0.0, bias, (12, CELLS))
    model = truth - lacks[months_of(days) - 1]
    satellite = truth + 0.02 * draw.normal(size=truth.shape) + 0.02 * red(draw, days.size, CELLS, memory)
    satellite[np.arange(days.size) % every != 0] = np.nan
    return days, model, satellite, lacks


@pytest.mark.parametrize("years", [1, 3])
@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("every", [1, 3])
def test_the_error_is_as_large_as_it_says(years, memory, every):
    """The difference departs from the truth by less than 1.96 standard errors in 95 % of cells and months."""
    days, model, satellite, lacks = synthetic(years, memory, every)
    found = matching.match(days, model, satellite, 8)
    departure = (found.difference - lacks) / found.sampling_error
    assert 0.92 <= (np.abs(departure) < 1.96).mean() <= 0.98
    assert 0.85 <= np.sqrt((departure**2).mean()) <= 1.1


def test_independent_days_would_claim_too_much():
    """With errors that last, the naive error of independent days is less than half of the true one."""
    days, model, satellite, lacks = synthetic(3, 0.9)
    found = matching.match(days, model, satellite, 8)
    month = months_of(days)
    naive = np.array([(satellite - model)[month == m].std(axis=0) / np.sqrt((month == m).sum()) for m in range(1, 13)])
    departure = found.difference - lacks
    assert np.sqrt((departure**2).mean()) > 2.0 * naive.mean()
    assert np.sqrt(((departure / found.sampling_error) ** 2).mean()) < 1.15


def test_years_that_differ_raise_the_error():
    """A satellite that is off by another amount in each year: days of five years are no more than five samples."""
    days, model, satellite, lacks = synthetic(5, 0.0)
    draw = np.random.default_rng(3)
    level = draw.normal(0.0, 0.02, (5, CELLS))
    satellite = satellite + level[np.arange(days.size) // 365]
    found = matching.match(days, model, satellite, 8)
    wanted = np.sqrt(0.02**2 / 5 + 2 * 0.02**2 / 152)
    assert np.median(found.sampling_error) == pytest.approx(wanted, rel=0.25)
    assert (np.abs(found.difference - lacks) < 1.96 * found.sampling_error).mean() > 0.85


def test_the_mean_of_matched_ranks_is_the_difference_of_means():
    """Whatever the distributions: sorted values minus sorted values; and its fifths say where they differ."""
    draw = np.random.default_rng(2)
    days = days_of_years(1)
    model = draw.gamma(2.0, 0.05, (365, 4))
    satellite = np.zeros_like(model)
    for month in range(1, 13):  # in another order within each month
        here = months_of(days) == month
        satellite[here] = 0.1 + 0.5 * draw.permutation(model[here])
    found = matching.match(days, model, satellite, 8)
    january = months_of(days) == 1
    ranks = np.sort(satellite[january], axis=0) - np.sort(model[january], axis=0)
    np.testing.assert_allclose(found.difference[0], ranks.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.by_fifth[0, 0], ranks[:7].mean(axis=0), rtol=1e-12)  # of 31: 7, 6, 6, 6, 6
    assert (np.diff(found.by_fifth, axis=1) < 0.0).all()  # the wetter, the less the satellite adds


def test_a_month_with_few_pairs_takes_its_neighbourhood_or_nothing():
    draw = np.random.default_rng(4)
    days = days_of_years(1)
    month = months_of(days)
    model = np.full((365, 3), 0.2)
    satellite = model + 0.01 * month[:, None] + draw.normal(0.0, 1e-6, (365, 3))
    satellite[(month == 6) & (np.arange(365) % 2 == 0), 0] = np.nan  # half of June
    satellite[(month >= 5) & (month <= 7), 1] = np.nan
    found = matching.match(days, model, satellite, 20)
    near = near_month(days, 6) & np.isfinite(satellite[:, 0])
    assert found.pairs[5, 0] == near.sum() == 15 + 15 + 15
    assert found.difference[5, 0] == pytest.approx((0.01 * month[near]).mean(), abs=1e-6)
    assert found.pairs[5, 2] == 30
    assert np.isnan(found.difference[5, 1])
    assert np.isnan(found.sampling_error[5, 1])
    assert np.isnan(found.by_fifth[5, :, 1]).all()
    assert found.pairs[5, 1] == 0
    assert np.isfinite(np.delete(found.difference[:, 1], [4, 5, 6])).all()


def test_cells_do_not_see_each_other():
    """A cell alone gives what it gives among others, to rounding."""
    days, model, satellite, _ = synthetic(2, 0.5, every=2)
    whole = matching.match(days, model, satellite, 8)
    one = matching.match(days, model[:, 7:8], satellite[:, 7:8], 8)
    for name in ("difference", "sampling_error", "by_fifth"):
        np.testing.assert_allclose(getattr(one, name)[..., 0], getattr(whole, name)[..., 7], rtol=1e-9)


def test_series_that_are_the_same_have_no_difference_and_no_error():
    days, model, _, _ = synthetic(1, 0.0)
    found = matching.match(days, model, model.copy(), 8)
    assert (found.difference == 0.0).all()
    assert (found.sampling_error == 0.0).all()

"""Triple collocation against errors that are known."""

import numpy as np
import pytest

from elm_landslide.assimilation import triple_collocation
from elm_landslide.assimilation.days import months_of
from support.satellite_files import FIRST, red

CELLS = 200
OF_MODEL, OF_SATELLITE, OF_THIRD = 0.03, 0.02, 0.05


def triple(days, seed=1, of_model=OF_MODEL):
    draw = np.random.default_rng(seed)
    truth = 0.05 * red(draw, days.size, CELLS, 0.9)
    return [truth + error * draw.normal(size=truth.shape) for error in (of_model, OF_SATELLITE, OF_THIRD)]


def test_known_errors_are_found():
    """Within a few percent on average, within a quarter in nearly all cells of 730 days."""
    days = np.arange(FIRST, FIRST + 730)
    found = triple_collocation.errors(days, *triple(days))
    for error, wanted in ((found.model, OF_MODEL), (found.satellite, OF_SATELLITE)):
        assert np.sqrt((error**2).mean()) == pytest.approx(wanted, rel=0.03)
        assert (np.abs(error - wanted) < 0.25 * wanted).mean() > 0.9
    assert (found.triplets == 730).all()


def test_biases_seasons_and_units_do_not_matter():
    """Other means, another mean in each month, and a third series in percent of another range."""
    days = np.arange(FIRST, FIRST + 730)
    model, satellite, third = triple(days)
    plain = triple_collocation.errors(days, model, satellite, third)
    season = 0.1 * np.sin(months_of(days) * np.pi / 6)[:, None]
    other = triple_collocation.errors(days, model + 0.25 + season, satellite + 0.3 - season, 40.0 + 250.0 * third)
    np.testing.assert_allclose(other.model, plain.model, rtol=1e-6)
    np.testing.assert_allclose(other.satellite, plain.satellite, rtol=1e-6)


def test_the_error_of_the_satellite_is_scaled_to_the_model():
    """A product of half of the range has half of the error in its unit, and the same in the model's."""
    days = np.arange(FIRST, FIRST + 730)
    model, satellite, third = triple(days)
    plain = triple_collocation.errors(days, model, satellite, third)
    half = triple_collocation.errors(days, model, 0.5 * satellite, third)
    np.testing.assert_allclose(half.satellite, plain.satellite, rtol=1e-9)


def test_a_model_without_error_has_none():
    days = np.arange(FIRST, FIRST + 730)
    found = triple_collocation.errors(days, *triple(days, of_model=0.0))
    assert np.nanmedian(found.model) < 0.007
    assert (found.model == 0.0).mean() > 0.3  # of samples whose variance came out below 0


def test_what_cannot_be_told_is_not_told():
    """Too few days, a third series that has nothing to do with them, or one that runs against them."""
    days = np.arange(FIRST, FIRST + 730)
    model, satellite, third = triple(days)
    few = third.copy()
    few[99:] = np.nan
    noise = np.random.default_rng(9).normal(size=third.shape)
    assert np.isnan(triple_collocation.errors(days, model, satellite, few).model).all()
    assert (triple_collocation.errors(days, model, satellite, few).triplets == 99).all()
    assert np.isnan(triple_collocation.errors(days, model, satellite, noise).model).mean() > 0.95
    assert np.isnan(triple_collocation.errors(days, model, satellite, -third).satellite).all()
    assert np.isnan(triple_collocation.errors(days, np.full_like(model, 0.2), satellite, third).model).all()

"""Which part of a difference is taken for the model's, and with what error."""

import numpy as np
import pytest

from elm_landslide.assimilation.damping import damp

N = 200_000


def test_the_error_covers_the_truth():
    """Biases of model and satellite drawn with the stated errors: 95 % of offsets lie within 1.96 standard errors."""
    draw = np.random.default_rng(1)
    for of_model, of_satellite, of_sample in (
        (0.05, 0.02, 0.01),
        (0.03, 0.03, 0.002),
        (0.02, 0.06, 0.02),
        (0.04, 0, 0.01),
    ):
        lacks = draw.normal(0.0, of_model, N)
        difference = lacks + draw.normal(0.0, 1.0, N) * np.hypot(of_satellite, of_sample)
        each = np.ones(N)
        offset, error = damp(difference, of_sample * each, of_model * each, of_satellite * each)
        assert 0.94 <= (np.abs(offset - lacks) < 1.96 * error).mean() <= 0.985, (of_model, of_satellite, of_sample)
        # No other share of the significant differences would be nearer to the truth.
        kept = np.abs(difference) > 10 * of_sample
        if kept.mean() > 0.1:
            best = (lacks * difference)[kept].sum() / (difference**2)[kept].sum()
            assert (offset[kept] / difference[kept]).mean() == pytest.approx(best, rel=0.05)


def test_what_is_not_significant_is_zero_and_the_rest_comes_without_a_jump():
    difference = np.linspace(-0.1, 0.1, 2001)
    ones = np.ones(2001)
    offset, error = damp(difference, 0.01 * ones, 0.04 * ones, 0.02 * ones)
    assert (offset[np.abs(difference) <= 0.0196] == 0.0).all()
    assert (offset[np.abs(difference) > 0.0197] != 0.0).all()
    assert np.abs(np.diff(offset)).max() < 2e-4 * 1.01
    assert (np.diff(offset) >= 0.0).all()
    assert offset[-1] == pytest.approx(0.8 * 0.1, rel=0.05)
    assert (error > 0.01 * 0.8).all()


def test_the_better_one_is_believed():
    ones = np.ones(1)
    perfect_model, _ = damp(0.05 * ones, 0.001 * ones, 0.0 * ones, 0.03 * ones)
    perfect_satellite, error = damp(0.05 * ones, 0.001 * ones, 0.03 * ones, 0.0 * ones)
    equal, of_equal = damp(0.05 * ones, 0.001 * ones, 0.03 * ones, 0.03 * ones)
    assert perfect_model == 0.0
    assert perfect_satellite == pytest.approx(0.05, rel=0.01)
    assert error == pytest.approx(0.001, rel=0.05)
    assert equal == pytest.approx(0.025, rel=0.01)
    assert of_equal == pytest.approx(0.03 / np.sqrt(2.0), rel=0.01)


def test_nothing_known_stays_unknown_and_no_difference_is_none():
    offset, error = damp(np.array([np.nan, 0.0]), np.array([np.nan, 0.0]), np.full(2, 0.04), np.full(2, 0.04))
    assert np.isnan(offset[0])
    assert np.isnan(error[0])
    assert offset[1] == 0.0

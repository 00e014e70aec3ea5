"""Return levels and periods by L-moments, and what is said of changes."""

import numpy as np
import pytest
from scipy.stats import genextreme

from elm_landslide.comparison import extremes, significance

CONTROL, CHANGED = {"loc": 0.05, "scale": 0.01}, {"loc": 0.056, "scale": 0.013}


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_levels_and_periods_against_scipy(shape):
    """Its distribution, of the same sign of shape; parameters from 100,000 years."""
    rng = np.random.default_rng(3)
    sample = genextreme.rvs(shape, 10.0, 2.0, size=(100_000, 3), random_state=rng)
    fitted = extremes.fit(sample)
    np.testing.assert_allclose(fitted.shape, shape, atol=0.015)
    exact = extremes.Extremes(np.array(10.0), np.array(2.0), np.array(shape if shape else 1e-6))
    for period in (1.5, 2.0, 10.0, 100.0):
        level = genextreme.isf(1.0 / period, shape, 10.0, 2.0)
        assert float(exact.level(period)) == pytest.approx(level, rel=1e-5)
        assert float(exact.period(np.array(level))) == pytest.approx(period, rel=1e-4)
        np.testing.assert_allclose(fitted.level(period), level, rtol=0.03)


def test_levels_beyond_the_ends_and_cells_that_never_vary():
    upper = extremes.Extremes(np.array(0.0), np.array(1.0), np.array(0.5))  # ends at 2
    assert float(upper.period(np.array(2.5))) == np.inf
    lower = extremes.Extremes(np.array(0.0), np.array(1.0), np.array(-0.5))  # begins at -2
    assert float(lower.period(np.array(-2.5))) == 1.0
    flat = extremes.fit(np.zeros((20, 1)))
    assert float(flat.level(10.0)[0]) == 0.0
    assert float(flat.period(np.array([0.1]))[0]) == np.inf


def coverage(statistic, truth, years, draws=100):
    """How many of 100 draws have the true change in their interval."""
    held = 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        a, b = (genextreme.rvs(0.0, **of, size=years, random_state=rng) for of in (CONTROL, CHANGED))
        low, high = significance.interval(a, b, statistic, 400)
        held += bool(low <= truth <= high)
    return held


def test_a_known_change_of_the_mean_lies_in_its_interval():
    """In 95 of 100 draws, but for chance: 88 or more in all but 0.2 % of such tests."""
    truth = genextreme.mean(0.0, **CHANGED) - genextreme.mean(0.0, **CONTROL)
    assert 88 <= coverage(lambda s: s.mean(0), truth, 50) <= 100


def test_a_known_change_of_a_return_level_lies_in_its_interval():
    truth = genextreme.isf(0.1, 0.0, **CHANGED) - genextreme.isf(0.1, 0.0, **CONTROL)
    assert 88 <= coverage(lambda s: extremes.fit(s).level(10.0), truth, 50) <= 100


def test_no_change_is_discovered_where_there_is_none():
    """Of 1,000 cells without a change, in 20 fields: any discovery in a tenth of the fields, about."""
    fields = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        p = significance.p_values(rng.random((30, 1000)), rng.random((30, 1000)))
        fields += significant_any(p)
    assert fields <= 6  # more have a chance of 0.2 % at a rate of a tenth


def significant_any(p):
    return bool(significance.significant(p).any())


def test_a_change_is_discovered_where_it_is():
    rng = np.random.default_rng(5)
    one, other = rng.random((30, 500)), rng.random((30, 500))
    other[:, :100] += 0.6
    found = significance.significant(significance.p_values(one, other))
    assert found[:100].mean() > 0.95
    assert found[100:].sum() <= 30  # a tenth of what is found is false, about


def test_p_against_scipy_and_its_edges():
    from scipy.stats import mannwhitneyu

    rng = np.random.default_rng(7)
    one, other = rng.random((12, 4)), rng.random((15, 4))
    one[:, 1] = other[:, 1] = 0.0
    one[3, 2] = np.nan
    p = significance.p_values(one, other)
    assert p[0] == pytest.approx(mannwhitneyu(one[:, 0], other[:, 0], method="asymptotic").pvalue)
    assert p[1] == 1.0
    assert np.isnan(p[2])
    assert np.isnan(significance.p_values(one[:3], other)).all()
    assert not significance.significant(np.array([np.nan, np.nan])).any()


def test_intervals_are_wider_for_few_samples():
    """Hesterberg (2015): tails of 2.5 % in the limit, and smaller by Student's t for fewer."""
    from scipy.stats import norm, t

    for n in (8, 50):
        wanted = norm.cdf(-np.sqrt(n / (n - 1)) * t.isf(0.025, n - 1))
        assert significance.expanded_tail(n) == pytest.approx(wanted)
    assert significance.expanded_tail(50) == pytest.approx(0.0212, abs=1e-4)
    assert significance.expanded_tail(10**6) == pytest.approx(0.025, abs=1e-5)

"""The failing share as a distribution: moments, scores against numbers that theory gives."""

import numpy as np
import pytest
from scipy import integrate, stats

from elm_landslide.training import distribution


def test_intraclass_correlation_of_drawn_hillslopes():
    """Shares drawn from beta distributions of correlation 0.4 give it back; equal shares give 0, all or nothing 1."""
    rng = np.random.default_rng(1)
    mean = rng.uniform(0.02, 0.98, 200_000)
    strength = 1.0 / 0.4 - 1.0
    assert distribution.intraclass(mean, rng.beta(mean * strength, (1 - mean) * strength)) == pytest.approx(
        0.4, abs=0.01
    )
    assert distribution.intraclass(mean, mean) == 0.0
    assert distribution.intraclass(mean, (rng.random(200_000) < mean).astype(float)) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("mean", "correlation", "share"), [(0.3, 0.5, 0.2), (0.05, 0.2, 0.0), (0.6, 0.7, 1.0)])
def test_crps_is_the_integral(mean, correlation, share):
    """Against numerical integration of the definition with scipy's beta distribution."""
    strength = 1.0 / correlation - 1.0
    beta = stats.beta(mean * strength, (1 - mean) * strength)
    below = integrate.quad(lambda y: beta.cdf(y) ** 2, 0.0, share, limit=200)[0]
    above = integrate.quad(lambda y: beta.sf(y) ** 2, share, 1.0, limit=200)[0]
    found = distribution.crps(distribution.of_beta(np.array([mean]), correlation), np.array([share]))
    assert found[0] == pytest.approx(below + above, abs=2e-3)


def test_crps_of_a_sample():
    """The mean distance to the sample less half of that within it (Gneiting and Raftery 2007)."""
    sample, share = np.array([0.1, 0.4, 0.9]), 0.3
    wanted = np.abs(sample - share).mean() - 0.5 * np.abs(sample[:, None] - sample).mean()
    found = distribution.crps(distribution.of_shares(sample)[None], np.array([share]))
    assert found[0] == pytest.approx(wanted, abs=0.01)


def test_scores_of_a_right_distribution():
    """Reliable, covered as often as it says, sharper than all shares, and no better than its own hillslopes allow."""
    rng = np.random.default_rng(2)
    mean = np.repeat(rng.beta(0.5, 1.5, 500), 8).clip(1e-3, 1 - 1e-3)
    share = rng.beta(mean * 1.5, (1 - mean) * 1.5)
    right = distribution.scores(mean[:, None], share[:, None], 0.4, alike=8)
    assert right["coverage"] == pytest.approx(0.9, abs=0.03)
    assert right["ece"] < 0.03
    assert right["crps"] < right["crps_climate"]
    assert right["crps"] < right["crps_point"]
    assert right["crps"] == pytest.approx(right["crps_alike"], rel=0.03)  # all that can be known
    assert right["spread"] == pytest.approx(right["error"], rel=0.05)
    wrong = distribution.scores(1.0 - mean, share, 0.4)
    assert wrong["crps"] > right["crps_climate"]
    assert wrong["ece"] > 0.3
    assert "crps_alike" not in wrong
    narrow = distribution.scores(mean, share, 0.02)
    assert narrow["coverage"] < 0.6
    assert narrow["crps"] > right["crps"]

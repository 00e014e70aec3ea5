"""The design of an ensemble: its priors against SciPy, nested, even, within their limits."""

import math

import numpy as np
import pytest
from scipy import stats

from elm_landslide.simulator.prior import HIDDEN, LIMITS, PRIORS, design, limits


def distribution(prior):
    a, b = prior.a, prior.b
    sigma = math.sqrt(math.log(1.0 + b * b))
    return {
        "uniform": lambda: stats.uniform(a, b - a),
        "log_uniform": lambda: stats.loguniform(a, b),
        "normal": lambda: stats.norm(a, b),
        "log_normal": lambda: stats.lognorm(sigma, scale=a * math.exp(-0.5 * sigma * sigma)),
        "gamma": lambda: stats.gamma(a, scale=b / a),
    }[prior.kind]()


@pytest.mark.parametrize("name", PRIORS)
def test_quantiles_against_scipy(name):
    """Mean and sd too: a log-normal is given by its mean and coefficient of variation, a gamma by shape and mean."""
    prior = PRIORS[name]
    known = distribution(prior)
    u = np.array([1e-9, 0.01, 0.3, 0.5, 0.9, 1.0 - 1e-9])
    np.testing.assert_allclose(prior.quantile(u), known.ppf(u), rtol=1e-9, atol=1e-12)
    if prior.kind == "log_normal":
        assert (known.mean(), known.std() / known.mean()) == pytest.approx((prior.a, prior.b))
    if prior.kind == "gamma":
        assert (known.mean(), (known.mean() / known.std()) ** 2) == pytest.approx((prior.b, prior.a))


def test_design_is_nested_and_depends_on_its_seed():
    whole = design(200, 5)
    assert whole.shape == (200, len(PRIORS))
    for n in (1, 2, 7, 64, 199):
        np.testing.assert_array_equal(design(n, 5), whole[:n])
    assert (design(200, 6) != whole).mean() > 0.9


def test_design_fills_evenly():
    """Of 256 members one in every 256th of each distribution, where no limit takes it back."""
    values = design(256, 3)
    for i, (name, prior) in enumerate(PRIORS.items()):
        low, high = LIMITS.get(name, (-np.inf, np.inf))
        assert ((values[:, i] >= low) & (values[:, i] <= high)).all()
        inside = (values[:, i] > low) & (values[:, i] < high)
        at = np.floor(256.0 * distribution(prior).cdf(values[inside, i])).astype(int)
        assert len(np.unique(at)) == inside.sum() > 200


def test_fixed_parameters_leave_the_others_alone():
    free, fixed = design(16, 3), design(16, 3, {"cover": 2.0, "thickness": 1.25})
    names = list(PRIORS)
    assert (fixed[:, names.index("cover")] == 2.0).all()
    assert (fixed[:, names.index("thickness")] == 1.25).all()
    others = [i for i, name in enumerate(names) if name not in ("cover", "thickness")]
    np.testing.assert_array_equal(fixed[:, others], free[:, others])


def test_limits():
    """Those of a uniform prior are its ends; nothing that is a depth, a share or a factor is negative."""
    assert limits("sand") == (3.0, 95.0)
    assert limits("rock") == (1e-9, 1e-7)
    assert limits("thickness") == (0.3, 3.0)
    for name, prior in PRIORS.items():
        low, high = limits(name)
        assert low < high, name
        assert low >= 0.0 or prior.kind == "normal" or name in ("temperature", "organic"), name


def test_what_is_hidden_is_a_parameter():
    assert set(PRIORS) > HIDDEN
    assert {"sand", "storm_depth", "gradient", "cover", "water_table"}.isdisjoint(HIDDEN)

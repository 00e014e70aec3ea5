"""Bundles of fibres against calculus, a slow simulation, and the statistics of Hemmer and Hansen (1992)."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from elm_landslide.simulator import fibre_bundle
from support.closed_forms import uniform_stress, weibull_stress

FIBRES = 4_000_000


@pytest.fixture(scope="module")
def uniform_bursts():
    return fibre_bundle.bursts(np.random.default_rng(7).random(FIBRES))


def test_uniform_thresholds_carry_a_quarter_at_half_strain():
    strain = np.linspace(0.0, 1.5, 1501)
    stress = uniform_stress(strain)
    assert (strain[stress.argmax()], stress.max()) == (0.5, 0.25)
    assert stress[0] == 0.0
    assert (stress[strain >= 1.0] == 0.0).all()


@pytest.mark.parametrize(
    ("scale", "shape", "strain", "stress"),
    [(1.0, 1.0, 1.0, 0.36787944), (1.0, 2.0, 0.70710678, 0.42888194), (3.0, 2.0, 2.12132034, 1.28664583)],
)
def test_weibull_peak_by_hand(scale, shape, strain, stress):
    """1/e; exp(-1/2)/sqrt(2); and three times that."""
    assert fibre_bundle.weibull_peak(scale, shape) == pytest.approx((strain, stress), rel=1e-7)


@pytest.mark.parametrize("shape", [0.8, 1.0, 2.0, 6.0])
def test_weibull_peak_is_the_maximum(shape):
    at, peak = fibre_bundle.weibull_peak(0.7, shape)
    stress = weibull_stress(np.linspace(0.0, 10.0 * at, 20001), 0.7, shape)
    assert weibull_stress(at, 0.7, shape) == pytest.approx(peak, rel=1e-14)
    assert stress.max() == pytest.approx(peak, rel=1e-6)
    assert (stress <= peak * (1.0 + 1e-14)).all()


@pytest.mark.parametrize("shape", [0.8, 1.0, 2.0, 6.0])
def test_damage_solves_its_equation(shape):
    """A share D of thresholds lies below x = (-ln(1 - D))^(1/m), where x (1 - D) is the load."""
    load = np.linspace(0.1, 0.999, 500)
    broken = fibre_bundle.damage(load, shape)
    strain = (-np.log1p(-broken)) ** (1.0 / shape)
    peak = (shape * math.e) ** (-1.0 / shape)
    np.testing.assert_allclose(strain * (1.0 - broken), load * peak, rtol=1e-9)
    assert fibre_bundle.damage(0.0, shape) == 0.0
    assert (np.diff(broken) > 0.0).all()
    assert broken[-1] < 1.0 - math.exp(-1.0 / shape)


@pytest.mark.parametrize("shape", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("load", [1.0, 3.0])
def test_damage_at_the_peak(shape, load):
    assert fibre_bundle.damage(load, shape) == pytest.approx(1.0 - math.exp(-1.0 / shape), abs=1e-6)


def slow_bursts(thresholds):
    """Raise the load until the weakest fibre breaks, share it among the others until all hold; not the last, of all."""
    intact, sizes = list(thresholds), []
    while intact:
        load, broken = min(intact) * len(intact), 0
        while intact and min(intact) * len(intact) <= load:
            intact.remove(min(intact))
            broken += 1
        sizes.append(broken)
    return sizes[:-1]


@pytest.mark.parametrize("draw", ["random", "exponential", "standard_normal"])
def test_bursts_are_those_of_a_slow_simulation(draw):
    rng = np.random.default_rng(2)
    for fibres in (1, 2, 3, 10, 100, 300):
        thresholds = abs(getattr(rng, draw)(size=fibres))
        assert fibre_bundle.bursts(thresholds).tolist() == slow_bursts(thresholds)


def test_numbers_of_bursts(uniform_bursts):
    """Hemmer and Hansen (1992): at strain x one fibre breaks a = x / (1 - x) others, on average, and the sizes of the
    bursts that follow have a Borel distribution. In all (1 - ln 2) per fibre, up to half the fibres."""

    def expected(size):
        def density(x):
            a = x / (1.0 - x)
            return (1.0 - a) * math.exp(-a * size + (size - 1) * math.log(a * size) - math.lgamma(size + 1))

        return FIBRES * quad(density, 1e-12, 0.5)[0]

    for size in (1, 2, 3, 5, 10, 20):
        assert (uniform_bursts == size).sum() == pytest.approx(expected(size), abs=4.0 * math.sqrt(expected(size)))
    all_of_them = FIBRES * (1.0 - math.log(2.0))
    assert len(uniform_bursts) == pytest.approx(all_of_them, abs=4.0 * math.sqrt(all_of_them))


def test_burst_exponent(uniform_bursts):
    """-5/2 for large bursts; the most likely exponent of sizes from 100 on (Clauset et al. 2009), within 4 standard
    errors: 0.35. The law holds in the limit; at these sizes its own exponent is -2.54."""
    sizes = uniform_bursts[uniform_bursts >= 100]
    exponent = 1.0 + len(sizes) / np.log(sizes / 99.5).sum()
    error = (exponent - 1.0) / math.sqrt(len(sizes))
    assert error < 0.1
    assert exponent == pytest.approx(2.5, abs=4.0 * error)

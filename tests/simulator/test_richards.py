"""Richards' equation in one column: water is conserved, and closed solutions are met."""

import math

import numpy as np
import pytest
import torch
from scipy.special import erfc

from elm_landslide.simulator.hydraulics import GARDNER, LINEAR, water_content
from elm_landslide.simulator.richards import CLOSED, DRAIN, HEAD, clapp_hornberger_layers, heads, step, store_layer
from support.closed_forms import steady_suction

HOUR, DAY = 3600.0, 86400.0
LAYERED = clapp_hornberger_layers(
    [0.4, 0.45, 0.5, 0.38, 0.42], [1e-5, 1e-6, 3e-7, 1e-4, 5e-6], [0.1, 0.3, 0.5, 0.05, 0.2], [4.0, 7.0, 10.0, 3.0, 5.0]
)
THICKNESS = np.array([0.1, 0.2, 0.5, 0.4, 0.8])


def at_heads(head, layers):
    return np.array([water_content(h, layer) for h, layer in zip(head, layers, strict=True)])


def uniform(n, depth, kind, saturated, residual, ks, a, b):
    """(layers, thickness, height of the nodes above the base)."""
    layers = np.tile([kind, saturated, residual, ks, a, b, 1e-3], (n, 1)).astype(float)
    return layers, np.full(n, depth / n), depth * (n - 0.5 - np.arange(n)) / n


def advance(w, layers, thickness, supply, kind, boundary, seconds, steps=1, gravity=1.0, sinks=None):
    """(infiltration, outflow) (m) of all steps."""
    n = len(w)
    sinks, work = np.zeros(n) if sinks is None else sinks, np.zeros((12, n + 1))
    fluxes = [step(w, layers, thickness, gravity, supply, sinks, kind, boundary, seconds, work) for _ in range(steps)]
    return tuple(math.fsum(flux) for flux in zip(*fluxes, strict=True))


def random_soil(rng):
    n = rng.integers(1, 12)
    layers = clapp_hornberger_layers(
        rng.uniform(0.3, 0.6, n), 10 ** rng.uniform(-7, -4, n), rng.uniform(0.02, 0.5, n), rng.uniform(2, 12, n)
    )
    return layers, rng.uniform(0.02, 0.5, n), layers[:, 1] * rng.uniform(0.3, 1.0, n)


@pytest.mark.parametrize("kind", [CLOSED, HEAD, DRAIN])
def test_no_water_is_lost(kind):
    """Ten days of showers on random layers: storage against fluxes, within 1e-12 of what crossed the surface and base.

    The surface never takes more than it is offered.
    """
    rng = np.random.default_rng(kind)
    for _ in range(40):
        layers, thickness, w = random_soil(rng)
        boundary = {CLOSED: 0.0, HEAD: rng.uniform(-2.0, 1.0), DRAIN: 10 ** rng.uniform(-9, -5)}[kind]
        gravity, sinks = rng.uniform(0.5, 1.0), rng.uniform(-1e-9, 1e-9, len(w))
        before, moved, crossed = math.fsum(w * thickness), [], 0.0
        for _ in range(240):
            supply = rng.choice([0.0, 10 ** rng.uniform(-8.0, -4.5)])
            into, out = advance(w, layers, thickness, supply, kind, boundary, HOUR, gravity=gravity, sinks=sinks)
            assert into <= supply * HOUR * (1.0 + 1e-12)
            moved += [into, -out, -HOUR * sinks.sum()]
            crossed += abs(into) + abs(out)
        assert math.fsum(w * thickness) - before == pytest.approx(math.fsum(moved), abs=1e-12 * crossed)


@pytest.mark.parametrize("gravity", [1.0, 0.75])
@pytest.mark.parametrize("base", [0.5, 0.0, -1.0])
def test_hydrostatic_water_stays(base, gravity):
    height = THICKNESS.sum() - np.cumsum(THICKNESS) + 0.5 * THICKNESS
    still = base - gravity * height
    w = at_heads(still, LAYERED)
    fluxes = advance(w, LAYERED, THICKNESS, 0.0, HEAD, base, HOUR, 5 * 24, gravity)
    np.testing.assert_allclose(heads(w, LAYERED), still, rtol=0, atol=1e-6)
    np.testing.assert_allclose(fluxes, 0.0, atol=1e-9)


@pytest.mark.parametrize("gravity", [1.0, 0.75])
def test_water_comes_to_rest(gravity):
    height = THICKNESS.sum() - np.cumsum(THICKNESS) + 0.5 * THICKNESS
    w = at_heads(np.full(5, -1.5), LAYERED)
    advance(w, LAYERED, THICKNESS, 0.0, HEAD, 0.3, HOUR, 400 * 24, gravity)
    np.testing.assert_allclose(heads(w, LAYERED), 0.3 - gravity * height, rtol=0, atol=1e-6)


@pytest.mark.parametrize("ratio", [-0.001, 0.3, 0.8])
def test_steady_flow_in_gardner_soil(ratio):
    """Suction above a water table at a flux of ratio * ks (Lu and Godt 2008): exp(-alpha s) is linear in exp(-alpha z).

    Within 1 % on layers of 1 cm; upwards (taken out of the uppermost layer) for a negative ratio.
    """
    alpha, ks, n = 2.0, 1e-5, 200
    layers, thickness, height = uniform(n, 2.0, GARDNER, 0.4, 0.1, ks, alpha, 0.0)
    w, sinks = at_heads(-0.5 * height, layers), np.zeros(n)
    sinks[0] = max(-ratio, 0.0) * ks
    advance(w, layers, thickness, max(ratio, 0.0) * ks, HEAD, 0.0, DAY, 60, sinks=sinks)
    *_, outflow = advance(w, layers, thickness, max(ratio, 0.0) * ks, HEAD, 0.0, DAY, sinks=sinks)
    expected = steady_suction(torch.from_numpy(height), alpha, -ratio, 1.0).numpy()
    np.testing.assert_allclose(-heads(w, layers), expected, rtol=0.01)
    assert outflow == pytest.approx(ratio * ks * DAY, rel=1e-6)


def test_pressure_diffuses():
    """Half of ks more than gravity takes, onto deep linear soil: a half-space under a constant flux (Carslaw and Jaeger
    1959, 2.9); within .1 % of the rise at the surface. D = ks / capacity."""
    ks, capacity, seconds = 1e-6, 0.02, 2000.0
    layers, thickness, height = uniform(400, 2.0, LINEAR, 10.0, 0.0, ks, capacity, 0.0)
    w = at_heads(np.full(400, -20.0), layers)
    advance(w, layers, thickness, 1.5 * ks, DRAIN, 1.0, 1.0, int(seconds))
    length = 2.0 * math.sqrt(ks / capacity * seconds)
    x = (2.0 - height) / length
    rise = 0.5 * length * (np.exp(-(x**2)) / math.sqrt(math.pi) - x * erfc(x))
    np.testing.assert_allclose(heads(w, layers) + 20.0, rise, rtol=0, atol=1e-3 * rise[0])


def test_ponded_soil_takes_its_conductivity():
    """Five times ks on dry soil: all at first, then less and less, and ks once it is saturated down to the drain."""
    ks, n = 2e-6, 20
    layers, thickness = clapp_hornberger_layers(np.full(n, 0.45), ks, 0.2, 5.0), np.full(n, 0.05)
    w = at_heads(np.full(n, -2.0), layers)
    rate = [advance(w, layers, thickness, 5.0 * ks, DRAIN, 1.0, 360.0)[0] / 360.0 / ks for _ in range(1000)]
    assert rate[0] == pytest.approx(5.0, rel=1e-12)
    assert max(rate) <= 5.0 * (1.0 + 1e-12)
    hourly = np.mean(np.reshape(rate, (-1, 10)), axis=1)
    assert 1.0 < hourly[5] < 4.0
    assert (np.diff(hourly) <= 1e-6).all()
    assert rate[-1] == pytest.approx(1.0, rel=1e-9)
    assert heads(w, layers) == pytest.approx(np.zeros(n), abs=1e-6)


def test_closed_soil_fills_and_takes_no_more():
    w = at_heads(np.full(5, -1.0), LAYERED)
    advance(w, LAYERED, THICKNESS, 1e-5, CLOSED, 0.0, HOUR, 1000)
    taken, out = advance(w, LAYERED, THICKNESS, 1e-5, CLOSED, 0.0, HOUR)
    assert taken == pytest.approx(0.0, abs=1e-9)
    assert out == 0.0
    depth = np.cumsum(THICKNESS) - 0.5 * THICKNESS
    np.testing.assert_allclose(heads(w, LAYERED), depth, rtol=0, atol=1e-6)


def test_water_above_the_surface_comes_out():
    """Head 2.5 m at the base of 2 m of soil: what flows in below leaves at the surface."""
    w = at_heads(np.full(5, 0.1), LAYERED)
    advance(w, LAYERED, THICKNESS, 0.0, HEAD, 2.5, HOUR, 200)
    into, out = advance(w, LAYERED, THICKNESS, 0.0, HEAD, 2.5, HOUR)
    # Darcy's law: half layers at both ends, means of conductivities between.
    ks = LAYERED[:, 3]
    between = 0.5 * (THICKNESS[1:] + THICKNESS[:-1]) / (0.5 * (ks[1:] + ks[:-1]))
    resistance = between.sum() + 0.5 * THICKNESS[0] / ks[0] + 0.5 * THICKNESS[-1] / ks[-1]
    assert into == pytest.approx(-0.5 / resistance * HOUR, rel=1e-6)
    assert out == pytest.approx(into, rel=1e-6)


@pytest.mark.parametrize(
    ("supply", "wetness", "taken"), [(2e-7, 0.002, 1e-12), (1e-6, 0.01, 1e-12), (1e-5, 0.02, 0.005)]
)
def test_one_step_of_an_hour_against_sixty(supply, wetness, taken):
    """Water contents within 2e-3, 1e-2 and, ponded, 2e-2; infiltration within .5 %; ten steps are nearer."""
    n = 20
    layers, thickness = clapp_hornberger_layers(np.full(n, 0.45), 2e-6, 0.2, 5.0), np.full(n, 0.05)

    def after(steps):
        w = at_heads(np.full(n, -2.0), layers)
        return w, advance(w, layers, thickness, supply, DRAIN, 1.0, HOUR / steps, steps)[0]

    (one, into), (ten, _), (sixty, expected) = after(1), after(10), after(60)
    np.testing.assert_allclose(one, sixty, rtol=0, atol=wetness)
    assert into == pytest.approx(expected, rel=taken)
    assert abs(ten - sixty).max() < 0.6 * abs(one - sixty).max()


def test_store_layer():
    """Capacity 2 1/m: half a metre less head is 1 m3/m3 less water; full at its entry."""
    layer = store_layer(2.0, 1e-5, 0.1)
    assert heads(np.array([1000.0]), layer)[0] == pytest.approx(-0.1)
    assert heads(np.array([999.0]), layer)[0] == pytest.approx(-0.6)


@pytest.mark.parametrize("spoilt", ["water", "supply"])
def test_no_number_no_solution(spoilt):
    w = at_heads(np.full(5, -1.0), LAYERED)
    supply = 1e-7
    if spoilt == "water":
        w[2] = math.nan
    else:
        supply = math.nan
    assert all(math.isnan(flux) for flux in advance(w, LAYERED, THICKNESS, supply, CLOSED, 0.0, HOUR))

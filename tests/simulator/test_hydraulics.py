"""Soil water curves: inverses, derivatives, and values by hand."""

import math

import numpy as np
import pytest

from elm_landslide.simulator import hydraulics
from elm_landslide.simulator.hydraulics import CLAPP_HORNBERGER, GARDNER, LINEAR, head_and_conductivity, water_content

# kind, saturated, residual, ks, a, b, elastic; and the heads (m) of each at which it is tested
LAYERS = {
    "clapp_hornberger": (np.array([CLAPP_HORNBERGER, 0.45, 0.0, 1e-5, 0.2, 5.0, 1e-3]), -50.0),
    "gardner": (np.array([GARDNER, 0.4, 0.1, 1e-5, 2.0, 0.0, 1e-3]), -3.0),
    "linear": (np.array([LINEAR, 0.5, 0.0, 1e-5, 0.02, 0.3, 2e-3]), -20.0),
}
CASES = pytest.mark.parametrize(("layer", "driest"), LAYERS.values(), ids=LAYERS.keys())


@CASES
def test_water_content_is_the_inverse(layer, driest):
    for head in np.append(np.linspace(driest, 0.0, 101), [-0.3, -0.2, 0.01, 2.0, 30.0]):
        assert head_and_conductivity(water_content(head, layer), layer)[0] == pytest.approx(head, rel=1e-9, abs=1e-11)


@CASES
def test_derivatives_are_slopes(layer, driest):
    full = layer[1]
    wet = np.linspace(water_content(driest, layer), full, 50, endpoint=False)
    for w in np.append(wet, full + np.array([1e-4, 1e-3, 1e-2])):
        _, d_head, _, d_conductivity = head_and_conductivity(w, layer)
        step = 1e-6
        low, high = head_and_conductivity(w - step, layer), head_and_conductivity(w + step, layer)
        assert d_head == pytest.approx((high[0] - low[0]) / (2 * step), rel=1e-6)
        assert d_conductivity == pytest.approx((high[2] - low[2]) / (2 * step), rel=1e-6, abs=1e-14)


@CASES
def test_saturation(layer, driest):
    """Head and conductivity have no jump there; above, elastic storage."""
    full, ks, elastic = layer[1], layer[3], layer[6]
    below, at = head_and_conductivity(full * (1 - 1e-12), layer), head_and_conductivity(full, layer)
    assert below[0] == pytest.approx(at[0], abs=1e-9)
    assert below[2] == pytest.approx(ks, rel=1e-9)
    assert at[2] == ks
    entry = {CLAPP_HORNBERGER: -0.2, GARDNER: 0.0, LINEAR: -0.3}[layer[0]]
    assert at[0] == entry
    expected = (entry + 3.0, 1.0 / elastic, ks, 0.0)
    assert head_and_conductivity(full + 3.0 * elastic, layer) == pytest.approx(expected, rel=1e-9)


@CASES
def test_wetter_is_less_suction_and_more_conductivity(layer, driest):
    w = np.linspace(1e-4, 1.1 * layer[1], 2001)
    head, _, conductivity, _ = np.array([head_and_conductivity(v, layer) for v in w]).T
    assert (np.diff(head) >= 0.0).all()
    assert (np.diff(conductivity) >= 0.0).all()
    assert np.isfinite(head).all()
    assert (conductivity > 0.0).all()


def test_clapp_hornberger_by_hand():
    """S .6, b 5, sucsat .2 m: -.2 * .6^-5 = -2.572016 m; 1e-5 * .6^13 = 1.306069e-8 m/s."""
    layer = LAYERS["clapp_hornberger"][0]
    head, d_head, conductivity, d_conductivity = head_and_conductivity(0.27, layer)
    assert head == pytest.approx(-2.572016, rel=1e-6)
    assert conductivity == pytest.approx(1.306069e-8, rel=1e-6)
    assert d_head == pytest.approx(5 * 2.572016 / 0.27, rel=1e-6)
    assert d_conductivity == pytest.approx(13 * 1.306069e-8 / 0.27, rel=1e-6)
    assert water_content(-2.572016, layer) == pytest.approx(0.27, rel=1e-6)


def test_gardner_by_hand():
    """At -1/alpha effective saturation and relative conductivity are 1/e."""
    layer = LAYERS["gardner"][0]
    assert water_content(-0.5, layer) == pytest.approx(0.1 + 0.3 * 0.36787944, rel=1e-7)
    assert head_and_conductivity(0.1 + 0.3 / math.e, layer)[::2] == pytest.approx((-0.5, 0.36787944e-5), rel=1e-7)


def test_linear_by_hand():
    """Capacity .02 1/m, full at -.3 m: at -5.3 m a tenth less than full; the conductivity is the same."""
    layer = LAYERS["linear"][0]
    assert water_content(-5.3, layer) == pytest.approx(0.4, rel=1e-14)
    assert head_and_conductivity(0.4, layer) == pytest.approx((-5.3, 50.0, 1e-5, 0.0), rel=1e-12)


@pytest.mark.parametrize("name", ["clapp_hornberger", "gardner"])
def test_driest(name):
    """Head and conductivity are held below a saturation of DRIEST, and finite without water."""
    layer = LAYERS[name][0]
    dry = layer[2] + hydraulics.DRIEST * (layer[1] - layer[2])
    assert head_and_conductivity(layer[2], layer)[::2] == pytest.approx(
        head_and_conductivity(dry, layer)[::2], rel=1e-9
    )

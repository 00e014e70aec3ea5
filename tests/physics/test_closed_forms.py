"""Published and textbook values: expected numbers come from outside this project."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from elm_landslide.physics.infinite_slope import factor_of_safety, normal_cdf
from elm_landslide.physics.suction import clapp_hornberger_suction_stress
from support.closed_forms import pore_pressure, steady_suction, van_genuchten_suction_stress

TRIGRS = Path(__file__).parents[3] / "shared" / "data" / "trigrs" / "tutorial"


def d(value):
    return torch.as_tensor(value, dtype=torch.float64)


def fos(beta, phi, cohesion, depth, unit_weight, suction_stress=0.0):
    """Degrees, kPa, m, kN/m3."""
    return factor_of_safety(
        d(math.tan(math.radians(beta))),
        d(math.tan(math.radians(phi))),
        d(1e3 * cohesion),
        d(1e3 * suction_stress),
        d(1e3 * unit_weight * depth),
    ).item()


def saturated(beta, depth):
    """Slope-parallel seepage from the surface, kPa."""
    return pore_pressure(d(depth), d(math.tan(math.radians(beta))), 9.81).item()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda: fos(30, 35, 0, 1, 20), 1.212795),
        (lambda: fos(30, 35, 0, 1, 20, saturated(30, 1)), 0.617919),
        (lambda: fos(35, 33, 5, 1.5, 20, saturated(35, 1.5)), 0.827262),
        (lambda: fos(35, 33, 5 + 5, 1.5, 20, saturated(35, 1.5)), 1.181988),
        (lambda: van_genuchten_suction_stress(d(10.0), d(0.1), d(2.0)).item(), -7.071068),
        (lambda: van_genuchten_suction_stress(d(20.0), d(0.05), d(1.5)).item(), -15.874011),
        (lambda: fos(35, 33, 2, 1.5, 17, -15.874011), 1.954795),
        (lambda: steady_suction(d(2.0), d(0.05), d(-0.3), 9.81).item(), 11.508876),
    ],
)
def test_closed_form(value, expected):
    assert value() == pytest.approx(expected, rel=1e-5)


def test_flat_ground_is_capped():
    assert fos(0, 35, 5, 1, 20) == 10.0


def test_the_factor_of_safety_keeps_a_floor():
    """.01 where pore pressure carries all the weight: the FoS of the equation is 0 or below, its logarithm none."""
    assert fos(40, 35, 0.0, 1.0, 18.0, suction_stress=18.0) == 0.01
    above = fos(40, 35, 0.0, 1.0, 18.0, suction_stress=10.4)
    assert above == pytest.approx(
        (math.cos(math.radians(40)) ** 2 - 10.4 / 18.0)
        * math.tan(math.radians(35))
        / (math.sin(math.radians(40)) * math.cos(math.radians(40))),
        rel=1e-12,
    )
    assert 0.01 < above < 0.02


def trigrs_fos(beta, cohesion, phi, unit_weight, depth, head):
    """TRIGRS ignores negative pressure head in this set-up; its pressure head is u/gamma_w, cos^2 included."""
    return fos(beta, phi, cohesion / 1e3, depth, unit_weight / 1e3, 9.8 * max(head, 0.0))


@pytest.mark.parametrize(
    ("depth", "head", "expected"), [(2.0, 0.61537, 2.2742), (2.0, 0.74412, 2.2013), (1.0, 0.12302, 2.7725)]
)
def test_trigrs_tutorial_cell_1(depth, head, expected):
    assert trigrs_fos(16.7, 3500, 35, 22000, depth, head) == pytest.approx(expected, abs=1e-3)


@pytest.mark.skipif(not TRIGRS.is_dir(), reason="TRIGRS tutorial output (../shared/data/trigrs) is not here")
def test_trigrs_tutorial_all_rows():
    zones = np.loadtxt(TRIGRS / "zones.asc", skiprows=6).ravel()
    strength = {1: (3500, 35, 22000), 2: (8000, 31, 22000)}  # tr_in.txt
    rows = 0
    for line in (TRIGRS / "TRlist_z_p_fs_tutorial.txt").read_text().splitlines()[4:]:
        words = line.split()
        if words[0] == "cell":
            cell, beta = int(words[1]), float(words[2])
            continue
        depth, head, expected = float(words[0]), float(words[1]), float(words[5])
        if depth == 0.0 or beta == 0.0:  # reported as 10 by definition
            assert expected == 10.0
            continue
        # 1e-3 of the value: the angle is printed with three digits.
        assert trigrs_fos(beta, *strength[int(zones[cell - 1])], depth, head) == pytest.approx(expected, rel=1e-3)
        rows += 1
    assert rows > 1500


# Landlab 2.10.1, LandslideProbability, n = 200,000: tan(theta), a (m), T (m2/d), C (Pa), phi (deg), h (m), recharge
# (mm/d) from-to; then probability of failure and mean relative wetness.
LANDLAB = [
    ((0.5, 50, 10, 3000, 33, 1.0), (5, 121), 0.12053, 0.68167),
    ((0.7, 100, 10, 5000, 33, 1.0), (20, 120), 0.47514, 0.89414),
    ((0.9, 20, 20, 10000, 34, 1.5), (20, 60), 0.00120, 0.06460),
]
DENSITY, G = 2000.0, 9.80665


def landlab_fos(gradient, cohesion, friction, thickness, wetness):
    """Landlab's soil thickness is normal to the slope and its water to soil density ratio is 0.5."""
    gradient = d(gradient)
    depth = d(thickness) * torch.sqrt(1 + gradient**2)
    pressure = pore_pressure(d(wetness) * depth, gradient, 0.5 * DENSITY * G)
    return factor_of_safety(gradient, torch.tan(torch.deg2rad(d(friction))), d(cohesion), pressure, DENSITY * G * depth)


@pytest.mark.parametrize(("site", "recharge", "probability", "mean_wetness"), LANDLAB)
def test_landlab_probability_from_its_distributions(site, recharge, probability, mean_wetness):
    rng = np.random.default_rng(5)
    n = 200_000
    gradient, area, transmissivity, cohesion, friction, thickness = site

    def triangular(mode, low, high):
        return rng.triangular(mode * low, mode, mode * high, n)

    c, phi = triangular(cohesion, 0.7, 1.3), triangular(friction, 0.82, 1.32)
    h, t = triangular(thickness, 0.7, 1.1), triangular(transmissivity, 0.7, 1.1)
    flow = rng.uniform(*recharge, n) / 1000 * area / math.sin(math.atan(gradient))
    wetness = np.minimum(flow / t, 1.0)
    failed = (landlab_fos(gradient, c, phi, h, wetness) <= 1.0).double()
    error = math.sqrt(2 * probability * (1 - probability) / n)  # both sides are samples
    assert failed.mean().item() == pytest.approx(probability, abs=4 * error)
    assert wetness.mean() == pytest.approx(mean_wetness, abs=0.002)


@pytest.mark.parametrize(("site", "recharge"), [case[:2] for case in LANDLAB])
def test_landlab_own_draws(site, recharge):
    landlab = pytest.importorskip("landlab", reason="landlab is not installed (pip install landlab==2.10.1)")
    from landlab.components import LandslideProbability

    gradient, area, transmissivity, cohesion, friction, thickness = site
    grid = landlab.RasterModelGrid((3, 3))
    fields = {
        "topographic__slope": gradient,
        "topographic__specific_contributing_area": area,
        "soil__transmissivity": transmissivity,
        "soil__saturated_hydraulic_conductivity": 0.0,
        "soil__mode_total_cohesion": cohesion,
        "soil__minimum_total_cohesion": 0.7 * cohesion,
        "soil__maximum_total_cohesion": 1.3 * cohesion,
        "soil__internal_friction_angle": friction,
        "soil__density": DENSITY,
        "soil__thickness": thickness,
    }
    for name, value in fields.items():
        grid.add_full(name, float(value), at="node")
    n = 20_000
    theirs = LandslideProbability(
        grid,
        number_of_iterations=n,
        groundwater__recharge_distribution="uniform",
        groundwater__recharge_min_value=recharge[0],
        groundwater__recharge_max_value=recharge[1],
        seed=3,
    )
    theirs.calculate_landslide_probability()
    expected = float(grid.at_node["landslide__probability_of_failure"][4])
    ours = landlab_fos(gradient, theirs._C, theirs._phi, theirs._hs, theirs._rel_wetness)
    error = math.sqrt(max(expected, 1 / n) * (1 - expected) / n)
    assert (ours <= 1.0).double().mean().item() == pytest.approx(expected, abs=4 * error)
    # The draws are the same, so the factors of safety are too, but for Landlab's single-precision gradient and g.
    np.testing.assert_allclose(ours, np.minimum(theirs._FS, 10.0), rtol=1e-3)


def test_normal_cdf_against_the_exact_one():
    x = torch.linspace(-8, 8, 3201, dtype=torch.float64)
    exact = torch.special.ndtr(x)
    assert (normal_cdf(x) - exact).abs().max() < 2.5e-4
    lower = x < 0
    assert (normal_cdf(x)[lower] <= 1.003 * exact[lower]).all()
    assert (normal_cdf(x).diff() >= 0).all()


def test_clapp_hornberger_by_hand():
    # S .6, b 5, sucsat .2 m: Se = .5/.9, psi = -.2 * .6^-5 = -2.572016 m; 9810 * .555556 * (2.572016 - .2) = 12927.5.
    stress = clapp_hornberger_suction_stress(d([0.6]), d([0.2]), d([5.0])).item()
    assert stress == pytest.approx(12927.49, abs=0.01)
    assert clapp_hornberger_suction_stress(d([1.0]), d([0.2]), d([5.0])).item() == 0.0


def test_suction_stress_never_falls_as_soil_dries():
    saturation = torch.linspace(0, 1, 2001, dtype=torch.float64)
    for b in (2.0, 3.0, 6.0, 12.0, 25.0):
        stress = clapp_hornberger_suction_stress(saturation, d(0.2), d(b).expand(2001))
        assert (stress.diff() <= 0).all()
        assert torch.isfinite(stress).all()

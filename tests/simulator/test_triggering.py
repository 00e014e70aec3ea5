"""Hydromechanical triggering: the infinite slope as a limit, bonds, compression and avalanches by hand."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from elm_landslide.simulator.hillslope import Hillslope, HillslopeSoil
from elm_landslide.simulator.terrain import SHAPES, hillslope, terrain
from elm_landslide.simulator.triggering import HillslopeStrength, Triggering

HOUR = 3600.0
WATER, G = 9810.0, 9.81  # N/m3, m/s2
STRONG = 1e6  # Pa: it does not fail
SLOPE = math.sqrt(0.5)  # sine and cosine of 45 degrees
SIZE = 10.0  # m


def on_hillslope(land, heads, thickness, n_layers=4, porosity=0.4, sucsat=0.5, bsw=5.0, **soil):
    h = Hillslope(land, HillslopeSoil(thickness, porosity, 1e-5, sucsat, bsw, **soil), n_layers)
    h.set_head(np.broadcast_to(heads, h.w.shape))
    return h


# By hand: 45 degrees, soil full of water that neither pulls nor presses (head -sucsat), so W = 9.81 (.6 2700 + .4 1000)
# per metre and, without cohesion, FoS is tan(phi).
WEIGHT = G * (0.6 * 2700.0 + 0.4 * 1000.0)  # Pa/m


def by_hand(rows, columns, tan_friction, thickness=1.0, weak=(), at=0.0, **strength):
    """(triggering, number of the cell in a row and column). Bases hold all, but for `weak` cells (row, column), which
    have root cohesion `at` (Pa); strength: what is not zero else, a function of that number or one value."""
    land = hillslope("planar", 1.0, rows, columns, SIZE)
    number = land.grid(np.arange(land.n), -1)
    roots = np.full(land.n, STRONG)
    roots[[number[cell] for cell in weak]] = at
    given = {"cohesion": 0.0, "tension": 0.0, **strength}
    given = {name: value(number) if callable(value) else value for name, value in given.items()}
    hill = on_hillslope(land, -0.5, thickness)
    return Triggering(hill, HillslopeStrength(tan_friction=tan_friction, roots_base=roots, **given)), number


def excess(tan_friction, thickness=1.0):
    """N, of driving over friction of a cell `by_hand`."""
    return WEIGHT * thickness * SIZE**2 * SLOPE * (1.0 - tan_friction)


def released(hill):
    """(row, column) of released cells, in order."""
    land = hill.hillslope.terrain
    return sorted(zip(land.row[hill.released].tolist(), land.column[hill.released].tolist(), strict=True))


def random_hill(rng, shape, **more):
    size = rng.uniform(2.0, 8.0)
    land = hillslope(shape, rng.uniform(0.4, 1.1), 9, 8, size, 0.02, 0.05 * size * rng.standard_normal((9, 8)))
    thickness = rng.uniform(0.5, 2.0, land.n)
    nodes = thickness[:, None] * (np.arange(4) + 0.5) / 4
    table = (thickness * rng.uniform(-0.2, 1.0, land.n))[:, None]
    heads = np.maximum((nodes - table) / (1.0 + land.gradient[:, None] ** 2), -3.0)
    soil = dict(sucsat=0.1, lateral=5.0, macropore_share=0.3, rock=1e-8)
    varied = rng.lognormal(0.0, 0.4, (3, land.n))
    strength = dict(
        cohesion=rng.uniform(0.0, 8e3) * varied[0],
        roots_base=rng.uniform(0.0, 4e3) * varied[1],
        roots_side=rng.uniform(0.0, 6e3) * varied[2],
        tan_friction=rng.uniform(0.5, 0.8),
        surcharge=rng.uniform(0.0, 300.0),
        **more,
    )
    return on_hillslope(land, heads, thickness, **soil), strength


# The infinite slope


def expected_fos(land, heads, thickness, porosity, sucsat, bsw, tan_friction, cohesion, cap, surcharge):
    """science.md: tan(phi)/tan(beta) + [c - sigma_s tan(phi)] / (W sin(beta) cos(beta)), on the lower faces."""
    beta = np.arctan(land.gradient)[:, None]
    dz = (thickness / heads.shape[1])[:, None]
    s = np.where(heads < -sucsat, (np.maximum(-heads, sucsat) / sucsat) ** (-1.0 / bsw), 1.0)
    weight = surcharge + np.cumsum(dz * G * ((1.0 - porosity) * 2700.0 + 1000.0 * porosity * s), axis=1)
    held = np.maximum(s, 0.1 * bsw / (bsw - 1.0))
    suction = np.minimum(WATER * (held - 0.1) / 0.9 * (sucsat * held**-bsw - sucsat), cap)
    face = heads + 0.5 * dz * np.cos(beta) ** 2
    sigma = np.where(face > 0.0, WATER * face, -suction)
    return tan_friction / np.tan(beta) + (cohesion - sigma * tan_friction) / (weight * np.sin(beta) * np.cos(beta))


@pytest.mark.parametrize("wet", ["dry", "mixed", "saturated"])
def test_factor_of_safety_against_its_formula(wet):
    rng = np.random.default_rng(len(wet))
    for shape in SHAPES * 3:
        land = hillslope(shape, rng.uniform(0.3, 1.2), 6, 5, 5.0, 0.02, 0.3 * rng.standard_normal((6, 5)))
        m, n = int(rng.integers(2, 8)), land.n
        low, high = {"dry": (-50.0, -1.0), "mixed": (-3.0, 1.0), "saturated": (0.0, 2.0)}[wet]
        heads, thickness = rng.uniform(low, high, (n, m)), rng.uniform(0.3, 3.0, n)
        soil = dict(porosity=rng.uniform(0.35, 0.6), sucsat=rng.uniform(0.05, 0.5), bsw=rng.uniform(2.5, 12.0))
        cohesion, roots = rng.uniform(0.0, 1e4, (2, n))
        tan_friction, cap, surcharge = rng.uniform(0.4, 0.9, n), rng.uniform(0.0, 2e4), rng.uniform(0.0, 400.0, n)
        hill = Triggering(
            on_hillslope(land, heads, thickness, m, **soil),
            HillslopeStrength(cohesion, tan_friction, roots, 0.0, surcharge, cap),
        )
        rest = land, heads, thickness, *soil.values(), tan_friction[:, None]
        by_layer = rng.uniform(0.0, 2e4, (n, m))
        for given, used in ((None, roots[:, None]), (by_layer, by_layer)):
            expected = expected_fos(*rest, cohesion[:, None] + used, cap, surcharge[:, None])
            np.testing.assert_allclose(hill.factor_of_safety(given), expected, rtol=1e-9)


def layered_fos(beta, phi, table, **strength):
    """FoS by layer; the unit weight of full soil is 20 kN/m3, and suction does not count."""
    land = hillslope("planar", math.tan(math.radians(beta)), 4, 4, 5.0)
    nodes = 1.5 * (np.arange(6) + 0.5) / 6
    heads = (nodes - table) * math.cos(math.radians(beta)) ** 2
    h = on_hillslope(land, heads, 1.5, 6, porosity=(2700.0 - 20e3 / G) / 1700.0, sucsat=0.01)
    more = {"cohesion": 0.0, "suction_cap": 0.0, **strength}
    return Triggering(h, HillslopeStrength(tan_friction=math.tan(math.radians(phi)), **more)).factor_of_safety()


def test_dry_and_without_cohesion():
    """tan 35 / tan 30 = 1.212795 at any depth."""
    np.testing.assert_allclose(layered_fos(30, 35, 100.0), 1.212795, rtol=1e-6)


def test_full_seepage():
    """1.212795 (1 - 9.81/20) = .617919 at any depth; beta 35, phi 33, c 5 kPa at 1.5 m: .827262, with roots of 5 kPa
    1.181988."""
    np.testing.assert_allclose(layered_fos(30, 35, 0.0), 0.617919, rtol=1e-6)
    np.testing.assert_allclose(layered_fos(35, 33, 0.0, cohesion=5e3)[:, -1], 0.827262, rtol=1e-6)
    np.testing.assert_allclose(layered_fos(35, 33, 0.0, cohesion=5e3, roots_base=5e3)[:, -1], 1.181988, rtol=1e-6)


def test_water_in_macropores_presses_on_bedrock():
    """Macropores full to the ground make dry soil a seepage on its base alone: .75 m of water there take away
    9.81 .75 cos^2 tan(phi) of strength."""
    land = hillslope("planar", 1.0, 4, 4, 5.0)
    h = on_hillslope(land, -5.0, 1.0, macropore_porosity=0.03)
    hill = Triggering(h, HillslopeStrength(0.0, 0.6, suction_cap=0.0))
    before = hill.factor_of_safety()
    h.macropores[:] = 0.03 * 0.75
    fallen = before - hill.factor_of_safety()
    weight = G * (0.6 * 2700.0 + 1000.0 * 0.4 * 10.0**-0.2)
    np.testing.assert_allclose(fallen[:, :-1], 0.0, atol=1e-12)
    np.testing.assert_allclose(fallen[:, -1], WATER * 0.75 * 0.5 * 0.6 / (weight * 0.5), rtol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_without_bonds_is_the_infinite_slope(shape):
    """Released are the cells whose FoS on bedrock was below 1 at some step, at the first of them."""
    rng = np.random.default_rng(SHAPES.index(shape))
    seen, stand = 0, 0
    for _ in range(8):
        h, strength = random_hill(rng, shape, bonds=False)
        hill, first = Triggering(h, HillslopeStrength(**strength)), np.full(h.terrain.n, np.inf)
        for step in range(24):
            h.step(rng.choice([0.0, 1e-5]), HOUR)
            hill.update(step * HOUR)
            first[(hill.factor_of_safety()[:, -1] < 1.0) & np.isinf(first)] = step * HOUR
            np.testing.assert_array_equal(hill.released_at, first)
            np.testing.assert_array_equal(hill.released, first < np.inf)
        seen, stand = seen + np.isfinite(first).sum(), stand + np.isinf(first).sum()
    assert seen > 30
    assert stand > 30


# Bonds


def test_bases_below_1_fail_and_bonds_hold_some_of_them():
    """At the first step all bases with FoS < 1 fail, by what hangs and presses on them others too. Where none else
    does, no cell is released that is not on its own; some are held."""
    rng = np.random.default_rng(4)
    alone, held = 0, 0
    for k in range(150):
        h, strength = random_hill(rng, SHAPES[k % 3])
        hill = Triggering(h, HillslopeStrength(**strength))
        below = hill.factor_of_safety()[:, -1] < 1.0
        hill.update(0.0)
        assert (hill.failed >= below).all()
        assert (hill.failed >= hill.released).all()
        assert (hill.failed >= hill.torn).all()
        assert (hill.torn >= hill.released).all()
        if (hill.failed == below).all():
            alone += below.any()
            assert (hill.released <= below).all()
            held += (below & ~hill.released).sum()
    assert alone > 10
    assert held > 20


@pytest.mark.parametrize("through", ["roots", "soil"])
def test_three_bonds_hold_a_weak_cell(through):
    """tan(phi) = .5: its excess hangs on the cells above, left and right; a bond has half of what both offer, here
    only the neighbours: 1/2 R thickness SIZE. So it is held up to 3/2 R thickness SIZE, and slides beyond; the cell
    below bears nothing of it."""
    needed = excess(0.5) / (1.5 * SIZE)
    for factor, holds in ((1.0 + 1e-9, True), (1.0 - 1e-9, False)):

        def beside(number, factor=factor):
            values = np.full(number.size, factor * needed)
            values[number[2, 2]] = 0.0
            return values

        if through == "roots":
            given = dict(roots_side=beside)
        else:  # 40 % of the soil's cohesion
            given = dict(cohesion=lambda number, beside=beside: beside(number) / 0.4, tension=0.4)
        hill, number = by_hand(5, 5, 0.5, weak=[(2, 2)], **given)
        hill.update(0.0)
        assert np.flatnonzero(hill.failed) == [number[2, 2]]
        assert hill.torn.any() == (not holds)
        assert released(hill) == ([] if holds else [(2, 2)])


def test_without_bonds_nothing_holds_it():
    hill, _ = by_hand(5, 5, 0.5, weak=[(2, 2)], roots_side=STRONG, bonds=False)
    hill.update(0.0)
    assert released(hill) == [(2, 2)]


def test_what_hangs_on_a_neighbour_may_break_its_base():
    """A third of the excess on each: the left one stands if its roots bear its own and that."""
    for factor, stands in ((1.0 + 1e-9, True), (1.0 - 1e-9, False)):
        hill, number = by_hand(5, 5, 0.5, weak=[(2, 2)], roots_side=STRONG)
        hill.strength.roots_base[number[2, 1]] = factor * (4.0 / 3.0) * excess(0.5) * SLOPE / SIZE**2
        hill = Triggering(hill.hillslope, hill.strength)
        hill.update(0.0)
        assert hill.failed[number[2, 2]]
        assert hill.failed[number[2, 1]] == (not stands)
        assert hill.failed.sum() == 2 - stands
        assert not hill.released.any()


def test_damage_of_a_base_that_holds():
    """Of a Weibull bundle of shape 2, x exp(-x^2) per fibre: its load is 4/3 of the excess, its peak the roots'."""
    hill, number = by_hand(5, 5, 0.5, weak=[(2, 2)], roots_side=STRONG)
    hill.update(0.0)
    peak = math.sqrt(0.5) * math.exp(-0.5)
    for cell, load in ((number[2, 1], 4.0 / 3.0), (number[0, 0], 1.0)):
        share = load * excess(0.5) / (STRONG * SIZE**2 / SLOPE)
        strain = brentq(lambda x, share=share: x * math.exp(-x * x) - share * peak, 0.0, math.sqrt(0.5), xtol=1e-15)
        assert hill.damage[cell] == pytest.approx(1.0 - math.exp(-strain * strain), rel=1e-6)
    assert hill.damage[number[2, 2]] == 1.0


# Compression


def passive(tan_friction):
    sine = math.sin(math.atan(tan_friction))
    return (1.0 + sine) / (1.0 - sine)


def test_a_column_pressed_beyond_its_passive_limit_is_released():
    """Its excess against 1/2 W thickness Kp SIZE, both in proportion to W: released where thickness is less than
    2 SIZE (sin - cos tan(phi)) / Kp. At tan(phi) = .8 that is .6534 m."""
    thinnest = 2.0 * SIZE * SLOPE * 0.2 / passive(0.8)
    assert thinnest == pytest.approx(0.6534, abs=1e-4)
    for factor, found in ((1.0 - 1e-9, [(2, 1)]), (1.0 + 1e-9, [])):
        hill, number = by_hand(5, 3, 0.8, factor * thinnest, weak=[(2, 1)])
        hill.update(0.0)
        assert np.flatnonzero(hill.torn) == [number[2, 1]]
        assert released(hill) == found


def test_cohesion_adds_to_the_passive_limit():
    """1/2 W thickness Kp + 2 (c + c_r) sqrt(Kp) thickness, on one side; roots on it do not hang, with none beside."""
    thickness, kp = 0.5, passive(0.8)
    short = excess(0.8, thickness) / SIZE - 0.5 * WEIGHT * thickness**2 * kp
    needed = short / (2.0 * math.sqrt(kp) * thickness)
    for factor, found in ((1.0 - 1e-9, [(2, 1)]), (1.0 + 1e-9, [])):

        def own(number, factor=factor):
            values = np.zeros(number.size)
            values[number[2, 1]] = factor * needed
            return values

        hill, number = by_hand(5, 3, 0.8, thickness, weak=[(2, 1)], roots_side=own)
        bonds = 0.5 * factor * needed * thickness * SIZE * 3
        assert bonds < excess(0.8, thickness)
        hill.update(0.0)
        assert released(hill) == found


def test_two_in_a_line_press_together():
    """At 1 m the excess of one is .6534 of the limit, of two 1.3067. With the lower gone nothing holds the upper."""
    for weak, found in (([(2, 1)], []), ([(2, 1), (3, 1)], [(2, 1), (3, 1)])):
        hill, _ = by_hand(6, 3, 0.8, weak=weak)
        hill.update(0.0)
        assert released(hill) == found


def test_an_avalanche_down_a_line():
    """3 m of soil: an excess is .2178 of the limit, so it takes five. Eight marginal cells in a line, FoS 1.02 of their
    excess: nothing moves until the uppermost loses its roots, and then five slide at once."""
    line = [(row, 1) for row in range(1, 9)]
    assert 4.0 < 1.5 * WEIGHT * 3.0 * passive(0.8) * SIZE / excess(0.8, 3.0) < 5.0
    marginal = 1.02 * excess(0.8, 3.0) * SLOPE / SIZE**2
    hill, number = by_hand(11, 3, 0.8, 3.0, weak=line, at=marginal)
    hill.update(0.0)
    assert not hill.failed.any()
    hill.strength.roots_base[number[1, 1]] = 0.0
    hill = Triggering(hill.hillslope, hill.strength)
    hill.update(7.0)
    assert released(hill) == line[:5]
    assert hill.failed.sum() == 5
    (slide,) = hill.landslides()
    assert (slide.time, slide.area, slide.depth) == (7.0, 5 * SIZE**2, 3.0)


# What holds in every state


@pytest.mark.parametrize("shape", SHAPES)
def test_flags_never_go_back_and_an_update_is_complete(shape):
    """Through storms and drying; a second update under the same water changes nothing."""
    rng = np.random.default_rng(10 + SHAPES.index(shape))
    names = ("failed", "torn", "released", "damage")
    seen = 0
    for _ in range(8):
        h, strength = random_hill(rng, shape)
        hill = Triggering(h, HillslopeStrength(**strength))
        before = {name: getattr(hill, name).copy() for name in names}
        for step in range(30):
            h.step(rng.choice([0.0, 2e-5]), rng.choice([HOUR, 24.0 * HOUR]))
            times = hill.released_at.copy()
            hill.update(step * HOUR)
            after = {name: getattr(hill, name).copy() for name in names}
            assert all((after[name] >= before[name]).all() for name in names)
            assert (after["damage"] <= 1.0).all()
            assert (after["damage"][after["failed"]] == 1.0).all()
            fresh = after["released"] & ~before["released"]
            np.testing.assert_array_equal(hill.released_at, np.where(fresh, step * HOUR, times))
            hill.update(1e9)
            for name in names:
                np.testing.assert_array_equal(getattr(hill, name), after[name], err_msg=name)
            assert not (hill.released_at == 1e9).any()
            before = after
        seen += hill.released.any() and not hill.released.all()
    assert seen > 2


def test_more_roots_release_less():
    """Never more without bonds. With them roots that hold a cell load its neighbours too, so it may happen, but in few
    draws, and over all of them far less is released."""
    rng = np.random.default_rng(6)
    without, bonded = [], []
    for k in range(200):
        h, strength = random_hill(rng, SHAPES[k % 3])
        more = {**strength, **{name: 2.0 * strength[name] for name in ("roots_base", "roots_side")}}
        for bonds, found in ((False, without), (True, bonded)):
            pair = []
            for given in (strength, more):
                hill = Triggering(h, HillslopeStrength(**given, bonds=bonds))
                hill.update(0.0)
                pair.append(hill.released)
            found.append(pair)
    assert all((strong <= weak).all() for weak, strong in without)
    numbers = np.array([[cells.sum() for cells in pair] for pair in bonded])
    assert (numbers[:, 1] > numbers[:, 0]).mean() < 0.1
    assert numbers[:, 1].sum() < 0.8 * numbers[:, 0].sum()


def test_the_mirror_image_slides_as_a_mirror_image():
    rng = np.random.default_rng(8)
    some = 0
    for _ in range(10):
        z = 4.0 * np.arange(9)[::-1, None] + 0.2 * rng.standard_normal((9, 8))
        roots, thickness = rng.uniform(0.0, 5e3, (9, 8)), rng.uniform(0.5, 2.0, (9, 8))

        def slides(z, roots, thickness):
            land = terrain(z, 5.0)
            at = land.row, land.column
            h = on_hillslope(land, 0.2, thickness[at])
            hill = Triggering(h, HillslopeStrength(2e3, 0.7, roots[at], roots[at]))
            hill.update(0.0)
            return land.grid(hill.released, False)

        one, other = (slides(*(field[:, ::way] for field in (z, roots, thickness))) for way in (1, -1))
        np.testing.assert_array_equal(one, other[:, ::-1])
        some += one.any() and not one.all()
    assert some > 2


# Landslides


def test_landslides_by_hand():
    """Cells with the hour they went in; they belong together across sides and corners, within an hour of each other.

    A: (0, 0) at 5 and (1, 1) at 6, over a corner; (2, 1) at 6.5 follows (1, 1). B: (2, 2) at 8 touches A, an hour and a
    half later. C: (0, 4) at 5 touches none. D and E: (4, 3) at 1 and (4, 4) at 2.01. Landslides by the first of their
    cells; A before C, for its first cell is higher up or further left.
    """
    land = hillslope("planar", 0.5, 6, 5, 4.0)
    h = on_hillslope(land, -1.0, 0.5 + 0.1 * land.row)
    hill = Triggering(h, HillslopeStrength(0.0, 0.6))
    assert hill.landslides() == []
    hours = {(0, 0): 5, (1, 1): 6, (2, 1): 6.5, (2, 2): 8, (0, 4): 5, (4, 3): 1, (4, 4): 2.01}
    for (row, column), hour in hours.items():
        cell = land.grid(np.arange(land.n), -1)[row, column]
        hill.released[cell], hill.released_at[cell] = True, hour * HOUR
    place = np.stack([land.row, land.column], axis=1)
    found = [
        (s.time / HOUR, s.area / 16.0, s.volume / 16.0, s.depth, sorted(map(tuple, place[s.cells].tolist())))
        for s in hill.landslides()
    ]
    expected = [
        (1.0, 1, 0.9, 0.9, [(4, 3)]),
        (2.01, 1, 0.9, 0.9, [(4, 4)]),
        (5.0, 3, 0.5 + 0.6 + 0.7, 0.6, [(0, 0), (1, 1), (2, 1)]),
        (5.0, 1, 0.5, 0.5, [(0, 4)]),
        (8.0, 1, 0.7, 0.7, [(2, 2)]),
    ]
    assert [f[4] for f in found] == [e[4] for e in expected]
    np.testing.assert_allclose([f[:4] for f in found], [e[:4] for e in expected], rtol=1e-12)
    assert len(hill.landslides(within=2.0 * HOUR)) == 3
    assert len(hill.landslides(within=0.0)) == 7
    assert len(hill.landslides(within=1e9)) == 3

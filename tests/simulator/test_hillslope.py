"""Water on a hillslope: none is lost, it stands below the ground, and it flows as Darcy says."""

import math
from dataclasses import replace

import numpy as np
import pytest

from elm_landslide.simulator.hillslope import BUDGET, LEAST_FILLABLE, Hillslope, HillslopeSoil
from elm_landslide.simulator.terrain import SHAPES, hillslope, terrain

HOUR, DAY = 3600.0, 86400.0
# Without macropores and tight below; what a test is about takes the place of these.
PLAIN = dict(
    **dict(thickness=1.5, porosity=0.45, ks=1e-5, sucsat=0.02, bsw=4.0),
    **dict(macropore_porosity=1e-9, macropore_conductivity=0.0, rock=0.0),
)
ELASTIC = 1e-3  # 1/m, specific storage


def make(land, n_layers=6, head=-1.0, **soil):
    h = Hillslope(land, HillslopeSoil(**{**PLAIN, **soil}), n_layers)
    h.set_head(np.broadcast_to(head, h.w.shape))
    return h


def chute(rows=6, gradient=0.6, size=5.0):
    """A plane of three columns whose water goes straight down."""
    land = hillslope("planar", gradient, rows, 3, size)
    return replace(land, weights=np.eye(8)[np.full(land.n, 6)])


def hydrostatic(land, thickness, n_layers, table):
    """Heads over and under a table at a depth (m), of seepage along the slope."""
    nodes = thickness / n_layers * (np.arange(n_layers) + 0.5)
    return (nodes - table) / (1.0 + land.gradient[:, None] ** 2)


def water(h):
    """m in every cell."""
    return h.w.mean(1) * h.thickness + h.macropores + h.ponds


def run(h, rain, steps, seconds=HOUR):
    """Budget (m) of the steps."""
    budgets = [h.step(rain, seconds) for _ in range(steps)]
    return {name: math.fsum(b[name] for b in budgets) for name in BUDGET}


def random_hillslope(rng, shape):
    size = rng.uniform(2.0, 10.0)
    relief = 0.1 * size * rng.standard_normal((9, 8))  # with hollows that have no outlet
    land = hillslope(shape, rng.uniform(0.1, 1.2), 9, 8, size, rng.uniform(0.0, 0.03), relief)
    soil = HillslopeSoil(
        rng.uniform(0.3, 3.0, land.n),
        porosity=rng.uniform(0.35, 0.6),
        ks=10 ** rng.uniform(-7.5, -4.0),
        sucsat=rng.uniform(0.02, 0.6),
        bsw=rng.uniform(2.5, 12.0),
        lateral=10 ** rng.uniform(0.0, 1.5),
        macropore_share=rng.uniform(0.0, 0.6),
        macropore_porosity=10 ** rng.uniform(-2.0, -1.3),
        macropore_conductivity=10 ** rng.uniform(-5.0, -3.0),
        rock=10 ** rng.uniform(-9.0, -7.0),
    )
    h = Hillslope(land, soil, int(rng.integers(2, 9)))
    h.set_head(-(10 ** rng.uniform(-1.5, 1.5, h.w.shape)))
    return h


@pytest.mark.parametrize("shape", SHAPES)
def test_no_water_is_lost_and_none_stands_above_the_ground(shape):
    """Balance within 1e-12 of the input. No head on bedrock above that of a full column by more than 5 %: water
    from macropores presses saturated soil before that gives way; contents up to what this head squeezes in."""
    rng = np.random.default_rng(SHAPES.index(shape))
    ponded = 0.0
    for _ in range(25):
        h = random_hillslope(rng, shape)
        full = 1.05 * h.thickness * h.cosine2
        most = h.soil.porosity + ELASTIC * (full + h.soil.sucsat)
        before, budgets = water(h).mean(), []
        for _ in range(48):
            rain = rng.choice([0.0, 10 ** rng.uniform(-7.0, -4.5)])
            budgets.append(h.step(rain, rng.choice([HOUR / 4.0, HOUR, 12.0 * HOUR])))
            assert (h.w > 0.0).all()
            assert (h.w <= most[:, None]).all()
            assert (h.base()[0][:, -1] <= full).all()
            assert (h.macropores >= -1e-15).all()
            assert (h.macropores <= 1.002 * h.soil.macropore_porosity * h.thickness).all()
            assert (h.ponds >= -1e-15).all()
        came, over_edge, into_rock, stored = (math.fsum(b[name] for b in budgets) for name in BUDGET)
        assert came > 0.0
        assert min(over_edge, into_rock) >= 0.0
        assert stored == pytest.approx(came - over_edge - into_rock, abs=1e-12 * came)
        assert stored == pytest.approx(water(h).mean() - before, abs=1e-12 * came)
        assert h.stored() == pytest.approx(water(h).mean(), rel=1e-13)
        ponded = max(ponded, h.ponds.max())
    assert ponded > 0.0


@pytest.mark.parametrize("gradient", [0.2, 1.0])
def test_without_rain_what_is_in_balance_stays(gradient):
    """Dry soil at any head, and water that hangs over a table below bedrock."""
    land = hillslope("planar", gradient, 5, 4, 5.0)
    for head in (-1e4, hydrostatic(land, 1.5, 6, 2.5)):
        h = make(land, head=head, macropore_porosity=0.02, macropore_share=0.5, lateral=10.0)
        before = h.w.copy()
        budget = run(h, 0.0, 48)
        np.testing.assert_allclose(h.w, before, rtol=1e-9)
        assert budget["over_edge"] == 0.0
        assert budget["into_rock"] == 0.0


@pytest.mark.parametrize("gradient", [0.2, 1.0])
def test_steady_rain_falls_through(gradient):
    """Gravity alone moves it: saturation (r / ks)^(1 / (2b + 3)) everywhere, on a slope as on the level."""
    h = make(hillslope("planar", gradient, 4, 4, 5.0), 24, rock=1.0)
    budget = run(h, 1e-7, 100, DAY)
    assert budget["into_rock"] > 0.0
    assert budget["over_edge"] == 0.0
    np.testing.assert_allclose(h.w / 0.45, (1e-7 / 1e-5) ** (1.0 / 11.0), rtol=1e-6)
    assert run(h, 1e-7, 1, DAY)["into_rock"] == pytest.approx(1e-7 * DAY, rel=1e-6)


def test_bedrock_takes_its_most():
    h = make(hillslope("planar", 0.5, 4, 4, 5.0), head=-0.1, rock=1e-8)
    assert run(h, 1e-7, 24)["into_rock"] == pytest.approx(1e-8 * DAY, rel=1e-12)


@pytest.mark.parametrize("lateral", [1.0, 5.0, 30.0])
def test_steady_height_of_the_saturated_soil(lateral):
    """Darcy on a plane, over bedrock that takes nothing: all rain leaves over the edge, and at x from the top the soil
    is saturated up to r x / (K sin cos), with the fringe where suction is below its air entry. The layers are 6 cm;
    rain on its way down takes r / ks of the head, no more."""
    rows, gradient, size, foot = 8, 0.6, 5.0, 0.6
    along = gradient / (1.0 + gradient**2)
    rain = lateral * 1e-5 * along * foot / (rows * size)
    # Wide enough that the middle does not feel the sides.
    h = make(hillslope("planar", gradient, rows, 17, size), 24, head=-0.2, lateral=lateral)
    seconds = DAY / 2.0 / lateral
    run(h, rain, 400, seconds)
    last = run(h, rain, 100, seconds)
    assert last["over_edge"] == pytest.approx(last["rain"], rel=0.02)
    heads = [(h.step(rain, seconds), h.base()[0][:, -1])[1] for _ in range(24)]
    height = h.terrain.grid((np.mean(heads, axis=0) + 0.02) * (1.0 + gradient**2))[:, 8]
    expected = foot * np.arange(1, rows + 1) / rows
    layer = 1.5 / 24
    assert (height < expected + layer).all()
    assert (height > expected * (1.0 - rain / 1e-5) - layer).all()


def test_full_soil_drains_by_darcy():
    """On 45 degrees sin cos = 1/2: in one step the uppermost cells lose K / 2 height / size, and nothing comes. The
    height is that at the end: it has fallen by the loss over the least fillable pores."""
    land = chute(gradient=1.0)
    h = make(land, head=hydrostatic(land, 1.5, 6, 0.0), ks=1e-6, lateral=4.0)
    before = water(h)
    h.step(0.0, 60.0)
    lost = land.grid(before - water(h))
    rate = 4e-6 * 0.5 / 5.0 * 60.0
    np.testing.assert_allclose(lost[0], rate * (1.5 - lost[0] / LEAST_FILLABLE), rtol=1e-9)


def test_hollows_are_wetter_than_planes_and_noses_drier():
    """In the middle of the foot, where water from both sides comes together or parts."""
    found = []
    for shape in ("convergent", "planar", "divergent"):
        h = make(hillslope(shape, 0.6, 12, 11, 5.0, 0.02), head=-0.2, lateral=10.0)
        run(h, 5e-7, 20 * 24)
        found.append(h.terrain.grid(h.base()[0][:, -1])[-1, 5])
    assert found[0] > found[1] + 0.05
    assert found[1] > found[2] + 0.05


def test_what_does_not_go_in_runs_on_and_goes_in_below():
    """Two full cells above dry ones. The third takes its own rain and theirs, the rest their own; nothing leaves."""
    land = chute()
    thickness = np.where(land.row < 2, 0.3, 1.5)
    full = hydrostatic(land, thickness[:, None], 6, 0.0)
    h = make(land, head=np.where(land.row[:, None] < 2, full, -5.0), thickness=thickness, lateral=0.0)
    before = water(h)
    budget = run(h, 1e-6, 1)
    assert budget["over_edge"] == 0.0
    gained = h.terrain.grid(water(h) - before)
    np.testing.assert_allclose(gained / 3.6e-3, np.repeat([[0], [0], [3], [1], [1], [1]], 3, axis=1), atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_macropores_take_their_share_of_what_is_too_fast(share):
    """Four times what the matrix conducts: `share` of three quarters is at depth at once. Up to once: nothing."""
    land = hillslope("planar", 0.8, 3, 4, 5.0)
    more = dict(ks=1e-6, lateral=0.0, macropore_porosity=0.02, macropore_share=share)
    for rain, bypass in ((4e-6, share * 3e-6), (1e-6, 0.0), (0.9e-6, 0.0)):
        h = make(land, 12, head=-50.0, **more)
        before = h.w[:, 6:].copy()
        h.step(rain, HOUR)
        # In the uppermost cells, for to the others comes what runs off there; 75 cm down and more.
        below = h.macropores + (h.w[:, 6:] - before).sum(1) * 1.5 / 12
        np.testing.assert_allclose(land.grid(below)[0], bypass * HOUR, rtol=1e-5, atol=1e-11)


def test_full_macropores_take_no_more():
    """Tight soil under a cloudburst: they fill to their porosity, the rest is run-off, and all is accounted for."""
    more = dict(ks=1e-12, macropore_porosity=0.02, macropore_share=0.9)
    h = make(hillslope("planar", 0.5, 4, 4, 5.0), head=-5.0, **more)
    budget = run(h, 2e-5, 12)
    np.testing.assert_allclose(h.macropores, 0.02 * 1.5, rtol=1e-3)
    assert budget["over_edge"] > 0.9 * (budget["rain"] - 0.03)
    np.testing.assert_allclose(h.base()[0][:, -1], 1.5 / 1.25, rtol=1e-3)


def test_macropores_drain_as_a_reservoir():
    """Above dry, tight soil the uppermost cells keep exp(-K sin cos t / (porosity size)), here on 45 degrees."""
    land = chute(gradient=1.0)
    h = make(land, head=-5.0, ks=1e-16, macropore_porosity=0.02, macropore_conductivity=1e-4)
    h.macropores[:] = 0.01
    run(h, 0.0, 3600, 1.0)
    np.testing.assert_allclose(land.grid(h.macropores)[0], 0.01 * math.exp(-1e-4 * 0.5 * 3600 / 0.1), rtol=1e-3)


def test_heads_and_saturation_on_the_faces():
    """Table at .6 m of 1.5: (z - .6) cos^2 on every face. Water in macropores counts on bedrock if it stands higher."""
    land = hillslope("planar", 0.5, 4, 4, 5.0)
    h = make(land, 5, head=hydrostatic(land, 1.5, 5, 0.6), macropore_porosity=0.02)
    faces = 0.3 * np.arange(1, 6)
    head, saturation = h.base()
    np.testing.assert_allclose(head, np.tile((faces - 0.6) / 1.25, (land.n, 1)), atol=1e-12)
    above = (0.45 / 1.25 / 0.02) ** -0.25, (0.15 / 1.25 / 0.02) ** -0.25
    np.testing.assert_allclose(saturation, np.tile([*above, 1.0, 1.0, 1.0], (land.n, 1)), rtol=1e-12)
    for standing, expected in ((0.5, 0.9), (1.2, 1.2)):
        h.macropores[:] = 0.02 * standing
        np.testing.assert_allclose(h.base()[0][:, -1], expected / 1.25, rtol=1e-12)


@pytest.mark.parametrize("relief", [0.0, 0.4])
def test_the_mirror_image_has_the_mirrored_water(relief):
    """Cells of one height are numbered from the left, so the numbers are not mirrored."""
    rng = np.random.default_rng(3)
    z = 3.0 * np.arange(8)[::-1, None] + relief * rng.standard_normal((8, 7))
    thickness = rng.uniform(0.5, 1.5, (8, 7))

    def wet(elevation, thickness):
        land = terrain(elevation, 5.0)
        more = dict(macropore_porosity=0.02, macropore_share=0.4, lateral=10.0, rock=1e-8)
        h = make(land, head=-0.5, thickness=thickness[land.row, land.column], **more)
        run(h, 1e-6, 48)
        run(h, 2e-5, 12)
        run(h, 0.0, 24)
        return land.grid(water(h)), land.grid(h.base()[0][:, -1])

    for one, other in zip(wet(z, thickness), wet(z[:, ::-1], thickness[:, ::-1]), strict=True):
        np.testing.assert_allclose(one, other[:, ::-1], rtol=1e-7, atol=1e-9)


def test_a_symmetric_hollow_has_symmetric_water():
    h = make(hillslope("convergent", 0.6, 9, 7, 5.0, 0.02), head=-0.3, lateral=10.0, macropore_share=0.3)
    run(h, 2e-6, 60)
    grid = h.terrain.grid(water(h))
    np.testing.assert_allclose(grid, grid[:, ::-1], rtol=1e-7)
    assert np.ptp(grid[-1]) > 0.01


@pytest.mark.parametrize("bad", [0.0, -0.5, math.nan])
def test_soil_without_thickness_is_refused(bad):
    land = hillslope("planar", 0.5, 4, 4, 5.0)
    thickness = np.ones(land.n)
    thickness[5] = bad
    with pytest.raises(ValueError, match=f"thickness: {bad:g} m in cell 5"):
        make(land, thickness=thickness)
    with pytest.raises(ValueError, match="thickness"):
        make(land, thickness=bad)


@pytest.mark.parametrize("bad", [-1e-9, math.nan, math.inf])
def test_rain_that_is_no_rain_is_refused(bad):
    h = make(hillslope("planar", 0.5, 4, 4, 5.0))
    before = h.w.copy()
    with pytest.raises(ValueError, match=f"rain: {bad} m/s"):
        h.step(bad, HOUR)
    np.testing.assert_array_equal(h.w, before)


def test_no_solution_is_an_error():
    h = make(hillslope("planar", 0.5, 4, 4, 5.0))
    h.w[7, 2] = math.nan
    with pytest.raises(ArithmeticError, match="cannot be solved in cell 7"):
        h.step(1e-6, HOUR)

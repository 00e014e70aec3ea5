"""One member: what it hands to the network is what its column and terrain say, and its outcome is the hillslope's."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, FLAGS, N_IN, SLOPE_PERCENTILES, SPVAL, WETNESS_FIELDS
from elm_landslide.model import model_file
from elm_landslide.physics.constants import SECONDS_PER_HOUR as HOUR
from elm_landslide.physics.root_profile import COVERS
from elm_landslide.simulator import column, member
from elm_landslide.simulator.member import Settings
from elm_landslide.simulator.prior import PRIORS, design, limits
from elm_landslide.simulator.scene import scene as draw_scene
from elm_landslide.simulator.terrain import hillslope, terrain, tile

SMALL = Settings(rows=10, columns=10, spin_up=20, settle=5, hours=36, lead=6)
KEPT = np.array([5, 11, 17, 23, 29, 35])  # hours of the event whose end is stored
DRAWS = [dict(zip(PRIORS, row.tolist(), strict=True)) for row in design(20, 14)]
KNOWN = {*WETNESS_FIELDS, "vegetation_carbon", "rain_1d", "rain_3d", "rain_7d", "snowmelt", "root_strength_left"}


def scene(p, seed=1, settings=SMALL, **more):
    return draw_scene(p, seed, settings, **more)


@pytest.fixture(scope="module")
def runs():
    """(scene as it is at the end, what it gave) of 20 draws."""
    made = [scene(p, [14, i]) for i, p in enumerate(DRAWS)]
    return [(m, member.run(m, SMALL)) for m in made]


def field(out, name):
    return out["x"][:, FIELDS[name].columns]


# The input of the network


def test_every_field_is_in_its_range(runs):
    """Required fields are there, and of the optional ones those that an ensemble knows."""
    for _, out in runs:
        assert out["x"].shape == (len(KEPT), N_IN)
        for name, f in FIELDS.items():
            x = field(out, name)
            if f.required or name in KNOWN:
                assert (np.isfinite(x) & (x >= f.valid[0]) & (x <= f.valid[1])).all(), name
            else:
                assert (x == SPVAL).all(), name


def test_what_moves_is_the_column(runs):
    """The column, run once more from its start to its end, at the stored hours; no step is left out between."""
    for i, (made, out) in enumerate(runs):
        again = scene(DRAWS[i], [14, i])
        np.testing.assert_array_equal(again.forcing, made.forcing)
        whole = column.run(again.soil, again.water, again.forcing)
        at = 24 * SMALL.spin_up + KEPT
        np.testing.assert_array_equal(field(out, "liquid_water"), whole["liquid_water"][at])
        np.testing.assert_array_equal(field(out, "water_table_depth")[:, 0], whole["water_table"][at])
        # mm/s
        for name, of_column in (("surface_runoff",) * 2, ("subsurface_drainage", "baseflow"), ("snowmelt",) * 2):
            np.testing.assert_allclose(field(out, name)[:, 0], 1000.0 * whole[of_column][at], rtol=1e-15)
        np.testing.assert_allclose(field(out, "water_input")[:, 0], 1000.0 * whole["water_input"][at], rtol=1e-15)


def test_antecedent_rain_by_hand(runs):
    """Of the last 24, 72 and 168 hours, as rain, without snow."""
    some = 0.0
    for made, out in runs:
        np.testing.assert_allclose(made.rain, made.forcing[0] * HOUR * 1000.0, rtol=1e-12)
        assert made.forcing.shape == (4, 24 * 20 + 36)
        assert (made.forcing[[0, 1, 3]] >= 0.0).all()
        for days in (1, 3, 7):
            ends = 24 * 20 + KEPT + 1
            expected = [math.fsum(made.rain[end - 24 * days : end]) for end in ends]
            np.testing.assert_allclose(field(out, f"rain_{days}d")[:, 0], expected, atol=1e-9)
            some += sum(expected)
    assert some > 1000.0


def test_a_week_of_rain_needs_a_week():
    with pytest.raises(UserError, match="spin_up: 6; must be at least 7"):
        Settings(spin_up=6, settle=2)


def test_the_hillslope_settles_under_local_rain():
    """What it receives before the event is the water of the column's last days times the local rain, less what the
    column gives to the air."""
    one, many = ({**DRAWS[3], "local_rain": local} for local in (1.0, 5.0))
    supply, received = [], []
    for p in (one, many):
        made = scene(p)
        season = column.run(scene(p).soil, scene(p).water, made.forcing[:, : -SMALL.hours])
        supply.append(HOUR * season["water_input"][-24 * SMALL.settle :].sum())
        received.append(member.begin(made, SMALL).budget[0])
    assert supply[0] == supply[1] > 0.005
    loss = supply[0] - received[0]  # to the air
    assert 0.0 < loss < supply[0]
    assert received[1] == pytest.approx(5.0 * supply[1] - loss, rel=1e-9)


def test_organic_soil():
    """Nine tenths of peat: porosity .93 at the surface and .83 from half a metre on, blended with the mineral's by
    volume in column and hillslope; below 0 there is none."""
    p = {**DRAWS[0], "thickness": 2.0}
    peat, mineral = scene({**p, "organic": 0.9}), scene({**p, "organic": -1.0})
    of_mineral = 0.489 - 0.00126 * p["sand"]
    np.testing.assert_allclose(mineral.soil.porosity, of_mineral)
    np.testing.assert_allclose(peat.soil.porosity[-4:], 0.9 * 0.83 + 0.1 * of_mineral)
    assert peat.soil.porosity[0] == pytest.approx(0.9 * 0.93 + 0.1 * of_mineral, abs=2e-3)
    assert peat.hill.hillslope.soil.porosity == pytest.approx(0.9 * 0.83 + 0.1 * of_mineral)
    np.testing.assert_allclose(peat.static["porosity"], peat.soil.porosity)


def test_storm_is_as_drawn():
    """Warm: all of it is rain, from the sixth hour of the event on, none before; 30 hours hold it."""
    p = {**DRAWS[0], "temperature": 25.0, "first_day": 180.0, "storm_depth": 80.0, "storm_hours": 20.0}
    event = scene(p).rain[-36:]
    assert math.fsum(event) == pytest.approx(80.0, rel=1e-12)
    assert (event[:6] == 0.0).all()
    assert (event[6:26] > 0.0).all()
    assert (event[26:] == 0.0).all()


def test_static_fields(runs):
    covers = set()
    for i, (made, out) in enumerate(runs):
        p, land = DRAWS[i], made.hill.hillslope.terrain
        gradient = np.percentile(land.gradient, SLOPE_PERCENTILES)
        np.testing.assert_allclose(field(out, "slope"), np.tile(gradient, (6, 1)), rtol=1e-12)
        assert (np.diff(field(out, "slope"), axis=1) >= 0.0).all()
        shares = np.array([field(out, f"{cover}_cover")[0, 0] for cover in COVERS])
        covers.add(tuple(shares))
        assert shares.sum() == (p["cover"] < 4.0)
        assert p["cover"] >= 4.0 or shares[int(p["cover"])] == 1.0
        assert field(out, "root_fraction")[0].sum() == pytest.approx(shares.sum(), abs=1e-6)
        assert field(out, "leaf_area_index")[0, 0] == p["leaf_area"] * shares.sum()
        np.testing.assert_allclose(field(out, "sand"), p["sand"])
        np.testing.assert_allclose(field(out, "clay"), p["clay_share"] * (100.0 - p["sand"]))
        assert (field(out, "ice") == 0.0).all()
    assert len(covers) == 5


def test_roots_left_after_clearing():
    """Sidle (1991): exp(-.5 t^.73) of the old roots, 1 / (.952 + 19.05 exp(-.25 t)) - .05 of new ones. Bare ground and
    what was never cleared have lost none."""
    p = {**DRAWS[0], "cover": 0.0, "cleared": 0.1}
    surfaces = {}
    for years in (0.2, 5.0, 40.0):
        made = scene({**p, "years": years})
        left = math.exp(-0.5 * years**0.73) + max(1.0 / (0.952 + 19.05 * math.exp(-0.25 * years)) - 0.05, 0.0)
        assert made.static["root_strength_left"] == pytest.approx(min(left, 1.0), rel=1e-6)
        surfaces[years] = made.roots / min(left, 1.0)
    for other in ({"cleared": 0.5}, {"cover": 4.5}):
        made = scene({**p, **other})
        assert made.static["root_strength_left"] == 1.0
    np.testing.assert_allclose(surfaces[5.0], surfaces[0.2], rtol=1e-6)
    np.testing.assert_allclose(scene({**p, "cleared": 0.5}).roots, surfaces[5.0], rtol=1e-6)
    assert not made.roots.any()  # bare


def test_roots_left_is_a_share(runs):
    for _, out in runs:
        assert ((field(out, "root_strength_left") > 0.0) & (field(out, "root_strength_left") <= 1.0)).all()


def test_the_shipped_network_takes_it(runs):
    y = torch.jit.load(str(model_file.SHIPPED))(torch.from_numpy(np.concatenate([out["x"] for _, out in runs])))
    assert torch.isfinite(y).all()
    assert (y < SPVAL).all()
    assert (y[:, -1] != FLAGS["invalid"]).all()


# What the hillslope did


def test_water_balances(runs):
    assert max(out["balance"] for _, out in runs) <= 1e-9


def test_both_get_the_same_water():
    """On the hillslope what reaches the soil of the column in the event, times the local rain; the balance closes."""
    made = scene(DRAWS[3])
    storm = member.begin(made, SMALL)
    incoming, lost = storm.budget
    stored = made.hill.hillslope.stored()
    assert stored == pytest.approx(storm.stored + incoming - lost, rel=1e-12)
    for hour in range(SMALL.hours):
        member.advance(made, storm, SMALL, hour)
    came = DRAWS[3]["local_rain"] * HOUR * math.fsum(storm.event["water_input"])
    assert came > 0.01
    assert storm.budget[0] - incoming == pytest.approx(came, rel=1e-12)
    assert made.hill.hillslope.stored() - stored == pytest.approx(came - (storm.budget[1] - lost), abs=1e-12)


def test_substeps_share_the_hour():
    """The same water in twice the steps: no step is left out, and the outcome is close."""
    one, two = (scene(DRAWS[3]) for _ in range(2))
    half = Settings(**{**SMALL.__dict__, "substeps": 2})
    whole, halves = member.run(one, SMALL), member.run(two, half)
    np.testing.assert_array_equal(whole["x"], halves["x"])
    assert halves["balance"] <= 1e-9
    assert two.hill.hillslope.stored() == pytest.approx(one.hill.hillslope.stored(), rel=0.03)


def test_states_at_the_end(runs):
    """From the hillslope as it was left, with the planes of the network: faces of layers from .2 m down, and bedrock.

    100 cells by gradient: the tenth about the 90th percentile is cells 85 to 94, that about the median 45 to 54, and
    classes have 20.
    """
    unstable = 0
    for made, out in runs:
        hill, thickness = made.hill, made.hill.hillslope.thickness
        fos = np.clip(hill.factor_of_safety(made.roots), 0.01, 10.0)
        faces = thickness[:, None] * np.arange(1, 7) / 6.0
        plane = np.where((faces >= 0.2) | (np.arange(6) == 5), fos, np.inf)
        least, depth = plane.min(1), np.take_along_axis(faces, plane.argmin(1)[:, None], 1)[:, 0]
        assert out["probability"][-1] == (least < 1.0).mean()
        order = np.argsort(hill.hillslope.terrain.gradient, kind="stable")
        steep, middle = order[85:95], order[45:55]
        assert out["fos"][-1] == pytest.approx(stats.gmean(least[steep]), rel=1e-12)
        assert out["fos_median"][-1] == pytest.approx(stats.gmean(least[middle]), rel=1e-12)
        assert out["depth"][-1] == pytest.approx(np.median(depth[steep]), rel=1e-12)
        for k in range(5):
            chosen = order[20 * k : 20 * k + 20]
            np.testing.assert_allclose(out["fos_class"][-1, k], np.median(fos[chosen], axis=0), rtol=1e-12)
            assert out["soil_depth"][k] == np.median(thickness[chosen])
        assert out["released"][-1] == hill.released.mean()
        stands = hill.damage[~hill.released]
        assert out["damage"][-1] == (stands.mean() if len(stands) else 1.0)
        assert ((out["depth"] >= 0.2) & (out["depth"] <= thickness.max())).all()
        assert ((out["probability"] >= 0.0) & (out["probability"] <= 1.0)).all()
        assert (np.diff(out["released"]) >= 0.0).all()
        assert all(len(out[name]) == 6 for name in ("probability", "fos", "fos_median", "depth", "released", "damage"))
        unstable += 0.0 < out["probability"][-1] < 1.0
    assert SMALL.times.tolist() == (KEPT + 1 - 6).tolist()
    assert unstable > 2


@pytest.mark.parametrize(("thickness", "unstable"), [(0.6, 0.0), (3.0, 1.0)])
def test_planes_above_20_cm_do_not_count(thickness, unstable):
    """Water under pressure in the uppermost of six layers alone: of .6 m of soil its base is no plane, of 3 m it is."""
    made = scene({**DRAWS[0], "thickness": thickness, "thinning": 0.0, "cohesion_multiplier": 5.0})
    made.hill.hillslope.set_head(np.tile([30.0, -1.0, -1.0, -1.0, -1.0, -1.0], (100, 1)))
    assert (made.hill.factor_of_safety(made.roots)[:, 0] < 0.0).all()
    found = member.state(made)
    assert found["probability"] == unstable
    assert found["depth"] >= 0.2


def test_landslides_are_what_was_released(runs):
    slid = 0
    for made, out in runs:
        gone = made.hill.released
        assert out["event_area"].sum() == pytest.approx(gone.sum() * 25.0)
        assert out["event_volume"].sum() == pytest.approx(made.hill.hillslope.thickness[gone].sum() * 25.0)
        np.testing.assert_allclose(out["event_depth"], out["event_volume"] / out["event_area"])
        assert (np.diff(out["event_time"]) >= 0.0).all()
        storm = out["event_initial"] == 0.0
        assert ((out["event_time"] > -6.0) == storm).all()
        assert (out["event_time"] <= 30.0).all()
        slid += storm.any()
    assert slid > 2


def test_released_cells_start_in_the_event_or_before_it():
    """Without cohesion, on 45 degrees and at 20 degrees of friction, all goes before the storm."""
    p = {**DRAWS[0], "gradient": 1.0, "roughness": 0.02, "cohesion_multiplier": 0.0, "suction_cap": 0.0, "cover": 4.0}
    out = member.run(scene({**p, "friction_offset": -8.0}), SMALL)
    assert (out["released"] == 1.0).all()
    assert (out["event_initial"] == 1.0).all()
    assert len(out["event_time"]) == 1
    assert out["probability"][0] == 1.0


# Seeds, weather, terrain, changes


def test_same_seed_same_bits(runs):
    for i in (2, 7):
        again = member.run(scene(DRAWS[i], [14, i]), SMALL)
        for name, values in runs[i][1].items():
            np.testing.assert_array_equal(again[name], values, err_msg=name)


def test_other_seeds_differ(runs):
    made, other = runs[2][0], scene(DRAWS[2], [14, 3])
    assert (made.rain != other.rain).any()
    assert (made.hill.hillslope.thickness != other.hill.hillslope.thickness).any()
    assert (made.roots != other.roots).any() or not made.roots.any()
    assert (made.hill.hillslope.terrain.gradient != other.hill.hillslope.terrain.gradient).any()


def test_weather_does_not_depend_on_the_terrain():
    """So an experiment that changes the one keeps the other."""
    one = scene(DRAWS[4])
    other = scene(
        DRAWS[4], settings=Settings(**{**SMALL.__dict__, "rows": 12}), land=hillslope("planar", 0.5, 12, 10, 5.0)
    )
    np.testing.assert_array_equal(one.forcing, other.forcing)


@pytest.mark.parametrize("hours", [48, 36])
def test_real_weather_ends_with_the_event(hours):
    """The last days are the given ones, sum by sum; the frost of two of them brings snow. Before them days are drawn,
    and the drawn storm is not there. The last day is whole, whatever the hours of the event."""
    daily = np.array([0.0, 12.0, 3.5, 0.0, 40.0, 7.0, 0.0, 90.0])
    temperature = np.array([15.0, 14.0, -5.0, -3.0, 12.0, 9.0, 15.0, 16.0])
    settings = Settings(**{**SMALL.__dict__, "hours": hours})
    made = scene(DRAWS[5], settings=settings, days=(daily, temperature))
    assert made.forcing.shape[1] == len(made.rain) == 24 * 20 + hours
    last = made.forcing[:, -24 * 8 :].reshape(4, 8, 24)
    frost = temperature < 0.0
    np.testing.assert_allclose(last[0].sum(1) * HOUR * 1000.0, np.where(frost, 0.0, daily), atol=1e-12)
    np.testing.assert_allclose(last[1].sum(1) * HOUR * 1000.0, np.where(frost, daily, 0.0), atol=1e-12)
    np.testing.assert_array_equal(last[2], np.repeat(temperature[:, None], 24, axis=1))
    out = member.run(made, settings)
    assert field(out, "rain_1d")[-1, 0] == pytest.approx(90.0)
    assert field(out, "rain_7d")[-1, 0] == pytest.approx(daily[1:].sum() - 3.5)


def test_more_real_weather_than_the_season_is_refused():
    settings = Settings(**{**SMALL.__dict__, "spin_up": 10})
    with pytest.raises(UserError, match="weather: 16 days"):
        scene(DRAWS[5], settings=settings, days=(np.ones(16), np.full(16, 10.0)))


def test_real_terrain_is_used():
    rng = np.random.default_rng(2)
    z = 3.0 * np.arange(30)[::-1, None] + rng.standard_normal((30, 25))
    land = tile(terrain(z, 7.0), 10, 10, rng)
    made = scene(DRAWS[6], land=land)
    assert made.hill.hillslope.terrain is land
    out = member.run(made, SMALL)
    np.testing.assert_allclose(field(out, "slope")[0], np.percentile(land.gradient, SLOPE_PERCENTILES), rtol=1e-12)
    assert out["event_area"].sum() == pytest.approx(out["released"][-1] * 100 * 49.0)
    assert out["balance"] <= 1e-9


def test_changes_change_one_thing():
    base = scene({**DRAWS[0], "cover": 0.0})
    changed = scene({**DRAWS[0], "cover": 0.0}, root_factor=2.0, macropore_share=0.123, bonds=False)
    np.testing.assert_allclose(changed.roots, 2.0 * base.roots, rtol=1e-12)
    np.testing.assert_allclose(changed.hill.strength.roots_base, 2.0 * base.hill.strength.roots_base, rtol=1e-12)
    assert changed.hill.hillslope.soil.macropore_share == 0.123
    assert not changed.hill.strength.bonds
    np.testing.assert_array_equal(changed.hill.strength.cohesion, base.hill.strength.cohesion)
    np.testing.assert_array_equal(changed.hill.hillslope.thickness, base.hill.hillslope.thickness)
    np.testing.assert_array_equal(changed.forcing, base.forcing)


@pytest.mark.parametrize("name", PRIORS)
def test_ends_of_a_prior_can_be_run(name):
    """What `limits` allows for a parameter, a member takes."""
    for end in limits(name):
        if np.isfinite(end):
            made = scene({**DRAWS[1], name: end})
            assert np.isfinite(made.forcing).all()
            assert np.isfinite(made.hill.hillslope.thickness).all()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (dict(rows=2), "rows: 2; must be at least 3"),
        (dict(columns=0), "columns: 0; must be at least 3"),
        (dict(layers=1), "layers: 1; must be at least 2"),
        (dict(substeps=0), "substeps: 0; must be at least 1"),
        (dict(every=0), "every: 0; must be at least 1"),
        (dict(hours=0), "hours: 0; must be at least 1"),
        (dict(size=0.0), "cell size: 0.0 m"),
        (dict(size=math.nan), "cell size: nan m"),
        (dict(size=math.inf), "cell size: inf m"),
        (dict(hours=12), "hours: 12; must exceed the 12 before the storm"),
        (dict(lead=-1), "hours: 72"),
        (dict(every=73), "be at least the 73 between states"),
        (dict(spin_up=10, settle=10), "spin_up: 10 days; must exceed the 10 of settle"),
        (dict(settle=0), "spin_up: 90 days; must exceed the 0 of settle"),
    ],
)
def test_bad_settings_are_refused(bad, message):
    with pytest.raises(UserError, match=message):
        Settings(**bad)

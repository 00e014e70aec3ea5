"""Water of one ELM column: none is lost, none is negative, and it goes where theory says."""

import math

import numpy as np
import pytest

from elm_landslide.physics import pedotransfer
from elm_landslide.simulator import column, weather
from elm_landslide.simulator.column import INTERFACES, Soil, Water, partition, potential_evaporation, state_from_table

HOUR, DAY = 3600.0, 86400.0
TEXTURES = [(60.0, 10.0), (20.0, 40.0), (85.0, 5.0)]  # sand, clay (%)


def make_soil(sand=60.0, clay=10.0, **more):
    ten = np.ones(10)
    roots = np.diff(1.0 - np.exp(-3.0 * INTERFACES))
    return Soil(
        pedotransfer.porosity(sand) * ten,
        pedotransfer.ks(sand) * ten,
        pedotransfer.sucsat(sand) / 1000.0 * ten,
        pedotransfer.bsw(clay) * ten,
        roots / roots.sum(),
        **more,
    )


def make_forcing(climate, seed, n=365, wetter=1.0):
    """[4, hour] of n days."""
    rng = np.random.default_rng(seed)
    rain, temperature = weather.days(rng, climate, n)
    hours = wetter * weather.hourly(rng, rain) / 1000.0 / HOUR
    temperature, day = np.repeat(temperature, 24), np.repeat(np.arange(n) + 1, 24)
    return np.stack([*partition(hours, temperature), temperature, potential_evaporation(temperature, day, 40.0)])


def steady(hours, rain=0.0, snow=0.0, temperature=10.0, potential=0.0):
    return np.repeat(np.array([[rain], [snow], [temperature], [potential]]), hours, axis=1)


COLD, WARM, WET = (
    weather.Climate(temperature=2.0, range=12.0),
    weather.Climate(),
    weather.Climate(wet_after_dry=0.5, wet_after_wet=0.8, amount=20.0),
)


@pytest.mark.parametrize("texture", TEXTURES)
@pytest.mark.parametrize(("climate", "table"), [(COLD, 2.0), (WARM, 8.0), (WET, 0.5)])
@pytest.mark.parametrize("more", [{}, {"leaf_area": 0.0, "most_saturated": 0.0, "slope": 0.0}, {"slope": 30.0}])
def test_water_closes_over_a_year(texture, climate, table, more):
    """Within 1e-9 of the input; nothing is negative (but for rounding), nor evaporates more than the air takes."""
    soil = make_soil(*texture, **more)
    water, forcing = state_from_table(soil, table), make_forcing(climate, 5)
    rain, snow, temperature, potential = forcing
    before = water.total()
    out = column.run(soil, water, forcing)
    leaving = out["evaporation"] + out["surface_runoff"] + out["baseflow"]
    came = HOUR * math.fsum(rain + snow)
    assert came > 0.3
    assert snow.sum() > 0.0 or climate is not COLD
    assert water.total() - before == pytest.approx(came - HOUR * math.fsum(leaving), abs=1e-9 * came)
    assert water.snow == pytest.approx(HOUR * math.fsum(snow - out["snowmelt"]), abs=1e-9 * came)
    for name, values in out.items():
        assert np.isfinite(values).all(), name
        assert (values >= -1e-18).all(), name
    assert (out["evaporation"] <= (1.0 + 1e-12) * potential).all()
    assert (out["snowmelt"][temperature <= 0.0] == 0.0).all()
    assert min(water.snow, water.canopy, water.w.min()) >= 0.0


def test_snow_melts_by_degree_day():
    """At 2 degrees C 7 mm a day; below 0 nothing, and what snows stays; at the end all of it has melted."""
    soil = make_soil()
    water = Water(state_from_table(soil, 4.0).w, snow=0.02)
    assert (column.run(soil, water, steady(24, temperature=-1.0, snow=1e-8))["snowmelt"] == 0.0).all()
    assert water.snow == pytest.approx(0.02 + DAY * 1e-8, rel=1e-12)
    melt = column.run(soil, water, steady(24, temperature=2.0))["snowmelt"]
    np.testing.assert_allclose(melt * DAY, 0.007, rtol=1e-12)
    column.run(soil, water, steady(24, temperature=20.0))
    assert water.snow == pytest.approx(0.0, abs=1e-15)


def test_rain_and_snow():
    rain, snow = partition(np.full(5, 8.0), np.array([-5.0, 0.0, 0.5, 2.0, 9.0]))
    assert rain.tolist() == [0.0, 0.0, 2.0, 8.0, 8.0]
    assert snow.tolist() == [8.0, 8.0, 6.0, 0.0, 0.0]


def test_potential_evaporation_by_hand():
    """Equator, 20 degrees C: 29.8 * 12 * 2.33905 kPa / 293.2 = 2.8529 mm/day. At 40 degrees north the longest day has
    14.85 h, the shortest 9.15; none beyond the polar circle in winter, and none in frost."""
    one = potential_evaporation(np.array([20.0]), np.array([80]), 0.0)[0]
    assert one * DAY * 1000.0 == pytest.approx(2.8529, rel=1e-4)
    day = np.array([172, 355])
    np.testing.assert_allclose(
        potential_evaporation(np.full(2, 20.0), day, 40.0) / one, np.array([14.85, 9.15]) / 12.0, rtol=1e-3
    )
    south = potential_evaporation(np.full(2, 20.0), day[::-1], -40.0)
    np.testing.assert_allclose(south, potential_evaporation(np.full(2, 20.0), day, 40.0), rtol=1e-4)
    assert potential_evaporation(np.array([20.0]), np.array([355]), 80.0)[0] == 0.0
    assert potential_evaporation(np.array([0.0, -3.0]), day, 40.0).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("texture", TEXTURES)
@pytest.mark.parametrize("table", [2.0, 3.0])
def test_without_rain_the_table_falls(texture, table):
    soil = make_soil(*texture)
    daily = column.run(soil, state_from_table(soil, table), steady(60 * 24))["water_table"].reshape(60, 24).mean(1)
    assert (np.diff(daily) > 0.0).all()
    assert daily[-1] > table + 0.1


@pytest.mark.parametrize("table", [1.0, 2.0])
def test_without_rain_the_table_falls_hour_by_hour(table):
    """But for 5 cm, where a layer falls dry. In the first hour .01 sin(1) exp(-2.5 table) is 52 mm at most: less than a
    metre of soil that has a tenth of its volume to give."""
    soil = make_soil()
    hourly = column.run(soil, state_from_table(soil, table), steady(60 * 24))["water_table"]
    assert (np.diff(hourly) > -0.05).all()
    assert hourly[1] - hourly[0] < 1.0


@pytest.mark.parametrize("texture", TEXTURES)
def test_wetter_is_shallower(texture):
    soil, tables, runoff = make_soil(*texture), [], []
    for wetter in (0.5, 1.0, 1.5):
        out = column.run(soil, state_from_table(soil, 4.0), make_forcing(WARM, 6, wetter=wetter))
        tables.append(out["water_table"].mean())
        runoff.append((out["surface_runoff"] + out["baseflow"]).sum())
    assert tables[0] > tables[1] > tables[2]
    assert runoff[0] < runoff[1] < runoff[2]


@pytest.mark.parametrize("table", [0.3, 0.75, 1.0, 1.2, 2.0, 2.5, 3.0, 3.5, 9.0])
def test_table_of_a_hydrostatic_state(table):
    soil = make_soil(slope=0.0)
    out = column.run(soil, state_from_table(soil, table), steady(1))
    assert out["water_table"][0] == pytest.approx(table, abs=1e-6)


@pytest.mark.parametrize("table", [1.2, 4.0, 9.0])
def test_a_hydrostatic_state_stays(table):
    soil = make_soil(slope=0.0)
    water = state_from_table(soil, table)
    before = water.w.copy()
    out = column.run(soil, water, steady(10 * 24))
    moved = abs(water.w - before) @ np.append(np.diff(INTERFACES), column.STORE_THICKNESS)
    assert moved < 1e-9
    assert np.ptp(out["water_table"]) < 1e-6


def test_baseflow_by_hand():
    """ELM, table in the aquifer at 6 m, slope 1 degree: .01 sin(1) exp(-2.5 * 6) = 5.3388e-11 m/s."""
    soil = make_soil()
    out = column.run(soil, state_from_table(soil, 6.0), steady(1))
    assert out["baseflow"][0] == pytest.approx(5.3388e-11, rel=1e-4)
    flat = make_soil(slope=0.0)
    assert (column.run(flat, state_from_table(flat, 1.0), steady(24))["baseflow"] == 0.0).all()


def test_saturated_ground_sheds_its_share():
    """At least FMAX exp(-.25 table) of what reaches it; all that reaches ground that is full, and level."""
    soil, forcing = make_soil(), make_forcing(WET, 7, 60)
    out = column.run(soil, state_from_table(soil, 1.0), forcing)
    share = 0.38 * np.exp(-0.25 * out["water_table"])
    assert (out["surface_runoff"] >= share * out["water_input"] * (1.0 - 1e-12)).all()
    level = make_soil(slope=0.0)
    out = column.run(level, state_from_table(level, -0.001), steady(48, rain=1e-6))
    assert out["surface_runoff"][-1] == pytest.approx(out["water_input"][-1], rel=1e-3)


def test_leaves_catch_rain_up_to_their_storage():
    """1 mm/h on leaves of 2 m2/m2: .25 (1 - 1/e) of it, until .2 mm are held; the air takes it first."""
    soil = make_soil()
    water = state_from_table(soil, 4.0)
    out = column.run(soil, water, steady(3, rain=1e-3 / HOUR))
    caught = 1e-3 / HOUR - out["water_input"]
    np.testing.assert_allclose(caught * HOUR, [0.158030e-3, 0.041970e-3, 0.0], rtol=1e-5, atol=1e-12)
    assert water.canopy == pytest.approx(0.2e-3, rel=1e-12)
    out = column.run(soil, water, steady(1, potential=0.1e-3 / HOUR))
    assert water.canopy == pytest.approx(0.1e-3, rel=1e-12)
    assert out["evaporation"][0] * HOUR == pytest.approx(0.1e-3, rel=1e-12)


def test_roots_take_what_the_air_asks_until_they_wilt():
    """Under leaves that leave no light: all of it above -70 m of head, nothing below -250 m, half at -160 m."""
    soil, asked = make_soil(leaf_area=60.0), 1e-8
    for head, share in ((-10.0, 1.0), (-160.0, 0.5), (-260.0, 0.0)):
        water = state_from_table(soil, 20.0)
        water.w[:10] = soil.porosity * (-head / soil.sucsat) ** (-1.0 / soil.bsw)
        out = column.run(soil, water, steady(1, potential=asked))
        assert out["evaporation"][0] / asked == pytest.approx(share, abs=1e-9)


def test_bare_ground_dries_as_the_square_of_its_wetness():
    soil = make_soil(leaf_area=0.0)
    water = state_from_table(soil, 5.0)
    expected = (water.w[0] / soil.porosity[0]) ** 2
    out = column.run(soil, water, steady(1, potential=1e-8))
    assert out["evaporation"][0] / 1e-8 == pytest.approx(expected, rel=1e-12)


def test_full_ground_gives_no_more_than_the_air_takes():
    soil = make_soil(leaf_area=0.0, slope=0.0)
    out = column.run(soil, state_from_table(soil, -0.01), steady(1, potential=1e-8))
    assert out["evaporation"][0] <= 1e-8 * (1.0 + 1e-12)


def test_substeps_are_shorter_steps():
    soil, forcing = make_soil(), make_forcing(WARM, 8, 30)
    one, other = state_from_table(soil, 2.0), state_from_table(soil, 2.0)
    quarters = column.run(soil, one, forcing, substeps=4)
    steps = column.run(soil, other, np.repeat(forcing, 4, axis=1), seconds=900.0)
    np.testing.assert_allclose(one.w, other.w, rtol=1e-12)
    for name, values in quarters.items():
        mean = steps[name].reshape(len(values), 4, *values.shape[1:]).mean(1)
        np.testing.assert_allclose(values, mean, rtol=1e-9, atol=1e-18)


def test_state_from_water_contents():
    """Above the table what is given, at most the pores; below it full."""
    soil = make_soil()
    water = state_from_table(soil, 1.5, np.linspace(0.1, 0.6, 10))
    np.testing.assert_allclose(water.w[:8], np.minimum(np.linspace(0.1, 0.6, 10), soil.porosity)[:8])
    assert (water.w[8:10] > soil.porosity[8:]).all()


def test_no_solution_is_an_error():
    soil = make_soil()
    water = state_from_table(soil, 2.0)
    water.w[3] = math.nan
    with pytest.raises(ArithmeticError, match="cannot be solved in step 0"):
        column.run(soil, water, steady(3))


@pytest.mark.parametrize("row", range(4))
def test_gap_in_the_forcing_is_refused(row):
    soil, forcing = make_soil(), steady(3)
    forcing[row, 1] = math.nan
    with pytest.raises(ValueError, match=column.FORCING[row]):
        column.run(soil, state_from_table(soil, 2.0), forcing)

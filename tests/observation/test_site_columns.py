"""Weather of site rows as ELM-like fields: one rule for every row, sums by hand, what has no influence."""

import dataclasses

import numpy as np
import pytest
import torch

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation import site_columns
from elm_landslide.simulator import column
from elm_landslide.sites.cells import WEATHER
from support import made_sites

RAIN, TEMPERATURE = WEATHER.index("precip"), WEATHER.index("temp")
WARM, COLD = 15.0, -8.0  # degrees C


def some(n=12):
    """The first rows of the made table, all with a slope."""
    table = made_sites.table()
    return table.select(np.flatnonzero(np.isfinite(table.slope))[:n])


def with_weather(sites, rain=None, temperature=None):
    """The rows with other rain (mm/day) or temperature (degrees C), of one value or [n, day]."""
    weather = sites.weather.copy()
    for variable, values in ((RAIN, rain), (TEMPERATURE, temperature)):
        if values is not None:
            weather[:, variable] = values
    return dataclasses.replace(sites, weather=weather)


def of(x, name):
    return x[..., FIELDS[name].columns]


@pytest.fixture(scope="module")
def found():
    """(sites, x, solved) of some rows."""
    sites = some()
    return sites, *site_columns.fields(sites)


def test_shape_and_columns_filled(found):
    """What the network needs is there, what no table tells is missing, and nothing lies outside its range."""
    sites, x, solved = found
    assert x.shape == (12, site_columns.DRAWS, site_columns.BAG, sum(f.layers for f in FIELDS.values()))
    assert solved.shape == x.shape[:2]
    assert solved.dtype == bool
    assert solved.all()
    for name, field in FIELDS.items():
        values = of(x, name)
        known = field.required or name in ("rain_1d", "rain_3d", "rain_7d", "snowmelt")
        assert (values == SPVAL).all() != known, name
        if known:
            assert ((values >= field.valid[0]) & (values <= field.valid[1])).all(), name
    assert (of(x, "liquid_water") <= of(x, "porosity") + 1e-6).all()
    assert (np.diff(of(x, "slope"), axis=-1) >= 0.0).all()


def test_fields_of_extreme_weather_are_in_range():
    """Frost, drought, heat, a day of 1000 mm on dry soil and one of thaw after much snow."""
    weather = [(0, -60), (0, 50), (150, 20), (40, 1), (0, 20), (60, -20)]
    rain, temperature = (np.repeat([[pair[k]] for pair in weather], made_sites.DAYS, 1).astype(float) for k in (0, 1))
    rain[4, -1], temperature[5, -1] = 1000.0, 30.0
    x, solved = site_columns.fields(with_weather(some(6), rain, temperature))
    assert solved.any(1).all()  # one of the soils does not take 150 mm a day for two months
    for name, field in FIELDS.items():
        values = of(x, name)[of(x, name) != SPVAL]
        assert ((values >= field.valid[0]) & (values <= field.valid[1])).all(), name
    assert (of(x, "snowmelt")[5, :, 0] > 0.0).all()
    assert (of(x, "snowmelt")[5, :, 1:] == 0.0).all()


def test_a_row_alone_and_among_others(found):
    """The same bits, whatever other rows there are and in whatever order. (All have a slope.)"""
    sites, x, solved = found
    order = np.random.default_rng(0).permutation(sites.n)
    again, again_solved = site_columns.fields(sites.select(order))
    np.testing.assert_array_equal(again, x[order])
    np.testing.assert_array_equal(again_solved, solved[order])
    for i in (0, 5):
        np.testing.assert_array_equal(site_columns.fields(sites.select([i]))[0][0], x[i])


def test_what_is_no_driver_has_no_influence(found):
    """Date, place, label, trigger, accuracy, land and the other weather: the same bits."""
    sites, x, _ = found
    weather = sites.weather.copy()
    weather[:, 2:] = 50.0
    other = dataclasses.replace(
        sites,
        id=sites.id[::-1],
        pair=np.full(sites.n, ""),
        block=np.full(sites.n, "N00E000"),
        lat=-sites.lat,
        lon=sites.lon + 60.0,
        landslide=~sites.landslide,
        kind=np.full(sites.n, "random"),
        trigger=np.full(sites.n, "snowmelt"),
        accuracy=np.full(sites.n, 99.0),
        date=np.full(sites.n, np.datetime64("2001-01-01")),
        weather=weather,
        lithology=np.full(sites.n, "vb"),
        vegetated=1.0 - sites.vegetated,
    )
    np.testing.assert_array_equal(site_columns.fields(other)[0], x)


def test_sums_of_rain_by_hand(found):
    """1, 3 and 7 days up to each day of the bag, the day of the row first."""
    sites, x, _ = found
    rain = sites.weather[:, RAIN]  # all days are warm
    assert sites.weather[:, TEMPERATURE].min() > column.RAIN_FROM
    n = sites.n_days
    for back in range(site_columns.BAG):
        for days in (1, 3, 7):
            wanted = rain[:, n - back - days : n - back].sum(1)
            got = of(x, f"rain_{days}d")[:, :, back, 0]
            np.testing.assert_allclose(got, np.repeat(wanted[:, None], site_columns.DRAWS, 1), atol=1e-10)


def test_snow_is_not_rain():
    """Below 0 degrees nothing is rain, at 1 degree half is; what has fallen as snow reaches the soil when it thaws."""
    rain = np.tile(np.arange(1.0, made_sites.DAYS + 1), (3, 1))
    temperature = np.full((3, made_sites.DAYS), COLD)
    temperature[1] = 1.0
    temperature[2, -1] = WARM
    x, _ = site_columns.fields(with_weather(some(3), rain, temperature))
    for days in (1, 3, 7):
        sums = of(x, f"rain_{days}d")[:, 0, 0, 0]
        assert sums == pytest.approx([0.0, 0.5 * rain[0, -days:].sum(), rain[0, -1]])
    water = of(x, "water_input")[..., 0]
    assert (water[0] == 0.0).all()
    assert (water[1] > 0.0).all()
    assert (water[2, :, 1:] == 0.0).all()
    assert (86400.0 * water[2, :, 0] > 40.0).all()
    assert 86400.0 * of(x, "snowmelt")[2, 0, 0, 0] == pytest.approx(3.5 * WARM)  # DEGREE_DAY


def test_a_row_by_hand(found):
    """States at the end of each day and means of fluxes over it (mm/s), from a column run here."""
    sites, x, _ = found
    rain, temperature = sites.weather[3, RAIN], sites.weather[3, TEMPERATURE]
    before = len(rain) - 7
    wet = np.append(np.full(60, rain[:before].mean()), rain)
    warm = np.append(np.full(60, temperature[:before].mean()), temperature)
    potential = column.potential_evaporation(warm, np.full(len(warm), 80.0), 0.0)
    forcing = np.stack([wet / 86400e3, 0.0 * wet, warm, potential])
    for k, draw in enumerate(site_columns.draws()):
        soil = site_columns.soil_of(draw)
        done = column.run(soil, column.state_from_table(soil, 3.0), np.repeat(forcing, 4, axis=1), 21600.0)
        for back in range(site_columns.BAG):
            end = 4 * (len(wet) - back)
            np.testing.assert_allclose(of(x, "liquid_water")[3, k, back], done["liquid_water"][end - 1], rtol=1e-9)
            np.testing.assert_allclose(of(x, "water_table_depth")[3, k, back], done["water_table"][end - 1], rtol=1e-9)
            fluxes = {"water_input": "water_input", "surface_runoff": "surface_runoff"}
            for name, source in (fluxes | {"subsurface_drainage": "baseflow"}).items():
                wanted = 1000.0 * done[source][end - 4 : end].mean()
                assert of(x, name)[3, k, back, 0] == pytest.approx(wanted, rel=1e-9)


def test_water_closes():
    """What falls in spin-up and days of a row is storage, evaporation, runoff or baseflow, with every draw's soil."""
    rng = np.random.default_rng(4)
    rain, temperature = rng.gamma(0.5, 30.0, made_sites.DAYS), rng.normal(3.0, 6.0, made_sites.DAYS)
    forcing, sums = site_columns._forcing(rain, temperature)
    steps = 4 * (60 + made_sites.DAYS)
    assert forcing.shape == (4, steps)
    assert sums.shape == (steps // 4,)
    fallen = 21600.0 * (forcing[0] + forcing[1]).sum()
    assert 1000.0 * fallen == pytest.approx(60 * rain[:-7].mean() + rain.sum())
    assert 21600.0 * 1000.0 * forcing[0].sum() == pytest.approx(sums.sum())
    for draw in site_columns.draws():
        soil = site_columns.soil_of(draw)
        state = column.state_from_table(soil, site_columns.WATER_TABLE)
        before = state.total()
        done = column.run(soil, state, forcing, 21600.0)
        left = 21600.0 * (done["evaporation"] + done["surface_runoff"] + done["baseflow"]).sum()
        assert state.total() - before == pytest.approx(fallen - left, abs=1e-9)


def test_more_rain_is_wetter_and_no_safer(found):
    """50 mm more on the last day: a wetter top layer, more runoff, less safety; the days before stay as they were."""
    sites, x, _ = found
    more = sites.weather[:, RAIN].copy()
    more[:, -1] += 50.0
    wet, _ = site_columns.fields(with_weather(sites, more))
    np.testing.assert_array_equal(wet[:, :, 1:], x[:, :, 1:])
    assert (of(wet, "liquid_water")[:, :, 0, 0] > of(x, "liquid_water")[:, :, 0, 0]).all()
    assert (of(wet, "surface_runoff")[:, :, 0] > of(x, "surface_runoff")[:, :, 0]).all()
    network = LandslideNetwork(members=1).eval()  # prior strengths
    with torch.no_grad():
        dry, wet = (network(torch.from_numpy(values[:, :, 0].reshape(-1, x.shape[-1]))).numpy() for values in (x, wet))
    assert (wet[:, 0] >= dry[:, 0]).all()
    assert (wet[:, 1:3] < dry[:, 1:3]).all()


def test_draws_are_the_same_and_sound():
    made, again = site_columns.draws(), site_columns.draws()
    assert len(made) == site_columns.DRAWS
    for a, b in zip(made, again, strict=True):
        for field in dataclasses.fields(a):
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))
    for draw in site_columns.draws(64):
        assert 5.0 <= draw.sand <= 90.0
        assert draw.clay > 0.0
        assert draw.sand + draw.clay < 100.0
        assert (draw.cover > 0.0).all()
        assert draw.cover.sum() == pytest.approx(0.9)
        assert 0.5 <= draw.leaf_area <= 5.0
        assert 0.76 <= draw.slope_spread <= 1.05
        assert 0.0 <= draw.slope_quantile <= 1.0
    assert len({draw.sand for draw in made}) == len(made)


def test_a_missing_slope_is_a_quantile_of_the_known_ones():
    """Of those of the table, or of those given; each draw has its own quantile. The median of the land moves an eighth
    of the way, in the logarithm, from that of all land to the slope of the site."""
    sites, made = some(6), site_columns.draws()
    slope = np.array([10.0, 20.0, 30.0, 40.0, 50.0, np.nan])
    gaps = dataclasses.replace(sites, slope=slope)
    given = [5.0, 8.0, 21.0, 33.0]
    for known, x in (
        (slope[:5], site_columns.fields(gaps)[0]),
        (given, site_columns.fields(gaps, slopes=np.array(given))[0]),
    ):
        for k, draw in enumerate(made):
            degrees = np.append(slope[:5], np.quantile(known, draw.slope_quantile))
            median = np.tan(np.radians(degrees)) ** 0.13 * np.exp(-2.52) ** 0.87
            np.testing.assert_allclose(of(x, "slope")[:, k, 0, 5], median, rtol=1e-12)
            steep = median * np.exp(draw.slope_spread * 1.2815515655446004)  # normal quantile of 0.9
            np.testing.assert_allclose(of(x, "slope")[:, k, 0, 9], np.minimum(steep, 3.5), rtol=1e-12)
    assert len(np.unique(of(x, "slope")[5, :, 0, 5])) == len(made)
    with pytest.raises(UserError, match="slope: missing in all rows"):
        site_columns.fields(gaps.select([5]))


def test_the_reference_slope_moves_the_slope_alone(found):
    _, x, _ = found
    before = x.copy()
    flat = site_columns.on_reference_slope(x)
    np.testing.assert_array_equal(x, before)
    moved = (flat != x).any(axis=(0, 1, 2))
    assert np.flatnonzero(moved).tolist() == list(range(*FIELDS["slope"].columns.indices(x.shape[-1])))
    np.testing.assert_allclose(of(flat, "slope")[..., 5], np.exp(-2.52), rtol=1e-12)


def test_too_few_days(found):
    sites = found[0]
    for days, good in ((site_columns.LEAST_DAYS, True), (site_columns.LEAST_DAYS - 1, False)):
        part = dataclasses.replace(sites.select([0]), weather=sites.weather[:1, :, -days:])
        if good:
            assert site_columns.fields(part)[1].all()
        else:
            with pytest.raises(UserError, match="sites: 9 days of weather .*at least 10 are needed"):
                site_columns.fields(part)


def test_a_column_without_solution(found, monkeypatch):
    """A draw that is not solved stays missing; a row without any is named. Progress counts rows."""
    sites, x, _ = found
    run, soils = column.run, [site_columns.soil_of(draw) for draw in site_columns.draws()]

    def fails(wanted):
        def one(soil, *rest):
            if wanted(soil):
                raise ArithmeticError("no solution")
            return run(soil, *rest)

        return one

    monkeypatch.setattr(column, "run", fails(lambda soil: soil.leaf_area == soils[1].leaf_area))
    done = []
    again, solved = site_columns.fields(sites.select([2, 4]), advance=done.append)
    assert solved.tolist() == [[True, False, True, True]] * 2
    assert done == [1, 1]
    assert (again[:, 1] == SPVAL).all()
    np.testing.assert_array_equal(again[:, [0, 2, 3]], x[[2, 4]][:, [0, 2, 3]])
    monkeypatch.setattr(column, "run", fails(lambda soil: True))
    with pytest.raises(UserError, match=f"row {sites.id[2]}: the column finds no solution for its weather"):
        site_columns.fields(sites.select([2, 4]))


def test_the_column_of_a_site_drains_as_a_gridcell():
    """Over a mean slope of 10 degrees, whatever hillslope is judged."""
    assert {site_columns.soil_of(draw).slope for draw in site_columns.draws()} == {10.0}

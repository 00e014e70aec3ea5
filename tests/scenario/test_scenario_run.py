"""Scenarios in a run: the control bit for bit, the sign of each perturbation, and what does not fit the run."""

import hashlib

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import STRENGTH, unpack
from elm_landslide.offline import driver
from elm_landslide.offline.columns import Columns
from elm_landslide.physics import roots
from elm_landslide.scenario.perturbation import perturb
from elm_landslide.scenario.soils import Soils
from support import elm_files, root_files
from support.offline_runs import launch, refusal
from support.scenario_files import FIRST, RECORDS, STEEP, WeatherCase, read, write_toml

WEST = "region = [40, 41, -78, -77]\n"  # the first cell of each row
IN_WEST = np.tile([True, False, False], 2)
TREE, SHRUB, GRASS, CROP = 0.4, 0.1, 0.2, 0.2  # of elm_files.write_surface
DAYS = FIRST + 0.25 * np.arange(RECORDS)  # of the records


@pytest.fixture(scope="module")
def weather_case(tmp_path_factory):
    return WeatherCase(tmp_path_factory.mktemp("weather"))


@pytest.fixture(scope="module")
def control(weather_case, tmp_path_factory):
    out = tmp_path_factory.mktemp("control") / "control.nc"
    driver.run(weather_case.inputs(), out)
    return read(out)


def run(case, folder, text, name="out", **inputs):
    """The outputs under a scenario, and the summary."""
    inputs = case.inputs(scenario=write_toml(folder / f"{name}.toml", text), **inputs)
    summary = driver.run(inputs, folder / f"{name}.nc", perturb=perturb(inputs))
    return read(folder / f"{name}.nc"), summary


def x_of(case, folder, text, **inputs):
    """Inputs of all records by field, [record, cell, ...], without and with a scenario."""
    inputs = case.inputs(scenario=write_toml(folder / "x.toml", text), **inputs)
    columns = Columns(inputs)
    try:
        plain = np.array([columns.x(record) for record in columns.records])
        columns.perturbation = perturb(inputs)(columns)
        return unpack(plain), unpack(np.array([columns.x(record) for record in columns.records]))
    finally:
        columns.close()


def same(one, two, but=()):
    assert one.keys() - set(but) == two.keys() - set(but)
    for name in one.keys() - set(but):
        assert one[name].tobytes() == two[name].tobytes(), name


NOTHING = {
    "empty": "",
    "factor 1": "[[rain]]\nfactor = 1.0",
    "no day above": "[[rain]]\nfactor = 3.0\nabove_quantile = 0.999\n[[warming]]\ndegrees = 0",
    "no cover": '[[cover]]\nfrom = "tree"\nto = "grass"\nfraction = 0.0\nyear = 2000',
    "no disturbance": '[[disturbance]]\nkind = "cut"\nfraction = 0\ndate = 2000-01-06',
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_no_change_gives_the_bits_of_the_control(tmp_path, weather_case, control, text):
    if "above_quantile" in text:  # equal days: none lies above a quantile
        weather_case = WeatherCase(tmp_path / "equal", rain=5.0)
        driver.run(weather_case.inputs(), tmp_path / "control.nc")
        control = read(tmp_path / "control.nc")
    found, _ = run(weather_case, tmp_path, text)
    same(found, control, but=[STRENGTH.history])


@pytest.mark.parametrize(
    "text",
    [
        f"[[rain]]\n{WEST}factor = 1.5",
        f"[[warming]]\n{WEST}degrees = 3",
        f'[[cover]]\n{WEST}from = "tree"\nto = "grass"\nyear = 1995',
        f'[[disturbance]]\n{WEST}kind = "cut"\nfraction = 0.5\ndate = 2000-01-06',
    ],
    ids=["rain", "warming", "cover", "disturbance"],
)
def test_cells_outside_the_region_keep_their_bits(tmp_path, weather_case, control, text):
    found, _ = run(weather_case, tmp_path, text)
    for name in control.keys() - {"time", "time_bounds"}:
        assert found[name][:, ~IN_WEST].tobytes() == control[name][:, ~IN_WEST].tobytes(), name
    assert (found["LANDSLIDE_FOS"][-1, IN_WEST] != control["LANDSLIDE_FOS"][-1, IN_WEST]).any()


def exceedance_days(outputs, level):
    """Days on which the probability of a cell exceeds a level, [cell]."""
    day = np.floor(DAYS - 1e-6).astype(int)
    above = outputs["LANDSLIDE_PROB"] > level
    return np.array([above[day == d].any(axis=0) for d in np.unique(day)]).sum(axis=0)


def levels(control):
    return [np.quantile(control["LANDSLIDE_PROB"][:, STEEP], q) for q in (0.3, 0.6, 0.9)]


def test_more_rain_raises_the_days_of_exceedance(tmp_path, weather_case, control):
    more, summary = run(weather_case, tmp_path, "[[rain]]\nfactor = 1.5", "more")
    less, _ = run(weather_case, tmp_path, "[[rain]]\nfactor = 0.5", "less")
    assert (more["LANDSLIDE_PROB"] >= control["LANDSLIDE_PROB"]).all()
    assert (less["LANDSLIDE_PROB"] <= control["LANDSLIDE_PROB"]).all()
    for level in levels(control):
        few, usual, many = (exceedance_days(outputs, level)[STEEP] for outputs in (less, control, more))
        assert (few <= usual).all()
        assert (usual <= many).all()
        assert few.sum() < usual.sum() < many.sum()
    assert "rain_1d, rain_3d, rain_7d: with the rain of the scenario from the first record on, 1.5 times" in " ".join(
        summary.derived
    )


def test_deforestation_raises_them_where_it_is_steep_and_not_where_it_is_flat(tmp_path, weather_case, control):
    """Six years after the trees were cut."""
    found, _ = run(weather_case, tmp_path, '[[cover]]\nfrom = "tree"\nto = "grass"\nyear = 1994')
    assert (found["LANDSLIDE_PROB"][:, STEEP] > control["LANDSLIDE_PROB"][:, STEEP]).all()
    for level in levels(control):
        before, after = exceedance_days(control, level), exceedance_days(found, level)
        assert (after[STEEP] >= before[STEEP]).all()
        assert after[STEEP].sum() > before[STEEP].sum()
        assert (after[~STEEP] == before[~STEEP]).all()
    assert found["LANDSLIDE_PROB"][:, ~STEEP].max() < 1e-3


def test_rain_in_the_windows_by_hand(tmp_path, weather_case):
    """Day k brings k mm; what fell before the first record stays."""
    plain, found = x_of(weather_case, tmp_path, "[[rain]]\nfactor = 1.2")
    fallen = np.interp(np.arange(0.0, 15.0, 0.25), np.arange(15), np.append(0.0, np.cumsum(np.arange(1.0, 15.0))))
    for name, days in (("rain_1d", 1), ("rain_3d", 3), ("rain_7d", 7)):
        known = days <= DAYS
        since = np.maximum(DAYS - days, FIRST)
        expected = 0.2 * (
            np.interp(DAYS, np.arange(0.0, 15.0, 0.25), fallen) - np.interp(since, np.arange(0.0, 15.0, 0.25), fallen)
        )
        change = (found[name] - plain[name])[known]
        np.testing.assert_allclose(change, np.broadcast_to(expected[known, None], change.shape), rtol=1e-5, atol=1e-9)
    assert (found["rain_7d"][DAYS < 7] == plain["rain_7d"][DAYS < 7]).all()  # missing stays missing


def test_more_rain_wets_the_soil(tmp_path, weather_case):
    """Of states that ELM holds still: liquid water, runoff and input rise, the water table too, and the first record,
    from which the column starts, stays."""
    plain, found = x_of(weather_case, tmp_path, "[[rain]]\nfactor = 1.5")
    for name in ("liquid_water", "surface_runoff", "subsurface_drainage", "water_input"):
        assert (found[name] >= plain[name] - 1e-12).all(), name
        assert (found[name][-1] > plain[name][-1]).any(), name
        assert (found[name][0] == plain[name][0]).all()
    assert (found["water_table_depth"] <= plain["water_table_depth"] + 1e-12).all()
    assert (found["liquid_water"] <= plain["porosity"]).all()
    assert (found["ice"] == plain["ice"]).all()


def test_warmer_air_without_snow_dries_the_soil(tmp_path, weather_case):
    plain, found = x_of(weather_case, tmp_path, "[[warming]]\ndegrees = 5")
    assert (found["liquid_water"] <= plain["liquid_water"] + 1e-12).all()
    assert (found["liquid_water"][-1, :, 0] < plain["liquid_water"][-1, :, 0]).all()
    assert (found["water_table_depth"] >= plain["water_table_depth"] - 1e-12).all()
    assert (found["rain_3d"] == plain["rain_3d"]).all()


def test_warmer_air_turns_snow_into_rain(tmp_path):
    """At 1 degree half is rain; one degree more, and the 8 mm of snow of a day are rain as well."""
    case = WeatherCase(tmp_path / "cold", temperature=1.0, rain=2.0, snow=8.0)
    plain, found = x_of(case, tmp_path, "[[warming]]\ndegrees = 1")
    np.testing.assert_allclose(plain["rain_1d"], 2.0, rtol=1e-5)
    np.testing.assert_allclose(found["rain_1d"][DAYS >= FIRST + 1], 10.0, rtol=1e-5)
    plain, found = x_of(case, tmp_path, "[[warming]]\ndegrees = -1")
    np.testing.assert_allclose(found["rain_1d"][DAYS >= FIRST + 1], 0.0, atol=1e-6)
    plain, found = x_of(case, tmp_path, 'water = "elm"\n[[warming]]\ndegrees = 1')
    np.testing.assert_allclose(found["rain_1d"][DAYS >= FIRST + 1], 10.0, rtol=1e-5)
    assert (found["liquid_water"] == plain["liquid_water"]).all()


def test_heavier_extremes_by_quantile(tmp_path, weather_case):
    """Days 4 to 14 bring 4 to 14 mm: above the quantile 0.7, 11 mm, lie three. With the mean kept, the other days lose
    what these gain: 39 mm of the 60."""
    text = 'water = "elm"\n[[rain]]\nfactor = 1.5\nabove_quantile = 0.7\n'
    plain, found = x_of(weather_case, tmp_path, text)
    whole = np.rint(DAYS) == DAYS
    ratio = (found["rain_1d"] / plain["rain_1d"])[whole][1:, 0]  # days 4 to 13 of the records
    np.testing.assert_allclose(ratio, [1.0] * 8 + [1.5] * 2, rtol=1e-6)
    plain, found = x_of(weather_case, tmp_path, text + "keep_mean = true")
    ratio = (found["rain_1d"] / plain["rain_1d"])[whole][1:, 0]
    np.testing.assert_allclose(ratio, [1.0 - 0.5 * 39.0 / 60.0] * 8 + [1.5] * 2, rtol=1e-6)


def test_cover_that_changes_before_the_run_has_decayed_since(tmp_path, weather_case):
    """Trees to bare ground in 1995: their dead roots hold as exp(-0.5 t^0.73), beside the roots of the herbs, which are
    on average those of all open ground."""
    found, _ = run(weather_case, tmp_path, 'water = "elm"\n[[cover]]\nfrom = "tree"\nto = "bare"\nyear = 1995')
    relative = (roots.COVER_COHESION / roots.COVER_COHESION[0]).tolist()
    herbs = (GRASS * relative[2] + CROP * relative[3]) / (1.0 - SHRUB)
    others = SHRUB * relative[1] + (1.0 - TREE - SHRUB) * herbs
    left = np.exp(-0.5 * (5.0 + DAYS / 365.0) ** 0.73)
    expected = (TREE * (left + herbs) + others) / (TREE + others)
    np.testing.assert_allclose(found[STRENGTH.history], np.tile(expected[:, None], elm_files.N), rtol=1e-6)


def test_bare_ground_in_place_of_trees_wets_the_soil(tmp_path, weather_case):
    """Fewer roots and leaves take less water; the leaves are those of the record in proportion to what is typical."""
    text = '[[cover]]\nfrom = "tree"\nto = "bare"\nyear = 1995'
    plain, found = x_of(weather_case, tmp_path, text)
    assert (found["liquid_water"][-1].sum(axis=-1) > plain["liquid_water"][-1].sum(axis=-1)).all()
    assert (found["tree_cover"] == plain["tree_cover"]).all()  # which the memory of roots changes, record by record
    inputs = weather_case.inputs(scenario=tmp_path / "x.toml")
    columns = Columns(inputs)
    try:
        first = columns.unperturbed(columns.records[0])
        soils = Soils(inputs, columns, first, perturb(inputs)(columns).cover)
        before, after = soils.of(first), soils.at(0.0)
    finally:
        columns.close()
    typical = np.array([5.1, 2.1, 1.7, 3.6])  # m2/m2, of tree, shrub, grass and crop (fields.toml)
    ratio = typical @ [0.0, SHRUB, GRASS, CROP] / (typical @ [TREE, SHRUB, GRASS, CROP])
    np.testing.assert_allclose([s.leaf_area for s in after], [ratio * s.leaf_area for s in before], rtol=1e-12)
    left = [s.root_fraction.sum() for s in after]
    np.testing.assert_allclose(left, [s.root_fraction.sum() - TREE for s in before], atol=0.02)
    assert soils.differ.all()


def test_a_disturbance_has_the_bits_of_its_file(tmp_path, weather_case):
    text = f'[[disturbance]]\n{WEST}kind = "fire"\nfraction = 0.5\ndate = 2000-01-06\n'
    text += '[[disturbance]]\nkind = "uprooted"\nfraction = 0.25\ndate = 2000-01-08'
    found, _ = run(weather_case, tmp_path, text)
    events = [(np.where(IN_WEST, 0.5, 0.0), 2, 20000106), (0.25, 3, 20000108)]
    path = root_files.write_disturbance(tmp_path / "events.nc", events)
    driver.run(weather_case.inputs(disturbance=path), tmp_path / "file.nc")
    same(found, read(tmp_path / "file.nc"))
    assert found[STRENGTH.history].min() < 0.8


def test_what_the_output_says(tmp_path, weather_case):
    _, summary = run(weather_case, tmp_path, f"[[rain]]\n{WEST}months = [1]\nfactor = 1.5")
    with netCDF4.Dataset(str(tmp_path / "out.nc")) as out:
        assert out.scenario == "out.toml"
        assert out.scenario_sha256 == hashlib.sha256((tmp_path / "out.toml").read_bytes()).hexdigest()
        assert out.scenario_changes == "rain and snow times 1.5 (months 1; 40 to 41 N, -78 to -77 E)"
        assert "out.toml" in out.input_files.split()
        assert "scenario: rain and snow times 1.5" in out.derived
        assert "(columns so: 2); the latter is off from ELM by" in out.derived
        assert "m (water table)" in out.derived


def test_overridden_fields_stay(tmp_path, weather_case):
    plain, found = x_of(weather_case, tmp_path, "[[rain]]\nfactor = 2", overrides={"rain_1d": 7.0})
    assert (found["rain_1d"] == 7.0).all()
    assert (found["rain_3d"] > plain["rain_3d"])[-1].all()


MISFITS = {
    "region": ("[[rain]]\nfactor = 2\nregion = [0, 10, 0, 10]", "region 0 to 10 N, 0 to 10 E: no cell of the run"),
    "month": ("[[rain]]\nfactor = 2\nmonths = [7]", "months 7: not in the run, which goes from 2000-01 to 2000-01"),
    "years": ("[[warming]]\ndegrees = 2\nyears = [2001, 2002]", "years 2001 to 2002: not in the run"),
    "later cover": (
        '[[cover]]\nfrom = "tree"\nto = "grass"\nyear = 2001',
        "2001-01-01 lies outside the run, which goes",
    ),
    "long ago": ('[[cover]]\nfrom = "tree"\nto = "grass"\nyear = 1850', "at most 100 years before its beginning"),
    "later cut": ('[[disturbance]]\nkind = "cut"\nfraction = 1\ndate = 2000-03-01', "2000-03-01 lies outside the run"),
    "leap day": (
        '[[disturbance]]\nkind = "cut"\nfraction = 1\ndate = 2000-02-29',
        "2000-02-29 is no day of the calendar",
    ),
    "sum": ('[[disturbance]]\nkind = "cut"\nfraction = 0.6\ndate = 2000-01-05\n' * 2, "sum to more than 1 in a cell"),
    "mean": ("[[rain]]\nfactor = 9\nabove_quantile = 0.1\nkeep_mean = true", "keep_mean: the days above the quantile"),
}


@pytest.mark.parametrize(("text", "message"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_the_run_is_refused(tmp_path, weather_case, text, message):
    with pytest.raises(UserError) as refused:
        run(weather_case, tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path / 'out.toml'}: [[")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out.nc").exists()


@pytest.mark.parametrize("name", ["RAIN", "SNOW", "TBOT"])
def test_weather_that_is_lacking_is_named(tmp_path, name):
    case = WeatherCase(tmp_path / "lacking", drop=[name])
    with pytest.raises(
        UserError, match=f"day.elm.h0.nc: no variable {name}, .* add 'RAIN:A', 'SNOW:A', 'TBOT:A' to hist_"
    ):
        run(case, tmp_path, "[[rain]]\nfactor = 1.2")


def test_weather_that_ends_before_the_run_is_refused(tmp_path, weather_case):
    def shorter(name, dims, data, attributes):
        return dims, data[:10] if "time" in dims else data, attributes

    short = elm_files.rewrite(weather_case.h0, shorter, tmp_path / "short.elm.h0.nc")
    with pytest.raises(UserError, match="do not cover the run from 2000-01-04 00:00 to 2000-01-14 18:00 without a gap"):
        run(weather_case, tmp_path, "[[rain]]\nfactor = 1.2", constants=[short])


def test_weather_that_ends_in_the_last_day_is_held(tmp_path, weather_case):
    """The means end at midnight, the run 18 h later: rain is not known then, and the water is that of the last day."""

    def shorter(name, dims, data, attributes):
        return dims, data[:13] if "time" in dims else data, attributes

    short = elm_files.rewrite(weather_case.h0, shorter, tmp_path / "short.elm.h0.nc")
    plain, found = x_of(weather_case, tmp_path, "[[rain]]\nfactor = 1.2", constants=[short])
    assert (found["rain_1d"][DAYS > 13.0] == plain["rain_1d"][DAYS > 13.0]).all()
    assert (found["liquid_water"][-1] > plain["liquid_water"][-1]).any()
    _, summary = run(weather_case, tmp_path, "[[rain]]\nfactor = 1.2", constants=[short])
    assert "weather: the files end 18 h before the run, for which the last holds" in summary.derived


def test_the_command_and_its_refusals(tmp_path, weather_case):
    """Two ranks give the bits of one; a bad file is one line, and nothing is written."""
    text = f'[[rain]]\n{WEST}factor = 1.5\n[[cover]]\nfrom = "tree"\nto = "grass"\nyear = 1999'
    path = write_toml(tmp_path / "both.toml", text)
    found = []
    for ranks in (0, 2):
        done = launch(ranks, *weather_case.run(tmp_path / f"{ranks}.nc"), "--scenario", path)
        assert done.returncode == 0, done.stderr
        found.append(read(tmp_path / f"{ranks}.nc"))
    same(*found)
    bad = write_toml(tmp_path / "bad.toml", "[[rain]]\nfactr = 2")
    assert "unknown key factr" in refusal(*weather_case.run(tmp_path / "no.nc"), "--scenario", bad)
    state = tmp_path / "state.nc"
    words = ("--scenario", path, "--write-state", state)
    assert "does not hold the water of a scenario" in refusal(*weather_case.run(tmp_path / "no.nc"), *words)
    assert not (tmp_path / "no.nc").exists()
    assert not state.exists()

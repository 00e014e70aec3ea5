"""`elm-landslide compare` on made sets: what it finds, writes and refuses."""

import json
import re

import netCDF4
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.comparison import compare as module
from elm_landslide.comparison import significance
from elm_landslide.comparison.compare import compare
from support import landslide_sets as sets
from support.landslide_sets import AREA, DAYS, N, probabilities, write

YEARS = 12


def silent(*_):
    pass


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Fewer draws than a user gets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(significance, "DRAWS", 60)
        patch.setattr(module, "CELL_DRAWS", 30)
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A control in two files, the same climate again, and two members of one with 1.5 times the probability."""
    folder, rng = tmp_path_factory.mktemp("sets"), np.random.default_rng(2)
    control = probabilities(rng, YEARS)
    half = YEARS // 2 * DAYS
    return {
        "control": [
            write(folder / "c1.nc", control[:half]),
            write(folder / "c2.nc", control[half:], 2001 + YEARS // 2),
        ],
        "again": [write(folder / "again.nc", probabilities(rng, YEARS))],
        "more": [write(folder / f"m{k}.nc", probabilities(rng, YEARS, 1.5), 2050) for k in range(2)],
        "values": control,
    }


@pytest.fixture(scope="module")
def found(files):
    named = [("control", files["control"]), *(("more", [path]) for path in files["more"])]
    return compare(named, silent, boxes=["north=40,90,-10,10"])


def test_years_by_hand(files, found):
    """Days above thresholds, maxima of years and seasons, and expected reports, from the values themselves."""
    years = files["values"].reshape(YEARS, DAYS, N)
    of = found.annual[0]
    for k, t in enumerate(module.THRESHOLDS):
        np.testing.assert_array_equal(of.exceedance[k], (years > t).sum(1))
    np.testing.assert_allclose(of.maximum, years.max(1), rtol=1e-6)
    march_to_may = slice(59, 151)  # days of a noleap year
    np.testing.assert_allclose(of.seasonal[1], years[:, march_to_may].max(1), rtol=1e-6)
    np.testing.assert_allclose(of.expected, 0.01 * years.sum(1), rtol=1e-6)
    assert of.year.tolist() == list(range(2001, 2001 + YEARS))
    assert found.annual[1].member.tolist() == [0] * YEARS + [1] * YEARS


def test_changes_by_hand(found):
    (against,) = found.against
    one, other = (years.maximum.astype(float) for years in found.annual)
    change = against.changes["maximum"]
    np.testing.assert_allclose(change.change, other.mean(0) - one.mean(0))
    assert change.significant[:-1].all()
    assert not change.significant[-1]  # the flat cell
    for name in ("exceedance_0.01", "exceedance_0.1", "expected"):
        assert (against.changes[name].change[:-1] > 0.0).all()
        assert against.changes[name].change[-1] == 0.0


def test_regions_are_weighted_by_area(found):
    inside = np.array([False, False, True, True, True, True])
    np.testing.assert_array_equal(found.regions["north"], inside)
    rows = {row.quantity: row for row in found.against[0].rows if row.region == "north"}
    row = rows["highest daily probability of the year"]
    weight = AREA[inside] / AREA[inside].sum()
    one, other = (years.maximum[:, inside].astype(float) @ weight for years in found.annual)
    assert row.reference == pytest.approx(one.mean())
    assert row.change == pytest.approx(other.mean() - one.mean())
    assert row.low < row.change < row.high
    total = rows["expected reports of rain-triggered landslides in the region"]
    assert total.reference == pytest.approx(found.annual[0].expected[:, inside].sum(1).mean())


def test_a_control_against_itself_and_its_like(files):
    same = compare([("control", files["control"]), ("same", files["control"])], silent).against[0]
    for change in same.changes.values():
        np.testing.assert_array_equal(change.change, 0.0)
        assert not change.significant.any()
    np.testing.assert_array_equal(same.levels.change, 0.0)
    like = compare([("control", files["control"]), ("again", files["again"])], silent).against[0]
    assert sum(change.significant.sum() for change in like.changes.values()) == 0


def test_workers_give_the_same(files):
    named = [("control", files["control"]), ("again", files["again"])]
    one, two = (compare(named, silent, workers=workers) for workers in (1, 2))
    for name, change in one.against[0].changes.items():
        np.testing.assert_array_equal(change.change, two.against[0].changes[name].change)
    np.testing.assert_array_equal(one.against[0].levels.low, two.against[0].levels.low)


def test_a_scheduler_of_ones_own(files):
    from distributed import LocalCluster

    named = [("control", files["control"]), ("again", files["again"])]
    wanted = compare(named, silent)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, processes=False) as cluster:
        found = compare(named, silent, scheduler=cluster.scheduler_address)
    np.testing.assert_array_equal(found.annual[1].maximum, wanted.annual[1].maximum)


def test_hours_give_the_maximum_of_their_day(tmp_path, files):
    """Four states a day at instants: the first at midnight belongs to the day that begins."""
    daily = files["values"][: 2 * DAYS]
    hours = np.repeat(daily, 4, axis=0)
    hours[1::4] *= 0.5
    hours[2::4] *= 0.0
    hours[0::4] *= 0.9
    path = write(tmp_path / "hours.nc", hours, steps=4, point=True)
    found = compare([("daily", [write(tmp_path / "d.nc", daily)]), ("hours", [path])], silent)
    np.testing.assert_array_equal(found.annual[0].maximum, found.annual[1].maximum)
    np.testing.assert_array_equal(found.annual[0].exceedance, found.annual[1].exceedance)
    np.testing.assert_allclose(found.annual[1].expected, 0.6 * found.annual[0].expected, rtol=1e-6)
    assert any("2 years of members: no return levels; 10 are needed" in note for note in found.notes)
    assert found.against[0].levels is None


def test_base_rates_are_brought_to_one(tmp_path, files):
    other = write(tmp_path / "other.nc", files["values"], rate=2 * sets.RATE)
    named = [("control", files["control"]), ("other", [other])]
    found = compare(named, silent, base_rate=4 * sets.RATE)
    one, two = (years.expected.sum() for years in found.annual)
    assert one == pytest.approx(2.0 * two)
    with pytest.raises(module.UserError, match="different base rates"):
        compare(named, silent)


def run(*words):
    return CliRunner().invoke(app, ["compare", *map(str, words)])


def test_the_files(tmp_path, files):
    """The netCDF opens with xarray and has what was found; the page has its figures inside and every input."""
    out, page = tmp_path / "out.nc", tmp_path / "page.html"
    words = [f"--set=control={files['control'][0].parent}/c?.nc", f"--set=more={files['more'][0]}"]
    result = run(*words, "--region", "north=40,90,-10,10", "--out", out, "--report", page)
    assert result.exit_code == 0, result.output
    with xr.open_dataset(out) as ds:
        assert ds["maximum_change"].dims == ("set", "lndgrid")
        assert ds["return_level_change"].dims == ("set", "period", "lndgrid")
        assert (ds["return_level_low"] <= ds["return_level_high"]).all()
        assert ds["set"].values.tolist() == ["more"]
        assert ds.attrs["reference"] == "control"
        assert json.loads(ds.attrs["inputs"])["control"][0]["model_sha256"] == sets.MODEL
        for variable in ds.data_vars.values():
            assert {"units", "long_name"} <= set(variable.attrs) or variable.name in ("region_mask",)
    text = page.read_text()
    assert not re.search(r"""(src|href)=['"]?http""", text)
    assert text.count("data:image/png;base64,") >= 6
    for path in (*files["control"], files["more"][0]):
        assert str(path) in text
    for words in ("Mann-Whitney", "Limits:", sets.MODEL, "north (4 cells)"):
        assert words in text


def test_polygons(tmp_path, files):
    shape = {"type": "Polygon", "coordinates": [[[4.0, 44.0], [5.5, 44.0], [5.5, 46.0], [4.0, 46.0], [4.0, 44.0]]]}
    feature = {"type": "Feature", "properties": {"name": "Alps"}, "geometry": shape}
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    named = [("control", files["control"]), ("again", files["again"])]
    found = compare(named, silent, regions=path)
    np.testing.assert_array_equal(found.regions["Alps"], [False, False, True, False, False, False])
    geopandas = pytest.importorskip("geopandas", reason="geopandas is not installed")
    geopandas.read_file(path).to_crs(3035).to_file(tmp_path / "regions.shp")  # another projection
    again = compare(named, silent, regions=tmp_path / "regions.shp")
    np.testing.assert_array_equal(again.regions["Alps"], found.regions["Alps"])
    feature["properties"] = {"other": 1}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(module.UserError, match="no column `name`"):
        compare(named, silent, regions=path)


def two_of(tmp_path, values, **changes):
    """A good file and one that differs."""
    return f"a={write(tmp_path / 'good.nc', values)}", f"b={write(tmp_path / 'other.nc', values, **changes)}"


def overlapping(tmp_path, values):
    good, _ = two_of(tmp_path, values)
    write(tmp_path / "o1.nc", values)
    write(tmp_path / "o2.nc", values)
    return good, f"b={tmp_path}/o?.nc"


def monthly(tmp_path, values):
    good, _ = two_of(tmp_path, values)
    return good, f"b={write(tmp_path / 'months.nc', values[:24], steps=1 / 30)}"


def fewer_cells(tmp_path, values):
    good, _ = two_of(tmp_path, values)
    return good, f"b={write(tmp_path / 'few.nc', values[:, :4], lat=sets.LAT[:4])}"


@pytest.mark.parametrize(
    ("make", "more", "words"),
    [
        (lambda p, v: two_of(p, v)[:1], (), "1 set: give two or more"),
        (lambda p, v: (str(write(p / "a.nc", v)),), (), "wanted NAME=FILES"),
        (lambda p, v: two_of(p, v, lat=sets.LAT + 1), (), "on different grids"),
        (fewer_cells, (), "on different grids"),
        (lambda p, v: two_of(p, v, calendar="360_day"), (), "different calendars, 360_day and noleap"),
        (lambda p, v: two_of(p, v, model="b" * 64), (), "different models (SHA-256 bbbbbbbbbbbb and aaaaaaaaaaaa)"),
        (overlapping, (), "must not overlap"),
        (monthly, (), "records are 30 days apart"),
        (two_of, ("--region", "sea=-40,-30,0,10"), "region sea: no cell with a value"),
        (two_of, ("--region", "sea=40,30,0,10"), "wanted a name, and latitudes"),
        (two_of, ("--threshold", "1.5"), "wanted probabilities between 0 and 1"),
        (two_of, ("--period", "1"), "wanted years above 1"),
        (lambda p, v: two_of(p, v, rate=None), ("--base-rate", "1e-4"), "a file does not say with which base rate"),
    ],
)
def test_what_is_refused(tmp_path, files, make, more, words):
    out, page = tmp_path / "out.nc", tmp_path / "page.html"
    named = [f"--set={text}" for text in make(tmp_path, files["values"][:DAYS])]
    result = run(*named, *more, "--out", out, "--report", page)
    assert result.exit_code == 2, result.output
    assert words in " ".join(result.output.split())
    assert not out.exists()
    assert not page.exists()


def test_other_models_if_told(tmp_path, files):
    values = files["values"][: 2 * DAYS]
    paths = [write(tmp_path / f"{m}.nc", values, model=m * 64) for m in "ab"]
    found = compare([("a", [paths[0]]), ("b", [paths[1]])], silent, other_models=True)
    assert len(found.against) == 1


def test_years_that_are_not_whole(tmp_path, files):
    """Left out and said; a run that is one broken year counts."""
    values = files["values"]
    paths = [write(tmp_path / f"{k}.nc", values[: DAYS + 40]) for k in range(2)]
    found = compare([("a", [paths[0]]), ("b", [paths[1]])], silent)
    assert found.annual[0].year.tolist() == [2001]
    assert "set a: 2002 left out: not whole years" in found.notes
    short = [write(tmp_path / f"short{k}.nc", values[:30]) for k in range(2)]
    found = compare([("a", [short[0]]), ("b", [short[1]])], silent)
    np.testing.assert_allclose(found.annual[0].maximum[0], values[:30].max(0), rtol=1e-6)
    assert "set a: no whole year: days and numbers of a year are those of 30 days" in found.notes
    assert found.annual[1].days == 30
    rows = found.against[0].rows
    assert rows
    assert all(np.isnan(row.low) and row.interval == "too few years" for row in rows)


def test_a_cell_without_a_value_is_left_out(tmp_path, files):
    values = files["values"][: 2 * DAYS].copy()
    values[:, 2] = np.nan
    paths = [write(tmp_path / f"{k}.nc", values) for k in range(2)]
    found = compare([("a", [paths[0]]), ("b", [paths[1]])], silent)
    assert not found.cells.valid[2]
    assert found.cells.valid.sum() == N - 1
    assert np.isnan(found.against[0].changes["maximum"].change[2])
    with netCDF4.Dataset(str(paths[0])) as file:
        assert np.ma.getmaskarray(file["LANDSLIDE_PROB"][:])[:, 2].all()


def test_a_cell_with_too_few_days_is_left_out(tmp_path, files):
    """Not counted as days without exceedance; a few missing days do not matter."""
    values = files["values"][: 2 * DAYS].copy()
    values[DAYS : DAYS + 20, 1] = np.nan
    values[DAYS : DAYS + 3, 2] = np.nan
    paths = [write(tmp_path / f"{k}.nc", values) for k in range(2)]
    found = compare([("a", [paths[0]]), ("b", [paths[1]])], silent)
    assert found.cells.valid.tolist() == [True, False, True, True, True, True]
    np.testing.assert_array_equal(found.annual[0].exceedance[1, 1, 2], (values[DAYS + 3 :, 2] > 0.01).sum())


def test_areas_of_cells_without_values_do_not_matter(tmp_path, files):
    """As of the sea in ELM's gridded tapes; if a cell with values has none, the note says what stands for it."""
    values = files["values"][:DAYS].copy()
    values[:, 0] = np.nan
    for cell, weight in ((0, AREA), (1, np.cos(np.radians(sets.LAT)))):
        paths = [write(tmp_path / f"{cell}{k}.nc", values) for k in range(2)]
        for path in paths:
            with netCDF4.Dataset(str(path), "a") as file:
                file["area"][cell] = np.nan
        found = compare([("a", [paths[0]]), ("b", [paths[1]])], silent)
        np.testing.assert_allclose(found.cells.weight[2:], weight[2:])
        said = any("weighted by the cosine of latitude" in note for note in found.notes)
        assert said == (cell == 1)


def test_expected_reports_of_some_cells_alone(tmp_path, files):
    values = files["values"][:DAYS]
    paths = [write(tmp_path / f"{k}.nc", values) for k in range(2)]
    for path in paths:
        with netCDF4.Dataset(str(path), "a") as file:
            file["LANDSLIDE_CHANCE"][:, 0] = np.nan
    found = compare([("a", [paths[0]]), ("b", [paths[1]])], silent)
    (row,) = (row for row in found.against[0].rows if row.quantity.startswith("expected"))
    assert row.reference == pytest.approx(0.01 * values[:, 1:].sum(), rel=1e-6)
    assert "region all cells: expected reports without 1 of 6 cells, of which none are known" in found.notes


@pytest.mark.parametrize(("changes", "words"), [({"model": "b" * 64}, "models"), ({"rate": 1.0}, "base rates")])
def test_files_of_one_member_that_differ(tmp_path, files, changes, words):
    values = files["values"][:DAYS]
    mixed = [write(tmp_path / "one.nc", values), write(tmp_path / "two.nc", values, 2002, **changes)]
    with pytest.raises(module.UserError, match=f"--set a: the files from .*one.nc on are of different {words}"):
        compare([("a", mixed), ("b", files["again"])], silent)


def test_regions_are_checked_before_the_records_are_read(files, monkeypatch):
    def read(*_):
        raise AssertionError("the records were read")

    monkeypatch.setattr(module, "annual", read)
    named = [("control", files["control"]), ("again", files["again"])]
    with pytest.raises(module.UserError, match="region sea: no cell"):
        compare(named, silent, boxes=["sea=-40,-30,0,10"])


def test_both_files_or_none(tmp_path, files, monkeypatch):
    from elm_landslide.comparison import report

    def fail(*_):
        raise OSError(28, "No space left on device")

    words = [f"--set=control={files['again'][0]}", f"--set=more={files['more'][0]}"]
    out, page = tmp_path / "out.nc", tmp_path / "page.html"
    result = run(*words, "--out", out, "--report", out)
    assert result.exit_code == 2
    assert "is named by --out and --report" in result.output
    monkeypatch.setattr(report, "write", fail)
    result = run(*words, "--out", out, "--report", page)
    assert result.exit_code == 2
    assert "No space left" in result.output
    assert not list(tmp_path.iterdir())


def test_what_is_no_file_of_regions(tmp_path, files):
    named = [("control", files["control"]), ("again", files["again"])]
    (tmp_path / "junk.geojson").write_text("junk")
    for name in ("junk.geojson", "none.shp"):
        with pytest.raises(module.UserError, match=f"{name}: cannot be read as regions"):
            compare(named, silent, regions=tmp_path / name)

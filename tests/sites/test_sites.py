"""The site table: what is read, written, selected; what is refused, with row and column."""

import time

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.simulator.weather import daily_sequences
from elm_landslide.sites import site_table
from support.site_files import site_rows, write_csv


def read(folder, rows):
    return site_table.read(write_csv(folder / "sites.csv", rows))


def drop(rows, *names):
    return [{name: cell for name, cell in row.items() if name not in names} for row in rows]


def assert_same(a, b):
    for name, values in vars(a).items():
        np.testing.assert_array_equal(values, getattr(b, name), err_msg=name)


def test_a_row_by_hand(tmp_path):
    rows = site_rows(days=7)
    rows[0] |= {"lat": "-0.5", "lon": "13.787332", "slope": "22.012", "lithology": "MT", "trigger": " Rain "}
    rows[1] |= {"lat": "-0.5", "lon": "13.787332"}
    rows[0] |= {f"precip{k}": f"{k}.5" for k in range(7)} | {f"pressure{k}": str(1000 + k) for k in range(7)}
    table = read(tmp_path, rows)
    assert (table.n, table.n_days, table.weather.shape) == (12, 7, (12, 5, 7))
    assert (table.id[0], table.pair[0], table.block[0]) == ("a0", "a0", "S05E010")
    assert (table.lat[0], table.lon[0], table.slope[0]) == (-0.5, 13.787332, 22.012)
    assert (table.trigger[0], table.lithology[0], table.kind[1]) == ("rain", "mt", "same_site")
    assert table.landslide.dtype == bool
    assert table.landslide[:3].tolist() == [True, False, True]
    assert table.date[0] == np.datetime64("2016-09-01")
    assert np.isnat(table.date[-1])
    assert table.weather[0, 0].tolist() == [6.5, 5.5, 4.5, 3.5, 2.5, 1.5, 0.5]  # oldest first
    assert table.weather[0, site_table.WEATHER.index("pressure")].tolist() == [1006, 1005, 1004, 1003, 1002, 1001, 1000]


def test_the_least_that_a_table_needs(tmp_path):
    """Columns in any order and case, foreign ones, blanks, empty lines: as people and spreadsheets leave them."""
    rows = site_rows(days=7)
    optional = [n for n in rows[0] if n.startswith(("humidity", "wind", "pressure"))]
    rows = drop(
        rows, "block", "trigger", "accuracy_km", "date", "slope", "lithology", "vegetated", "missing", *optional
    )
    for row in rows[:8:2]:
        row["pair"] = ""  # of a landslide: its own id
    rows = [{"note": "x", **{n.title(): f" {cell} " for n, cell in reversed(row.items())}} for row in rows]
    path = write_csv(tmp_path / "sites.csv", rows)
    path.write_text("\ufeff" + path.read_text(encoding="utf-8").replace("\n", "\n\n"), encoding="utf-8")
    table = site_table.read(path)
    assert table.pair.tolist() == ["a0", "a0", "a1", "a1", "a2", "a2", "a3", "a3", "", "", "", ""]
    assert table.n == 12
    assert np.isfinite(table.weather[:, :2]).all()
    assert np.isnan(table.weather[:, 2:]).all()
    assert all(np.isnan(getattr(table, name)).all() for name in ("accuracy", "slope", "vegetated"))
    assert np.isnat(table.date).all()
    assert (table.lithology == "").all()
    assert (table.trigger == "").all()
    assert table.missing()[-1] == ["slope", "lithology", "vegetated", "humidity", "wind", "pressure"]


def test_the_simulator_reads_the_same_weather(tmp_path):
    table = read(tmp_path, site_rows(days=16))
    rain, temperature = daily_sequences(tmp_path / "sites.csv")
    np.testing.assert_array_equal(table.weather[:, 0], rain)
    np.testing.assert_array_equal(table.weather[:, 1], temperature)


@pytest.mark.parametrize(
    ("name", "value"),
    [("temp3", "285.3"), ("temp0", "-91"), ("precip2", "-1"), ("precip2", "2500"), ("humidity1", "101"), ("temp1", "")],
)
def test_the_simulator_refuses_the_same_weather_in_the_same_words(tmp_path, name, value):
    rows = site_rows(days=16)
    rows[2][name] = value
    said = []
    for reader in (site_table.read, daily_sequences):
        with pytest.raises(UserError, match=f"row 4, column {name}") as error:
            reader(write_csv(tmp_path / "sites.csv", rows))
        said.append(str(error.value))
    assert said[0] == said[1]


def test_written_and_read_back_bit_for_bit(tmp_path):
    rows = site_rows(days=9, pairs=6)
    for i, name in enumerate(("slope", "lithology", "vegetated", "humidity3", "wind0", "trigger", "accuracy_km")):
        rows[i][name] = ""
    table = read(tmp_path, rows)
    table.weather[:, 0] += np.random.default_rng(1).random((table.n, 9))  # all 53 bits
    table.lat[0] = -1e-7
    table.id[0] = table.pair[0] = table.pair[1] = 'a"0'
    site_table.write(table, tmp_path / "again.csv")
    assert_same(table, site_table.read(tmp_path / "again.csv"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.csv", "sites.csv"]


def test_columns_of_a_written_table(tmp_path):
    site_table.write(read(tmp_path, site_rows(days=7)), tmp_path / "again.csv")
    wanted = "id,pair,block,lat,lon,landslide,kind,trigger,accuracy_km,date,slope,lithology,vegetated,missing"
    wanted += "".join(f",{name}{k}" for name in site_table.WEATHER for k in (6, 5, 4, 3, 2, 1, 0))
    assert (tmp_path / "again.csv").read_text().splitlines()[0] == wanted


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    table = read(tmp_path, site_rows())
    out = tmp_path / "out.csv"
    out.write_text("old")

    class Full:
        def writerow(self, _):
            pass

        def writerows(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(site_table.csv, "writer", lambda *_, **__: Full())
    with pytest.raises(UserError, match="out.csv: cannot be written .No space left on device"):
        site_table.write(table, out)
    assert out.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "sites.csv"]
    with pytest.raises(UserError, match="cannot be written"):
        site_table.write(table, tmp_path / "none" / "out.csv")


def test_missing_is_written_and_read(tmp_path):
    rows = site_rows()
    for row in (rows[0], rows[-1]):
        row |= {"slope": "", "lithology": "nd", "wind4": "", "trigger": "", "accuracy_km": "", "date": ""}
    table = read(tmp_path, rows)
    assert table.missing()[0] == ["trigger", "accuracy_km", "date", "slope", "lithology", "wind"]
    assert table.missing()[1] == []
    assert table.missing()[-1] == ["slope", "lithology", "wind"]
    site_table.write(table, tmp_path / "again.csv")
    line = (tmp_path / "again.csv").read_text().splitlines()[1]
    assert ",trigger;accuracy_km;date;slope;lithology;wind," in line
    assert_same(table, site_table.read(tmp_path / "again.csv"))


def test_blocks():
    lat = [46.7, 45.0, 44.999, 0.0, -0.001, -5.0, -90.0, 90.0, 89.9]
    lon = [13.8, 10.0, 9.999, 0.0, -0.001, -75.0, -180.0, 180.0, 179.9]
    wanted = ["N45E010", "N45E010", "N40E005", "N00E000", "S05W005", "S05W075", "S90W180", "N85W180", "N85E175"]
    assert site_table.block_of(lat, lon).tolist() == wanted
    assert site_table.block_of(46.7, 13.8, degrees=2) == "N46E012"
    assert site_table.block_of(46.7, 13.8).shape == ()
    for degrees in (0, 7, -5):
        with pytest.raises(ValueError, match="wanted a divisor of 90"):
            site_table.block_of(lat, lon, degrees)


def test_a_given_block_counts(tmp_path):
    rows = site_rows()
    rows[0]["block"] = rows[1]["block"] = "Alps"
    table = read(tmp_path, rows)
    assert table.block[:2].tolist() == ["Alps", "Alps"]
    assert table.block[2] == site_table.block_of(table.lat[2], table.lon[2])


def test_select_and_concatenate(tmp_path):
    table = read(tmp_path, site_rows())
    slides, others = table.select(table.landslide), table.select(~table.landslide)
    assert slides.n == 4
    assert slides.landslide.all()
    assert others.n == 8
    joined = site_table.concatenate([slides, others])
    order = [joined.id.tolist().index(name) for name in table.id]
    assert_same(joined.select(order), table)
    with pytest.raises(ValueError, match="in two parts"):
        site_table.concatenate([slides, table])
    with pytest.raises(ValueError, match="same days"):
        site_table.concatenate([table, read(tmp_path, site_rows(days=7))])


def test_rain_triggered(tmp_path):
    """Landslides a0 ... a3: downpour, earthquake, rain, unknown. A same-site row goes with its landslide."""
    rows = site_rows()
    rows[3]["trigger"] = "rain"  # of b1, whose landslide is of an earthquake
    rows[5]["trigger"] = ""  # of b2, whose landslide is of rain
    table = read(tmp_path, rows)
    taken = table.id[site_table.rain_triggered(table)].tolist()
    assert taken == ["a0", "b0", "a2", "b2", "r0", "r1", "r2", "r3"]
    alone = table.select(~table.landslide)  # now their own triggers count
    assert alone.id[site_table.rain_triggered(alone)].tolist() == ["b0", "b1", "r0", "r1", "r2", "r3"]


def test_both_classes(tmp_path):
    table = read(tmp_path, site_rows())
    site_table.need_both_classes(table, "t.csv")
    parts = ((table.landslide, "only 1 in 4"), (~table.landslide, "only 0 in 8"), (table.lat > 90, "no row"))
    for mask, words in parts:
        with pytest.raises(UserError, match=f"t.csv: column landslide: {words}"):
            site_table.need_both_classes(table.select(mask), "t.csv")


def test_a_large_table_reads_within_seconds(tmp_path):
    table = read(tmp_path, site_rows())
    large = table.select(np.arange(10000) % table.n)
    large.id = large.pair = np.array([f"x{i}" for i in range(10000)])
    large.landslide[:], large.kind = True, np.full(10000, "landslide")
    site_table.write(large, tmp_path / "large.csv")
    start = time.perf_counter()
    assert site_table.read(tmp_path / "large.csv").n == 10000
    assert time.perf_counter() - start < 10  # 0.5 s on one core that does nothing else


def cell(column, value, row=4):
    """Another value in a cell; row as a spreadsheet counts (4 is landslide a1, 5 its same-site row)."""

    def spoil(rows):
        rows[row - 2][column] = value
        return rows

    return spoil


def cells(row, **values):
    def spoil(rows):
        rows[row - 2] |= values
        return rows

    return spoil


# what is wrong, how it comes about, what the line says
BAD = [
    ("lat lacks", lambda rows: drop(rows, "lat"), ["has no column lat"]),
    ("two lack", lambda rows: drop(rows, "kind", "id"), ["has no columns id, kind"]),
    ("a day lacks", lambda rows: drop(rows, "temp3"), ["has no column temp3"]),
    ("a day of wind lacks", lambda rows: drop(rows, "wind15"), ["has no column wind15"]),
    ("no rain", lambda rows: drop(rows, *(f"precip{k}" for k in range(16))), ["has no columns precipN ... precip0"]),
    (
        "few days",
        lambda rows: drop(rows, *(f"{v}{k}" for v in site_table.WEATHER for k in range(6, 16))),
        ["column precip5"],
    ),
    ("a day more", lambda rows: [row | {"temp16": "3"} for row in rows], ["column temp16", "begins with precip15"]),
    ("a column twice", lambda rows: [row | {"Slope": "3"} for row in rows], ["has the column slope 2 times"]),
    ("text for a number", cell("slope", "steep"), ["row 4, column slope: 'steep' is no number"]),
    ("NA of R", cell("accuracy_km", "NA"), ["row 4, column accuracy_km: 'NA' is no number", "leave the cell empty"]),
    ("a form of Python's", cell("slope", "1_0"), ["row 4, column slope: '1_0' is no number"]),
    ("other digits", cell("slope", "\uff11\uff12"), ["row 4, column slope:", "is no number"]),
    ("nan", cell("slope", "nan"), ["row 4, column slope: 'nan' is no number"]),
    ("infinite rain", cell("precip3", "inf"), ["row 4, column precip3: 'inf' is no number"]),
    ("infinite accuracy", cell("accuracy_km", "inf"), ["row 4, column accuracy_km: 'inf' is no number"]),
    ("two formats of dates", cell("date", "9/4/16"), ["row 4, column date: '9/4/16'", "row 2", "both formats occur"]),
    (
        "dates in another format",
        lambda rows: [row | {"date": "9/4/16"} for row in rows],
        ["row 2, column date: '9/4/16' is a date M/D/YY; write all dates as YYYY-MM-DD"],
    ),
    ("a day that is none", cell("date", "2016-02-30"), ["row 4, column date: '2016-02-30' is no day of the calendar"]),
    ("no date", cell("date", "today"), ["row 4, column date: 'today' is no date YYYY-MM-DD"]),
    ("slope 9999", cell("slope", "9999"), ["row 4, column slope: '9999' is a missing value", "leave the cell empty"]),
    ("slope 9999.0", cell("slope", "9999.0", row=9), ["row 9, column slope: '9999.0' is a missing value"]),
    ("slope too steep", cell("slope", "90.5"), ["row 4, column slope: '90.5' is outside 0 to 90 degrees"]),
    ("slope negative", cell("slope", "-1"), ["row 4, column slope: '-1' is outside 0 to 90 degrees"]),
    ("lat", cell("lat", "-90.1"), ["row 4, column lat: '-90.1' is outside -90 to 90 degrees"]),
    ("lon", cell("lon", "181"), ["row 4, column lon: '181' is outside -180 to 180 degrees"]),
    ("lon empty", cell("lon", ""), ["row 4, column lon: an empty cell is no number"]),
    ("id twice", cell("id", "a0"), ["row 4, column id: 'a0' is in row 2 already"]),
    ("id empty", cell("id", ""), ["row 4, column id: an empty cell identifies no row"]),
    ("id too long", cell("id", "x" * 5000), ["row 4, column id", "has 5000 characters"]),
    ("rain negative", cell("precip2", "-0.1"), ["row 4, column precip2: '-0.1' is outside 0 to 2000 mm/day"]),
    ("rain missing", cell("precip0", ""), ["row 4, column precip0: an empty cell is no number", "fill the gap"]),
    ("temperature missing", cell("temp15", ""), ["row 4, column temp15: an empty cell is no number", "fill the gap"]),
    ("temperature in K", cell("temp4", "288.2"), ["row 4, column temp4: '288.2' is outside -90 to 60 degrees C"]),
    ("pressure in Pa", cell("pressure4", "101300"), ["row 4, column pressure4", "outside 300 to 1100 hPa"]),
    ("humidity", cell("humidity4", "100.5"), ["row 4, column humidity4", "outside 0 to 100 %"]),
    ("kind", cell("kind", "slide"), ["row 4, column kind: 'slide' is no kind", "landslide, same_site, random"]),
    ("kind empty", cell("kind", ""), ["row 4, column kind: an empty cell is no kind"]),
    ("landslide 2", cell("landslide", "2"), ["row 4, column landslide: '2' is outside 0 to 1; wanted 1 or 0"]),
    ("landslide a half", cell("landslide", "0.5"), ["row 4, column landslide: '0.5' is neither; wanted 1 or 0"]),
    ("landslide empty", cell("landslide", ""), ["row 4, column landslide: an empty cell is no number"]),
    ("landslide 1 of another kind", cell("landslide", "1", 5), ["row 5, column landslide", "the kind same_site"]),
    ("landslide 0 of that kind", cell("landslide", "0"), ["row 4, column landslide", "contradicts the kind landslide"]),
    ("same site without pair", cell("pair", "", 5), ["row 5, column pair: an empty cell names no landslide"]),
    ("pair of a same-site row", cell("pair", "b0", 5), ["row 5, column pair: 'b0' is a row of kind same_site"]),
    ("pair of a random row", cell("pair", "a0", 13), ["row 13, column pair: 'a0' belongs to a random row"]),
    ("pair of another landslide", cell("pair", "a0"), ["row 4, column pair: 'a0' is not the row's id a1"]),
    ("a pair in two blocks", cell("block", "N00E000", 5), ["row 5, column pair", "in N00E000; give both one block"]),
    ("lithology", cell("lithology", "granite"), ["row 4, column lithology: 'granite' is no code of GLiM"]),
    ("vegetated", cell("vegetated", "0.4"), ["row 4, column vegetated: '0.4' is neither"]),
    ("accuracy", cell("accuracy_km", "-5"), ["row 4, column accuracy_km: '-5' is outside 0 and more km"]),
    (
        "missing is filled",
        cell("missing", "slope"),
        ["row 4, column missing: 'slope' names slope, whose cell is filled"],
    ),
    (
        "missing wind is filled",
        cells(5, missing="slope; wind", slope=""),
        ["row 5, column missing", "names wind, whose"],
    ),
    ("missing rain", cell("missing", "precip"), ["row 4, column missing: 'precip' names precip; wanted some of"]),
]


@pytest.mark.parametrize(("spoil", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_tables(tmp_path, spoil, words):
    with pytest.raises(UserError) as error:
        read(tmp_path, spoil(site_rows()))
    assert str(error.value).startswith(f"{tmp_path / 'sites.csv'}: ")
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b",,\n , ,\n", "is empty"),
        (b"id,lat,lon,landslide,kind\n", "has no row below the header"),
        (b"id;lat;lon;landslide;kind\na;1;2;1;landslide\n", "cells are separated by commas"),
        (b"id,lat,lon,landslide,kind\n\na,46,7,13,1,landslide\n", "row 3: 6 cells, but the header has 5"),
        ("id,lat\n\u00e9,1\n".encode("latin-1"), "is not UTF-8 text"),
        (None, "No such file"),
    ],
)
def test_bad_files(tmp_path, content, words):
    path = tmp_path / "sites.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=words):
        site_table.read(path)


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path):
    """An empty line is a row there, and a cell with a line break is one row."""
    rows = [{"note": "two\nlines" if i == 1 else "", **row} for i, row in enumerate(site_rows())]
    rows[3]["slope"] = "9999"
    path = write_csv(tmp_path / "sites.csv", rows)
    lines = path.read_bytes().split(b"\r\n")
    lines.insert(2, b"," * lines[0].count(b","))  # as spreadsheets write an empty row
    lines.insert(2, b"")
    path.write_bytes(b"\r\n".join(lines))
    with pytest.raises(UserError, match="row 7, column slope"):
        site_table.read(path)

"""The reader of the Global Landslide Catalog."""

from pathlib import Path

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.sites import catalogue
from elm_landslide.sites.csv_table import Table
from support.site_files import event, write_csv

FILE = Path(__file__).parents[2] / ".." / "shared" / "data" / "glc" / "Global_Landslide_Catalog_Export.csv"
needs_file = pytest.mark.skipif(not FILE.is_file(), reason="../shared/data/glc is not there")


def read(folder, *rows):
    return catalogue.read_catalogue(write_csv(folder / "glc.csv", list(rows)))


def test_one_row_by_hand(tmp_path):
    found = read(tmp_path, event(684, "8/1/2008 0:00", 32.5625, 107.45, location_accuracy="25km"))
    assert found.n == 1
    assert found.duplicates == 0
    assert found.event_id.tolist() == ["684"]
    assert found.date[0] == np.datetime64("2008-08-01")
    assert (found.lat[0], found.lon[0], found.accuracy_km[0]) == (32.5625, 107.45, 25.0)
    assert (found.trigger[0], found.category[0], found.size[0]) == ("downpour", "mudslide", "small")


@pytest.mark.parametrize(
    ("text", "km"), [("exact", 0.1), ("1km", 1), ("50 km", 50), ("250km", 250), ("unknown", np.nan), ("", np.nan)]
)
def test_accuracy(tmp_path, text, km):
    np.testing.assert_equal(read(tmp_path, event(1, location_accuracy=text)).accuracy_km, [km])


@pytest.mark.parametrize("text", ["3/4/2015 7:05", "03/04/2015 07:05:00 AM", "3/4/2015"])
def test_dates_as_the_exports_write_them(tmp_path, text):
    assert read(tmp_path, event(1, text)).date[0] == np.datetime64("2015-03-04")


def test_unknown_is_empty(tmp_path):
    found = read(tmp_path, event(1, landslide_trigger="unknown", landslide_category="Unknown", landslide_size=""))
    assert (found.trigger[0], found.category[0], found.size[0]) == ("", "", "")


def test_a_file_saved_by_a_spreadsheet(tmp_path):
    """It begins with a byte-order mark."""
    path = write_csv(tmp_path / "glc.csv", [event(7)])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert catalogue.read_catalogue(path).event_id.tolist() == ["7"]


KM = 1 / 111.2  # degrees of latitude


@pytest.mark.parametrize(
    ("more", "dropped"),
    [
        ({}, True),
        ({"lat": 46.5 + 0.9 * KM}, True),
        ({"lat": 46.5 + 1.1 * KM}, False),
        ({"lon": 13.25 + 1.2 * KM}, True),  # 0.83 km at this latitude
        ({"date": "9/1/2016 23:59"}, True),
        ({"date": "9/2/2016 0:00"}, False),
        ({"landslide_trigger": "rain"}, True),  # the category is the same
        ({"landslide_category": "rock_fall"}, True),  # the trigger is
        ({"landslide_trigger": "rain", "landslide_category": "rock_fall"}, False),
    ],
)
def test_second_reports(tmp_path, more, dropped):
    found = read(tmp_path, event(1), event(2, **more))
    assert (found.event_id.tolist(), found.duplicates) == ((["1"], 1) if dropped else (["1", "2"], 0))


def test_two_unknowns_are_not_alike(tmp_path):
    unknown = {"landslide_trigger": "unknown", "landslide_category": "unknown"}
    assert read(tmp_path, event(1, **unknown), event(2, **unknown)).n == 2


def test_the_better_known_place_stays(tmp_path):
    """And the order of the file."""
    rows = [
        event(1, location_accuracy="unknown"),
        event(2, "1/1/2010 0:00", lat=0),
        event(3, location_accuracy="exact"),
        event(4, location_accuracy="exact"),
        event(5, "1/1/2009 0:00", lat=0),
    ]
    found = read(tmp_path, *rows)
    assert (found.event_id.tolist(), found.duplicates) == (["2", "3", "5"], 2)


def test_second_reports_on_both_sides_of_180(tmp_path):
    assert read(tmp_path, event(1, lon=179.999), event(2, lon=-179.999)).n == 1


def test_locate(tmp_path):
    found = read(
        tmp_path,
        event(1, lat=10.0, lon=20.0),
        event(2, lat=10.016, lon=20.0),
        event(3, "9/2/2016 0:00", lat=10.0, lon=20.0),
        event(4, lat=0.0, lon=-180.0),
    )
    day = np.datetime64("2016-09-01")
    assert catalogue.locate(found, 10.0, 20.0, day) == 0
    assert catalogue.locate(found, 10.007, 20.0, day) == 0
    assert catalogue.locate(found, 10.009, 20.0, day) == 1
    assert catalogue.locate(found, 9.99, 20.01, day) == 0
    assert catalogue.locate(found, 9.989, 20.0, day) == -1
    assert catalogue.locate(found, 10.0, 20.011, day) == -1
    assert catalogue.locate(found, 10.0, 20.0, day + 1) == 2
    assert catalogue.locate(found, 10.0, 20.0, day + 2) == -1
    assert catalogue.locate(found, 0.0, 179.995, day) == 3
    assert catalogue.locate(found, 10.0, 20.0, np.datetime64("NaT")) == -1


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("event_date", "13/1/2016 0:00", "no day of the calendar"),
        ("event_date", "2/30/2016 0:00", "no day of the calendar"),
        ("event_date", "soon", "'soon' is no date M/D/YYYY h:mm"),
        ("event_date", "", "an empty cell is no date"),
        ("event_date", "2016-09-01", "row 2 is a date M/D/YYYY h:mm: both formats occur"),
        ("latitude", "91", "is outside -90 to 90 degrees"),
        ("latitude", "", "an empty cell is no number"),
        ("longitude", "east", "'east' is no number"),
        ("longitude", "nan", "'nan' is no number"),
        ("location_accuracy", "near", "'near' is no accuracy"),
        ("event_id", "1", "is in row 2 already"),
        ("event_id", "", "identifies no row"),
    ],
)
def test_bad_cells_are_named(tmp_path, column, value, words):
    rows = [event(1), event(2, lat=0), event(3, lat=5)]
    rows[2][column] = value
    with pytest.raises(UserError) as error:
        read(tmp_path, *rows)
    assert f"glc.csv: row 4, column {column}: " in str(error.value)
    assert words in str(error.value)


def test_a_column_lacking(tmp_path):
    row = event(1)
    del row["location_accuracy"], row["latitude"]
    with pytest.raises(UserError, match="glc.csv: has no columns latitude, location_accuracy"):
        read(tmp_path, row)


@needs_file
def test_real_catalogue():
    """7,159 rows; counts of second reports and of accuracies as seen when this was written."""
    found = catalogue.read_catalogue(FILE)
    assert found.n + found.duplicates == 7159
    assert found.duplicates == 180
    assert found.date.min() > np.datetime64("1980")
    assert found.date.max() < np.datetime64("2020")
    assert set(np.unique(found.accuracy_km[np.isfinite(found.accuracy_km)])) == {0.1, 1, 5, 10, 25, 50, 100, 250}
    assert np.isin(found.trigger, catalogue.RAIN_TRIGGERS).mean() > 0.8


@pytest.mark.parametrize(("text", "year"), [("9/4/16", 2016), ("9/4/69", 2069), ("9/4/70", 1970), ("9/4/99", 1999)])
def test_years_of_two_digits(tmp_path, text, year):
    """GLAS has dates from 2007 on; spreadsheets write the year with two digits."""
    path = tmp_path / "t.csv"
    path.write_text(f"date\n{text}\n")
    assert Table(path).dates("date", "M/D/YY")[0] == np.datetime64(f"{year}-09-04")

"""elm-landslide sites: GLAS to a site table, counts of a table, bad input in one line with row and column."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.sites import catalogue, glas, site_table
from support.site_files import event, glas_files, site_rows, write_csv, write_glas

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
needs_shared = pytest.mark.skipif(not (SHARED / "glas").is_dir(), reason="../shared/data/glas is not there")


def invoke(*arguments):
    return CliRunner().invoke(app, ["sites", *map(str, arguments)])


def tree(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(result, *words):
    """One line on stderr, exit status 2."""
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.startswith("elm-landslide: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


# Conversion.


def test_glas_row_by_row(tmp_path):
    files = glas_files(tmp_path)
    files["landslides.csv"][1] |= {"slope": "9999.0", "lithology": "nd", "trigger": "..."}
    files["landslides.csv"][2]["date"] = "12/31/99"
    table = glas.of_glas(write_glas(tmp_path, files))
    assert table.id.tolist() == [
        *(f"landslide-{i}" for i in (100, 101, 102, 103)),
        *(f"same-{i}" for i in (100, 101, 102, 103, 999)),
        *(f"random-{i}" for i in (100, 101, 102)),
    ]
    assert table.pair.tolist() == [f"landslide-{i}" for i in (100, 101, 102, 103, 100, 101, 102, 103, 999)] + [""] * 3
    assert table.kind.tolist() == ["landslide"] * 4 + ["same_site"] * 5 + ["random"] * 3
    assert table.landslide.tolist() == [True] * 4 + [False] * 8
    assert table.trigger.tolist() == ["downpour", "", "rain", "", "downpour", "", "rain", "", "", "", "", ""]
    np.testing.assert_array_equal(table.slope[:3], [10.5, np.nan, 12.5])
    assert table.lithology[:3].tolist() == ["su", "", "sm"]
    assert table.vegetated[:2].tolist() == [0, 1]
    assert table.date[:3].tolist() == np.array(["2016-09-01", "2016-09-02", "1999-12-31"], "datetime64[D]").tolist()
    assert np.isnat(table.date[4:]).all()
    assert table.block[0] == "N45E010"
    assert np.isnan(table.accuracy).all()
    for i, row in ((2, files["landslides.csv"][2]), (7, files["nonLandslideSame.csv"][3])):
        for v, name in enumerate(("precip", "temp", "humidity", "wind", "air")):
            assert table.weather[i, v].tolist() == [float(row[f"{name}{k}"]) for k in range(15, -1, -1)]


def test_the_catalogue_gives_accuracy(tmp_path):
    """Of landslides and of their same-site rows, and the trigger of 999, whose landslide is not in the files."""
    write_glas(tmp_path, glas_files(tmp_path))
    events = write_csv(
        tmp_path / "glc.csv",
        [
            event(1, location_accuracy="exact", landslide_trigger="rain"),  # landslide 100
            event(2, "9/2/2016 5:00", 47.505, 12.255, location_accuracy="unknown"),  # 101
            event(3, "9/4/2016 5:00", 48.5, 11.25, location_accuracy="1km"),  # 102, on the next day
            event(4, "9/10/2016 5:00", 55.5, 4.25, location_accuracy="25km"),  # 999
            event(5, "1/1/2009 5:00", -10, 13.25, location_accuracy="25km"),  # random 100, which is no report
        ],
    )
    table = glas.of_glas(tmp_path, catalogue.read_catalogue(events))
    nan = np.nan
    wanted = [0.1, nan, nan, nan, 0.1, nan, nan, nan, 25.0, nan, nan, nan]
    np.testing.assert_array_equal(table.accuracy, wanted)
    assert table.trigger[[0, 4, 8]].tolist() == ["downpour", "downpour", "downpour"]  # the file's, but of 999
    assert table.id[site_table.rain_triggered(table)].tolist() == [
        *("landslide-100", "landslide-102", "same-100", "same-102", "same-999"),
        *("random-100", "random-101", "random-102"),
    ]


def test_convert_and_describe(tmp_path):
    write_glas(tmp_path, glas_files(tmp_path))
    events = write_csv(tmp_path / "glc.csv", [event(1), event(2), event(3, lat=0)])
    out = tmp_path / "sites.csv"
    result = invoke("convert", tmp_path, "--out", out, "--catalogue", events)
    assert result.exit_code == 0, result.output
    for line in (
        f"written     {out}",
        "catalogue   2 events; duplicates left out: 1",
        "rows        12: landslide 4, same_site 5, random 3",
        "days        16 of weather for each row",
        "pairs       4 same-site rows whose landslide is in the table",
        "rain        landslide 2, same_site 2, random 3; for a model of rain as the trigger",
        "triggers    downpour 1, earthquake 1, rain 1, unknown 1",
        "missing     trigger 1, accuracy_km 3",
    ):
        assert line in result.stdout.splitlines()
    table = site_table.read(out)
    for name, values in vars(glas.of_glas(tmp_path, catalogue.read_catalogue(events))).items():
        np.testing.assert_array_equal(getattr(table, name), values, err_msg=name)
    counts = json.loads(invoke("describe", out, "--json").stdout)
    assert counts["kinds"] == {"landslide": 4, "same_site": 5, "random": 3}
    assert counts["days"] == 16
    assert counts["accuracy"]["to 5 km"] == 1
    assert counts["accuracy"]["unknown"] == 3
    assert sum(counts["accuracy"].values()) == 4
    assert sum(counts["blocks"].values()) == 12
    assert counts["missing"]["accuracy_km"] == 3
    assert counts["missing"]["slope"] == 0
    assert invoke("describe", out).stdout.splitlines() == result.stdout.splitlines()[2:]


def test_convert_does_not_overwrite(tmp_path):
    write_glas(tmp_path, glas_files(tmp_path))
    out = tmp_path / "sites.csv"
    out.write_text("mine")
    before = tree(tmp_path)
    refused(invoke("convert", tmp_path, "--out", out), "sites.csv: exists; use --overwrite")
    refused(invoke("convert", tmp_path, "--out", tmp_path / "random.csv", "--overwrite"), "is one of the inputs")
    refused(invoke("convert", tmp_path, "--out", tmp_path / "none" / "s.csv"), "its folder does not exist")
    assert tree(tmp_path) == before
    assert invoke("convert", tmp_path, "--out", out, "--overwrite").exit_code == 0
    assert site_table.read(out).n == 12


@pytest.mark.parametrize("command", ["convert", "describe"])
def test_help_teaches_by_example(command):
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert f"elm-landslide sites {command}" in result.output


def test_help_lists_what_a_table_needs():
    text = invoke("describe", "--help").output
    assert all(name in text for name in (*site_table.NEEDED, "pair", "precipN", "tempN"))


# Bad input.


def test_describe_refuses_a_bad_table(tmp_path):
    rows = site_rows()
    rows[2]["slope"] = "9999"
    path = write_csv(tmp_path / "sites.csv", rows)
    before = tree(tmp_path)
    refused(invoke("describe", path), f"{path}: row 4, column slope: '9999'", "leave the cell empty")
    refused(invoke("describe", tmp_path / "none.csv"), "none.csv: No such file")
    assert tree(tmp_path) == before


BAD = [  # file, row, column, value, words
    ("landslides.csv", 3, "date", "2016-09-04", ["is a date YYYY-MM-DD", "row 2 is a date M/D/YY: both formats occur"]),
    ("nonLandslideSame.csv", 4, "date", "30/12/16", ["is no day of the calendar"]),
    ("landslides.csv", 3, "date", "", ["an empty cell is no date M/D/YY"]),
    ("random.csv", 3, "date", "9/4/2016", ["both formats occur"]),
    ("landslides.csv", 3, "lat", "north", ["'north' is no number"]),
    ("landslides.csv", 3, "lon", "190", ["outside -180 to 180"]),
    ("random.csv", 2, "precip7", "-3", ["'-3' is outside 0 to 2000 mm/day"]),
    ("nonLandslideSame.csv", 3, "temp0", "", ["an empty cell is no number"]),
    ("landslides.csv", 3, "air3", "x", ["'x' is no number"]),
    ("landslides.csv", 3, "slope", "-9999", ["outside 0 to 90"]),
    ("landslides.csv", 3, "id", "100", ["is in row 2 already"]),
    ("nonLandslideSame.csv", 5, "id", "102", ["is in row 4 already"]),
    ("random.csv", 3, "lithology", "granite", ["no code of GLiM"]),
    ("random.csv", 3, "forest", "7", ["outside 0 to 1"]),
    ("landslides.csv", 3, "landslide", "0", ["is not of landslides.csv"]),
    ("random.csv", 3, "landslide", "1", ["is not of random.csv"]),
]


@pytest.mark.parametrize(("name", "row", "column", "value", "words"), BAD)
def test_convert_refuses_bad_files(tmp_path, name, row, column, value, words):
    files = glas_files(tmp_path)
    files[name][row - 2][column] = value
    write_glas(tmp_path, files)
    before = tree(tmp_path)
    result = invoke("convert", tmp_path, "--out", tmp_path / "sites.csv")
    refused(result, f"{tmp_path / name}: row {row}, column {column}: ", *words)
    assert tree(tmp_path) == before


def test_a_same_site_row_in_another_block(tmp_path):
    files = glas_files(tmp_path)
    files["nonLandslideSame.csv"][1]["lat"] = 3
    write_glas(tmp_path, files)
    result = invoke("convert", tmp_path, "--out", tmp_path / "sites.csv")
    refused(result, "nonLandslideSame.csv: row 3, column id: '101' is in block N45E010, this row in N00E010")


@pytest.mark.parametrize("column", ["lithology", "air4", "precip9", "id"])
def test_a_column_of_glas_lacks(tmp_path, column):
    files = glas_files(tmp_path)
    for row in files["random.csv"]:
        del row[column]
    write_glas(tmp_path, files)
    result = invoke("convert", tmp_path, "--out", tmp_path / "sites.csv")
    refused(result, "random.csv: has no column", column)


def test_files_of_glas_that_do_not_go_together(tmp_path):
    write_glas(tmp_path, glas_files(tmp_path) | {"random.csv": glas_files(tmp_path, days=9)["random.csv"]})
    out = tmp_path / "sites.csv"
    refused(invoke("convert", tmp_path, "--out", out), "random.csv: has 9 days of weather", "landslides.csv has 16")
    (tmp_path / "random.csv").unlink()
    refused(invoke("convert", tmp_path, "--out", out), "random.csv: No such file")
    refused(invoke("convert", tmp_path / "none", "--out", out), "landslides.csv: No such file")
    assert not out.exists()


def test_a_bad_catalogue(tmp_path):
    write_glas(tmp_path, glas_files(tmp_path))
    events = write_csv(tmp_path / "glc.csv", [event(1), event(1, lat=0)])
    before = tree(tmp_path)
    result = invoke("convert", tmp_path, "--out", tmp_path / "sites.csv", "--catalogue", events)
    refused(result, "glc.csv: row 3, column event_id: '1' is in row 2 already")
    assert tree(tmp_path) == before


@needs_shared
def test_real_files(tmp_path):
    events = SHARED / "glc" / "Global_Landslide_Catalog_Export.csv"
    out = tmp_path / "sites.csv"
    result = invoke("convert", SHARED / "glas", "--out", out, "--catalogue", events, "--json")
    assert result.exit_code == 0, result.output
    counts = json.loads(result.stdout)
    assert counts["kinds"] == {"landslide": 2926, "same_site": 2926, "random": 3730}
    assert counts["days"] == 16
    assert counts["same_site_with_landslide"] == 2860
    assert counts["missing"]["slope"] == 4
    assert counts["rain_triggered"] == {"landslide": 2173, "same_site": 2175, "random": 3730}
    table = site_table.read(out)
    slides = table.select(table.landslide)
    assert np.isfinite(slides.accuracy).sum() == 2926 - counts["missing"]["accuracy_km"] == 2550
    assert (slides.trigger == "downpour").sum() == 1234
    assert not np.isnat(slides.date).any()
    # The day of the row is the last: it rains most on the day of a landslide, and no more than before on other days.
    rain = np.array([table.weather[table.kind == kind, 0].mean(axis=0) for kind in site_table.KINDS])
    assert rain[0].argmax() == 15
    assert rain[0, 15] > 15
    assert (rain[1:] < 6).all()

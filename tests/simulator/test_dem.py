"""Elevations from ESRI ASCII grids, as programs write them; what is refused, and why."""

from pathlib import Path

import numpy as np
import pytest

from elm_landslide.simulator.terrain import read_dem

DEMS = Path(__file__).parents[3] / "shared" / "data" / "landlab"
needs_dems = pytest.mark.skipif(not DEMS.is_dir(), reason="DEMs of Landlab (../shared/data/landlab) are not here")
HEADER = "ncols 4\nnrows 3\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9999\n"
VALUES = "9 9 9 9\n6 6 6 6\n3 3 3 3\n"


def dem(tmp_path, text, **size):
    path = tmp_path / "dem.asc"
    path.write_text(text)
    return read_dem(path, **size)


def test_dem(tmp_path):
    land = dem(tmp_path, HEADER + VALUES)
    assert (land.shape, land.size, land.n) == ((3, 4), 10.0, 12)
    assert land.grid(land.elevation).tolist() == [[9.0] * 4, [6.0] * 4, [3.0] * 4]
    np.testing.assert_allclose(land.gradient, 0.3, rtol=1e-13)
    assert dem(tmp_path, HEADER + VALUES, size=5.0).size == 5.0


def test_dem_with_missing_values_at_its_edges(tmp_path):
    land = dem(tmp_path, HEADER + "-9999 9 9 9\n6 6 6 6\n3 3 3 -9999\n")
    assert land.n == 10
    assert np.isnan(land.grid(land.elevation)[[0, 2], [0, 3]]).all()


def test_dem_without_nodata(tmp_path):
    assert dem(tmp_path, HEADER.replace("NODATA_value -9999\n", "") + VALUES).n == 12


def changed(old, new, values=VALUES):
    assert old in HEADER + values
    return (HEADER + values).replace(old, new)


@pytest.mark.parametrize(
    "text",
    {
        "dx and dy": changed("cellsize 10", "dx 10\ndy 10.000001"),
        "all three": changed("cellsize 10", "cellsize 10\ndx 10\ndy 10"),
        "capitals, another order": "NODATA_VALUE -9999\nCellSize 1e1\nNROWS 3\nYLLCENTER 5\nXLLCENTER 5\nNCOLS 4\n"
        + VALUES,
        "no corners": "ncols 4\nnrows 3\ncellsize 10\n" + VALUES,
        "wrapped": HEADER + "9 9\n9 9 6\n6 6 6 3 3 3\n3",
        "one line": HEADER.replace("\n", " ") + VALUES.replace("\n", "  "),
        "byte order mark, tabs, DOS": "\ufeff" + (HEADER + VALUES).replace(" ", "\t").replace("\n", "\r\n"),
        "whole numbers as decimals": changed("ncols 4\nnrows 3", "ncols 4.0\nnrows 3.0"),
    }.items(),
    ids=lambda item: item[0],
)
def test_dem_as_programs_write_it(tmp_path, text):
    land = dem(tmp_path, text[1])
    assert (land.shape, land.size, land.n) == ((3, 4), 10.0, 12)
    assert land.grid(land.elevation).tolist() == [[9.0] * 4, [6.0] * 4, [3.0] * 4]


@pytest.mark.parametrize(
    ("nodata", "cell"),
    [
        ("-9999", "-9999.000"),
        ("-3.4028235e+38", "-3.40282e+38"),
        ("-3.40282346638529e+38", "-3.4028235e+38"),
        ("-1.797693134862315708e+308", "-1.79769e+308"),
        ("-inf", "-inf"),
        ("nan", "nan"),
        ("nan", "-NaN"),
        ("-9999", "nan"),
        ("0", "0.0"),
    ],
)
def test_dem_missing_values(tmp_path, nodata, cell):
    land = dem(tmp_path, changed("-9999", nodata, f"{cell} 9 9 9\n6 6 6 6\n3 3 3 3\n"))
    assert np.argwhere(np.isnan(land.grid(land.elevation))).tolist() == [[0, 0]]


def test_dem_near_nodata_is_data(tmp_path):
    assert dem(tmp_path, changed("-9999", "9.0001")).n == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed("10", "0.001"), r"dem.asc: cellsize is 0.001, in degrees; .* give the cell size"),
        (changed("cellsize 10", "dx 0.001\ndy 0.001"), r"dem.asc: cellsize is 0.001, in degrees"),
        (
            changed("cellsize 10", "dx 10\ndy 12"),
            r"header: dx 10.0, dy 12.0: the cells are not square; resample",
        ),
        (changed("cellsize 10", "dx 10\ndy 10.00002"), r"the cells are not square"),
        (changed("cellsize 10", "cellsize 10\ndx 5\ndy 5"), r"cellsize 10.0, dx 5.0, dy 5.0: the cells are not square"),
        (changed("cellsize 10", "dx 10"), r"header: has dx without dy"),
        (changed("cellsize 10", "dx 10\ndy -10"), r"header: dy is -10.0; it must be positive"),
        (changed("cellsize 10", "cellsize 0"), r"header: cellsize is 0.0; it must be positive"),
        (changed("cellsize 10\n", ""), r"header: has no cellsize, or dx and dy"),
        (changed("ncols", "columns"), r"dem.asc: not an ESRI ASCII grid: 'columns' is not one of the keywords ncols, "),
        (changed("cellsize", "cell_size"), r"dem.asc: header: 'cell_size' is not one of the keywords"),
        (changed("cellsize 10", "units metres\ncellsize 10"), r"header: 'units' is not one of the keywords"),
        (changed("cellsize 10", "cellsize 10\nCELLSIZE 10"), r"header: has cellsize twice"),
        (changed("xllcorner 0", "xllcorner 0\nxllcenter 5"), r"header: has xllcorner and xllcenter; keep one"),
        (changed("xllcorner 0", "xllcorner west"), r"header: xllcorner is 'west', which is not a number"),
        (changed("xllcorner 0", "xllcorner nan"), r"header: xllcorner is 'nan'; it must be finite"),
        (changed("nrows 3\n", ""), r"header: has no nrows"),
        (changed("nrows 3", "nrows three"), r"header: nrows is 'three', which is not a number"),
        (changed("nrows 3", "nrows 3.5"), r"header: nrows is '3.5'; it must be a whole number above 0"),
        (changed("nrows 3", "nrows -3"), r"header: nrows is '-3'"),
        (changed("nrows 3", "nrows nan"), r"header: nrows is 'nan'"),
        (
            changed("nrows 3", "nrows"),
            r"header: nrows is 'xllcorner', which is not a number|'0' is not one|not a number",
        ),
        (changed("nrows 3", "nrows 1000000000"), r"the header says 1000000000 x 4 values, more than the file can hold"),
        (HEADER + VALUES + "1 1 1 1\n", r"dem.asc: has 16 values, but the header says 3 x 4 = 12"),
        (HEADER + "9 9 9 9\n6 6 6\n3 3 3 3\n", r"dem.asc: has 11 values, but the header says 3 x 4 = 12"),
        (HEADER, r"no values below the header"),
        (
            HEADER + VALUES.replace("3 3 3 3", "3 1_0 3 3"),
            r"the value of row 3, column 2 is '1_0', which is not a number",
        ),
        (changed("cellsize 10", "cellsize 1_0"), r"header: cellsize is '1_0', which is not a number"),
        (HEADER + VALUES.replace("3 3 3 3", "3 x 3 3"), r"the value of row 3, column 2 is 'x', which is not a number"),
        (
            HEADER + VALUES.replace("3 3 3 3", "3 3,5 3 3"),
            r"the value of row 3, column 2 is '3,5', which is not a number",
        ),
        (HEADER + VALUES.replace("6 6 6 6", "6 3e38 6 6"), r"row 2, column 2 is 3e\+38 m, .* name it as NODATA_value"),
        (HEADER + VALUES.replace("6 6 6 6", "6 inf 6 6"), r"row 2, column 2 is inf m, which is not an elevation"),
        (
            HEADER + VALUES.replace("6 6 6 6", "6 -32768 6 6"),
            r"row 2, column 2 is -32768 m, which is not an elevation of land",
        ),
        (
            HEADER + VALUES.replace("6 6 6 6", "6 32767 6 6"),
            r"row 2, column 2 is 32767 m, which is not an elevation of land",
        ),
        (
            HEADER + VALUES.replace("6 6 6 6", "6 -99999 6 6"),
            r"row 2, column 2 is -99999 m, which is not an elevation of land",
        ),
        (
            HEADER + VALUES.replace("6 6 6 6", "6 -1001 6 6"),
            r"row 2, column 2 is -1001 m, which is not an elevation of land",
        ),
        (
            HEADER + VALUES.replace("6 6 6 6", "6 9001 6 6"),
            r"row 2, column 2 is 9001 m, which is not an elevation of land",
        ),
        ("\0" * 1000, r"dem.asc: not an ESRI ASCII grid"),
        (
            HEADER + VALUES.replace("6 6 6 6", "6 -9999 6 6"),
            r"1 values are missing inside the tile, .* row 1, column 1",
        ),
        (
            changed("-9999", "nan", VALUES.replace("6 6 6 6", "6 nan 6 6")),
            r"1 values are missing inside the tile, .* row 1, column 1",
        ),
    ],
)
def test_bad_dem(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        dem(tmp_path, text)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "dem.asc").write_bytes(b"ncols 4\n\xff\xfe")
    with pytest.raises(ValueError, match="dem.asc: not an ESRI ASCII grid: it is not text"):
        read_dem(tmp_path / "dem.asc")


def test_a_row_that_begins_with_nan_is_data(tmp_path):
    land = dem(tmp_path, HEADER + "nan nan 9 9\nnan 6 6 6\n3 3 3 3\n")
    assert land.n == 9


def test_a_word_across_two_reads(tmp_path, monkeypatch):
    monkeypatch.setattr("elm_landslide.simulator.dem._CHUNK", 3)
    monkeypatch.setattr("elm_landslide.simulator.dem._BATCH", 5)
    land = dem(tmp_path, HEADER + "9.25 9.5 9.75 10\n6 6 6 6\n3 3 3 3.125")
    assert land.grid(land.elevation)[[0, 2]].tolist() == [[9.25, 9.5, 9.75, 10.0], [3.0, 3.0, 3.0, 3.125]]


def test_degrees_with_a_size(tmp_path):
    assert dem(tmp_path, (HEADER + VALUES).replace("10", "0.001"), size=30.0).size == 30.0


@needs_dems
@pytest.mark.parametrize(("name", "size"), [("hugo_site.asc", None), ("srtm_boulder_90m.asc", 90.0)])
def test_real_dems(name, size):
    """Elevations against the words of the file."""
    lines = (DEMS / name).read_text().splitlines()
    header = dict(line.split() for line in lines[:6])
    values = np.array([float(word) for line in lines[6:] for word in line.split()])
    values = values[values != float(header["NODATA_value"])]
    land = read_dem(DEMS / name, size)
    assert land.shape == (int(header["nrows"]), int(header["ncols"]))
    assert land.size == (size or float(header["cellsize"]))
    np.testing.assert_array_equal(land.elevation, np.sort(values)[::-1])
    total = land.weights.sum(1)
    assert (np.isclose(total, 1.0, rtol=1e-12) | (total == 0.0)).all()


@needs_dems
def test_real_dem_in_degrees():
    with pytest.raises(ValueError, match="in degrees"):
        read_dem(DEMS / "srtm_boulder_90m.asc")

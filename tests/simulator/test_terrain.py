"""Hillslopes on a grid: planes are exact, water goes downhill, bad tiles are refused; random fields."""

import math
from pathlib import Path

import numpy as np
import pytest

from elm_landslide.simulator import terrain as module
from elm_landslide.simulator.terrain import SHAPES, hillslope, random_field, read_dem, terrain

DEMS = Path(__file__).parents[3] / "shared" / "data" / "landlab"
needs_dems = pytest.mark.skipif(not DEMS.is_dir(), reason="DEMs of Landlab (../shared/data/landlab) are not here")
HEADER = "ncols 4\nnrows 3\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9999\n"
VALUES = "9 9 9 9\n6 6 6 6\n3 3 3 3\n"


def plane(rows=9, columns=7, size=10.0):
    """Falls by .3 towards the bottom and .4 towards the left: a gradient of .5."""
    return 0.3 * size * np.arange(rows)[::-1, None] + 0.4 * size * np.arange(columns)


def rough(seed=0):
    """A plane with hollows and summits; no two cells are level."""
    rng = np.random.default_rng(seed)
    return terrain(plane(20, 15) + 5.0 * rng.standard_normal((20, 15)), 10.0)


LANDS = {
    "plane": lambda: terrain(plane(), 10.0),
    "rough": rough,
    "hollow": lambda: hillslope("convergent", 0.6, 12, 9, 5.0, 0.02),
}


def test_gradient_of_a_plane_is_exact():
    assert terrain(plane(), 10.0).gradient == pytest.approx(np.full(63, 0.5), rel=1e-13)
    np.testing.assert_allclose(hillslope("planar", 0.7, 6, 5, 2.5).gradient, 0.7, rtol=1e-13)


@pytest.mark.parametrize("cut", ["sides", "corner", "round"])
def test_gradient_and_outflow_at_edges_of_missing_values(cut):
    z, (row, column) = plane(), np.mgrid[:9, :7]
    outside = {
        "sides": (row > 6) | (column < 1),
        "corner": row - column > 5,
        "round": np.hypot(row - 4, column - 3) > 4,
    }
    land = terrain(np.where(outside[cut], np.nan, z), 10.0)
    np.testing.assert_allclose(land.gradient, 0.5, rtol=1e-13)
    np.testing.assert_allclose(land.weights.sum(1), 1.0, rtol=1e-13)


def test_shares_of_a_plane_by_hand():
    """Quinn et al. (1991): .5 down, .354 / sqrt(2) = .250316 over each lower corner, of 1.000632."""
    land = hillslope("planar", 0.3, 5, 5, 10.0)
    cell = land.grid(np.arange(land.n), -1)[2, 2]
    expected = [0.0, 0.0, 0.0, 0.0, 0.0, 0.250158, 0.499684, 0.250158]
    np.testing.assert_allclose(land.weights[cell], expected, atol=1e-6)


@pytest.mark.parametrize("make", LANDS.values(), ids=LANDS)
def test_shares_add_up_and_go_down(make):
    land = make()
    total = land.weights.sum(1)
    height = np.append(land.elevation, -np.inf)
    lowest_around = height[land.receivers].min(1)
    np.testing.assert_allclose(total[lowest_around < land.elevation], 1.0, rtol=1e-13)
    assert (np.isclose(total, 1.0, rtol=1e-13) | (total == 0.0)).all() and (land.weights >= 0.0).all()
    assert (height[land.receivers] < land.elevation[:, None])[land.weights > 0.0].all()


@pytest.mark.parametrize("make", LANDS.values(), ids=LANDS)
def test_order_is_from_the_top(make):
    """So what leaves a cell arrives at one that comes later."""
    land = make()
    assert (np.diff(land.elevation) <= 0.0).all()
    assert (land.receivers > np.arange(land.n)[:, None])[land.weights > 0.0].all()
    assert (land.down > np.arange(land.n)).all()
    np.testing.assert_array_equal(land.grid(land.elevation)[land.row, land.column], land.elevation)


def test_neighbours_are_mutual_and_down_is_the_lowest():
    land = rough()
    for cell in range(land.n):
        for k, other in enumerate(land.sides[cell]):
            if other < land.n:
                assert land.sides[other, 3 - k] == cell
                step = (land.row[other] - land.row[cell], land.column[other] - land.column[cell])
                assert step == ((-1, 0), (0, -1), (0, 1), (1, 0))[k]
        around = [other for other in land.sides[cell] if other < land.n]
        lowest = min(around, key=lambda other: land.elevation[other])
        assert land.down[cell] == (lowest if land.elevation[lowest] < land.elevation[cell] else land.n)


def test_pits_keep_their_water_and_lean_on_nothing():
    z = plane()
    z[4, 3] -= 50.0
    land = terrain(z, 10.0)
    pit = land.grid(np.arange(land.n), -1)[4, 3]
    assert land.weights[pit].sum() == 0.0 and land.down[pit] == land.n


def to_the_middle(land):
    """Mean shift of the water of a cell towards the middle column, in cells, [n]."""
    sideways = np.array([b for _, b in module.NEIGHBOURS])
    return -np.sign(land.column - 0.5 * (land.shape[1] - 1)) * (land.weights @ sideways)


@pytest.mark.parametrize(("shape", "sign"), [("planar", 0), ("convergent", 1), ("divergent", -1)])
def test_water_gathers_where_contours_bend(shape, sign):
    land = hillslope(shape, 0.5, 12, 9, 5.0, 0.02)
    shift = to_the_middle(land)[land.column != 4]
    assert abs(shift).max() < 1e-12 if sign == 0 else (sign * shift > 0.0).all()
    area = np.ones(land.n + 1)
    for cell in range(land.n):
        np.add.at(area, land.receivers[cell], land.weights[cell] * area[cell])
    lowest = land.grid(area[:-1])[-1]
    np.testing.assert_allclose(lowest, lowest[::-1], rtol=1e-12)
    if sign:
        # Of the strip that is far from the sides, over which water is lost.
        assert sign * (lowest[4] - lowest[2]) > 0.0


def test_mean_gradient_and_bend():
    """On the axis the fall is the mean gradient; across, the second difference is bend times gradient."""
    for shape, sign in zip(SHAPES, (0.0, 1.0, -1.0), strict=True):
        z = hillslope(shape, 0.5, 8, 7, 4.0, 0.01)
        z = z.grid(z.elevation)
        np.testing.assert_allclose(-np.diff(z, axis=0) / 4.0, 0.5, rtol=1e-12)
        np.testing.assert_allclose(np.diff(z, 2, axis=1) / 16.0, sign * 0.01 * 0.5, atol=1e-13)


def with_a_hole():
    z = plane()
    z[4, 5] = np.nan
    return z


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: terrain(with_a_hole(), 10.0), r"1 values are missing inside the tile, the first in row 4, column 5"),
        (lambda: hillslope("planar", 6.0, 5, 5, 10.0), r"slope: 81 degrees in row \d, column \d; above 80"),
        (lambda: terrain(plane(), 0.0), r"size of a cell: 0.0 m; it must be positive"),
        (lambda: terrain(plane(), -5.0), r"size of a cell: -5.0 m"),
        (lambda: terrain(plane(), math.nan), r"size of a cell: nan m"),
        (lambda: terrain(plane(2, 9), 10.0), r"elevation: \(2, 9\) with 18 values; at least 3 x 3"),
        (lambda: terrain(np.full((5, 5), np.nan), 10.0), r"elevation: \(5, 5\) with 0 values"),
        (lambda: hillslope("concave", 0.5, 5, 5, 10.0), r"shape: 'concave'; one of planar, convergent, divergent"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_steepest_slope_allowed():
    land = hillslope("planar", math.tan(math.radians(79.9)), 5, 5, 10.0)
    np.testing.assert_allclose(np.degrees(np.arctan(land.gradient)), 79.9)


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
        (changed("cellsize 10\n", ""), r"header: lacks cellsize, or dx and dy"),
        (changed("ncols", "columns"), r"dem.asc: not an ESRI ASCII grid: 'columns' is none of the keywords ncols, "),
        (changed("cellsize", "cell_size"), r"dem.asc: header: 'cell_size' is none of the keywords"),
        (changed("cellsize 10", "units metres\ncellsize 10"), r"header: 'units' is none of the keywords"),
        (changed("cellsize 10", "cellsize 10\nCELLSIZE 10"), r"header: has cellsize twice"),
        (changed("xllcorner 0", "xllcorner 0\nxllcenter 5"), r"header: has xllcorner and xllcenter; leave one"),
        (changed("xllcorner 0", "xllcorner west"), r"header: xllcorner is 'west', which is no number"),
        (changed("xllcorner 0", "xllcorner nan"), r"header: xllcorner is 'nan'; it must be finite"),
        (changed("nrows 3\n", ""), r"header: lacks nrows"),
        (changed("nrows 3", "nrows three"), r"header: nrows is 'three', which is no number"),
        (changed("nrows 3", "nrows 3.5"), r"header: nrows is '3.5'; it must be a whole number above 0"),
        (changed("nrows 3", "nrows -3"), r"header: nrows is '-3'"),
        (changed("nrows 3", "nrows nan"), r"header: nrows is 'nan'"),
        (changed("nrows 3", "nrows"), r"header: nrows is 'xllcorner', which is no number|'0' is none|no number"),
        (changed("nrows 3", "nrows 1000000000"), r"the header says 1000000000 x 4 values, more than the file can hold"),
        (HEADER + VALUES + "1 1 1 1\n", r"dem.asc: has 16 values, but the header says 3 x 4 = 12"),
        (HEADER + "9 9 9 9\n6 6 6\n3 3 3 3\n", r"dem.asc: has 11 values, but the header says 3 x 4 = 12"),
        (HEADER, r"no values below the header"),
        (HEADER + VALUES.replace("3 3 3 3", "3 x 3 3"), r"the value of row 3, column 2 is 'x', which is no number"),
        (HEADER + VALUES.replace("3 3 3 3", "3 3,5 3 3"), r"the value of row 3, column 2 is '3,5', which is no number"),
        (HEADER + VALUES.replace("6 6 6 6", "6 3e38 6 6"), r"row 2, column 2 is 3e\+38 m, .* name it as NODATA_value"),
        (HEADER + VALUES.replace("6 6 6 6", "6 inf 6 6"), r"row 2, column 2 is inf m, which is no elevation"),
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
    with pytest.raises(ValueError, match="dem.asc: not an ESRI ASCII grid: it is no text"):
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


@pytest.mark.parametrize("length", [3, 5])
def test_random_field(length):
    """Unit variance, and exp(-(r / length)^2) along both axes, within 4 standard errors over 200 fields."""
    rng = np.random.default_rng(3)
    fields = [random_field(rng, (48, 65), float(length)) for _ in range(200)]

    def check(products, expected):
        samples = np.array([p.mean() for p in products])
        error = samples.std(ddof=1) / math.sqrt(len(samples))
        assert error < 0.02
        assert samples.mean() == pytest.approx(expected, abs=4.0 * error)

    check(fields, 0.0)
    check([f * f for f in fields], 1.0)
    for axis in (0, 1):
        check([f * np.roll(f, length, axis) for f in fields], math.exp(-1.0))
        check([f * np.roll(f, 2 * length, axis) for f in fields], math.exp(-4.0))
    check([f * np.roll(f, (3, 4), (0, 1)) for f in fields], math.exp(-((5.0 / length) ** 2)))


def test_random_field_without_correlation():
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    np.testing.assert_array_equal(random_field(rng, (4, 5), 0.0), same.standard_normal((4, 5)))


def test_plan_curvature_and_wetness_index():
    """On the axis of a hollow the contours bend by `bend`; a cell at the top drains itself alone: ln(size / slope)."""
    land = hillslope("convergent", 0.5, 9, 9, 5.0, 0.02)
    curvature, wetness = module.plan_curvature(land), module.wetness_index(land)
    middle = (land.column == 4) & (land.row > 1) & (land.row < 7)
    np.testing.assert_allclose(curvature[middle], 0.02, rtol=1e-10)
    np.testing.assert_allclose(module.plan_curvature(hillslope("planar", 0.5, 9, 9, 5.0)), 0.0, atol=1e-12)
    top = (land.row == 0) & (land.column == 0)
    assert wetness[top] == pytest.approx(math.log(5.0 / land.gradient[top].item()))
    assert wetness[(land.row == 8) & (land.column == 4)] == wetness.max()

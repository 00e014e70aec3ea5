"""Cells of ELM grids, and their shares of the cells of a map."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.static import coverage, histograms
from elm_landslide.static.elm_grid import read_grid
from elm_landslide.static.histograms import WHOLE, Bins, quantiles
from elm_landslide.static.rasters import open_raster
from support import maps


def write_domain(path, lat, lon, corners=None, dims=("nj", "ni")):
    with netCDF4.Dataset(str(path), "w") as out:
        for name, size in zip(dims, np.shape(lat), strict=True):
            out.createDimension(name, size)
        for name, values in (("yc", lat), ("xc", lon)):
            out.createVariable(name, "f8", dims)[:] = values
        if corners is not None:
            out.createDimension("nv", corners.shape[-2])
            for k, name in enumerate(("xv", "yv")):
                out.createVariable(name, "f8", (*dims, "nv"))[:] = corners[..., k]
    return path


def test_a_domain_file_with_corners(tmp_path):
    corners = np.array([[[[-1.0, 0.0], [1.0, -0.5], [2.0, 1.0], [0.0, 2.0], [-1.5, 1.0]]]])
    grid = read_grid(write_domain(tmp_path / "d.nc", [[0.5]], [[0.3]], corners))
    assert grid.dims == ("gridcell",)
    np.testing.assert_allclose(grid.corners[0], corners[0, 0], atol=1e-9)


def test_corners_across_the_zero_meridian_stay_together(tmp_path):
    corners = np.array([[[[359.5, 0.0], [0.5, 0.0], [0.5, 1.0], [359.5, 1.0]]]])
    grid = read_grid(write_domain(tmp_path / "d.nc", [[0.5]], [[0.0]], corners))
    np.testing.assert_allclose(grid.corners[0, :, 0], [-0.5, 0.5, 0.5, -0.5])


def test_boxes_of_a_lattice_with_gaps(tmp_path):
    lat, lon = np.array([[40.25, 40.75, 40.25, 41.75]]), np.array([[283.25, 283.25, 284.75, 283.75]])
    grid = read_grid(write_domain(tmp_path / "d.nc", lat, lon))
    assert np.ptp(grid.corners[..., 0], axis=1) == pytest.approx(0.5)
    assert np.ptp(grid.corners[..., 1], axis=1) == pytest.approx(0.5)
    np.testing.assert_allclose(grid.corners.mean(axis=1), np.stack([lon[0], lat[0]], axis=-1))


@pytest.mark.parametrize(
    ("lat", "lon", "words"),
    [
        ([[40.0]], [[250.0]], "its cells have one latitude alone, .*--cell-size"),
        ([[40.0, 40.1, 40.3, 40.345]], [[250.0, 251.0, 252.0, 253.0]], "no lattice in latitude: give a domain file"),
        ([[140.0, 141.0]], [[250.0, 251.0]], "latitude and longitude in degrees"),
    ],
)
def test_cells_without_a_size(tmp_path, lat, lon, words):
    with pytest.raises(UserError, match=words):
        read_grid(write_domain(tmp_path / "d.nc", lat, lon))


def test_the_size_of_one_cell_is_given(tmp_path):
    grid = read_grid(write_domain(tmp_path / "d.nc", [[40.0]], [[250.0]]), cell_size=0.1)
    assert np.ptp(grid.corners[..., 1]) == pytest.approx(0.1)


def test_cells_without_land_are_known(tmp_path):
    path = write_domain(tmp_path / "d.nc", [[0.5, 1.5]], [[0.5, 0.5]])
    with netCDF4.Dataset(str(path), "a") as out:
        out.createVariable("mask", "i4", ("nj", "ni"))[:] = [[1, 0]]
    assert read_grid(path, 1.0).active.tolist() == [True, False]


def test_what_is_no_grid(tmp_path):
    with netCDF4.Dataset(str(tmp_path / "n.nc"), "w") as out:
        out.createDimension("x", 1)
    with pytest.raises(UserError, match="neither LATIXY and LONGXY nor xc and yc"):
        read_grid(tmp_path / "n.nc")


def shares_of(polygons, rows, columns):
    """[cell, row, column] of owners."""
    own = coverage.owners(polygons, 0, 0, rows, columns)
    out = np.zeros((own.cells.size, rows * columns))
    for k in range(own.cells.size):
        out[k, (own.owner == k).ravel()] = 1.0
    np.add.at(out, (own.extra_cell, own.extra_at), own.extra_share / WHOLE)
    return own.cells, out.reshape(-1, rows, columns)


def test_shares_of_neighbours_sum_to_one_and_are_those_of_the_rectangle(tmp_path):
    """Cells of a grid in degrees over a map in degrees: products of shares of rows and columns."""
    path = write_domain(tmp_path / "d.nc", [[40.0, 40.1], [40.0, 40.1]], [[10.0, 10.0], [10.13, 10.13]])
    raster = open_raster(maps.write_map(tmp_path / "m.tif", np.zeros((300, 400)), "EPSG:4326", (9.93, 40.16), 0.001))
    cells, shares = shares_of(coverage.place(read_grid(path), raster), 300, 400)
    assert cells.tolist() == [0, 1, 2, 3]
    south, north, west, east = 39.95, 40.05, 9.935, 10.065
    rows = np.clip(40.16 - south - 0.001 * np.arange(300), 0, 0.001) - np.clip(
        40.16 - north - 0.001 * np.arange(300), 0, 0.001
    )
    across = np.clip(east - 9.93 - 0.001 * np.arange(400), 0, 0.001) - np.clip(
        west - 9.93 - 0.001 * np.arange(400), 0, 0.001
    )
    np.testing.assert_allclose(shares[0], np.outer(rows, across) * 1e6, atol=1e-5)
    whole = shares.sum(axis=0)
    assert whole.max() < 1 + 1e-5
    np.testing.assert_allclose(whole[20:200, 20:250], 1.0, atol=1e-5)


def test_shares_on_a_projected_map_sum_to_one_too(tmp_path):
    raster = open_raster(maps.write_map(tmp_path / "m.tif", np.zeros((300, 300))))
    polygons = coverage.place(read_grid(maps.write_grid(tmp_path / "g.nc", 0.01, 7, 7)), raster)
    cells, shares = shares_of(polygons, 300, 300)
    assert cells.size == 49
    np.testing.assert_allclose(shares.sum(axis=0)[80:220, 80:220], 1.0, atol=1e-5)
    area = polygons.area(49)
    np.testing.assert_allclose(shares.sum(axis=(1, 2)), area, rtol=1e-5)


def test_a_map_beyond_the_date_line_finds_the_cells_on_both_sides(tmp_path):
    path = write_domain(tmp_path / "d.nc", [[0.0, 0.5]], [[179.75, 180.25]])
    raster = open_raster(maps.write_map(tmp_path / "m.tif", np.zeros((100, 100)), "EPSG:4326", (-180.5, 0.5), 0.01))
    assert coverage.place(read_grid(path, 0.5), raster).cell.tolist() == [0, 1]


def test_a_map_around_the_pole_finds_the_cells_of_all_longitudes(tmp_path):
    lon = np.arange(5.0, 360.0, 10.0)
    path = write_domain(tmp_path / "d.nc", np.repeat([[87.0], [89.0]], 36, axis=1), np.repeat(lon[None], 2, axis=0))
    raster = open_raster(maps.write_map(tmp_path / "m.tif", np.zeros((128, 128)), "EPSG:3413", (-320e3, 320e3), 5e3))
    cells, shares = shares_of(coverage.place(read_grid(path), raster), 128, 128)
    assert cells.size == 72
    np.testing.assert_allclose(shares.sum(axis=0)[32:96, 32:96], 1.0, atol=1e-2)


def test_quantiles_of_numbers_drawn():
    bins = Bins(2000, 0.0, 5.0, 0.05)
    values = np.random.default_rng(0).gamma(2.0, 0.2, 20000)
    counts = np.histogram(values, bins.edges)[0].astype(np.int64)[None] * WHOLE
    levels = np.linspace(0, 1, 11)
    found = quantiles(counts, bins, levels, values.min(keepdims=True), values.max(keepdims=True))[0]
    np.testing.assert_allclose(found, np.quantile(values, levels), rtol=2e-3)


def test_one_value_is_every_quantile():
    bins = histograms.SLOPE
    counts = np.zeros((2, bins.n), dtype=np.int64)
    counts[0, np.searchsorted(bins.edges, 0.3) - 1] = 7
    found = quantiles(counts, bins, np.linspace(0, 1, 11), np.array([0.3, np.inf]), np.array([0.3, -np.inf]))
    np.testing.assert_array_equal(found[0], 0.3)
    assert np.isnan(found[1]).all()


def test_the_grid_of_the_susquehanna():
    folder = Path("../shared/data/elm")
    if not folder.exists():
        pytest.skip("needs ../shared/data/elm")
    domain = read_grid(folder / "domain_susquehanna_32.nc")
    surface = read_grid(folder / "surfdata_susquehanna_32.nc")
    np.testing.assert_allclose(domain.corners[..., 1].min(1), surface.corners[..., 1].min(1), atol=1e-6)
    np.testing.assert_allclose(
        np.sort(domain.corners[..., 0], 1) % 360, np.sort(surface.corners[..., 0], 1) % 360, atol=1e-6
    )

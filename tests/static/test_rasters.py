"""Maps as people have them, and what is refused: one line, exit status 2, nothing left behind."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.static.build import Sources, build
from elm_landslide.static.rasters import open_dem
from support import maps
from support.offline_runs import refusal

N = 300


def silent(stage, done, total):
    pass


def slopes(tmp_path, dem, name="static.nc", **more):
    grid = maps.write_grid(tmp_path / "grid.nc", 0.03)
    build(Sources(grid, dem, **more), tmp_path / name, silent, window=256)
    return maps.content(tmp_path / name)["SLP_P10"]


def plane():
    x, _ = maps.places(N)
    return 1000.0 + 0.2 * x


def ascii_grid(path, values, lines=()):
    corner = [maps.MIDDLE[k] - N * maps.STEP / 2 for k in range(2)]
    header = [f"ncols {N}", f"nrows {N}", f"xllcorner {corner[0]}", f"yllcorner {corner[1]}", f"cellsize {maps.STEP}"]
    rows = [" ".join(f"{v:.6f}" for v in row) for row in values]
    path.write_text("\n".join([*header, *lines, *rows]) + "\n")
    return str(path)


def test_geotiff_ascii_and_netcdf_are_one(tmp_path):
    wanted = slopes(tmp_path, maps.write_map(tmp_path / "dem.tif", plane()))
    np.testing.assert_allclose(wanted, 0.2, rtol=1e-6)
    text = slopes(tmp_path, ascii_grid(tmp_path / "dem.asc", plane()), "asc.nc", crs=maps.UTM)
    np.testing.assert_allclose(text, wanted, rtol=1e-6)
    path = tmp_path / "dem.nc"
    lon, lat = maps.degrees(0.0, 0.0)
    step = 1 / 1200
    lats, lons = lat + step * (np.arange(120) - 59.5), lon + step * (np.arange(120) - 59.5)
    found = []
    for order in (slice(None), slice(None, None, -1)):  # to the north, and to the south
        with netCDF4.Dataset(str(path), "w") as out:
            for name, values, units in (("lat", lats[order], "degrees_north"), ("lon", lons, "degrees_east")):
                out.createDimension(name, values.size)
                variable = out.createVariable(name, "f8", (name,))
                variable.units, variable.standard_name = units, {"lat": "latitude", "lon": "longitude"}[name]
                variable[:] = values
            z = out.createVariable("elevation", "f4", ("lat", "lon"), fill_value=-32767.0)
            z.units = "m"
            z[:] = (1000.0 + 2e4 * np.abs(lats - lat)[order])[:, None] + 0.0 * lons
        found.append(slopes(tmp_path, str(path), f"{len(found)}.nc", crs="EPSG:4326"))
    np.testing.assert_array_equal(found[0], found[1])
    assert 0.17 < np.median(found[0]) < 0.19  # 2e4 m for a degree of 111 km


def test_voids_are_left_out_and_the_share_is_stated(tmp_path):
    z = plane()
    z[:, : N // 2] = -32768
    dem = maps.write_map(tmp_path / "dem.tif", z)
    grid = maps.write_grid(tmp_path / "grid.nc", 0.03, 2, 4)
    said = refusal("static", "--grid", grid, "--dem", dem, "--out", tmp_path / "out.nc")
    assert "row 1, column 1 is -32768 m" in said
    assert "--nodata" in said
    result = build(Sources(grid, dem, nodata=-32768.0), tmp_path / "out.nc", silent)
    found = maps.content(tmp_path / "out.nc")
    np.testing.assert_allclose(found["SLP_P10"][:, :, 2], 0.2, rtol=1e-6)
    assert np.isnan(found["SLP_P10"][:, :, 0]).all()
    np.testing.assert_array_equal(found["DEM_FLAG"][0], [2, 2, 0, 1])
    assert (found["DEM_COVERED"][:, 2] > 0.999).all()
    notes = " ".join(result.notes)
    assert "the DEM says nothing of 4 of 8 cells: lat lon 36.1" in notes
    assert "covers 2 of 8 cells in part" in notes


def test_a_dem_in_feet_is_refused_until_it_is_said(tmp_path):
    metres = maps.write_map(tmp_path / "m.tif", plane())
    declared = maps.write_map(tmp_path / "ft.tif", plane() / 0.3048, units="ft")
    with pytest.raises(UserError, match=r"ft\.tif: its elevations are in 'ft', wanted metres: give --elevation-unit"):
        open_dem(declared)
    np.testing.assert_allclose(
        slopes(tmp_path, declared, "ft.nc", elevation_unit="ft"), slopes(tmp_path, metres), rtol=1e-6
    )
    with pytest.raises(UserError, match="its CRS is in .*foot; say the unit of its elevations"):
        open_dem(maps.write_map(tmp_path / "ny.tif", plane(), "EPSG:2263", (980000.0, 200000.0), 100.0))
    with pytest.raises(UserError, match="wanted metres"):
        open_dem(maps.write_map(tmp_path / "fathom.tif", plane(), units="fathom"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crs": None}, ("no projection", "--crs")),
        ({"crs": None, "corner": (-105.1, 36.2), "step": 0.001}, ("no projection", "--crs EPSG:4326")),
        ({"crs": "EPSG:4326"}, ("in degrees, but its coordinates reach", "metres?")),
        ({"corner": (-105.1, 36.2), "step": 0.001}, ("are degrees", "--crs EPSG:4326")),
        ({"corner": (700000.0, 4_000_000.0)}, ("none of the 4 cells of the ELM grid lies on this map",)),
        ({"values": plane() + 9000.0}, ("which is none of land", "--elevation-unit ft")),
        ({"values": np.full((N, N), np.nan)}, ("no elevation within the cells", "--nodata")),
    ],
    ids=["no CRS", "no CRS, degrees", "metres as degrees", "degrees as metres", "elsewhere", "too high", "all void"],
)
def test_what_is_refused(tmp_path, change, words):
    options = {"values": plane(), "crs": maps.UTM, **change}
    dem = maps.write_map(tmp_path / "dem.tif", options.pop("values"), **options)
    grid = maps.write_grid(tmp_path / "grid.nc", 0.03)
    said = refusal("static", "--grid", grid, "--dem", dem, "--out", tmp_path / "out.nc")
    for word in (*words, "dem.tif"):
        assert word in said
    assert {path.name for path in tmp_path.iterdir()} == {"dem.tif", "grid.nc"}


def test_what_is_no_map(tmp_path):
    grid = maps.write_grid(tmp_path / "grid.nc", 0.03)
    (tmp_path / "text.tif").write_text("no map")
    for dem, word in (
        (tmp_path / "text.tif", "cannot be read as a map"),
        (tmp_path / "nothing.tif", "cannot be read as a map"),
        (tmp_path, "is a folder"),
        (grid, "several maps"),
    ):
        assert word in refusal("static", "--grid", grid, "--dem", dem, "--out", tmp_path / "out.nc")


def test_coarser_cells_of_a_map_whose_rows_go_north(tmp_path):
    """An odd number of rows: the last one of the page, the first of the file, fills no block."""
    z = np.arange(35.0).reshape(5, 7)
    south = tmp_path / "south.tif"
    options = {"driver": "GTiff", "height": 5, "width": 7, "count": 1, "dtype": "float64", "crs": "EPSG:4326"}
    with maps.rasterio.open(south, "w", transform=maps.rasterio.Affine(0.01, 0, 10, 0, 0.01, 40), **options) as file:
        file.write(z[::-1], 1)
    north = maps.write_map(tmp_path / "north.tif", z, "EPSG:4326", (10.0, 40.05), 0.01)
    wanted = z[:4, :6].reshape(2, 2, 3, 2).mean(axis=(1, 3))
    for path in (str(south), north):
        np.testing.assert_array_equal(open_dem(path).coarser(2).read(0, 0, 2, 3), wanted)


def test_a_rotated_map_is_refused(tmp_path):
    path = tmp_path / "turned.tif"
    with maps.rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=N,
        width=N,
        count=1,
        dtype="float64",
        crs=maps.UTM,
        transform=maps.rasterio.Affine(30.0, 5.0, 5e5, 5.0, -30.0, 4e6),
    ) as file:
        file.write(plane(), 1)
    with pytest.raises(UserError, match="its rows do not run east: warp it"):
        open_dem(str(path))


def test_the_srtm_of_boulder(tmp_path):
    """A real ASCII grid in degrees without a CRS, whose voids are 0."""
    from pathlib import Path

    dem = Path("../shared/data/landlab/srtm_boulder_90m.asc")
    if not dem.exists():
        pytest.skip("needs ../shared/data/landlab")
    with netCDF4.Dataset(str(tmp_path / "grid.nc"), "w") as out:
        out.createDimension("gridcell", 2)
        out.createVariable("LATIXY", "f8", ("gridcell",))[:] = [40.12, 40.16]
        out.createVariable("LONGXY", "f8", ("gridcell",))[:] = [254.5, 254.56]
    build(Sources(str(tmp_path / "grid.nc"), str(dem), crs="EPSG:4326"), tmp_path / "out.nc", silent)
    found = maps.content(tmp_path / "out.nc")
    z = np.loadtxt(dem, skiprows=6)
    step, north, west = 1 / 1200, 40.090416666671 + 144 / 1200, -105.550416666684
    lat, lon = north - step * (np.arange(144) + 0.5), west + step * (np.arange(240) + 0.5)
    metres = 6371000.0 * np.radians(step)
    gy, gx = np.gradient(z, metres)
    slope = np.hypot(gy, gx / np.cos(np.radians(lat))[:, None])
    for k, (y, x) in enumerate(((40.12, -105.5), (40.16, -105.44))):
        inner = slope[np.abs(lat - y) < 0.02][:, np.abs(lon - x) < 0.03]
        np.testing.assert_allclose(found["SLP_P10"][1:10, k], np.quantile(inner, np.arange(1, 10) / 10), rtol=0.04)
    np.testing.assert_allclose(found["DEM_COVERED"], 1.0, atol=1e-6)

"""Surfaces whose slopes, wetness and curvature are known."""

import numpy as np
import pytest

from elm_landslide.static import relief
from elm_landslide.static.build import Sources, build
from elm_landslide.static.histograms import WHOLE
from support import maps

N, SIZE = 400, 0.04


def silent(stage, done, total):
    pass


def made(tmp_path, z, **more):
    """The static fields of ground z, and the grid."""
    grid = maps.write_grid(tmp_path / "grid.nc", SIZE)
    dem = maps.write_map(tmp_path / "dem.tif", z)
    out = tmp_path / "static.nc"
    build(Sources(grid, dem, **more), out, silent, window=256)
    return maps.content(out), grid


@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 137.0])
def test_a_plane_has_one_slope_and_the_length_above_as_wetness(tmp_path, angle):
    x, y = maps.places(N)
    down = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    found, grid = made(tmp_path, 2000.0 - 0.3 * down)
    np.testing.assert_allclose(found["SLP_P10"], 0.3, rtol=1e-6)
    inner = maps.inside(grid, 1, 1, SIZE, x, y)
    edge, reach = N * maps.STEP / 2, np.inf  # to the upper edges of the map, against the slope
    for place, part in ((x, np.cos(np.radians(angle))), (y, np.sin(np.radians(angle)))):
        if abs(part) > 1e-9:
            reach = np.minimum(reach, (edge + place * np.sign(part)) / abs(part))
    expected = np.log(reach / 0.3)[inner]
    assert found["TWI_MEAN"][1, 1] == pytest.approx(expected.mean(), abs=0.01)


def test_a_cone_has_half_its_radius_as_upslope_area_and_bends_away(tmp_path):
    x, y = maps.places(N)
    radius = np.hypot(x, y)
    found, grid = made(tmp_path, 4000.0 - 0.3 * radius)
    for i in range(2):
        for j in range(2):
            inner = maps.inside(grid, i, j, SIZE, x, y) & (radius > 0)
            wetness = np.log(radius[inner] / 2 / 0.3)
            assert found["TWI_MEAN"][i, j] == pytest.approx(wetness.mean(), abs=0.01)
            np.testing.assert_allclose(found["SLP_P10"][1:, i, j], 0.3, rtol=0.01)
            bend = -0.3 / radius[inner] / np.sqrt(1 + 0.3**2)
            for level in (10, 50, 90):
                bent = found[f"CURVATURE_Q{level}"][:, i, j]
                assert (bent > 1.05 * bend.min()).all()
                assert (bent < 0.95 * bend.max()).all()


def test_the_curvature_of_a_cone_and_of_a_bowl():
    """Across the slope: the slope over the radius, and over the root of 1 + slope^2."""
    x, y = maps.places(104)
    radius = np.hypot(x, y)
    step, one = np.full(104, maps.STEP), np.ones((1, 1))
    for sign in (-1.0, 1.0):
        found = relief.curvature(1000.0 + sign * 0.3 * radius, step, step, one)
        far = (radius > 15 * maps.STEP)[2:-2, 2:-2]
        wanted = sign * 0.3 / radius[2:-2, 2:-2] / np.sqrt(1 + 0.3**2)
        np.testing.assert_allclose(found[far], wanted[far], rtol=0.01)


def test_a_sine_has_the_percentiles_of_its_cosine(tmp_path):
    x, _ = maps.places(N)
    k = 2 * np.pi / (40.37 * maps.STEP)  # no whole number of cells, which would have few slopes
    found, _ = made(tmp_path, 1000.0 + 100.0 * np.sin(k * x))
    wave = k * maps.STEP
    steepest = 100.0 * k * np.sin(wave) / wave  # of central differences
    expected = steepest * np.sin(np.pi / 2 * np.linspace(0, 1, 11))
    for cell in range(4):
        np.testing.assert_allclose(found["SLP_P10"].reshape(11, 4)[:, cell], expected, atol=0.012 * steepest)


def test_a_valley_is_a_hollow_and_its_ridges_are_not(tmp_path):
    """A cylinder that falls along y and bends over x: at the bottom of a valley the tangential curvature is that of the
    cosine, over the root of 1 + slope^2."""
    x, y = maps.places(N)
    k = 2 * np.pi / (60 * maps.STEP)
    found, _ = made(tmp_path, 2000.0 + 0.3 * y - 5.0 * np.cos(k * x))
    gentle = 5.0 * k**2 * 2 * (1 - np.cos(k * maps.STEP)) / (k * maps.STEP) ** 2 / np.sqrt(1 + 0.3**2)
    gentlest = found["CURVATURE_Q90"][0]  # where the slope is that of the axis: bottoms and crests
    np.testing.assert_allclose(gentlest, gentle, rtol=0.1)
    np.testing.assert_allclose(found["CURVATURE_Q10"][0], -gentle, rtol=0.1)
    assert (found["TWI_Q90"][0] > found["TWI_Q10"][0] + 1.0).all()


def test_the_same_ground_on_a_map_in_degrees_and_on_a_web_map(tmp_path):
    """A plane of known slope on the ground: in degrees the height is a function of longitude; on a web map lengths are
    stretched by 1 / cos(latitude)."""
    grid = maps.write_grid(tmp_path / "grid.nc", SIZE)
    lon, lat = maps.degrees(0.0, 0.0)
    n, step = 500, 1 / 3600
    x = (np.arange(n) + 0.5 - n / 2) * step
    radius = 6378137.0 / np.sqrt(1 - 0.00669438 * np.sin(np.radians(lat)) ** 2)
    metres = radius * np.cos(np.radians(lat)) * np.radians(x)
    z = np.tile(2000.0 + 0.3 * metres, (n, 1))
    dem = maps.write_map(tmp_path / "degrees.tif", z, "EPSG:4326", (lon - n * step / 2, lat + n * step / 2), step)
    build(Sources(grid, dem), tmp_path / "degrees.nc", silent, window=256)
    np.testing.assert_allclose(maps.content(tmp_path / "degrees.nc")["SLP_P10"], 0.3, rtol=2e-3)

    to_web = maps.pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    corner = to_web.transform(lon - n * step / 2, lat + n * step / 2)
    pixel = (to_web.transform(lon + n * step / 2, lat)[0] - corner[0]) / n
    web = maps.write_map(tmp_path / "web.tif", z, "EPSG:3857", corner, pixel)
    build(Sources(grid, web), tmp_path / "web.nc", silent, window=256)
    np.testing.assert_allclose(maps.content(tmp_path / "web.nc")["SLP_P10"], 0.3, rtol=5e-3)


def test_a_cell_counts_in_the_class_between_the_percentiles_around_its_slope():
    slope = (np.arange(10) + 0.5) / 10
    none, ten = np.zeros(0, dtype=np.int64), np.zeros(10, dtype=np.int64)
    wet, bent, limits = relief.count_shapes(
        slope,
        100.0 * slope * np.exp(np.arange(10)),  # so that class k has the wetness ln(100) + k
        np.arange(10) / 1000,
        10,
        np.full((1, 1), WHOLE),
        ten,
        none,
        none,
        none,
        np.linspace(0, 1, 11)[None],
    )
    np.testing.assert_array_equal(wet.sum(axis=2)[0], WHOLE)
    np.testing.assert_array_equal(bent.sum(axis=2)[0], WHOLE)
    np.testing.assert_allclose(limits[0, 0], np.log(100) + np.arange(10))
    np.testing.assert_allclose(limits[3, 0], np.arange(10) / 1000)

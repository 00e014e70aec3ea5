"""Maps: colours, coastlines, places of every kind, and a global half-degree file."""

import subprocess
import sys

import netCDF4
import numpy as np
import pytest
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.contour import ContourSet

from elm_landslide import plots
from elm_landslide.fields import SPVAL
from elm_landslide.plots import coast, maps
from elm_landslide.plots.run_output import read
from support import landslide_files


def drawn(axis):
    return next(c for c in axis.collections if isinstance(c, QuadMesh | PolyCollection))


def coastlines(axis) -> list:
    return [c for c in axis.get_children() if isinstance(c, ContourSet)]


def write(path, lat, lon, probability, dims=("lndgrid",)):
    """ELM's history of one record at places, or on a grid where there are two dimensions."""
    with netCDF4.Dataset(str(path), "w") as out:
        out.createDimension("time", None)
        for name, size in zip(dims, probability.shape, strict=True):
            out.createDimension(name, size)
        for name, values in (("lat", lat), ("lon", lon)):
            out.createVariable(name, "f8", (name,) if len(dims) == 2 else dims)[:] = values
        axis = out.createVariable("time", "f8", ("time",))
        axis.units, axis.calendar = "days since 2000-01-01", "noleap"
        axis[:] = [1.0]
        values = {"PROB": probability, "FOS": 1.0 / np.maximum(probability, 0.1), "OUTSIDE": 0.0 * probability}
        for name, value in values.items():
            variable = out.createVariable(f"LANDSLIDE_{name}", "f8", ("time", *dims), fill_value=SPVAL)
            variable[:] = np.where(np.isnan(value), SPVAL, value)[None]
    return path


def test_small_probabilities_differ_from_nothing_and_from_no_value(tmp_path, figures):
    values = np.array([[0.0, 2.7e-4, 3.3e-4, 1e-3], [1e-2, 0.1, 0.9, np.nan]])
    plots.draw([write(tmp_path / "a.nc", [10.5, 11.5], [20.5, 21.5, 22.5, 23.5], values, ("lat", "lon"))], tmp_path)
    mesh = drawn(figures()[1].axes[0])
    mesh.update_scalarmappable()
    none, less, *seen, missing = mesh.get_facecolors()[:, :3]
    assert (none == less).all()
    assert missing.mean() - seen[0].mean() > 0.1  # no pale yellow on white
    for a, b in [(missing, none), (missing, seen[0]), (none, seen[0]), *zip(seen[:-1], seen[1:], strict=True)]:
        assert np.abs(a - b).max() > 0.1


def test_failure_has_a_colour_of_its_own():
    colours, norm = maps.fos_colours()
    below, above, safe = colours(norm(np.array([0.99, 1.01, 10.0])))[:, :3]
    assert below[0] > below[2] + 0.2
    assert above[2] > above[0] + 0.2
    assert safe.min() > 0.8


def test_no_lines_between_cells_and_coastlines_over_them(tmp_path, figures):
    """Around Ireland, whose cells are land and those west of it none."""
    lat, lon = np.arange(50.25, 56.0, 0.5), np.arange(348.25, 356.0, 0.5)
    probability = np.full((lat.size, lon.size), 0.01)
    plots.draw([write(tmp_path / "a.nc", lat, lon, probability, ("lat", "lon"))], tmp_path)
    axis = figures()[1].axes[0]
    mesh = drawn(axis)
    assert len(mesh.get_edgecolors()) == 0 or not mesh.get_linewidths().any()
    (lines,) = coastlines(axis)
    assert lines.get_zorder() >= mesh.get_zorder()
    at = np.concatenate([path.vertices for path in lines.get_paths()])
    malin_head = np.array([-7.37, 55.38])  # the north of the island
    assert np.hypot(*(at - malin_head).T).min() < 0.1
    assert np.hypot(*(at - [-11.0, 52.8]).T).min() > 0.3  # open sea


def test_a_map_without_the_mask_has_no_coastlines(tmp_path, figures, monkeypatch):
    monkeypatch.setitem(sys.modules, "global_land_mask", None)
    assert coast.find_mask() is None
    plots.draw([landslide_files.write(tmp_path / "a.nc")], tmp_path)
    assert drawn(figures()[1].axes[0])
    assert not coastlines(figures()[1].axes[0])


def test_the_mask_is_read_in_part():
    coarse, fine = coast._land(coast.find_mask(), -180, 180, -60, 80), coast._land(coast.find_mask(), -11, -5, 51, 56)
    assert coarse.shape == (700, 1800)
    assert fine.shape == (600, 720)
    assert coarse.mean() == pytest.approx(0.33, abs=0.03)

    def at(land, west, north, lat, lon):
        step = 0.2 if land is coarse else 1 / 120
        return land[int((north - lat) / step), int((lon - west) / step)]

    for lat, lon, is_land in ((53.2, -8.0, 1.0), (53.5, -5.3, 0.0)):
        assert at(coarse, -180, 80, lat, lon) == at(fine, -11, 56, lat, lon) == is_land
    east = coast._land(coast.find_mask(), 175, 185, -20, -10)  # across the date line, to Fiji
    np.testing.assert_array_equal(east[:, 600:], coast._land(coast.find_mask(), -180, -175, -20, -10))
    assert 0.0 < east[:, 600:].mean() < 1.0


def test_places_across_the_date_line_are_side_by_side(tmp_path, figures):
    """Fiji, and not the whole globe."""
    lon = np.array([178.75, 179.25, 179.75, -179.75, -179.25])
    path = write(tmp_path / "a.nc", np.full(5, -17.25), lon, np.linspace(0.001, 0.005, 5))
    plots.draw([path], tmp_path)
    axis = figures()[1].axes[0]
    assert np.ptp(axis.get_xlim()) < 4.0
    values = [text.get_text() for text in axis.get_xticklabels()]
    assert "179" in values
    assert "-179" in values


@pytest.fixture
def scattered():
    rng = np.random.default_rng(0)
    return rng.uniform(-55.0, 70.0, 800), rng.uniform(0.0, 360.0, 800), rng.uniform(0.001, 0.1, 800)


def test_places_off_a_grid_are_squares(tmp_path, figures, scattered):
    lat, lon, probability = scattered
    plots.draw([write(tmp_path / "a.nc", lat, lon, probability)], tmp_path)
    axis = figures()[1].axes[0]
    squares = drawn(axis)
    assert isinstance(squares, PolyCollection)
    assert not np.any(squares.get_linewidths())
    np.testing.assert_allclose(np.sort(squares.get_array()), np.sort(probability))
    corners = np.array([path.vertices[:4] for path in squares.get_paths()])
    middle = corners.mean(axis=1)
    by_value = np.argsort(probability)  # the highest on top
    np.testing.assert_allclose(middle[:, 1], lat[by_value], atol=1e-9)
    np.testing.assert_allclose(middle[:, 0] % 360.0, lon[by_value], atol=1e-9)
    assert axis.get_xlim() == (-180.0, 180.0)


def test_places_cut_out_of_a_grid_are_cells_of_it(tmp_path, figures):
    """Half a degree wide, though no two are neighbours; of two columns at one place the worse one."""
    lat, lon = np.array([10.25, 10.25, 11.25, 12.75, 12.75]), np.array([20.25, 21.75, 20.75, 22.25, 22.25])
    probability = np.array([0.01, 0.02, 0.03, 0.05, 0.04])
    plots.draw([write(tmp_path / "a.nc", lat, lon, probability)], tmp_path)
    mesh = drawn(figures()[1].axes[0])
    assert isinstance(mesh, QuadMesh)
    edges = mesh.get_coordinates()
    np.testing.assert_allclose(np.diff(edges[0, :, 0]), 0.5)
    grid = np.ma.filled(mesh.get_array(), np.nan).reshape(edges.shape[0] - 1, -1)
    assert np.isfinite(grid).sum() == 4
    assert np.nanmax(grid) == grid[-1, -1] == 0.05


def test_scattered_places_are_no_grid(scattered):
    assert maps._lattice(*scattered[:2]) is None
    even = np.linspace(-50.0, 60.0, 3000), np.arange(3000) * 77.7 % 360.0  # of a grid with a thousand times more cells
    assert maps._lattice(*even) is None


@pytest.fixture(scope="module")
def half_degree(tmp_path_factory):
    """62,000 cells of land on 360 x 720, ten records."""
    lat, lon = np.arange(-89.75, 90.0, 0.5), np.arange(0.25, 360.0, 0.5)
    land = coast._land(coast.find_mask(), 0, 360, -90, 90)[::-1]
    rows, columns = (
        ((np.arange(n) + 0.5) * size / n).astype(int) for n, size in zip((360, 720), land.shape, strict=True)
    )
    is_land = (land[np.ix_(rows, columns)] > 0.5) & (lat[:, None] > -60.0)
    probability = 10.0 ** (-6.0 + 5.0 * np.random.default_rng(0).random((360, 720)))
    path = tmp_path_factory.mktemp("globe") / "globe.nc"
    write(path, lat, lon, np.where(is_land, probability, np.nan), ("lat", "lon"))
    with netCDF4.Dataset(str(path), "a") as out:
        for record in range(1, 10):
            out["time"][record] = 1.0 + record
            for name in ("PROB", "FOS", "OUTSIDE"):
                out[f"LANDSLIDE_{name}"][record] = out[f"LANDSLIDE_{name}"][0]
    return path, int(is_land.sum())


def test_a_global_half_degree_map_is_seen(half_degree, tmp_path):
    """Its cells in colour, the sea white."""
    path, n = half_degree
    run = read([path], "globe")
    assert run.n_cells == n == pytest.approx(62_000, rel=0.02)
    figure = maps.draw_cells(run, tmp_path / "a.png")
    from matplotlib.pyplot import imread

    pixels = imread(figure)[..., :3]
    middle = pixels[: len(pixels) // 2]
    red = (middle[..., 0] - middle[..., 2] > 0.15).mean()
    assert 0.05 < red < 0.3
    assert (pixels == 1.0).all(axis=-1).mean() > 0.4


@pytest.mark.long
def test_memory_of_a_global_half_degree_map(half_degree, tmp_path):
    """Its peak, of the process itself: what wait4 gives counts the pages of pytest at the fork too."""
    code = """
from elm_landslide.commands.main import main
try:
    main()
finally:
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print("peak", peak.split()[1])
"""
    command = [sys.executable, "-c", code, "plot", half_degree[0], "--out", tmp_path]
    plot = subprocess.run(command, capture_output=True, text=True)
    assert plot.returncode == 0, plot.stderr
    assert int(plot.stdout.split()[-1]) < 1e6  # kB

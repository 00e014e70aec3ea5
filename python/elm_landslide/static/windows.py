"""What is done with one window of a DEM: read, survey, route the water, count the shapes. Each step writes its results
to a file of its own, so that a run that was cut short goes on where it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Geod, Proj

from elm_landslide.static import coverage, drainage, relief
from elm_landslide.static.coverage import Polygons
from elm_landslide.static.drainage import RING
from elm_landslide.static.histograms import BLOCK, WHOLE
from elm_landslide.static.rasters import Raster, check_elevation

_GEOD = Geod(ellps="WGS84")
MARGIN = BLOCK  # cells around a window that its water is followed through; less than the smallest window
SLACK = 0.01
SIDES = ("top", "bottom", "left", "right")


@dataclass(frozen=True)
class Terrain:
    """A DEM under the cells of an ELM grid, in windows of `side` cells, a multiple of BLOCK above MARGIN; folder: where
    the results are."""

    dem: Raster
    polygons: Polygons
    side: int
    folder: Path

    @property
    def windows(self) -> list[tuple[int, int]]:
        rows, columns = (-(-n // self.side) for n in self.dem.shape)
        return [(i, j) for i in range(rows) for j in range(columns)]

    def corner(self, window: tuple[int, int]) -> tuple[int, int]:
        return window[0] * self.side, window[1] * self.side

    def size(self, window: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns; the last ones may be smaller."""
        return (
            min(self.side, self.dem.shape[0] - window[0] * self.side),
            min(self.side, self.dem.shape[1] - window[1] * self.side),
        )

    def file(self, what: str, window: tuple[int, int]) -> Path:
        return self.folder / f"{what}-{window[0]}-{window[1]}"


@dataclass(frozen=True)
class Metric:
    """Sizes on the ground. dx, dy [rows + 2 RING] (m, on the map); scale [block, block]: lengths on the map over those
    on the ground; weight [rows, block]: area of a cell in parts of WHOLE of the reference."""

    dx: np.ndarray
    dy: np.ndarray
    scale: np.ndarray
    weight: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        return self.dy / self.dx

    @property
    def area(self) -> np.ndarray:
        """[rows] (m2, on the map)."""
        return (self.dx * self.dy)[RING:-RING]


def _sides(dem: Raster, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Width and height (m) of cells in some rows; on the ellipsoid if the map is in degrees."""
    if not dem.geographic:
        return np.full(row.shape, dem.dx * dem.unit), np.full(row.shape, dem.dy * dem.unit)
    latitude = np.radians(np.clip(dem.y0 - (row + 0.5) * dem.dy, -89.999, 89.999))
    square = 1.0 - _GEOD.es * np.sin(latitude) ** 2
    across = _GEOD.a / np.sqrt(square) * np.cos(latitude)
    along = _GEOD.a * (1.0 - _GEOD.es) / square**1.5
    return across * np.radians(dem.dx), along * np.radians(dem.dy)


def _scale(dem: Raster, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Lengths on a projected map over those on the ground, mean of all directions; 1 where that is not known."""
    projection = Proj(dem.crs)
    x, y = (dem.x0 + column * dem.dx) * dem.unit, (dem.y0 - row * dem.dy) * dem.unit
    lon, lat = projection(x, y, inverse=True)
    areal = np.asarray(projection.get_factors(lon, lat, errcheck=False).areal_scale)
    return np.where(np.isfinite(areal) & (areal > 0.0), np.sqrt(np.abs(areal)), 1.0)


def _distorts(dem: Raster) -> bool:
    """Whether lengths on a map differ from those on the ground by more than SLACK somewhere, as in web maps; a map made
    for measuring (UTM, equal-area) counts as the ground, as everywhere."""
    if dem.geographic:
        return False
    row, column = np.meshgrid(*(np.linspace(0, n, 17) for n in dem.shape), indexing="ij")
    return bool((np.abs(_scale(dem, row, column) - 1.0) > SLACK).any())


def reference_area(dem: Raster) -> float:
    """Area of the largest cell of a map (m2), in whose parts areas are counted."""
    dx, dy = _sides(dem, np.arange(dem.shape[0]))
    return float((dx * dy).max())


def cell_size(dem: Raster) -> float:
    """Side (m) of a square as large as the cells of a map are on average."""
    dx, dy = _sides(dem, np.arange(dem.shape[0]))
    return float(np.sqrt((dx * dy).mean()))


def metric(dem: Raster, row: int, column: int, rows: int, columns: int) -> Metric:
    """Of a window whose corner is a multiple of BLOCK."""
    dx, dy = _sides(dem, np.arange(row - RING, row + rows + RING))
    blocks = -(-rows // BLOCK), -(-columns // BLOCK)
    i, j = np.indices(blocks)
    scale = _scale(dem, row + (i + 0.5) * BLOCK, column + (j + 0.5) * BLOCK) if _distorts(dem) else np.ones(blocks)
    area = (dx * dy)[RING:-RING]
    squared = np.repeat(scale, BLOCK, axis=0)[:rows] ** 2
    weight = np.rint(area[:, None] / squared / reference_area(dem) * WHOLE).astype(np.int64)
    return Metric(dx, dy, scale, weight)


def _elevation(terrain: Terrain, window: tuple[int, int], margin: int = 0) -> np.ndarray:
    (row, column), (rows, columns) = terrain.corner(window), terrain.size(window)
    around = RING + margin
    return terrain.dem.read(row - around, column - around, rows + 2 * around, columns + 2 * around)


def survey(terrain: Terrain, window: tuple[int, int]) -> tuple[int, int]:
    """Slopes of a window, and its upslope areas without what comes from beyond its margin."""
    if terrain.file("slopes", window).with_suffix(".npz").exists():
        return window
    (row, column), (rows, columns) = terrain.corner(window), terrain.size(window)
    z, m = _elevation(terrain, window), metric(terrain.dem, row, column, rows, columns)
    check_elevation(terrain.dem, z[RING:-RING, RING:-RING], row, column)
    route(terrain, (window, np.zeros((rows + 2 * MARGIN + 2, columns + 2 * MARGIN + 2))))
    gradient = relief.slope(z, m.dx, m.dy, m.scale)
    own = coverage.owners(terrain.polygons, row, column, rows, columns)
    shared = own.owner.ravel(), own.extra_at, own.extra_cell, own.extra_share
    counts, least, most, seen = relief.count_slopes(gradient.ravel(), columns, m.weight, *shared, own.cells.size)
    _save(terrain.file("slopes", window), cells=own.cells, counts=counts, least=least, most=most, seen=seen)
    return window


def route(terrain: Terrain, job: tuple[tuple[int, int], np.ndarray]) -> tuple[int, int]:
    """Upslope areas of a window and the MARGIN around it; job: window, and the areas of the ring around the margin.

    What is handed on are the areas on the four lines that are the rings of the neighbours' margins. Water that goes to
    and fro over an edge is so done with at once, and few windows are routed again.
    """
    window, inflow = job
    (row, column), (rows, columns) = terrain.corner(window), terrain.size(window)
    z = _elevation(terrain, window, MARGIN)
    m = metric(terrain.dem, row - MARGIN, column - MARGIN, rows + 2 * MARGIN, columns + 2 * MARGIN)
    conducts = drainage.conductance(m.ratio)
    inverse, higher, width = drainage.partition(z, m.ratio, conducts)
    upslope = drainage.upslope_area(z, conducts, inverse, higher, m.area, m.scale, inflow)
    specific = drainage.specific_area(upslope, width, m.dx, m.scale)
    _save_array(terrain.file("area", window), specific[MARGIN : MARGIN + rows, MARGIN : MARGIN + columns])
    upslope = upslope[1 + MARGIN : -1 - MARGIN, 1 + MARGIN : -1 - MARGIN]
    z = z[RING + MARGIN : RING + MARGIN + rows, RING + MARGIN : RING + MARGIN + columns]
    handed = {side: _handed(z, upslope, side) for side in SIDES}
    ring = dict(zip((f"in_{side}" for side in SIDES), ring_of(inflow), strict=True))
    _save(terrain.file("edges", window), **handed, **ring)
    return window


def ring_of(values: np.ndarray) -> tuple[np.ndarray, ...]:
    """The outermost cells at the top, the bottom, left and right, corners included."""
    return values[0], values[-1], values[:, 0], values[:, -1]


def _handed(z: np.ndarray, upslope: np.ndarray, side: str) -> np.ndarray:
    """Upslope areas MARGIN from one side of a window, that the neighbour there takes; 0 where none of the next cells on
    its side is lower. Empty if the window is narrower, which the last ones may be."""
    if side in ("left", "right"):
        z, upslope = z.T, upslope.T
    if side in ("bottom", "right"):
        z, upslope = z[::-1], upslope[::-1]
    if len(z) <= MARGIN:
        return np.zeros(0)
    here, beside = z[MARGIN], np.pad(z[MARGIN - 1], 1, constant_values=np.nan)
    lower = np.any([beside[k : k + len(here)] < here for k in range(3)], axis=0)
    lower[[0, -1]] = True  # the cell across the corner is not in this window
    return np.where(lower, upslope[MARGIN], 0.0)


def shapes(terrain: Terrain, job: tuple[tuple[int, int], np.ndarray]) -> tuple[int, int]:
    """Wetness and curvature within the slope classes of the cells in a window; job: window, and percentiles of the
    slope [cell, 11] of the cells that it covers, in their order."""
    window, percentiles = job
    if terrain.file("shapes", window).with_suffix(".npz").exists():
        return window
    (row, column), (rows, columns) = terrain.corner(window), terrain.size(window)
    z, m = _elevation(terrain, window), metric(terrain.dem, row, column, rows, columns)
    gradient = relief.slope(z, m.dx, m.dy, m.scale)
    curved = relief.curvature(z, m.dx, m.dy, m.scale)
    specific = np.load(terrain.file("area", window).with_suffix(".npy")).astype(np.float64)
    own = coverage.owners(terrain.polygons, row, column, rows, columns)
    wet, bent, limits = relief.count_shapes(
        gradient.ravel(),
        specific.ravel(),
        curved.ravel(),
        columns,
        m.weight,
        own.owner.ravel(),
        own.extra_at,
        own.extra_cell,
        own.extra_share,
        percentiles,
    )
    _save(terrain.file("shapes", window), cells=own.cells, wet=wet, bent=bent, limits=limits)
    return window


def load(terrain: Terrain, what: str, window: tuple[int, int]) -> dict[str, Any]:
    with np.load(terrain.file(what, window).with_suffix(".npz")) as file:
        return dict(file)


def _save(path: Path, **arrays: Any) -> None:
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(path.with_suffix(".npz"))


def _save_array(path: Path, values: np.ndarray) -> None:
    part = path.with_suffix(".part.npy")
    np.save(part, values)
    part.replace(path.with_suffix(".npy"))

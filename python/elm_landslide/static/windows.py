"""What is done with one window of a DEM: read, survey, route the water, count the shapes. Each step writes its results
to a file of its own, so that a run that was cut short goes on where it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Geod, Proj

from elm_landslide.static import coverage, drainage, relief
from elm_landslide.static.coverage import BLOCK, Polygons
from elm_landslide.static.drainage import RING
from elm_landslide.static.histograms import WHOLE
from elm_landslide.static.rasters import Raster, check_elevation

_GEOD = Geod(ellps="WGS84")
SIDES = ("top", "bottom", "left", "right")


@dataclass(frozen=True)
class Terrain:
    """A DEM under the cells of an ELM grid, in windows of `side` cells, a multiple of BLOCK; folder: of the results."""

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


def reference_area(dem: Raster) -> float:
    """Area of the largest cell of a map (m2), in whose parts areas are counted."""
    dx, dy = _sides(dem, np.arange(dem.shape[0]))
    return float((dx * dy).max())


def metric(dem: Raster, row: int, column: int, rows: int, columns: int) -> Metric:
    """Of a window whose corner is a multiple of BLOCK."""
    dx, dy = _sides(dem, np.arange(row - RING, row + rows + RING))
    blocks = -(-rows // BLOCK), -(-columns // BLOCK)
    scale = np.ones(blocks)
    if not dem.geographic:
        i, j = np.indices(blocks)
        x = dem.x0 + (column + (j + 0.5) * BLOCK) * dem.dx
        y = dem.y0 - (row + (i + 0.5) * BLOCK) * dem.dy
        projection = Proj(dem.crs)
        lon, lat = projection(x * dem.unit, y * dem.unit, inverse=True)
        areal = np.asarray(projection.get_factors(lon, lat, errcheck=False).areal_scale)
        scale = np.where(np.isfinite(areal) & (areal > 0.0), np.sqrt(np.abs(areal)), 1.0)
    area = (dx * dy)[RING:-RING]
    squared = np.repeat(scale, BLOCK, axis=0)[:rows] ** 2
    weight = np.rint(area[:, None] / squared / reference_area(dem) * WHOLE).astype(np.int64)
    return Metric(dx, dy, scale, weight)


def _elevation(terrain: Terrain, window: tuple[int, int], check: bool = False) -> np.ndarray:
    (row, column), (rows, columns) = terrain.corner(window), terrain.size(window)
    z = terrain.dem.read(row - RING, column - RING, rows + 2 * RING, columns + 2 * RING)
    if check:
        inner = slice(RING, -RING)
        check_elevation(terrain.dem, z[inner, inner], row, column)
    return z


def _metric(terrain: Terrain, window: tuple[int, int]) -> Metric:
    return metric(terrain.dem, *terrain.corner(window), *terrain.size(window))


def survey(terrain: Terrain, window: tuple[int, int]) -> tuple[int, int]:
    """Slopes of a window, and its upslope areas without what comes in."""
    if terrain.file("slopes", window).with_suffix(".npz").exists():
        return window
    z, m = _elevation(terrain, window, check=True), _metric(terrain, window)
    rows, columns = terrain.size(window)
    _route(terrain, window, z, m, np.zeros((rows + 2, columns + 2)))
    gradient = relief.slope(z, m.dx, m.dy, m.scale)
    own = coverage.owners(terrain.polygons, *terrain.corner(window), rows, columns)
    counts, least, most, seen = relief.count_slopes(
        gradient.ravel(), columns, m.weight, own.owner.ravel(), own.extra_at, own.extra_cell, own.extra_share, own.cells.size
    )
    heights = z[RING:-RING, RING:-RING]
    known = np.isfinite(heights)
    _save(terrain.file("slopes", window), cells=own.cells, counts=counts, least=least, most=most, seen=seen, known=known.sum())
    return window


def route(terrain: Terrain, job: tuple[tuple[int, int], np.ndarray]) -> tuple[int, int]:
    """Upslope areas of a window again, with those of the ring around it."""
    window, inflow = job
    _route(terrain, window, _elevation(terrain, window), _metric(terrain, window), inflow)
    return window


def _route(terrain: Terrain, window: tuple[int, int], z: np.ndarray, m: Metric, inflow: np.ndarray) -> None:
    conducts = drainage.conductance(m.ratio)
    inverse, higher, width = drainage.partition(z, m.ratio, conducts)
    upslope = drainage.upslope_area(z, conducts, inverse, higher, m.area, m.scale, inflow)
    inner = slice(1, -1)
    rows, columns = terrain.size(window)
    ground = m.dx[RING:-RING, None] / np.repeat(np.repeat(m.scale, BLOCK, 0)[:rows], BLOCK, 1)[:, :columns]
    specific = upslope[inner, inner] / (width[inner, inner] * ground)
    _save_array(terrain.file("area", window), specific.astype(np.float32))
    gives = {side: _giving(z, upslope, side) for side in SIDES}
    ring = {f"in_{side}": _ring(inflow, side) for side in SIDES}
    _save(terrain.file("edges", window), **gives, **ring)


def _ring(values: np.ndarray, side: str) -> np.ndarray:
    """The outermost cells on a side of a window with its ring, corners included."""
    return {"top": values[0], "bottom": values[-1], "left": values[:, 0], "right": values[:, -1]}[side].copy()


def _giving(z: np.ndarray, upslope: np.ndarray, side: str) -> np.ndarray:
    """Upslope areas of the outermost cells of a window on a side, 0 where none of the cells beyond is lower."""
    turned = {"top": z, "bottom": z[::-1], "left": z.T, "right": z.T[::-1]}[side]
    areas = {"top": upslope, "bottom": upslope[::-1], "left": upslope.T, "right": upslope.T[::-1]}[side][1, 1:-1]
    here = turned[RING, RING:-RING]
    beyond = [turned[RING - 1, RING - 1 + k : turned.shape[1] - RING - 1 + k] for k in range(3)]
    # A corner also gives to the cells beside the next side.
    around = [turned[k, [RING - 1, -RING]] for k in (RING, RING + 1)]
    lower = np.any([b < here for b in beyond], axis=0)
    lower[[0, -1]] |= np.any([b < here[[0, -1]] for b in around], axis=0)
    return np.where(lower, areas, 0.0)


def shapes(terrain: Terrain, job: tuple[tuple[int, int], np.ndarray]) -> tuple[int, int]:
    """Wetness and curvature within the slope classes of the cells in a window; job: window, and percentiles of the
    slope [cell, 11] of the cells that it covers, in their order."""
    window, percentiles = job
    if terrain.file("shapes", window).with_suffix(".npz").exists():
        return window
    z, m = _elevation(terrain, window), _metric(terrain, window)
    rows, columns = terrain.size(window)
    gradient = relief.slope(z, m.dx, m.dy, m.scale)
    curved = relief.curvature(z, m.dx, m.dy, m.scale)
    specific = np.load(terrain.file("area", window).with_suffix(".npy")).astype(np.float64)
    own = coverage.owners(terrain.polygons, *terrain.corner(window), rows, columns)
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

"""Which cells of a map lie in which cells of the ELM grid, and with what share of their area.

Shares are those of polygons over the cells of the map, exact in its plane, by exactextract. They are computed in blocks
of fixed size and place, in whole parts, so that the same cell of the map has the same share in any window.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import NumPyRasterSource
from pyproj import Transformer

from elm_landslide.static.elm_grid import ElmGrid
from elm_landslide.static.histograms import BLOCK, WHOLE
from elm_landslide.static.rasters import Raster

_SEGMENTS = 32  # pieces of an edge of an ELM cell, which is bent in a projection


@dataclass(frozen=True)
class Polygons:
    """ELM cells on a map: number of each cell [m], and its corners as column and row of the map, [k, 2] each. A cell
    may be there twice, a turn of longitude apart."""

    cell: np.ndarray
    corners: list[np.ndarray]

    @cached_property
    def boxes(self) -> np.ndarray:
        """[m, 4]: least column, row, largest column, row."""
        return np.array([[*corners.min(0), *corners.max(0)] for corners in self.corners]).reshape(-1, 4)

    def area(self, n_cells: int) -> np.ndarray:
        """Cells of the map that would lie in each ELM cell, on a map without end [n_cells]; 0 for one not near."""
        out = np.zeros(n_cells)
        for cell, corners in zip(self.cell, self.corners, strict=True):
            x, y = (corners - corners.mean(0)).T
            out[cell] = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
        return out


def place(grid: ElmGrid, raster: Raster) -> Polygons:
    """The cells of a grid that a map may reach."""
    rows, columns = raster.shape
    cells, corners = [], []
    if raster.geographic:
        for turn in (-360.0, 0.0, 360.0):
            x = (grid.corners[..., 0] + turn - raster.x0) / raster.dx
            y = (raster.y0 - grid.corners[..., 1]) / raster.dy
            near = (x.max(1) > 0) & (x.min(1) < columns) & (y.max(1) > 0) & (y.min(1) < rows)
            cells += np.flatnonzero(near).tolist()
            corners += list(np.stack([x[near], y[near]], axis=-1))
        return Polygons(np.array(cells, dtype=np.int64), corners)
    transformer = Transformer.from_crs("EPSG:4326", raster.crs, always_xy=True)
    west, south, east, north = transformer.transform_bounds(
        raster.x0,
        raster.y0 - rows * raster.dy,
        raster.x0 + columns * raster.dx,
        raster.y0,
        densify_pts=64,
        direction="INVERSE",
    )
    lon, lat = grid.corners[..., 0], grid.corners[..., 1]
    width = east - west if east - west >= 360.0 else (east - west) % 360.0  # all longitudes if a pole is on the map
    middle, half = west + 0.5 * width, 0.5 * width
    reach = 0.5 * np.ptp(lon, axis=1)
    aside = np.abs((lon.mean(1) - middle + 180.0) % 360.0 - 180.0)
    near = (lat.max(1) > south) & (lat.min(1) < north) & (aside < half + reach + 1e-9)
    for cell in np.flatnonzero(near):
        edge = _densified(grid.corners[cell])
        x, y = transformer.transform(edge[:, 0], edge[:, 1])
        x, y = (np.asarray(x) - raster.x0) / raster.dx, (raster.y0 - np.asarray(y)) / raster.dy
        inside = np.isfinite(x) & np.isfinite(y)
        if inside.all() and x.max() > 0 and x.min() < columns and y.max() > 0 and y.min() < rows:
            cells.append(int(cell))
            corners.append(np.stack([x, y], axis=-1))
    return Polygons(np.array(cells, dtype=np.int64), corners)


def _densified(corners: np.ndarray) -> np.ndarray:
    """[k, 2] with _SEGMENTS pieces on each edge, straight in longitude and latitude."""
    t = np.arange(_SEGMENTS)[:, None] / _SEGMENTS
    return np.concatenate([a + t * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])


def shares(polygons: Polygons, row: int, column: int, rows: int, columns: int, size: int = 1) -> list:
    """[(cell, index, share)]: of the polygons, cells of the map in a rectangle, counted row by row from its corner at
    (row, column), and their shares (1). size: that many cells a side count as one."""
    features, cell = [], []
    left, top, right, bottom = (polygons.boxes / size).T
    near = (right > column) & (left < column + columns) & (bottom > row) & (top < row + rows)
    for k in np.flatnonzero(near):
        x, y = polygons.corners[k][:, 0] / size - column, polygons.corners[k][:, 1] / size - row
        ring = np.stack([x, -y], axis=-1).tolist()
        geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        features.append({"type": "Feature", "properties": {}, "geometry": geometry})
        cell.append(int(polygons.cell[k]))
    if not features:
        return []
    source = NumPyRasterSource(np.zeros((rows, columns), dtype=np.int8), 0, -rows, columns, 0)
    results = exact_extract(source, JSONFeatureSource(features), ["cell_id", "coverage"], output="geojson")
    return [
        (number, result["properties"]["cell_id"], result["properties"]["coverage"])
        for number, result in zip(cell, results, strict=True)
    ]


@dataclass(frozen=True)
class Owners:
    """cells: numbers of the ELM cells that a window may hold a part of; owner [rows, columns]: position in `cells` of
    the one that a cell of the map lies in whole, or -1; extra_at, extra_cell, extra_share: those shared by several."""

    cells: np.ndarray
    owner: np.ndarray
    extra_at: np.ndarray
    extra_cell: np.ndarray
    extra_share: np.ndarray


def owners(polygons: Polygons, row: int, column: int, rows: int, columns: int) -> Owners:
    """Of a window whose corner is a multiple of BLOCK."""
    owner = np.full((rows, columns), -1, dtype=np.int64)
    blocks = -(-rows // BLOCK), -(-columns // BLOCK)
    covering = shares(polygons, row // BLOCK, column // BLOCK, *blocks, BLOCK)
    cells = np.unique(np.array([number for number, *_ in covering], dtype=np.int64))
    at, cell, share = ([np.zeros(0, dtype=np.int64)] for _ in range(3))
    partly: dict[int, list[int]] = {}
    for number, index, covered in covering:
        for block, part in zip(index.tolist(), covered.tolist(), strict=True):
            i, j = (block // blocks[1]) * BLOCK, (block % blocks[1]) * BLOCK
            if part == 1.0:
                owner[i : i + BLOCK, j : j + BLOCK] = np.searchsorted(cells, number)
            else:
                partly.setdefault(block, []).append(number)
    for block, numbers in partly.items():
        i, j = (block // blocks[1]) * BLOCK, (block % blocks[1]) * BLOCK
        chosen = np.flatnonzero(np.isin(polygons.cell, numbers))
        some = Polygons(polygons.cell[chosen], [polygons.corners[k] for k in chosen])
        for number, index, covered in shares(some, row + i, column + j, BLOCK, BLOCK):
            a, b = i + index // BLOCK, j + index % BLOCK
            inside = (a < rows) & (b < columns)
            a, b, part = a[inside], b[inside], np.rint(covered[inside] * WHOLE).astype(np.int64)
            full, position = part == WHOLE, int(np.searchsorted(cells, number))
            owner[a[full], b[full]] = position
            at.append(a[~full] * columns + b[~full])
            share.append(part[~full])
            cell.append(np.full(int((~full).sum()), position, dtype=np.int64))
    return Owners(cells, owner, np.concatenate(at), np.concatenate(cell), np.concatenate(share))

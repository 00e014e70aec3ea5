"""Hillslopes on a square grid: shapes, DEM tiles, flow directions, and fields that vary at random over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from elm_landslide.simulator.dem import Grid, read_grid

SHAPES = ("planar", "convergent", "divergent")
STEEPEST = 80.0  # degrees
_STRIP, _CONTEXT = 512, 3  # rows of a grid looked at together, and the adjacent ones that their gradients depend on
NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


@dataclass
class Terrain:
    """Cells of a hillslope, numbered from the highest to the lowest.

    Of n cells: row, column [n] on the grid of `shape`; size (m); elevation (m), gradient (m/m) [n]; receivers, weights
    [n, 8]: the cells that receive the water of a cell, and their shares (index n: over the edge, or nowhere to go);
    sides [n, 4]: the neighbours above, left, right and below on the grid (n: none); down [n]: the neighbour across a
    side that a column pushes against, or n.
    """

    shape: tuple[int, int]
    size: float
    row: np.ndarray
    column: np.ndarray
    elevation: np.ndarray
    gradient: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray
    sides: np.ndarray
    down: np.ndarray

    @property
    def n(self) -> int:
        return len(self.row)

    def grid(self, values: np.ndarray, fill: float = np.nan) -> np.ndarray:
        """Values [n] on the grid, `fill` where there is no cell."""
        out = np.full(self.shape, fill, dtype=np.result_type(values, type(fill)))
        out[self.row, self.column] = values
        return out


def terrain(elevation: np.ndarray, size: float) -> Terrain:
    """Terrain of a grid of elevations (m), rows from the top of the page down; NaN outside. size: of a cell (m).

    Water leaves over the lower neighbours in proportion to gradient and width (Quinn et al. 1991), and at the edge of
    the grid over the slope of the cell. A hollow without a lower neighbour keeps its water.
    Raises ValueError for a cell size that is not positive, fewer than nine cells, holes, slopes above STEEPEST.
    """
    elevation = np.asarray(elevation, dtype=float)
    if not 0.0 < size < np.inf:
        raise ValueError(f"terrain: size of a cell: {size} m; it must be positive")
    inside = np.isfinite(elevation)
    if elevation.ndim != 2 or min(elevation.shape) < 3 or inside.sum() < 9:
        raise ValueError(f"terrain: elevation: {elevation.shape} with {inside.sum()} values; at least 3 x 3 are needed")
    holes = ndimage.binary_fill_holes(inside) & ~inside
    if holes.any():
        at = np.argwhere(holes)[0]
        raise ValueError(
            f"terrain: elevation: {holes.sum()} values are missing inside the tile, the first in row {at[0]}, column "
            f"{at[1]}; fill them first, or cut the tile elsewhere"
        )
    filled = _beyond(np.where(inside, elevation, np.nan))
    dy, dx = np.gradient(filled, size)
    gradient = np.hypot(dy, dx)[1:-1, 1:-1]
    _refuse_steep(gradient, inside)
    row, column = np.nonzero(inside)
    order = np.lexsort((column, row, -elevation[inside]))
    row, column = row[order], column[order]
    n = len(row)
    number = np.full(np.array(elevation.shape) + 2, n)
    number[row + 1, column + 1] = np.arange(n)
    ring = np.stack([number[row + 1 + a, column + 1 + b] for a, b in NEIGHBOURS], axis=1)
    height = np.append(elevation[row, column], np.nan)
    far = np.array([np.hypot(a, b) for a, b in NEIGHBOURS])
    width = np.where(far > 1.0, 0.354, 0.5)  # of the contour, in cells (Quinn et al. 1991)
    # Beyond the edge the surface continues with the slope of the filled grid.
    beyond = np.stack([filled[row + 1 + a, column + 1 + b] for a, b in NEIGHBOURS], axis=1)
    drop = (height[:n, None] - np.where(ring < n, height[ring], beyond)) / (far * size)
    share = np.where(drop > 0, drop, 0.0) * width
    total = share.sum(1, keepdims=True)
    weights = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    sides = ring[:, [1, 3, 4, 6]]
    fall = np.where(sides < n, drop[:, [1, 3, 4, 6]], 0.0)
    steepest = fall.argmax(1)
    down = np.where(fall.max(1) > 0, sides[np.arange(n), steepest], n)
    return Terrain(
        elevation.shape, float(size), row, column, height[:n], gradient[row, column], ring, weights, sides, down
    )


def _refuse_steep(gradient: np.ndarray, inside: np.ndarray, first_row: int = 0) -> None:
    if np.degrees(np.arctan(gradient[inside].max(initial=0.0))) > STEEPEST:
        at = np.argwhere(inside & (gradient == gradient[inside].max()))[0]
        raise ValueError(
            f"terrain: slope: {np.degrees(np.arctan(gradient[tuple(at)])):.0f} degrees in row {first_row + at[0]}, "
            f"column {at[1]}; above {STEEPEST:.0f} there is no soil to fail: check the unit of elevation and cell size"
        )


def _beyond(elevation: np.ndarray) -> np.ndarray:
    """Elevations (m) with one more cell on every side.

    Next to a cell the surface continues with the slope it has there: mean over sides, or over corners if no side
    adjoins; the nearest value elsewhere.
    """
    z = np.pad(elevation, 3, constant_values=np.nan)
    out = z[2:-2, 2:-2].copy()
    rows, columns = out.shape
    for ring in (1.0, np.sqrt(2.0)):
        total, count = np.zeros(out.shape), np.zeros(out.shape)
        for a, b in NEIGHBOURS:
            if np.hypot(a, b) == ring:
                near = z[2 + a : 2 + a + rows, 2 + b : 2 + b + columns]
                far = z[2 + 2 * a : 2 + 2 * a + rows, 2 + 2 * b : 2 + 2 * b + columns]
                value = 2.0 * near - far
                total += np.nan_to_num(value)
                count += np.isfinite(value)
        out = np.where(np.isnan(out) & (count > 0), total / np.maximum(count, 1.0), out)
    nearest = ndimage.distance_transform_edt(np.isnan(out), return_distances=False, return_indices=True)
    return out[tuple(nearest)]


def hillslope(
    shape: str,
    gradient: float,
    rows: int,
    columns: int,
    size: float,
    bend: float = 0.0,
    relief: np.ndarray | float = 0.0,
) -> Terrain:
    """A hillslope `rows` long and `columns` wide that falls towards the last row.

    shape: one of SHAPES; gradient: mean (m/m); bend: plan curvature (1/m, >= 0) of contours, towards the middle
    (convergent) or the sides (divergent), as the parabolic hillslopes of Troch et al. (2002); relief (m): added to the
    elevation, [rows, columns].
    """
    if shape not in SHAPES:
        raise ValueError(f"hillslope: shape: {shape!r}; one of {', '.join(SHAPES)}")
    if not bend >= 0.0:
        raise ValueError(f"hillslope: bend: {bend}; it must not be negative: its direction is that of the shape")
    y = (rows - 1 - np.arange(rows))[:, None] * size
    x = (np.arange(columns) - 0.5 * (columns - 1))[None] * size
    sign = {"planar": 0.0, "convergent": 1.0, "divergent": -1.0}[shape]
    return terrain(gradient * y + sign * 0.5 * bend * gradient * x**2 + relief, size)


def read_dem(path: Path | str, size: float | None = None) -> Terrain:
    """Terrain of an ESRI ASCII grid as one hillslope; size: of a cell (m), if the file's is in degrees.

    Raises ValueError as `terrain` and `dem.read_grid` do.
    """
    grid = read_grid(path, size)
    return terrain(grid.elevation, grid.size)


def check_slopes(grid: Grid) -> None:
    """Raises ValueError if a slope of the grid is above STEEPEST, as `terrain` does for a whole grid."""
    for first in range(0, grid.shape[0], _STRIP):
        before = min(first, _CONTEXT)
        part = grid.elevation[first - before : first + _STRIP + _CONTEXT]
        if np.isfinite(part).any():
            dy, dx = np.gradient(_beyond(part), grid.size)
            inner = slice(before, before + _STRIP)
            _refuse_steep(np.hypot(dy, dx)[1:-1, 1:-1][inner], np.isfinite(part)[inner], first)


def tile(land: Terrain | Grid, rows: int, columns: int, rng: np.random.Generator) -> Terrain:
    """A tile of `rows` by `columns` cells of a larger terrain, at a place drawn among those without a missing cell.

    Raises ValueError if there is no such place.
    """
    grid = land if isinstance(land, Grid) else Grid(land.grid(land.elevation), land.size)
    if min(grid.shape[0] - rows, grid.shape[1] - columns) < 0:
        raise ValueError(f"terrain: {grid.shape} cells; a tile of {rows} x {columns} does not fit")
    places = grid.places(rows, columns)
    if not places.n:
        raise ValueError(f"terrain: no tile of {rows} x {columns} cells is without a missing cell; take fewer")
    row, column = places[int(rng.integers(places.n))]
    return terrain(grid.elevation[row : row + rows, column : column + columns], grid.size)


def random_field(rng: np.random.Generator, shape: tuple[int, int], length: float) -> np.ndarray:
    """Standard normal field with a Gaussian correlation of `length` (cells; to 1/e at `length`), on a torus."""
    noise = rng.standard_normal(shape)
    if length <= 0.0:
        return noise
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None])
    # The square root of the spectrum of exp(-(r / length)^2), scaled to unit variance on this grid.
    amplitude = np.exp(-0.5 * (np.pi * length * frequency) ** 2)
    full = np.exp(-0.5 * (np.pi * length * np.hypot(*np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij"))) ** 2)
    return np.fft.irfft2(np.fft.rfft2(noise) * amplitude, s=shape) / np.sqrt((full**2).mean())

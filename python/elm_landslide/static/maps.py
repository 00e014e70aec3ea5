"""Other maps on an ELM grid: means of numbers and shares of classes, by exact area, in windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.static import coverage, windows
from elm_landslide.static.coverage import Polygons
from elm_landslide.static.elm_grid import ElmGrid
from elm_landslide.static.histograms import BLOCK, WHOLE
from elm_landslide.static.rasters import Raster
from elm_landslide.static.workers import Each

SIDE = 2048
_QUANTUM = 1e-4  # of the unit of a map: numbers are summed in whole parts of it
_SHIFT = 24  # areas, in whole parts of WHOLE squared, are summed in parts of 2^16 of a cell


@dataclass(frozen=True)
class Limits:
    """low, high: what numbers of a map may be; what: the map, in messages; hint: what a wrong number may mean."""

    low: float
    high: float
    what: str
    hint: str


@dataclass(frozen=True)
class Means:
    """mean [n, band], nan where nothing is known; covered [n]: share of the cell with a value, of the first band."""

    mean: np.ndarray
    covered: np.ndarray


@dataclass(frozen=True)
class _Job:
    raster: Raster
    polygons: Polygons
    limits: Limits
    codes: tuple[int, ...]


def _windows(raster: Raster) -> list[tuple[int, int]]:
    return [(i, j) for i in range(0, raster.shape[0], SIDE) for j in range(0, raster.shape[1], SIDE)]


def _areas(job: _Job, at: tuple[int, int]):
    """Corner, size, and (cell, row, column, area in whole parts) of the cells of the map in a window."""
    rows, columns = (min(SIDE, n - k) for n, k in zip(job.raster.shape, at, strict=True))
    own = coverage.owners(job.polygons, *at, rows, columns)
    weight = np.repeat(windows.metric(job.raster, *at, rows, columns).weight, BLOCK, axis=1)[:, :columns].ravel()
    inside = np.flatnonzero(own.owner.ravel() >= 0)
    pixel = np.concatenate([inside, own.extra_at])
    cell = np.concatenate([own.owner.ravel()[inside], own.extra_cell])
    share = np.concatenate([np.full(inside.size, WHOLE), own.extra_share])
    return rows, columns, own.cells, pixel, cell, share, (weight[pixel] * share) >> _SHIFT


def _sum(job: _Job, at: tuple[int, int]):
    """Sums of the numbers of each band: cells [c], sums and areas [c, band], parts seen [c]."""
    rows, columns, cells, pixel, cell, share, area = _areas(job, at)
    total = np.zeros((2, job.raster.bands, cells.size), dtype=np.int64)
    seen = np.zeros(cells.size, dtype=np.int64)
    for band in range(job.raster.bands):
        values = job.raster.read(*at, rows, columns, band + 1)
        limits = job.limits
        wrong = (values < limits.low) | (values > limits.high)
        if wrong.any():
            i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
            raise UserError(
                f"{job.raster.path}: {limits.what} in row {at[0] + i + 1}, column {at[1] + j + 1} is "
                f"{values[i, j]:g}, wanted {limits.low:g} to {limits.high:g}: {limits.hint}"
            )
        known = np.isfinite(values.ravel()[pixel])
        number = np.rint(np.where(known, values.ravel()[pixel], 0.0) / _QUANTUM).astype(np.int64)
        np.add.at(total[0, band], cell[known], number[known] * area[known])
        np.add.at(total[1, band], cell[known], area[known])
        if band == 0:
            np.add.at(seen, cell[known], share[known])
    return cells, total, seen


def _count(job: _Job, at: tuple[int, int]):
    """Areas of each code [c, code], parts seen [c]."""
    rows, columns, cells, pixel, cell, share, area = _areas(job, at)
    values = job.raster.read(*at, rows, columns).ravel()
    codes = np.array(job.codes)
    known = np.isfinite(values)
    position = np.searchsorted(codes, np.where(known, values, codes[0]))
    strange = known & (codes[np.minimum(position, codes.size - 1)] != values)
    if strange.any():
        i, j = divmod(int(strange.argmax()), columns)
        raise UserError(
            f"{job.raster.path}: {job.limits.what} in row {at[0] + i + 1}, column {at[1] + j + 1} is "
            f"{values[strange][0]:g}, which is not in the table: {job.limits.hint}"
        )
    total, seen = np.zeros((cells.size, codes.size), dtype=np.int64), np.zeros(cells.size, dtype=np.int64)
    good = known[pixel]
    np.add.at(total, (cell[good], position[pixel[good]]), area[good])
    np.add.at(seen, cell[good], share[good])
    return cells, total, seen


def means(raster: Raster, grid: ElmGrid, limits: Limits, each: Each, advance: Callable[[int, int], None]) -> Means:
    """Means over the area of each cell. Raises UserError for numbers beyond the limits, and for another region."""
    job = _job(raster, grid, limits)
    total = np.zeros((2, raster.bands, grid.size), dtype=np.int64)
    seen = np.zeros(grid.size, dtype=np.int64)
    for k, (cells, sums, parts) in enumerate(each(_sum, job, _windows(raster)), start=1):
        total[:, :, cells] += sums
        seen[cells] += parts
        advance(k, len(_windows(raster)))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(total[1] > 0, total[0] / total[1] * _QUANTUM, np.nan).T
    return Means(mean, _covered(job, grid, seen))


def shares(
    raster: Raster,
    grid: ElmGrid,
    codes: tuple[int, ...],
    limits: Limits,
    each: Each,
    advance: Callable[[int, int], None],
) -> Means:
    """Shares of the area known of each code, in rising order, as the bands of Means."""
    job = _job(raster, grid, limits, codes)
    total, seen = np.zeros((grid.size, len(codes)), dtype=np.int64), np.zeros(grid.size, dtype=np.int64)
    for k, (cells, sums, parts) in enumerate(each(_count, job, _windows(raster)), start=1):
        total[cells] += sums
        seen[cells] += parts
        advance(k, len(_windows(raster)))
    whole = total.sum(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(whole > 0, total / whole, np.nan)
    return Means(mean, _covered(job, grid, seen))


def _job(raster: Raster, grid: ElmGrid, limits: Limits, codes: tuple[int, ...] = ()) -> _Job:
    polygons = coverage.place(grid, raster)
    if not polygons.cell.size:
        raise UserError(f"{raster.path}: none of the {grid.size} cells of the ELM grid lies on this map")
    return _Job(raster, polygons, limits, codes)


def _covered(job: _Job, grid: ElmGrid, seen: np.ndarray) -> np.ndarray:
    whole = job.polygons.area(grid.size)
    return np.minimum(np.divide(seen / WHOLE, whole, out=np.zeros(grid.size), where=whole > 0), 1.0)

"""From the cells of a satellite product to those of ELM.

A cell takes the mean of the product's cells whose centres lie in it. Where none does, because the product is coarser,
it takes the nearest one, if its own centre lies in that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.offline import places, surface
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Layout, Places, short_way

_EARTH = 6371.22  # km, radius in E3SM
_EVEN = 0.02  # of a spacing, by which spacings of one grid may differ
_POINT = 1e-6  # degrees, half the size of a cell whose size is not known


@dataclass(frozen=True)
class Cells:
    """Cells of ELM as boxes: lat, lon of the centres and half_lat, half_lon of the sizes (degrees), each [n]."""

    lat: np.ndarray
    lon: np.ndarray
    half_lat: np.ndarray
    half_lon: np.ndarray

    @property
    def extent(self) -> str:
        return extent(self.lat, self.lon)


def extent(lat: np.ndarray, lon: np.ndarray) -> str:
    """Where places lie, for messages."""
    lon = short_way(lon)
    return f"lat {lat.min():.6g} to {lat.max():.6g}, lon {lon.min():.6g} to {lon.max():.6g}"


def cells_of(dataset: netCDF4.Dataset, path: Path | str, layout: Layout, index: np.ndarray) -> Cells:
    """The cells at some positions [n] of the layout of a surface dataset.

    Their size is the spacing of the centres if that is one of a grid, else that of a square of their AREA; a cell of
    unknown size is a point.
    """
    lat, lon = layout.lat[index], layout.lon[index]
    half_lat, half_lon = _spacing(layout.lat) / 2.0, _spacing(layout.lon) / 2.0
    sizes = np.full((2, index.size), np.nan)
    if np.isfinite(half_lat) and np.isfinite(half_lon):
        sizes[:] = [[half_lat], [half_lon]]
    elif "AREA" in dataset.variables:
        area = surface.land_area(dataset, Places(layout, index), "AREA", "")
        side = np.degrees(np.sqrt(area) / _EARTH)
        sizes[:] = side / 2.0, side / 2.0 / np.maximum(np.cos(np.radians(lat)), 0.01)
    sizes = np.where(np.isfinite(sizes) & (sizes > 0.0), sizes, _POINT)
    return Cells(lat, lon, sizes[0], sizes[1])


def _spacing(degrees: np.ndarray) -> float:
    """Spacing of the distinct values if they are those of an even axis, some of which may be left out; else nan."""
    values = np.unique(np.round(degrees[~is_missing(degrees)], 4))
    gaps = np.diff(values)
    if not gaps.size:
        return np.nan
    # Some grids have rows at the poles of half the height.
    steps = gaps / np.median(gaps) if len(gaps) > 4 else gaps / gaps.min()
    even = np.abs(steps - np.rint(steps)) <= _EVEN * np.maximum(steps, 1.0)
    unit = float(np.median(gaps)) if len(gaps) > 4 else float(gaps.min())
    return unit if even[1:-1].all() and even.mean() > 0.5 else np.nan


@dataclass(frozen=True)
class Mapping:
    """Which cells of a product make which cell of ELM: pairs of positions, product [k] and cell [k]; number of product
    cells a cell [n], 0 for none; nearest: where the nearest stands for a coarser product [n]."""

    product: np.ndarray
    cell: np.ndarray
    number: np.ndarray
    nearest: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean of the known values of each cell [n], nan without; values: of the product [m], nan is missing."""
        taken = values[self.product]
        known = np.isfinite(taken)
        n = self.number.size
        count = np.bincount(self.cell[known], minlength=n)
        total = np.bincount(self.cell[known], weights=taken[known], minlength=n)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def mapping(cells: Cells, lat: np.ndarray, lon: np.ndarray, spacing: tuple[float, float]) -> Mapping:
    """lat, lon: centres of the product's cells (degrees) [m], nan where unknown; spacing: their sizes in both."""
    known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
    order = known[np.argsort(lat[known], kind="stable")]
    rising, east = lat[order], lon[order]
    product, owner, nearest = [], [], np.zeros(cells.lat.size, dtype=bool)
    reach_lat, reach_lon = spacing[0] / 2.0 + places.ROUNDING, spacing[1] / 2.0 + places.ROUNDING
    for i in range(cells.lat.size):
        first, last = np.searchsorted(rising, [cells.lat[i] - cells.half_lat[i], cells.lat[i] + cells.half_lat[i]])
        apart = short_way(east[first:last] - cells.lon[i])
        inside = first + np.flatnonzero((apart >= -cells.half_lon[i]) & (apart < cells.half_lon[i]))
        if not inside.size:
            first, last = np.searchsorted(rising, [cells.lat[i] - reach_lat, cells.lat[i] + reach_lat])
            apart = np.abs(short_way(east[first:last] - cells.lon[i]))
            if (apart <= reach_lon).any():
                away = np.maximum(np.abs(rising[first:last] - cells.lat[i]) / reach_lat, apart / reach_lon)
                inside, nearest[i] = first + np.array([np.argmin(away)]), True
        product.append(order[inside])
        owner.append(np.full(inside.size, i))
    cell = np.concatenate([*owner, np.zeros(0, int)]).astype(int)
    number = np.bincount(cell, minlength=cells.lat.size)
    return Mapping(np.concatenate([*product, np.zeros(0, int)]).astype(int), cell, number, nearest)


class Mapper:
    """The mapping of a series of images.

    Some products leave out the coordinates where an image has no value. What earlier images knew is kept, so that a
    mapping is made anew only where there is more to know, or where the grid is another one.
    """

    def __init__(self, cells: Cells):
        self.cells = cells
        self.number = np.zeros(cells.lat.size, dtype=np.int64)  # of product cells, at most
        self.nearest = np.zeros(cells.lat.size, dtype=bool)
        self.lat = self.lon = np.zeros(0)
        self._mapping: Mapping | None = None

    def of(self, lat: np.ndarray, lon: np.ndarray, spacing: tuple[float, float]) -> Mapping:
        """The mapping of an image; arguments as of `mapping`."""
        seen, known = np.isfinite(lat) & np.isfinite(lon), np.zeros(lat.size, dtype=bool)
        if self.lat.size == lat.size:
            known = np.isfinite(self.lat)
            both = seen & known
            if not (np.array_equal(lat[both], self.lat[both]) and np.array_equal(lon[both], self.lon[both])):
                known = np.zeros(lat.size, dtype=bool)
        if self._mapping is None or not known.any() or (seen & ~known).any():
            self.lat = np.where(known, self.lat, lat) if known.any() else lat
            self.lon = np.where(known, self.lon, lon) if known.any() else lon
            self._mapping = mapping(self.cells, self.lat, self.lon, spacing)
            self.number = np.maximum(self.number, self._mapping.number)
            self.nearest |= self._mapping.nearest
        return self._mapping

    @property
    def extent(self) -> str:
        """Where the cells of the product lie, for messages."""
        known = np.isfinite(self.lat) & np.isfinite(self.lon)
        return extent(self.lat[known], self.lon[known]) if known.any() else ""

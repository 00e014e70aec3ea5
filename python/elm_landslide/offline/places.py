"""The places (grid cells or columns) that a variable's values belong to, and the same places in another file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import netCDF4
import numpy as np
from numpy.typing import ArrayLike

from elm_landslide.errors import UserError
from elm_landslide.offline import variables
from elm_landslide.offline.netcdf import is_missing

TOLERANCE = 1e-3  # degrees within which a place is found in another file
ROUNDING = 5e-5  # degrees that single precision may be off, at a longitude of 360
SOIL_LANDUNITS = (1, 2)
_Degrees = TypeVar("_Degrees", float, np.ndarray)
_COORDINATES = {
    ("lat", "lon"): ("lat", "lon"),
    ("lndgrid",): ("lat", "lon"),
    ("gridcell",): ("grid1d_lat", "grid1d_lon"),
    ("column",): ("cols1d_lat", "cols1d_lon"),
}


@dataclass(frozen=True)
class Layout:
    """The places of a variable, flattened in the order of `dims`, whatever the order in which the file stores them.

    dims and shape: the horizontal dimensions; lat, lon (degrees) and active: one value a place.
    landunit: ELM's landunit type of a column (1 soil, 2 crop), None for cells. mask: name of the variable that says
    which are active, '' if all are.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    lat: np.ndarray
    lon: np.ndarray
    active: np.ndarray
    landunit: np.ndarray | None = None
    mask: str = ""

    @property
    def size(self) -> int:
        return self.lat.size

    def agrees_on_places(self, other: Layout) -> bool:
        """Whether the places are the same one by one, to rounding; without coordinates a place agrees with such."""
        if self.size != other.size:
            return False
        unknown = is_missing(self.lat) & is_missing(other.lat)
        apart = (np.abs(self.lat - other.lat) > ROUNDING) | (lon_distance(self.lon, other.lon) > ROUNDING)
        return not (apart & ~unknown).any()

    def same_places(self, other: Layout) -> bool:
        """Whether a file with this layout stores the same places under the same dimensions."""
        return self.dims == other.dims and self.agrees_on_places(other)


def layout_of(dataset: netCDF4.Dataset, path: Path | str, name: str) -> Layout:
    """The layout of variable `name`, which lies on (lat, lon), lndgrid, gridcell or column."""
    horizontal = horizontal_of(dataset, path, name)
    lat, lon = coordinates(dataset, path, _COORDINATES[horizontal], horizontal, name)
    shape = tuple(len(dataset.dimensions[d]) for d in horizontal)
    active, landunit, mask = np.ones(lat.size, dtype=bool), None, ""
    if horizontal == ("column",):
        if "cols1d_itype_lunit" not in dataset.variables:
            raise UserError(f"{path}: no variable cols1d_itype_lunit, which tells soil columns from others")
        mask = "cols1d_itype_lunit"
        landunit = _whole_numbers(dataset[mask], horizontal)
        active = np.isin(landunit, SOIL_LANDUNITS)
        if "cols1d_active" in dataset.variables:
            active &= _whole_numbers(dataset["cols1d_active"], horizontal) > 0
            mask += " and cols1d_active"
    elif "landmask" in dataset.variables:
        mask = "landmask"
        share = variables.read(dataset[mask], horizontal).ravel()
        active = (share > 0) & ~is_missing(share)  # remapping leaves a share of the cell
    return Layout(horizontal, shape, lat, lon, active, landunit, mask)


def horizontal_of(dataset: netCDF4.Dataset, path: Path | str, name: str) -> tuple[str, ...]:
    """The dimensions of the places of a variable: (lat, lon), lndgrid, gridcell or column."""
    dims = dataset[name].dimensions
    horizontal = next((h for h in _COORDINATES if set(h) <= set(dims)), None)
    if horizontal is None:
        hint = ": set hist_type1d_pertape = 'COLS' for this tape" if "pft" in dims else ""
        raise UserError(f"{path}: {name} has dimensions {dims}, wanted (lat, lon), lndgrid or column among them{hint}")
    return horizontal


def coordinates(
    dataset: netCDF4.Dataset, path: Path | str, names: Sequence[str], horizontal: tuple[str, ...], what: str
) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude (degrees) of every place, flattened; of a grid by row and column, or of each cell."""
    result = []
    for name in names:
        if name not in dataset.variables:
            raise UserError(f"{path}: no variable {name}, which places {what}")
        own = tuple(d for d in horizontal if d in dataset[name].dimensions) or horizontal
        values = variables.read(dataset[name], own)
        shape = [len(dataset.dimensions[d]) if d in own else 1 for d in horizontal]
        whole = [len(dataset.dimensions[d]) for d in horizontal]
        result.append(np.broadcast_to(values.reshape(shape), whole).ravel())
    return result[0], result[1]


def _whole_numbers(variable: netCDF4.Variable, horizontal: tuple[str, ...]) -> np.ndarray:
    values = variables.read(variable, horizontal).ravel()
    return np.where(is_missing(values), -9999, values).astype(int)


class Places:
    """Some places of a layout; reads only the span of the file that holds them."""

    def __init__(self, layout: Layout, index: ArrayLike):
        """index: positions in the flattened layout, shape (n,)."""
        self.dims = layout.dims
        self.index = np.asarray(index, dtype=np.int64)
        row = int(np.prod(layout.shape[1:]))  # places in one step of the first horizontal dimension
        first, last = (self.index.min() // row, self.index.max() // row) if self.index.size else (0, -1)
        self._spans = {layout.dims[0]: slice(int(first), int(last) + 1)}
        self._within = self.index - first * row

    def read(
        self, variable: netCDF4.Variable, record: int | slice | None = None, levels: int | None = None
    ) -> np.ndarray:
        """Values at the places, ([record,] [level,] n); missing is SPVAL. The rest as of variables.read."""
        values = variables.read(variable, self.dims, self._spans, record, levels)
        values = values.reshape(*values.shape[: values.ndim - len(self.dims)], -1)
        return values[..., self._within]


def short_way(degrees: _Degrees) -> _Degrees:
    """A longitude, or a difference of two (degrees), from -180 to below 180."""
    return (degrees + 180.0) % 360.0 - 180.0


def lon_distance(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Distance between longitudes (degrees), the short way round."""
    return np.abs(short_way(np.asarray(a) - b))


def match_cells(
    lat: np.ndarray, lon: np.ndarray, cell_lat: np.ndarray, cell_lon: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Index of the nearest cell within TOLERANCE of each place, or -1; and whether another is as near.

    lat, lon: places (degrees), shape (n,). cell_lat, cell_lon: cells, shape (m,).
    """
    match, nearest, second = np.full(np.size(lat), -1), np.full(np.size(lat), np.inf), np.full(np.size(lat), np.inf)
    if not np.size(cell_lat):
        return match, np.zeros(np.size(lat), dtype=bool)
    steps = round(360.0 / TOLERANCE)

    def key(i_lat: np.ndarray, i_lon: np.ndarray) -> np.ndarray:
        return i_lat * steps + i_lon % steps

    def whole(values: np.ndarray) -> np.ndarray:
        return np.rint(np.clip(values, -1000.0, 1000.0) / TOLERANCE).astype(np.int64)  # a missing place matches none

    keys = key(whole(cell_lat), whole(np.mod(cell_lon, 360.0)))
    order = np.argsort(keys, kind="stable")
    for d_lat in (-1, 0, 1):  # a place within the tolerance lies in the same or a neighbouring key
        for d_lon in (-1, 0, 1):
            target = key(whole(lat) + d_lat, whole(np.mod(lon, 360.0)) + d_lon)
            first, last = (np.searchsorted(keys[order], target, side) for side in ("left", "right"))
            for k in range(int((last - first).max(initial=0))):
                cell = order[np.minimum(first + k, keys.size - 1)]
                distance = np.maximum(np.abs(cell_lat[cell] - lat), lon_distance(cell_lon[cell], lon))
                distance = np.where((first + k < last) & (distance <= TOLERANCE), distance, np.inf)
                nearer = distance < nearest
                second = np.where(nearer, nearest, np.minimum(second, distance))
                match, nearest = np.where(nearer, cell, match), np.where(nearer, distance, nearest)
    return match, (match >= 0) & (second <= nearest + ROUNDING)


def locate(source: Layout, path: Path | str, layout: Layout, index: ArrayLike) -> np.ndarray:
    """Positions in a file's layout of some places of another, index [n].

    By position where both agree on all places; else the nearest by latitude and longitude, of columns among those of
    soil. Raises UserError for a place that is absent, or there several times.
    """
    index = np.asarray(index)
    if source.agrees_on_places(layout):
        return index
    lat, lon = layout.lat[index], layout.lon[index]
    among = np.arange(source.size) if source.landunit is None else np.flatnonzero(source.active)
    match, ambiguous = match_cells(lat, lon, source.lat[among], source.lon[among])
    noun = "cell" if source.landunit is None else "soil column"
    for wrong, what in (
        (match < 0, f"no {noun} at {{}}: it is on another grid"),
        (
            ambiguous,
            f"several {noun}s at {{}}: it is unclear which is meant; give files with the same {noun}s in order",
        ),
    ):
        if wrong.any():
            i = int(np.argmax(wrong))
            place = f"lat {lat[i]:g}, lon {lon[i]:g} ({int(wrong.sum())} of {wrong.size} places so)"
            raise UserError(f"{Path(path)}: {what.format(place)}")
    return among[match]

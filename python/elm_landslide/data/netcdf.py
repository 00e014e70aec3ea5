"""netCDF input: opening, unit checks, missing values, and which places a variable's values belong to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import MISSING, SPVAL

_WATER_CONTENT = ("mm3/mm3", "m3/m3", "mm^3/mm^3", "m^3/m^3")
_WATER_MASS = ("kg/m2", "kg/m^2")
_WATER_FLUX = ("mm/s", "mm H2O/s", "kg/m2/s", "kg/m^2/s")
_LENGTH = ("m", "meters")
_NUMBER = ("1", "unitless", "none", "proportion", "fraction")
_LEAF_AREA = ("1", "m^2/m^2", "m2/m2", "none", "unitless")
_CARBON = ("gC/m^2", "gC/m2")
_PERCENT = ("unitless", "%", "percent")
_GRADIENT = ("km km^-1", "m m^-1", "km/km", "m/m")

# The spellings that ELM and its surface datasets use; the first is the one named as wanted.
UNITS: dict[str, tuple[str, ...]] = {
    "WATSAT": _WATER_CONTENT,
    "SUCSAT": ("mm",),
    "BSW": _NUMBER,
    "DZSOI": _LENGTH,
    "SOILLIQ": _WATER_MASS,
    "SOILICE": _WATER_MASS,
    "H2OSOI": _WATER_CONTENT,
    "ROOTFR": _NUMBER,
    "ZWT": _LENGTH,
    "ZWT_PERCH": _LENGTH,
    "FROST_TABLE": _LENGTH,
    "QOVER": _WATER_FLUX,
    "QDRAI": _WATER_FLUX,
    "QDRAI_PERCH": _WATER_FLUX,
    "QINFL": _WATER_FLUX,
    "QTOPSOIL": _WATER_FLUX,
    "QSNOMELT": _WATER_FLUX,
    "RAIN": _WATER_FLUX,
    "TLAI": _LEAF_AREA,
    "TOTVEGC": _CARBON,
    "FROOTC": _CARBON,
    "LIVECROOTC": _CARBON,
    "DEADCROOTC": _CARBON,
    "PCT_SAND": _PERCENT,
    "PCT_CLAY": _PERCENT,
    "PCT_NAT_PFT": _PERCENT,
    "PCT_NATVEG": _PERCENT,
    "PCT_CROP": _PERCENT,
    "SLP_P10": _GRADIENT,
    "aveDTB": _LENGTH,
}


def open_dataset(path) -> netCDF4.Dataset:
    """Open a netCDF file to read; a file that cannot be read is a UserError."""
    try:
        return netCDF4.Dataset(str(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read as netCDF ({error.strerror or error})") from None


def check_units(dataset, path, may_lack: bool = False) -> list[str]:
    """Refuse a variable whose units are not among those that ELM writes.

    may_lack: accept variables that state no units. Returns their names.
    """
    lacking = []
    for name in sorted(UNITS.keys() & dataset.variables.keys()):
        found = getattr(dataset[name], "units", None)
        if found is None and may_lack:
            lacking.append(name)
        elif found not in UNITS[name]:
            raise UserError(f"{path}: {name} has units {found!r}, wanted {UNITS[name][0]!r}")
    return lacking


def filled(values) -> np.ndarray:
    """float64 copy in which masked, not finite and huge values are SPVAL."""
    values = np.ma.filled(np.ma.asarray(values).astype(np.float64), SPVAL)
    values[~(np.abs(values) < MISSING)] = SPVAL
    return values


def is_missing(values) -> np.ndarray:
    return np.abs(values) >= MISSING


@dataclass(frozen=True)
class Layout:
    """The places (grid cells or columns) of a variable, in the order in which the file stores them.

    dims and shape: the horizontal dimensions; lat, lon (degrees) and active: one value a place, flattened.
    landunit: ELM's landunit type of a column (1 soil, 2 crop), None for cells.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    lat: np.ndarray
    lon: np.ndarray
    active: np.ndarray
    landunit: np.ndarray | None = None

    @property
    def size(self) -> int:
        return self.lat.size

    def same_places(self, other: Layout) -> bool:
        return self.size == other.size and bool(
            np.allclose(self.lat, other.lat, atol=TOLERANCE, rtol=0)
            and np.all(lon_distance(self.lon, other.lon) <= TOLERANCE)
        )


_COORDINATES = {
    ("lat", "lon"): ("lat", "lon"),
    ("lndgrid",): ("lat", "lon"),
    ("gridcell",): ("grid1d_lat", "grid1d_lon"),
    ("column",): ("cols1d_lat", "cols1d_lon"),
}
SOIL_LANDUNITS = (1, 2)


def layout_of(dataset, path, name: str) -> Layout:
    """The layout of variable `name`: its last dimensions are (lat, lon), lndgrid, gridcell or column."""
    dims = dataset[name].dimensions
    horizontal = next((h for h in _COORDINATES if dims[-len(h) :] == h), None)
    if horizontal is None:
        hint = ": set hist_type1d_pertape = 'COLS' for this tape" if dims[-1:] == ("pft",) else ""
        raise UserError(f"{path}: {name} has dimensions {dims}, wanted (lat, lon), lndgrid or column last{hint}")
    names = _COORDINATES[horizontal]
    for coordinate in names:
        if coordinate not in dataset.variables:
            raise UserError(f"{path}: no variable {coordinate}, which places {name}")
    lat, lon = (filled(dataset[c][:]) for c in names)
    shape = tuple(len(dataset.dimensions[d]) for d in horizontal)
    if horizontal == ("lat", "lon") and lat.ndim == 1:
        lat, lon = np.meshgrid(lat, lon, indexing="ij")
    size = int(np.prod(shape))
    active, landunit = np.ones(size, dtype=bool), None
    if horizontal == ("column",):
        if "cols1d_itype_lunit" not in dataset.variables:
            raise UserError(f"{path}: no variable cols1d_itype_lunit, which tells soil columns from others")
        landunit = np.ma.filled(dataset["cols1d_itype_lunit"][:], -9999).ravel().astype(int)
        active = np.isin(landunit, SOIL_LANDUNITS)
        if "cols1d_active" in dataset.variables:
            active &= np.ma.filled(dataset["cols1d_active"][:], 0).ravel() == 1
    elif "landmask" in dataset.variables and dataset["landmask"].dimensions == horizontal:
        active = np.ma.filled(dataset["landmask"][:], 0).ravel() == 1
    return Layout(horizontal, shape, lat.ravel(), lon.ravel(), active, landunit)


class Places:
    """Some places of a layout; reads only the span of the file that holds them."""

    def __init__(self, layout: Layout, index):
        """index: positions in the flattened layout, shape (n,)."""
        self.dims = layout.dims
        self.index = np.asarray(index, dtype=np.int64)
        self._row = int(np.prod(layout.shape[1:]))  # places in one step of the first horizontal dimension
        if self.index.size:
            self._first, last = self.index.min() // self._row, self.index.max() // self._row
            self._span = slice(int(self._first), int(last) + 1)
        self._tail = len(layout.shape) - 1

    def read(self, variable, *lead) -> np.ndarray:
        """Values at the places for the leading indices `lead`, shape (..., n); missing is SPVAL."""
        if not self.index.size:
            lengths = [
                len(range(*s.indices(n))) for s, n in zip(lead, variable.shape, strict=False) if isinstance(s, slice)
            ]
            return np.empty((*lengths, 0))
        try:
            values = filled(variable[(*lead, self._span) + (slice(None),) * self._tail])
        except RuntimeError as error:  # netCDF4's for a damaged file
            raise UserError(f"{variable.group().filepath()}: {variable.name} cannot be read ({error})") from None
        values = values.reshape(*values.shape[: values.ndim - 1 - self._tail], -1)
        return values[..., self.index - self._first * self._row]


TOLERANCE = 1e-3  # degrees within which two places are the same


def lon_distance(a, b) -> np.ndarray:
    """Distance between longitudes (degrees), the short way round."""
    return np.abs((np.asarray(a) - b + 180.0) % 360.0 - 180.0)


def match_cells(lat, lon, cell_lat, cell_lon) -> np.ndarray:
    """Index of the cell within TOLERANCE of each place, -1 where there is none.

    lat, lon: places (degrees), shape (n,). cell_lat, cell_lon: cells, shape (m,).
    """
    steps = round(360.0 / TOLERANCE)

    def key(i_lat, i_lon):
        return i_lat * steps + i_lon % steps

    def whole(values):
        return np.rint(np.clip(values, -1000.0, 1000.0) / TOLERANCE).astype(np.int64)  # a missing place matches none

    keys = key(whole(cell_lat), whole(np.mod(cell_lon, 360.0)))
    order = np.argsort(keys, kind="stable")
    found = np.full(np.size(lat), -1)
    for d_lat in (-1, 0, 1):  # a place within the tolerance lies in the same or a neighbouring key
        for d_lon in (-1, 0, 1):
            wanted = key(whole(lat) + d_lat, whole(np.mod(lon, 360.0)) + d_lon)
            at = np.minimum(np.searchsorted(keys[order], wanted), keys.size - 1)
            cell = order[at]
            near = (
                (keys[cell] == wanted)
                & (np.abs(cell_lat[cell] - lat) <= TOLERANCE)
                & (lon_distance(cell_lon[cell], lon) <= TOLERANCE)
            )
            found = np.where((found < 0) & near, cell, found)
    return found


def locate(layout: Layout, path, lat, lon) -> np.ndarray:
    """match_cells on a layout of cells; the first place not found is a UserError."""
    found = match_cells(lat, lon, layout.lat, layout.lon)
    if (found < 0).any():
        first = int(np.argmax(found < 0))
        raise UserError(
            f"{Path(path)}: no cell at lat {lat[first]:g}, lon {lon[first]:g} "
            f"({int((found < 0).sum())} of {found.size} not found): it is on another grid"
        )
    return found

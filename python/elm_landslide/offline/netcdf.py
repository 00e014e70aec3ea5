"""netCDF input: opening, unit checks and missing values."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import ArrayLike

from elm_landslide import files
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

# The spellings that ELM and its surface datasets use; error messages ask for the first.
UNITS: dict[str, tuple[str, ...]] = {
    "WATSAT": _WATER_CONTENT,
    "SUCSAT": ("mm",),
    "BSW": _NUMBER,
    "DZSOI": _LENGTH,
    "SOILLIQ": _WATER_MASS,
    "SOILICE": _WATER_MASS,
    "H2OSOI": _WATER_CONTENT,
    "H2OSNO": ("mm", "kg/m2"),
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


def open_dataset(path: Path | str) -> netCDF4.Dataset:
    """Open a netCDF file to read; a file that cannot be read is a UserError."""
    if Path(path).exists():  # another name may be an address, which netCDF4 reads too
        files.regular(path)
    try:
        return netCDF4.Dataset(str(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read as netCDF ({error.strerror or error})") from None


def check_units(dataset: netCDF4.Dataset, path: Path | str, may_lack: bool = False) -> list[str]:
    """Refuse a variable whose units are not among those that ELM writes.

    may_lack: accept variables that state no units. Returns their names.
    """
    lacking = []
    for name in sorted(UNITS.keys() & dataset.variables.keys()):
        units = getattr(dataset[name], "units", None)
        units = units if units is None else str(units)
        if units is None and may_lack:
            lacking.append(name)
        elif units not in UNITS[name]:
            raise UserError(f"{path}: {name} has units {units!r}, wanted {UNITS[name][0]!r}")
    return lacking


def filled(values: ArrayLike) -> np.ndarray:
    """float64 copy in which masked, non-finite and huge values are SPVAL."""
    values = np.ma.filled(np.ma.asarray(values).astype(np.float64), SPVAL)
    values[~(np.abs(values) < MISSING)] = SPVAL
    return values


def is_missing(values: ArrayLike) -> np.ndarray:
    return np.abs(values) >= MISSING

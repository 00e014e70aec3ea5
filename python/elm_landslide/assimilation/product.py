"""Satellite products of soil moisture: netCDF and HDF5 files, by the conventions of ESA CCI and SMAP.

ESA CCI    sm(time, lat, lon) in m3 m-3, flag, time in days since 1970
SMAP L3    Soil_Moisture_Retrieval_Data_AM/soil_moisture(y, x) with 2-D latitude and longitude of the EASE grid,
           retrieval_qual_flag; the day is an attribute of Metadata/Extent
SMAP L4    Geophysical_Data/sm_surface(y, x), cell_lat and cell_lon beside or above it, time in seconds since 2000

Variables are found by name in any group, coordinates and time in the same group or above it; fill values, scale
factors and valid ranges are those of the attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.offline import netcdf, variables
from elm_landslide.offline.times import TimeAxis

NAMES = ("sm", "soil_moisture", "sm_surface", "sm_surface_analysis", "ssm")  # in order of preference
_UNITS = {f"{unit}3{per}{unit}{power}3" for unit in ("m", "cm", "mm") for per, power in (("/", ""), ("", "-"))}
_LAT, _LON = ({"lat", "latitude", "cell_lat", "latitude_pm"}, {"lon", "longitude", "cell_lon", "longitude_pm"})
_BEGIN = "rangeBeginningDateTime"  # attribute of SMAP's group Metadata/Extent


@dataclass(frozen=True)
class Image:
    """A product at one time on its axis. values: [m], nan is missing. lat, lon: centres (degrees) [m], nan where
    unknown; spacing: sizes of the product's cells in both."""

    time: float
    axis: TimeAxis
    values: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    spacing: tuple[float, float]


def images(path: Path | str, name: str | None, volumetric: bool = True) -> Iterator[Image]:
    """The images of a file. name: of the variable, with its group if it needs one. volumetric: whether values must be
    m3/m3, from 0 to 1. Raises UserError for a file that is no such series."""
    with netcdf.open_dataset(path) as dataset:
        variable = find(dataset, path, name)
        variables.numbers_only(variable)
        if volumetric:
            _check_units(variable, path)
        lat, lon = (_coordinate(variable, path, names) for names in (_LAT, _LON))
        horizontal = lat.dimensions if lat.ndim == 2 else tuple(dict.fromkeys((*lat.dimensions, *lon.dimensions)))
        if not set(horizontal) <= set(variable.dimensions):
            raise UserError(
                f"{path}: {variable.name} has dimensions {variable.dimensions}, but {lat.name} and {lon.name} have "
                f"{horizontal}: name the variable on these with --variable"
            )
        times, axis, along = _times(variable, path)
        at: dict[str, int | slice] = {d: slice(None) for d in horizontal}
        for dim, size in zip(variable.dimensions, variable.shape, strict=True):
            if dim not in horizontal and dim != along and size > 1:
                raise UserError(
                    f"{path}: {variable.name} has dimension {dim} = {size} beside time and place: give one layer"
                )
        flag, good = _flag(variable)
        degrees = _degrees(lat, lon, horizontal)
        for i, time in enumerate(times):
            values = _take(variable, at | ({along: i} if along else {}), horizontal, path)
            if flag is not None:
                marks = _take(flag, at | ({along: i} if along else {}), horizontal, path)
                values[~good(marks)] = np.nan
            if volumetric:
                _check_range(variable, path, values, degrees)
            yield Image(float(time), axis, values, *degrees)


def find(dataset: netCDF4.Dataset, path: Path | str, name: str | None) -> netCDF4.Variable:
    """The variable of a name, which may have its group before it, or the first of NAMES."""
    everything = list(_variables(dataset))
    for wanted in [name] if name else NAMES:
        for full, variable in everything:
            if wanted.strip("/") in (full, variable.name):
                return variable
    shown = ", ".join(full for full, variable in everything if variable.ndim >= 2)
    what = name if name else f"{', '.join(NAMES[:-1])} or {NAMES[-1]}"
    raise UserError(f"{path}: no variable {what}: name one with --variable; it has {shown or 'none with places'}")


def _variables(group: netCDF4.Dataset, prefix: str = "") -> Iterator[tuple[str, netCDF4.Variable]]:
    for name, variable in group.variables.items():
        yield f"{prefix}{name}", variable
    for name, inner in group.groups.items():
        yield from _variables(inner, f"{prefix}{name}/")


def _above(variable: netCDF4.Variable) -> Iterator[netCDF4.Variable]:
    """The variables of its group, then those of the groups above."""
    group: netCDF4.Dataset | None = variable.group()
    while group is not None:
        yield from group.variables.values()
        group = group.parent


def _check_units(variable: netCDF4.Variable, path: Path | str) -> None:
    units = str(getattr(variable, "units", ""))
    plain = units.lower().translate(str.maketrans("", "", " ^*_{}()"))
    if plain not in _UNITS:
        raise UserError(
            f"{path}: {variable.name} has units {units!r}, wanted 'm3 m-3' or a spelling of it: saturation cannot be "
            "compared with ELM's water content; give a volumetric product, or state its units in the file"
        )


def _coordinate(variable: netCDF4.Variable, path: Path | str, names: set[str]) -> netCDF4.Variable:
    standard = "latitude" if "latitude" in names else "longitude"
    for other in _above(variable):
        fits = other.name.lower() in names or getattr(other, "standard_name", "") == standard
        if fits and other.ndim in (1, 2) and set(other.dimensions) <= set(variable.dimensions):
            return other
    raise UserError(
        f"{path}: no {standard} of {variable.name} {variable.dimensions}: wanted a variable "
        f"{' or '.join(sorted(names))} on its dimensions"
    )


def _degrees(
    lat: netCDF4.Variable, lon: netCDF4.Variable, horizontal: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Centres [m] (degrees, nan where unknown), flattened as the values are, and the sizes of the cells."""
    whole = [len_of(lat, lon, d) for d in horizontal]
    result, sizes = [], []
    for variable, limit in ((lat, 90.0), (lon, 540.0)):
        values = np.ma.filled(np.ma.asarray(variable[...]).astype(np.float64), np.nan)
        values[np.abs(values) > limit] = np.nan
        steps = [np.abs(np.diff(values, axis=k)) for k in range(values.ndim)]
        medians = [float(np.nanmedian(s)) if np.isfinite(s).any() else 0.0 for s in steps]
        sizes.append(max(medians))
        order = [variable.dimensions.index(d) for d in horizontal if d in variable.dimensions]
        shape = [n if d in variable.dimensions else 1 for d, n in zip(horizontal, whole, strict=True)]
        result.append(np.broadcast_to(values.transpose(order).reshape(shape), whole).ravel())
    return result[0], result[1], (sizes[0], sizes[1])


def len_of(lat: netCDF4.Variable, lon: netCDF4.Variable, dimension: str) -> int:
    """Length of a dimension of one of two variables."""
    sizes = dict(zip((*lat.dimensions, *lon.dimensions), (*lat.shape, *lon.shape), strict=True))
    return int(sizes[dimension])


def _times(variable: netCDF4.Variable, path: Path | str) -> tuple[np.ndarray, TimeAxis, str | None]:
    """Times, their axis, and the dimension of the variable along them, None if it has none."""
    for time in _above(variable):
        if time.name.lower() != "time":
            continue
        axis = TimeAxis.of(time, path)
        dim = time.dimensions[0] if time.ndim else None
        values = np.atleast_1d(variables.single_axis(time, dim or "", path).astype(np.float64))
        if not np.isfinite(values).all():
            raise UserError(f"{path}: {time.name} is missing in record {int(np.argmin(np.isfinite(values)))}")
        if dim in variable.dimensions:
            return values, axis, dim
        if values.size == 1:
            return values, axis, None
        raise UserError(
            f"{path}: {variable.name} {variable.dimensions} has no time axis, but the file holds {values.size} times"
        )
    begin = _begin(variable)
    if begin:
        return np.zeros(1), TimeAxis.named(f"seconds since {begin}", "standard"), None
    raise UserError(
        f"{path}: no time axis: no variable time for {variable.name}, nor {_BEGIN} in Metadata/Extent; give each image "
        "its time"
    )


def _begin(variable: netCDF4.Variable) -> str:
    """The begin of the day of SMAP's L3 files, '' where the file does not say."""
    root = variable.group()
    while root.parent is not None:
        root = root.parent
    extent = root.groups["Metadata"].groups.get("Extent") if "Metadata" in root.groups else None
    stamp = str(getattr(extent, _BEGIN, "")).strip()
    try:
        return str(np.datetime64(stamp.rstrip("Z"), "s")).replace("T", " ") if stamp else ""
    except ValueError:
        return ""


def _flag(variable: netCDF4.Variable):
    """The flags beside a variable and which of their values are good; None where there are none known here."""
    beside = variable.group().variables
    suffix = "_pm" if variable.name.endswith("_pm") else ""
    quality = f"retrieval_qual_flag{suffix}"
    if quality in beside and beside[quality].dimensions == variable.dimensions:
        return beside[quality], lambda marks: np.isfinite(marks) & (np.nan_to_num(marks).astype(np.int64) % 2 == 0)
    if "flag" in beside and beside["flag"].dimensions == variable.dimensions:
        return beside["flag"], lambda marks: marks == 0
    return None, None


def _take(
    variable: netCDF4.Variable, at: dict[str, int | slice], horizontal: tuple[str, ...], path: Path | str
) -> np.ndarray:
    """Values of an image [m], nan is missing, in the order of the horizontal dimensions."""
    try:
        values = np.ma.asarray(variable[tuple(at.get(d, 0) for d in variable.dimensions)]).astype(np.float64)
    except RuntimeError as error:  # netCDF4's for a damaged file
        raise UserError(f"{path}: {variable.name} cannot be read ({error}): copy it again") from None
    kept = [d for d in variable.dimensions if d in horizontal]
    return np.ma.filled(values, np.nan).transpose([kept.index(d) for d in horizontal]).ravel()


def _check_range(variable: netCDF4.Variable, path: Path | str, values: np.ndarray, degrees: tuple) -> None:
    wrong = (values < 0.0) | (values > 1.0)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise UserError(
            f"{path}: {variable.name} is {values[i]:g} at lat {degrees[0][i]:g}, lon {degrees[1][i]:g}, wanted 0 to 1 "
            "m3/m3: declare fill values as _FillValue, and percent as what they are"
        )

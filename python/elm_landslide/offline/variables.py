"""Reading a variable by the names of its dimensions: time, one level, and the places; in any order.

Dimensions of length 1 are dropped, and a time axis over which a constant does not change; others are refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import overload

import netCDF4
import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.offline.netcdf import filled

TIME = "time"
_BLOCK = 500  # records read at a time: HDF5 takes some kilobytes for each chunk, which often holds one record
_BLOCK_VALUES = 4_000_000


def path_of(variable: netCDF4.Variable) -> str:
    return variable.group().filepath()


def numbers_only(variable: netCDF4.Variable) -> None:
    """Refuse a variable of text or of structures."""
    if variable.dtype is str or getattr(variable.dtype, "kind", "") not in "iuf":
        raise UserError(f"{path_of(variable)}: {variable.name} holds text or structures, wanted numbers")


@overload  # of 2 levels or more
def level_dimension(variable: netCDF4.Variable, horizontal: Sequence[str], levels: int) -> str: ...


@overload
def level_dimension(variable: netCDF4.Variable, horizontal: Sequence[str], levels: int | None = None) -> str | None: ...


def level_dimension(variable, horizontal, levels: int | None = None) -> str | None:
    """The dimension of a variable that is neither time nor a place; None if no such one is longer than 1.

    horizontal: names of the dimensions of the places. levels: how many are wanted, at least. Raises UserError for
    several, for one if none is wanted, and for one that is too short.
    """
    others = [d for d in variable.dimensions if d != TIME and d not in horizontal]
    size = dict(zip(variable.dimensions, variable.shape, strict=True))
    long = [d for d in others if size[d] > 1]
    requirement = f"{levels} levels or more" if levels else "no"
    if len(long) > 1 or (long and not levels) or (levels and size.get(long[0] if long else "", 1) < levels):
        shape = ", ".join(f"{d} = {size[d]}" for d in variable.dimensions)
        rest = ", ".join(long) or "none"
        raise UserError(
            f"{path_of(variable)}: {variable.name} ({shape}) has {rest} beside time and {' and '.join(horizontal)}, "
            f"wanted {requirement}{' dimension' if not levels else ''}"
        )
    return long[0] if long else None


def read(
    variable: netCDF4.Variable,
    horizontal: Sequence[str],
    spans: dict | None = None,
    record: int | slice | None = None,
    levels: int | None = None,
) -> np.ndarray:
    """Values of a variable, float64, missing is SPVAL: ([record,] [level,] place, ...).

    horizontal: the dimensions of the places, in the order wanted; the variable must have each. spans: slices of some
    of them. record: position along time, or a slice of it; None for a constant, which may have several times but must
    not change. levels: how many, from the first. Raises UserError for other dimensions.
    """
    numbers_only(variable)
    level = level_dimension(variable, horizontal, levels)
    lacking = [d for d in horizontal if d not in variable.dimensions]
    if lacking:
        raise UserError(
            f"{path_of(variable)}: {variable.name} has dimensions {variable.dimensions}, wanted {' and '.join(lacking)}"
        )
    at: dict[str, int | slice] = {d: 0 for d in variable.dimensions}
    at |= {d: slice(None) for d in horizontal} | (spans or {})
    if level:
        at[level] = slice(0, levels)
    order = [d for d in (level, *horizontal) if d]
    if record is not None and TIME in at:
        at[TIME] = record
        order = [TIME, *order] if isinstance(record, slice) else order
    elif record is not None:
        return _without_time(variable, at, order, record)
    elif TIME in at and variable.shape[variable.dimensions.index(TIME)] > 1:
        return _constant(variable, at, order)
    return _take(variable, at, order)


def _without_time(
    variable: netCDF4.Variable, at: dict[str, int | slice], order: list[str], record: int | slice | None
) -> np.ndarray:
    """A variable without a time axis, as one record: xarray's isel(time=0) leaves it so."""
    times = variable.group().variables.get(TIME)
    if times is None or math.prod(times.shape) != 1:
        raise UserError(
            f"{path_of(variable)}: {variable.name} has no time axis, but the file holds several times: give it for each"
        )
    values = _take(variable, at, order)
    return values[np.newaxis] if isinstance(record, slice) else values


def _constant(variable: netCDF4.Variable, at: dict[str, int | slice], order: list[str]) -> np.ndarray:
    """A variable that is the same at every time; xarray and ncrcat give constants a time axis."""
    n = variable.shape[variable.dimensions.index(TIME)]
    first = _take(variable, {**at, TIME: 0}, order)
    step = max(min(_BLOCK_VALUES // max(first.size, 1), n), 1)
    for start in range(1, n, step):
        more = _take(variable, {**at, TIME: slice(start, start + step)}, [TIME, *order])
        if (more != first).any():
            i = start + int(np.argmax((more != first).reshape(len(more), -1).any(axis=1)))
            raise UserError(
                f"{path_of(variable)}: {variable.name} changes along time (record {i} differs from the first), wanted "
                "a constant: give a file of one time"
            )
    return first


def _take(variable: netCDF4.Variable, at: dict[str, int | slice], order: list[str]) -> np.ndarray:
    """The values at an index for each dimension, with the sliced dimensions in the order wanted."""
    try:
        values = filled(variable[tuple(at[d] for d in variable.dimensions)])
    except RuntimeError as error:  # netCDF4's for a damaged file
        raise UserError(f"{path_of(variable)}: {variable.name} cannot be read ({error})") from None
    kept = [d for d in variable.dimensions if isinstance(at[d], slice)]
    return values.transpose([kept.index(d) for d in order])


def single_axis(variable: netCDF4.Variable, dimension: str, path: Path | str, pairs: bool = False) -> np.ndarray:
    """Values [n] along one dimension, or with `pairs` [n, m] of each along another; a scalar is one value. Floating
    point as in the file, else double; missing is NaN.

    Raises UserError for other dimensions.
    """
    numbers_only(variable)
    size = dict(zip(variable.dimensions, variable.shape, strict=True))
    others = [d for d in variable.dimensions if d != dimension and (pairs or size[d] > 1)]
    if len(others) != pairs:
        shape = f"({dimension}, 2)" if pairs else f"({dimension})"
        raise UserError(f"{path}: {variable.name} has dimensions {variable.dimensions}, wanted {shape}")
    n = size.get(dimension, 1)
    along = variable.dimensions.index(dimension) if dimension in size else None
    parts = []
    for start in range(0, max(n, 1), _BLOCK):
        at = [slice(None) if d in others else 0 for d in variable.dimensions]
        if along is not None:
            at[along] = slice(start, min(start + _BLOCK, n))
        values: np.ndarray = np.ma.asarray(variable[tuple(at)] if at else variable[...])
        values = np.ma.filled(values if values.dtype.kind == "f" else values.astype(np.float64), np.nan)
        if along is None:
            values = values[np.newaxis]
        elif pairs and along > variable.dimensions.index(others[0]):
            values = values.T
        parts.append(values)
    return np.concatenate(parts)

"""A file of disturbances: which fraction of the trees and shrubs of a cell lost its roots, how, and when.

On the cells of a surface dataset, (event, gridcell) or (event, lsmlat, lsmlon), with LATIXY and LONGXY:

    FRACTION  of the trees (or shrubs) that die, 0 to 1
    KIND      1 cut: trees; 2 fire: trees and shrubs; 3 uprooted: trees, and nothing of their roots stays in the slope
    DATE      yyyymmdd, in the calendar of the history; 0 where there is no event

The cover stays what ELM says; the new trees grow from that day on. The component in ELM reads the same file
(fortran/elm/LandslideDisturbanceMod.F90).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import DISTURBANCES
from elm_landslide.offline import netcdf, places, surface, variables
from elm_landslide.offline.places import Layout, Places
from elm_landslide.offline.times import TimeAxis, date, date2num

_ROUNDING = 1e-6  # by which fractions may sum to more than 1


@dataclass(frozen=True)
class Losses:
    """What n columns lose at one time: fractions of trees and shrubs, each [n, 2], whose roots die in the soil, and
    that are uprooted."""

    time: float
    lost: np.ndarray
    torn: np.ndarray


def read(path: Path | str, layout: Layout, run: np.ndarray, index: np.ndarray, axis: TimeAxis) -> list[Losses]:
    """The losses at some places of a layout, index [n], in order of time, as numbers on a time axis; at every time at
    which one of the places `run`, which include them, loses something: then the steps do not depend on the ranks.

    Raises UserError for a file on other cells, a fraction outside 0 to 1, fractions of one cell and day that sum to
    more than 1, an unknown kind, and a date that the calendar does not have.
    """
    with netcdf.open_dataset(path) as dataset:
        for name in ("LATIXY", "LONGXY", "FRACTION", "KIND", "DATE"):
            if name not in dataset.variables:
                raise UserError(f"{path}: no variable {name}: not a file of disturbances; see elm-landslide run --help")
        cells = surface.cells_of(dataset, path)
        at = Places(cells, places.locate(cells, path, layout, run))
        fraction, kind, day = (_events(dataset[name], path, cells.dims, at) for name in ("FRACTION", "KIND", "DATE"))
    if not fraction.shape == kind.shape == day.shape:
        raise UserError(f"{path}: FRACTION, KIND and DATE have different numbers of events")
    lat, lon = layout.lat[run], layout.lon[run]
    own = np.searchsorted(run, index)
    none = netcdf.is_missing(day) | (day == 0) | netcdf.is_missing(fraction) | (fraction == 0)
    checks = (
        ("FRACTION", fraction, (fraction < 0.0) | (fraction > 1.0), "wanted 0 to 1"),
        ("KIND", kind, ~np.isin(kind, list(DISTURBANCES.values())), "wanted 1 (cut), 2 (fire) or 3 (uprooted)"),
        ("DATE", day, day != np.rint(day), "wanted yyyymmdd"),
    )
    for name, values, wrong, wanted in checks:
        surface.refuse(path, name, (wrong & ~none).T, values.T, lat, lon, wanted)
    found = []
    for number in np.unique(day[~none]).astype(int):
        now = ~none & (day == number)
        lost, torn = np.zeros((len(run), 2)), np.zeros((len(run), 2))
        for i in range(len(fraction)):
            part = np.where(now[i], fraction[i], 0.0)
            lost[:, 0] += np.where(kind[i] != DISTURBANCES["uprooted"], part, 0.0)
            lost[:, 1] += np.where(kind[i] == DISTURBANCES["fire"], part, 0.0)
            torn[:, 0] += np.where(kind[i] == DISTURBANCES["uprooted"], part, 0.0)
        total = (lost + torn).max(axis=1)
        wanted = f"summed over the events of {number}: wanted 1 or less"
        surface.refuse(path, "FRACTION", total > 1.0 + _ROUNDING, total, lat, lon, wanted)
        found.append(Losses(_time(number, axis, path), lost[own], torn[own]))
    return sorted(found, key=lambda losses: losses.time)


def _events(variable, path: Path | str, dims: tuple[str, ...], at: Places) -> np.ndarray:
    """[event, n] of a variable on (event, places) in any order."""
    others = [d for d in variable.dimensions if d not in dims]
    if len(others) > 1:
        raise UserError(f"{path}: {variable.name} has dimensions {variable.dimensions}, wanted one of events and cells")
    if not others:
        return at.read(variable)[None]
    size = variable.shape[variable.dimensions.index(others[0])]
    if others[0] == variables.TIME:
        return np.array([at.read(variable, record=i) for i in range(size)])
    return np.reshape(at.read(variable, levels=size) if size else np.zeros((0, at.index.size)), (size, -1))


def _time(number: int, axis: TimeAxis, path: Path | str) -> float:
    """The beginning of a day yyyymmdd on an axis."""
    try:
        day = date(number // 10000, number // 100 % 100, number % 100, calendar=axis.calendar)
    except ValueError:
        raise UserError(f"{path}: DATE {number} is no day (yyyymmdd) of the calendar {axis.calendar!r}") from None
    return float(date2num(day, axis.units, axis.calendar))

"""Time axes: what a number on one means, and the same instant as a number on another."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import cftime
import netCDF4
import numpy as np
from numpy.typing import ArrayLike

from elm_landslide.errors import UserError
from elm_landslide.offline.variables import single_axis
from elm_landslide.physics.constants import SECONDS_PER_DAY

_LONGEST = 1e5 * 366 * SECONDS_PER_DAY  # s, beyond which cftime has no dates
SLACK = 1.0  # s by which time bounds may fail to abut, or a time to lie within its own
# Spellings of one calendar.
_CALENDARS = {
    "": "standard",
    "gregorian": "standard",
    "365_day": "noleap",
    "no_leap": "noleap",
    "366_day": "all_leap",
}
_OF_THE_WORLD = {"standard", "proleptic_gregorian"}  # the same days since 1582


def calendar_of(name: str) -> str:
    """The spelling used here of a CF calendar."""
    name = name.strip().lower()
    return _CALENDARS.get(name, name)


def num2date(values: ArrayLike, units: str, calendar: str) -> Any:
    """cftime.num2date for any spelling of a calendar, with a year 0, in which model runs start."""
    return _with_year_zero(cftime.num2date, np.asarray(values), units, calendar=calendar_of(calendar))


def date2num(dates: Any, units: str, calendar: str) -> Any:
    """cftime.date2num, as num2date here."""
    return _with_year_zero(cftime.date2num, dates, units, calendar=calendar_of(calendar))


def date(*parts: int, calendar: str) -> cftime.datetime:
    """A cftime date of year, month, day, hour, ..., as num2date here. Raises ValueError if there is no such day."""
    return _with_year_zero(cftime.datetime, *parts, calendar=calendar_of(calendar))


def _with_year_zero(function: Callable, *arguments, **options) -> Any:
    """Without cftime's warning that CF has no year 0 in real-world calendars."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cftime.CFWarning)
        return function(*arguments, has_year_zero=True, **options)


@dataclass(frozen=True)
class TimeAxis:
    """units and calendar as the file spells them; seconds: of one unit; origin: seconds of its zero since that of the
    calendar, comparable between axes of one calendar and among real-world ones."""

    units: str
    calendar: str
    seconds: float
    origin: float

    @classmethod
    def of(cls, variable: netCDF4.Variable, path: Path | str, default: TimeAxis | None = None) -> TimeAxis:
        """The axis of a time or bounds variable; default: in place of attributes that it does not have."""
        units = str(getattr(variable, "units", default.units if default else ""))
        calendar = str(getattr(variable, "calendar", default.calendar if default else "standard"))
        try:
            return cls.named(units, calendar)
        except (ValueError, OverflowError, TypeError):  # TypeError: a date without month or day
            raise UserError(
                f"{path}: {variable.name} has units {units!r} and calendar {calendar!r}, wanted 'days since ...' and a "
                "calendar of CF"
            ) from None

    @classmethod
    def named(cls, units: str, calendar: str) -> TimeAxis:
        """The axis of a pair of attributes; raises what cftime raises if they are none."""
        zero, one = num2date([0, 1], units, calendar)
        day = timedelta(hours=zero.hour, minutes=zero.minute, seconds=zero.second, microseconds=zero.microsecond)
        origin = SECONDS_PER_DAY * zero.toordinal() + day.total_seconds()
        return cls(units, calendar, (one - zero).total_seconds(), origin)

    def same_days(self, other: TimeAxis) -> bool:
        """Whether both calendars have the same days."""
        here, there = calendar_of(self.calendar), calendar_of(other.calendar)
        return here == there or {here, there} <= _OF_THE_WORLD

    def to(self, other: TimeAxis, values: np.ndarray) -> np.ndarray:
        """Times of this axis as numbers on another with the same days; the same bits if both are one axis."""
        shift = (self.origin - other.origin) / other.seconds
        if self.seconds != other.seconds:
            values = values * (self.seconds / other.seconds)
        return values + shift if shift else values


@dataclass(frozen=True)
class Times:
    """The times of a file. values: as stamped [n]; bounds [n, 2] or None; both on `axis`."""

    axis: TimeAxis
    values: np.ndarray
    bounds: np.ndarray | None


def read_times(dataset: netCDF4.Dataset, path: Path | str, onto: TimeAxis | None = None) -> Times:
    """The times of a history file, on its own axis or on `onto`.

    Raises UserError for a file without times, an axis that is no CF time axis, a calendar with other days than that of
    `onto`, and times that are missing or lie outside their bounds.
    """
    if "time" not in dataset.variables:
        raise UserError(f"{path}: no variable time: not a history file")
    time = dataset["time"]
    if getattr(time, "climatology", None):
        raise UserError(f"{path}: time has climatology {time.climatology!r}: a mean year, wanted times that follow")
    axis = TimeAxis.of(time, path)
    if onto and not axis.same_days(onto):
        raise UserError(
            f"{path}: its calendar is {axis.calendar!r}, that of the history {onto.calendar!r}: days do not "
            "correspond; give files of one calendar"
        )
    stamps = single_axis(time, "time", path)
    values = stamps.astype(np.float64)
    _refuse(path, "time", ~np.isfinite(values), values, "is missing: give each record its time")
    _refuse(path, "time", np.abs(values) * axis.seconds > _LONGEST, values, "is more than 100,000 years off")
    bounds = None
    if name := getattr(time, "bounds", None):
        if name not in dataset.variables:
            raise UserError(f"{path}: no variable {name}, which time names as its bounds")
        bounds = _bounds(dataset[str(name)], path, axis, len(values))
        # ELM stamps a record with the end of its interval, in single precision; its bounds are doubles.
        values = np.where(bounds[:, 1].astype(stamps.dtype) == stamps, bounds[:, 1], values)
        slack = SLACK / axis.seconds + (np.spacing(np.abs(stamps)) if stamps.dtype.kind == "f" else 0.0)
        outside = ~((values >= bounds[:, 0] - slack) & (values <= bounds[:, 1] + slack))  # true for NaN
        _refuse(path, "time", outside, values, f"lies outside its {name}, or these run backward: mend the file")
    if onto is None:
        onto = axis
    return Times(onto, axis.to(onto, values), None if bounds is None else axis.to(onto, bounds))


def _bounds(variable: netCDF4.Variable, path: Path | str, axis: TimeAxis, n: int) -> np.ndarray:
    """Bounds [n, 2] on the axis of the times; they may have units of their own."""
    own = TimeAxis.of(variable, path, default=axis)
    if not own.same_days(axis):
        raise UserError(f"{path}: {variable.name} is on the calendar {own.calendar!r}, time on {axis.calendar!r}")
    values = single_axis(variable, "time", path, pairs=True).astype(np.float64)
    if values.shape != (n, 2):
        raise UserError(f"{path}: {variable.name} has {variable.dimensions} {variable.shape}, wanted (time, 2)")
    return own.to(axis, values)


def _refuse(path: Path | str, name: str, wrong: np.ndarray, values: np.ndarray, what: str) -> None:
    if wrong.any():
        i = int(np.argmax(wrong))
        raise UserError(f"{path}: {name} {values[i]:.10g} of record {i} {what}")

"""Dates of every CF calendar on the axes of figures: matplotlib's own know only the real calendar, from year 1 on.

A time is a number of days since 2000-01-01 of its own calendar. Year 0 counts as a year, as in ELM.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from elm_landslide.offline.times import TimeAxis, date, date2num, num2date

_UNITS = "days since 2000-01-01"
_MOST = 6  # ticks
_ISO = re.compile(r"(\d{4,})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?")


def days(values: npt.ArrayLike, units: str, calendar: str) -> np.ndarray:
    """Days since 2000-01-01 of numbers in the units of a time axis."""
    return TimeAxis.named(units, calendar).to(TimeAxis.named(_UNITS, calendar), np.asarray(values, dtype=float))


def number(text: str, units: str, calendar: str) -> float:
    """An ISO date in the units of a time axis; ValueError if the calendar has no such date."""
    parts = _ISO.fullmatch(text)
    if not parts:
        raise ValueError("not an ISO date")
    return float(date2num(date(*(int(part or 0) for part in parts.groups()), calendar=calendar), units, calendar))


def label_days(axis: Axes, days: np.ndarray, calendar: str) -> None:
    """Ticks and labels of an x axis for these days in order."""
    at = ticks(days[0], days[-1], calendar) if days[-1] > days[0] else np.asarray(days[:1])
    pattern = "%d %b\n%Y" if len(at) == 1 or (at == np.rint(at)).all() else "%H:%M\n%d %b %Y"
    axis.set_xticks(at, labels=[day.strftime(pattern) for day in num2date(at, _UNITS, calendar)])


def ticks(first: float, last: float, calendar: str) -> np.ndarray:
    """Days that start an hour, a day, a month or a year, at most 7, from `first` to `last`."""
    span = last - first
    for step in (0.125, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0):
        if span <= _MOST * step:
            return np.arange(np.ceil(first / step), np.floor(last / step) + 1.0) * step
    years = [day.year for day in num2date([first, last], _UNITS, calendar)]
    months = next((n for n in (1, 2, 3, 6) if span <= _MOST * 30.5 * n), 12)
    steps = (n * 10**power for power in range(6) for n in (1, 2, 5))
    every = 1 if months < 12 else next(n for n in steps if span <= _MOST * 366.0 * n)
    starts = [
        date(year, month, 1, calendar=calendar)
        for year in range(years[0] - years[0] % every, years[1] + 1, every)
        for month in range(1, 13, months)
    ]
    at = np.asarray(date2num(starts, _UNITS, calendar), dtype=float)
    return at[(at >= first) & (at <= last)]

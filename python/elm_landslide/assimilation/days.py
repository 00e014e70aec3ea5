"""Days: the date of a time on any axis, so that ELM's years without leap days and a satellite's meet."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from elm_landslide.offline.times import TimeAxis, num2date

WINDOW = 15  # days by which a month with few pairs is widened on both sides
NO_DAY = np.iinfo(np.int64).min
_HALF_SECOND = timedelta(seconds=0.5)  # what a time in days may be off, as a fraction of a day


def days_of(values: np.ndarray, axis: TimeAxis) -> np.ndarray:
    """Days since 1970-01-01 of the dates of times on an axis [n]; NO_DAY for dates that the world does not have."""
    found = np.full(np.size(values), NO_DAY)
    for i, date in enumerate(np.atleast_1d(num2date(values, axis.units, axis.calendar))):
        day = date + _HALF_SECOND
        try:
            found[i] = np.datetime64(f"{day.year:04d}-{day.month:02d}-{day.day:02d}", "D").astype(np.int64)
        except ValueError:
            continue
    return found


def months_of(days: np.ndarray) -> np.ndarray:
    """Month (1 to 12) of days since 1970-01-01 [n]."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1


def near_month(days: np.ndarray, month: int) -> np.ndarray:
    """Whether days [n] lie in a month (from 1) or within WINDOW days of it."""
    return np.any([months_of(days + shift) == month for shift in (-WINDOW, 0, WINDOW)], axis=0)


def text(day: int | np.integer) -> str:
    return str(np.datetime64(int(day), "D"))

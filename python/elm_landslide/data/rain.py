"""Antecedent rain from time means of RAIN. Instantaneous rain is never summed."""

from __future__ import annotations

import numpy as np

from elm_landslide.data.elm_history import HistoryFiles
from elm_landslide.data.netcdf import Places, is_missing
from elm_landslide.fields import SPVAL

WINDOWS = {"rain_1d": 1.0, "rain_3d": 3.0, "rain_7d": 7.0}  # days
_DAY = 86400.0
_SLACK = 1.0  # s by which the intervals may fail to abut


class RainWindows:
    """Rain in the windows that end at a given time.

    An interval that lies partly in a window counts with the seconds of it that do, its mean taken as uniform.
    """

    def __init__(self, files: HistoryFiles, places: Places):
        """files: a tape with RAIN as time mean and with time bounds."""
        self._files, self._places = files, places
        self._start, self._end = (
            np.array([r.bounds[i] for r in files.records]) * files.seconds_per_unit for i in (0, 1)
        )
        self._rates: dict[int, np.ndarray] = {}  # only the intervals of the last windows

    def at(self, time: float) -> dict[str, np.ndarray]:
        """Rain (mm), shape (n,), of each of WINDOWS up to `time` (in the files' time units).

        A window that the intervals do not cover, or that holds a missing mean, is SPVAL.
        """
        end = time * self._files.seconds_per_unit
        rain = {name: self._window(end - days * _DAY, end) for name, days in WINDOWS.items()}
        oldest = end - max(WINDOWS.values()) * _DAY
        self._rates = {i: rate for i, rate in self._rates.items() if self._end[i] > oldest}
        return rain

    def _window(self, start: float, end: float) -> np.ndarray:
        first = np.searchsorted(self._end, start, side="right")
        stop = np.searchsorted(self._start, end, side="left")
        seconds = np.minimum(self._end[first:stop], end) - np.maximum(self._start[first:stop], start)
        total = np.zeros(self._places.index.size)
        # Gaps leave the sum short of the window, overlaps make it too long.
        if abs(seconds.sum() - (end - start)) > _SLACK:
            return total + SPVAL
        for i, s in zip(range(first, stop), seconds, strict=True):
            rate = self._rate(i)
            total = np.where(is_missing(rate) | is_missing(total), SPVAL, total + rate * s)
        return total

    def _rate(self, i: int) -> np.ndarray:
        if i not in self._rates:
            self._rates[i] = self._files.read(self._files.records[i], "RAIN", self._places)
        return self._rates[i]

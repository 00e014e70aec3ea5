"""Antecedent rain from time means of RAIN. Instantaneous rain is never summed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elm_landslide.data import netcdf
from elm_landslide.data.elm_history import SLACK, HistoryFiles, tape_number
from elm_landslide.data.netcdf import Layout, Places, is_missing
from elm_landslide.errors import UserError
from elm_landslide.fields import SPVAL

WINDOWS = {"rain_1d": 1.0, "rain_3d": 3.0, "rain_7d": 7.0}  # days
_DAY = 86400.0


class RainWindows:
    """Rain in the windows that end at a given time.

    The files may repeat or overlap each other: at every instant the shortest interval that covers it counts, of equal
    ones that of the first file. An interval that lies partly in a window counts with the seconds of it that do, its
    mean taken as uniform; a mean over more than the window (monthly means for a day's rain) says nothing about it.
    """

    def __init__(self, tapes: list[tuple[HistoryFiles, Places]]):
        """tapes: files with RAIN as time mean and with time bounds, on one time axis; the places to read in each."""
        self._tapes = tapes
        self.paths = [path for files, _ in tapes for path in files.paths]
        self._source = [(tape, record) for tape, (files, _) in enumerate(tapes) for record in files.records]
        self._seconds_per_unit = tapes[0][0].seconds_per_unit
        bounds = np.array([record.bounds for _, record in self._source]).reshape(-1, 2) * self._seconds_per_unit
        self._end, self._length = bounds[:, 1], bounds[:, 1] - bounds[:, 0]
        self._edges, self._owner = _finest(bounds)
        self._open = 0  # the only tape with a file open
        self._rates: dict[int, np.ndarray] = {}  # only the intervals of the last windows

    def at(self, time: float) -> dict[str, np.ndarray]:
        """Rain (mm), shape (n,), of each of WINDOWS up to `time` (in the files' time units).

        A window that the intervals do not cover, that holds a missing mean or needs one longer than itself is SPVAL.
        """
        end = time * self._seconds_per_unit
        rain = {name: self._window(end - days * _DAY, end) for name, days in WINDOWS.items()}
        oldest = end - max(WINDOWS.values()) * _DAY
        self._rates = {i: rate for i, rate in self._rates.items() if self._end[i] > oldest}
        return rain

    def _window(self, start: float, end: float) -> np.ndarray:
        first = max(np.searchsorted(self._edges, start, side="right") - 1, 0)
        stop = min(np.searchsorted(self._edges, end, side="left"), self._owner.size)
        owner = self._owner[first:stop]
        seconds = np.diff(np.clip(self._edges[first : stop + 1], start, end))
        total = np.zeros(self._tapes[0][1].index.size)
        covered = owner >= 0
        if seconds[covered].sum() < end - start - SLACK or (self._length[owner[covered]] > end - start + SLACK).any():
            return total + SPVAL
        for i, s in zip(owner[covered], seconds[covered], strict=True):
            rate = self._rate(int(i))
            total = np.where(is_missing(rate) | is_missing(total), SPVAL, total + rate * s)
        return total

    def _rate(self, i: int) -> np.ndarray:
        if i not in self._rates:
            tape, record = self._source[i]
            if tape != self._open:
                self.close()
                self._open = tape
            files, places = self._tapes[tape]
            self._rates[i] = files.read(record, "RAIN", places)
        return self._rates[i]

    def close(self) -> None:
        self._tapes[self._open][0].close()


def _finest(bounds) -> tuple[np.ndarray, np.ndarray]:
    """Edges (s) of all intervals, (m + 1,), and the shortest interval that covers each piece between them, or -1."""
    edges = np.unique(bounds)
    owner = np.full(max(edges.size - 1, 0), -1)
    first, last = np.searchsorted(edges, bounds[:, 0]), np.searchsorted(edges, bounds[:, 1])
    for i in np.argsort(bounds[:, 1] - bounds[:, 0], kind="stable")[::-1]:  # the last to be put down stays
        owner[first[i] : last[i]] = i
    return edges, owner


def gather(
    history: HistoryFiles, rain, constants, layout: Layout, places: Places, lat, lon
) -> tuple[RainWindows | None, str]:
    """RainWindows over every time mean of RAIN in the files, or None and the reason why there is none.

    rain, constants: paths. layout, places, lat, lon (degrees): of the history. A file of `rain` that has no time means
    on the history's time axis is a UserError; others are passed over.
    """
    tapes, reasons, seen = [], [], set()
    axis = (history.time_units, history.calendar)
    named = {Path(p).resolve() for p in rain}
    for path in map(Path, [*history.paths, *rain, *constants]):
        if path.resolve() in seen:
            continue
        seen.add(path.resolve())
        reason = _why_not(path, axis)
        if not reason:
            files = HistoryFiles([path])
            found = files.layout("RAIN")
            if found.dims == layout.dims and found.same_places(layout):
                tapes.append((files, places))
            else:
                tapes.append((files, Places(found, netcdf.locate(found, path, lat, lon))))
            files.close()
        elif path.resolve() in named:
            n = tape_number(path)
            raise UserError(
                f"{path}: {reason}; --rain wants time means of RAIN: in user_nl_elm add 'RAIN:A' to hist_fincl{n}, "
                "or set hist_avgflag_pertape = 'A' for this tape"
            )
        else:
            reasons.append((reason.startswith("no variable"), f"{path.name}: {reason}"))
    if tapes:
        return RainWindows(tapes), ""
    return None, min(reasons, key=lambda r: r[0])[1]  # a file that has RAIN tells more than one without


def _why_not(path: Path, axis) -> str:
    """Why the rain of a file cannot be summed, '' where it can."""
    with netcdf.open_dataset(path) as dataset:
        if "RAIN" not in dataset.variables:
            return "no variable RAIN"
        methods = getattr(dataset["RAIN"], "cell_methods", "")
        if "time: mean" not in methods:
            kind = "is instantaneous" if "time: point" in methods else "is not a time mean"
            return f"RAIN {kind} (cell_methods {methods!r})"
        time = dataset.variables.get("time")
        if time is None or getattr(time, "bounds", None) not in dataset.variables:
            return "RAIN has no time bounds"
        found = (getattr(time, "units", ""), getattr(time, "calendar", "standard"))
        return "" if found == axis else f"RAIN is on the time axis {found}, the history on {axis}"

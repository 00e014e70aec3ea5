"""Antecedent rain from time means of RAIN. Instantaneous rain is never summed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import RAIN_WINDOWS, SPVAL
from elm_landslide.offline import netcdf, places
from elm_landslide.offline.cell_methods import along_time, is_time_mean
from elm_landslide.offline.history_files import HistoryFiles, tape_number
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Layout, Places
from elm_landslide.offline.times import SLACK
from elm_landslide.physics.constants import SECONDS_PER_DAY

# Why there is no rain for a window.
BEFORE, AFTER = "before the first mean of RAIN", "after the last mean of RAIN"
GAP, LONGER, ABSENT = "a gap in the means of RAIN", "means of RAIN over longer than the window", "RAIN is missing"


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
        self._seconds_per_unit = tapes[0][0].axis.seconds
        bounds = np.array([record.bounds for _, record in self._source]).reshape(-1, 2) * self._seconds_per_unit
        self._end, self._length = bounds[:, 1], bounds[:, 1] - bounds[:, 0]
        self._edges, self._owner = _finest(bounds)
        self._open = 0  # the only tape with a file open
        self._rates: dict[int, np.ndarray] = {}  # only the intervals of the last windows

    def at(self, time: float) -> dict[str, tuple[np.ndarray, str]]:
        """Rain (mm), shape (n,), of each window up to `time` (in the files' time units), and why some place has none,
        '' if all have it.

        A window that the intervals do not cover, that holds a missing mean or needs one longer than it is SPVAL.
        """
        end = time * self._seconds_per_unit
        rain = {name: self._window(end - days * SECONDS_PER_DAY, end) for name, days in RAIN_WINDOWS.items()}
        oldest = end - max(RAIN_WINDOWS.values()) * SECONDS_PER_DAY
        self._rates = {i: rate for i, rate in self._rates.items() if self._end[i] > oldest}
        return rain

    def _window(self, start: float, end: float) -> tuple[np.ndarray, str]:
        first = max(int(np.searchsorted(self._edges, start, side="right")) - 1, 0)
        stop = min(int(np.searchsorted(self._edges, end, side="left")), self._owner.size)
        owner = self._owner[first:stop]
        seconds = np.diff(np.clip(self._edges[first : stop + 1], start, end))
        total = np.zeros(self._tapes[0][1].index.size)
        covered = owner >= 0
        if reason := self._lack(start, end, owner[covered], seconds[covered].sum()):
            return total + SPVAL, reason
        for i, s in zip(owner[covered], seconds[covered], strict=True):
            rate = self._rate(int(i))
            total = np.where(is_missing(rate) | is_missing(total), SPVAL, total + rate * s)
        return total, ABSENT if is_missing(total).any() else ""

    def _lack(self, start: float, end: float, owner: np.ndarray, seconds: float) -> str:
        """Why the intervals do not give a window, '' if they do. seconds: how much of it they cover."""
        if seconds < end - start - SLACK:
            if start < self._edges[0] - SLACK:
                return BEFORE
            return AFTER if end > self._edges[-1] + SLACK else GAP
        return LONGER if (self._length[owner] > end - start + SLACK).any() else ""

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


def _finest(bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges (s) of all intervals, (m + 1,), and the shortest interval that covers each piece between them, or -1."""
    edges = np.unique(bounds)
    owner = np.full(max(edges.size - 1, 0), -1)
    first, last = np.searchsorted(edges, bounds[:, 0]), np.searchsorted(edges, bounds[:, 1])
    for i in np.argsort(bounds[:, 1] - bounds[:, 0], kind="stable")[::-1]:  # the last one written stays
        owner[first[i] : last[i]] = i
    return edges, owner


def gather(
    history: HistoryFiles, rain: Sequence[Path | str], constants: Sequence[Path | str], layout: Layout, here: Places
) -> tuple[RainWindows | None, str]:
    """RainWindows over every time mean of RAIN in the files, or None and the reason.

    rain, constants: paths. layout, here: of the history. Raises UserError for a file of `rain` without time means, and
    for time means on a calendar with other days than the history's; other files are skipped.
    """
    tapes, reasons, seen = [], [], set()
    rain_paths = {Path(p).resolve() for p in rain}
    for path in map(Path, [*history.paths, *rain, *constants]):
        if path.resolve() in seen:
            continue
        seen.add(path.resolve())
        reason, advice = _why_not(path)
        if not reason:
            files = HistoryFiles([path], history.axis)
            source = files.layout("RAIN")
            at = here if source.same_places(layout) else Places(source, places.locate(source, path, layout, here.index))
            tapes.append((files, at))
            files.close()
        elif path.resolve() in rain_paths:
            raise UserError(f"{path}: {reason}; --rain wants time means of RAIN: {advice}")
        else:
            reasons.append((reason.startswith("no variable"), f"{path.name}: {reason}"))
    if tapes:
        return RainWindows(tapes), ""
    return None, min(reasons, key=lambda r: r[0])[1]  # a file that has RAIN tells more than one without


def _why_not(path: Path) -> tuple[str, str]:
    """Why the rain of a file cannot be summed, and what to do; '' if it can."""
    tape = tape_number(path)
    as_mean = f"in user_nl_elm add 'RAIN:A' to hist_fincl{tape}, or set hist_avgflag_pertape = 'A' for this tape"
    with netcdf.open_dataset(path) as dataset:
        if "RAIN" not in dataset.variables:
            return "no variable RAIN", as_mean
        methods = str(getattr(dataset["RAIN"], "cell_methods", ""))
        if not is_time_mean(methods):
            kind = "is instantaneous" if "point" in along_time(methods) else "is not a time mean"
            return f"RAIN {kind} (cell_methods {methods!r})", as_mean
        time = dataset.variables.get("time")
        if time is None or not getattr(time, "bounds", None):
            return "RAIN has no time bounds", "give files whose time names its bounds"
        return "", ""

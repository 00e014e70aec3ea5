"""Which files are one series."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from elm_landslide.offline import netcdf
from elm_landslide.offline.times import TimeAxis, calendar_of
from elm_landslide.plots.calendars import days

# CASE.elm.h0.2001-01, ELM's own, or a name of the user's that ends in a date; without .nc
_TAPE = re.compile(r"(.+\.h\d+\w?)\.\d{4,}(-\d\d){0,2}(-\d{5})?")
_DATED = re.compile(r"(.+?)[._-]\d{4}(-\d\d){0,2}(-\d{5})?")


@dataclass
class Series:
    """Files that follow each other in time, and a name for their figures."""

    name: str
    files: list[Path]


def series_of(files: list[Path]) -> list[Series]:
    """The files by series, in the order of the first file of each.

    Files of one case and tape of ELM are one series, wherever they lie. So are files of elm-landslide run in one folder
    whose names differ only by a date, if cells, model and overrides are the same and their times do not overlap; else
    each is by itself.
    """
    groups: dict[tuple, list] = {}
    for path in files:
        key, span = _key(path)
        groups.setdefault(key, []).append((span, path))
    result = []
    for (name, is_tape, *_), members in groups.items():
        spans = sorted(span for span, _ in members)
        apart = is_tape or all(before[1] < after[0] for before, after in pairwise(spans))
        if len(members) > 1 and apart:
            result.append(Series(name, [path for _, path in members]))
        else:
            result += [Series(path.stem, [path]) for _, path in members]
    order = {path: i for i, path in enumerate(files)}
    return sorted(result, key=lambda one: min(order[path] for path in one.files))


def _key(path: Path) -> tuple[tuple, tuple[float, float]]:
    """What the files of a series share, its name first, and the time from first to last record."""
    tape = _TAPE.fullmatch(path.stem)
    with netcdf.open_dataset(path) as dataset:
        attributes = [str(getattr(dataset, name, "")) for name in ("case", "case_id", "overrides", "model_sha256")]
        if tape and "LANDSLIDE_FLAG" not in dataset.variables:
            return (tape[1], True, *attributes), (0.0, 0.0)
        dated = tape or _DATED.fullmatch(path.stem)
        time = dataset.variables.get("time")
        if not dated or time is None or not time.size:
            return (path.stem, False, path.absolute()), (0.0, 0.0)
        places = [
            np.ma.filled(dataset[name][:], np.nan).tobytes()
            for name in ("lat", "lon", "cols1d_lat", "cols1d_lon")
            if name in dataset.variables
        ]
        axis = TimeAxis.of(time, path)
        key = (dated[1], False, path.absolute().parent, *attributes, calendar_of(axis.calendar), *places)
        first, last = days(np.array([time[0], time[-1]], dtype=float), axis.units, axis.calendar)
        return key, (float(first), float(last))

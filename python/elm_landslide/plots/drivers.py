"""What drives the landslides of one place: its water table and rain, from ELM's history."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elm_landslide.offline import netcdf
from elm_landslide.offline.cell_methods import along_time
from elm_landslide.offline.history_files import HistoryFiles
from elm_landslide.offline.places import Layout, Places, locate
from elm_landslide.offline.times import calendar_of
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.plots.calendars import days
from elm_landslide.plots.grouping import series_of


def without_missing(values: np.ndarray) -> np.ndarray:
    return np.where(netcdf.is_missing(values), np.nan, values)


def over_intervals(files: HistoryFiles, name: str) -> bool:
    """Whether the values of a variable are over intervals, all of them known, and not at instants."""
    methods = along_time(files.attribute(name, "cell_methods"))
    of_intervals = bool(methods) and set(methods) <= {"mean", "maximum", "minimum"}
    return of_intervals and all(record.bounds for record in files.records)


def middles(files: HistoryFiles, name: str) -> np.ndarray:
    """The times of a variable's values, for intervals their middle: ELM stamps them with the end."""
    if over_intervals(files, name):
        return np.array([record.bounds for record in files.records]).mean(axis=1)
    return np.array([record.time for record in files.records])


def drivers(
    tapes: list[list[Path]], layout: Layout, place: int, calendar: str
) -> tuple[tuple[np.ndarray, np.ndarray] | None, tuple[np.ndarray, np.ndarray, np.ndarray] | None]:
    """Water table (days, m) and daily rain (starts, mm/day, lengths in days) at a place of the layout, days as in
    calendars.py; each None if no tape has it."""
    water_table = rain = None
    for paths in tapes:
        files = HistoryFiles(paths)
        names = []
        if "ZWT" in files.variables and water_table is None:
            names.append("ZWT")
        if "RAIN" in files.variables and files.is_mean("RAIN") and files.records[0].bounds:
            names.append("RAIN")
        if names and calendar_of(files.axis.calendar) == calendar_of(calendar):
            values = _read(files, names, layout, place)
            if "ZWT" in values:
                water_table = days(middles(files, "ZWT"), files.axis.units, files.axis.calendar), values["ZWT"]
            if "RAIN" in values:
                bounds = np.array([record.bounds for record in files.records])
                lengths = (bounds[:, 1] - bounds[:, 0]) * files.axis.seconds / SECONDS_PER_DAY
                rain = (
                    days(bounds[:, 0], files.axis.units, files.axis.calendar),
                    values["RAIN"] * SECONDS_PER_DAY,
                    lengths,
                )
        files.close()
    return water_table, rain


def tapes_of(paths: list[Path]) -> list[list[Path]]:
    """Those of the files that have water table or rain through time, by tape."""
    return [tape.files for tape in series_of([path for path in paths if _has_drivers(path)])]


def _has_drivers(path: Path) -> bool:
    with netcdf.open_dataset(path) as dataset:
        return any(n in dataset.variables and "time" in dataset[n].dimensions for n in ("ZWT", "RAIN"))


def _read(files: HistoryFiles, names: list[str], layout: Layout, place: int) -> dict[str, np.ndarray]:
    """Each variable at a place of the layout, in one pass over the files."""
    places = {}
    for name in names:
        source = files.layout(name)
        places[name] = Places(source, locate(source, files.paths[0], layout, [place]))
    values = np.array([[files.read(record, name, places[name])[0] for name in names] for record in files.records])
    return dict(zip(names, without_missing(values).T, strict=True))

"""What is drawn from one series of landslide history files, reduced over time in blocks: no file is loaded whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FLAGS, OUTSIDE
from elm_landslide.offline.cell_methods import along_time
from elm_landslide.offline.history_files import HistoryFiles, Record
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Layout, Places
from elm_landslide.offline.times import num2date
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.plots.calendars import days
from elm_landslide.plots.drivers import drivers, middles, over_intervals, tapes_of, without_missing

_BLOCK_VALUES = 1_000_000  # of one variable in memory at a time
Block = tuple[int, Path, slice]  # index of its first record, the file, and where they lie in it
_ELM_SHARES = ["inside", "outside"]  # of a history file of ELM
_VARIABLES = {"probability": "LANDSLIDE_PROB", "fos": "LANDSLIDE_FOS", "fos_median": "LANDSLIDE_FOS_MEDIAN"}
# Days that an interval lasts, and what a value of it is called.
_INTERVALS = ((1 / 24, 1 / 24, "hourly"), (1, 1, "daily"), (28, 31, "monthly"), (360, 366, "yearly"))


@dataclass
class RunOutput:
    """One series. Arrays by place lie on the flattened layout, NaN where no record is valid.

    days are numbers as in calendars.py, of means and extremes the middle of the interval. period: from the first to
    the last date, in words. extremes: by variable, the name of what is not a mean over its interval, for example
    'daily maximum'. cell: the place with the lowest FoS, of which probability, fos and fos_median (time,) are drawn;
    ELM's further tapes may not have the last. flag_count: by name of the flag (time,), of the places run; in ELM's
    history, which has no flags but the share of time outside, of the valid places: "inside" and "outside". synthetic:
    the surface dataset says so of itself.
    """

    label: str
    files: list[Path]
    times: np.ndarray  # as in the file
    days: np.ndarray
    calendar: str
    period: str
    extremes: dict[str, str]
    layout: Layout
    lat: np.ndarray
    lon: np.ndarray
    largest_probability: np.ndarray  # by place
    largest_at: np.ndarray  # by place, record of that
    lowest_fos: np.ndarray  # by place
    share_outside: np.ndarray  # by place, share of its valid records
    probability_range: np.ndarray  # (time, 2)
    flag_count: dict[str, np.ndarray]
    cell: int
    probability: np.ndarray
    fos: np.ndarray
    fos_median: np.ndarray | None
    synthetic: bool
    overrides: str
    input_files: str
    water_table: tuple[np.ndarray, np.ndarray] | None = None  # days, m
    rain: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None  # starts, mm/day, lengths in days

    @property
    def shape(self) -> tuple[int, ...]:
        return self.layout.shape

    @property
    def valid(self) -> np.ndarray:
        """Whether a place has a valid record."""
        return np.isfinite(self.lowest_fos)

    @property
    def n_cells(self) -> int:
        """Places with a valid record."""
        return int(self.valid.sum())

    def show(self, cell: int, folders: Iterable[Path]) -> None:
        """Draw another place of the layout, that of a run in the same panel."""
        if cell == self.cell:
            return
        files = HistoryFiles(self.files)
        blocks = _blocks(files.records, self.layout.size)
        self.probability, self.fos, self.fos_median = _series(files, blocks, self.layout, cell)
        files.close()
        self.cell = cell
        self.find_drivers(folders)

    def find_drivers(self, folders: Iterable[Path]) -> None:
        """Water table and rain at the cell shown; of the input files that lie in the folders, or of ELM's own."""
        named = [next((f / name for f in folders if (f / name).exists()), None) for name in self.input_files.split()]
        paths = [path for path in named if path]
        tapes = tapes_of(paths) if self.input_files else [self.files]
        self.water_table, self.rain = drivers(tapes, self.layout, self.cell, self.calendar)


@dataclass
class Reduction:
    """What one pass over the records gives; as in RunOutput."""

    largest_probability: np.ndarray
    largest_at: np.ndarray
    lowest_fos: np.ndarray
    share_outside: np.ndarray
    probability_range: np.ndarray
    flag_count: dict[str, np.ndarray]


def read(paths: Iterable[Path | str], label: str, folders: Iterable[Path] = ()) -> RunOutput:
    """Read files of elm-landslide run or history files of ELM with the component on, of one series.

    folders: where the input files of elm-landslide run may lie, for rain and water table; ELM's history has its own.
    """
    files = HistoryFiles(paths)
    try:
        first = files.paths[0]
        for name in ("LANDSLIDE_PROB", "LANDSLIDE_FOS"):
            if name not in files.variables:
                path = files.file_without(name)
                raise UserError(f"{path}: no variable {name}: not a file of elm-landslide run or of ELM with it on")
        from_elm = "LANDSLIDE_FLAG" not in files.variables
        if from_elm and OUTSIDE.history not in files.variables:
            path = files.file_without(OUTSIDE.history)
            raise UserError(f"{path}: neither LANDSLIDE_FLAG nor {OUTSIDE.history}: what can be trusted is unknown")
        layout = files.layout("LANDSLIDE_PROB")
        blocks = _blocks(files.records, layout.size)
        reduced = _reduce(files, blocks, layout)
        # A place without coordinates cannot be on a map.
        nowhere = is_missing(layout.lat) | is_missing(layout.lon)
        largest, lowest, outside = (
            np.where(nowhere, np.nan, values)
            for values in (reduced.largest_probability, reduced.lowest_fos, reduced.share_outside)
        )
        if not np.isfinite(lowest).any():
            raise UserError(f"{first}: no valid value of LANDSLIDE_FOS to draw")
        if not np.isfinite(largest).any():
            raise UserError(f"{first}: no valid value of LANDSLIDE_PROB to draw")
        cell = int(np.nanargmin(lowest))
        times = np.array([record.time for record in files.records])
        attributes = {
            name: str(getattr(files.dataset(first), name, ""))
            for name in ("surface_source", "overrides", "input_files")
        }
        probability, fos, fos_median = _series(files, blocks, layout, cell)
        run = RunOutput(
            label=label,
            files=files.paths,
            times=times,
            days=days(middles(files, "LANDSLIDE_PROB"), files.axis.units, files.axis.calendar),
            calendar=files.axis.calendar,
            period=_period(files),
            extremes={name: _extreme(files, variable) for name, variable in _VARIABLES.items()},
            layout=layout,
            lat=layout.lat,
            lon=layout.lon,
            cell=cell,
            synthetic="synthetic" in attributes["surface_source"],
            overrides=attributes["overrides"] or "none",
            input_files=attributes["input_files"],
            largest_probability=largest,
            largest_at=reduced.largest_at,
            lowest_fos=lowest,
            share_outside=outside,
            probability_range=reduced.probability_range,
            flag_count=reduced.flag_count,
            probability=probability,
            fos=fos,
            fos_median=fos_median,
        )
    finally:
        files.close()
    run.find_drivers(folders)
    return run


def _blocks(records: list[Record], size: int) -> list[Block]:
    """Records that follow each other in one file, as many as may be in memory: index of the first, the file, and where
    they lie in it. size: places of a record."""
    step = max(_BLOCK_VALUES // size, 1)
    blocks, start = [], 0
    for path, group in groupby(records, key=lambda record: record.path):
        n = len(list(group))
        blocks += [(start + i, path, slice(i, min(i + step, n))) for i in range(0, n, step)]
        start += n
    return blocks


def _series(
    files: HistoryFiles, blocks: list[Block], layout: Layout, cell: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Probability, factor of safety and, where the files have it, that of the median slope, of one place."""
    place = Places(layout, [cell])

    def values(variable: str) -> np.ndarray:
        read = [place.read(files.dataset(path)[variable], block)[:, 0] for _, path, block in blocks]
        return without_missing(np.concatenate(read))

    probability, fos = values(_VARIABLES["probability"]), values(_VARIABLES["fos"])
    fos_median = values(_VARIABLES["fos_median"]) if _VARIABLES["fos_median"] in files.variables else None
    if fos_median is not None and np.isnan(fos_median).all():
        fos_median = None
    return probability, fos, fos_median


def _period(files: HistoryFiles) -> str:
    """Means and extremes are stamped with the end of their interval, so their first date is that of its start."""
    first, last = files.records[0], files.records[-1]
    ends = [first.time, last.time]
    if first.bounds and last.bounds and over_intervals(files, "LANDSLIDE_PROB"):
        ends = [first.bounds[0], max(last.bounds[1] - 1.0 / files.axis.seconds, first.bounds[0])]
    first_date, last_date = (f"{date:%Y-%m-%d}" for date in num2date(ends, files.axis.units, files.axis.calendar))
    return f"{first_date} to {last_date}" if first_date != last_date else first_date


def _extreme(files: HistoryFiles, name: str) -> str:
    """'daily maximum' and the like, '' for a mean or a value at an instant."""
    methods = files.attribute(name, "cell_methods") if name in files.variables else ""
    word = next((word for word in ("maximum", "minimum") if word in along_time(methods)), "")
    if not word or not all(record.bounds for record in files.records):
        return word
    bounds = np.array([record.bounds for record in files.records])
    lengths = (bounds[:, 1] - bounds[:, 0]) * files.axis.seconds / SECONDS_PER_DAY
    for least, most, interval in _INTERVALS:
        if (lengths > 0.999 * least).all() and (lengths < 1.001 * most).all():
            return f"{interval} {word}"
    length = float(np.median(lengths))
    return f"{length:.3g}-day {word}" if np.ptp(lengths) < 0.01 * length else word


def _reduce(files: HistoryFiles, blocks: list[Block], layout: Layout) -> Reduction:
    """One pass over the records: extremes by place, range over the places and shares of the flags by record."""
    size = layout.size
    largest, at, lowest = np.full(size, -np.inf), np.zeros(size, dtype=int), np.full(size, np.inf)
    names = list(FLAGS) if "LANDSLIDE_FLAG" in files.variables else _ELM_SHARES
    n_times = len(files.records)
    flags = np.zeros((n_times, len(names)))
    outside, valid = np.zeros(size), np.zeros(size)
    extent = np.full((n_times, 2), np.nan)
    everywhere = Places(layout, np.arange(size))
    for start, path, block in blocks:
        dataset, length = files.dataset(path), block.stop - block.start
        rows = slice(start, start + length)

        def values(name, dataset=dataset, block=block):
            return without_missing(everywhere.read(dataset[name], block))

        probability = values("LANDSLIDE_PROB")
        filled = np.where(np.isnan(probability), -np.inf, probability)
        peak = filled.max(axis=0)
        at = np.where(peak > largest, start + filled.argmax(axis=0), at)
        largest = np.maximum(largest, peak)
        low = np.where(np.isnan(probability), np.inf, probability).min(axis=1)
        extent[rows] = np.stack([low, filled.max(axis=1)], axis=1)
        lowest = np.fmin(lowest, np.fmin.reduce(values("LANDSLIDE_FOS"), axis=0))
        if names is _ELM_SHARES:
            share = values(OUTSIDE.history)
            counts = [1.0 - share, share]
        else:
            flag = values("LANDSLIDE_FLAG")  # NaN where no column was run
            counts = [flag == value for value in FLAGS.values()]
        flags[rows] = np.stack([np.nansum(count, axis=1) for count in counts], axis=1)
        outside += np.nansum(counts[names.index("outside")], axis=0)
        valid += np.isfinite(probability).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):  # without a valid record there is no share
        return Reduction(
            largest_probability=np.where(np.isfinite(largest), largest, np.nan),
            largest_at=at,
            lowest_fos=np.where(np.isfinite(lowest), lowest, np.nan),
            share_outside=outside / valid,
            probability_range=np.where(np.isfinite(extent), extent, np.nan),
            flag_count=dict(zip(names, flags.T, strict=True)),
        )

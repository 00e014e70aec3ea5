"""A series of ELM history files, read record by record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from elm_landslide.data import netcdf
from elm_landslide.data.netcdf import Layout, Places
from elm_landslide.errors import UserError

STATE = "ZWT"  # on every tape that can be used; tells the layout, and whether values are means
LEVELS = slice(0, 10)  # nlevsoi of ELM's nlevgrnd levels: the hydrologically active ones
_BLOCK = 500  # records
SLACK = 1.0  # s by which time bounds may fail to abut
_SECONDS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}


@dataclass(frozen=True, slots=True)
class Record:
    """One time sample: its place in the files, its time and bounds in the units of the time axis."""

    path: Path
    position: int
    time: float
    bounds: tuple[float, float] | None


class HistoryFiles:
    """Files of one tape in order of time. Only one of them is open at a time.

    Attributes: paths; records, ordered by time; time_units, calendar; variables, those in every file.
    """

    def __init__(self, paths):
        self.paths = [Path(p) for p in paths]
        if not self.paths:
            raise UserError("no history file given")
        self._open = None
        self.records: list[Record] = []
        self.variables: set[str] = set()
        self._seen_axis = None
        by_file = []
        for path in self.paths:
            with netcdf.open_dataset(path) as dataset:
                netcdf.check_units(dataset, path)
                by_file.append(self._read_times(dataset, path))
                names = set(dataset.variables)
                self.variables = self.variables & names if self.variables else names
        order = sorted(range(len(by_file)), key=lambda i: by_file[i][0].time if by_file[i] else -np.inf)
        self.paths = [self.paths[i] for i in order]
        self.records = [record for i in order for record in by_file[i]]
        if not self.records:
            raise UserError(f"{self.paths[0]}: holds no record: its time axis is empty")
        for before, after in pairwise(self.records):
            overlap = before.bounds and after.bounds and before.bounds[1] - after.bounds[0]  # a later start is a gap
            if not after.time > before.time or (overlap and overlap * self.seconds_per_unit > SLACK):
                raise UserError(
                    f"{after.path}: time {after.time:g} does not come after {before.time:g} of {before.path}, "
                    "or their time bounds overlap: give each record once, in files whose time goes forward"
                )

    def _read_times(self, dataset, path) -> list[Record]:
        if "time" not in dataset.variables:
            raise UserError(f"{path}: no variable time: not a history file")
        time = dataset["time"]
        axis = (getattr(time, "units", ""), getattr(time, "calendar", "standard"))
        if axis[0].split(" since ")[0] not in _SECONDS:
            raise UserError(f"{path}: time has units {axis[0]!r}, wanted 'days since ...'")
        if self._seen_axis not in (None, axis):
            raise UserError(f"{path}: time axis {axis} differs from {self._seen_axis} of {self.paths[0]}")
        self._seen_axis = axis
        self.time_units, self.calendar = axis
        self.seconds_per_unit = _SECONDS[axis[0].split(" since ")[0]]
        values = np.asarray(time[:], dtype=np.float64)
        bounds = None
        if getattr(time, "bounds", None) in dataset.variables:
            # In blocks: HDF5 takes some kilobytes for each chunk of one read, and a chunk often holds one record.
            bounds = np.concatenate(
                [
                    np.asarray(dataset[time.bounds][i : i + _BLOCK], dtype=np.float64)
                    for i in range(0, max(len(values), 1), _BLOCK)
                ]
            )
            # ELM stamps a record with the end of its interval, in single precision; its bounds are doubles.
            values = np.where(bounds[:, 1].astype(time.dtype) == time[:], bounds[:, 1], values)
        return [
            Record(path, i, float(t), None if bounds is None else (float(bounds[i, 0]), float(bounds[i, 1])))
            for i, t in enumerate(values)
        ]

    def dataset(self, path):
        """The open dataset of one of the files."""
        if self._open is None or self._open[0] != path:
            self.close()
            self._open = (path, netcdf.open_dataset(path))
            for variable in self._open[1].variables.values():
                chunks = variable.chunking()  # None in the classic formats, which ELM writes
                if variable.ndim and chunks not in (None, "contiguous") and chunks[0] == 1:
                    variable.set_var_chunk_cache(1)  # a record is read once: keep none; the default is 64 MB
        return self._open[1]

    def layout(self, name: str = STATE) -> Layout:
        """The layout of a variable; every file must have the same."""
        layout = None
        for path in self.paths:
            found = netcdf.layout_of(self.dataset(path), path, name)
            if layout is not None and not (found.dims == layout.dims and found.same_places(layout)):
                raise UserError(f"{path}: {name} is on other cells than in {self.paths[0]}")
            layout = found
        return layout

    def attribute(self, name: str, attribute: str) -> str:
        """An attribute of a variable in the first file, '' where it has none."""
        return getattr(self.dataset(self.paths[0])[name], attribute, "")

    def is_mean(self, name: str) -> bool:
        """True where the variable is a mean over each record's interval."""
        return "time: mean" in self.attribute(name, "cell_methods")

    def file_without(self, name: str) -> Path:
        """The first file that lacks the variable."""
        return next(p for p in self.paths if name not in self.dataset(p).variables)

    def read(self, record: Record, name: str, places: Places) -> np.ndarray:
        """A variable at the places: (n,), or (10, n) where it has soil levels. Missing is SPVAL."""
        variable = self.dataset(record.path)[name]
        lead = (record.position,)
        if variable.ndim == len(lead) + len(places.dims) + 1:
            lead += (soil_levels(variable, record.path),)
        return places.read(variable, *lead)

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


def soil_levels(variable, path) -> slice:
    """The slice of the first 10 levels; a variable with fewer is a UserError."""
    dim = next(d for d in variable.dimensions if d != "time")
    size = variable.shape[variable.dimensions.index(dim)]
    if not dim.startswith("lev") or size < LEVELS.stop:
        raise UserError(f"{path}: {variable.name} has {size} levels along {dim}, wanted at least {LEVELS.stop}")
    return LEVELS


def tape_number(path) -> int:
    """The tape that a file came from (1 for .h0.), 1 where its name does not tell."""
    found = re.search(r"\.h(\d)\.", Path(path).name)
    return int(found[1]) + 1 if found else 1


def missing_variable(path, name: str, reason: str) -> UserError:
    """A variable that is not there, with the line of user_nl_elm that adds it."""
    return UserError(
        f"{path}: no variable {name}, {reason}; add it in user_nl_elm with hist_fincl{tape_number(path)} = '{name}'"
    )


CONSTANTS = ("DZSOI", "WATSAT", "SUCSAT", "BSW")


def read_constants(paths, lat, lon, layout: Layout, places: Places) -> tuple[dict[str, np.ndarray], Path]:
    """The time-constant soil fields at the places, each (10, n), and the file they came from.

    paths: files to look in; the first that has all of CONSTANTS is taken (ELM writes them once a run).
    lat, lon (degrees): of the places, to find them in a file of another layout.
    """
    for path in paths:
        with netcdf.open_dataset(path) as dataset:
            if any(name not in dataset.variables for name in CONSTANTS):
                continue
            netcdf.check_units(dataset, path)
            source = netcdf.layout_of(dataset, path, CONSTANTS[0])
            if source.dims == layout.dims and source.same_places(layout):
                here = places
            elif source.landunit is None:
                here = Places(source, netcdf.locate(source, path, lat, lon))
            else:
                raise UserError(f"{path}: its soil fields are by column, the history is by {' and '.join(layout.dims)}")
            return {n: here.read(dataset[n], soil_levels(dataset[n], path)) for n in CONSTANTS}, Path(path)
    with netcdf.open_dataset(paths[0]) as dataset:
        lacking = next(n for n in CONSTANTS if n not in dataset.variables)
        named = getattr(dataset, "Time_constant_3Dvars_filename", "the first h0 file of the run")
    raise UserError(
        f"{paths[0]}: no variable {lacking}; ELM writes {', '.join(CONSTANTS)} once, without any "
        f"hist_fincl line, into {Path(named).name}: give that file with --constants"
    )

"""A series of ELM history files, read record by record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import N_LAYERS
from elm_landslide.offline import netcdf, places, variables
from elm_landslide.offline.cell_methods import along_time, is_time_mean
from elm_landslide.offline.places import Layout, Places
from elm_landslide.offline.times import SLACK, TimeAxis, read_times

STATE = "ZWT"  # on every usable tape; gives the layout, and whether values are means


@dataclass(frozen=True, slots=True)
class Record:
    """One time sample: its place in the files, its time as stamped and its bounds, in the units of the time axis."""

    path: Path
    position: int
    time: float
    bounds: tuple[float, float] | None

    @property
    def end(self) -> float:
        """The end of its interval, wherever the stamp is in it; the stamp if there are no bounds."""
        return self.bounds[1] if self.bounds else self.time


class HistoryFiles:
    """Files of one tape in order of time. Only one of them is open at a time.

    Attributes: paths; records, ordered by time; axis, that of their times; variables, those in every file; in_some,
    those in at least one; masks_differ: whether the masks that `layout` saw differ between files.
    """

    def __init__(self, paths: Iterable[Path | str], axis: TimeAxis | None = None):
        """axis: for the times; by default that of the first file."""
        self.paths = [Path(p) for p in paths]
        if not self.paths:
            raise UserError("no history file given")
        self._open: tuple[Path | str, netCDF4.Dataset] | None = None
        self.records: list[Record] = []
        self.variables: set[str] = set()
        self.in_some: set[str] = set()
        self.masks_differ = False
        by_file = []
        for path in self.paths:
            with netcdf.open_dataset(path) as dataset:
                netcdf.check_units(dataset, path)
                times = read_times(dataset, path, axis)
                axis = self.axis = times.axis
                bounds = [None] * len(times.values) if times.bounds is None else [*map(tuple, times.bounds.tolist())]
                stamps = enumerate(zip(times.values.tolist(), bounds, strict=True))
                by_file.append([Record(path, i, stamp, interval) for i, (stamp, interval) in stamps])
                names = set(dataset.variables)
                self.variables = self.variables & names if self.variables else names
                self.in_some |= names
        order = sorted(range(len(by_file)), key=lambda i: by_file[i][0].time if by_file[i] else -np.inf)
        self.paths = [self.paths[i] for i in order]
        self.records = [record for i in order for record in by_file[i]]
        if not self.records:
            raise UserError(f"{self.paths[0]}: holds no record: its time axis is empty")
        for before, after in pairwise(self.records):
            overlap = before.bounds and after.bounds and before.bounds[1] - after.bounds[0]  # a later start is a gap
            if not after.time > before.time or (overlap and overlap * self.axis.seconds > SLACK):
                raise UserError(
                    f"{after.path}: time {after.time:g} does not come after {before.time:g} of {before.path}, "
                    "or their time bounds overlap: give each record once, in files whose time goes forward"
                )

    def dataset(self, path: Path | str) -> netCDF4.Dataset:
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
        """The layout of a variable; every file must have the same places. A place is active if it is in some file:
        what a file does not have is missing there."""
        first, *others = self.paths
        layout = places.layout_of(self.dataset(first), first, name)
        for path in others:
            other = places.layout_of(self.dataset(path), path, name)
            if not other.same_places(layout):
                raise UserError(f"{path}: {name} is on other cells than in {self.paths[0]}")
            ours, theirs = layout.landunit, other.landunit
            if ours is not None and theirs is not None and (ours != theirs)[other.active & layout.active].any():
                raise UserError(f"{path}: cols1d_itype_lunit differs from that in {self.paths[0]}: give one by one")
            if (other.active != layout.active).any():
                self.masks_differ = True
                layout = replace(layout, active=layout.active | other.active, mask=layout.mask or other.mask)
        return layout

    def attribute(self, name: str, attribute: str) -> str:
        """An attribute of a variable in the first file, '' where it has none."""
        return str(getattr(self.dataset(self.paths[0])[name], attribute, ""))

    def is_mean(self, name: str) -> bool:
        """True where the variable is a mean over each record's interval."""
        return is_time_mean(self.attribute(name, "cell_methods"))

    def is_instant(self, name: str) -> bool:
        """True where the variable is at each record's time only."""
        return "point" in along_time(self.attribute(name, "cell_methods"))

    def file_without(self, name: str) -> Path:
        """The first file without the variable."""
        return next(p for p in self.paths if name not in self.dataset(p).variables)

    def read(self, record: Record, name: str, places: Places, levels: int | None = None) -> np.ndarray:
        """A variable at the places: (n,), or (levels, n) of the first levels. Missing is SPVAL."""
        return places.read(self.dataset(record.path)[name], record.position, levels)

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


def tape_number(path: Path | str) -> int:
    """The tape that a file came from (1 for .h0.), 1 if its name does not tell."""
    match = re.search(r"\.h(\d)\.", Path(path).name)
    return int(match[1]) + 1 if match else 1


def missing_variable(path: Path | str, name: str, reason: str) -> UserError:
    """The error for an absent variable, with the line of user_nl_elm that adds it."""
    return UserError(
        f"{path}: no variable {name}, {reason}; add it in user_nl_elm with hist_fincl{tape_number(path)} = '{name}'"
    )


CONSTANTS = ("DZSOI", "WATSAT", "SUCSAT", "BSW")


@dataclass(frozen=True)
class SoilConstants:
    """The time-constant soil fields of some places, by name [level, n]; the file they are from; its level axis: name
    and length of the dimension; whether they are by column, not by cell."""

    values: dict[str, np.ndarray]
    path: Path
    level: tuple[str, int]
    by_column: bool


def read_constants(
    paths: Sequence[Path | str], layout: Layout, here: Places, more: Iterable[str] = ()
) -> SoilConstants:
    """The soil constants at the places `here` of a layout.

    paths: files to look in; the first that has all of CONSTANTS is taken (ELM writes them once a run). more: names of
    further ones to read.
    """
    for path in paths:
        with netcdf.open_dataset(path) as dataset:
            if any(name not in dataset.variables for name in CONSTANTS):
                continue
            netcdf.check_units(dataset, path)
            source = places.layout_of(dataset, path, CONSTANTS[0])
            if source.same_places(layout):
                at = here
            elif source.landunit is None:
                at = Places(source, places.locate(source, path, layout, here.index))
            else:
                raise UserError(f"{path}: its soil fields are by column, the history is by {' and '.join(layout.dims)}")
            names = [*CONSTANTS, *(name for name in more if name in dataset.variables)]
            levels = {n: variables.level_dimension(dataset[n], source.dims, N_LAYERS) for n in names}
            for name in names:
                if levels[name] != levels["DZSOI"]:
                    raise UserError(
                        f"{path}: {name} lies on {levels[name]}, DZSOI on {levels['DZSOI']}: wanted one axis"
                    )
            values = {n: at.read(dataset[n], levels=N_LAYERS) for n in names}
            level = levels["DZSOI"], len(dataset.dimensions[levels["DZSOI"]])
            constants = SoilConstants(values, Path(path), level, source.landunit is not None)
            check_level_axis(dataset, path, "DZSOI", level[0], constants)
            return constants
    with netcdf.open_dataset(paths[0]) as dataset:
        absent = next(n for n in CONSTANTS if n not in dataset.variables)
        file_name = str(getattr(dataset, "Time_constant_3Dvars_filename", "the first h0 file of the run"))
    raise UserError(
        f"{paths[0]}: no variable {absent}; ELM writes {', '.join(CONSTANTS)} once, without any "
        f"hist_fincl line, into {Path(file_name).name}: give that file with --constants"
    )


_NODE_TOLERANCE = 1e-3  # m


def check_level_axis(dataset: netCDF4.Dataset, path: Path | str, name: str, level: str, soil: SoilConstants) -> None:
    """Refuse a variable whose levels are not the layers of DZSOI, judged by the node depths in the file.

    In ELM interfaces lie midway between nodes (initVerticalMod); other programs give the middles of the layers. A file
    without depths must have the level axis of the soil constants by name and length.
    """
    thickness = soil.values["DZSOI"]
    columns = np.flatnonzero(~netcdf.is_missing(thickness).any(axis=0))
    if not columns.size:
        return
    if level not in dataset.variables:
        if (level, len(dataset.dimensions[level])) == soil.level:
            return
        raise UserError(
            f"{path}: {name} has {len(dataset.dimensions[level])} levels along {level}, whose depths the file does not "
            f"give; DZSOI of {soil.path} has {soil.level[1]} along {soil.level[0]}: give {level} (m) as a variable"
        )
    nodes = netcdf.filled(variables.single_axis(dataset[level], level, path))[: len(thickness)]
    interfaces = np.cumsum(thickness[:, columns[0]])
    middles = interfaces - thickness[:, columns[0]] / 2.0
    as_elm = np.abs((nodes[1:] + nodes[:-1]) / 2.0 - interfaces[:-1]).max() <= _NODE_TOLERANCE
    if not as_elm and np.abs(nodes - middles).max() > _NODE_TOLERANCE:
        raise UserError(
            f"{path}: {name} lies on levels at {_list(nodes)} m ({level}), but the layers of DZSOI in {soil.path} end "
            f"at {_list(interfaces)} m: give it on ELM's own layers, first the uppermost"
        )


def _list(depths: np.ndarray) -> str:
    return ", ".join(f"{d:.3g}" for d in depths)

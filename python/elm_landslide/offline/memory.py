"""Roots over the records of a run: cover that changes, disturbances, and what the columns remember of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import ROOTS, SPVAL, put
from elm_landslide.offline import disturbance, state_file
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import Record
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.landuse import LandUse
from elm_landslide.offline.times import SLACK, num2date
from elm_landslide.runtime.root_memory import RootMemory

HANDED = ("tree_ground", "shrub_ground", "vegetation_left")  # fields that come from the memory


class Memory:
    """What the columns of one rank remember.

    Without land use, loss of coarse root carbon that the history shows is a disturbance too, of trees and shrubs alike:
    with it, or with cover that a scenario changes, carbon leaves with the cover, and the history does not say from
    which. What a scenario changes may lie before the run: roots have decayed and grown since.
    """

    def __init__(self, inputs: Inputs, columns: Columns, keeps: bool):
        """keeps: whether the state is written in the end, for a later part of the run: later disturbances are then
        left to that. Raises UserError for input that does not fit the run."""
        self._columns, self._axis = columns, columns.files.axis
        for name in (*HANDED, "root_carbon"):
            if name in inputs.overrides:
                raise UserError(
                    f"--set {name}: the memory of roots says what it is: leave it out, or --landuse, --disturbance and "
                    "the states"
                )
        layout, run, index = columns.layout, columns.run, columns.index
        self._roots = RootMemory(index.size)
        self._events: list[disturbance.Losses] = []
        if inputs.disturbance:
            self._events = disturbance.read(inputs.disturbance, layout, run, index, self._axis)
        first, end = columns.records[0], self._end(columns.records[-1])
        self.time = first.bounds[0] if first.bounds and not columns.instants else first.time
        self._begun = bool(inputs.state)
        if inputs.state:
            state = state_file.read(inputs.state, self._axis, columns.layout, columns.run, columns.index)
            if (state.time - self.time) * self._axis.seconds > SLACK:
                raise UserError(
                    f"{inputs.state}: is of {self._date(state.time)}, after the first record, which begins "
                    f"{self._date(self.time)}: give the state of an earlier part of the run"
                )
            self.time = state.time
            self._roots.state[:] = state.values
        self._notes = self._check_dates(inputs, self.time, None if keeps else end)
        self._scenario = columns.perturbation
        if self._scenario and self._scenario.losses:
            self._events = sorted([*self._events, *self._scenario.losses], key=lambda losses: losses.time)
            self.time = min(self.time, self._events[0].time)
        self._landuse = None
        if inputs.landuse:
            weights = columns.landunit_weights
            self._landuse = LandUse(inputs.landuse, layout, index, weights, self._axis, self.time, end)
            name = Path(inputs.landuse).name
            self._notes.append(f"cover follows {name}")
            if self._landuse.crops_change:
                self._notes.append(f"PCT_CROP of {name} is not read: the share of the crop landunit stays")

    def _date(self, time: float) -> str:
        return num2date(time, self._axis.units, self._axis.calendar).strftime("%Y-%m-%d")

    def _end(self, record: Record) -> float:
        """When a record's state holds: instants at their time, means at the end of their interval."""
        return record.time if self._columns.instants else record.end

    def _reached(self, losses: disturbance.Losses, time: float) -> bool:
        return (losses.time - time) * self._axis.seconds <= SLACK

    def _check_dates(self, inputs: Inputs, start: float, end: float | None) -> list[str]:
        """What happened before the run is in its state, which is of the end of a step, or is unknown. Returns notes."""
        early = [losses for losses in self._events if (start - losses.time) * self._axis.seconds > SLACK]
        if inputs.state:
            early = [losses for losses in self._events if self._reached(losses, start)]
        late = [losses for losses in self._events if end is not None and not self._reached(losses, end)]
        if early and not inputs.state:
            raise UserError(
                f"{inputs.disturbance}: DATE {self._date(early[0].time)} lies before the run, which begins "
                f"{self._date(start)}: begin the history earlier, or give the --state of a run that saw it"
            )
        if late:
            raise UserError(
                f"{inputs.disturbance}: DATE {self._date(late[0].time)} lies after the run, which ends "
                f"{self._date(end or 0.0)}: leave it out, or keep the memory for a later part with --write-state"
            )
        self._events = self._events[len(early) :]
        name = Path(inputs.disturbance or "").name
        return [f"{len(early)} dates of {name} up to {self._date(start)}: left to the state"] if early else []

    def step(self, record: Record, x: np.ndarray) -> np.ndarray:
        """Advance to a record, and put into its inputs x (n, N_IN), in place, the cover of the time and what is
        remembered. Returns the root cohesion relative to that without loss, area mean [n]."""
        columns = self._columns
        now = self._end(record)
        changes_cover = self._scenario is not None and self._scenario.changes_cover
        plain = x.copy(order="F") if changes_cover else x  # with the cover of the files
        self._put_cover(x, now)
        if not self._begun:
            self._begin(plain)
        while self._events and self._reached(self._events[0], now):
            losses = self._events.pop(0)
            # Up to the day with the cover of before: what changes in the record, changes at its end.
            before = min(max(losses.time, self.time), now)
            self._advance(before)
            changed = plain.copy(order="F") if changes_cover else None
            if changed is not None:
                self._put_cover(changed, losses.time)
            self._roots.advance(0.0, changed, losses.lost, losses.torn)
        knows_carbon = self._landuse is None and not changes_cover
        self._advance(now, x, columns.coarse_carbon(record, x) if knows_carbon else SPVAL)
        return self._roots.ground(x)

    def _begin(self, x: np.ndarray) -> None:
        """The cover and carbon that the run begins with: those of its first record, of land use those of its begin."""
        first = x.copy(order="F")
        if self._landuse:
            self._put_landuse(first, self.time)
        self._roots.advance(0.0, first)
        self._begun = True

    def _put_cover(self, x: np.ndarray, time: float) -> None:
        self._put_landuse(x, time)
        if self._scenario:
            self._scenario.cover(time, x)

    def _put_landuse(self, x: np.ndarray, time: float) -> None:
        if self._landuse:
            for name, values in self._landuse.at(time).items():
                if self._columns.from_surface(name):
                    put(x, name, values)

    def _advance(self, time: float, x: np.ndarray | None = None, coarse_carbon: np.ndarray | float = SPVAL) -> None:
        # Whole seconds: a part of a run whose times count from another day must give the same bits.
        years = np.rint((time - self.time) * self._axis.seconds) / ROOTS["year"]
        self._roots.advance(max(years, 0.0), x, coarse_carbon=coarse_carbon)
        self.time = max(time, self.time)

    @property
    def notes(self) -> list[str]:
        """What a reader of the results should know."""
        return [*self._notes, f"{', '.join(HANDED)}: what is remembered of lost and growing roots"]

    @property
    def values(self) -> np.ndarray:
        """The state of this rank's columns, (n, states())."""
        return self._roots.state

    def writer(self, values: np.ndarray) -> Callable[[Path], None]:
        """Writes the state of all columns run, (n, states()), to a path."""
        columns = self._columns
        return lambda path: state_file.write(path, self.time, self._axis, columns.layout, columns.run, values)

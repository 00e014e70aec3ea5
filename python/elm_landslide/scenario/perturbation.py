"""A scenario on the columns of one rank: what offline.perturbation.Perturbation asks for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import DISTURBANCES, FIELDS, MISSING, RAIN_WINDOWS, put
from elm_landslide.offline import land_cover
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.disturbance import Losses
from elm_landslide.offline.history_files import Record
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.region import Region
from elm_landslide.offline.times import SLACK, date, date2num, num2date
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.ranks import Progress, silent
from elm_landslide.scenario import scenario_file
from elm_landslide.scenario.scenario_file import Cover, Disturbance, Scenario

MOST_YEARS_BEFORE = 100  # the run: roots are back by then (fields.toml)
_ROUNDING = 1e-6
_OF_COVER = ("tree_cover", "shrub_cover", "grass_cover", "crop_cover", "root_fraction", "leaf_area_index")
_CARBON = ("vegetation_carbon", "root_carbon")


def perturb(inputs: Inputs, progress: Progress = silent) -> Callable[[Columns], ScenarioPerturbation]:
    """For offline.driver.run: makes the perturbation of inputs.scenario of the columns of a rank.

    progress: as of driver.run, over columns whose water is run again. Raises UserError for a file that does not fit.
    """
    assert inputs.scenario is not None
    scenario = scenario_file.read(inputs.scenario)
    if inputs.state:
        raise UserError(
            f"--state {inputs.state}: does not hold the water of a scenario: run the whole with --scenario at once"
        )
    return lambda columns: ScenarioPerturbation(scenario, inputs, columns, progress)


class ScenarioPerturbation:
    """A scenario on the columns of a rank."""

    def __init__(self, scenario: Scenario, inputs: Inputs, columns: Columns, progress: Progress):
        self._scenario, self._columns, self._kept = scenario, columns, set(inputs.overrides)
        self._axis = columns.files.axis
        layout, run = columns.layout, columns.run
        self._lat, self._lon = layout.lat[columns.index], layout.lon[columns.index]
        for entry in scenario.entries:
            if not entry.region.holds(layout.lat[run], layout.lon[run]).any():
                raise scenario.refuse(entry, f"region {entry.region}: no cell of the run lies in it")
        covers = sorted(scenario.cover, key=lambda entry: entry.year)
        self._covers = [(self._time(entry, entry.year, 1, 1), entry) for entry in covers]
        self.losses = self._losses()
        self.changes_cover = bool(self._covers)
        self.attributes = {
            "scenario": scenario.path.name,
            "scenario_sha256": scenario.sha256,
            "scenario_changes": "; ".join(self._lines()) or "none",
        }
        self._rain, self._water, self._held = None, None, 0.0
        weather_changes = bool(scenario.rain or scenario.warming)
        column = scenario.water == "column" and (weather_changes or self.changes_cover)
        if weather_changes or column:
            from elm_landslide.scenario.changes import RainChange, WaterChange
            from elm_landslide.scenario.weather import perturbed, read

            needs = ("RAIN", "SNOW", "TBOT") if column or scenario.warming else ("RAIN",)
            before = read(inputs, columns, scenario, needs)
            self._held = before.held
            after = perturbed(before, scenario, columns)
            if weather_changes:
                self._rain = RainChange(before, after, columns)
            if column:
                entries = [*scenario.rain, *scenario.warming, *scenario.cover]
                inside = np.any([entry.region.holds(self._lat, self._lon) for entry in entries], axis=0)
                cover = ([time for time, _ in self._covers], self.cover)
                self._water = WaterChange(before, after, inputs, columns, inside, cover, progress)

    def _lines(self) -> list[str]:
        lines = []
        for entry in self._scenario.entries:
            whole = entry.region == Region()
            where = [str(getattr(entry, "period", "")), "" if whole else str(entry.region)]
            inside = "; ".join(part for part in where if part)
            lines.append(f"{entry}{f' ({inside})' if inside else ''}")
        return lines

    def _time(self, entry: Cover | Disturbance, year: int, month: int, day: int) -> float:
        """The beginning of a day on the axis; not after the run, nor long before it."""
        scenario, axis = self._scenario, self._axis
        try:
            time = float(date2num(date(year, month, day, calendar=axis.calendar), axis.units, axis.calendar))
        except ValueError:
            what = f"{year:04d}-{month:02d}-{day:02d} is no day of the calendar {axis.calendar!r}"
            raise scenario.refuse(entry, what) from None
        first, last = self._columns.records[0], self._columns.records[-1]
        begin, end = first.bounds[0] if first.bounds and not self._columns.instants else first.time, last.end
        years = (begin - time) * axis.seconds / (365.0 * SECONDS_PER_DAY)
        if (time - end) * axis.seconds > SLACK or years > MOST_YEARS_BEFORE:
            dates = [num2date(t, axis.units, axis.calendar).strftime("%Y-%m-%d") for t in (begin, end)]
            raise scenario.refuse(
                entry,
                f"{year:04d}-{month:02d}-{day:02d} lies outside the run, which goes from {dates[0]} to {dates[1]}: "
                f"give a day before its end and at most {MOST_YEARS_BEFORE} years before its beginning",
            )
        return time

    def _losses(self) -> list[Losses]:
        """What the entries of disturbances take, and the times of the changes of cover."""
        columns, found = self._columns, {}
        layout, run = columns.layout, columns.run
        own = np.searchsorted(run, columns.index)
        for time, _ in self._covers:
            found[time] = np.zeros((2, len(run), 2))
        for entry in self._scenario.disturbance:
            day = entry.date
            time = self._time(entry, day.year, day.month, day.day)
            taken = found.setdefault(time, np.zeros((2, len(run), 2)))
            share = np.where(entry.region.holds(layout.lat[run], layout.lon[run]), entry.fraction, 0.0)
            taken[int(entry.kind == "uprooted"), :, 0] += share
            taken[0, :, 1] += share if DISTURBANCES[entry.kind] == DISTURBANCES["fire"] else 0.0
            if (taken.sum(axis=0) > 1.0 + _ROUNDING).any():
                raise self._scenario.refuse(entry, f"the fractions of {day} sum to more than 1 in a cell")
        return [Losses(time, taken[0][own], taken[1][own]) for time, taken in sorted(found.items())]

    def cover(self, time: float, x: np.ndarray) -> None:
        """Change cover, roots, leaves and carbon in x, in place, to those of a time on the axis of the history."""
        for since, entry in self._covers:
            source = x[:, FIELDS[f"{entry.source}_cover"].offset]
            rows = entry.region.holds(self._lat, self._lon) & (source < MISSING) & (source * entry.fraction > 0.0)
            if (since - time) * self._axis.seconds > SLACK or not rows.any():
                continue
            before = np.asfortranarray(x[rows])
            after = land_cover.converted(before, entry.source, entry.target, entry.fraction)
            put(after, "leaf_area_index", land_cover.leaf_area(before, after))
            for name in (*_OF_COVER, *_CARBON):
                if name not in self._kept:
                    x[rows, FIELDS[name].columns] = after[:, FIELDS[name].columns]

    def water(self, record: Record, x: np.ndarray) -> None:
        """Change rain and states of water in x, in place."""
        changes: dict[str, np.ndarray] = {}
        if self._rain:
            changes |= self._rain.at(record)
        if self._water:
            changes |= self._water.at(record, x)
        for name, change in changes.items():
            if name in self._kept:
                continue
            now = x[:, FIELDS[name].columns]
            moved = (change != 0.0) & (np.abs(now) < MISSING)
            low, high = FIELDS[name].valid
            most = np.maximum(_room(x), now) if name == "liquid_water" else high
            least = np.minimum(now, 0.0 if name != "water_table_depth" else low)
            x[:, FIELDS[name].columns] = np.where(moved, np.clip(now + change, least, most), now)

    @property
    def tally(self) -> dict[str, np.ndarray]:
        return {**(self._rain.tally if self._rain else {}), **(self._water.tally if self._water else {})}

    def derived(self, tallies: list) -> list[str]:
        """What the scenario did, one line each."""
        total = {name: sum(tally[name] for tally in tallies) for name in (tallies[0] if tallies else {})}
        lines = [f"scenario: {line}" for line in self._lines()] or ["scenario: changes nothing"]
        if self._rain:
            before, after = total["rain"]
            ratio = f"{after / before:.4g} times that of ELM" if before > 0.0 else "none in ELM"
            lines.append(f"{', '.join(RAIN_WINDOWS)}: with the rain of the scenario from the first record on, {ratio}")
        if self._held:
            lines.append(f"weather: the files end {self._held / 3600.0:.3g} h before the run, for which the last holds")
        if self._water:
            lines += self._water.derived(total)
        elif self._rain or self.changes_cover:
            lines.append("states of water: ELM's, unchanged by the scenario")
        return lines


def _room(x: np.ndarray) -> np.ndarray:
    """Pore space that ice leaves (m3/m3) [n, 10]."""
    porosity, ice = (x[:, FIELDS[name].columns] for name in ("porosity", "ice"))
    return np.where((porosity < MISSING) & (ice < MISSING), np.maximum(porosity - ice, 0.0), 0.0)

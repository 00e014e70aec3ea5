"""What a scenario changes of rain and of states of water at the records of a run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, MISSING, N_LAYERS, RAIN_WINDOWS
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import Record
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Places
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.ranks import Progress
from elm_landslide.scenario import water
from elm_landslide.scenario.soils import Soils
from elm_landslide.scenario.weather import Weather, span
from elm_landslide.simulator import column

_COMPARED = ("liquid_water", "water_table_depth")  # with ELM


class RainChange:
    """Rain of a scenario less that of ELM, in the windows of the records."""

    def __init__(self, before: Weather, after: Weather, columns: Columns):
        begin, end = span(columns)
        self._columns = columns
        self._edges = np.clip(before.edges, begin, end)
        seconds = np.diff(self._edges)[:, None]
        self._rate = np.nan_to_num(after.rain - before.rain)
        self._sum = np.concatenate([np.zeros((1, self._rate.shape[1])), np.cumsum(self._rate * seconds, axis=0)])
        self.tally = {"rain": np.array([np.nansum(w.rain * seconds) for w in (before, after)])}

    def _until(self, time: float) -> np.ndarray:
        at = int(np.clip(np.searchsorted(self._edges, time, side="right") - 1, 0, len(self._rate) - 1))
        return self._sum[at] + self._rate[at] * (np.clip(time, self._edges[0], self._edges[-1]) - self._edges[at])

    def at(self, record: Record) -> dict[str, np.ndarray]:
        """Changes (mm), each [n, 1]."""
        columns = self._columns
        end = (record.time if columns.instants else record.end) * columns.files.axis.seconds
        until = self._until(end)
        return {
            name: (until - self._until(end - days * SECONDS_PER_DAY))[:, None] for name, days in RAIN_WINDOWS.items()
        }


class WaterChange:
    """The column's run under a scenario less that under ELM's weather, at every record."""

    def __init__(
        self,
        before: Weather,
        after: Weather,
        inputs: Inputs,
        columns: Columns,
        inside: np.ndarray,
        cover: tuple[list[float], Callable[[float, np.ndarray], None]],
        progress: Progress,
    ):
        """before, after: the weather without and with the scenario. inside: the columns in its regions, [n]. cover:
        when it changes, and what changes x, in place, to a time's; times on the axis of the history. Raises UserError
        where a column has no solution."""
        self._columns, self._path = columns, inputs.scenario
        self._lat, self._lon = columns.layout.lat[columns.index], columns.layout.lon[columns.index]
        self._number = {id(record): i for i, record in enumerate(columns.records)}
        self._first = columns.unperturbed(columns.records[0])
        soils = Soils(inputs, columns, self._first, cover[1])
        self._assumed = soils.assumed
        known = soils.known & np.isfinite(before.rain + before.snow + before.temperature).all(axis=0)
        self._touched = np.flatnonzero((soils.differ | before.differs(after)) & known)
        self._pieces = water.Pieces.of(before, *span(columns))
        self._control = [(0, soils.of(self._first))]
        self._changed = [*self._control, *self._by_time(soils, cover[0])]
        self._snow = _first_snow(columns)
        self._means = self._pieces.means([self._interval(record) for record in columns.records])
        self._has_pieces = self._means.sum(axis=1) > 0.0
        self._change, self._ours = (
            {name: np.zeros((len(columns.records), len(self._touched), _levels(name))) for name in names}
            for names in (water.FIELDS_OF, _COMPARED)
        )
        with progress(max(len(self._touched), 1)) as advance:
            water.each(lambda k: self._run(k, before, after), len(self._touched), advance)
        counts = [len(self._touched), (inside & ~known).sum()]
        self.tally = {"columns": np.array(counts), "off": np.zeros((len(_COMPARED), 2))}

    def _by_time(self, soils: Soils, times: list[float]) -> list[tuple[int, list[column.Soil]]]:
        """Soils from the first piece on that begins at or after each time."""
        seconds = self._columns.files.axis.seconds
        pieces = np.unique(np.searchsorted(self._pieces.edges, np.array(times) * seconds))
        return [(int(i), soils.at(self._pieces.edges[i] / seconds)) for i in pieces if i < len(self._pieces.interval)]

    def _run(self, k: int, before: Weather, after: Weather) -> None:
        """The k-th of the columns that are run, with and without the scenario."""
        i, results = int(self._touched[k]), []
        table, liquid = (self._first[i, FIELDS[name].columns] for name in ("water_table_depth", "liquid_water"))
        for soils, weather in ((self._control, before), (self._changed, after)):
            case = water.Case([(at, group[i]) for at, group in soils], float(table[0]), liquid, float(self._snow[i]))
            forcing = water.forcing(weather, i, float(self._lat[i]), self._pieces)
            try:
                results.append(water.run(case, forcing, self._pieces.seconds))
            except ArithmeticError as error:
                raise UserError(
                    f"{self._path}: at lat {self._lat[i]:g}, lon {self._lon[i]:g}: {error}; leave ELM's water as it is "
                    'with water = "elm"'
                ) from None
        for name, (source, unit) in water.FIELDS_OF.items():
            ours, theirs = (unit * result[source].reshape(len(self._pieces.interval), -1) for result in results)
            self._change[name][:, k] = self._means @ (theirs - ours)
            if name in self._ours:
                self._ours[name][:, k] = self._means @ ours

    def _interval(self, record: Record) -> tuple[float, float]:
        seconds = self._columns.files.axis.seconds
        first, last = record.bounds or (record.time, record.time)
        return (record.time * seconds,) * 2 if self._columns.instants else (first * seconds, last * seconds)

    def at(self, record: Record, x: np.ndarray) -> dict[str, np.ndarray]:
        """Changes by field, each [n, levels]; x [n, N_IN] before them is compared with the run under ELM's weather."""
        number, touched = self._number[id(record)], self._touched
        if self._has_pieces[number]:
            for row, name in enumerate(_COMPARED):
                elm = x[touched, FIELDS[name].columns]
                known = np.abs(elm) < MISSING
                self.tally["off"][row] += (self._ours[name][number] - elm)[known].sum(), known.sum()
        changes = {}
        for name, change in self._change.items():
            changes[name] = np.zeros((len(x), change.shape[-1]))
            changes[name][touched] = change[number]
        return changes

    def derived(self, total: dict[str, np.ndarray]) -> list[str]:
        """Lines on what was done; total: the tallies of all ranks, summed."""
        n, unknown = total["columns"]
        liquid, table = (s / count if count else 0.0 for s, count in total["off"])
        lines = [
            f"{', '.join(water.FIELDS_OF)}: plus the simulator's column under the scenario less the column under ELM's "
            f"weather, both from ELM's state of the first record (columns so: {n:.0f}); the latter is off from ELM by "
            f"{table:+.3g} m (water table) and {liquid:+.3g} m3/m3 (liquid water) on average, which the difference "
            "cancels as far as it is the same in both; ice and the perched water table are ELM's",
        ]
        if unknown:
            lines.append(
                f"states of water: ELM's where soil, state or weather is not known (columns so: {unknown:.0f})"
            )
        return lines + [f"column: {line}" for line in self._assumed]


def _levels(name: str) -> int:
    return N_LAYERS if name == "liquid_water" else 1


def _first_snow(columns: Columns) -> np.ndarray:
    """Water in the snow (m) at the first record [n], 0 where the history does not say."""
    n = len(columns.index)
    if "H2OSNO" not in columns.files.variables:
        return np.zeros(n)
    snow = columns.files.read(columns.records[0], "H2OSNO", Places(columns.layout, columns.index))
    return np.where(is_missing(snow), 0.0, np.maximum(snow, 0.0) / 1000.0)

"""Changes of rain and of states of water by record, from the weather of ELM and that of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, MISSING, N_LAYERS, RAIN_WINDOWS
from elm_landslide.offline import netcdf
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import Record, read_constants
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Places
from elm_landslide.offline.surface import read_constant_fields
from elm_landslide.physics import pedotransfer
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.ranks import Progress
from elm_landslide.scenario import water
from elm_landslide.scenario.weather import Weather, span
from elm_landslide.simulator import column

if TYPE_CHECKING:
    from elm_landslide.scenario.perturbation import ScenarioPerturbation

_STATES = ("liquid_water", "water_table_depth", "porosity", "sucsat", "bsw", "root_fraction", "sand")


class RainChange:
    """Rain of a scenario less that of ELM, in the windows of the records."""

    def __init__(self, before: Weather, after: Weather, columns: Columns):
        begin, end = span(columns)
        self._begin, self._columns = begin, columns
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
            name: (until - self._until(max(end - days * SECONDS_PER_DAY, self._begin)))[:, None]
            for name, days in RAIN_WINDOWS.items()
        }


class WaterChange:
    """The column's run under a scenario less that under ELM's weather, at every record."""

    def __init__(
        self,
        before: Weather,
        after: Weather,
        inputs: Inputs,
        columns: Columns,
        scenario: ScenarioPerturbation,
        progress: Progress,
    ):
        self._columns = columns
        self._number = {id(record): i for i, record in enumerate(columns.records)}
        first = columns.unperturbed(columns.records[0])
        soils = _Soils(inputs, columns, first, scenario)
        self._assumed = soils.assumed
        begin, end = span(columns)
        pieces = water.Pieces.of(before, begin, end)
        seconds = columns.files.axis.seconds
        at_pieces = [int(np.searchsorted(pieces.edges, t * seconds)) for t in scenario.cover_times]
        at_pieces = sorted({at for at in at_pieces if at < len(pieces.interval)})
        control = soils.of(first)
        by_time = [(0, control), *((at, soils.after(pieces.edges[at] / seconds)) for at in at_pieces)]
        weights = pieces.means([self._interval(record) for record in columns.records])
        differs = ((before.rain != after.rain) | (before.snow != after.snow)).any(axis=0)
        differs |= (before.temperature != after.temperature).any(axis=0)
        differs |= soils.differ
        known = soils.known & np.isfinite(before.rain + before.snow + before.temperature).all(axis=0)
        self._left = int((differs & ~known).sum())
        self._touched = np.flatnonzero(differs & known)
        snow = _first_snow(columns)
        lat = columns.layout.lat[columns.index]
        n = len(self._touched)
        shape = {"liquid_water": (N_LAYERS,)}
        self._change, self._control = (
            {name: np.zeros((len(columns.records), n, *shape.get(name, (1,)))) for name in names}
            for names in (water.FIELDS_OF, _COMPARED)
        )

        def one(k: int) -> None:
            i = int(self._touched[k])
            state = (
                float(first[i, FIELDS["water_table_depth"].offset]),
                first[i, FIELDS["liquid_water"].columns],
                float(snow[i]),
            )
            control_soil = [(0, control[i])]
            try:
                ours = water.run(
                    water.Case(control_soil, *state), water.forcing(before, i, lat[i], pieces), pieces.seconds
                )
                theirs = water.run(
                    water.Case([(at, group[i]) for at, group in by_time], *state),
                    water.forcing(after, i, lat[i], pieces),
                    pieces.seconds,
                )
            except ArithmeticError as error:
                lon = columns.layout.lon[columns.index][i]
                raise UserError(
                    f"{inputs.scenario}: at lat {lat[i]:g}, lon {lon:g}: {error}; leave ELM's water as it is with "
                    'water = "elm"'
                ) from None
            for name, (source, unit) in water.FIELDS_OF.items():
                change = unit * (theirs[source] - ours[source])
                self._change[name][:, k] = weights @ change.reshape(len(change), -1)
            for name in _COMPARED:
                source, unit = water.FIELDS_OF[name]
                self._control[name][:, k] = weights @ (unit * ours[source]).reshape(len(ours[source]), -1)

        with progress(max(n, 1)) as advance:
            water.each(one, n, advance)
        self._has_pieces = weights.sum(axis=1) > 0.0
        self.tally = {"columns": np.array([n, self._left]), "off": np.zeros((2, 2))}

    def _interval(self, record: Record) -> tuple[float, float]:
        seconds = self._columns.files.axis.seconds
        if self._columns.instants or not record.bounds:
            return record.time * seconds, record.time * seconds
        return record.bounds[0] * seconds, record.bounds[1] * seconds

    def at(self, record: Record, x: np.ndarray) -> dict[str, np.ndarray]:
        """Changes by field, each [n, levels]; x [n, N_IN] before them is compared with the control run."""
        number, touched = self._number[id(record)], self._touched
        if self._has_pieces[number]:
            for row, name in enumerate(_COMPARED):
                elm = x[touched, FIELDS[name].columns]
                off = np.where(np.abs(elm) < MISSING, self._control[name][number] - elm, 0.0)
                self.tally["off"][row] += off.sum(), off.size
        changes = {}
        for name, change in self._change.items():
            changes[name] = np.zeros((len(x), change.shape[-1]))
            changes[name][touched] = change[number]
        return changes

    def derived(self, total: dict[str, np.ndarray]) -> list[str]:
        """total: the tallies of all ranks, summed."""
        (n, left), off = total["columns"], total["off"]
        table, liquid = (s / count if count else 0.0 for s, count in off[[_COMPARED.index(c) for c in _ORDER]])
        lines = [
            f"{', '.join(water.FIELDS_OF)}: plus the simulator's column under the scenario less the column under ELM's "
            f"weather, both from ELM's state of the first record (columns so: {n:.0f}); the latter is off from ELM by "
            f"{table:+.3g} m (water table) and {liquid:+.3g} m3/m3 (liquid water) on average, which the difference "
            "cancels as far as it is the same in both; ice and the perched water table are ELM's",
        ]
        if left:
            lines.append(f"states of water: ELM's in {left:.0f} columns whose soil, state or weather is not known")
        return lines + [f"column: {line}" for line in self._assumed]


_COMPARED = ("liquid_water", "water_table_depth")
_ORDER = ("water_table_depth", "liquid_water")


class _Soils:
    """The simulator's soils of n columns. known, differ [n]: whether there is all that a column needs, and whether the
    scenario changes its roots or leaves; assumed: what no file gives."""

    def __init__(self, inputs: Inputs, columns: Columns, first: np.ndarray, scenario: ScenarioPerturbation):
        self._first, self._scenario = first, scenario
        here = Places(columns.layout, columns.index)
        soil = read_constants([*inputs.constants, *columns.files.paths], columns.layout, here, more=("HKSAT",))
        self.assumed = []
        if "HKSAT" in soil.values:
            self._ks = soil.values["HKSAT"].T / 1000.0
        else:
            self._ks = pedotransfer.ks(first[:, FIELDS["sand"].columns])
            self.assumed.append("HKSAT: from the sand content (Cosby et al. 1984), no file has it")
        self._surface = self._of_surface(inputs, columns)
        leaves = np.array([columns.files.read(record, "TLAI", here) for record in columns.records])
        self._leaves = np.where(is_missing(leaves).any(axis=0), np.nan, leaves.mean(axis=0))
        values = np.concatenate([first[:, FIELDS[name].columns] for name in _STATES], axis=1)
        self.known = (np.abs(values) < MISSING).all(axis=1) & np.isfinite(self._leaves)
        self.known &= (np.abs(self._ks) < MISSING).all(axis=1) & np.isfinite(list(self._surface.values())).all(axis=0)
        changed = first.copy(order="F")
        if scenario.changes_cover:
            scenario.cover(np.inf, changed)
        self.differ = (changed != first).any(axis=1)

    def _of_surface(self, inputs: Inputs, columns: Columns) -> dict[str, np.ndarray]:
        default = column.Soil(*(np.zeros(1),) * 5)
        values = {"FMAX": default.most_saturated, "SLOPE": default.slope}
        with netcdf.open_dataset(inputs.surface) as dataset:
            there = [name for name in values if name in dataset.variables]
        found = read_constant_fields(inputs.surface, there, columns.layout, columns.index) if there else {}
        for name in values:
            if name not in found:
                self.assumed.append(f"{name}: {values[name]:g}, the surface dataset does not have it")
        n = len(columns.index)
        return {name: found.get(name, np.full(n, value)) for name, value in values.items()}

    def of(self, x: np.ndarray) -> list[column.Soil]:
        """Soils with the roots of x, and the mean leaves of the run in proportion to those of x."""
        leaf = FIELDS["leaf_area_index"].offset
        ratio = x[:, leaf] / np.where(self._first[:, leaf] > 0.0, self._first[:, leaf], 1.0)
        same = x[:, leaf] == self._first[:, leaf]
        leaves = self._leaves * np.where(same, 1.0, ratio)
        return [
            column.Soil(
                self._first[i, FIELDS["porosity"].columns],
                self._ks[i],
                self._first[i, FIELDS["sucsat"].columns] / 1000.0,
                self._first[i, FIELDS["bsw"].columns],
                x[i, FIELDS["root_fraction"].columns],
                float(leaves[i]),
                float(self._surface["FMAX"][i]),
                float(self._surface["SLOPE"][i]),
            )
            for i in range(len(x))
        ]

    def after(self, time: float) -> list[column.Soil]:
        """Soils with the cover of a time on the axis of the history."""
        x = self._first.copy(order="F")
        self._scenario.cover(time, x)
        return self.of(x)


def _first_snow(columns: Columns) -> np.ndarray:
    """Water in the snow (m) at the first record [n], 0 where the history does not say."""
    n = len(columns.index)
    if "H2OSNO" not in columns.files.variables:
        return np.zeros(n)
    snow = columns.files.read(columns.records[0], "H2OSNO", Places(columns.layout, columns.index))
    return np.where(is_missing(snow), 0.0, np.maximum(snow, 0.0) / 1000.0)

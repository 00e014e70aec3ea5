"""The columns x of every record, from ELM history files and a surface dataset."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.errors import UserError, with_unit
from elm_landslide.fields import FIELDS, LAYER_INTERFACES, MISSING, N_IN, N_LAYERS, RAIN_WINDOWS, SPVAL, put
from elm_landslide.offline import moisture_offset, places, static_fields, variables
from elm_landslide.offline.cell_methods import along_time
from elm_landslide.offline.history_files import (
    STATE,
    HistoryFiles,
    Record,
    SoilConstants,
    check_level_axis,
    missing_variable,
    read_constants,
)
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.missing import MOVED, TAKEN, Missing
from elm_landslide.offline.moisture_offset import MoistureOffset
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.perturbation import Perturbation
from elm_landslide.offline.places import Places
from elm_landslide.offline.rain import gather
from elm_landslide.offline.rain_factor import RainFactor
from elm_landslide.offline.rules import CONSTANT_FIELDS, RULES, Rule
from elm_landslide.offline.surface import land_area, read_surface
from elm_landslide.offline.times import SLACK
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.ranks import share

_COARSE = ("LIVECROOTC", "DEADCROOTC")
_LOW, _HIGH = (np.concatenate([np.full(f.layers, f.valid[i]) for f in FIELDS.values()]) for i in (0, 1))


class Columns:
    """The soil columns of one rank.

    layout: all places of the history; index: the places run here, positions in the flattened layout; run: those run
    on all ranks. area: land of each cell (km2) [n], nan where unknown, and slope: gradients at its percentiles [n, 11].
    records: the time samples. interfaces: the layer interfaces (m) that differ most from the schema's,
    None where no column is run here; soil_source: the file they are from. missing: what `x` found missing so far.
    notes: what else a reader of the results should know. absent: optional fields that nothing gives. sources: the files
    read. surface_source: what the surface dataset says of its origin. landunit_weights: SurfaceFields.weights.
    perturbation: what a scenario changes; None unless it is set.
    """

    def __init__(self, inputs: Inputs, rank: int = 0, size: int = 1):
        """rank, size: the share to run."""
        overrides = dict(inputs.overrides)
        check_overrides(overrides)
        self.perturbation: Perturbation | None = None
        self._files = HistoryFiles(inputs.history)
        if STATE not in self._files.variables:
            raise missing_variable(self._files.file_without(STATE), STATE, "which water_table_depth needs")
        self.files, self.records = self._files, self._files.records
        self._number = {id(record): i for i, record in enumerate(self.records)}
        self.missing = Missing(len(self.records))
        self.layout = self._files.layout()
        self.run = np.flatnonzero(self.layout.active)
        if not self.run.size:
            raise UserError(
                f"{self._files.paths[0]}: no column to run: {self.layout.mask} takes none of {self.layout.size}"
            )
        self.index = self.run[share(self.run.size, rank, size)]
        self._places = Places(self.layout, self.index)
        self._static = np.full((self.index.size, N_IN), SPVAL, order="F")

        soil = read_constants([*inputs.constants, *self._files.paths], self.layout, self._places)
        self.soil_source, self._soil_by_column = soil.path, soil.by_column
        self._dz = soil.values["DZSOI"].T
        self.interfaces = _interfaces(self._dz)
        for field, name in CONSTANT_FIELDS.items():
            put(self._static, field, soil.values[name].T)

        self._rules = [rule for name in FIELDS if name not in overrides for rule in self._rule(name)]
        self._levels = {n: N_LAYERS if FIELDS[r.field].layers > 1 else None for r in self._rules for n in r.needs}
        self._check_variables(soil)
        mapped = static_fields.names(inputs.static) if inputs.static else set()
        static = read_surface(inputs.surface, self.layout, self.index, static_fields.SLOPES not in mapped)
        if inputs.static:  # cover by year goes its own way
            static = static_fields.overlay(static, inputs.static, self.layout, self.index, not inputs.landuse)
        self.surface_source, self._assumed, self.landunit_weights = static.source, static.assumed, static.weights
        rule_fields = {rule.field for rule in self._rules}
        for name, values in static.values.items():
            if name not in rule_fields:
                put(self._static, name, values)
        self._rain, self._no_rain = gather(self._files, inputs.rain, inputs.constants, self.layout, self._places)
        self._offset = MoistureOffset.of_run(inputs, self.layout, self.index, self._files.axis)
        self._factor = RainFactor.of_run(inputs, self.layout, self.index, self._files.axis)
        self._overrides = overrides
        for name, value in overrides.items():
            put(self._static, name, value)
        self.area, self.slope = self._land_area(static.area), self._static[:, FIELDS["slope"].columns]
        self._derived = [f"{r.field}: derived as {r.text}" for r in self._rules if r.text]
        self._derived += [line for line in static.derived if line.split(":")[0] not in rule_fields]
        self._derived += self._rain_lines()
        self._derived += [changes.derived for changes in (self._offset, self._factor) if changes]
        self._instants = self._files.is_instant(STATE)
        present = {*rule_fields, *static.values, *overrides, *(RAIN_WINDOWS if self._rain else ())}
        present |= {moisture_offset.NAME} if self._offset else set()
        self.absent = [name for name, f in FIELDS.items() if not f.required and name not in present]
        self._reasons = {name: self._reason(name) for name in FIELDS}
        self.notes = self._notes()
        read_too = [self.soil_source, *(self._rain.paths if self._rain else ())]
        self.sources = [*dict.fromkeys([*self._files.paths, *read_too]), inputs.surface, *inputs.further]

    def _land_area(self, of_surface: np.ndarray) -> np.ndarray:
        """Land (km2) of the cells, from the history files if they have it on these places."""
        first = self._files.dataset(self._files.paths[0])
        if "area" in first.variables and set(self.layout.dims) <= set(first["area"].dimensions):
            area = land_area(first, self._places, "area", "landfrac")
            return np.where(np.isfinite(area), area, of_surface)
        return of_surface

    def _rain_lines(self) -> list[str]:
        if not self._rain:
            return [f"{name}: missing, {self._no_rain}" for name in RAIN_WINDOWS]
        more = f" and {len(self._rain.paths) - 1} more" if len(self._rain.paths) > 1 else ""
        means = f"RAIN (time means of {self._rain.paths[0].name}{more}) times seconds"
        span = {name: "day" if days == 1 else f"{days:g} days" for name, days in RAIN_WINDOWS.items()}
        return [f"{name}: derived as {means} over the {span[name]} up to the record" for name in RAIN_WINDOWS]

    def derived(self, missing: Missing | None = None) -> list[str]:
        """One line for each derived field: how, and where it was missing in the records run so far; one for each other
        field that was missing somewhere.

        missing: the counts of all ranks, by default those of this one.
        """
        missing = missing or self.missing
        lines = []
        for line in self._derived:
            name = line.split(":")[0]
            if name in self._overrides:
                continue
            where, throughout = missing.statement(name, self.run.size) if name in FIELDS else ("", False)
            if not where or line.startswith(f"{name}: missing"):  # which says it already
                lines.append(line)
            else:
                lines.append(f"{name}: {where}" if throughout else f"{line}; {where}")
        stated = {line.split(":")[0] for line in self._derived}
        others = [name for name in missing.by_field() if name not in stated]
        return lines + [f"{name}: {missing.statement(name, self.run.size)[0]}" for name in others]

    def _notes(self) -> list[str]:
        """What may surprise about the files: long means, stamps that cannot be checked, cells left out."""
        notes = []
        if self._files.is_mean(STATE):
            lengths = [r.bounds[1] - r.bounds[0] for r in self.records if r.bounds]
            days = max(lengths, default=0.0) * self._files.axis.seconds / SECONDS_PER_DAY
            short = [name for name, window in RAIN_WINDOWS.items() if window < days]
            if short:
                notes.append(
                    f"the states are means over up to {days:.4g} days, longer than the windows of {', '.join(short)}: "
                    "a mean state has no wettest day"
                )
            if len(lengths) < len(self.records):
                notes.append("the states are time means without bounds; each is taken to end at its time")
        if self._instants and any(abs(r.end - r.time) * self._files.axis.seconds > SLACK for r in self.records):
            notes.append("the states are instants; each is taken at its time, wherever that lies within its bounds")
        if self._files.masks_differ:
            notes.append(
                f"{self.layout.mask} differs between the files: a place is run where it is active in one of them"
            )
        if self.layout.landunit is not None and not self._soil_by_column:
            notes.append("the soil constants are by cell: each column takes those of its cell")
        left_out = self._left_out()
        if left_out:
            notes.append(
                f"{self.layout.mask} leaves out {left_out} of {left_out + self.run.size} cells that have {STATE}"
            )
        return notes

    def _left_out(self) -> int:
        """Places that have a state in the first record but are not run; of columns, all but soil are meant to be."""
        idle = np.flatnonzero(~self.layout.active)
        if self.layout.landunit is not None or not idle.size:
            return 0
        return int((~is_missing(self._files.read(self.records[0], STATE, Places(self.layout, idle)))).sum())

    def _rule(self, field: str) -> list[Rule]:
        """The rule for a field that these files allow: one or none; UserError if a required field has none."""
        rules = [rule for rule in RULES if rule.field == field]
        for rule in rules:
            if all(name in self._files.variables for name in rule.needs):
                return [rule]
        if rules and FIELDS[field].required and field != "root_fraction":  # that one also follows from the surface
            name = next(n for n in rules[0].needs if n not in self._files.variables)
            also = "".join(f" (or {' and '.join(r.needs)})" for r in rules[1:])
            raise missing_variable(self._files.file_without(name), name, f"which {field} needs{also}")
        return []

    def _check_variables(self, soil: SoilConstants) -> None:
        """Every variable of a rule must be on the places of the water table, and its levels must be the soil layers."""
        instants = {name: self._files.is_instant(name) for name in self._levels}  # in the first file
        for path in self._files.paths:
            dataset = self._files.dataset(path)
            for name, levels in self._levels.items():
                self._check_method(path, dataset, name, instants[name])
                dims = places.horizontal_of(dataset, path, name)
                if dims != self.layout.dims:
                    raise UserError(
                        f"{path}: {name} is by {dims}, {STATE} by {self.layout.dims}: "
                        "set hist_type1d_pertape = 'COLS' for this tape"
                    )
                level = variables.level_dimension(dataset[name], self.layout.dims, levels)
                if level:
                    check_level_axis(dataset, path, name, level, soil)

    def _check_method(self, path: Path | str, dataset: netCDF4.Dataset, name: str, instant: bool) -> None:
        """A state is a mean or an instant, the same in all files; a sum or an extreme is another quantity."""
        methods = along_time(str(getattr(dataset[name], "cell_methods", "")))
        if not set(methods) <= {"mean", "point"}:
            raise UserError(
                f"{path}: {name} is a {methods[-1]} over time, wanted means or instants: in user_nl_elm add "
                f"'{name}:A' or '{name}:I' to the tape"
            )
        if ("point" in methods) != instant:
            raise UserError(f"{path}: {name} is an instant here or in {self._files.paths[0]}, and a mean in the other")

    def x(self, record: Record) -> np.ndarray:
        """Inputs of the columns at a record, float64 (n, N_IN), Fortran order; what is missing is SPVAL."""
        x, why = self._of_files(record)
        if self.perturbation:
            self.perturbation.water(record, x)
        if self._factor:
            self._factor.put(record.time if self._instants else record.end, x)
        self._count(record, x, why)
        return x

    def unperturbed(self, record: Record) -> np.ndarray:
        """x before a perturbation; what is missing is not counted."""
        return self._of_files(record)[0]

    def _of_files(self, record: Record) -> tuple[np.ndarray, dict[str, str]]:
        """x as the files give it, and why rain is missing by window."""
        x = self._static.copy(order="F")
        values = {name: self._files.read(record, name, self._places, n).T for name, n in self._levels.items()}
        for rule in self._rules:
            inputs = [values[name] for name in rule.needs]
            dz = self._dz if FIELDS[rule.field].layers > 1 else None
            absent = np.any([is_missing(v) for v in inputs], axis=0) | (False if dz is None else is_missing(dz))
            with np.errstate(all="ignore"):  # a missing operand, replaced in the same statement
                result = np.where(absent, SPVAL, rule.derive(dz, *inputs))
            put(x, rule.field, result)
        why = dict.fromkeys(RAIN_WINDOWS, self._no_rain)
        now = record.time if self._instants else record.end
        if self._offset:
            put(x, moisture_offset.NAME, self._offset.at(now))
        if self._rain:
            for name, (values_mm, reason) in self._rain.at(now).items():
                if name not in self._overrides:
                    put(x, name, values_mm)
                    why[name] = reason
        return x, why

    @property
    def instants(self) -> bool:
        """Whether the states are instants, each at its time, and not means up to the end of their records."""
        return self._instants

    def from_surface(self, name: str) -> bool:
        """Whether a field is neither overridden nor in the history."""
        return name not in self._overrides and all(rule.field != name for rule in self._rules)

    def coarse_carbon(self, record: Record, x: np.ndarray) -> np.ndarray:
        """Carbon in coarse roots of trees and shrubs (kg C/m2) [n, 2], SPVAL where the history does not have it; split
        in proportion to their cover in x (n, N_IN), for the history does not say whose it is."""
        if not set(_COARSE) <= self._files.variables:
            return np.full((self.index.size, 2), SPVAL)
        parts = [self._files.read(record, name, self._places) for name in _COARSE]
        cover = x[:, [FIELDS["tree_cover"].offset, FIELDS["shrub_cover"].offset]]
        total = cover.sum(axis=1)
        absent = np.any([is_missing(part) for part in parts], axis=0) | ~((total > 0.0) & (total < MISSING))
        share = cover / np.where(absent, 1.0, total)[:, None]
        return np.where(absent[:, None], SPVAL, share * ((parts[0] + parts[1]) / 1000.0)[:, None])

    def _reason(self, name: str) -> str:
        """Why a field is missing; '' if its default is simply true."""
        if name not in self.absent or name in RAIN_WINDOWS:
            return "missing in the input"
        needs = {n for rule in RULES if rule.field == name for n in rule.needs}
        reason = "not in every file" if needs & self._files.in_some else "not in the files"
        if name == "snowmelt":  # whose default is right only where nothing melts
            return f"{reason}, while the soil holds ice"
        return reason if FIELDS[name].filled is True else ""

    def _count(self, record: Record, x: np.ndarray, why: dict[str, str]) -> None:
        """Count what is missing, what a default of ELM replaces, and what lies outside its range."""
        number, lacking = self._number[id(record)], ~(np.abs(x) < MISSING)
        beyond = ~lacking & ((x < _LOW) | (x > _HIGH))
        for name, field in FIELDS.items():
            missing = lacking[:, field.columns].any(axis=1)
            if name in self.absent and name == "snowmelt":
                ice = FIELDS["ice"].columns
                missing &= ((x[:, ice] > 0.0) & ~lacking[:, ice]).any(axis=1)
            if reason := why.get(name) or self._reasons[name]:
                self.missing.add(number, name, reason, int(missing.sum()))
            if name in self._assumed and name not in self._overrides:
                self.missing.add(number, name, TAKEN, int(self._assumed[name].sum()))
            low, high = field.valid
            outside = with_unit(f"outside {low:g} to {high:g}", field.unit)
            self.missing.add(number, name, f"{outside}, {MOVED}", int(beyond[:, field.columns].any(axis=1).sum()))

    def close(self) -> None:
        self._files.close()
        if self._rain:
            self._rain.close()


def check_overrides(overrides: dict[str, float]) -> None:
    """Refuse an unknown field or a value outside its valid range."""
    for name, value in overrides.items():
        if name not in FIELDS:
            raise UserError(f"--set {name}: no such field; the fields are {', '.join(FIELDS)}")
        low, high = FIELDS[name].valid
        if not low <= value <= high:
            wanted = with_unit(f"{low:g} to {high:g}", FIELDS[name].unit)
            raise UserError(f"--set {name}={value:g}: wanted a value from {wanted}")


def _interfaces(dz: np.ndarray) -> np.ndarray | None:
    """Layer interfaces (m, from 0) of the column, of those with soil, that differs most from the schema's."""
    dz = dz[~is_missing(dz).any(axis=1)]
    if not len(dz):
        return None
    z = np.concatenate([np.zeros((len(dz), 1)), np.cumsum(dz, axis=1)], axis=1)
    return z[np.argmax(np.abs(z - LAYER_INTERFACES).max(axis=1))]

"""The columns x of every record, from ELM history files and a surface dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from elm_landslide.data import netcdf
from elm_landslide.data.elm_history import STATE, HistoryFiles, missing_variable, read_constants
from elm_landslide.data.netcdf import Places, is_missing
from elm_landslide.data.rain import WINDOWS, gather
from elm_landslide.data.surface import read_surface
from elm_landslide.errors import UserError, with_unit
from elm_landslide.fields import FIELDS, LAYER_INTERFACES, N_IN, SPVAL
from elm_landslide.physics.constants import ICE_DENSITY, WATER_DENSITY

_ROUNDING = 1e-6  # m3/m3: a difference of single-precision fields may lie this far below 0


@dataclass(frozen=True)
class Rule:
    """How a field follows from history variables: `derive(dz, *variables)`; `text` is empty where it is one of them."""

    field: str
    needs: tuple[str, ...]
    derive: Callable[..., np.ndarray]
    text: str = ""


def _same(dz, value):
    return value


def _sum(dz, *values):
    return sum(values)


def _liquid_of_total(dz, total, ice):
    liquid = total - ice / (ICE_DENSITY * dz)
    return np.where((liquid < 0) & (liquid > -_ROUNDING), 0.0, liquid)


# In order of preference within a field.
RULES = (
    Rule("liquid_water", ("SOILLIQ",), lambda dz, m: m / (WATER_DENSITY * dz), "SOILLIQ / (1000 DZSOI)"),
    Rule("liquid_water", ("H2OSOI", "SOILICE"), _liquid_of_total, "H2OSOI - SOILICE / (917 DZSOI)"),
    Rule("ice", ("SOILICE",), lambda dz, m: m / (ICE_DENSITY * dz), "SOILICE / (917 DZSOI)"),
    Rule("root_fraction", ("ROOTFR",), _same),
    Rule("water_table_depth", ("ZWT",), _same),
    Rule("surface_runoff", ("QOVER",), _same),
    Rule("subsurface_drainage", ("QDRAI", "QDRAI_PERCH"), _sum, "QDRAI + QDRAI_PERCH"),
    Rule("water_input", ("QTOPSOIL",), _same),
    Rule("water_input", ("QINFL", "QOVER"), _sum, "QINFL + QOVER"),
    Rule("leaf_area_index", ("TLAI",), _same),
    Rule("perched_water_table_depth", ("ZWT_PERCH",), _same),
    Rule("frost_table_depth", ("FROST_TABLE",), _same),
    Rule("snowmelt", ("QSNOMELT",), _same),
    Rule("vegetation_carbon", ("TOTVEGC",), lambda dz, c: c / 1000.0, "TOTVEGC / 1000"),
    Rule(
        "root_carbon",
        ("FROOTC", "LIVECROOTC", "DEADCROOTC"),
        lambda dz, *c: sum(c) / 1000.0,
        "(FROOTC + LIVECROOTC + DEADCROOTC) / 1000",
    ),
)
_CONSTANT_FIELDS = {"porosity": "WATSAT", "sucsat": "SUCSAT", "bsw": "BSW"}


def share(n: int, rank: int, size: int) -> slice:
    """The contiguous share of n columns that a rank runs; some are empty where size > n."""
    return slice(n * rank // size, n * (rank + 1) // size)


class Columns:
    """The soil columns of one rank.

    layout: all places of the history; index: the places run here, positions in the flattened layout; run: those run
    on all ranks. records: the time samples. interfaces: the layer interfaces (m) that differ most from the schema's,
    None where no column is run here; soil_source: the file they are from. derived: one line for each derived field,
    and why the antecedent rain is missing where it is. absent: optional fields that nothing gives. sources: the files
    read. surface_source: what the surface dataset says of its origin.
    """

    def __init__(self, history, constants, surface, overrides=None, rank: int = 0, size: int = 1, rain=()):
        """history, constants: paths of history files (constants may be empty); surface: path of a surface dataset.

        overrides: values by field name that take the place of what the files say. rank, size: the share to run.
        rain: paths of further history files with time means of RAIN.
        """
        overrides = dict(overrides or {})
        check_overrides(overrides)
        self._files = HistoryFiles(history)
        if STATE not in self._files.variables:
            raise missing_variable(self._files.file_without(STATE), STATE, "which water_table_depth needs")
        self.files, self.records = self._files, self._files.records
        self.layout = self._files.layout()
        self.run = np.flatnonzero(self.layout.active)
        self.index = self.run[share(self.run.size, rank, size)]
        self.derived: list[str] = []
        self._places = Places(self.layout, self.index)
        self._static = np.full((self.index.size, N_IN), SPVAL, order="F")
        lat, lon = self.layout.lat[self.index], self.layout.lon[self.index]

        soil, self.soil_source = read_constants([*constants, *self._files.paths], lat, lon, self.layout, self._places)
        self._dz = soil["DZSOI"].T
        self.interfaces = _interfaces(self._dz)
        for field, name in _CONSTANT_FIELDS.items():
            self._static[:, FIELDS[field].columns] = soil[name].T

        self._rules = [rule for name in FIELDS if name not in overrides for rule in self._rule(name)]
        self._check_layouts()
        landunit = None if self.layout.landunit is None else self.layout.landunit[self.index]
        static = read_surface(surface, lat, lon, landunit)
        self.surface_source = static.source
        read = {rule.field for rule in self._rules}
        for name, values in static.values.items():
            if name not in read:
                self._static[:, FIELDS[name].columns] = values.reshape(self.index.size, FIELDS[name].layers)
        derived = [f"{r.field}: derived as {r.text}" for r in self._rules if r.text]
        derived += [line for line in static.derived if line.split(":")[0] not in read]
        self._rain, reason = gather(self._files, rain, constants, self.layout, self._places, lat, lon)
        if self._rain:
            more = f" and {len(self._rain.paths) - 1} more" if len(self._rain.paths) > 1 else ""
            derived += [
                f"{name}: derived as RAIN (time means of {self._rain.paths[0].name}{more}) times seconds over "
                f"the {days:g} days up to the record"
                for name, days in WINDOWS.items()
            ]
        else:
            derived += [f"{name}: missing, {reason}" for name in WINDOWS]
        self.derived = [line for line in derived if line.split(":")[0] not in overrides]
        given = {*read, *static.values, *overrides, *(WINDOWS if self._rain else ())}
        self.absent = [name for name, f in FIELDS.items() if not f.required and name not in given]
        self._overrides = overrides
        for name, value in overrides.items():
            self._static[:, FIELDS[name].columns] = value
        read_too = [self.soil_source, *(self._rain.paths if self._rain else ())]
        self.sources = [*dict.fromkeys([*self._files.paths, *read_too]), surface]

    def _rule(self, field: str) -> list[Rule]:
        """The rule for a field that these files allow: one or none; none for a required one is a UserError."""
        rules = [rule for rule in RULES if rule.field == field]
        for rule in rules:
            if all(name in self._files.variables for name in rule.needs):
                return [rule]
        if rules and FIELDS[field].required and field != "root_fraction":  # that one also follows from the surface
            name = next(n for n in rules[0].needs if n not in self._files.variables)
            also = "".join(f" (or {' and '.join(r.needs)})" for r in rules[1:])
            raise missing_variable(self._files.file_without(name), name, f"which {field} needs{also}")
        return []

    def _check_layouts(self) -> None:
        """Every variable of a rule must lie on the places of the water table."""
        first = self._files.paths[0]
        dataset = self._files.dataset(first)
        for name in {n for rule in self._rules for n in rule.needs}:
            dims = netcdf.layout_of(dataset, first, name).dims
            if dims != self.layout.dims:
                raise UserError(
                    f"{first}: {name} is by {dims}, {STATE} by {self.layout.dims}: "
                    "set hist_type1d_pertape = 'COLS' for this tape"
                )

    def x(self, record) -> np.ndarray:
        """Inputs of the columns at a record, float64 (n, N_IN), Fortran order; what is missing is SPVAL."""
        x = self._static.copy(order="F")
        values = {
            name: self._files.read(record, name, self._places).T
            for name in {n for rule in self._rules for n in rule.needs}
        }
        for rule in self._rules:
            inputs = [values[name] for name in rule.needs]
            dz = self._dz if FIELDS[rule.field].layers > 1 else None
            absent = np.any([is_missing(v) for v in inputs], axis=0) | (False if dz is None else is_missing(dz))
            with np.errstate(all="ignore"):  # a missing operand, replaced in the same statement
                result = np.where(absent, SPVAL, rule.derive(dz, *inputs))
            x[:, FIELDS[rule.field].columns] = result.reshape(self.index.size, FIELDS[rule.field].layers)
        if self._rain:
            for name, values_mm in self._rain.at(record.time).items():
                if name not in self._overrides:
                    x[:, FIELDS[name].offset] = values_mm
        return x

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


def _interfaces(dz) -> np.ndarray | None:
    """Layer interfaces (m, from 0) of the column, of those with soil, that differs most from the schema's."""
    dz = dz[~is_missing(dz).any(axis=1)]
    if not len(dz):
        return None
    z = np.concatenate([np.zeros((len(dz), 1)), np.cumsum(dz, axis=1)], axis=1)
    return z[np.argmax(np.abs(z - LAYER_INTERFACES).max(axis=1))]

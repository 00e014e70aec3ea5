"""The fields that cross the bridge, read from fields.toml, and their C, Fortran and schema views.

Only the standard library is imported here: the build runs this file as a script, before the package exists:

    python fields.py c       > landslide_fields.h
    python fields.py fortran > landslide_fields.F90
    python fields.py schema          # the table that a model file carries
    python fields.py markdown        # the table of the README
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import ArrayLike

_DECLARATION = tomllib.loads(Path(__file__).with_name("fields.toml").read_text())

SCHEMA_VERSION: int = _DECLARATION["schema_version"]
ABI_VERSION: int = _DECLARATION["abi_version"]
SPVAL: float = _DECLARATION["spval"]
MISSING: float = _DECLARATION["missing"]
MODEL_BYTES: int = _DECLARATION["model_bytes"]
LAYER_INTERFACES: tuple[float, ...] = tuple(_DECLARATION["layers"]["interfaces"])
LAYER_TOLERANCE: float = _DECLARATION["layers"]["tolerance"]
SLOPE_PERCENTILES: tuple[float, ...] = tuple(_DECLARATION["slope_percentiles"]["levels"])
WETNESS_PERCENTILES: tuple[float, ...] = tuple(_DECLARATION["wetness_percentiles"]["levels"])
FLAGS: dict[str, int] = _DECLARATION["flags"]


@dataclass(frozen=True)
class Field:
    """One input field; `offset` is its first column in x (from 0). The rest is explained in fields.toml."""

    name: str
    layers: int
    unit: str
    valid: tuple[float, float]
    required: bool
    default: float
    long_name: str
    history: str
    offset: int
    filled: bool | str = True
    elm: str = ""
    days: int = 0  # of a window of antecedent rain

    @property
    def columns(self) -> slice:
        return slice(self.offset, self.offset + self.layers)


@dataclass(frozen=True)
class Output:
    """One output; `index` is its column in y (from 0)."""

    name: str
    unit: str
    history: str
    long_name: str
    index: int


def _read_fields() -> dict[str, Field]:
    fields, offset = {}, 0
    for entry in _DECLARATION["field"]:
        # A required field has no default: a value could only hide that it is missing.
        default = SPVAL if entry["required"] else entry["default"]
        fields[entry["name"]] = Field(**{**entry, "valid": tuple(entry["valid"]), "default": default}, offset=offset)
        offset += entry["layers"]
    return fields


FIELDS: dict[str, Field] = _read_fields()
OUTPUTS: dict[str, Output] = {e["name"]: Output(**e, index=i) for i, e in enumerate(_DECLARATION["output"])}
OUTSIDE = Output(**_DECLARATION["outside"], name="outside", index=len(OUTPUTS))  # not an output of the model
_CHANCE = dict(_DECLARATION["chance"])
STEEP: float = _CHANCE.pop("steep")  # m/m
BASE_RATE: float = _CHANCE.pop("base_rate")  # reports per km2 of steep land and year
LARGEST_RATE: float = _CHANCE.pop("largest_rate")  # likewise
CHANCE = Output(**_CHANCE, name="chance", index=len(OUTPUTS) + 1)  # nor this
STRENGTH = Output(**_DECLARATION["strength"], name="strength", index=len(OUTPUTS) + 2)  # nor this
ROOTS: dict = _DECLARATION["roots"]
DISTURBANCES: dict[str, int] = _DECLARATION["disturbances"]
LARGEST_RAIN_FACTOR: float = _DECLARATION["months"]["largest_rain_factor"]
MONTH_DAYS: tuple[int, ...] = tuple(_DECLARATION["months"]["days"])
ROOT_VERSION = f"{ROOTS['version']}_{ROOTS['cohorts']}"  # of the numbers in a memory of roots
RAIN_WINDOWS: dict[str, int] = {field.name: field.days for field in FIELDS.values() if field.days}  # days
# In the order of WETNESS_PERCENTILES.
WETNESS_FIELDS: tuple[str, ...] = ("wetness_low", "wetness_median", "wetness_high")
N_IN: int = sum(field.layers for field in FIELDS.values())
N_OUT: int = len(OUTPUTS)
N_LAYERS: int = len(LAYER_INTERFACES) - 1


def put(x: np.ndarray, name: str, value: ArrayLike) -> None:
    """Set a field of x [..., N_IN]; value: [..., layers], [...] for a field of one layer, or what broadcasts to it."""
    import numpy as np

    value = np.asarray(value, dtype=np.float64)
    if FIELDS[name].layers == 1 and value.ndim == x.ndim - 1:
        value = value[..., None]
    x[..., FIELDS[name].columns] = value


def pack(values: Mapping[str, ArrayLike], shape: tuple[int, ...] = ()) -> np.ndarray:
    """x [*shape, N_IN] from values by field name, each as for `put`; SPVAL where nothing is given."""
    import numpy as np

    x = np.full((*shape, N_IN), SPVAL)
    for name, value in values.items():
        put(x, name, value)
    return x


def unpack(x: np.ndarray) -> dict[str, np.ndarray]:
    """Views of x [..., N_IN] by field name: [..., layers], or [...] for a field of one layer."""
    return {f.name: x[..., f.columns] if f.layers > 1 else x[..., f.offset] for f in FIELDS.values()}


def schema_table() -> str:
    """The fixed-format table of the model file: one record a line, words separated by one space.

    A unit's spaces are written as underscores, so that a reader can split on white space.
    """
    lines = [
        f"landslide_schema {SCHEMA_VERSION}",
        "interfaces " + " ".join([str(len(LAYER_INTERFACES)), *map(repr, LAYER_INTERFACES)]),
        f"fields {len(FIELDS)}",
    ]
    for f in FIELDS.values():
        kind = "required" if f.required else "optional"
        unit = f.unit.replace(" ", "_")
        lines.append(f"{f.name} {f.layers} {unit} {f.valid[0]!r} {f.valid[1]!r} {kind} {f.default!r}")
    lines.append(f"outputs {N_OUT}")
    lines += [f"{o.name} {o.unit.replace(' ', '_')}" for o in OUTPUTS.values()]
    return "\n".join(lines) + "\n"


def c_header() -> str:
    """landslide_fields.h: sizes, flags, 0-based offsets and the schema table as one string."""
    table = "".join(f'  "{line}\\n" \\\n' for line in schema_table().splitlines())
    lines = [
        "/* Generated from fields.toml. Do not edit. */",
        "#ifndef LANDSLIDE_FIELDS_H",
        "#define LANDSLIDE_FIELDS_H",
        f"#define LANDSLIDE_SCHEMA_VERSION {SCHEMA_VERSION}",
        f"#define LANDSLIDE_ABI_VERSION {ABI_VERSION}",
        f"#define LANDSLIDE_N_IN {N_IN}",
        f"#define LANDSLIDE_N_OUT {N_OUT}",
        f"#define LANDSLIDE_N_FIELDS {len(FIELDS)}",
        f"#define LANDSLIDE_N_LAYERS {N_LAYERS}",
        f"#define LANDSLIDE_SPVAL {SPVAL!r}",
        f"#define LANDSLIDE_MISSING {MISSING!r}",
        f"#define LANDSLIDE_MODEL_BYTES {MODEL_BYTES}",
        f"#define LANDSLIDE_LAYER_TOLERANCE {LAYER_TOLERANCE!r}",
        *(f"#define LANDSLIDE_FLAG_{name.upper()} {value}" for name, value in FLAGS.items()),
        *(f"#define LANDSLIDE_IN_{f.name.upper()} {f.offset}" for f in FIELDS.values()),
        *(f"#define LANDSLIDE_OUT_{o.name.upper()} {o.index}" for o in OUTPUTS.values()),
        "#define LANDSLIDE_SCHEMA_TABLE \\",
        table.rstrip(" \\\n"),
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def fortran_module() -> str:
    """landslide_fields.F90: the same constants; indices are 1-based."""

    def real(value: float) -> str:
        return f"{value!r}_r8"

    def array(literals: Iterable[str]) -> str:
        return "[ &\n    " + ", &\n    ".join(literals) + "]"

    def texts(name: str, values: list[str]) -> str:
        values = [v.replace("'", "''") for v in values]
        width = max(map(len, values))
        quoted = array(f"'{v:<{width}}'" for v in values)
        return f"  character(len={width}), parameter :: {name}({len(values)}) = {quoted}"

    not_in_elm = ", ".join(f.name for f in FIELDS.values() if not f.elm)
    firsts = [*(f.offset + 1 for f in FIELDS.values()), N_IN + 1]
    required = array(f".{str(f.required).lower()}." for f in FIELDS.values())
    interfaces = array(map(real, LAYER_INTERFACES))
    lines = [
        "! Generated from fields.toml. Do not edit.",
        "module landslide_fields",
        "  implicit none",
        "  public",
        "  integer, parameter, private :: r8 = selected_real_kind(12)",
        f"  integer, parameter :: landslide_schema_version = {SCHEMA_VERSION}",
        f"  integer, parameter :: landslide_abi_version = {ABI_VERSION}",
        f"  integer, parameter :: landslide_n_in = {N_IN}",
        f"  integer, parameter :: landslide_n_out = {N_OUT}",
        f"  integer, parameter :: landslide_n_fields = {len(FIELDS)}",
        f"  integer, parameter :: landslide_n_layers = {N_LAYERS}",
        f"  integer, parameter :: landslide_model_bytes = {MODEL_BYTES}",
        f"  real(r8), parameter :: landslide_spval = {real(SPVAL)}",
        f"  real(r8), parameter :: landslide_missing = {real(MISSING)}",
        f"  real(r8), parameter :: landslide_interfaces({len(LAYER_INTERFACES)}) = {interfaces}",
        f"  integer, parameter :: landslide_n_percentiles = {len(SLOPE_PERCENTILES)}",
        texts("landslide_field_names", [f.name for f in FIELDS.values()]),
        "  ! First column of x of each field; the last entry is one past the end.",
        f"  integer, parameter :: landslide_field_first({len(firsts)}) = {array(map(str, firsts))}",
        f"  logical, parameter :: landslide_field_required({len(FIELDS)}) = {required}",
        texts("landslide_output_history", [o.history for o in OUTPUTS.values()]),
        texts("landslide_output_units", [o.unit for o in OUTPUTS.values()]),
        texts("landslide_output_long_names", [o.long_name for o in OUTPUTS.values()]),
        f"  character(len=*), parameter :: landslide_outside_history = '{OUTSIDE.history}'",
        f"  character(len=*), parameter :: landslide_outside_units = '{OUTSIDE.unit}'",
        f"  character(len=*), parameter :: landslide_outside_long_name = &\n    '{OUTSIDE.long_name}'",
        f"  character(len=*), parameter :: landslide_chance_history = '{CHANCE.history}'",
        f"  character(len=*), parameter :: landslide_chance_units = '{CHANCE.unit}'",
        f"  character(len=*), parameter :: landslide_chance_long_name = &\n    '{CHANCE.long_name}'",
        f"  real(r8), parameter :: landslide_steep = {real(STEEP)}",
        f"  real(r8), parameter :: landslide_default_base_rate = {real(BASE_RATE)}",
        f"  real(r8), parameter :: landslide_largest_base_rate = {real(LARGEST_RATE)}",
        "  ! Windows of antecedent rain: their lengths (days) and columns of x.",
        f"  integer, parameter :: landslide_rain_days({len(RAIN_WINDOWS)}) = {array(map(str, RAIN_WINDOWS.values()))}",
        f"  integer, parameter :: landslide_rain_columns({len(RAIN_WINDOWS)}) = "
        + array(str(FIELDS[name].offset + 1) for name in RAIN_WINDOWS),
        f"  character(len=*), parameter :: landslide_strength_history = '{STRENGTH.history}'",
        f"  character(len=*), parameter :: landslide_strength_units = '{STRENGTH.unit}'",
        f"  character(len=*), parameter :: landslide_strength_long_name = &\n    '{STRENGTH.long_name}'",
        "  ! Roots in time.",
        *(
            f"  real(r8), parameter :: landslide_root_{name}({len(ROOTS[name])}) = {array(map(real, ROOTS[name]))}"
            for name in ("cohesion", "carbon", "decay", "tree", "shrub", "profile")
        ),
        f"  real(r8), parameter :: landslide_root_turnover = {real(ROOTS['turnover'])}",
        f"  real(r8), parameter :: landslide_root_year = {real(ROOTS['year'])}",
        *(f"  integer, parameter :: landslide_{name} = {kind}" for name, kind in DISTURBANCES.items()),
        f"  integer, parameter :: landslide_month_days({len(MONTH_DAYS)}) = {array(map(str, MONTH_DAYS))}",
        "  real(r8), parameter :: landslide_largest_moisture_offset = " + real(FIELDS["soil_moisture_offset"].valid[1]),
        f"  real(r8), parameter :: landslide_largest_rain_factor = {real(LARGEST_RAIN_FACTOR)}",
        f"  integer, parameter :: landslide_root_cohorts = {ROOTS['cohorts']}",
        f"  character(len=*), parameter :: landslide_root_version = '{ROOT_VERSION}'",
        f"  character(len=*), parameter :: landslide_not_in_elm = '{not_in_elm}'",
        *(f"  integer, parameter :: landslide_flag_{name} = {value}" for name, value in FLAGS.items()),
        *(f"  integer, parameter :: in_{f.name} = {f.offset + 1}" for f in FIELDS.values()),
        "  ! Least and greatest value of each field that can be.",
        *(f"  real(r8), parameter :: valid_{f.name}(2) = {array(map(real, f.valid))}" for f in FIELDS.values()),
        *(f"  integer, parameter :: out_{o.name} = {o.index + 1}" for o in OUTPUTS.values()),
        "end module landslide_fields",
    ]
    return "\n".join(lines) + "\n"


def markdown_table() -> str:
    """The field table of README.md, which a test compares with this."""
    lines = [
        "| field | columns | unit | valid | | what it is | from ELM history or surface files |",
        "|---|---|---|---|---|---|---|",
    ]
    for f in FIELDS.values():
        kind = "required" if f.required else "optional"
        low, high = (f"{v:g}" for v in f.valid)
        lines.append(f"| `{f.name}` | {f.layers} | {f.unit} | {low} to {high} | {kind} | {f.long_name} | {f.history} |")
    return "\n".join(lines) + "\n"


_VIEWS = {"c": c_header, "fortran": fortran_module, "schema": schema_table, "markdown": markdown_table}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in _VIEWS:
        sys.exit(f"usage: fields.py {{{'|'.join(_VIEWS)}}}")
    sys.stdout.write(_VIEWS[sys.argv[1]]())

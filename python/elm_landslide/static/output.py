"""The file of static fields: one netCDF on the ELM grid that `run --static`, ELM and a user's eye read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from elm_landslide import __version__
from elm_landslide.fields import SLOPE_PERCENTILES, SPVAL
from elm_landslide.static.elm_grid import ElmGrid

COMPLETE, PARTLY, NOTHING = 0, 1, 2
_WHOLE = 0.999  # of a cell: more is complete, for maps and grids are not exact


@dataclass
class Variable:
    """values [n, ...]; dims: names of the dimensions after the first."""

    name: str
    values: np.ndarray
    units: str
    long_name: str
    dims: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)


def flags(covered: np.ndarray) -> np.ndarray:
    return np.where(covered <= 0.0, NOTHING, np.where(covered < _WHOLE, PARTLY, COMPLETE)).astype(np.int32)


def coverage_variables(prefix: str, what: str, covered: np.ndarray) -> list[Variable]:
    meanings = {"flag_values": np.array([0, 1, 2], dtype=np.int32), "flag_meanings": "complete partly nothing"}
    return [
        Variable(f"{prefix}_COVERED", covered, "1", f"share of the cell for which {what} is known"),
        Variable(f"{prefix}_FLAG", flags(covered), "1", f"whether {what} is known in the cell", attributes=meanings),
    ]


def write(path: Path, grid: ElmGrid, content: list[Variable], attributes: dict[str, Any]) -> None:
    """path: as it is, not by way of a temporary name. Raises what netCDF4 raises."""
    with netCDF4.Dataset(str(path), "w") as out:
        out.setncatts(
            {
                "Conventions": "CF-1.10",
                "title": "Static fields of hillslopes on an ELM grid",
                "source": f"ELM-Landslide {__version__}",
                **attributes,
            }
        )
        for name, size in zip(grid.dims, grid.shape, strict=True):
            out.createDimension(name, size)
        out.createDimension("nlevslp", len(SLOPE_PERCENTILES))
        place = [
            Variable("LATIXY", grid.lat, "degrees_north", "latitude", attributes={"standard_name": "latitude"}),
            Variable("LONGXY", grid.lon, "degrees_east", "longitude", attributes={"standard_name": "longitude"}),
        ]
        for v in [*place, *content]:
            values = np.moveaxis(
                v.values.reshape(*grid.shape, *v.values.shape[1:]), range(len(grid.shape)), _last(grid)
            )
            for name, size in zip(v.dims, values.shape, strict=False):
                if name not in out.dimensions:
                    out.createDimension(name, size)
            whole = v.values.dtype.kind == "i"
            variable = out.createVariable(
                v.name, "i4" if whole else "f8", (*v.dims, *grid.dims), zlib=True, fill_value=None if whole else SPVAL
            )
            variable.setncatts({"long_name": v.long_name, "units": v.units, **v.attributes})
            if v.name not in ("LATIXY", "LONGXY"):
                variable.coordinates = "LATIXY LONGXY"
            variable[:] = values if whole else np.where(np.isfinite(values), values, SPVAL)


def _last(grid: ElmGrid) -> list[int]:
    return list(range(-len(grid.shape), 0))

"""A file of the intensity of rain on the six cells of elm_files."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.fields import SPVAL
from support.elm_files import N
from support.root_files import cells


def write_factors(path: Path, values, name: str = "rain_factor", gridded: bool = False, **changes) -> Path:
    """values: [month, cell], or one for all. changes: units; shift of the latitudes."""
    values = np.asarray(values, dtype=float)
    values = values if values.ndim else np.full((12, N), values)
    with netCDF4.Dataset(str(path), "w") as out:
        sizes = cells(out, gridded, changes.get("shift", 0.0))
        out.createDimension("month", len(values))
        for one in name.split():
            variable = out.createVariable(one, "f8", ("month", *sizes), fill_value=SPVAL)
            variable.units = changes.get("units", "1")
            variable[:] = values.reshape(len(values), *sizes.values())
    return path

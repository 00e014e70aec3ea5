"""A file of soil moisture offsets on the six cells of elm_files."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.fields import SPVAL
from support.root_files import cells


def write_offsets(path: Path, offsets, gridded: bool = False, shift: float = 0.0, **changes) -> Path:
    """offsets: [month, cell]. changes: units; name of the variable."""
    offsets = np.asarray(offsets, dtype=float)
    with netCDF4.Dataset(str(path), "w") as out:
        sizes = cells(out, gridded, shift)
        out.createDimension("month", len(offsets))
        name = changes.get("name", "soil_moisture_offset")
        variable = out.createVariable(name, "f8", ("month", *sizes), fill_value=SPVAL)
        variable.units = changes.get("units", "m3/m3")
        variable[:] = offsets.reshape(len(offsets), *sizes.values())
    return path

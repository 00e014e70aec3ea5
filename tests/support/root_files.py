"""Files of land use and of disturbances on the six cells of elm_files."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from support.elm_files import LAT, LON, N


def cells(out: netCDF4.Dataset, gridded: bool, shift: float = 0.0) -> dict[str, int]:
    sizes = {"lsmlat": LAT.size, "lsmlon": LON.size} if gridded else {"gridcell": N}
    for name, size in sizes.items():
        out.createDimension(name, size)
    lat, lon = np.meshgrid(LAT, LON, indexing="ij")
    for name, values in (("LATIXY", lat + shift), ("LONGXY", lon)):
        out.createVariable(name, "f8", tuple(sizes))[:] = values.reshape(tuple(sizes.values()))
    return sizes


def write_disturbance(path: Path, events, gridded: bool = False, shift: float = 0.0, **changes) -> Path:
    """events: (fraction, kind, date), each one value or one for each cell; changes: whole variables by name."""
    with netCDF4.Dataset(str(path), "w") as out:
        sizes = cells(out, gridded, shift)
        out.createDimension("event", len(events))
        for i, (name, kind) in enumerate((("FRACTION", "f8"), ("KIND", "i4"), ("DATE", "i4"))):
            if changes.get(name, 0) is None:
                continue
            values = np.array([np.broadcast_to(event[i], N) for event in events])
            values = np.asarray(changes.get(name, values)).reshape(len(events), *sizes.values())
            out.createVariable(name, kind if name not in changes else "f8", ("event", *sizes))[:] = values
    return path


def write_landuse(path: Path, years, pfts, gridded: bool = False, shift: float = 0.0) -> Path:
    """pfts: percentages {PFT: percent or one for each cell} for each year."""
    with netCDF4.Dataset(str(path), "w") as out:
        sizes = cells(out, gridded, shift)
        out.createDimension("time", None)
        out.createDimension("natpft", 17)
        out.createVariable("YEAR", "i4", ("time",))[:] = years
        variable = out.createVariable("PCT_NAT_PFT", "f8", ("time", "natpft", *sizes))
        variable.units = "unitless"
        for i, cover in enumerate(pfts):
            values = np.zeros((17, N))
            for pft, percent in cover.items():
                values[pft] = percent
            variable[i] = values.reshape(17, *sizes.values())
    return path

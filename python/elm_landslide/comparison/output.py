"""The comparison as one CF netCDF file on the cells of the sets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from elm_landslide import __version__
from elm_landslide.comparison import significance
from elm_landslide.comparison.compare import Comparison, quantities


def provenance(found: Comparison) -> dict[str, list[dict]]:
    """By set, of each member: its files, years, and what they say of themselves."""
    out: dict[str, list[dict]] = {}
    for of, years in zip(found.sets, found.annual, strict=True):
        out[of.name] = [
            {
                "files": [str(path) for path in member.paths],
                "years": [int(y) for y in years.year[years.member == m]],
                **member.facts,
            }
            for m, member in enumerate(of.members)
        ]
    return out


def write(path: Path, found: Comparison, command: str) -> None:
    """path: as it is, not by way of a temporary name. Raises what netCDF4 raises."""
    dims, shape = found.cells.dims, found.cells.shape
    first = found.sets[0].members[0].data

    def on_cells(values: np.ndarray, units: str, long_name: str, *before: str) -> tuple:
        values = values.reshape(*values.shape[:-1], *shape)
        return (*before, *dims), values, {"units": units, "long_name": long_name}

    data: dict[str, tuple] = {}
    reference = found.sets[0].name
    of_reference = quantities(found, found.annual[0])
    for name, (_, unit, what) in of_reference.items():
        data[name] = on_cells(found.against[0].changes[name].reference, unit, f"{what}, mean of {reference}")
    names = [a.name for a in found.against]
    for name, (_, unit, what) in of_reference.items():
        changes = [a.changes[name] for a in found.against]
        for part, units, text in (
            ("change", unit, f"change of {what}, against {reference}"),
            ("p", "1", f"two-sided p of the Mann-Whitney test of {what}"),
            (
                "significant",
                "1",
                f"1 where the change is significant at a false discovery rate of {significance.DISCOVERY}",
            ),
        ):
            values = np.stack([getattr(change, part) for change in changes])
            values = np.where(found.cells.valid, values.astype(float), np.nan)
            data[f"{name}_{part}"] = on_cells(values, units, text, "set")
    coords: dict[str, Any] = {"set": ("set", names)}
    if any(a.levels for a in found.against):
        none = np.full((len(found.periods), found.cells.lat.size), np.nan)  # of sets with too few years
        coords["period"] = ("period", list(found.periods), {"units": "year", "long_name": "return period"})
        low = f"{50 - significance.LEVEL / 2:g}"
        texts = {
            "reference": (
                "1",
                f"level of the daily probability that a year of {reference} exceeds with a chance of 1/period",
            ),
            "change": ("1", f"change of the return level, against {reference}"),
            "low": ("1", f"{low} % bound of the change of the return level, over years and members"),
            "high": ("1", f"{100 - float(low):g} % bound of the change of the return level"),
            "period": ("year", f"return period of the level of {reference} in this set"),
        }
        for part, (units, text) in texts.items():
            values = np.stack([getattr(a.levels, part) if a.levels else none for a in found.against])
            data[f"return_level_{part}"] = on_cells(values, units, text, "set", "period")
    for name in ("lat", "lon", "area", "landfrac"):
        if name in first:
            coords[name] = (first[name].dims, first[name].values, dict(first[name].attrs))
    out = xr.Dataset(data, coords)
    out["region_mask"] = (
        ("region", *dims),
        np.stack(list(found.regions.values())).reshape(-1, *shape).astype("i1"),
        {"long_name": "1 where a cell belongs to the region"},
    )
    out["region"] = ("region", list(found.regions))
    out.attrs = {
        "Conventions": "CF-1.8",
        "title": "Comparison of landslide output",
        "source": f"ELM-Landslide {__version__}",
        "history": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {command}",
        "reference": reference,
        "notes": "; ".join(found.notes),
        "inputs": json.dumps(provenance(found)),
        **({} if found.base_rate is None else {"base_rate": found.base_rate, "base_rate_units": "km-2 year-1"}),
    }
    encoding = {name: {"zlib": True, "_FillValue": 1e36} for name, v in out.data_vars.items() if v.dtype.kind == "f"}
    out.to_netcdf(path, engine="netcdf4", encoding=encoding)

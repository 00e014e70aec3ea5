"""The file of offsets by month that `run --moisture-offset` and ELM read (offline/moisture_offset.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from elm_landslide import __version__, files
from elm_landslide.assimilation.matching import FIFTHS, MONTHS
from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.offline.moisture_offset import NAME
from elm_landslide.offline.places import Layout

_UNIT = "m3 m-3"
# By name: dimensions before the cells, units, long name, and where a reader might be misled, a comment.
VARIABLES: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    NAME: (("month",), _UNIT, FIELDS[NAME].long_name, "between the middles of the months in proportion to time"),
    f"{NAME}_error": (("month",), _UNIT, "standard error of soil_moisture_offset", ""),
    "difference": (("month",), _UNIT, "mean of satellite minus ELM over the days with both", "before any damping"),
    "difference_error": (("month",), _UNIT, "standard error of difference by the sample of days", ""),
    "matched_difference": (
        ("month", "fifth"),
        _UNIT,
        "difference of values of equal rank, from the driest to the wettest fifth of the days",
        "what one offset a month cannot correct",
    ),
    "pairs": (("month",), "1", "days with both", "those within 15 days of the month too, where it has few"),
    "model_error": ((), _UNIT, "standard deviation of the error of ELM that weighs the difference", ""),
    "satellite_error": (
        (),
        _UNIT,
        "standard deviation of the error of the satellite that weighs the difference",
        "of triple collocation: scaled to ELM's range of variation",
    ),
    "triplets": ((), "1", "days with all three series; 0 without a third", ""),
    "triple_collocation": ((), "1", "1 where the errors are of triple collocation, 0 where they are stated", ""),
    "satellite_cells": ((), "1", "cells of the product that make the cell", ""),
}
_COUNTS = {"pairs", "triplets", "triple_collocation", "satellite_cells"}


def write(
    path: Path,
    layout: Layout,
    index: np.ndarray,
    values: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    command: str,
) -> None:
    """values: by name of VARIABLES, [..., n] of the cells at `index` [n] of the layout of the surface dataset; nan is
    missing. The file is whole or absent."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with files.whole(path, RuntimeError) as part, netCDF4.Dataset(str(part), "w", format="NETCDF4") as out:
        out.setncatts(
            {
                "Conventions": "CF-1.8",
                "title": "Offset of the soil moisture of the E3SM Land Model from a satellite product, by month",
                "source": f"ELM-Landslide {__version__}",
                "history": f"{now} {command}",
                "date_created": now,
                **attributes,
            }
        )
        for name, size in (("month", MONTHS), ("fifth", FIFTHS), *zip(layout.dims, layout.shape, strict=True)):
            out.createDimension(name, size)
        month = out.createVariable("month", "i4", ("month",))
        month.setncatts({"long_name": "month of the year", "units": "1"})
        month[:] = np.arange(1, MONTHS + 1)
        places = (
            ("LATIXY", "latitude", "degrees_north", layout.lat),
            ("LONGXY", "longitude", "degrees_east", layout.lon),
        )
        for name, standard, units, degrees in places:
            variable = out.createVariable(name, "f8", layout.dims)
            variable.setncatts({"standard_name": standard, "long_name": f"{standard} of the cell", "units": units})
            variable[:] = degrees.reshape(layout.shape)
        for name, (dims, units, long_name, comment) in VARIABLES.items():
            whole = np.full((*values[name].shape[:-1], layout.size), np.nan)
            whole[..., index] = values[name]
            whole = whole.reshape(*whole.shape[:-1], *layout.shape)
            kind, fill = ("i4", -1) if name in _COUNTS else ("f8", SPVAL)
            variable = out.createVariable(name, kind, (*dims, *layout.dims), fill_value=fill, zlib=True)
            variable.setncatts({"long_name": long_name, "units": units, "coordinates": "LATIXY LONGXY"})
            if comment:
                variable.comment = comment
            variable[:] = np.where(np.isfinite(whole), whole, fill).astype(kind)

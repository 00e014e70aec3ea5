"""A file of `elm-landslide static`: what maps say of the cells, in place of the surface dataset where they say it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, N_LAYERS, SLOPE_PERCENTILES, SPVAL, WETNESS_FIELDS, WETNESS_PERCENTILES
from elm_landslide.offline import netcdf, places, surface, variables
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Layout, Places
from elm_landslide.offline.surface import SurfaceFields
from elm_landslide.physics.root_profile import COVERS

SLOPES = "SLP_P10"
WETNESS = tuple(f"TWI_Q{level:.0f}" for level in WETNESS_PERCENTILES)
# Variables of the file by what they give: fields, levels, and what the numbers are divided by.
_GIVES: dict[str, tuple[tuple[str, ...], int, float]] = {
    SLOPES: (("slope",), len(SLOPE_PERCENTILES), 1.0),
    "PCT_SAND": (("sand",), N_LAYERS, 1.0),
    "PCT_CLAY": (("clay",), N_LAYERS, 1.0),
    "aveDTB": (("bedrock_depth",), 0, 1.0),
    **{name: ((field,), FIELDS[field].layers, 1.0) for name, field in zip(WETNESS, WETNESS_FIELDS, strict=True)},
    "LEAF_AREA_RATIO": (("leaf_area_ratio",), 0, 1.0),
    "PCT_COVER": (tuple(f"{name}_cover" for name in COVERS), len(COVERS), 100.0),
}


def names(path: Path | str) -> set[str]:
    """The variables of a file that the run takes. Raises UserError for a file that has none."""
    with netcdf.open_dataset(path) as dataset:
        found = _GIVES.keys() & dataset.variables.keys()
        if not found or not {"LATIXY", "LONGXY"} <= dataset.variables.keys():
            raise UserError(
                f"{path}: no file of elm-landslide static: wanted LATIXY, LONGXY and one of {', '.join(_GIVES)}"
            )
        lacking = [name for name in WETNESS if name not in found]
        if 0 < len(lacking) < len(WETNESS):
            raise UserError(f"{path}: lacks {' and '.join(lacking)}: the percentiles of wetness belong together")
    return found


def overlay(fields: SurfaceFields, path: Path | str, layout: Layout, index: np.ndarray, cover: bool) -> SurfaceFields:
    """The fields of some places of a layout, index [n], with those of the file where it has them.

    cover: whether to take the cover too. Raises UserError for a file on other cells and for impossible values.
    """
    values, derived, assumed = dict(fields.values), list(fields.derived), dict(fields.assumed)
    with netcdf.open_dataset(path) as dataset:
        cells = surface.cells_of(dataset, path)
        at = Places(cells, places.locate(cells, path, layout, index))
        lat, lon = layout.lat[index], layout.lon[index]
        for name, (targets, levels, whole) in _GIVES.items():
            if name not in dataset.variables or (name == "PCT_COVER" and not cover):
                continue
            found = _read(dataset[name], path, cells, at, levels)
            unknown: np.ndarray = np.any(is_missing(found), axis=1)
            columns = found[:, None] if len(targets) == 1 else np.moveaxis(found, 1, 0)[:, :, None]
            for k, target in enumerate(targets):
                new = (columns[:, 0] if len(targets) == 1 else columns[k]) / whole
                low, high = FIELDS[target].valid
                wrong = ~unknown[:, None] & ((new < low) | (new > high + 1e-9))
                surface.refuse(path, name, wrong, new * whole, lat, lon, f"wanted {low * whole:g} to {high * whole:g}")
                new = new if FIELDS[target].layers > 1 else new[:, 0]
                without = "that of the surface dataset" if target in values else "missing"
                old = values.get(target, np.full(new.shape, SPVAL))
                missing = unknown.reshape(-1, *[1] * (new.ndim - 1))
                values[target] = np.where(missing, old, new)
                if target in assumed:
                    assumed[target] = assumed[target] & unknown
                derived = (
                    [line for line in derived if not line.startswith(f"{target}:")] if not unknown.any() else derived
                )
                elsewhere = f", for {int(unknown.sum())} of {unknown.size} places {without}"
                derived.append(f"{target}: derived as {name} of {Path(path).name}{elsewhere if unknown.any() else ''}")
            if name == SLOPES:
                falls = ~unknown[:, None] & (np.diff(found, axis=1) < 0.0)
                surface.refuse(
                    path, name, falls, found[:, 1:], lat, lon, "below its predecessor: wanted rising percentiles"
                )
        for lower, upper in pairwise(WETNESS) if WETNESS[0] in dataset.variables else ():
            below, above = (values[_GIVES[name][0][0]] for name in (lower, upper))
            falls = ~is_missing(below) & ~is_missing(above) & (above < below)
            surface.refuse(path, upper, falls, above, lat, lon, f"below {lower}: wanted rising percentiles")
    both = np.where(is_missing(values["sand"]) | is_missing(values["clay"]), 0.0, values["sand"] + values["clay"])
    surface.refuse(path, "PCT_SAND and PCT_CLAY together", both > 101.0, both, lat, lon, "wanted 100 or less")
    return replace(fields, values=values, derived=derived, assumed=assumed)


def _read(variable, path: Path | str, cells: Layout, at: Places, levels: int) -> np.ndarray:
    """[n, level], one level for none."""
    if not levels:
        return at.read(variable)[:, None]
    level = variables.level_dimension(variable, cells.dims, levels)
    size = variable.shape[variable.dimensions.index(level)]
    if size != levels:
        raise UserError(f"{path}: {variable.name} has {size} values along {level}, wanted {levels}")
    return at.read(variable, levels=levels).T

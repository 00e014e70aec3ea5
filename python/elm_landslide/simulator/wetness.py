"""The topographic wetness index of a hillslope, as `elm-landslide static` makes it of a map: by its own routines."""

from __future__ import annotations

import numpy as np

from elm_landslide.fields import SLOPE_PERCENTILES, WETNESS_FIELDS, WETNESS_PERCENTILES
from elm_landslide.simulator.terrain import Terrain
from elm_landslide.static.drainage import RING, conductance, partition, specific_area, upslope_area
from elm_landslide.static.histograms import BLOCK
from elm_landslide.static.relief import LEAST_GRADIENT


def wetness_index(land: Terrain) -> np.ndarray:
    """ln(a / tan(beta)) (ln m) of the cells [n] (Beven and Kirkby 1979); no water comes in over the edges."""
    z = np.pad(land.grid(land.elevation), RING, constant_values=np.nan)
    rows, columns = land.shape
    scale = np.ones([-(-side // BLOCK) for side in land.shape])
    conducts = conductance(np.ones(len(z)))
    inverse, higher, width = partition(z, np.ones(len(z)), conducts)
    cell = np.full(rows, land.size**2)
    upslope = upslope_area(z, conducts, inverse, higher, cell, scale, np.zeros((rows + 2, columns + 2)))
    area = specific_area(upslope, width, np.full(len(z), land.size), scale)[land.row, land.column]
    return np.log(area / np.maximum(land.gradient, LEAST_GRADIENT))


def wetness_fields(land: Terrain) -> dict[str, np.ndarray]:
    """The fields of fields.toml, each [slope class]."""
    index, order = wetness_index(land), np.argsort(land.gradient, kind="stable")
    classes = np.array_split(index[order], len(SLOPE_PERCENTILES) - 1)
    values = np.array([np.percentile(part, WETNESS_PERCENTILES) for part in classes])
    return dict(zip(WETNESS_FIELDS, values.T, strict=True))

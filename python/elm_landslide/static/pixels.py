"""Slope, wetness and curvature of every cell of a map that fits in memory, to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elm_landslide.static import drainage, relief
from elm_landslide.static.drainage import RING
from elm_landslide.static.rasters import Raster
from elm_landslide.static.windows import metric


@dataclass(frozen=True)
class Pixels:
    """[row, column] of a map: elevation (m), slope (m/m), wetness (ln m), curvature (1/m); nan where unknown. extent:
    west, east, south, north, in the unit of its CRS."""

    elevation: np.ndarray
    slope: np.ndarray
    wetness: np.ndarray
    curvature: np.ndarray
    extent: tuple[float, float, float, float]


def pixels(dem: Raster) -> Pixels:
    rows, columns = dem.shape
    z = dem.read(-RING, -RING, rows + 2 * RING, columns + 2 * RING)
    m = metric(dem, 0, 0, rows, columns)
    conducts = drainage.conductance(m.ratio)
    inverse, higher, width = drainage.partition(z, m.ratio, conducts)
    none = np.zeros((rows + 2, columns + 2))
    upslope = drainage.upslope_area(z, conducts, inverse, higher, m.area, m.scale, none)
    specific = drainage.specific_area(upslope, width, m.dx, m.scale).astype(np.float64)
    slope = relief.slope(z, m.dx, m.dy, m.scale)
    known = np.where(np.isnan(slope), np.nan, specific)
    return Pixels(
        z[RING:-RING, RING:-RING],
        slope,
        np.log(known / np.maximum(slope, relief.LEAST_GRADIENT)),
        relief.curvature(z, m.dx, m.dy, m.scale),
        (dem.x0, dem.x0 + columns * dem.dx, dem.y0 - rows * dem.dy, dem.y0),
    )

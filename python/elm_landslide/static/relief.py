"""Slope and curvature of a map of elevation, and their distributions over the cells of an ELM grid.

Derivatives are central differences over the 3 x 3 cells around (Zevenbergen and Thorne 1987, Earth Surf. Process.
Landf. 12, 47-56), as in the simulated hillslopes; at the edge of the map or of a void, one-sided for the slope.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from elm_landslide.fields import SLOPE_PERCENTILES
from elm_landslide.static.histograms import BLOCK, CURVATURE, SLOPE, WETNESS, WHOLE

N_CLASSES = len(SLOPE_PERCENTILES) - 1  # of slope, between its percentiles
LEAST_GRADIENT = 1e-3  # m/m in the wetness index: flatter land is as wet
_S_FIRST, _S_STEP, _S_N, _S_SCALE = SLOPE.first, SLOPE.step, SLOPE.n, SLOPE.scale
_W_FIRST, _W_STEP, _W_N = WETNESS.first, WETNESS.step, WETNESS.n
_C_FIRST, _C_STEP, _C_N, _C_SCALE = CURVATURE.first, CURVATURE.step, CURVATURE.n, CURVATURE.scale


@njit(nogil=True)
def _difference(before, here, after, spacing):
    """The derivative along one axis, nan without a neighbour."""
    if before == before and after == after:
        return (after - before) / (2.0 * spacing)
    if after == after:
        return (after - here) / spacing
    return (here - before) / spacing


@njit(nogil=True)
def slope(z, dx, dy, scale):
    """Gradient (m/m) [rows, columns], nan where unknown.

    z [rows + 4, columns + 4] (m), with a ring of two cells; dx, dy [rows + 4]: size of a cell on the map (m); scale
    [block, block]: lengths on the map over those on the ground.
    """
    rows, columns = z.shape[0] - 4, z.shape[1] - 4
    out = np.empty((rows, columns))
    for i in range(rows):
        for j in range(columns):
            here = z[i + 2, j + 2]
            p = _difference(z[i + 2, j + 1], here, z[i + 2, j + 3], dx[i + 2])
            q = _difference(z[i + 1, j + 2], here, z[i + 3, j + 2], dy[i + 2])
            out[i, j] = scale[i // BLOCK, j // BLOCK] * np.sqrt(p * p + q * q) if here == here else np.nan
    return out


@njit(nogil=True)
def curvature(z, dx, dy, scale):
    """Tangential curvature (1/m) [rows, columns], across the slope, positive where the ground is a hollow and water
    converges; nan where one of the 3 x 3 cells is unknown and on level ground. As of Mitasova and Hofierka (1993, Math.
    Geol. 25, 657-669), with the opposite sign. Shapes as of slope."""
    rows, columns = z.shape[0] - 4, z.shape[1] - 4
    out = np.empty((rows, columns))
    for i in range(rows):
        for j in range(columns):
            a, b = i + 2, j + 2
            x, y = dx[a] / scale[i // BLOCK, j // BLOCK], dy[a] / scale[i // BLOCK, j // BLOCK]
            p = (z[a, b + 1] - z[a, b - 1]) / (2.0 * x)
            q = (z[a + 1, b] - z[a - 1, b]) / (2.0 * y)
            r = (z[a, b + 1] - 2.0 * z[a, b] + z[a, b - 1]) / (x * x)
            t = (z[a + 1, b] - 2.0 * z[a, b] + z[a - 1, b]) / (y * y)
            s = (z[a + 1, b + 1] - z[a + 1, b - 1] - z[a - 1, b + 1] + z[a - 1, b - 1]) / (4.0 * x * y)
            g = p * p + q * q
            out[i, j] = (q * q * r - 2.0 * p * q * s + p * p * t) / (g * np.sqrt(1.0 + g)) if g > 0.0 else np.nan
    return out


@njit(nogil=True)
def _bin(stretched, first, step, n):
    return min(max(int((stretched - first) / step), 0), n - 1)


@njit(nogil=True)
def _asinh(x):
    """As numpy's but for the last bits, in half the time; the same in every window."""
    size = np.log(abs(x) + np.sqrt(x * x + 1.0))
    return size if x >= 0.0 else -size


@njit(nogil=True)
def count_slopes(gradient, columns, weight, owner, extra_at, extra_cell, extra_share, n_cells):
    """Distribution of the slope over n_cells of the ELM grid: counts [cell, bin], least and most value [cell], and
    cells of the map with a slope, in parts of WHOLE [cell].

    gradient [pixel], row by row of so many columns; weight [row, block]: area of a cell of the map in parts of WHOLE;
    owner [pixel]: the cell that a pixel lies in whole, or -1; then pixels shared by several: pixel, cell, share in
    parts of WHOLE.
    """
    counts = np.zeros((n_cells, _S_N), dtype=np.int64)
    least, most, seen = np.full(n_cells, np.inf), np.full(n_cells, -np.inf), np.zeros(n_cells, dtype=np.int64)
    n = owner.size
    for e in range(n + extra_at.size):
        at, c, share = (e, owner[e], WHOLE) if e < n else (extra_at[e - n], extra_cell[e - n], extra_share[e - n])
        value = gradient[at]
        if c < 0 or np.isnan(value):
            continue
        counts[c, _bin(_asinh(value / _S_SCALE), _S_FIRST, _S_STEP, _S_N)] += (
            weight[at // columns, at % columns // BLOCK] * share
        ) // WHOLE
        seen[c] += share
        least[c], most[c] = min(least[c], value), max(most[c], value)
    return counts, least, most, seen


@njit(nogil=True)
def count_shapes(gradient, area, curved, columns, weight, owner, extra_at, extra_cell, extra_share, percentiles):
    """Distributions of wetness and curvature within the slope classes of each ELM cell: of each counts [cell, class,
    bin], least and most value [cell, class].

    area [pixel]: upslope area for each width of the contour (m); curved: curvature (1/m); percentiles [cell, 11] of
    the slope. The rest as of count_slopes. Wetness is ln(a / tan(beta)) (Beven and Kirkby 1979).
    """
    n_cells = len(percentiles)
    wet, bent = (
        np.zeros((n_cells, N_CLASSES, _W_N), dtype=np.int64),
        np.zeros((n_cells, N_CLASSES, _C_N), dtype=np.int64),
    )
    limits = np.empty((4, n_cells, N_CLASSES))
    limits[0::2] = np.inf
    limits[1::2] = -np.inf
    n = owner.size
    for e in range(n + extra_at.size):
        at, c, share = (e, owner[e], WHOLE) if e < n else (extra_at[e - n], extra_cell[e - n], extra_share[e - n])
        value = gradient[at]
        if c < 0 or np.isnan(value):
            continue
        k = 0
        while k < N_CLASSES - 1 and value > percentiles[c, k + 1]:
            k += 1
        w = (weight[at // columns, at % columns // BLOCK] * share) // WHOLE
        index = np.log(area[at] / max(value, LEAST_GRADIENT))
        wet[c, k, _bin(index, _W_FIRST, _W_STEP, _W_N)] += w
        limits[0, c, k], limits[1, c, k] = min(limits[0, c, k], index), max(limits[1, c, k], index)
        value = curved[at]
        if value == value:
            bent[c, k, _bin(_asinh(value / _C_SCALE), _C_FIRST, _C_STEP, _C_N)] += w
            limits[2, c, k], limits[3, c, k] = min(limits[2, c, k], value), max(limits[3, c, k], value)
    return wet, bent, limits

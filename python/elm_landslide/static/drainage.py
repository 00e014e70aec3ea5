"""Where water gathers: the upslope area of every cell of a map, exact across the windows that it is computed in.

Water leaves a cell over its lower neighbours in proportion to gradient and width (Quinn et al. 1991, Hydrol. Process.
5, 59-79), as in the simulated hillslopes. Each cell sums over its higher neighbours in one fixed order, from areas that
are final: so it has the same bits in whichever window, and what comes in over the edge of a window is handed over as
the final area of the cell behind it.

A hollow without a lower neighbour keeps its water. Areas end at LARGEST: beyond, a cell is a river, which no process of
hillslopes sees, and rivers need not be followed from window to window.

Why not a library: pyflwdir, pysheds, fastscapelib, TopoToolbox and WhiteboxTools route whole arrays. Steepest descent
(D8), all that most of them take inflow for, is off by a third on a cone; the multiple flow directions of pysheds are
wrong at borders, those of WhiteboxTools take no inflow, and fastscapelib sums in another order in every window and
takes twelve times the memory.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from elm_landslide.static.histograms import BLOCK

LARGEST = 1e6  # m2
RING = 2  # cells around a window that its areas depend on: the neighbours, and what they share their water among
_DOWN = np.array([-1, -1, -1, 0, 0, 1, 1, 1])
_ACROSS = np.array([-1, 0, 1, -1, 1, -1, 0, 1])
_DONE = 255
_LEAST_STEP = 1e-3  # of a cell: water that leaves a crest on both sides goes nowhere on average


def conductance(ratio: np.ndarray) -> np.ndarray:
    """Width of the contour over the distance towards each neighbour [row, 8]; ratio [row]: height of a cell over its
    width. Of square cells 0.5 and 0.25, those of Quinn et al.; of others such that on a plane the mean step of the
    water is along its gradient."""
    across, down, corner = ratio**3 / (1.0 + ratio**2), 1.0 / (ratio + ratio**3), 0.5 * ratio / (1.0 + ratio**2)
    return np.stack([corner, down, corner, across, across, corner, down, corner], axis=-1)


@njit(nogil=True)
def partition(z, ratio, conducts):
    """How each cell shares its water, of a window and the ring of one cell around it [rows + 2, columns + 2]: the
    inverse of what its drops are divided by (0: nowhere to go), how many neighbours are higher, and the width of its
    contour over that of a cell.

    z [rows + 4, columns + 4]: elevation with RING around, nan where there is none; ratio [rows + 4]: height of a cell
    over its width; conducts [rows + 4, 8]: conductance of it.

    The width is the one that makes the flow continuous: upslope area times the mean step of the water, over the area of
    a cell, is the upslope area for each width of the contour.
    """
    rows, columns = z.shape[0] - 2, z.shape[1] - 2
    inverse, width = np.empty((rows, columns)), np.empty((rows, columns))
    higher = np.empty((rows, columns), dtype=np.uint8)
    share, down, across = np.empty(columns), np.empty(columns), np.empty(columns)
    donors = np.empty(columns, dtype=np.uint8)
    for i in range(rows):
        share[:], down[:], across[:], donors[:] = 0.0, 0.0, 0.0, 0
        here = z[i + 1]
        for k in range(8):
            conduct, there, b = conducts[i + 1, k], z[i + 1 + _DOWN[k]], 1 + _ACROSS[k]
            for j in range(columns):  # without branches, so that it runs on vectors
                drop = here[j + 1] - there[j + b]
                w = drop * conduct if drop > 0.0 else 0.0
                share[j] += w
                down[j] += w * _DOWN[k]
                across[j] += w * _ACROSS[k]
                donors[j] += 1 if drop < 0.0 else 0
        r = ratio[i + 1]
        for j in range(columns):
            step = np.sqrt(down[j] * down[j] * r * r + across[j] * across[j])
            width[i, j] = r * share[j] / max(step, _LEAST_STEP * share[j]) if share[j] > 0.0 else 1.0
            inverse[i, j] = 1.0 / share[j] if share[j] > 0.0 else 0.0
            higher[i, j] = donors[j]
    return inverse, higher, width


@njit(nogil=True)
def upslope_area(z, conducts, inverse, higher, area, scale, inflow):
    """Upslope area (m2) [rows + 2, columns + 2] of a window, each cell's own included, up to LARGEST.

    inverse, higher: of partition; `higher` is used up. area [rows]: of a cell on the map (m2); scale [block, block]:
    lengths on the map over those on the ground; inflow [rows + 2, columns + 2]: upslope areas of the ring, 0 where not
    known, which the result repeats. The rest as of partition.
    """
    rows, columns = z.shape[0] - 4, z.shape[1] - 4
    upslope = inflow.copy()
    for i in range(rows + 2):
        aside = 1 if 0 < i <= rows else columns + 2
        for part in range(2 if aside == 1 else 1):
            for j in range(part * (columns + 1), part * (columns + 1) + aside):
                higher[i, j] = _DONE  # the ring is known from the start
                for k in range(8):
                    a, b = i + _DOWN[k], j + _ACROSS[k]
                    if 0 < a <= rows and 0 < b <= columns and z[i + 1, j + 1] > z[a + 1, b + 1]:
                        higher[a, b] -= 1
    ready = np.empty(rows * columns, dtype=np.int64)
    for first in range(rows * columns):
        i, j = 1 + first // columns, 1 + first % columns
        if higher[i, j] != 0 or np.isnan(z[i + 1, j + 1]):
            continue
        ready[0], n = i * (columns + 2) + j, 1
        while n > 0:  # from the tops downhill
            n -= 1
            i, j = ready[n] // (columns + 2), ready[n] % (columns + 2)
            higher[i, j] = _DONE
            here = z[i + 1, j + 1]
            gathered = area[i - 1] / scale[(i - 1) // BLOCK, (j - 1) // BLOCK] ** 2
            for k in range(8):
                a, b = i + _DOWN[k], j + _ACROSS[k]
                drop = z[a + 1, b + 1] - here
                if drop > 0.0:
                    gathered += upslope[a, b] * (drop * conducts[a + 1, k] * inverse[a, b])
                elif drop < 0.0 and higher[a, b] != _DONE:
                    higher[a, b] -= 1
                    if higher[a, b] == 0:
                        ready[n] = a * (columns + 2) + b
                        n += 1
            upslope[i, j] = min(gathered, LARGEST)
    return upslope


@njit(nogil=True)
def specific_area(upslope, width, dx, scale):
    """Upslope area for each width of the contour (m), float32 [rows, columns]; upslope, width: as above, with the ring;
    dx [rows + 4]: width of a cell on the map (m)."""
    rows, columns = upslope.shape[0] - 2, upslope.shape[1] - 2
    out = np.empty((rows, columns), dtype=np.float32)
    for i in range(rows):
        for j in range(columns):
            ground = dx[i + 2] / scale[i // BLOCK, j // BLOCK]
            out[i, j] = upslope[i + 1, j + 1] / (width[i + 1, j + 1] * ground)
    return out

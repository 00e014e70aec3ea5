"""Water on a hillslope: vertical flow in every column, macropores, lateral flow above bedrock, run-off that runs on.

Columns are vertical and stand on bedrock. Depth z is vertical, and water balances are per map area. Flow normal to the
slope over vertical depth has gravity cos^2(beta) and conductivity K / cos^2(beta) (Iverson 2000), so that the head of a
full column is z cos^2(beta), that of slope-parallel seepage.

Two domains (Gerke and van Genuchten 1993, simplified): a matrix with Richards' equation, and macropores. Of the water
that comes faster than the matrix can conduct, the share `macropore_share` falls to the bedrock at once, where it fills
the macropores, exchanges with the matrix and flows downslope. Cells are swept from the highest to the lowest, so
water can cross many cells in a step; every flux is taken from one store and given to another, so none is lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from elm_landslide.simulator.hydraulics import head_and_conductivity, water_content
from elm_landslide.simulator.richards import DRAIN, clapp_hornberger_layers, step
from elm_landslide.simulator.terrain import Terrain

EXCHANGE_LENGTH = 0.1  # m, between macropores and the matrix beside them
LEAST_FILLABLE = 0.02  # m3/m3, by which the saturated height of a full column falls at first
MOST_DRAINED = 0.1  # m3/m3 of a saturated column that leaves it sideways in one step, for stability
BUDGET = ("rain", "over_edge", "into_rock", "stored")  # m, mean over the cells


@dataclass
class HillslopeSoil:
    """Soil of a hillslope; of n cells [n] or one number for all.

    thickness (m, vertical, to bedrock); porosity (m3/m3); ks (m/s) of the matrix; sucsat (m); bsw (1); lateral: ratio
    of lateral to vertical conductivity of the saturated matrix (1); macropore_share (1); macropore_porosity (m3/m3);
    macropore_conductivity (m/s) of the part of the macropores that is under water; rock (m/s): the most that
    bedrock takes.
    """

    thickness: np.ndarray | float
    porosity: float
    ks: float
    sucsat: float
    bsw: float
    lateral: float = 1.0
    macropore_share: float = 0.0
    macropore_porosity: float = 0.02
    macropore_conductivity: float = 1e-4
    rock: float = 1e-8


@dataclass
class Hillslope:
    """Terrain, soil, and the water in it: w [n, layer] (m3/m3), macropores [n] and ponds [n] (m)."""

    terrain: Terrain
    soil: HillslopeSoil
    n_layers: int = 6
    w: np.ndarray = field(init=False)
    macropores: np.ndarray = field(init=False)
    ponds: np.ndarray = field(init=False)

    def __post_init__(self):
        soil, n = self.soil, self.terrain.n
        self.thickness = np.broadcast_to(np.asarray(soil.thickness, dtype=float), n).copy()
        if not (self.thickness > 0).all():
            at = int(np.argmin(self.thickness))
            raise ValueError(f"hillslope: thickness: {self.thickness[at]:g} m in cell {at}; it must be positive")
        self.cosine2 = 1.0 / (1.0 + self.terrain.gradient**2)
        self.dz = self.thickness / self.n_layers
        row = clapp_hornberger_layers(soil.porosity, soil.ks, soil.sucsat, soil.bsw)[0]
        self.layers = np.tile(row, (n, self.n_layers, 1))
        self.layers[:, :, 3] /= self.cosine2[:, None]
        self.nodes = self.dz[:, None] * (np.arange(self.n_layers) + 0.5)  # m, depth
        self.macropores, self.ponds = np.zeros(n), np.zeros(n)
        self.set_head(np.full((n, self.n_layers), -1.0))

    def set_head(self, head: np.ndarray) -> None:
        """Set the water to heads (m) [n, layer]; macropores and ponds empty."""
        self.w = _water_contents(np.ascontiguousarray(head, dtype=float), self.layers)
        self.macropores[:] = 0.0
        self.ponds[:] = 0.0

    def stored(self) -> float:
        """Water (m), mean over the cells."""
        return float(((self.w.sum(1) * self.dz) + self.macropores + self.ponds).mean())

    def step(self, rain: float, seconds: float) -> dict[str, float]:
        """Advance by `seconds` under `rain` (m/s); returns the water budget of the step, BUDGET.

        Raises ArithmeticError if Richards' equation cannot be solved, ValueError for impossible rain.
        """
        if not 0.0 <= rain < math.inf:
            raise ValueError(f"hillslope: rain: {rain} m/s; fill gaps in the record, with 0 where it was dry")
        before = self.stored()
        soil, terrain = self.soil, self.terrain
        over_edge, into_rock, failed = _sweep(
            self.w,
            self.macropores,
            self.ponds,
            self.layers,
            self.dz,
            self.cosine2,
            terrain.gradient,
            terrain.receivers,
            terrain.weights,
            terrain.size,
            rain,
            soil.lateral * soil.ks,
            soil.macropore_share,
            soil.macropore_porosity,
            soil.macropore_conductivity,
            soil.rock,
            seconds,
        )
        if failed >= 0:
            raise ArithmeticError(f"hillslope: Richards' equation cannot be solved in cell {failed}")
        n = terrain.n
        return dict(zip(BUDGET, (rain * seconds, over_edge / n, into_rock / n, self.stored() - before), strict=True))

    def base(self) -> tuple[np.ndarray, np.ndarray]:
        """(head (m) [n, layer], saturation (1) [n, layer]) on the lower face of every layer.

        On bedrock water in the macropores counts, if its head is the higher one.
        """
        head, saturation = _faces(self.w, self.layers, self.dz, self.cosine2)
        standing = self.macropores / self.soil.macropore_porosity * self.cosine2
        head[:, -1] = np.maximum(head[:, -1], np.where(standing > 0, standing, -np.inf))
        return head, saturation


@njit
def _water_contents(head, layers):
    w = np.empty_like(head)
    for c in range(head.shape[0]):
        for i in range(head.shape[1]):
            w[c, i] = water_content(head[c, i], layers[c, i])
    return w


@njit
def _faces(w, layers, dz, cosine2):
    n, m = w.shape
    head, saturation = np.empty((n, m)), np.empty((n, m))
    for c in range(n):
        for i in range(m):
            head[c, i] = head_and_conductivity(w[c, i], layers[c, i])[0] + 0.5 * dz[c] * cosine2[c]
            saturation[c, i] = min(w[c, i] / layers[c, i, 1], 1.0)
    return head, saturation


@njit
def _standing(w, layers, dz, cosine2):
    """Height (m) of the saturated soil above bedrock: up to the water table over its topmost full layer, at most to the
    node above, because pressure in a full layer says nothing about dry soil above it."""
    last = len(w) - 1
    height = 0.5 * dz + min(head_and_conductivity(w[last], layers[last])[0] / cosine2, 0.0)
    for i in range(last, -1, -1):
        if w[i] < layers[i, 1]:
            break
        node = (last - i + 0.5) * dz
        head = head_and_conductivity(w[i], layers[i])[0] / cosine2
        height = min(node + max(head, 0.0), node + (dz if i > 0 else 0.5 * dz))
    return max(height, 0.0)


@njit
def _exchange(w, layers, dz, cosine2, water, porosity, seconds):
    """Water (m) that goes from the macropores into the soil on bedrock (negative: out of it) in one step; w in place.

    Saturated layers take it together, as one store: all at the same rise of head, because a single layer would be
    pressed beyond the head that drives it."""
    last = len(w) - 1
    head = head_and_conductivity(w[last], layers[last])[0] + 0.5 * dz * cosine2
    difference = water / porosity * cosine2 - head
    ks, full, elastic = layers[last, 3], layers[last, 1], layers[last, 6]
    if w[last] < full:  # capillary barrier: unsaturated soil takes water and gives none
        transfer = min(water, max(difference, 0.0) * ks / EXCHANGE_LENGTH * seconds, 0.5 * (full - w[last]) * dz)
        w[last] += transfer / dz
        return transfer
    first = last
    while first > 0 and w[first - 1] >= layers[first - 1, 1]:
        first -= 1
    # Two stores that relax towards one head; exact for any step.
    saturated = (last + 1 - first) * elastic * dz
    together = saturated * (porosity / cosine2) / (saturated + porosity / cosine2)
    transfer = difference * together * (1.0 - math.exp(-seconds * ks / (EXCHANGE_LENGTH * together)))
    rise = min(transfer, water) / saturated
    transfer = 0.0
    for i in range(first, last + 1):
        change = max(elastic * rise, full - w[i])
        w[i] += change
        transfer += change * dz
    return transfer


@njit
def _sweep(
    w, macropores, ponds, layers, dz, cosine2, gradient, receivers, weights, size,
    rain, lateral, share, porosity, conductivity, rock, seconds,
):  # fmt: skip
    n, m = w.shape
    run_on, matrix_in, macro_in = np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1)  # m; [n] is over the edge
    sinks, work = np.zeros(m), np.zeros((12, m + 1))
    into_rock = 0.0
    for c in range(n):
        soil, thickness, d = layers[c], np.full(m, dz[c]), dz[c]
        away = 0.0
        for k in range(8):
            away += weights[c, k]
        along = gradient[c] * cosine2[c]  # sin(beta) cos(beta)

        # Through the soil: sideways from the saturated part, by Darcy's law along the slope, with its height at the end
        # of the step: it falls by what leaves and rises by what comes, over the fillable pores of the driest layer.
        # Only the difference changes the column (if all of it came in at the top and left below, its way down would
        # cost head): it fills pores from bedrock up, and what is left returns to the surface.
        standing = _standing(w[c], soil, d, cosine2[c])
        fillable = LEAST_FILLABLE
        for i in range(m):
            fillable = max(fillable, soil[i, 1] - w[c, i])
        rate = away * lateral * along / size * seconds
        leaving = rate * (standing + matrix_in[c] / fillable) / (1.0 + rate / fillable)
        leaving = min(leaving, rate * d * m, matrix_in[c] + MOST_DRAINED * standing)
        returned = max(matrix_in[c] - leaving, 0.0)
        for i in range(m - 1, -1, -1):
            filled = min(max(soil[i, 1] - w[c, i], 0.0) * d, returned)
            w[c, i] += filled / d
            returned -= filled
        drained = max(leaving - matrix_in[c], 0.0)
        for i in range(m):
            sinks[i] = 0.0
            if drained > 0.0:
                sinks[i] = drained / seconds * min(max(standing - (m - 1 - i) * d, 0.0), d) / standing

        # Surface: rain, water from upslope and what was returned; macropores take a share of what the matrix cannot.
        offered = rain * seconds + run_on[c] + ponds[c] + returned
        ponds[c] = 0.0
        bypass = share * max(offered - soil[0, 3] * cosine2[c] * seconds, 0.0)
        water = macropores[c] + bypass + macro_in[c]
        above = max(water - porosity * d * m, 0.0)  # full: the rest rises to the surface
        water -= above
        water -= _exchange(w[c], soil, d, cosine2[c], water, porosity, seconds)

        infiltration, outflow = step(
            w[c], soil, thickness, cosine2[c], (offered - bypass) / seconds, sinks, DRAIN, rock, seconds, work
        )
        if math.isnan(infiltration):
            return 0.0, 0.0, c
        into_rock += outflow

        # Macropores: the water in them flows on; solved with the depth at the end of the step.
        fast = away * conductivity * along / (porosity * size) * seconds
        flowing = water * fast / (1.0 + fast)
        water -= flowing
        macropores[c] = water
        excess = offered - bypass - infiltration + above
        if away > 0.0:
            for k in range(8):
                r = receivers[c, k]
                if weights[c, k] > 0.0:
                    run_on[r] += weights[c, k] / away * excess
                    matrix_in[r] += weights[c, k] / away * leaving
                    macro_in[r] += weights[c, k] / away * flowing
        else:
            ponds[c] = excess
    return run_on[n] + matrix_in[n] + macro_in[n], into_rock, -1

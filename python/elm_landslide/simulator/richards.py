"""Vertical flow in one soil column: Richards' equation in mixed form, implicit, conserving water to rounding.

The state is the water content (hydraulics.py), elastic storage above saturation included, so saturated and
unsaturated soil are one equation. Newton's method finds the fluxes at the end of a step; the water contents are then
updated with these very fluxes. Steps are halved when Newton's method fails or a layer changes too much.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from elm_landslide.simulator.hydraulics import CLAPP_HORNBERGER, LINEAR, SPECIFIC_STORAGE, head_and_conductivity

# Kinds of lower boundary: no flow, a fixed head (m) on the base, or free drainage up to the conductivity (m/s) below.
CLOSED, HEAD, DRAIN = 0, 1, 2

FULL_STORE = 1e3  # m3/m3; large enough never to run dry: only changes count

_MAX_ITERATIONS = 20
_TOLERANCE = 1e-12  # m of water in a step; the fluxes of the last iterate are used, so no water is lost by it
_LARGEST_CHANGE = 0.15  # m3/m3 in a step, for accuracy
_SHORTEST_STEP = 1e-3  # s


def clapp_hornberger_layers(porosity, ks, sucsat, bsw, elastic=SPECIFIC_STORAGE) -> np.ndarray:
    """Rows of LAYER_COLUMNS, float64 [layer, 7]; porosity (m3/m3), ks (m/s), sucsat (m), bsw (1) [layer]."""
    porosity, ks, sucsat, bsw = np.broadcast_arrays(*np.atleast_1d(porosity, ks, sucsat, bsw))
    kind, zero = np.full(porosity.shape, CLAPP_HORNBERGER), np.zeros(porosity.shape)
    return np.stack([kind, porosity, zero, ks, sucsat, bsw, np.full(porosity.shape, elastic)], axis=-1).astype(float)


def store_layer(capacity: float, ks: float, entry: float = 0.0, elastic: float = SPECIFIC_STORAGE) -> np.ndarray:
    """A linear store as one more layer [1, 7]: capacity (1/m) of water content per head; ks (m/s); entry: suction (m)
    at which it is full, at a water content of FULL_STORE."""
    return np.array([[LINEAR, FULL_STORE, 0.0, ks, capacity, entry, elastic]])


@njit
def _fluxes(w, layers, thickness, gravity, supply, kind, boundary, q, dq_up, dq_down, head, slope, k, dk):
    """Fluxes q (m/s, down) over the n + 1 interfaces at water contents w, and their derivatives with respect to the
    water content above (dq_up) and below (dq_down)."""
    n = len(w)
    for i in range(n):
        head[i], slope[i], k[i], dk[i] = head_and_conductivity(w[i], layers[i])
    # Surface: what is supplied, as long as the head there stays below zero; exfiltration where it is above.
    half = 0.5 * thickness[0]
    most = layers[0, 3] * (gravity - head[0] / half)
    if not supply > most:  # nan stays nan, and then no solution is found
        q[0], dq_down[0] = supply, 0.0
    else:
        q[0], dq_down[0] = most, -layers[0, 3] * slope[0] / half
    dq_up[0] = 0.0
    for i in range(n - 1):
        distance = 0.5 * (thickness[i] + thickness[i + 1])
        mean = 0.5 * (k[i] + k[i + 1])
        drop = (head[i] - head[i + 1]) / distance + gravity
        q[i + 1] = mean * drop
        dq_up[i + 1] = 0.5 * dk[i] * drop + mean * slope[i] / distance
        dq_down[i + 1] = 0.5 * dk[i + 1] * drop - mean * slope[i + 1] / distance
    last = n - 1
    dq_down[n] = 0.0
    if kind == HEAD:
        half = 0.5 * thickness[last]
        drop = (head[last] - boundary) / half + gravity
        q[n] = k[last] * drop
        dq_up[n] = dk[last] * drop + k[last] * slope[last] / half
    elif kind == DRAIN and k[last] * gravity < boundary:
        q[n], dq_up[n] = k[last] * gravity, dk[last] * gravity
    else:
        q[n], dq_up[n] = (boundary if kind == DRAIN else 0.0), 0.0


@njit(error_model="numpy")
def step(w, layers, thickness, gravity, supply, sinks, kind, boundary, seconds, work):
    """Advance w [layer] in place by `seconds`; returns (infiltration, outflow at the base) in m, or (nan, nan).

    layers [layer, 7]; thickness [layer] (m); gravity: cosine of the angle between the column and the vertical (1);
    supply: water offered to the surface (m/s); sinks [layer]: taken out, negative put in (m/s); kind and boundary:
    the lower boundary; work: scratch [12, layer + 1]. The surface takes no more than its conductivity at zero head
    allows, and gives water back (negative infiltration) where the head there is positive.
    """
    n = len(w)
    flux = work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    q, dq_up, dq_down = flux[0], flux[1], flux[2]
    old, residual, upper, trial = work[7], work[8], work[9], work[10]
    infiltration, outflow, left, dt = 0.0, 0.0, seconds, seconds
    while left > 0.0:
        dt = min(dt, left)
        for i in range(n):
            old[i] = w[i]
            trial[i] = w[i]
        converged = False
        for _ in range(_MAX_ITERATIONS):
            _fluxes(trial[:n], layers, thickness, gravity, supply, kind, boundary, *flux)
            worst = 0.0
            for i in range(n):
                residual[i] = thickness[i] * (trial[i] - old[i]) - dt * (q[i] - q[i + 1] - sinks[i])
                if not math.isfinite(residual[i]):  # max() would ignore it
                    worst = math.inf
                    break
                worst = max(worst, abs(residual[i]))
            if worst == math.inf:
                break
            if worst < _TOLERANCE:
                converged = True
                break
            # Thomas algorithm on the Jacobian; `upper` holds the eliminated super-diagonal, `residual` the solution.
            for i in range(n):
                below = -dt * dq_up[i]
                diagonal = thickness[i] - dt * (dq_down[i] - dq_up[i + 1])
                above = dt * dq_down[i + 1]
                if i > 0:
                    diagonal -= below * upper[i - 1]
                    residual[i] -= below * residual[i - 1]
                upper[i] = above / diagonal
                residual[i] /= diagonal
            for i in range(n - 1, -1, -1):
                if i < n - 1:
                    residual[i] -= upper[i] * residual[i + 1]
            for i in range(n):
                new = trial[i] - residual[i]
                full = layers[i, 1]
                # The curve has a kink at saturation: stop there, and continue with the slope of the other side.
                if (trial[i] < full) and (new > full):
                    new = full
                elif (trial[i] >= full) and (new < full):
                    new = full * (1.0 - 1e-9) if trial[i] > full else max(new, 0.5 * full)
                elif new < layers[i, 2]:
                    new = 0.5 * (trial[i] + layers[i, 2])
                trial[i] = new
        change = 0.0
        if converged:
            for i in range(n):
                change = max(change, abs(trial[i] - old[i]))
        if not converged or (change > _LARGEST_CHANGE and dt > 1.0):
            dt *= 0.5
            if dt < _SHORTEST_STEP:
                return math.nan, math.nan
            continue
        for i in range(n):
            w[i] = old[i] + dt * (q[i] - q[i + 1] - sinks[i]) / thickness[i]
        infiltration += dt * q[0]
        outflow += dt * q[n]
        left -= dt
        if left < 1e-9 * seconds:
            left = 0.0
        dt *= 2.0
    return infiltration, outflow


@njit
def heads(w, layers):
    """Heads (m) [layer] at water contents w."""
    out = np.empty(len(w))
    for i in range(len(w)):
        out[i] = head_and_conductivity(w[i], layers[i])[0]
    return out

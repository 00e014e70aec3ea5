"""The solver of vertical flow, with other curves and a fine grid, against theory and TRIGRS."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy import optimize

from elm_landslide.physics.infinite_slope import factor_of_safety
from elm_landslide.simulator.hydraulics import GARDNER, LINEAR, water_content
from elm_landslide.simulator.richards import CLOSED, HEAD, heads, step
from elm_landslide.simulator.validation.check import Check

TOLERANCE = 0.02
# Srivastava and Yeh (1991) as TRIGRS runs it: cm and h.
SY = dict(depth=100.0, ks=1.0, alpha=0.1, saturated=0.4, residual=0.06, before=0.1, after=0.9)
# Some rows of the listings of USGS TRIGRS 2.1 (Alvioli and Baum 2016), public domain: (time, depth, head ...).
TRIGRS_SY = (  # h, cm, cm
    (0.0, 25.0, -22.976),
    (0.0, 75.0, -17.494),
    (10.0, 25.0, -6.1793),
    (10.0, 50.0, -14.190),
    (10.0, 75.0, -16.499),
    (20.0, 25.0, -2.4888),
    (20.0, 50.0, -5.4292),
    (20.0, 75.0, -8.8488),
    (40.0, 25.0, -1.2299),
    (40.0, 50.0, -1.6601),
    (40.0, 75.0, -2.2444),
)
FLUME = dict(slope=31.0, depth=0.7, ks=1e-4, diffusivity=1e-3, cohesion=500.0, phi=38.0, weight=19e3)
TRIGRS_FLUME = ((0.014, -0.50403, 5.5581), (0.098, -0.44231, 1.9085), (0.196, -0.37031, 1.6044))  # m, m, FoS; at rest
TUTORIAL = dict(
    slope=16.7, depth=2.0, table=1.5, ks=1e-7, diffusivity=6e-6, before=2e-8, cohesion=3500.0, phi=35.0, weight=22e3
)
TRIGRS_TUTORIAL = (  # s, m, m, FoS
    (172800.0, 0.4, 0.062390, 3.6022),
    (172800.0, 1.0, 0.12302, 2.7725),
    (172800.0, 1.6, 0.36364, 2.4376),
    (172800.0, 2.0, 0.61537, 2.2742),
    (216000.0, 0.4, 0.21378, 3.1733),
    (216000.0, 0.8, 0.22696, 2.7349),
    (216000.0, 2.0, 0.74412, 2.2013),
)
WATER_WEIGHT = 9800.0  # N/m3, of TRIGRS


def checks() -> Iterator[Check]:
    worst = max(_relative_error(*srivastava_yeh(time)) for time in (1.0, 5.0, 10.0, 20.0, 40.0))
    yield Check(
        "heads of Srivastava and Yeh (1991)", f"off by {worst:.2%} of the largest head", "2 %", worst < TOLERANCE
    )
    for name, (ours, listed) in {
        "heads of TRIGRS, Srivastava-Yeh case": sy_rows(TRIGRS_SY),
        "heads of TRIGRS, flume at rest": flume_rows([row[:2] for row in TRIGRS_FLUME]),
    }.items():
        error = _relative_error(ours, listed)
        yield Check(name, f"off by {error:.2%} of the largest head", "2 %", error < TOLERANCE)
    worst = _relative_error(*iverson())
    yield Check(
        "heads of Iverson (2000), flume in rain", f"off by {worst:.2%} of the largest head", "2 %", worst < TOLERANCE
    )
    rows = [(time, depth, fos) for time, depth, _, fos in TRIGRS_TUTORIAL]
    ours, listed = tutorial_fos(rows, TUTORIAL["slope"])
    worst = float(np.abs(ours / listed - 1.0).max())
    yield Check("factor of safety of the TRIGRS tutorial", f"off by {worst:.2%} at most", "2 %", worst < TOLERANCE)


def _relative_error(ours: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(np.subtract(ours, expected)).max() / np.abs(expected).max())


def _solve(w, layers, thickness, gravity, supply, base, head, times, step_length) -> list[np.ndarray]:
    """Water contents at the times, in steps of at most step_length."""
    n = len(w)
    work, sinks, now, out = np.zeros((12, n + 1)), np.zeros(n), 0.0, []
    for time in times:
        count = int(np.ceil((time - now) / step_length - 1e-9))
        for _ in range(count):
            step(w, layers, thickness, gravity, supply, sinks, base, head, (time - now) / count, work)
        now = time
        out.append(w.copy())
    return out


def _gardner(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(layers, thickness, node depths) of the Srivastava-Yeh column."""
    row = [GARDNER, SY["saturated"], SY["residual"], SY["ks"], SY["alpha"], 0.0, 1e-6]
    thickness = np.full(n, SY["depth"] / n)
    return np.tile(row, (n, 1)), thickness, thickness * (np.arange(n) + 0.5)


def srivastava_yeh_head(depth: np.ndarray, time: float) -> np.ndarray:
    """Heads (cm) at depths (cm) and a time (h): Srivastava and Yeh (1991), their equations 13 and 14.

    K = ks exp(alpha head), the water table at the base; one flux before time 0, another from then on."""
    alpha, ks = SY["alpha"], SY["ks"]
    z = alpha * (SY["depth"] - np.asarray(depth, dtype=float))
    length, now = alpha * SY["depth"], alpha * ks * time / (SY["saturated"] - SY["residual"])
    before, after = SY["before"] / ks, SY["after"] / ks
    if time == 0.0:
        return np.log(before - (before - 1.0) * np.exp(-z)) / alpha

    def characteristic(root: float) -> float:  # tan(root length) + 2 root = 0, without its poles
        return np.sin(root * length) + 2.0 * root * np.cos(root * length)

    k = after - (after - 1.0) * np.exp(-z)
    for i in range(1, 400):
        root = optimize.brentq(characteristic, (i - 0.5) * np.pi / length + 1e-9, (i + 0.5) * np.pi / length - 1e-9)
        factor = np.sin(root * z) * np.sin(root * length) * np.exp(-(root**2) * now)
        series = 4.0 * (after - before) * np.exp((length - z) / 2.0 - now / 4.0)
        k = k - series * factor / (1.0 + length / 2.0 + 2.0 * root**2 * length)
    return np.log(k) / alpha


def srivastava_yeh(time: float, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """(heads of the solver, heads of the solution) (cm) on the nodes at a time (h)."""
    layers, thickness, nodes = _gardner(n)
    start = srivastava_yeh_head(nodes, 0.0)
    w = np.array([water_content(h, layer) for h, layer in zip(start, layers, strict=True)])
    w = _solve(w, layers, thickness, 1.0, SY["after"], HEAD, 0.0, [time], 0.05)[-1]
    return heads(w, layers), srivastava_yeh_head(nodes, time)


def sy_rows(rows) -> tuple[np.ndarray, np.ndarray]:
    """(heads of the solver, listed heads) (cm) for rows (time (h), depth (cm), head (cm)) of TRIGRS.

    The start is the steady state that the solver itself reaches under the flux before."""
    rows = np.array(rows)
    layers, thickness, nodes = _gardner(400)
    w = np.array([water_content(-10.0, layer) for layer in layers])
    w = _solve(w, layers, thickness, 1.0, SY["before"], HEAD, 0.0, [2000.0], 1.0)[-1]
    ours = np.empty(len(rows))
    times = sorted(set(rows[:, 0]))
    states = [w.copy()] if times[0] == 0.0 else []
    states += _solve(w, layers, thickness, 1.0, SY["after"], HEAD, 0.0, [t for t in times if t > 0.0], 0.02)
    for time, state in zip(times, states, strict=True):
        at_time = rows[:, 0] == time
        at = np.append(nodes, SY["depth"])
        profile = np.append(heads(state, layers), 0.0)
        slope = (profile[1] - profile[0]) / (at[1] - at[0])
        depth = rows[at_time, 1]
        ours[at_time] = np.where(depth < at[0], profile[0] + slope * (depth - at[0]), np.interp(depth, at, profile))
    return ours, rows[:, 2]


def _linear(n: int, depth: float, ks: float, diffusivity: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    thickness = np.full(n, depth / n)
    row = [LINEAR, 10.0, 0.0, ks, ks / diffusivity, 0.0, ks / diffusivity]
    return np.tile(row, (n, 1)), thickness, thickness * (np.arange(n) + 0.5)


def _cosine2(slope: float) -> float:
    return float(np.cos(np.radians(slope)) ** 2)


def flume_rows(rows) -> tuple[np.ndarray, np.ndarray]:
    """(heads of the solver, listed heads) (m) for rows (depth (m), head (m)) of the flume before its rain.

    The solver starts from twice these heads and drains to rest over the table at the base."""
    rows = np.array(rows)
    layers, thickness, nodes = _linear(100, FLUME["depth"], FLUME["ks"], FLUME["diffusivity"])
    gravity = _cosine2(FLUME["slope"])
    w = 10.0 + layers[:, 4] * 2.0 * gravity * (nodes - FLUME["depth"])
    w = _solve(w, layers, thickness, gravity, 0.0, HEAD, 0.0, [20000.0], 50.0)[-1]
    profile = heads(w, layers)
    slope = (profile[1] - profile[0]) / thickness[0]
    at = np.concatenate([[0.0], nodes, [FLUME["depth"]]])
    full = np.concatenate([[profile[0] - 0.5 * slope * thickness[0]], profile, [0.0]])
    return np.interp(rows[:, 0], at, full), rows[:, 1]


def iverson(time: float = 120.0) -> tuple[np.ndarray, np.ndarray]:
    """(heads of the solver, Iverson's) (m) under the flume's rain on deep ground.

    Hydrostatic plus the response 2 sqrt(D t) ierfc(z / 2 sqrt(D t)) with D = D0 / cos^2 (Iverson 2000, equation 27e),
    flux equal to the conductivity, as long as no water stands on the ground."""
    from scipy.special import erfc

    gravity = _cosine2(FLUME["slope"])
    diffusivity = FLUME["diffusivity"] / gravity
    depth = 10.0
    layers, thickness, nodes = _linear(2000, depth, FLUME["ks"], diffusivity)
    rest = gravity * (nodes - FLUME["depth"])
    w = 10.0 + layers[:, 4] * rest
    # At the base the flow of the state of rest, so that deep ground stays at rest.
    edge = gravity * (depth - FLUME["depth"])
    w = _solve(w, layers, thickness, gravity, FLUME["ks"], HEAD, edge, [time], 0.5)[-1]
    length = 2.0 * np.sqrt(diffusivity * time)
    scaled = nodes / length
    response = length * (np.exp(-(scaled**2)) / np.sqrt(np.pi) - scaled * erfc(scaled))
    return heads(w, layers), rest + response


def tutorial_heads(times, slope: float, n: int = 100) -> tuple[np.ndarray, list[np.ndarray]]:
    """(node depths, heads at each time) (m) of a cell of the tutorial's first zone; its rain exceeds its conductivity.

    TRIGRS adds the response of a column closed at its base to the steady state before, and bounds the head by that of
    the same steady flow with its table at the surface."""
    gravity = _cosine2(slope)
    diffusivity = TUTORIAL["diffusivity"] / gravity
    layers, thickness, nodes = _linear(n, TUTORIAL["depth"], TUTORIAL["ks"], diffusivity)
    slope_of_head = gravity - TUTORIAL["before"] / TUTORIAL["ks"]
    steady = slope_of_head * (nodes - TUTORIAL["table"])
    # Without gravity the solver gives the response alone, here above a head at which no water leaves the surface. The
    # ground takes no more than its conductivity.
    low = -100.0
    w, states, now = 10.0 + layers[:, 4] * low, [], 0.0
    work, sinks = np.zeros((12, n + 1)), np.zeros(n)
    sinks[0] = -TUTORIAL["ks"]
    for time in times:
        count = int(np.ceil((time - now) / 600.0))
        for _ in range(count):
            step(w, layers, thickness, 0.0, 0.0, sinks, CLOSED, 0.0, (time - now) / count, work)
        now = time
        states.append(np.minimum(steady + heads(w, layers) - low, slope_of_head * nodes))
    return nodes, states


def tutorial_fos(rows, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """(FoS from the solver's heads, listed FoS) for rows (time (s), depth (m), FoS) of TRIGRS."""
    rows = np.array(rows)
    times = sorted(set(rows[:, 0]))
    nodes, states = tutorial_heads(times, slope)
    ours = np.empty(len(rows))
    for time, state in zip(times, states, strict=True):
        at_time = rows[:, 0] == time
        edge = state[-1] + 0.5 * (state[-1] - state[-2])
        head = np.interp(rows[at_time, 1], np.append(nodes, TUTORIAL["depth"]), np.append(state, edge))
        weight = TUTORIAL["weight"] * rows[at_time, 1]
        arrays = (
            np.full(at_time.sum(), np.tan(np.radians(slope))),
            np.full(at_time.sum(), np.tan(np.radians(TUTORIAL["phi"]))),
            np.full(at_time.sum(), TUTORIAL["cohesion"]),
            WATER_WEIGHT * head,
            weight,
        )
        ours[at_time] = factor_of_safety(*map(torch.from_numpy, arrays)).numpy()
    return ours, rows[:, 2]

"""Water of one ELM column from weather: the coarse state that the network sees above the hillslopes of the simulator.

ELM's ten layers with its soil curves, over a store that represents its aquifer; saturation excess and baseflow by the
water table as in ELM (Oleson et al. 2013, Niu et al. 2005 and 2007); snow by degree day; potential evaporation after
Hamon (1963); uptake by roots with ELM's linear wilting. Left out: freezing of the soil, energy, ponds. Water balances
to rounding: what comes in as rain and snow becomes storage, evaporation, runoff or drainage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from elm_landslide.fields import LAYER_INTERFACES
from elm_landslide.simulator.hydraulics import water_content
from elm_landslide.simulator.richards import CLOSED, clapp_hornberger_layers, heads, step, store_layer

INTERFACES = np.array(LAYER_INTERFACES)
THICKNESS = np.diff(INTERFACES)
BASE = INTERFACES[-1]  # m
STORE_THICKNESS = 0.1  # m, of the node below the column that represents the aquifer
SPECIFIC_YIELD = 0.2  # 1, of ELM's aquifer
DEEPEST_TABLE = 80.0  # m

SATURATED_DECAY = 0.25  # 1/m, of the saturated fraction with the depth of the table (ELM: half of fff = 0.5)
BASEFLOW_DECAY = 2.5  # 1/m
BASEFLOW_FACTOR = 0.01  # m/s; times the sine of the mean slope
MOST_DRAINED = 0.05  # m3/m3 of the saturated soil that leaves as baseflow in one step, at most
RAIN_FROM, SNOW_BELOW = 2.0, 0.0  # degrees C; between them both fall
DEGREE_DAY = 3.5  # mm/day/K (Hock 2003: 2.5 to 6)
CANOPY_PER_LAI = 0.1e-3  # m of water on a unit of leaf area
INTERCEPTED = 0.25  # share of the rain that a closed canopy catches
EXTINCTION = 0.5  # of light by leaves
WILTING_HEAD, OPEN_HEAD = -250.0, -70.0  # m; roots take nothing, or all of the demand (ELM's smpsc, smpso, most plants)

# Rows of the forcing and of what `run` returns for every step.
FORCING = ("rain", "snow", "temperature", "potential")  # m/s, m/s, degrees C, m/s
FLUXES = ("water_input", "surface_runoff", "baseflow", "evaporation", "snowmelt", "water_table")  # m/s; the last m


@dataclass
class Soil:
    """A column; porosity (m3/m3), ks (m/s), sucsat (m), bsw (1), root_fraction (1) [10]."""

    porosity: np.ndarray
    ks: np.ndarray
    sucsat: np.ndarray
    bsw: np.ndarray
    root_fraction: np.ndarray
    leaf_area: float = 2.0  # m2/m2
    most_saturated: float = 0.38  # 1, ELM's FMAX
    slope: float = 1.0  # degrees, ELM's SLOPE: mean of the gridcell, for baseflow

    def layers(self) -> np.ndarray:
        """The ten layers and the aquifer, [11, 7]."""
        soil = clapp_hornberger_layers(self.porosity, self.ks, self.sucsat, self.bsw)
        return np.concatenate([soil, store_layer(SPECIFIC_YIELD / STORE_THICKNESS, self.ks[-1], self.sucsat[-1])])


@dataclass
class Water:
    """State of a column: w [11] water contents with the aquifer's, snow and canopy (m)."""

    w: np.ndarray
    snow: float = 0.0
    canopy: float = 0.0

    def total(self) -> float:
        """Water (m) above an arbitrary level."""
        return float((self.w * _thickness()).sum() + self.snow + self.canopy)


def _thickness() -> np.ndarray:
    return np.append(THICKNESS, STORE_THICKNESS)


def state_from_table(soil: Soil, water_table: float, liquid: np.ndarray | None = None) -> Water:
    """State with a table at `water_table` (m): hydrostatic, or with the water contents `liquid` [10] above it."""
    layers, nodes = soil.layers(), 0.5 * (INTERFACES[1:] + INTERFACES[:-1])
    head = nodes - water_table - soil.sucsat
    w = np.array([water_content(h, layer) for h, layer in zip(head, layers, strict=False)])
    if liquid is not None:
        w = np.where(nodes < water_table, np.minimum(liquid, soil.porosity), w)
    return Water(np.append(w, water_content(BASE + 0.5 * STORE_THICKNESS - water_table - soil.sucsat[-1], layers[-1])))


def potential_evaporation(temperature: np.ndarray, day_of_year: np.ndarray, latitude: float) -> np.ndarray:
    """Hamon (1963): 29.8 D es / (T + 273.2) mm/day, here in m/s; temperature in degrees C, D day length (h / 24 h)."""
    declination = 0.409 * np.sin(2 * np.pi * day_of_year / 365.0 - 1.39)
    sunset = np.arccos(np.clip(-np.tan(np.radians(latitude)) * np.tan(declination), -1.0, 1.0))
    vapour = 0.611 * np.exp(17.27 * temperature / (temperature + 237.3))  # kPa
    daily = 29.8 * 24.0 * (sunset / np.pi) * vapour / (temperature + 273.2)  # mm/day
    return np.where(temperature > 0.0, daily, 0.0) / 86400e3


def partition(precipitation: np.ndarray, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rain and snow, in the unit of precipitation, by air temperature (degrees C)."""
    liquid = np.clip((temperature - SNOW_BELOW) / (RAIN_FROM - SNOW_BELOW), 0.0, 1.0)
    return precipitation * liquid, precipitation * (1.0 - liquid)


@njit
def _table(w, layers, interfaces, head):
    """Depth (m) of the water table: hydrostatic from the topmost node of the saturated zone on the aquifer."""
    n = len(w) - 1
    depth = interfaces[n] + 0.5 * STORE_THICKNESS - (head[n] + layers[n, 5])
    if w[n] < layers[n, 1]:
        return depth
    for i in range(n - 1, -1, -1):
        node = 0.5 * (interfaces[i] + interfaces[i + 1])
        if w[i] < layers[i, 1]:
            return max(depth, node)
        depth = node - (head[i] + layers[i, 4])
    return max(depth, 0.0)


@njit(nogil=True)  # columns of different sites run in threads
def _run(w, store, layers, thickness, interfaces, roots, leaf_area, most_saturated, sine, forcing, seconds, substeps):
    n_steps, n = forcing.shape[1], len(w)
    fluxes, moisture = np.zeros((6, n_steps)), np.zeros((n_steps, n - 1))
    work, sinks = np.zeros((12, n + 1)), np.zeros(n)
    shade = 1.0 - math.exp(-EXTINCTION * leaf_area)
    dt = seconds / substeps
    for t in range(n_steps):
        for _ in range(substeps):
            rain, snow, temperature, potential = forcing[0, t], forcing[1, t], forcing[2, t], forcing[3, t]
            melt = min(store[0] / dt + snow, max(DEGREE_DAY * temperature, 0.0) / 86400e3)
            store[0] = max(store[0] + dt * (snow - melt), 0.0)
            caught = min(INTERCEPTED * shade * rain, max(CANOPY_PER_LAI * leaf_area - store[1], 0.0) / dt)
            wet = min(potential, store[1] / dt + caught)
            store[1] = max(store[1] + dt * (caught - wet), 0.0)
            reaching = rain - caught + melt

            head = heads(w, layers)
            depth = _table(w, layers, interfaces, head)
            demand = max(potential - wet, 0.0)
            total = 0.0
            for i in range(n - 1):
                open_ = (head[i] - WILTING_HEAD) / (OPEN_HEAD - WILTING_HEAD)
                sinks[i] = demand * shade * roots[i] * min(max(open_, 0.0), 1.0)
            sinks[0] += demand * (1.0 - shade) * min(w[0] / layers[0, 1], 1.0) ** 2
            # No layer gives more than a fifth of what it has in a step.
            for i in range(n - 1):
                sinks[i] = min(sinks[i], 0.2 * w[i] * thickness[i] / dt)
                total += sinks[i]
            baseflow = BASEFLOW_FACTOR * sine * math.exp(-BASEFLOW_DECAY * depth)
            if depth > DEEPEST_TABLE:
                baseflow = 0.0
            below = 0.0
            for i in range(n - 1):
                below += max(interfaces[i + 1] - max(interfaces[i], depth), 0.0)
            if below > 0.0:
                baseflow = min(baseflow, MOST_DRAINED * below / dt)
            at = n - 1  # from the layer that holds the table, as ELM does, or from the aquifer
            for i in range(n - 2, -1, -1):
                if interfaces[i + 1] > depth:
                    at = i
            sinks[n - 1] = 0.0
            sinks[at] += baseflow

            saturated = most_saturated * math.exp(-SATURATED_DECAY * depth)
            supply = (1.0 - saturated) * reaching
            infiltration, _ = step(w, layers, thickness, 1.0, supply, sinks, CLOSED, 0.0, dt, work)
            if math.isnan(infiltration):
                return fluxes, moisture, t
            share = 1.0 / substeps
            fluxes[0, t] += share * reaching
            fluxes[1, t] += share * (reaching - infiltration / dt)
            fluxes[2, t] += share * baseflow
            fluxes[3, t] += share * (wet + total)
            fluxes[4, t] += share * melt
            fluxes[5, t] += share * depth
            for i in range(n - 1):
                moisture[t, i] += share * w[i]
    return fluxes, moisture, -1


def run(
    soil: Soil, water: Water, forcing: np.ndarray, seconds: float = 3600.0, substeps: int = 1
) -> dict[str, np.ndarray]:
    """Step a column through its weather, in place.

    forcing [4, time]: rows of FORCING, held over steps of `seconds`, each solved in `substeps`. Returns a dict of
    means over the steps, [time]: FLUXES, and `liquid_water` [time, 10] (m3/m3).
    Raises ArithmeticError if Richards' equation cannot be solved.
    """
    forcing = np.ascontiguousarray(forcing, dtype=float)
    bad = ~np.isfinite(forcing) | ((forcing < 0.0) & (np.array(FORCING) != "temperature")[:, None])
    if bad.any():
        row, at = np.argwhere(bad)[0]
        raise ValueError(f"column: {FORCING[row]}: {forcing[row, at]} in step {at}; fill gaps first")
    layers, store = soil.layers(), np.array([water.snow, water.canopy])
    fluxes, moisture, failed = _run(
        water.w,
        store,
        layers,
        _thickness(),
        INTERFACES,
        np.asarray(soil.root_fraction, dtype=float),
        float(soil.leaf_area),
        float(soil.most_saturated),
        math.sin(math.radians(soil.slope)),
        forcing,
        float(seconds),
        int(substeps),
    )
    if failed >= 0:
        raise ArithmeticError(f"column: Richards' equation cannot be solved in step {failed}")
    water.snow, water.canopy = store
    return {**dict(zip(FLUXES, fluxes, strict=True)), "liquid_water": moisture}

"""One member of an ensemble: its column and its hillslope through a season of weather and a storm.

The column runs through the season and then through the event. The hillslope starts from the column's water, settles
under the last days of the season, and goes through the event in steps of an hour or less. It receives the water that
reaches the soil in the column, times the local rain: it stands where more falls. The fields that ELM would hand to the
network are stored, and what the hillslope did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elm_landslide.fields import RAIN_WINDOWS, pack
from elm_landslide.physics import clapp_hornberger
from elm_landslide.physics.constants import SECONDS_PER_HOUR
from elm_landslide.physics.infinite_slope import FOS_CAP, FOS_FLOOR
from elm_landslide.physics.layers import NODES
from elm_landslide.physics.stability import SHALLOWEST_PLANE
from elm_landslide.simulator import column
from elm_landslide.simulator.scene import Scene, Settings
from elm_landslide.simulator.terrain import Terrain

__all__ = [
    "SETTLING",
    "SLOPE_CLASSES",
    "Scene",
    "Settings",
    "Storm",
    "advance",
    "begin",
    "run",
    "state",
]
SETTLING = 3  # h, steps in which the hillslope settles
SLOPE_CLASSES = 5  # of equal area
LEAST_INPUT = 1e-3  # m of water; errors of a balance are shares of the input, or of this


@dataclass
class Storm:
    """A scene as its event begins.

    event: of the column, as column.run; budget: (input, losses) (m) of the hillslope since it held `stored` (m);
    error: of the column's balance, as a share of its input.
    """

    event: dict[str, np.ndarray]
    budget: np.ndarray
    stored: float
    error: float


def begin(scene: Scene, settings: Settings) -> Storm:
    """Take the column through season and event, and the hillslope to where the event begins."""
    before = scene.forcing.shape[1] - settings.hours
    total = scene.water.total()
    season = column.run(scene.soil, scene.water, scene.forcing[:, :before])
    _start(scene, season, settings)
    stored = scene.hill.hillslope.stored()
    budget = _settle(scene, season, settings)
    scene.hill.update(-(settings.lead + SETTLING) * SECONDS_PER_HOUR)  # somewhere in the last long step
    event = column.run(scene.soil, scene.water, scene.forcing[:, before:])
    return Storm(event, budget, stored, _column_error(total, scene, season, event))


def advance(scene: Scene, storm: Storm, settings: Settings, hour: int) -> None:
    """One hour of the event on the hillslope."""
    part = SECONDS_PER_HOUR / settings.substeps
    rate = scene.local_rain * storm.event["water_input"][hour]
    for k in range(1, settings.substeps + 1):
        storm.budget = storm.budget + _fluxes(scene.hill.hillslope.step(rate, part))
        scene.hill.update((hour - settings.lead) * SECONDS_PER_HOUR + k * part)


def run(scene: Scene, settings: Settings) -> dict[str, np.ndarray]:
    """Run a scene; returns `x` [time, N_IN], what the hillslope did at those times [time, ...], and its landslides:

    probability: share of the cells whose FoS of the infinite slope is below 1 somewhere; fos, fos_median, depth as in
    fields.toml; fos_class [time, SLOPE_CLASSES, layer]: median FoS by class of slope on the lower faces of the layers,
    soil_depth [class]: median thickness; released: share of the cells that slid; damage: mean share of broken fibres at
    the bases of the others; event_time (h after the start of the storm), event_area (m2), event_volume (m3),
    event_depth (m), event_initial (1: before the first hour of the event); balance: greatest error of the water
    balance, as a share of the input.
    """
    storm = begin(scene, settings)
    hill, land = scene.hill.hillslope, scene.hill.hillslope.terrain
    classes, hours = slope_classes(land), []
    out: dict[str, list] = {}
    for hour in range(settings.hours):
        advance(scene, storm, settings, hour)
        if (hour + 1) % settings.every == 0:
            hours.append(hour)
            for name, value in state(scene).items():
                out.setdefault(name, []).append(value)
    incoming, losses = storm.budget
    slope_error = abs(incoming - losses - (hill.stored() - storm.stored)) / max(incoming, LEAST_INPUT)
    slides = scene.hill.landslides()
    events = {
        "event_time": [slide.time / SECONDS_PER_HOUR for slide in slides],
        "event_area": [slide.area for slide in slides],
        "event_volume": [slide.volume for slide in slides],
        "event_depth": [slide.depth for slide in slides],
        "event_initial": [float(slide.time < -settings.lead * SECONDS_PER_HOUR) for slide in slides],
    }
    return {
        "x": _fields(scene, storm.event, np.array(hours), scene.forcing.shape[1] - settings.hours),
        **{name: np.array(values) for name, values in out.items()},
        "soil_depth": np.array([np.median(hill.thickness[c]) for c in classes]),
        **{name: np.array(values, dtype=float) for name, values in events.items()},
        "balance": np.array(max(slope_error, storm.error)),
    }


def _fluxes(budget: dict[str, float]) -> np.ndarray:
    return np.array([budget["rain"], budget["over_edge"] + budget["into_rock"]])


def _start(scene: Scene, season: dict[str, np.ndarray], settings: Settings) -> None:
    """The hillslope's water from the column's, `settle` days before the event: saturation by depth, and its table."""
    hill, at = scene.hill.hillslope, -24 * settings.settle - 1
    saturation = season["liquid_water"][at] / scene.soil.porosity
    between = np.interp(hill.nodes, NODES.numpy(), np.minimum(saturation, 1.0))
    table = season["water_table"][at]
    soil = hill.soil
    head = clapp_hornberger.head(between, soil.sucsat, soil.bsw)
    hill.set_head(np.where(hill.nodes > table, (hill.nodes - table) * hill.cosine2[:, None], head))


def _settle(scene: Scene, season: dict[str, np.ndarray], settings: Settings) -> np.ndarray:
    """Days of local water in long steps, less the share of all of it that soil and plants give to the air;
    (input, losses) (m)."""
    n = 24 * settings.settle
    supply = season["water_input"][-n:]
    hours = slice(scene.forcing.shape[1] - settings.hours - n, scene.forcing.shape[1] - settings.hours)
    interception = scene.forcing[0, hours] + season["snowmelt"][-n:] - supply  # on leaves, and evaporates there
    loss = (season["evaporation"][-n:] - interception).sum()
    local = scene.local_rain * supply
    share = max(1.0 - loss / local.sum(), 0.0) if local.sum() > 0.0 else 0.0
    budget = np.zeros(2)
    for rate in share * local.reshape(-1, SETTLING).mean(1):
        budget += _fluxes(scene.hill.hillslope.step(rate, SETTLING * SECONDS_PER_HOUR))
    return budget


def _column_error(total: float, scene: Scene, season: dict[str, np.ndarray], event: dict[str, np.ndarray]) -> float:
    incoming = SECONDS_PER_HOUR * scene.forcing[:2].sum()
    losses = SECONDS_PER_HOUR * sum(
        part[name].sum() for part in (season, event) for name in ("evaporation", "surface_runoff", "baseflow")
    )
    return abs(total + incoming - losses - scene.water.total()) / max(incoming, LEAST_INPUT)


def slope_classes(land: Terrain, classes: int = SLOPE_CLASSES) -> list[np.ndarray]:
    """Cells by gradient, in classes of equal area."""
    return np.array_split(np.argsort(land.gradient, kind="stable"), classes)


def state(scene: Scene) -> dict:
    """What the hillslope does now, as in `run`."""
    hill, slope = scene.hill, scene.hill.hillslope
    fos = np.clip(hill.factor_of_safety(scene.roots), FOS_FLOOR, FOS_CAP)
    faces = slope.dz[:, None] * np.arange(1, slope.n_layers + 1)
    plane = np.where((faces >= SHALLOWEST_PLANE) | (faces == faces[:, -1:]), fos, np.inf)
    least, at = plane.min(1), plane.argmin(1)
    depth = faces[np.arange(len(at)), at]
    # The tenth of the area about the 90th and the 50th percentile of slope.
    twentieths = slope_classes(slope.terrain, 20)
    steep, middle = np.concatenate(twentieths[17:19]), np.concatenate(twentieths[9:11])
    return {
        "probability": (least < 1.0).mean(),
        "fos": np.exp(np.log(least[steep]).mean()),
        "fos_median": np.exp(np.log(least[middle]).mean()),
        "depth": np.median(depth[steep]),
        "released": hill.released.mean(),
        "damage": hill.damage[~hill.released].mean() if not hill.released.all() else 1.0,
        "fos_class": [np.median(fos[c], axis=0) for c in slope_classes(slope.terrain)],
    }


def _fields(scene: Scene, event: dict[str, np.ndarray], hours: np.ndarray, before: int) -> np.ndarray:
    """x [time, N_IN] at the hours of the event; what an ensemble does not know is missing."""
    sums = np.append(0.0, np.cumsum(scene.rain))
    end = before + hours + 1
    moving = {
        "liquid_water": event["liquid_water"][hours],
        "water_table_depth": event["water_table"][hours],
        "surface_runoff": 1000.0 * event["surface_runoff"][hours],
        "subsurface_drainage": 1000.0 * event["baseflow"][hours],
        "water_input": 1000.0 * event["water_input"][hours],
        "snowmelt": 1000.0 * event["snowmelt"][hours],
        **{name: sums[end] - sums[end - 24 * days] for name, days in RAIN_WINDOWS.items()},
    }
    return pack({**scene.static, **moving}, hours.shape)

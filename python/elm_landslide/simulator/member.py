"""One member of an ensemble: from one draw of the priors its weather, its ELM column and the hillslope under it.

The column runs through a season of weather and then through the event. The hillslope starts from the column's water,
settles under the last days of that weather, and goes through the event in steps of an hour or less. Both receive the
same water, what reaches the soil in the column. What is stored: the fields that ELM would hand to the network, and what
the hillslope did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..errors import UserError
from ..fields import FIELDS, N_IN, SLOPE_PERCENTILES, SPVAL
from ..physics import layers as elm_layers
from ..physics import pedotransfer, roots, strength
from ..physics.infinite_slope import FOS_CAP, FOS_FLOOR
from ..physics.root_profile import root_profiles
from ..physics.stability import SHALLOWEST_PLANE
from . import column, weather
from .hillslope import Hillslope, HillslopeSoil
from .terrain import SHAPES, Terrain, hillslope, plan_curvature, random_field, wetness_index
from .triggering import HillslopeStrength, Triggering

HOUR = 3600.0
PFT_OF_COVER = (7, 10, 13, 15)  # deciduous temperate tree and shrub, C3 grass, crop
SETTLING = 12  # h, steps in which the hillslope settles
SLOPE_CLASSES = 5  # of equal area
VARIATION = {"thickness": 0.25, "cohesion": 0.25, "roots": 0.4}  # 1, coefficient over a hillslope
LEAST_INPUT = 1e-3  # m of water; errors of a balance are shares of the input, or of this
BEDROCK = float(elm_layers.INTERFACES[-1])  # m, ELM's own


@dataclass(frozen=True)
class Settings:
    """rows, columns: cells of the hillslope; size (m): of a cell; layers: of its soil; spin_up: days of weather before
    the event; settle: the last of them (days) that the hillslope sees; lead: hours of the event before its storm;
    hours: of the event; substeps: of an hour; every: hours between stored states."""

    rows: int = 32
    columns: int = 32
    size: float = 5.0
    layers: int = 6
    spin_up: int = 90
    settle: int = 10
    lead: int = 12
    hours: int = 72
    substeps: int = 1
    every: int = 6

    def __post_init__(self):
        for name, least in (("rows", 3), ("columns", 3), ("layers", 2), ("hours", 1), ("substeps", 1), ("every", 1)):
            if getattr(self, name) < least:
                raise UserError(f"simulate: {name}: {getattr(self, name)}; at least {least}")
        if not 0.0 < self.size < np.inf:
            raise UserError(f"simulate: cell size: {self.size} m; it must be positive")
        if not 0 <= self.lead < self.hours or self.every > self.hours or not 0 < self.settle < self.spin_up:
            raise UserError(
                f"simulate: hours: {self.hours}; more than the {self.lead} before the storm, at least the {self.every} "
                f"between states, and spin_up: {self.spin_up} days, more than the {self.settle} of settle"
            )

    @property
    def times(self) -> np.ndarray:
        """Hours after the start of the storm at which states are stored."""
        return np.arange(self.every, self.hours + 1, self.every) - self.lead


@dataclass
class Scene:
    """What a draw stands for, before anything happens.

    forcing: rows of column.FORCING, [4, hour], the event at its end; rain (mm) [hour]; roots: root cohesion (Pa) on the
    lower faces of the hillslope's layers [cell, layer]; static: fields that do not change.
    """

    soil: column.Soil
    water: column.Water
    forcing: np.ndarray
    rain: np.ndarray
    hill: Triggering
    roots: np.ndarray
    static: dict[str, np.ndarray]


def scene(p: dict[str, float], seed, settings: Settings, days=None, land: Terrain | None = None, **changes) -> Scene:
    """Draw what the priors leave open: weather, terrain, fields over the hillslope.

    p: parameters by name of PRIORS; seed: of numpy's generator; days: (precipitation (mm), temperature (degrees C))
    [day] of real weather that ends the season and holds the event, in place of the drawn storm; land: terrain in place
    of a drawn hillslope; changes, for experiments: root_factor (1) on root cohesion, macropore_share and bonds of
    HillslopeSoil and HillslopeStrength.
    """
    weather_rng, land_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    forcing, rain = _weather(p, weather_rng, settings, days)
    cover = int(p["cover"])
    shares = np.array([float(i == cover) for i in range(len(roots.COVERS))])
    years = p["years"] if p["cleared"] < 0.3 and shares.any() else np.inf
    left = float(roots.root_strength_left(torch.tensor(years))) if np.isfinite(years) else 1.0
    root_fraction = shares @ root_profiles(elm_layers.INTERFACES.numpy())[list(PFT_OF_COVER)]
    leaf_area = p["leaf_area"] * shares.sum()
    sand = p["sand"]
    clay = p["clay_share"] * (100.0 - sand)
    porosity, sucsat, bsw = pedotransfer.porosity(sand), pedotransfer.sucsat(sand) / 1000.0, pedotransfer.bsw(clay)

    def ten(value):
        return np.full(len(elm_layers.THICKNESS), value)

    if land is None:
        land = _hillslope(p, land_rng, settings)
    soil = column.Soil(
        ten(porosity),
        ten(pedotransfer.ks(sand)),
        ten(sucsat),
        ten(bsw),
        root_fraction,
        leaf_area,
        slope=float(np.degrees(np.arctan(land.gradient.mean()))),
    )

    def varied(name):
        field = random_field(land_rng, land.shape, p["correlation"])[land.row, land.column]
        sigma = np.sqrt(np.log1p(VARIATION[name] ** 2))
        return np.exp(sigma * field - 0.5 * sigma**2)

    flat, thinning, bedrock = (torch.tensor(v, dtype=torch.float64) for v in (p["thickness"], p["thinning"], BEDROCK))
    mean = strength.soil_thickness(flat, thinning, torch.from_numpy(land.gradient), bedrock).numpy()
    thickness = np.clip(mean * varied("thickness"), 0.3, BEDROCK)
    slope_soil = HillslopeSoil(
        thickness,
        porosity,
        p["ks_multiplier"] * pedotransfer.ks(sand),
        sucsat,
        bsw,
        p["lateral"],
        changes.get("macropore_share", p["macropore_share"]),
        p["macropore_porosity"],
        p["macropore_conductivity"],
        p["rock"],
    )
    hill = Hillslope(land, slope_soil, settings.layers)
    bare = torch.zeros(1, dtype=torch.float64)
    cover_cohesion = torch.cat([roots.COVER_COHESION, bare])[cover].item()
    surface = cover_cohesion * p["root_multiplier"] * left * changes.get("root_factor", 1.0) * varied("roots")
    by_depth = surface[:, None] * _root_profile(root_fraction, hill)
    texture = torch.tensor([sand, clay], dtype=torch.float64)
    carbon = torch.cat([roots.COVER_CARBON, bare])[cover].item() * (left if np.isfinite(years) else 1.0)
    held = HillslopeStrength(
        strength.texture_cohesion(*texture).item() * p["cohesion_multiplier"] * varied("cohesion"),
        np.tan(np.radians(strength.texture_friction(*texture).item() + p["friction_offset"])),
        by_depth[:, -1],
        by_depth.mean(1),
        roots.surcharge(torch.tensor(carbon)).item(),
        p["suction_cap"],
        p["tension"],
        bonds=changes.get("bonds", True),
    )
    static = {
        **dict(porosity=soil.porosity, sucsat=1000.0 * soil.sucsat, bsw=soil.bsw, root_fraction=root_fraction),
        **dict(sand=ten(sand), clay=ten(clay), ice=ten(0.0), leaf_area_index=leaf_area, bedrock_depth=BEDROCK),
        **{f"{name}_cover": share for name, share in zip(roots.COVERS, shares, strict=True)},
        "slope": np.percentile(land.gradient, SLOPE_PERCENTILES),
        "vegetation_carbon": carbon,
        "years_since_disturbance": min(years, 200.0),
        "root_strength_left": left,
        "curvature": np.percentile(plan_curvature(land), (10, 30, 50, 70, 90)),
        "wetness_index": np.percentile(wetness_index(land), (10, 30, 50, 70, 90)),
    }
    return Scene(
        soil, column.state_from_table(soil, p["water_table"]), forcing, rain, Triggering(hill, held), by_depth, static
    )


def _weather(p, rng, settings: Settings, days):
    """(forcing [4, hour], rain (mm) [hour]) of the season and the event."""
    climate = weather.Climate(p["wet_after_dry"], p["wet_after_wet"], p["wet_day_rain"], p["temperature"])
    event_days = -(-settings.hours // 24)
    n = settings.spin_up + event_days
    first = int(p["first_day"])
    daily, temperature = weather.days(rng, climate, n, first)
    if days is not None:
        k = len(days[0])
        daily[-k:], temperature[-k:] = days
        hours = weather.hourly(rng, daily)
    else:
        hours = weather.hourly(rng, daily)
        storm = weather.storm(rng, p["storm_depth"], p["storm_hours"], p["storm_peak"])
        hours[24 * settings.spin_up :] = 0.0
        start = 24 * settings.spin_up + settings.lead
        hours[start : start + len(storm)] = storm[: len(hours) - start]
    temperature = np.repeat(temperature, 24)
    rain, snow = weather_parts = column.partition(hours, temperature)
    day_of_year = np.repeat((first + np.arange(n)) % 365 + 1, 24)
    potential = column.potential_evaporation(temperature, day_of_year, climate.latitude)
    per_second = [part / 1000.0 / HOUR for part in weather_parts]
    stop = 24 * settings.spin_up + settings.hours
    return np.stack([*per_second, temperature, potential])[:, :stop], rain[:stop]


def _hillslope(p, rng, settings: Settings) -> Terrain:
    field = random_field(rng, (settings.rows, settings.columns), p["correlation"])
    # A Gaussian correlation exp(-(r / L)^2) has gradients of sd sqrt(2) / L along each axis.
    relief = p["roughness"] * p["correlation"] * settings.size / np.sqrt(2.0) * field
    shape = SHAPES[int(p["shape"])]
    return hillslope(shape, p["gradient"], settings.rows, settings.columns, settings.size, p["bend"], relief)


def _root_profile(root_fraction: np.ndarray, hill: Hillslope) -> np.ndarray:
    """Root cohesion on the lower faces of the layers relative to that of the upper half metre, [n, layer]."""
    density = roots.relative_density(torch.from_numpy(root_fraction)[None])[0].numpy()
    faces = hill.dz[:, None] * np.arange(1, hill.n_layers + 1)
    return np.interp(faces, elm_layers.NODES.numpy(), density)


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


def begin(made: Scene, settings: Settings) -> Storm:
    """Take the column through season and event, and the hillslope to where the event begins."""
    before = made.forcing.shape[1] - settings.hours
    total = made.water.total()
    season = column.run(made.soil, made.water, made.forcing[:, :before])
    _start(made, season, settings)
    stored = made.hill.hillslope.stored()
    budget = _settle(made, season, settings)
    made.hill.update(-(settings.lead + SETTLING) * HOUR)  # somewhere in the last long step
    event = column.run(made.soil, made.water, made.forcing[:, before:])
    return Storm(event, budget, stored, _column_error(total, made, season, event))


def advance(made: Scene, storm: Storm, settings: Settings, hour: int) -> None:
    """One hour of the event on the hillslope."""
    part = HOUR / settings.substeps
    for k in range(1, settings.substeps + 1):
        storm.budget = storm.budget + _fluxes(made.hill.hillslope.step(storm.event["water_input"][hour], part))
        made.hill.update((hour - settings.lead) * HOUR + k * part)


def run(made: Scene, settings: Settings) -> dict[str, np.ndarray]:
    """Run a scene; returns `x` [time, N_IN], what the hillslope did at those times [time, ...], and its landslides:

    probability: share of the cells whose FoS of the infinite slope is below 1 somewhere; fos, fos_median, depth as in
    fields.toml; fos_class [time, SLOPE_CLASSES, layer]: median FoS by class of slope on the lower faces of the layers,
    soil_depth [class]: median thickness; released: share of the cells that slid; event_time (h after the start of the
    storm), event_area (m2), event_volume (m3), event_depth (m), event_initial (1: before the first hour of the event).
    balance: greatest error of the water balance, as a share of the input.
    """
    storm = begin(made, settings)
    hill, land = made.hill.hillslope, made.hill.hillslope.terrain
    order = np.argsort(land.gradient, kind="stable")
    classes = np.array_split(order, SLOPE_CLASSES)
    near = {q: order[int((q - 0.05) * land.n) : int((q + 0.05) * land.n) + 1] for q in (0.5, 0.9)}
    out = {name: [] for name in ("probability", "fos", "fos_median", "depth", "released", "fos_class")}
    kept = []
    for hour in range(settings.hours):
        advance(made, storm, settings, hour)
        if (hour + 1) % settings.every == 0:
            kept.append(hour)
            for name, value in _state(made, classes, near).items():
                out[name].append(value)
    incoming, lost = storm.budget
    slope_error = abs(incoming - lost - (hill.stored() - storm.stored)) / max(incoming, LEAST_INPUT)
    slides = made.hill.landslides()
    found = {
        "event_time": [slide.time / HOUR for slide in slides],
        "event_area": [slide.area for slide in slides],
        "event_volume": [slide.volume for slide in slides],
        "event_depth": [slide.depth for slide in slides],
        "event_initial": [float(slide.time < -settings.lead * HOUR) for slide in slides],
    }
    return {
        "x": _fields(made, storm.event, np.array(kept), made.forcing.shape[1] - settings.hours),
        **{name: np.array(values) for name, values in out.items()},
        "soil_depth": np.array([np.median(hill.thickness[c]) for c in classes]),
        **{name: np.array(values, dtype=float) for name, values in found.items()},
        "balance": np.array(max(slope_error, storm.error)),
    }


def _fluxes(budget: dict[str, float]) -> np.ndarray:
    return np.array([budget["rain"], budget["over_edge"] + budget["into_rock"]])


def _start(made: Scene, season, settings: Settings) -> None:
    """The hillslope's water from the column's, `settle` days before the event: saturation by depth, and its table."""
    hill, at = made.hill.hillslope, -24 * settings.settle - 1
    saturation = season["liquid_water"][at] / made.soil.porosity
    between = np.interp(hill.nodes, elm_layers.NODES.numpy(), np.minimum(saturation, 1.0))
    table = season["water_table"][at]
    soil = hill.soil
    head = -soil.sucsat * between**-soil.bsw
    hill.set_head(np.where(hill.nodes > table, (hill.nodes - table) * hill.cosine2[:, None], head))


def _settle(made: Scene, season, settings: Settings) -> np.ndarray:
    """Days of the column's water, less what plants take, in long steps; (input, losses) (m)."""
    net = np.maximum(season["water_input"] - season["evaporation"], 0.0)[-24 * settings.settle :]
    budget = np.zeros(2)
    for rate in net.reshape(-1, SETTLING).mean(1):
        budget += _fluxes(made.hill.hillslope.step(rate, SETTLING * HOUR))
    return budget


def _column_error(total: float, made: Scene, season, event) -> float:
    came = HOUR * made.forcing[:2].sum()
    went = HOUR * sum(
        part[name].sum() for part in (season, event) for name in ("evaporation", "surface_runoff", "baseflow")
    )
    return abs(total + came - went - made.water.total()) / max(came, LEAST_INPUT)


def _state(made: Scene, classes, near) -> dict:
    hill = made.hill
    fos = np.clip(hill.factor_of_safety(made.roots), FOS_FLOOR, FOS_CAP)
    faces = hill.hillslope.dz[:, None] * np.arange(1, hill.hillslope.n_layers + 1)
    plane = np.where((faces >= SHALLOWEST_PLANE) | (faces == faces[:, -1:]), fos, np.inf)
    least, at = plane.min(1), plane.argmin(1)
    depth = faces[np.arange(len(at)), at]
    return {
        "probability": (least < 1.0).mean(),
        "fos": np.exp(np.log(least[near[0.9]]).mean()),
        "fos_median": np.exp(np.log(least[near[0.5]]).mean()),
        "depth": np.median(depth[near[0.9]]),
        "released": hill.released.mean(),
        "fos_class": [np.median(fos[c], axis=0) for c in classes],
    }


def _fields(made: Scene, event, hours: np.ndarray, before: int) -> np.ndarray:
    """x [time, N_IN] at the hours of the event; what an ensemble does not know is missing."""
    x = np.full((len(hours), N_IN), SPVAL)
    sums = np.append(0.0, np.cumsum(made.rain))
    moving = {
        "liquid_water": event["liquid_water"][hours],
        "water_table_depth": event["water_table"][hours],
        "surface_runoff": 1000.0 * event["surface_runoff"][hours],
        "subsurface_drainage": 1000.0 * event["baseflow"][hours],
        "water_input": 1000.0 * event["water_input"][hours],
        "snowmelt": 1000.0 * event["snowmelt"][hours],
        **{f"rain_{d}d": sums[before + hours + 1] - sums[before + hours + 1 - 24 * d] for d in (1, 3, 7)},
    }
    for name, value in {**made.static, **moving}.items():
        value = np.asarray(value, dtype=float)
        x[:, FIELDS[name].columns] = value.reshape(len(hours), -1) if name in moving else value.reshape(1, -1)
    return x

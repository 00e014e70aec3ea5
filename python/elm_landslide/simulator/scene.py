"""What one draw of the priors means: weather, an ELM column, and a hillslope with its soil, roots and strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elm_landslide.errors import UserError
from elm_landslide.fields import LAYER_INTERFACES, SLOPE_PERCENTILES
from elm_landslide.physics import pedotransfer, roots, strength
from elm_landslide.physics.constants import SECONDS_PER_HOUR
from elm_landslide.physics.layers import NODES, THICKNESS
from elm_landslide.physics.log_normal import log_normal
from elm_landslide.physics.root_profile import COVERS, OF_COVER, root_profiles
from elm_landslide.simulator import column, weather
from elm_landslide.simulator.hillslope import Hillslope, HillslopeSoil
from elm_landslide.simulator.terrain import SHAPES, Terrain, hillslope, random_field
from elm_landslide.simulator.triggering import HillslopeStrength, Triggering
from elm_landslide.simulator.wetness import wetness_fields

VARIATION = {"thickness": 0.25, "cohesion": 0.25, "roots": 0.4}  # 1, coefficient over a hillslope
BEDROCK = LAYER_INTERFACES[-1]  # m, that of ELM without data


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
    settle: int = 5
    lead: int = 12
    hours: int = 72
    substeps: int = 1
    every: int = 6

    def __post_init__(self):
        least_of = dict(rows=3, columns=3, layers=2, spin_up=7, hours=1, substeps=1, every=1)  # rain_7d needs a week
        for name, least in least_of.items():
            if getattr(self, name) < least:
                raise UserError(f"simulate: {name}: {getattr(self, name)}; must be at least {least}")
        if not 0.0 < self.size < np.inf:
            raise UserError(f"simulate: cell size: {self.size} m; it must be positive")
        if not 0 <= self.lead < self.hours or self.every > self.hours or not 0 < self.settle < self.spin_up:
            raise UserError(
                f"simulate: hours: {self.hours}; must exceed the {self.lead} before the storm and be at least the "
                f"{self.every} between states; spin_up: {self.spin_up} days; must exceed the {self.settle} of settle"
            )

    @property
    def times(self) -> np.ndarray:
        """Hours after the start of the storm at which states are stored."""
        return np.arange(self.every, self.hours + 1, self.every) - self.lead


@dataclass
class Scene:
    """What a draw means, before anything happens.

    forcing: rows of column.FORCING, [4, hour], the event at its end; rain (mm) [hour]; roots: root cohesion (Pa) on the
    lower faces of the hillslope's layers [cell, layer]; static: fields that do not change;
    local_rain: water on the hillslope over that on its column (1).
    """

    soil: column.Soil
    water: column.Water
    forcing: np.ndarray
    rain: np.ndarray
    hill: Triggering
    roots: np.ndarray
    static: dict[str, np.ndarray]
    local_rain: float


def cover_of(p: dict[str, float]) -> int:
    """Index in COVERS of a draw's cover, its length for bare ground and for the upper end of the prior."""
    return min(int(p["cover"]), len(COVERS))


def scene(
    p: dict[str, float],
    seed: int | Sequence[int] | tuple[Sequence[int], Sequence[int]],
    settings: Settings,
    days: tuple[np.ndarray, np.ndarray] | None = None,
    land: Terrain | None = None,
    root_factor: float = 1.0,
    macropore_share: float | None = None,
    bonds: bool = True,
) -> Scene:
    """Draw what the parameters leave open: weather, terrain, fields over the hillslope.

    p: parameters by name of PRIORS; seed: of numpy's generator, or one for the weather and one for the hillslope; days:
    (precipitation (mm), temperature (degrees C)) [day] of real weather that ends with the event, instead of the drawn
    storm; land: terrain in place of a drawn hillslope. For experiments: root_factor (1) on root cohesion;
    macropore_share (1), in place of that of p; bonds, as in HillslopeStrength.
    """
    seeds: Any = seed if isinstance(seed, tuple) else (seed, seed)
    weather_rng, land_rng = (np.random.default_rng(np.random.SeedSequence(s).spawn(2)[k]) for k, s in enumerate(seeds))
    forcing, rain = _weather(p, weather_rng, settings, days)
    cover = cover_of(p)
    shares = np.array([float(i == cover) for i in range(len(COVERS))])
    years = p["years"] if p["cleared"] < 0.3 and shares.any() else np.inf
    root_share = float(roots.root_strength_left(torch.tensor(years))) if np.isfinite(years) else 1.0
    root_fraction = shares @ root_profiles(LAYER_INTERFACES)[list(OF_COVER)]
    leaf_area = p["leaf_area"] * shares.sum()
    sand = p["sand"]
    clay = p["clay_share"] * (100.0 - sand)
    organic = max(p["organic"], 0.0)

    def ten(value: float) -> np.ndarray:
        return np.full(len(THICKNESS), value)

    if land is None:
        land = _hillslope(p, land_rng, settings)
    porosity, sucsat, bsw = pedotransfer.soil(sand, clay, organic, NODES.numpy())
    soil = column.Soil(
        porosity,
        ten(pedotransfer.ks(sand)),
        sucsat / 1000.0,
        bsw,
        root_fraction,
        leaf_area,
        slope=float(np.degrees(np.arctan(land.gradient.mean()))),
    )

    def varied(name: str) -> np.ndarray:
        field = random_field(land_rng, land.shape, p["correlation"])[land.row, land.column]
        return log_normal(1.0, VARIATION[name], field)

    flat, thinning, bedrock = (torch.tensor(v, dtype=torch.float64) for v in (p["thickness"], p["thinning"], BEDROCK))
    mean = strength.soil_thickness(flat, thinning, torch.from_numpy(land.gradient), bedrock).numpy()
    thickness = np.clip(mean * varied("thickness"), strength.LIMITS["thickness"][0], BEDROCK)
    porosity, sucsat, bsw = pedotransfer.soil(sand, clay, organic, 0.5 * p["thickness"])  # a hillslope has one soil
    slope_soil = HillslopeSoil(
        thickness,
        porosity,
        p["ks_multiplier"] * pedotransfer.ks(sand),
        sucsat / 1000.0,
        bsw,
        p["lateral"],
        p["macropore_share"] if macropore_share is None else macropore_share,
        p["macropore_porosity"],
        p["macropore_conductivity"],
        p["rock"],
    )
    hill = Hillslope(land, slope_soil, settings.layers)
    bare = torch.zeros(1, dtype=torch.float64)
    cover_cohesion = torch.cat([roots.COVER_COHESION, bare])[cover].item()
    surface = cover_cohesion * p["root_multiplier"] * root_share * root_factor * varied("roots")
    by_depth = surface[:, None] * _root_profile(root_fraction, hill)
    texture = torch.tensor([sand, clay], dtype=torch.float64)
    carbon = torch.cat([roots.COVER_CARBON, bare])[cover].item() * (root_share if np.isfinite(years) else 1.0)
    slope_strength = HillslopeStrength(
        strength.texture_cohesion(*texture).item() * p["cohesion_multiplier"] * varied("cohesion"),
        np.tan(np.radians(strength.texture_friction(*texture).item() + p["friction_offset"])),
        by_depth[:, -1],
        by_depth.mean(1),
        roots.surcharge(torch.tensor(carbon)).item(),
        p["suction_cap"],
        p["tension"],
        bonds=bonds,
    )
    static = {
        **dict(porosity=soil.porosity, sucsat=1000.0 * soil.sucsat, bsw=soil.bsw, root_fraction=root_fraction),
        **dict(sand=ten(sand), clay=ten(clay), ice=ten(0.0), leaf_area_index=leaf_area, bedrock_depth=BEDROCK),
        **{f"{name}_cover": share for name, share in zip(COVERS, shares, strict=True)},
        "slope": np.percentile(land.gradient, SLOPE_PERCENTILES),
        **wetness_fields(land),
        "vegetation_carbon": carbon,
        "root_strength_left": root_share,
    }
    return Scene(
        soil,
        column.state_from_table(soil, p["water_table"]),
        forcing,
        rain,
        Triggering(hill, slope_strength),
        by_depth,
        static,
        p["local_rain"],
    )


def _weather(
    p: dict[str, float],
    rng: np.random.Generator,
    settings: Settings,
    days: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """(forcing [4, hour], rain (mm) [hour]) of the season and the event."""
    climate = weather.Climate(p["wet_after_dry"], p["wet_after_wet"], p["wet_day_rain"], p["temperature"])
    event_days = -(-settings.hours // 24)
    n = settings.spin_up + event_days
    first = int(p["first_day"])
    daily, temperature = weather.days(rng, climate, n, first)
    if days is not None:
        k = len(days[0])
        if k > n:
            raise UserError(f"simulate: weather: {k} days; season and event have {n}: take more days of spin_up")
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
    per_second = [part / 1000.0 / SECONDS_PER_HOUR for part in weather_parts]
    length = 24 * settings.spin_up + settings.hours
    span = slice(length) if days is None else slice(-length, None)  # real weather ends with its last day
    return np.stack([*per_second, temperature, potential])[:, span], rain[span]


def _hillslope(p: dict[str, float], rng: np.random.Generator, settings: Settings) -> Terrain:
    field = random_field(rng, (settings.rows, settings.columns), p["correlation"])
    # A Gaussian correlation exp(-(r / L)^2) has gradients of sd sqrt(2) / L along each axis.
    relief = p["roughness"] * p["correlation"] * settings.size / np.sqrt(2.0) * field
    shape = SHAPES[min(int(p["shape"]), len(SHAPES) - 1)]
    return hillslope(shape, p["gradient"], settings.rows, settings.columns, settings.size, p["bend"], relief)


def _root_profile(root_fraction: np.ndarray, hill: Hillslope) -> np.ndarray:
    """Root cohesion on the lower faces of the layers relative to that of the upper half metre, [n, layer]."""
    density = roots.relative_density(torch.from_numpy(root_fraction)[None])[0].numpy()
    faces = hill.dz[:, None] * np.arange(1, hill.n_layers + 1)
    return np.interp(faces, NODES.numpy(), density)

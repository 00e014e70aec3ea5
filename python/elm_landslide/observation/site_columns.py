"""Weather of sites -> the fields that ELM would hand to the network, by the column hydrology of the simulator.

One rule for every row. A column starts hydrostatic over a water table at WATER_TABLE; the mean weather of the days
before the last week, repeated, takes it through SPIN_UP days; then come the days of the row, the rain of a day spread
evenly over it. Day length is that of the equator at equinox, so that the season enters only through temperature.

What a site table does not know (texture, roots, leaves, the spread of slopes, and the slope where it is missing) is not
guessed but drawn, the same draws for every row, and the network's answers are averaged over the draws.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import norm, qmc
from torch import Tensor

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, LAYER_INTERFACES, N_IN, RAIN_WINDOWS, SLOPE_PERCENTILES, SPVAL, pack, put
from elm_landslide.physics import pedotransfer
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.physics.layers import THICKNESS
from elm_landslide.physics.root_profile import COVERS, OF_COVER, root_profiles
from elm_landslide.simulator import column
from elm_landslide.sites.cells import WEATHER
from elm_landslide.sites.site_table import BAG, LEAST_DAYS, Sites

DRAWS = 4  # a power of 2, for the design
SPIN_UP = 60  # days
WATER_TABLE = 3.0  # m
STEPS = 4  # of a day
SHORTER = 24  # steps in place of one if no draw has a solution
GRID_SLOPE = 10.0  # degrees; drains every column alike, as a gridcell's mean slope does in ELM
LEAST_GRADIENT, MOST_GRADIENT = 0.01, 3.5  # m/m
STEEPEST = 70.0  # degrees
# The slope at a point that is located to kilometres tells little of where it slid: the land around it counts, and
# reported landslides give the point this weight (training/posterior.py). ln of the median gradient of all sites:
LAND_LOG_GRADIENT = -2.52
SLOPE_TOLD = 0.13
SEED = 20261124


@dataclass(frozen=True)
class Draw:
    """sand, clay (%); cover [4] (1) in the order of COVERS; leaf_area (m2/m2); slope_spread: sd of the logarithm
    of the gradient within a site (1); slope_quantile: of the known slopes, where a site's is missing (1)."""

    sand: float
    clay: float
    cover: np.ndarray
    leaf_area: float
    slope_spread: float
    slope_quantile: float


def draws(n: int = DRAWS, seed: int = SEED) -> list[Draw]:
    """n draws of what site tables do not give, a scrambled Sobol design."""
    unit = qmc.Sobol(8, scramble=True, rng=np.random.default_rng(seed)).random(n)
    samples = []
    for u in unit:
        sand = 5.0 + 85.0 * u[0]
        cover = -np.log(np.append(u[2:5], 0.5))  # exponential: their shares are uniform over all mixtures
        samples.append(
            Draw(
                sand=sand,
                clay=(0.05 + 0.55 * u[1]) * (100.0 - sand),
                cover=0.9 * cover / cover.sum(),
                leaf_area=0.5 + 4.5 * u[5],
                slope_spread=0.76 + 0.29 * u[6],  # of SLP_P10 of half-degree cells of the Susquehanna basin
                slope_quantile=u[7],
            )
        )
    return samples


def soil_of(draw: Draw) -> column.Soil:
    """The ELM column of a draw."""

    def ten(value: float) -> np.ndarray:
        return np.full(len(THICKNESS), value)

    return column.Soil(
        ten(pedotransfer.porosity(draw.sand)),
        ten(pedotransfer.ks(draw.sand)),
        ten(pedotransfer.sucsat(draw.sand) / 1000.0),
        ten(pedotransfer.bsw(draw.clay)),
        draw.cover @ root_profiles(LAYER_INTERFACES)[list(OF_COVER)],
        draw.leaf_area,
        slope=GRID_SLOPE,
    )


def fields(
    sites: Sites,
    samples: list[Draw] | None = None,
    slopes: np.ndarray | None = None,
    advance: Callable[[int], object] = int,
) -> tuple[np.ndarray, np.ndarray]:
    """x [n, draw, day of the bag, N_IN], the day of the row first, and solved [n, draw] (bool).

    slopes (degrees): the known slopes from which a missing one is drawn, by default those of the table; advance(1) is
    called as a row is done. A draw whose column finds no solution is not solved and its x stays missing. Raises
    UserError for fewer than LEAST_DAYS days, or a row without any solution.
    """
    samples = draws() if samples is None else samples
    if sites.n_days < LEAST_DAYS:
        raise UserError(f"sites: {sites.n_days} days of weather (precip, temp); at least {LEAST_DAYS} are needed")
    x = np.full((sites.n, len(samples), BAG, N_IN), SPVAL)
    solved = np.zeros((sites.n, len(samples)), dtype=bool)
    soils = [soil_of(draw) for draw in samples]
    gradient = _gradients(sites, samples, slopes)
    precipitation, temperature = (sites.weather[:, WEATHER.index(name)] for name in ("precip", "temp"))

    def one(i: int) -> None:
        forcing, rain = _forcing(precipitation[i], temperature[i])
        for substeps in (1, SHORTER):
            for k, soil in enumerate(soils):
                try:
                    result = column.run(
                        soil, column.state_from_table(soil, WATER_TABLE), forcing, SECONDS_PER_DAY / STEPS, substeps
                    )
                except ArithmeticError:
                    continue
                solved[i, k] = True
                x[i, k] = _x(samples[k], soil, result, rain, gradient[i, k])
            if solved[i].any():
                break
        advance(1)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, range(sites.n)))
    if not solved.any(1).all():
        i = int(np.argmin(solved.any(1)))
        raise UserError(
            f"sites: row {sites.id[i]}: the column finds no solution for its weather; check precip and temp"
        )
    return x, solved


def _forcing(precipitation: np.ndarray, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of column.FORCING for spin-up and the days of a row [4, step], and the rain (mm) of all those days [day]."""
    week = len(precipitation) - 7
    mean = [np.full(SPIN_UP, values[:week].mean()) for values in (precipitation, temperature)]
    water, warmth = (np.append(m, v) for m, v in zip(mean, (precipitation, temperature), strict=True))
    rain, snow = column.partition(water, warmth)
    potential = column.potential_evaporation(warmth, np.full(len(warmth), 80.0), 0.0)
    forcing = np.stack([rain / 1000.0 / SECONDS_PER_DAY, snow / 1000.0 / SECONDS_PER_DAY, warmth, potential])
    return np.repeat(forcing, STEPS, axis=1), rain


def on_reference_slope(x: np.ndarray, samples: list[Draw] | None = None) -> np.ndarray:
    """x [n, draw, ..., N_IN] with every row on the same land: what is left is water and weather."""
    x = x.copy()
    for k, draw in enumerate(draws() if samples is None else samples):
        x[:, k, ..., FIELDS["slope"].columns] = percentiles(torch.zeros(1, dtype=torch.float64), draw, 0.0)[0].numpy()
    return x


def _gradients(sites: Sites, samples: list[Draw], slopes: np.ndarray | None) -> np.ndarray:
    """Slope percentiles [n, draw, 11] (m/m)."""
    known = sites.slope[np.isfinite(sites.slope)] if slopes is None else np.asarray(slopes, dtype=float)
    if not len(known):
        raise UserError("sites: slope: missing in all rows; give the slope (degrees) of some")
    given = np.isfinite(sites.slope)
    filled = [np.where(given, sites.slope, np.quantile(known, draw.slope_quantile)) for draw in samples]
    each = [percentiles(torch.from_numpy(at), draw).numpy() for at, draw in zip(filled, samples, strict=True)]
    return np.stack(each, axis=1)


def percentiles(degrees: Tensor, draw: Draw, told: Tensor | float = SLOPE_TOLD) -> Tensor:
    """Slope percentiles [n, 11] (m/m) of the land around sites of known slope (degrees) [n], log-normal about a median
    between that of all land and, with the weight `told`, the slope of the site."""
    level = torch.from_numpy(norm.ppf(np.clip(np.array(SLOPE_PERCENTILES) / 100.0, 0.01, 0.99)))
    point = torch.log(torch.tan(torch.deg2rad(degrees.clamp(max=STEEPEST))).clamp(min=LEAST_GRADIENT))
    middle = LAND_LOG_GRADIENT + told * (point - LAND_LOG_GRADIENT)
    return torch.exp(middle[:, None] + draw.slope_spread * level).clamp(max=MOST_GRADIENT)


def _x(draw: Draw, soil: column.Soil, result: dict, rain: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """x [day of the bag, N_IN]: states of each day's last step, fluxes as its means; rain (mm) of all days [day]."""
    sums = np.append(0.0, np.cumsum(rain))
    static = {
        **dict(porosity=soil.porosity, sucsat=1000.0 * soil.sucsat, bsw=soil.bsw, root_fraction=soil.root_fraction),
        **dict(sand=draw.sand, clay=draw.clay, ice=0.0, leaf_area_index=draw.leaf_area, slope=gradient),
        **{f"{name}_cover": share for name, share in zip(COVERS, draw.cover, strict=True)},
        "bedrock_depth": LAYER_INTERFACES[-1],
    }
    x = pack(static, (BAG,))
    for back in range(BAG):
        day = len(rain) - back
        end = STEPS * day
        steps = slice(end - STEPS, end)
        moving = {
            "liquid_water": result["liquid_water"][end - 1],
            "water_table_depth": result["water_table"][end - 1],
            **{
                name: 1000.0 * result[source][steps].mean()
                for name, source in (
                    ("surface_runoff", "surface_runoff"),
                    ("subsurface_drainage", "baseflow"),
                    ("water_input", "water_input"),
                    ("snowmelt", "snowmelt"),
                )
            },
            **{name: sums[day] - sums[day - days] for name, days in RAIN_WINDOWS.items()},
        }
        for name, value in moving.items():
            put(x[back], name, value)
    return x

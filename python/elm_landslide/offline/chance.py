"""From the hazard to the chance of a landslide in a cell and day.

    chance = 1 - exp(-rate / 365 * area * share * hazard)

Landslides are taken as a Poisson process. rate: landslides per km2 of steep land and year where and when the hazard is
1; area: land of the cell (km2); share: of it that is steeper than STEEP. The component in ELM does the same
(fortran/elm/LandslideChanceMod.F90).
"""

from __future__ import annotations

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import LARGEST_RATE, MISSING, SPVAL, STEEP

DAYS_PER_YEAR = 365.0


def check_rate(rate: float) -> None:
    """Raises UserError for a base rate (per km2 and year) that cannot be one."""
    if not 0.0 <= rate <= LARGEST_RATE:
        raise UserError(
            f"--base-rate: {rate:g}; landslides per km2 of steep land and year lie between 0 and {LARGEST_RATE:g}"
        )


def steep_share(slope: np.ndarray) -> np.ndarray:
    """Share (1) [n] of the area that is steeper than STEEP, from gradients (m/m) at the percentiles 0, 10, ..., 100 of
    area [n, 11]; linear between them."""
    low, high = slope[:, :-1], slope[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(high > STEEP, (high - STEEP) / (high - low), 0.0)
    return np.where(low >= STEEP, 1.0, part).sum(1) / (slope.shape[1] - 1)


def ordinary_number(area: np.ndarray, slope: np.ndarray, rate: float) -> np.ndarray:
    """Landslides of a cell and day at a hazard of 1 [n]; area (km2) [n], nan where unknown; slope [n, 11], rate as
    above. nan where a slope is missing."""
    number = rate / DAYS_PER_YEAR * area * steep_share(slope)
    return np.where((np.abs(slope) < MISSING).all(1), number, np.nan)


def chance(ordinary: np.ndarray, hazard: np.ndarray) -> np.ndarray:
    """Chance of at least one landslide [n] from ordinary_number and the hazard [n]; SPVAL where one is missing."""
    known = np.isfinite(ordinary) & (np.abs(hazard) < MISSING)
    return np.where(known, -np.expm1(-np.where(known, ordinary * hazard, 0.0)), SPVAL)

"""How the number of landslides falls with their size."""

from __future__ import annotations

import numpy as np
from scipy import optimize

SIZES = (2, 40)  # cells: the range of the fit, more than a decade


def exponent(sizes: np.ndarray, least: int, most: int) -> float:
    """Exponent of the density of sizes (cells, whole numbers) between two of them: maximum likelihood of a power law
    cut at both ends (Clauset et al. 2009)."""
    numbers = np.arange(least, most + 1)
    sample = sizes[(sizes >= least) & (sizes <= most)]
    if not len(sample):
        return np.nan
    mean = np.log(sample).mean()

    def negative(power: float) -> float:
        return power * mean + np.log((numbers**-power).sum())

    return float(optimize.minimize_scalar(negative, bounds=(0.0, 6.0), method="bounded").x)


def exponent_interval(by_member: list[np.ndarray], resamples: int = 400) -> tuple[float, float, float]:
    """(exponent, low, high): the 95 % interval from members drawn again, whose landslides belong together; NaN unless
    two members have landslides of these sizes."""
    rng = np.random.default_rng(1)
    best = exponent(np.concatenate(by_member), *SIZES)
    if sum(bool(((sizes >= SIZES[0]) & (sizes <= SIZES[1])).any()) for sizes in by_member) < 2:
        return best, np.nan, np.nan
    again = []
    for _ in range(resamples):
        draw = rng.integers(len(by_member), size=len(by_member))
        again.append(exponent(np.concatenate([by_member[i] for i in draw]), *SIZES))
    return best, *np.nanpercentile(again, (2.5, 97.5))

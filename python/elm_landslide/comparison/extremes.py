"""Generalised extreme values of annual maxima, by L-moments: return levels and periods.

    F(x) = exp(-(1 - k (x - location) / scale)^(1 / k))

SciPy gives the L-moments of many cells at once; from them the parameters follow in closed form (Hosking, Wallis and
Wood 1985, Technometrics 27, 251-261), within 9e-4 of the exact shape. No library at hand does that for more than one
series at a time, and maximum likelihood would take an hour for half a degree of the globe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gamma
from scipy.stats import lmoment

LEAST_YEARS = 10
_GUMBEL = 1e-6  # a shape nearer to 0 is as good as this


@dataclass
class Extremes:
    """Parameters, each [...]; a series without variation has scale 0."""

    location: np.ndarray
    scale: np.ndarray
    shape: np.ndarray

    def level(self, period: float) -> np.ndarray:
        """The value that a year exceeds with a chance of 1 / period (years above 1)."""
        reduced = -np.log1p(-1.0 / period)
        return self.location + self.scale / self.shape * (1.0 - reduced**self.shape)

    def period(self, level: np.ndarray) -> np.ndarray:
        """Years between exceedances of a level on average; inf where none can, 1 where every year does."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inner = 1.0 - self.shape * (level - self.location) / self.scale
            # Beyond an upper end (shape above 0) nothing exceeds; below a lower end (shape below 0) everything does.
            below = np.where(inner > 0.0, np.exp(-(np.maximum(inner, 0.0) ** (1.0 / self.shape))), self.shape > 0.0)
            years = 1.0 / (1.0 - below)
        flat = np.where(level < self.location, 1.0, np.inf)
        return np.where(self.scale > 0.0, years, flat)


def fit(maxima: np.ndarray, axis: int = 0) -> Extremes:
    """To annual maxima along an axis, of LEAST_YEARS or more."""
    first, second, third = lmoment(maxima, order=[1, 2, 3], axis=axis, standardize=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = np.where(second > 0.0, third / second, 0.0)
        c = 2.0 / (3.0 + skewness) - np.log(2.0) / np.log(3.0)
    shape = 7.8590 * c + 2.9554 * c**2
    shape = np.where(np.abs(shape) < _GUMBEL, _GUMBEL, shape)
    with np.errstate(invalid="ignore"):
        scale = np.maximum(second, 0.0) * shape / ((1.0 - 2.0**-shape) * gamma(1.0 + shape))
        location = first - scale * (1.0 - gamma(1.0 + shape)) / shape
    return Extremes(location, scale, shape)

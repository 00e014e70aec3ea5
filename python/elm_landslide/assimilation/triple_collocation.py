"""Random errors of two series from a third one: triple collocation.

With errors that are independent of each other and of the truth, and each series linear in the truth, the covariances
C of three series say the variance of the random error of each, in its own unit:

    var_model = C_mm - C_ms C_mt / C_st        var_satellite = C_ss - C_ms C_st / C_mt

(Stoffelen 1998; McColl et al. 2014, doi:10.1002/2014GL061322; Gruber et al. 2016, doi:10.1016/j.jag.2015.09.002). The
error of the satellite is scaled to the model's range of variation by C_mt / C_st, so that both compare. The third
series may be in any unit. Departures from the mean of their month are taken: a seasonal cycle would be shared by the
errors. Additive differences of the series are not seen: triple collocation says nothing about whose mean is right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elm_landslide.assimilation.days import months_of

FEWEST = (
    100  # triplets; of 500, a variance is known to about a tenth (Zwieback et al. 2012, doi:10.5194/npg-19-69-2012)
)


@dataclass(frozen=True)
class Errors:
    """Standard deviations of the random errors of n cells (m3/m3 of the model); nan where the three series do not
    determine them: fewer than FEWEST triplets, or series that do not vary together. triplets: days with all three."""

    model: np.ndarray
    satellite: np.ndarray
    triplets: np.ndarray


def errors(days: np.ndarray, model: np.ndarray, satellite: np.ndarray, third: np.ndarray) -> Errors:
    """From three series [t, n] (nan is missing) on days [t] since 1970-01-01. A variance below 0, which a sample of a
    small one may have, is 0."""
    series = np.array([model, satellite, third], dtype=np.float64)
    together = np.isfinite(series).all(axis=0)
    triplets = together.sum(axis=0)
    departures = np.zeros_like(series)
    month, freedom = months_of(days), np.array(triplets, dtype=float)
    for number in range(1, 13):
        chosen = together & (month == number)[:, None]
        count = chosen.sum(axis=0)
        for i in range(3):
            mean = np.where(chosen, series[i], 0.0).sum(axis=0) / np.maximum(count, 1)
            departures[i] = np.where(chosen, series[i] - mean, departures[i])
        freedom -= count > 0
    c = np.einsum("itn,jtn->ijn", departures, departures) / np.maximum(freedom, 1.0)
    spread = np.sqrt(np.einsum("iin->in", c))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.array([c[i, j] / (spread[i] * spread[j]) for i, j in ((0, 1), (0, 2), (1, 2))])
        of_model = c[0, 0] - c[0, 1] * c[0, 2] / c[1, 2]
        of_satellite = (c[1, 1] - c[0, 1] * c[1, 2] / c[0, 2]) * (c[0, 2] / c[1, 2]) ** 2
    known = (triplets >= FEWEST) & (correlation > 2.0 / np.sqrt(np.maximum(triplets, 1))).all(axis=0)
    of_model, of_satellite = (np.sqrt(np.maximum(np.where(known, v, 0.0), 0.0)) for v in (of_model, of_satellite))
    known &= (of_model > 0.0) | (of_satellite > 0.0)
    return Errors(np.where(known, of_model, np.nan), np.where(known, of_satellite, np.nan), triplets)

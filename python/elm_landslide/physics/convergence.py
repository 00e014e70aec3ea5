"""Where water gathers on the hillslopes of a column, by the topographic wetness index of their slope classes.

The water that gathers at a point, over the mean of all points, goes as exp(p w), w its index ln(a / tan(beta)): with
upslope area, and against slope, to the power p. Under a steady rain p is 1 (Beven and Kirkby 1979); in storms, which
end before water from far away arrives, less: simulated hillslopes give it (training/convergence.py). The mean over the
area stays what it is without the index, so an error of the index that is alike everywhere, as that of another cell
size, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor

from elm_landslide.fields import FIELDS, SLOPE_PERCENTILES, WETNESS_FIELDS, WETNESS_PERCENTILES

EXPONENT = 0.75  # of simulated hillslopes (training/convergence.py), found in docs/results/convergence.json
LIMIT = 2.0  # of |p (w - mean)|: what a river gathers has not fallen in this storm
N_CLASSES = len(SLOPE_PERCENTILES) - 1
assert all(FIELDS[name].layers == N_CLASSES for name in WETNESS_FIELDS)
assert len(WETNESS_FIELDS) == len(WETNESS_PERCENTILES)


def wetness_levels(weights: np.ndarray, segments: Sequence[int]) -> np.ndarray:
    """Quantiles of the index [n] for points in the order of their slopes, so that each segment of so many points stands
    for the whole range of the index: taken in the order of van der Corput's sequence, in which neighbours in slope
    differ most, every point stands for as much of that range as its weight is of the segment's."""
    levels = []
    for part in np.split(np.asarray(weights), np.cumsum(segments)[:-1]):
        bits = max((len(part) - 1).bit_length(), 1)
        order = np.argsort([int(f"{k:0{bits}b}"[::-1], 2) for k in range(len(part))])
        share = part[order] / part.sum()
        level = np.empty(len(part))
        level[order] = np.cumsum(share) - 0.5 * share
        levels.append(level)
    return np.concatenate(levels)


def point_matrix(slope_levels: Sequence[float], wetness_levels: Sequence[float]) -> Tensor:
    """[3 N_CLASSES, k]: WETNESS_FIELDS, side by side, @ matrix are the index at k points of given quantiles of
    slope and, within slopes alike, of the index (1).

    Between the middles of the classes the index is linear in the quantile of slope; between its percentiles, and beyond
    them, in the normal deviate of its quantile.
    """
    middles = (np.arange(N_CLASSES) + 0.5) / N_CLASSES
    deviate = NormalDist().inv_cdf
    known = np.array([deviate(level / 100.0) for level in WETNESS_PERCENTILES])
    by_class = np.array([np.interp(slope_levels, middles, unit) for unit in np.eye(N_CLASSES)])
    z = np.array([deviate(level) for level in wetness_levels])
    low, points = np.where(z < known[1], 0, 1), np.arange(len(z))
    share = (z - known[low]) / (known[low + 1] - known[low])
    weights = np.zeros((len(known), len(z)))
    weights[low, points], weights[low + 1, points] = 1.0 - share, share
    return torch.from_numpy((weights[:, None] * by_class).reshape(-1, len(z)))


def gathering(index: Tensor, weights: Tensor, exponent: float = EXPONENT) -> Tensor:
    """Water that gathers over its mean (1) [n, k] from the index [n, k] (ln m); the mean is that of the first points,
    whose weights (sum 1) are [m]."""
    m = weights.shape[0]
    mean = (index[:, :m] * weights).sum(-1, keepdim=True)
    gathered = torch.exp((exponent * (index - mean)).clamp(-LIMIT, LIMIT))
    return gathered / (gathered[:, :m] * weights).sum(-1, keepdim=True)

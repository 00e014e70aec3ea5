"""Distributions over area as counts in fixed bins, which add up to the same numbers in any order.

Weights are whole numbers, so the sum over windows depends neither on their size nor on the number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WHOLE = 1 << 20  # the weight of a cell of the map
BLOCK = 128  # cells of the map along a side of what has one weight in each row, and one scale


@dataclass(frozen=True)
class Bins:
    """n bins from `low` to `high` (unit of the quantity); values beyond count in the first and the last.

    Of equal width; or with a `scale` in equal steps of asinh(value / scale): fine near 0, and a fixed share of the
    value beyond the scale.
    """

    n: int
    low: float
    high: float
    scale: float = 0.0

    def _stretched(self, value: float) -> float:
        return float(np.arcsinh(value / self.scale)) if self.scale else value

    @property
    def first(self) -> float:
        return self._stretched(self.low)

    @property
    def step(self) -> float:
        return (self._stretched(self.high) - self.first) / self.n

    @property
    def edges(self) -> np.ndarray:
        edges = self.first + self.step * np.arange(self.n + 1)
        return self.scale * np.sinh(edges) if self.scale else edges


SLOPE = Bins(2048, 0.0, 20.0, 0.05)  # m/m
WETNESS = Bins(512, -4.0, 28.0)  # ln(m)
CURVATURE = Bins(512, -2.0, 2.0, 1e-3)  # 1/m


def quantiles(counts: np.ndarray, bins: Bins, levels: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Quantiles [..., level] at levels (1) of counts [..., bin], between the least and the most value [...]; nan where
    nothing was counted. Within a bin, and within those limits, values are taken as spread evenly."""
    shape = counts.shape[:-1]
    counts = counts.reshape(-1, bins.n)
    least, most = np.ravel(least), np.ravel(most)
    out = np.full((len(counts), len(levels)), np.nan)
    edges = bins.edges
    for i, row in enumerate(counts):
        total = int(row.sum())
        if not total:
            continue
        above = np.cumsum(row)
        target = np.asarray(levels) * total
        k = np.searchsorted(above, target, side="left")
        k = np.maximum(k, int(np.argmax(row > 0)))  # the lowest level lies in the first bin that counts
        share = (target - (above[k] - row[k])) / row[k]
        low, high = np.clip(edges[k], least[i], most[i]), np.clip(edges[k + 1], least[i], most[i])
        low, high = np.where(above[k] == row[k], least[i], low), np.where(above[k] == total, most[i], high)
        out[i] = np.clip(low + share * (high - low), least[i], most[i])
    return out.reshape(*shape, len(levels))

"""How sure a change is: a test for every cell, the false discovery rate over cells, intervals over years and members.

A year of a member is a sample. Samples are taken as independent: years that hang together, as under a slow oscillation,
are worth fewer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import false_discovery_control, mannwhitneyu, norm
from scipy.stats import t as student_t

LEAST_SAMPLES = 4  # of each set, for a test or an interval; with fewer no change could be significant
DISCOVERY = 0.1  # false discovery rate; of fields that hang together, a global level of 0.05 (Wilks 2016)
LEVEL = 95.0  # %, of the intervals
DRAWS = 1000
SEED = 1
_CELLS = 4096  # at once
_VALUES = 2_000_000  # drawn at once


def p_values(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Two-sided Mann-Whitney test of samples [sample, cell] against others; nan where a cell has no value, or with
    fewer than LEAST_SAMPLES; 1 where all values are alike."""
    out = np.full(one.shape[1], np.nan)
    if min(len(one), len(other)) < LEAST_SAMPLES:
        return out
    for first in range(0, one.shape[1], _CELLS):
        part = slice(first, first + _CELLS)
        a, b = one[:, part].astype(float), other[:, part].astype(float)
        known = np.isfinite(a).all(0) & np.isfinite(b).all(0)
        alike = known & (np.ptp(np.concatenate([a, b]), axis=0) == 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            p = mannwhitneyu(a, b, axis=0, method="asymptotic").pvalue
        out[part] = np.where(alike, 1.0, np.where(known, p, np.nan))
    return out


def significant(p: np.ndarray) -> np.ndarray:
    """Cells (bool) whose change is significant at the false discovery rate over all cells with a test (Benjamini and
    Hochberg 1995)."""
    tested = np.isfinite(p)
    found = np.zeros(p.shape, dtype=bool)
    if tested.any():
        found[tested] = false_discovery_control(p[tested]) <= DISCOVERY
    return found


def interval(
    one: np.ndarray, other: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], draws: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the interval of statistic(other) - statistic(one), when the samples of both are drawn again.

    one, other: [sample, ...]; statistic takes [sample, ...] to [..., ...], with the same axes at its end; draws: DRAWS
    by default. nan with fewer than LEAST_SAMPLES of one: so few, drawn again, say nothing of how they differ.
    """
    if min(len(one), len(other)) < LEAST_SAMPLES:
        nothing = np.full_like(statistic(one), np.nan, dtype=float)
        return nothing, nothing
    rng, draws, found = np.random.default_rng(SEED), DRAWS if draws is None else draws, []
    at_once = max(_VALUES // max(one.size, other.size), 1)
    for first in range(0, draws, at_once):
        n = min(at_once, draws - first)
        a, b = (values[rng.integers(0, len(values), (len(values), n))] for values in (one, other))
        change = statistic(b) - statistic(a)
        found.append(np.moveaxis(change, change.ndim - one.ndim, 0))
    tail = 100.0 * expanded_tail(min(len(one), len(other)))
    low, high = np.nanpercentile(np.concatenate(found), [tail, 100.0 - tail], axis=0)
    return low, high


def expanded_tail(samples: int) -> float:
    """Chance of each tail of an interval of percentiles: smaller than that of LEVEL, because samples that are drawn
    again spread less than the samples did (expanded percentile interval, Hesterberg 2015, Am. Stat. 69, 371-386)."""
    tail = 0.5 * (1.0 - LEVEL / 100.0)
    return float(norm.cdf(np.sqrt(samples / (samples - 1.0)) * student_t.ppf(tail, samples - 1)))

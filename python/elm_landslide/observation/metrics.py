"""Measures of discrimination and calibration, their bootstrap intervals over blocks, groups, and spread against error.

A measure is an array over draws: entry 0 is of the table as it is, the others of tables in which blocks were drawn with
replacement. Blocks, because landslides of one storm or region are alike; rows drawn singly would make intervals too
narrow. All measures of one Resampling are of the same draws, so two scores may be subtracted draw by draw.

Shapes: labels `landslide` bool [n], scores and probabilities float [n], weights and counts [draw, ...].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

FALSE_ALARM_RATES = (0.01, 0.05, 0.10)
FEWEST = 20  # landslides, and others, for measures of a group
_CHUNK = 50  # draws at a time: what is sorted stays in the cache


@dataclass
class Resampling:
    """How often each block occurs in each draw: counts [1 + draws, block]; block [n], an index for each row.

    If all rows are of one block there are no draws: their measures have no interval.
    """

    counts: np.ndarray
    block: np.ndarray

    def rows(self, mask: np.ndarray) -> Resampling:
        """The same draws for some of the rows."""
        block = self.block[mask]
        return Resampling(self.counts if len(np.unique(block)) > 1 else self.counts[:1], block)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum over the rows of each draw: values [n, ...] -> [1 + draws, ...]."""
        by_block = np.zeros((self.counts.shape[1], *values.shape[1:]))
        np.add.at(by_block, self.block, values)
        return np.tensordot(self.counts, by_block, axes=1)


def resample(blocks: np.ndarray, draws: int = 1000, seed: int = 0) -> Resampling:
    """Draws with replacement of the blocks named in blocks [n]; as many as there are."""
    names, block = np.unique(blocks, return_inverse=True)
    n = len(names)
    draws = draws if n > 1 else 0
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=draws)
    return Resampling(np.vstack([np.ones(n), drawn]), block)


def interval(values: np.ndarray) -> list[float]:
    """95 % percentile interval of a measure [1 + draws]; draws in which it has no value are skipped. NaN if
    there is none."""
    drawn = values[1:][np.isfinite(values[1:])]
    return [float(v) for v in np.quantile(drawn, (0.025, 0.975))] if len(drawn) else [math.nan, math.nan]


def discrimination(landslide: np.ndarray, scores: np.ndarray, draws: Resampling) -> dict[str, np.ndarray]:
    """auc, pr_auc (average precision) and hit_rate at the false-alarm rates: {name: [1 + draws]}.

    The names of hit rates are their false-alarm rates, '0.01' to '0.10'.
    """
    parts = [
        weighted_discrimination(landslide, scores, draws.counts[i : i + _CHUNK, draws.block])
        for i in range(0, len(draws.counts), _CHUNK)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def weighted_discrimination(landslide: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """What `discrimination` gives, for rows weighted by weights [draw, n] (how often each occurs)."""
    alarms, hits, false = roc(landslide, scores, weights)
    n_hits, n_false = hits[:, -1:], false[:, -1:]
    new_hits, new_false = np.diff(hits), np.diff(false)
    with np.errstate(divide="ignore", invalid="ignore"):
        area = (new_false * (hits[:, 1:] + hits[:, :-1])).sum(axis=1) / 2.0
        precision = np.nan_to_num(hits[:, 1:] / alarms[:, 1:])  # no alarm: no new hit to weigh it by
        measures = {
            "auc": area / (n_hits * n_false)[:, 0],
            "pr_auc": (new_hits * precision).sum(axis=1) / n_hits[:, 0],
        }
        for rate in FALSE_ALARM_RATES:
            measures[f"{rate:.2f}"] = _hits_at(rate, hits, false) / n_hits[:, 0]
    return measures


def roc(landslide: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(alarms, hits, false alarms) [draw, 1 + distinct scores], cumulated from the highest score down, first 0."""
    if not np.isfinite(scores).all():
        raise ValueError(f"{(~np.isfinite(scores)).sum()} of {len(scores)} scores are not finite")
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # rows of one score alarm together
    weights = weights[:, order]

    def cumulate(values: np.ndarray) -> np.ndarray:
        return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)[:, ends]], axis=1)

    alarms, hits = cumulate(weights), cumulate(weights * landslide[order])
    return alarms, hits, alarms - hits


def _hits_at(rate: float, hits: np.ndarray, false: np.ndarray) -> np.ndarray:
    """Hits [draw] where the share `rate` of the others alarm: straight lines between points of the ROC curve, and the
    upper end where it rises vertically. Rows of one score thus alarm in part."""
    alarms = rate * false[:, -1]
    rows = np.arange(len(hits))
    last = (false <= alarms[:, None] + 1e-9).sum(axis=1) - 1
    after = np.minimum(last + 1, hits.shape[1] - 1)
    step = false[rows, after] - false[rows, last]
    part = np.divide(alarms - false[rows, last], step, out=np.zeros(len(hits)), where=step > 0.0)
    return hits[rows, last] + part * (hits[rows, after] - hits[rows, last])


def calibration(landslide: np.ndarray, probability: np.ndarray, draws: Resampling) -> dict[str, np.ndarray]:
    """brier, brier_skill (against the prevalence of each draw) and ece: {name: [1 + draws]}.

    ece, the expected calibration error: mean over the bins of |observed share - mean probability|, weighted by their
    rows. The bins are those of the whole table (`bins`). It is never negative, so noise alone makes it positive, more
    so in draws: its interval lies high.
    """
    landslide = landslide.astype(float)
    bin_of = bins(probability)
    excess = np.eye(bin_of.max() + 1)[bin_of] * (landslide - probability)[:, None]  # [n, bin]
    with np.errstate(divide="ignore", invalid="ignore"):
        n = draws.sums(np.ones(len(landslide)))
        prevalence = draws.sums(landslide) / n
        climatology = prevalence * (1.0 - prevalence)  # the Brier score of saying the prevalence everywhere
        brier = draws.sums((landslide - probability) ** 2) / n
        return {
            "brier": brier,
            "brier_skill": np.where(climatology > 0.0, 1.0 - brier / climatology, np.nan),
            "ece": np.abs(draws.sums(excess)).sum(axis=1) / n,
        }


def bins(values: np.ndarray, n: int = 10) -> np.ndarray:
    """Bin [n] of each value, from 0: equal counts, but equal values share one, so there may be fewer than n bins."""
    edges = np.quantile(values, np.arange(1, n) / n)
    return np.unique(np.searchsorted(edges, values), return_inverse=True)[1]


def reliability(landslide: np.ndarray, probability: np.ndarray, draws: Resampling) -> list[dict]:
    """For each bin: predicted (mean probability), observed (share of landslides) with observed_interval, and n."""
    bin_of = bins(probability)
    inside = np.eye(bin_of.max() + 1)[bin_of]  # [n, bin]
    with np.errstate(divide="ignore", invalid="ignore"):
        n = draws.sums(inside)
        predicted = draws.sums(inside * probability[:, None]) / n
        observed = draws.sums(inside * landslide[:, None]) / n
    return [
        {
            "predicted": float(predicted[0, i]),
            "observed": float(observed[0, i]),
            "observed_interval": interval(observed[:, i]),
            "n": int(n[0, i]),
        }
        for i in range(n.shape[1])
    ]


def spread(landslide: np.ndarray, members: np.ndarray) -> dict | None:
    """Does the spread of members grow with their error? None with fewer than two members. members [n, member].

    spearman: rank correlation of the standard deviation over members and |label - mean| (NaN where all spreads are
    equal); fifths: of the rows by spread, each with its mean spread, mean error |label - mean| and n.
    """
    if members.shape[1] < 2:
        return None
    from scipy.stats import rankdata

    width = members.std(axis=1).round(12)  # members that agree differ by rounding still
    error = np.abs(landslide - members.mean(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        spearman = float(np.corrcoef(rankdata(width), rankdata(error))[0, 1])
    fifth = bins(width, 5)
    fifths = [
        {"spread": float(width[rows].mean()), "error": float(error[rows].mean()), "n": int(rows.sum())}
        for rows in (fifth == i for i in range(fifth.max() + 1))
    ]
    return {"spearman": spearman, "fifths": fifths}

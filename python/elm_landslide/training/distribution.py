"""The failing share as a distribution: hillslopes that look alike to ELM fail on different shares of their area.

The network gives the mean p of that share. With an intraclass correlation r between the points of one hillslope
(whether they fail), the share has the variance r p (1 - p), and is taken to follow the beta distribution of that mean
and variance (beta-binomial model, Griffiths 1973). LANDSLIDE_SPREAD is the square root of that
variance and of the members' added.
"""

from __future__ import annotations

import numpy as np

INTERVAL = 0.9  # central, whose coverage is stated
BINS = 10  # of the reliability, with equal numbers of states
LEAST = 1e-6  # mean and complement of a beta distribution
_GRID = np.concatenate([[0.0], np.geomspace(1e-6, 0.5, 100), 1.0 - np.geomspace(0.5, 1e-6, 100)[1:], [1.0]])


def intraclass(mean: np.ndarray, share: np.ndarray) -> float:
    """r by moments, from predicted means and the shares of simulated hillslopes, each [n]."""
    variance = mean * (1.0 - mean)
    return float(np.clip(((share - mean) ** 2).sum() / max(variance.sum(), 1e-12), 0.0, 1.0))


def beta(mean: np.ndarray, correlation: float) -> tuple[np.ndarray, np.ndarray]:
    """Parameters of the beta distributions of means [n]."""
    m = np.clip(mean, LEAST, 1.0 - LEAST)
    strength = 1.0 / np.clip(correlation, 1e-3, 1.0 - 1e-3) - 1.0
    return m * strength, (1.0 - m) * strength


def crps(cumulative: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score (Matheson and Winkler 1976) [n] of distribution functions [n, grid] on the
    unit interval against shares [n]: the integral of (F(y) - 1[y >= share])^2."""
    middle = 0.5 * (_GRID[1:] + _GRID[:-1])
    reached = (middle >= share[:, None]).astype(float)
    return ((cumulative - reached) ** 2 * np.diff(_GRID)).sum(1)


def of_beta(mean: np.ndarray, correlation: float) -> np.ndarray:
    """Distribution functions [n, grid] for `crps`."""
    from scipy.special import betainc

    a, b = beta(mean, correlation)
    return betainc(a[:, None], b[:, None], 0.5 * (_GRID[1:] + _GRID[:-1]))


def of_shares(shares: np.ndarray) -> np.ndarray:
    """The empirical distribution function [grid] of shares [n], for `crps`."""
    return np.searchsorted(np.sort(shares), 0.5 * (_GRID[1:] + _GRID[:-1]), side="right") / len(shares)


def scores(mean: np.ndarray, share: np.ndarray, correlation: float, alike: int = 1) -> dict:
    """Of predicted means against simulated shares, each [state], or [group * alike, time] if members are alike.

    crps: of the beta distributions; crps_climate: of the distribution of all shares; crps_point: of the mean alone;
    crps_alike: of the other members of the group, corrected for their
    number (fair CRPS, Ferro 2014): about the best that can be known. coverage: of the central interval.
    reliability: [mean, share, states] in bins with equal numbers of states; ece: their mean absolute difference.
    """
    from scipy.special import betaincinv

    p, y = mean.ravel(), share.ravel()
    a, b = beta(p, correlation)
    tail = 0.5 * (1.0 - INTERVAL)
    low, high = betaincinv(a, b, tail), betaincinv(a, b, 1.0 - tail)
    covered = (y >= low - 1e-9) & (y <= high + 1e-9)
    order = np.array_split(np.argsort(p, kind="stable"), min(BINS, len(p)))
    out = {
        "states": len(p),
        "intraclass": correlation,
        "crps": float(crps(of_beta(p, correlation), y).mean()),
        "crps_climate": float(crps(of_shares(y)[None], y).mean()),
        "crps_point": float(np.abs(p - y).mean()),
        "coverage": float(covered.mean()),
        "interval": INTERVAL,
        "spread": float(np.sqrt(correlation * (p * (1.0 - p)).mean())),
        "error": float(np.sqrt(((p - y) ** 2).mean())),
        "reliability": [[float(p[k].mean()), float(y[k].mean()), len(k)] for k in order],
        "ece": float(sum(abs(p[k].mean() - y[k].mean()) * len(k) for k in order) / len(p)),
    }
    if alike > 1:
        groups = share[: len(share) // alike * alike].reshape(-1, alike, *share.shape[1:])
        distance = np.abs(groups[:, :, None] - groups[:, None]).sum((1, 2)) / (alike * (alike - 1))
        out["crps_alike"], out["alike"] = (
            float(0.5 * distance.mean()),
            alike,
        )  # mean |x - y|, less half of mean |x - x'|
    return out

"""Fibre bundles: many parallel fibres of unit stiffness and random strength share a load equally (Daniels 1945).

They represent the cohesive contacts and roots at the base and the sides of a soil column (Cohen et al. 2009, Lehmann
and Or 2012). A bundle of Weibull thresholds (scale, shape) at a strain x carries x exp(-(x / scale)^shape) per fibre.
"""

from __future__ import annotations

import numpy as np
from scipy.special import lambertw


def weibull_peak(scale: float, shape: float) -> tuple[float, float]:
    """(strain, stress) where the bundle carries most: scale m^(-1/m) and that times exp(-1/m), for shape m."""
    strain = scale * shape ** (-1.0 / shape)
    return strain, strain * np.exp(-1.0 / shape)


def damage(load: np.ndarray | float, shape: float) -> np.ndarray:
    """Share of broken fibres (1) of a Weibull bundle that carries `load`, as a share of its peak (0 to 1).

    From x exp(-x^m) = load peak on the rising branch: x^m = -W(-load^m / e) / m with Lambert's W.
    """
    load = np.clip(load, 0.0, 1.0)
    branch = np.nextafter(-1.0 / np.e, 0.0)  # at -1 / e itself, as rounded, SciPy gives nan
    return 1.0 - np.exp(lambertw(np.maximum(-(load**shape) / np.e, branch)).real / shape)


def bursts(thresholds: np.ndarray) -> np.ndarray:
    """Numbers of fibres that break at once, in order, as the load on a bundle grows to its peak.

    thresholds [fibre] (any order). Hemmer and Hansen (1992): numbers of bursts fall with size to the power -5/2.
    """
    ordered = np.sort(thresholds)
    force = ordered * np.arange(len(ordered), 0, -1)  # on the bundle as fibre k is about to break
    record = np.flatnonzero(force > np.maximum.accumulate(np.append(-np.inf, force[:-1])))
    return np.diff(record)  # the last record is the peak: what follows is the failure of all

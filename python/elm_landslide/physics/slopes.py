"""Slope distribution of a column's hillslopes: quantile function and quadrature over slope classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from elm_landslide.fields import SLOPE_PERCENTILES

_STEP = 0.1
assert np.allclose(np.diff(SLOPE_PERCENTILES), 100 * _STEP)


SEGMENTS = ((0.0, 0.8, 8), (0.8, 1.0, 8))  # of the area quantile: from, to, nodes


def quadrature(segments: Sequence[tuple[float, float, int]] = SEGMENTS) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes q (area quantile) and weights (sum 1) on segments.

    The steep tail fails, so it has half of the nodes. Against 2000 classes the failing share differs by 3e-4 on average
    and 0.025 at most over the training domain.
    """
    nodes, weights = [], []
    for low, high, count in segments:
        x, w = np.polynomial.legendre.leggauss(count)
        nodes.append(low + (high - low) * (x + 1.0) / 2.0)
        weights.append(w * (high - low) / 2.0)
    return np.concatenate(nodes), np.concatenate(weights)


def hermite_matrices(quantiles: ArrayLike) -> tuple[Tensor, Tensor]:
    """([11, k], [11, k]): percentiles @ first + derivatives @ second is the cubic interpolant at quantiles [k]."""
    q = np.clip(np.asarray(quantiles, dtype=float), 0.0, 1.0)
    cell = np.minimum((q / _STEP + 1e-12).astype(int), len(SLOPE_PERCENTILES) - 2)
    s = q / _STEP - cell
    value, derivative = (np.zeros((len(SLOPE_PERCENTILES), len(q))) for _ in range(2))
    k = np.arange(len(q))
    value[cell, k] = (1 + 2 * s) * (1 - s) ** 2
    value[cell + 1, k] = s * s * (3 - 2 * s)
    derivative[cell, k] = s * (1 - s) ** 2 * _STEP
    derivative[cell + 1, k] = s * s * (s - 1) * _STEP
    return torch.from_numpy(value), torch.from_numpy(derivative)


def monotone_derivatives(percentiles: Tensor) -> Tensor:
    """Derivatives with which the cubic interpolant is monotone (Fritsch and Butland 1984); [n, 11] in and out.

    Harmonic mean of the neighbouring differences inside; at the ends the one-sided three-point value, limited.
    """
    delta = (percentiles[:, 1:] - percentiles[:, :-1]).clamp(min=0.0) / _STEP
    left, right = delta[:, :-1], delta[:, 1:]
    inner = 2.0 * left * right / (left + right).clamp(min=1e-12)

    def end(near: Tensor, far: Tensor) -> Tensor:
        return torch.minimum((1.5 * near - 0.5 * far).clamp(min=0.0), 3.0 * near)

    first, last = end(delta[:, :1], delta[:, 1:2]), end(delta[:, -1:], delta[:, -2:-1])
    return torch.cat([first, inner, last], dim=1)


def gradients(percentiles: Tensor, matrices: tuple[Tensor, Tensor]) -> Tensor:
    """Gradients [n, k] (m/m) at the quantiles of hermite_matrices, from the percentiles [n, 11] (non-decreasing)."""
    return percentiles @ matrices[0] + monotone_derivatives(percentiles) @ matrices[1]

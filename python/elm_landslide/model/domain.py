"""The guard: is a column inside the domain the network was trained on?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elm_landslide import fields


class Domain(nn.Module):
    """Envelope of every input and Mahalanobis distance in feature space, both fitted on the training columns."""

    low: Tensor
    high: Tensor
    mean: Tensor
    whiten: Tensor
    limit: Tensor

    def __init__(self, n_features: int):
        super().__init__()
        self.register_buffer("low", torch.full((fields.N_IN,), -torch.inf, dtype=torch.float64))
        self.register_buffer("high", torch.full((fields.N_IN,), torch.inf, dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(n_features, dtype=torch.float64))
        self.register_buffer("whiten", torch.eye(n_features, dtype=torch.float64))
        self.register_buffer("limit", torch.tensor(torch.inf, dtype=torch.float64))

    @torch.no_grad()
    def fit(self, x: Tensor, given: Tensor, features: Tensor, quantile: float = 0.999, margin: float = 1.25) -> None:
        """Fit on training columns x [n, N_IN] with the mask of what is given and features [n, k].

        The envelope is the range of each input widened by a twentieth on both sides. The limit of the distance is
        `margin` times the `quantile` of the training distances.
        """
        low = torch.where(given, x, torch.inf).amin(0)
        high = torch.where(given, x, -torch.inf).amax(0)
        self.low.copy_(low - 0.05 * (high - low))
        self.high.copy_(high + 0.05 * (high - low))
        self.mean.copy_(features.mean(0))
        centred = features - self.mean
        covariance = centred.T @ centred / len(features) + 1e-6 * torch.eye(features.shape[1], dtype=torch.float64)
        self.whiten.copy_(torch.linalg.inv(torch.linalg.cholesky(covariance)).T)
        self.limit.copy_(margin * torch.quantile(self.distance(features), quantile))

    @torch.no_grad()
    def widen(self, x: Tensor, given: Tensor, features: Tensor, quantile: float = 0.999, margin: float = 1.25) -> None:
        """Take in further columns that the training sees, as in `fit`, without moving the centre or the axes: however
        many they are, and however alike, columns that were inside stay inside."""
        low = torch.where(given, x, torch.inf).amin(0)
        high = torch.where(given, x, -torch.inf).amax(0)
        self.low.copy_(torch.minimum(self.low, low))
        self.high.copy_(torch.maximum(self.high, high))
        # torch.quantile takes no more than 2^24 values.
        furthest = torch.quantile(self.distance(features)[: 2**24], quantile)
        self.limit.copy_(torch.maximum(self.limit, margin * furthest))

    def distance(self, features: Tensor) -> Tensor:
        """Mean squared whitened feature, [n]: 1 on average over the training columns."""
        return (((features - self.mean) @ self.whiten) ** 2).mean(-1)

    def outside(self, x: Tensor, given: Tensor, features: Tensor) -> Tensor:
        """[n] true where a value is outside the envelope, slope percentiles decrease or the distance is too large."""
        beyond = (((x < self.low) | (x > self.high)) & given).any(-1)
        slope = x[:, fields.FIELDS["slope"].columns]
        decreasing = (slope[:, 1:] < slope[:, :-1]).any(-1)
        return beyond | decreasing | (self.distance(features) > self.limit)

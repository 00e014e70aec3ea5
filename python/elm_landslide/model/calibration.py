"""Monotone calibration of the probability (beta calibration; Kull, Silva Filho and Flach 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_TINY = 1e-30


def beta_logit(log_p, log_q, a, b, c):
    """Calibrated logit a ln p - b ln(1 - p) + c of ln p and ln q = ln(1 - p), arrays of any kind."""
    return a * log_p - b * log_q + c


class BetaCalibration(nn.Module):
    """Probabilities calibrated by `beta_logit` with a, b >= 0; the identity at a = b = 1, c = 0."""

    a: Tensor
    b: Tensor
    c: Tensor

    def __init__(self, a: float = 1.0, b: float = 1.0, c: float = 0.0):
        super().__init__()
        if a < 0.0 or b < 0.0:
            raise ValueError(
                f"BetaCalibration: a = {a}, b = {b}: both must be >= 0, or the order of probabilities changes"
            )
        for name, value in (("a", a), ("b", b), ("c", c)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float64))

    def forward(self, probability: Tensor) -> Tensor:
        """Probabilities of any shape, in and out."""
        p = probability.clamp(min=_TINY)
        q = (1.0 - probability).clamp(min=_TINY)
        return torch.sigmoid(beta_logit(torch.log(p), torch.log(q), self.a, self.b, self.c))

"""Log-normal quantities by their mean and coefficient of variation."""

from __future__ import annotations

import numpy as np
import torch


def log_normal(mean, cv: float, normal):
    """Values of a log-normal distribution (unit of the mean) at standard normal deviates `normal`, arrays of any kind.

    ln x has the variance ln(1 + cv^2) and half of that below ln of the mean as its own mean.
    """
    sigma = np.sqrt(np.log1p(cv**2))
    exp = torch.exp if isinstance(normal, torch.Tensor) else np.exp
    return mean * exp(sigma * normal - 0.5 * sigma**2)

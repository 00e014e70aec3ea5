"""Published closed forms that the equations of the package are held against."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from elm_landslide.physics.infinite_slope import cosine_squared


def van_genuchten_suction_stress(suction: Tensor, alpha: Tensor, n: Tensor) -> Tensor:
    """sigma_s = -s [1 + (alpha s)^n]^(-(n-1)/n) (Lu et al. 2010). suction s >= 0 and 1/alpha in one unit."""
    return -suction * (1.0 + (alpha * suction) ** n) ** (-(n - 1.0) / n)


def steady_suction(height: Tensor, alpha: Tensor, flux_ratio: Tensor, water_weight: float) -> Tensor:
    """Suction at a height above the water table under steady vertical flux (Lu and Godt 2008).

    s = -(1/alpha) ln[(1 + q/Ks) exp(-alpha gamma_w h) - q/Ks], flux_ratio = q/Ks, negative for infiltration.
    alpha in 1/kPa with water_weight in kN/m3 gives kPa.
    """
    return -torch.log((1.0 + flux_ratio) * torch.exp(-alpha * water_weight * height) - flux_ratio) / alpha


def pore_pressure(head: Tensor, gradient: Tensor, water_weight: float) -> Tensor:
    """u = gamma_w h cos^2(beta) for slope-parallel seepage; head h below the water table (m, vertical)."""
    return water_weight * head * cosine_squared(gradient)


def uniform_stress(strain):
    """Stress (1) per fibre at a strain (1) for thresholds uniform on 0 to 1: x (1 - x)."""
    return strain * np.clip(1.0 - strain, 0.0, 1.0)


def weibull_stress(strain, scale: float, shape: float):
    """Stress per fibre, in the unit of scale, at a strain."""
    return strain * np.exp(-((strain / scale) ** shape))

"""The infinite-slope factor of safety (Taylor 1948; Lu and Godt 2008 for the unsaturated part)."""

from __future__ import annotations

import torch
from torch import Tensor

FOS_CAP = 10.0  # reported for flat slopes, as TRIGRS does
FOS_INNER_CAP = 100.0  # inside the network, so that its residual cannot pull flat ground off the reported cap
FOS_FLOOR = 0.01  # keeps the logarithm finite where pore pressure carries all the weight
MIN_GRADIENT = 1e-3  # a gentler slope is capped anyway


def factor_of_safety(
    gradient: Tensor, tan_friction: Tensor, cohesion: Tensor, suction_stress: Tensor, weight: Tensor
) -> Tensor:
    """FoS = tan(phi)/tan(beta) + [c - sigma_s tan(phi)] / (W sin(beta) cos(beta)), between FOS_FLOOR and FOS_CAP.

    gradient tan(beta) (m/m); tan_friction (1); cohesion of soil and roots c (Pa); suction_stress sigma_s (Pa;
    negative suction, positive pore pressure); weight W of the soil above the plane per map area (Pa). Shapes broadcast.
    """
    ratio = strength_ratio(at_least_gentle(gradient), tan_friction, cohesion, suction_stress, weight)
    return bounded(ratio / driving_ratio(gradient))


def strength_ratio(
    gradient: Tensor, tan_friction: Tensor, cohesion: Tensor, suction_stress: Tensor, weight: Tensor
) -> Tensor:
    """Strength on the plane over the weight above it, cos^2(beta) tan(phi) + [c - sigma_s tan(phi)] / W."""
    friction = tan_friction * cosine_squared(gradient)
    return friction + (cohesion - suction_stress * tan_friction) * (1.0 / weight)  # weight often has fewer elements


def driving_ratio(gradient: Tensor) -> Tensor:
    """Stress along the plane over the weight above it, sin(beta) cos(beta), without trigonometry."""
    t = at_least_gentle(gradient)
    return t * cosine_squared(t)


def at_least_gentle(gradient: Tensor) -> Tensor:
    return gradient.clamp(min=MIN_GRADIENT)


def bounded(fos: Tensor, cap: float = FOS_CAP) -> Tensor:
    return fos.clamp(FOS_FLOOR, cap)


def cosine_squared(gradient: Tensor) -> Tensor:
    """cos^2(beta) from tan(beta)."""
    return 1.0 / (1.0 + gradient * gradient)


def normal_cdf(x: Tensor) -> Tensor:
    """Standard normal distribution function through one sigmoid.

    sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)): monotone, within 2.5e-4 of the exact value, and nowhere in the lower
    tail more than 0.3 % above it, so it cannot inflate a small probability.
    """
    slope = 1.5957691216057308
    return torch.sigmoid(x * (slope + slope * 0.044715 * (x * x)))

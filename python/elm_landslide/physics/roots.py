"""Roots and vegetation: cohesion by cover, profile with depth, surcharge."""

from __future__ import annotations

import torch
from torch import Tensor

from elm_landslide.physics.constants import GRAVITY
from elm_landslide.physics.layers import THICKNESS, mean_matrix

# In the order of COVERS. Root cohesion of the upper half metre (Pa): middle of published ranges (natural
# conifer 25-94, industrial 7-23, broadleaf 5-20, shrub 2-6, grass 0.5-3, crop 0-1 kPa; Schmidt et al. 2001, Sidle and
# Ochiai 2006); reported landslides agree with their level (training/posterior.py).
COVER_COHESION = torch.tensor([15000.0, 4000.0, 1500.0, 500.0], dtype=torch.float64)
COVER_COHESION_CV = 0.6
# Typical carbon of a closed cover (kg C/m2), for ELM without carbon (SP mode) and as the reference of root carbon.
COVER_CARBON = torch.tensor([8.0, 1.5, 0.4, 0.4], dtype=torch.float64)
COVER_ROOT_CARBON = torch.tensor([2.0, 0.6, 0.3, 0.2], dtype=torch.float64)

MAX_RELATIVE_DENSITY = 3.0  # a host may put nearly all roots deep; cohesion is not extrapolated without roots above
# root_fraction @ _UPPER_SHARE is the mean root density (1/m) of the upper half metre.
_UPPER_SHARE = mean_matrix(0.0, 0.5) / THICKNESS.unsqueeze(-1)


def by_cover(cover: Tensor, values: Tensor) -> Tensor:
    """Cover-weighted sum: cover [n, 4] (1) in the order of COVERS, values [4]; returns [n, 1]."""
    return (cover * values).sum(-1, keepdim=True)


def carbon_scale(cover: Tensor, root_carbon: Tensor, has_root_carbon: Tensor) -> Tensor:
    """Root cohesion relative to that of typical roots of the cover, by ELM's root carbon if it is known; [n, 1]."""
    scale = (root_carbon / by_cover(cover, COVER_ROOT_CARBON).clamp(min=0.01)).clamp(0.2, 2.0)
    return torch.where(has_root_carbon, scale, 1.0)


def ground_shares(cover: Tensor) -> Tensor:
    """Shares of the area that hold like trees, like shrubs, and not at all; cover [n, 4] in, [n, 3] out, sum 1.

    Grass and crop count as shrubs in proportion to their root cohesion, so that every change of cover keeps the sign
    that its roots demand.
    """
    cover = cover / cover.sum(-1, keepdim=True).clamp(min=1.0)
    tree = cover[:, :1]
    shrub = (cover[:, 1:] * (COVER_COHESION[1:] / COVER_COHESION[1])).sum(-1, keepdim=True)
    return torch.cat([tree, shrub, (1.0 - tree - shrub).clamp(min=0.0)], dim=-1)


def relative_density(root_fraction: Tensor) -> Tensor:
    """Root cohesion at depth relative to the published kind; [n, layer] in and out, 0 where bare.

    Cohesion is proportional to root area per soil area (Wu et al. 1979), hence to root density. Published values are
    means over scarps of shallow landslides, so the reference is the mean density of the upper half metre.
    """
    density = root_fraction / THICKNESS
    return (density / (root_fraction @ _UPPER_SHARE).clamp(min=1e-6)).clamp(max=MAX_RELATIVE_DENSITY)


def surcharge(vegetation_carbon: Tensor) -> Tensor:
    """Weight of the vegetation (Pa) from its carbon (kg C/m2), about a quarter of the fresh mass."""
    return GRAVITY * 4.0 * vegetation_carbon


# Years after clearing (Sidle 1991 and 1992): old roots decay as exp(-k t^n); new ones grow as 1/(a + b exp(-k t)) + c.
DECAY = (0.5, 0.73)
REGROWTH = (0.952, 19.05, -0.05, 0.25)


def root_strength_left(years: Tensor, kept: float = 0.0) -> Tensor:
    """Root strength relative to that before clearing (1), `years` after it, as old roots decay and new ones grow.

    kept: share of the vegetation that was left standing (1). At most 1.
    """
    years = years.clamp(min=0.0)
    decay = torch.exp(-DECAY[0] * years ** DECAY[1])
    a, b, c, k = REGROWTH
    regrowth = (1.0 / (a + b * torch.exp(-k * years)) + c).clamp(min=0.0)
    return (kept + (1.0 - kept) * (decay + regrowth)).clamp(max=1.0)

"""Roots and vegetation: cohesion by cover, profile with depth, surcharge."""

from __future__ import annotations

import torch
from torch import Tensor

from .constants import GRAVITY
from .layers import THICKNESS

# Order tree, shrub, grass, crop. Root cohesion at the densest depth (Pa): middle of published ranges (natural conifer
# 25-94, industrial 7-23, broadleaf 5-20, shrub 2-6, grass 0.5-3, crop 0-1 kPa; Schmidt et al. 2001, Sidle and Ochiai 2006).
COVERS = ("tree", "shrub", "grass", "crop")
COVER_COHESION = torch.tensor([15000.0, 4000.0, 1500.0, 500.0], dtype=torch.float64)
COVER_COHESION_CV = 0.6
# Typical carbon of a closed cover (kg C/m2), used where ELM runs without carbon (SP mode) and as the reference of root carbon.
COVER_CARBON = torch.tensor([8.0, 1.5, 0.4, 0.4], dtype=torch.float64)
COVER_ROOT_CARBON = torch.tensor([2.0, 0.6, 0.3, 0.2], dtype=torch.float64)


def by_cover(cover: Tensor, values: Tensor) -> Tensor:
    """Cover-weighted sum: cover [n, 4] (1) in the order of COVERS, values [4]; returns [n, 1]."""
    return (cover * values).sum(-1, keepdim=True)


def typical_root_cohesion(cover: Tensor, root_carbon: Tensor, has_root_carbon: Tensor) -> Tensor:
    """Prior mean root cohesion (Pa) at the densest depth, scaled by ELM's root carbon where it is known; [n, 1]."""
    scale = (root_carbon / by_cover(cover, COVER_ROOT_CARBON).clamp(min=0.01)).clamp(0.2, 2.0)
    return by_cover(cover, COVER_COHESION) * torch.where(has_root_carbon, scale, 1.0)


def relative_density(root_fraction: Tensor) -> Tensor:
    """Root cohesion relative to the densest layer, from ELM's root fraction; [n, layer] in and out, 0 where bare.

    Cohesion is proportional to root area per soil area (Wu et al. 1979), hence to the density of roots with depth.
    """
    density = root_fraction / THICKNESS
    return density / density.amax(-1, keepdim=True).clamp(min=1e-12)


def surcharge(vegetation_carbon: Tensor) -> Tensor:
    """Weight of the vegetation (Pa): carbon is about half of dry mass and a quarter of fresh mass. Carbon in kg C/m2."""
    return GRAVITY * 4.0 * vegetation_carbon

"""Roots and vegetation: cohesion by cover, profile with depth, surcharge."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from elm_landslide.fields import ROOTS
from elm_landslide.physics.constants import GRAVITY
from elm_landslide.physics.layers import THICKNESS, mean_matrix
from elm_landslide.physics.root_profile import COVERS

# In the order of COVERS; root cohesion of the upper half metre (Pa). Sources in fields.toml; reported landslides agree
# with their level (training/posterior.py).
COVER_COHESION = torch.tensor(ROOTS["cohesion"], dtype=torch.float64)
COVER_COHESION_CV = 0.6
# Typical carbon of a closed cover (kg C/m2), for ELM without carbon (SP mode) and as the reference of root carbon.
COVER_CARBON = torch.tensor(ROOTS["carbon"], dtype=torch.float64)
COVER_ROOT_CARBON = torch.tensor(ROOTS["root_carbon"], dtype=torch.float64)

# Limits of root cohesion by leaf area. Roots grow with leaves, but no published relation gives cohesion: Hwang et al.
# (2015) have one for the height of the canopy.
LEAF_SCALE = (0.5, 1.5)

MAX_RELATIVE_DENSITY = 3.0  # a host may put nearly all roots deep; cohesion is not extrapolated without roots above
# root_fraction @ _UPPER_SHARE is the mean root density (1/m) of the upper half metre.
_UPPER_SHARE = mean_matrix(0.0, 0.5) / THICKNESS.unsqueeze(-1)


def by_cover(cover: Tensor, values: Tensor) -> Tensor:
    """Cover-weighted sum: cover [n, 4] (1) in the order of COVERS, values [4]; returns [n, 1]."""
    return (cover * values).sum(-1, keepdim=True)


def carbon_scale(cover: Tensor, root_carbon: Tensor) -> Tensor:
    """Root cohesion relative to that of typical roots of the cover, by ELM's root carbon; [n, 1]."""
    return (root_carbon / by_cover(cover, COVER_ROOT_CARBON).clamp(min=0.01)).clamp(0.2, 2.0)


def ground_shares(cover: Tensor) -> Tensor:
    """Shares of the area that hold like trees, like shrubs, and not at all; cover [n, 4] in, [n, 3] out, sum 1.

    Grass and crop count as shrubs in proportion to their root cohesion, so that every change of cover keeps the sign
    that its roots demand.
    """
    return _with_rest(*_woody(cover))


def _woody(cover: Tensor) -> tuple[Tensor, Tensor]:
    """Shares that hold like trees and like shrubs, each [n, 1]."""
    cover = cover / cover.sum(-1, keepdim=True).clamp(min=1.0)
    return cover[:, :1], (cover[:, 1:] * (COVER_COHESION[1:] / COVER_COHESION[1])).sum(-1, keepdim=True)


def _with_rest(tree: Tensor, shrub: Tensor) -> Tensor:
    return torch.cat([tree, shrub, (1.0 - tree - shrub).clamp(min=0.0)], dim=-1)


def ground(field: Callable[[str], Tensor], has: Callable[[str], Tensor]) -> tuple[Tensor, Tensor]:
    """What holds: the shares of ground_shares [n, 3], or those that remember what was lost and grows where they are
    given; and the scale of its root cohesion [n, 1], by carbon, else by leaf area, with the cover that holds.
    `field(name)`, `has(name)`: as for column.soil_column."""
    cover = torch.cat([field(f"{name}_cover") for name in COVERS], dim=-1)
    known = has("tree_ground") & has("shrub_ground")
    remembered = field("tree_ground")
    tree, shrub = _woody(cover)
    shrub = torch.where(known, torch.minimum(field("shrub_ground"), 1.0 - remembered), shrub)
    shares = _with_rest(torch.where(known, remembered, tree), shrub)
    # Dead roots of trees count with the carbon of trees, also where the trees are gone.
    held = torch.cat([torch.maximum(cover[:, :1], remembered), cover[:, 1:]], dim=-1)
    # Over the cover of the maps, so that it stays what it was as land use changes the cover.
    by_leaves = field("leaf_area_ratio").clamp(*LEAF_SCALE)
    by_carbon = carbon_scale(held, field("root_carbon"))
    return shares, torch.where(has("root_carbon"), by_carbon, by_leaves)


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


# Parameters of the covers with roots that last, trees and shrubs.
DECAY: tuple[float, float] = tuple(ROOTS["decay"])
REGROWTH: dict[str, tuple[float, float, float, float]] = {name: tuple(ROOTS[name]) for name in ("tree", "shrub")}


def decay(years: Tensor) -> Tensor:
    """Strength left of dead roots (1) after years >= 0, exp(-k t^n) (Sidle 1991, 1992)."""
    k, n = DECAY
    return torch.exp(-k * years**n)


def regrowth(years: Tensor, cover: str = "tree") -> Tensor:
    """Strength of growing roots (1) relative to grown ones after years >= 0, 1 / (a + b exp(-k t)) + c (Sidle 1991,
    1992), 0 to 1."""
    a, b, c, k = REGROWTH[cover]
    return (1.0 / (a + b * torch.exp(-k * years)) + c).clamp(0.0, 1.0)


def root_strength_left(years: Tensor, kept: float = 0.0) -> Tensor:
    """Root strength relative to that before clearing (1), `years` after it, as old roots decay and new ones of trees
    grow.

    kept: share of the vegetation that was left standing (1). At most 1.
    """
    years = years.clamp(min=0.0)
    return (kept + (1.0 - kept) * (decay(years) + regrowth(years))).clamp(max=1.0)


def split(strength: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of a piece of ground that stand for its root cohesion, strength relative to that of trees (1, 0 to 1): as
    trees and as shrubs; the rest is bare.

    Between bare ground, shrubs and trees, so that the mean cohesion is kept, and the chance of failure, a convex
    function of cohesion, nearly.
    """
    shrub = COVER_COHESION[1] / COVER_COHESION[0]
    tree = ((strength - shrub) / (1.0 - shrub)).clamp(min=0.0)
    return tree, torch.where(strength < shrub, strength / shrub, 1.0 - tree)

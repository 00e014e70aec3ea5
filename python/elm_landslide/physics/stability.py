"""Factor of safety of a column's hillslopes: the least over candidate failure planes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from elm_landslide.physics.column import SoilColumn
from elm_landslide.physics.constants import WATER_WEIGHT
from elm_landslide.physics.infinite_slope import (
    FOS_INNER_CAP,
    at_least_gentle,
    bounded,
    cosine_squared,
    driving_ratio,
    strength_ratio,
)
from elm_landslide.physics.layers import (
    NODES,
    THICKNESS,
    TOPS,
    integration_matrix,
    integration_weights,
    interpolation_matrix,
    interpolation_weights,
    weigh,
)
from elm_landslide.physics.strength import soil_thickness

SHALLOWEST_PLANE = 0.2  # m
# Pores that water fills and leaves within days (1). The air-filled pores of the column itself tell of its mean, not of
# where water gathers: with them the failing share is worse.
SPECIFIC_YIELD = 0.15
NO_PLANE = 1e3  # m, deeper than any plane
NO_FAILURE = 1e9  # strength ratio of planes below the base of the soil
# The base is never above SHALLOWEST_PLANE: the last node and the last top of a layer at or above it.
_FIRST_NODE, _FIRST_LAYER = (int((depths <= SHALLOWEST_PLANE).sum()) - 1 for depths in (NODES, TOPS))


@dataclass
class Strength:
    """What ELM does not know of the hillslope; each [n, member, class], or 1 in place of member or class.

    Root cohesion is given for one or more kinds of cover that lie side by side on the same soil; None: no roots.
    """

    cohesion: Tensor  # Pa
    friction: Tensor  # degrees
    root_cohesion: tuple[Tensor | None, ...]  # Pa, of the upper half metre, by kind of cover
    thickness: Tensor  # m, of the soil on level ground
    thinning: Tensor  # 1, decline of thickness with gradient
    water_gathered: Tensor  # 1, water that gathers on the base of the soil over that which falls on the column
    water_kept: Tensor  # 1, share of the water of the second and third day that is there on the last
    water_stored: Tensor  # 1, share of older water that was there on those days
    suction_cap: Tensor  # Pa


class Planes:
    """Fixed candidate planes (m) with the matrices that take layer values to them."""

    def __init__(self, depths: Tensor):
        self.depths = depths
        self.interpolation = interpolation_matrix(depths)
        self.integration = integration_matrix(depths)


def standard_planes(count: int) -> Planes:
    """`count` planes from 0.2 m down, denser near the surface; the base of the soil is always one more."""
    fractions = torch.linspace(0.0, 1.0, count + 1, dtype=torch.float64)[:-1]
    return Planes(SHALLOWEST_PLANE * (3.0 / SHALLOWEST_PLANE) ** fractions)


@dataclass
class Layer:
    """Candidate failure planes without roots; each broadcasts to [n, plane, member, class]."""

    depth: Tensor  # m
    weight: Tensor  # Pa, of soil and vegetation above the plane, per map area
    stress: Tensor  # Pa, pore pressure less what is left of suction
    bare: Tensor  # 1, strength over weight
    roots: Tensor  # 1, root cohesion relative to that of the upper half metre

    def strength_ratios(self, root_cohesion: tuple[Tensor | None, ...]) -> list[Tensor]:
        """Strength over weight (1) by kind of cover, with root cohesion (Pa) as in Strength."""
        rooted = self.roots / self.weight
        return [self.bare if kind is None else self.bare + kind.unsqueeze(1) * rooted for kind in root_cohesion]


@dataclass
class Candidates:
    """All candidate planes of n columns by member and slope class."""

    base: Layer  # the base of the soil, one plane
    planes: Layer  # the fixed ones; below the base `bare` is NO_FAILURE
    head: Tensor  # [n, member, class] m, of the water gathered on the base
    driving: Tensor  # [n, 1, class] 1, stress along any plane over the weight above it

    def factor_of_safety(self, strength_ratio: Tensor) -> Tensor:
        """Bounded FoS; [n, member, class] in and out."""
        return bounded(strength_ratio * (1.0 / self.driving), FOS_INNER_CAP)


def gathered_head(column: SoilColumn, strength: Strength, base: Tensor) -> Tensor:
    """Head (m) on the base of the soil [n, member, class] of the water that gathers there in a week; base: its depth.

    Two stores, each with its own recession, of which an index of antecedent rain is a special case. The water would
    stand as high as `height` in soil without an end; what the thickness cannot hold runs off, so that the head grows
    ever slower and stays below the surface.
    """
    last, before, older = (water.unsqueeze(-1) for water in column.waters)
    gathered = last + strength.water_kept * (before + strength.water_stored * older)
    height = strength.water_gathered * gathered / SPECIFIC_YIELD
    return base * height / (base + height)


def candidate_planes(column: SoilColumn, gradient: Tensor, strength: Strength, planes: Planes) -> Candidates:
    """Forces on the planes and on the base of the soil; gradient [n, class] (m/m)."""
    gradient = gradient.unsqueeze(1)
    thickness = soil_thickness(strength.thickness, strength.thinning, gradient, column.bedrock.unsqueeze(-1))
    base = thickness.clamp(min=SHALLOWEST_PLANE)
    head = gathered_head(column, strength, base)

    # From here on the axes are [n, plane, member, class], and what does not depend on all of them is done before.
    def by_plane(value: Tensor) -> Tensor:
        """[n, plane] for all members and classes."""
        return value.unsqueeze(-1).unsqueeze(-1)

    cohesion, suction_cap = strength.cohesion.unsqueeze(1), strength.suction_cap.unsqueeze(1)
    tan_phi = torch.tan(torch.deg2rad(strength.friction)).unsqueeze(1)
    steepness = at_least_gentle(gradient.unsqueeze(1))
    cos_squared = cosine_squared(steepness)
    water_table, perched_table, perched_floor = (
        by_plane(value) for value in (column.water_table, column.perched_table, column.perched_floor)
    )

    def layer(depth: Tensor, gathered: Tensor, weight: Tensor, suction: Tensor, roots: Tensor) -> Layer:
        """gathered: height of the gathered water over the plane, in Pa of water, negative where it ends below;
        suction (Pa): suction stress, not yet capped."""
        perched = torch.where(depth <= perched_floor, depth - perched_table, 0.0)
        table = WATER_WEIGHT * torch.maximum((depth - water_table).clamp(min=0.0), perched)
        water = torch.maximum(gathered, table)
        # Below a water table nothing is left of suction; gathered water takes it away as its head grows.
        suction = torch.where(table > 0.0, 0.0, torch.minimum(suction, suction_cap))
        stress = water * cos_squared - (suction - water).clamp(min=0.0)
        return Layer(depth, weight, stress, strength_ratio(steepness, tan_phi, cohesion, stress, weight), roots)

    at_base = interpolation_weights(base, _FIRST_NODE)
    whole, cut = column.weight_density[:, :_FIRST_LAYER], column.weight_density[:, _FIRST_LAYER:]
    above = column.surcharge + (whole * THICKNESS[:_FIRST_LAYER]).sum(-1, keepdim=True)
    on_base = layer(
        base.unsqueeze(1),
        WATER_WEIGHT * head.unsqueeze(1),
        by_plane(above) + weigh(integration_weights(base, _FIRST_LAYER), cut * THICKNESS[_FIRST_LAYER:]),
        weigh(at_base, column.suction_stress[:, _FIRST_NODE:]),
        weigh(at_base, column.root_profile[:, _FIRST_NODE:]),
    )
    depths = by_plane(planes.depths)
    on_planes = layer(
        depths,
        WATER_WEIGHT * (head - base).unsqueeze(1) + WATER_WEIGHT * depths,
        by_plane(column.surcharge + column.weight_density @ planes.integration),
        by_plane(column.suction_stress @ planes.interpolation),
        by_plane(column.root_profile @ planes.interpolation),
    )
    on_planes.bare = torch.where(depths <= base.unsqueeze(1), on_planes.bare, NO_FAILURE)
    return Candidates(on_base, on_planes, head, driving_ratio(gradient))


def minimum_factor_of_safety(
    column: SoilColumn, gradient: Tensor, strength: Strength, planes: Planes, located: slice = slice(None)
) -> list[tuple[Tensor, Tensor]]:
    """Least FoS over the planes above the base of the soil and the base itself, and its depth (m), by kind of cover.

    gradient [n, class] (m/m); each pair of the result is FoS [n, member, class], between FOS_FLOOR and FOS_INNER_CAP,
    and depth [n, member, located], for the classes of the slice `located`. The shallowest plane wins a tie.
    """
    candidates = candidate_planes(column, gradient, strength, planes)
    base, depths = candidates.base.depth[..., located], candidates.planes.depth
    results = []
    kinds = (layer.strength_ratios(strength.root_cohesion) for layer in (candidates.planes, candidates.base))
    for at_planes, at_base in zip(*kinds, strict=True):
        # On all planes of a class the weight drives alike, so the least strength over weight is the least FoS.
        above = at_planes.amin(1, keepdim=True)
        fos = candidates.factor_of_safety(torch.minimum(above, at_base).squeeze(1))
        weakest = at_planes[..., located] == above[..., located]
        shallowest = torch.where(weakest, depths, NO_PLANE).amin(1, keepdim=True)
        depth = torch.where(above[..., located] <= at_base[..., located], shallowest, base)
        results.append((fos, depth.squeeze(1)))
    return results

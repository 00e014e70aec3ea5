"""Factor of safety of a column's hillslopes: the least over candidate failure planes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .column import SoilColumn
from .constants import WATER_WEIGHT
from .infinite_slope import FOS_INNER_CAP, at_least_gentle, bounded, cohesion_gain, pore_pressure
from .layers import integrate, integration_matrix, interpolate, interpolation_matrix
from .strength import soil_thickness

SHALLOWEST_PLANE = 0.2  # m
NO_PLANE = 1e3  # m, deeper than any plane


@dataclass
class Strength:
    """What ELM does not know of the hillslope; each [n, class] or [n, 1].

    Root cohesion is given for one or more kinds of cover that stand side by side on the same soil.
    """

    cohesion: Tensor  # Pa
    friction: Tensor  # degrees
    root_cohesion: tuple[Tensor, ...]  # Pa, of the upper half metre, by kind of cover
    thickness: Tensor  # m, of the soil on level ground
    thinning: Tensor  # 1, decline of thickness with gradient
    macropore_share: Tensor  # 1, share of a day's water that reaches the base of the soil
    head_multiplier: Tensor  # 1, share of that head that stays on the hillslope
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
    """Candidate failure planes without roots; [n, class, plane] above the base of the soil, [n, class] on it, or
    shapes that broadcast to these."""

    depth: Tensor  # m
    weight: Tensor  # Pa, of soil and vegetation above the plane, per map area
    stress: Tensor  # Pa, pore pressure less what is left of suction
    bare_fos: Tensor  # 1, not bounded
    gain: Tensor  # 1/Pa, FoS gained per root cohesion
    roots: Tensor  # 1, root cohesion relative to that of the upper half metre


@dataclass
class Candidates:
    """All candidate planes of n columns by slope class."""

    base: Layer
    planes: Layer  # the fixed ones; only those above the base count
    above: Tensor  # [n, class, plane] m, height over the base; negative below it
    head: Tensor  # [n, class] m, of water from macropores on the base

    def factor_of_safety(self, root_cohesion: tuple[Tensor, ...]) -> list[tuple[Tensor, Tensor]]:
        """By kind of cover: FoS on the planes [n, class, plane], FOS_INNER_CAP below the base, and on the base
        [n, class]."""
        rooted_base, rooted_planes = self.base.gain * self.base.roots, self.planes.gain * self.planes.roots
        results = []
        for cohesion in root_cohesion:
            at_base = bounded(self.base.bare_fos + cohesion * rooted_base, FOS_INNER_CAP)
            at_planes = bounded(self.planes.bare_fos + cohesion.unsqueeze(-1) * rooted_planes, FOS_INNER_CAP)
            results.append((torch.where(self.above >= 0.0, at_planes, FOS_INNER_CAP), at_base))
        return results


def candidate_planes(column: SoilColumn, gradient: Tensor, strength: Strength, planes: Planes) -> Candidates:
    """Forces on the planes and on the base of the soil; gradient [n, class] (m/m)."""
    tan_friction = torch.tan(torch.deg2rad(strength.friction))
    base = soil_thickness(strength.thickness, strength.thinning, gradient, column.bedrock).clamp(min=SHALLOWEST_PLANE)
    head = torch.minimum(strength.macropore_share * column.macropore_head, base) * strength.head_multiplier

    def layer(depth, above_base, weight, suction, root_profile, gradient, head, expand) -> Layer:
        """Shapes broadcast to [n, class] at the base, to [n, class, plane] above it; `expand` adds that axis."""
        table_head = (depth - expand(column.water_table)).clamp(min=0.0)
        perched = torch.where(depth <= expand(column.perched_floor), depth - expand(column.perched_table), 0.0)
        table_head = torch.maximum(table_head, perched)
        macropore = (head - above_base).clamp(min=0.0)
        # Below a water table nothing is left of suction; water from macropores takes it away as its head grows.
        cap = torch.minimum(suction, expand(strength.suction_cap))
        suction_left = torch.where(table_head > 0.0, 0.0, (cap - WATER_WEIGHT * macropore).clamp(min=0.0))
        stress = pore_pressure(torch.maximum(table_head, macropore), gradient, WATER_WEIGHT) - suction_left
        gain = cohesion_gain(gradient, weight)
        tan_phi = expand(tan_friction)
        bare = tan_phi / at_least_gentle(gradient) + (expand(strength.cohesion) - stress * tan_phi) * gain
        return Layer(depth, weight, stress, bare, gain, root_profile)

    on_base = layer(
        base,
        torch.zeros_like(base),
        column.surcharge + integrate(column.weight_density, base),
        interpolate(column.suction_stress, base),
        interpolate(column.root_profile, base),
        gradient,
        head,
        lambda value: value,
    )
    above = base.unsqueeze(-1) - planes.depths
    on_planes = layer(
        planes.depths,
        above,
        (column.surcharge + column.weight_density @ planes.integration).unsqueeze(1),
        (column.suction_stress @ planes.interpolation).unsqueeze(1),
        (column.root_profile @ planes.interpolation).unsqueeze(1),
        gradient.unsqueeze(-1),
        head.unsqueeze(-1),
        lambda value: value.unsqueeze(-1),
    )
    return Candidates(on_base, on_planes, above, head)


def minimum_factor_of_safety(
    column: SoilColumn, gradient: Tensor, strength: Strength, planes: Planes
) -> list[tuple[Tensor, Tensor]]:
    """Least FoS over the planes above the base of the soil and the base itself, and its depth (m), by kind of cover.

    gradient [n, class] (m/m); each pair of the result is two [n, class]. The shallowest plane wins a tie.
    """
    candidates = candidate_planes(column, gradient, strength, planes)
    base = candidates.base.depth
    results = []
    for at_planes, at_base in candidates.factor_of_safety(strength.root_cohesion):
        least_above = at_planes.amin(-1)
        shallowest = torch.where(at_planes == least_above.unsqueeze(-1), planes.depths, NO_PLANE).amin(-1)
        depth = torch.where(least_above <= at_base, torch.minimum(shallowest, base), base)
        results.append((torch.minimum(least_above, at_base), depth))
    return results

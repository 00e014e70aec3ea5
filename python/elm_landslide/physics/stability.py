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


def minimum_factor_of_safety(
    column: SoilColumn, gradient: Tensor, strength: Strength, planes: Planes
) -> list[tuple[Tensor, Tensor]]:
    """Least FoS over the planes above the base of the soil and the base itself, and its depth (m), by kind of cover.

    gradient [n, class] (m/m); each pair of the result is two [n, class]. The shallowest plane wins a tie.
    """
    tan_friction = torch.tan(torch.deg2rad(strength.friction))
    base = soil_thickness(strength.thickness, strength.thinning, gradient, column.bedrock).clamp(min=SHALLOWEST_PLANE)
    head = torch.minimum(strength.macropore_share * column.macropore_head, base) * strength.head_multiplier

    def without_roots(depth, above_base, weight, suction, gradient, head, expand) -> tuple[Tensor, Tensor]:
        """FoS of the bare soil, not bounded, and its gain per root cohesion (1/Pa). Shapes broadcast to [n, class] at
        the base, to [n, class, plane] above it; `expand` adds that axis."""
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
        return tan_phi / at_least_gentle(gradient) + (expand(strength.cohesion) - stress * tan_phi) * gain, gain

    bare_base, gain_base = without_roots(
        base,
        torch.zeros_like(base),
        column.surcharge + integrate(column.weight_density, base),
        interpolate(column.suction_stress, base),
        gradient,
        head,
        lambda value: value,
    )
    depths = planes.depths
    above = base.unsqueeze(-1) - depths
    bare_planes, gain_planes = without_roots(
        depths,
        above,
        (column.surcharge + column.weight_density @ planes.integration).unsqueeze(1),
        (column.suction_stress @ planes.interpolation).unsqueeze(1),
        gradient.unsqueeze(-1),
        head.unsqueeze(-1),
        lambda value: value.unsqueeze(-1),
    )
    rooted_base = gain_base * interpolate(column.root_profile, base)
    rooted_planes = gain_planes * (column.root_profile @ planes.interpolation).unsqueeze(1)

    results = []
    for root_cohesion in strength.root_cohesion:
        at_base = bounded(bare_base + root_cohesion * rooted_base, FOS_INNER_CAP)
        at_planes = bounded(bare_planes + root_cohesion.unsqueeze(-1) * rooted_planes, FOS_INNER_CAP)
        at_planes = torch.where(above >= 0.0, at_planes, FOS_INNER_CAP)
        least_above = at_planes.amin(-1)
        shallowest = torch.where(at_planes == least_above.unsqueeze(-1), depths, NO_PLANE).amin(-1)
        depth = torch.where(least_above <= at_base, torch.minimum(shallowest, base), base)
        results.append((torch.minimum(least_above, at_base), depth))
    return results

"""The soil column as the factor of safety needs it, from the fields of fields.toml."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from elm_landslide.fields import RAIN_WINDOWS
from elm_landslide.physics import roots
from elm_landslide.physics.constants import GRAIN_DENSITY, GRAVITY, ICE_DENSITY, SECONDS_PER_DAY, WATER_DENSITY
from elm_landslide.physics.layers import NODES
from elm_landslide.physics.root_profile import COVERS
from elm_landslide.physics.suction import clapp_hornberger_suction_stress

NO_TABLE = 80.0  # m; ELM's deepest water table: there is none
SENTINEL_TOLERANCE = 1e-4  # m; history files hold single precision
# What satellites see of the soil is its surface. In output of ELM itself (the Susquehanna basin) an error of the
# surface moisture goes with one below that falls over this depth.
OFFSET_DEPTH = 0.6  # m
OFFSET_PROFILE = torch.exp(-NODES / OFFSET_DEPTH)
MAX_INPUT = 0.5  # m; most water of a day at an instantaneous rate, which is not a day's water


@dataclass
class SoilColumn:
    """Quantities of n columns; [n, layer] or [n, 1]."""

    weight_density: Tensor  # [n, layer] Pa/m
    surcharge: Tensor  # [n, 1] Pa
    suction_stress: Tensor  # [n, layer] Pa, magnitude, not yet capped
    root_profile: Tensor  # [n, layer] 1, relative to the upper half metre, times the strength left
    water_table: Tensor  # [n, 1] m
    perched_table: Tensor  # [n, 1] m, NO_TABLE if it is only the sentinel
    perched_floor: Tensor  # [n, 1] m, frost table: no perched water below
    bedrock: Tensor  # [n, 1] m
    waters: tuple[Tensor, ...]  # [n, 1] m, rain and melt of the last day, of days 2 and 3, of days 4 to 7


def perched_table(depth: Tensor, water_table: Tensor, frost_table: Tensor) -> Tensor:
    """Depth of the perched water table (m), NO_TABLE if ELM's value is only its sentinel; all [n, 1].

    ELM starts zwt_perched at the frost table, which is a node depth (the last one where nothing is frozen), and moves
    it only if saturated soil lies above. So it is a table only above the frost and the regional table, off every node.
    """
    above = (depth < water_table - SENTINEL_TOLERANCE) & (depth < frost_table - SENTINEL_TOLERANCE)
    on_node = ((depth - NODES).abs() < SENTINEL_TOLERANCE).any(-1, keepdim=True)
    return torch.where(above & ~on_node, depth, NO_TABLE)


def soil_column(field: Callable[[str], Tensor], has: Callable[[str], Tensor]) -> SoilColumn:
    """Build the column from `field(name)` [n, layers] (every value finite, optional ones filled) and `has(name)`
    [n, 1] (whether an optional field was given)."""
    porosity = field("porosity")
    ice = field("ice")
    liquid = (field("liquid_water") + field("soil_moisture_offset") * OFFSET_PROFILE).clamp(min=0.0)
    cover = torch.cat([field(f"{name}_cover") for name in COVERS], dim=-1)

    # ELM lets ice take pore space: saturation refers to what is left.
    saturation = (liquid / (porosity - ice).clamp(min=0.01)).clamp(0.0, 1.0)
    suction = clapp_hornberger_suction_stress(saturation, field("sucsat") / 1000.0, field("bsw"))
    weight = GRAVITY * ((1.0 - porosity) * GRAIN_DENSITY + WATER_DENSITY * liquid + ICE_DENSITY * ice)

    typical_carbon = roots.by_cover(cover, roots.COVER_CARBON) * field("vegetation_left")
    carbon = torch.where(has("vegetation_carbon"), field("vegetation_carbon"), typical_carbon)

    water_table = field("water_table_depth")
    frost_table = field("frost_table_depth")

    # A day's water: the accumulated rain (and melt) if the host has it, else the present rate held for a day.
    melt, held = (
        (field(name).clamp(min=0.0) * SECONDS_PER_DAY / 1000.0).clamp(max=MAX_INPUT)
        for name in ("snowmelt", "water_input")
    )
    day, three, seven = (field(name) / 1000.0 for name in RAIN_WINDOWS)
    known = has("rain_1d")
    last = torch.where(known, day + melt, held)
    before = torch.where(known & has("rain_3d"), three - day, 0.0).clamp(min=0.0)
    older = torch.where(known & has("rain_3d") & has("rain_7d"), seven - three, 0.0).clamp(min=0.0)

    return SoilColumn(
        weight_density=weight,
        surcharge=roots.surcharge(carbon),
        suction_stress=suction,
        root_profile=roots.relative_density(field("root_fraction")) * field("root_strength_left"),
        water_table=water_table,
        perched_table=perched_table(field("perched_water_table_depth"), water_table, frost_table),
        perched_floor=frost_table,
        bedrock=field("bedrock_depth"),
        waters=(last, before, older),
    )

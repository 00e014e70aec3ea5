"""How fields follow from variables of ELM's history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from elm_landslide.physics.constants import ICE_DENSITY, WATER_DENSITY

_ROUNDING = 1e-6  # m3/m3: a difference of single-precision fields may lie this far below 0


@dataclass(frozen=True)
class Rule:
    """How a field follows from history variables: `derive(dz, *variables)`; `text` is empty if it is one of them."""

    field: str
    needs: tuple[str, ...]
    derive: Callable[..., np.ndarray]
    text: str = ""


def _same(dz, value):
    return value


def _sum(dz, *values):
    return sum(values)


def _liquid_of_total(dz, total, ice):
    liquid = total - ice / (ICE_DENSITY * dz)
    return np.where((liquid < 0) & (liquid > -_ROUNDING), 0.0, liquid)


# In order of preference within a field.
RULES = (
    Rule("liquid_water", ("SOILLIQ",), lambda dz, m: m / (WATER_DENSITY * dz), "SOILLIQ / (1000 DZSOI)"),
    Rule("liquid_water", ("H2OSOI", "SOILICE"), _liquid_of_total, "H2OSOI - SOILICE / (917 DZSOI)"),
    Rule("ice", ("SOILICE",), lambda dz, m: m / (ICE_DENSITY * dz), "SOILICE / (917 DZSOI)"),
    Rule("root_fraction", ("ROOTFR",), _same),
    Rule("water_table_depth", ("ZWT",), _same),
    Rule("surface_runoff", ("QOVER",), _same),
    Rule("subsurface_drainage", ("QDRAI", "QDRAI_PERCH"), _sum, "QDRAI + QDRAI_PERCH"),
    Rule("water_input", ("QTOPSOIL",), _same),
    Rule("water_input", ("QINFL", "QOVER"), _sum, "QINFL + QOVER"),
    Rule("leaf_area_index", ("TLAI",), _same),
    Rule("perched_water_table_depth", ("ZWT_PERCH",), _same),
    Rule("frost_table_depth", ("FROST_TABLE",), _same),
    Rule("snowmelt", ("QSNOMELT",), _same),
    Rule("vegetation_carbon", ("TOTVEGC",), lambda dz, c: c / 1000.0, "TOTVEGC / 1000"),
    Rule(
        "root_carbon",
        ("FROOTC", "LIVECROOTC", "DEADCROOTC"),
        lambda dz, *c: sum(c) / 1000.0,
        "(FROOTC + LIVECROOTC + DEADCROOTC) / 1000",
    ),
)
CONSTANT_FIELDS = {"porosity": "WATSAT", "sucsat": "SUCSAT", "bsw": "BSW"}

"""Columns as ELM has them in the climates of the world, to see where a model is outside its domain.

Not the columns of the training: here soil, water, frost, rain and cover belong together. A column is a soil of one
climate in one of its weeks: a saturation by depth between ranges, saturated below the water table, frozen between two
depths; rain of a week in which the wettest day and three days are shares of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from elm_landslide.fields import LAYER_INTERFACES, RAIN_WINDOWS, pack
from elm_landslide.physics import pedotransfer
from elm_landslide.physics.layers import NODES
from elm_landslide.physics.root_profile import COVERS, OF_COVER, root_profiles

_DEPTH = NODES.numpy()
RECORDS = (1825.0, 3930.0, 5500.0)  # mm in one, three and seven days (World Meteorological Organization)
Range = tuple[float, float]


@dataclass(frozen=True)
class Climate:
    """Ranges from which columns are drawn, evenly; water_table evenly in its logarithm.

    sand, clay (%); organic: share of organic matter (1), which falls to nothing over organic_depth (m), if finite;
    saturation (1) above the water_table (m); thawed (m): depth to which the ground is thawed, if it is frozen below;
    frozen (m): depth to which it is frozen from the surface; week (mm) of rain; cover: shares of COVERS, the rest bare;
    leaf_area of a whole cover (m2/m2); slope: median gradient (m/m); bedrock (m).
    """

    sand: Range = (10, 80)
    clay: Range = (5, 40)
    organic: Range = (0, 0.1)
    organic_depth: float = 0.3
    saturation: Range = (0.3, 0.95)
    water_table: Range = (0.5, 9)
    thawed: Range | None = None
    frozen: Range | None = None
    week: Range = (0, 80)
    melt: Range = (0, 0)
    cover: tuple[float, float, float, float] = (0.5, 0.1, 0.2, 0.1)
    leaf_area: Range = (1, 5)
    slope: Range = (0.03, 0.4)
    bedrock: Range = (3.8, 3.8)


_TEMPERATE = Climate()
CLIMATES = {
    "temperate": _TEMPERATE,
    "crops on plains": replace(_TEMPERATE, cover=(0, 0, 0.1, 0.8), slope=(0.005, 0.05), leaf_area=(0, 5)),
    "mountains, steep and shallow": replace(_TEMPERATE, slope=(0.3, 0.9), bedrock=(0.4, 2), week=(0, 200)),
    "deep soil, deep water table": replace(_TEMPERATE, water_table=(20, 80), saturation=(0.05, 0.4), bedrock=(10, 60)),
    "desert": Climate(
        sand=(60, 95), clay=(1, 5), saturation=(0.01, 0.2), water_table=(10, 80), week=(0, 5), cover=(0, 0.1, 0.05, 0)
    ),
    "wet tropics, heavy clay": Climate(
        sand=(2, 25),
        clay=(55, 90),
        saturation=(0.7, 1.0),
        water_table=(0.2, 6),
        week=(20, 300),
        cover=(0.9, 0.05, 0.05, 0),
        leaf_area=(4, 8),
    ),
    "monsoon": replace(_TEMPERATE, saturation=(0.7, 1.0), water_table=(0.1, 4), week=(100, 700)),
    "typhoon week": replace(_TEMPERATE, saturation=(0.7, 1.0), water_table=(0.1, 4), week=(400, 2000)),
    "greatest weeks on record": replace(_TEMPERATE, saturation=(0.8, 1.0), water_table=(0.05, 3), week=(2000, 5400)),
    "winter, frozen to some depth": replace(_TEMPERATE, frozen=(0.05, 1.5), week=(0, 20), leaf_area=(0, 2)),
    "snow melt": replace(_TEMPERATE, frozen=(0.02, 0.2), saturation=(0.7, 1.0), melt=(1e-5, 1e-3)),
    "permafrost": Climate(
        organic=(0.1, 0.8),
        saturation=(0.5, 1.0),
        water_table=(3.8, 9),
        thawed=(0.05, 2),
        week=(0, 60),
        cover=(0.2, 0.4, 0.3, 0),
        leaf_area=(0.2, 2.5),
    ),
    "permafrost in winter": Climate(
        organic=(0.1, 0.8),
        water_table=(3.8, 9),
        frozen=(3.9, 4),
        week=(0, 2),
        cover=(0.2, 0.4, 0.3, 0),
        leaf_area=(0, 1),
    ),
    "peat": Climate(
        organic=(0.6, 1.0),
        organic_depth=np.inf,
        saturation=(0.6, 1.0),
        water_table=(0.05, 2),
        cover=(0.2, 0.3, 0.4, 0),
        slope=(0.005, 0.2),
    ),
}


def columns(climate: Climate, n: int, seed: int = 1) -> np.ndarray:
    """x [n, N_IN] of a climate."""
    rng = np.random.default_rng(seed)

    def between(pair: Range, size: int = 1) -> np.ndarray:
        return rng.uniform(*pair, (n, size))

    sand = np.minimum(between(climate.sand), 98.0)
    clay = np.minimum(between(climate.clay), 99.0 - sand)
    fade = np.exp(-_DEPTH / climate.organic_depth) if np.isfinite(climate.organic_depth) else np.ones(len(_DEPTH))
    organic = between(climate.organic) * fade
    porosity, sucsat, bsw = pedotransfer.soil(sand, clay, organic, _DEPTH)
    low, high = climate.water_table
    table = np.exp(rng.uniform(np.log(low), np.log(high), (n, 1)))
    ends = between(climate.saturation, 2)
    saturation = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * np.minimum(_DEPTH / 2.0, 1.0)
    saturation = np.where(table < _DEPTH, 1.0, saturation)
    ice = np.zeros_like(saturation)
    if climate.thawed is not None:
        ice = np.where(between(climate.thawed) < _DEPTH, between((0.7, 0.99)), ice)
    if climate.frozen is not None:
        ice = np.where(between(climate.frozen) > _DEPTH, between((0.3, 0.98)), ice)
    frozen = (ice > 0).argmax(1)
    frost_table = _DEPTH[np.where((ice > 0).any(1), frozen, len(_DEPTH) - 1)][:, None]
    perched = np.where(
        (frost_table < _DEPTH[-1]) & (rng.random((n, 1)) < 0.5), frost_table * between((0.2, 1)), frost_table
    )
    week = between(climate.week)
    day, three = between((0, 0.6)), between((0, 1))
    windows = week * day, week * (day + (1 - day) * three), week
    rain = [np.minimum(window, record) for window, record in zip(windows, RECORDS, strict=True)]
    cover = np.array(climate.cover) * rng.dirichlet([2.0] * 4, n) * 4
    cover = cover / np.maximum(cover.sum(1, keepdims=True), 1.0)
    melt = between(climate.melt)
    water_input = (rain[0] / 86400.0) * between((0, 3)) + melt
    runoff = water_input * between((0, 0.9))
    width = between((0.3, 0.9))
    levels = np.array([-2.4, -1.28, -0.84, -0.52, -0.25, 0.0, 0.25, 0.52, 0.84, 1.28, 2.4])
    fields = {
        **dict(sand=np.repeat(sand, 10, 1), clay=np.repeat(clay, 10, 1), porosity=porosity, sucsat=sucsat, bsw=bsw),
        "liquid_water": saturation * porosity * (1.0 - ice),
        "ice": saturation * porosity * ice,
        **dict(water_table_depth=table, frost_table_depth=frost_table, perched_water_table_depth=perched),
        **dict(water_input=water_input, surface_runoff=runoff, snowmelt=melt),
        "subsurface_drainage": np.where(table < 3.8, between((0, 1)) * 1e-4, 0.0),
        **dict(zip(RAIN_WINDOWS, rain, strict=True)),
        **{f"{name}_cover": share[:, None] for name, share in zip(COVERS, cover.T, strict=True)},
        "root_fraction": cover @ root_profiles(LAYER_INTERFACES)[list(OF_COVER)],
        "leaf_area_index": cover.sum(1, keepdims=True) * between(climate.leaf_area),
        "slope": np.minimum(between(climate.slope) * np.exp(width * levels), 3.0),
        "bedrock_depth": between(climate.bedrock),
    }
    return pack(fields, (n,))

"""Columns drawn over the domain of ELM states and hillslopes, and hillslope points drawn from the prior strengths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from elm_landslide.fields import FIELDS, LAYER_INTERFACES, RAIN_WINDOWS, SPVAL, WETNESS_FIELDS, pack, put
from elm_landslide.physics import clapp_hornberger, convergence, pedotransfer, roots, slopes, strength
from elm_landslide.physics.column import SoilColumn, soil_column
from elm_landslide.physics.layers import NODES, THICKNESS, TOPS, mean_matrix
from elm_landslide.physics.log_normal import log_normal
from elm_landslide.physics.root_profile import COVERS, OF_COVER, root_profiles
from elm_landslide.physics.stability import Strength, minimum_factor_of_safety, standard_planes

_NODES, _THICKNESS, _TOPS = NODES.numpy(), THICKNESS.numpy(), TOPS.numpy()
_GOLDEN = 0.5 * (5.0**0.5 - 1.0)
_SUBSOIL = mean_matrix(0.5, 2.3)  # where the texture of the failure plane is taken


def sample_columns(n: int, seed: int) -> Tensor:
    """x [n, N_IN] with optional fields missing in some columns, over what ELM can produce.

    Soil follows ELM's pedotransfer, from sand to heavy clay and peat; water is a blend of the hydrostatic profile above
    the water table and a free profile, frozen for a season or for ever; rain reaches the greatest weeks on record
    (World Meteorological Organization: 1,825 mm in a day, 3,930 in three, some 5,500 in seven); terrain runs from
    plains to cliffs.
    """
    rng = np.random.default_rng(seed)
    x = pack({}, (n,))

    def uniform(low, high, size=1):
        return rng.uniform(low, high, (n, size))

    def log_uniform(low, high, size=1):
        return np.exp(rng.uniform(np.log(low), np.log(high), (n, size)))

    def chance(share):
        return rng.random((n, 1)) < share

    # Texture, with a linear change over depth; organic matter near the surface.
    sand_top = uniform(1, 98)
    clay_top = rng.uniform(1, np.minimum(92, 99 - sand_top))
    change = uniform(-15, 15) * _NODES / _NODES[-1]
    sand = np.clip(sand_top + change, 1, 98)
    clay = np.clip(clay_top - change * uniform(0, 1), 1, 99 - sand)
    peat = chance(0.15)  # organic matter down to any depth, else near the surface
    organic = np.clip(uniform(-0.5, 0.9), 0, 1) * np.exp(-_NODES / uniform(0.1, 0.6))
    organic = np.where(peat, uniform(0.3, 1.0) * np.exp(-_NODES / log_uniform(0.3, 1000)), organic)
    put(x, "sand", sand)
    put(x, "clay", clay)
    noise = rng.normal(1, 0.03, (n, 1))
    porosity, sucsat, bsw = pedotransfer.soil(sand, clay, organic, _NODES)
    porosity = np.clip(porosity * noise, 0.25, 0.94)
    bsw, sucsat = bsw * rng.normal(1, 0.03, (n, 1)), sucsat * rng.normal(1, 0.05, (n, 1))
    put(x, "porosity", porosity)
    put(x, "bsw", bsw)
    put(x, "sucsat", sucsat)

    # Water: hydrostatic above the table, blended with a free profile; saturated below the table. Shallow tables, which
    # decide stability, are drawn as often as all deep ones together.
    water_table = np.where(chance(0.5), log_uniform(0.02, 3.5), log_uniform(3.5, 80))
    height = np.maximum(water_table - _NODES, 0)
    hydrostatic = clapp_hornberger.saturation(-(sucsat / 1000 + height), sucsat / 1000, bsw)
    knots = uniform(0.02, 1.02, 4)
    free = np.array([np.interp(_NODES, [0.0, 0.3, 1.0, 3.0], k) for k in knots])
    share = uniform(0, 1) * (height > 0)
    saturation = np.clip((1 - share) * hydrostatic + share * free, 0.005, 1.0)
    wet = saturation * porosity
    frozen_to = np.where(chance(0.2), log_uniform(0.02, 3.8), 0.0)
    frost_top = np.where(chance(0.5), 0.0, uniform(0, 1)) * frozen_to
    frozen = ((frozen_to > _TOPS) & (frost_top <= _TOPS)) * uniform(0.1, 0.95)
    permafrost = chance(0.1) & (log_uniform(0.02, 3.0) <= _TOPS)
    frozen = np.where(permafrost, uniform(0.6, 0.995), frozen)
    wet = np.where(permafrost & chance(0.6), porosity * uniform(0.8, 1.0), wet)  # ice keeps what melts into it
    put(x, "liquid_water", wet * (1 - frozen))
    put(x, "ice", wet * frozen * 1000 / 917 * 0.98)
    put(x, "water_table_depth", water_table)

    # ELM starts the perched table at the frost table: the first frozen node with thawed soil above, else the last node.
    first_frozen = np.where((frozen > 0).any(1), (frozen > 0).argmax(1), len(_NODES) - 1)
    frost_table = _NODES[first_frozen].reshape(n, 1)
    perched = np.where(chance(0.5) & (frost_table < _NODES[-1]), frost_table * uniform(0.0, 1.0), frost_table)
    given = chance(0.7)
    put(x, "frost_table_depth", np.where(given, frost_table, SPVAL))
    put(x, "perched_water_table_depth", np.where(given, perched, SPVAL))

    # Fluxes: dry half of the time.
    water_input = np.where(chance(0.4), 0.0, log_uniform(1e-7, 8e-2))
    put(x, "water_input", water_input)
    put(x, "surface_runoff", water_input * uniform(0, 0.9) * chance(0.8))
    put(x, "subsurface_drainage", np.where(chance(0.2), 0.0, log_uniform(1e-9, 2e-3)))
    day = np.where(chance(0.4), 0.0, log_uniform(0.1, 2000))
    day = np.where(chance(0.1), uniform(200, 2000), day)
    three = np.minimum(day + np.where(chance(0.4), 0.0, log_uniform(0.1, 2500)), 4000)
    seven = three + np.where(chance(0.3), 0.0, log_uniform(0.1, 3500))
    given = chance(0.6)
    for name, value in zip(RAIN_WINDOWS, (day, three, seven), strict=True):
        put(x, name, np.where(given, value, SPVAL))
    put(x, "snowmelt", np.where(chance(0.2), log_uniform(1e-7, 1e-3), 0.0))

    # Vegetation: shares of tree, shrub, grass, crop and bare ground, from pure to mixed.
    cover = rng.dirichlet([0.35] * 5, n)[:, :4]
    for name, value in zip(COVERS, cover.T, strict=True):
        put(x, f"{name}_cover", value)
    root_fraction = cover @ root_profiles(LAYER_INTERFACES)[list(OF_COVER)]
    rooted = rng.dirichlet(np.maximum(20 * _THICKNESS * np.exp(-2 * _NODES), 0.05), n)
    put(x, "root_fraction", np.where(chance(0.5), root_fraction, rooted * cover.sum(1, keepdims=True)))
    put(x, "leaf_area_index", cover @ np.array([[5.0], [2.0], [2.0], [3.0]]) * uniform(0.0, 1.6))
    vegetation_carbon = cover @ roots.COVER_CARBON.numpy()[:, None] * log_uniform(0.1, 4)
    put(x, "vegetation_carbon", np.where(chance(0.3), vegetation_carbon, SPVAL))
    root_carbon = cover @ roots.COVER_ROOT_CARBON.numpy()[:, None] * log_uniform(0.1, 4)
    put(x, "root_carbon", np.where(chance(0.3), root_carbon, SPVAL))
    cleared = chance(0.4)
    put(x, "root_strength_left", np.where(cleared, uniform(0, 1), 1.0))

    # Terrain: median gradient from plains to cliffs, log-normal spread within the cell.
    median = np.where(chance(0.35), log_uniform(0.005, 0.3), uniform(0.1, 1.2))
    width = uniform(0.15, 1.1)
    levels = np.array([-2.6, -1.28, -0.84, -0.52, -0.25, 0.0, 0.25, 0.52, 0.84, 1.28])
    percentiles = median * np.exp(width * levels)
    top = percentiles[:, -1:] * np.exp(width * uniform(0.5, 2.2))
    percentiles = np.concatenate([percentiles, top], axis=1)
    percentiles[:, :1] *= 1.0 - chance(0.5)
    put(x, "slope", np.minimum(percentiles, 3.5))
    put(x, "bedrock_depth", np.where(chance(0.6), LAYER_INTERFACES[-1], log_uniform(0.3, 150)))
    put(x, "soil_moisture_offset", np.where(chance(0.2), uniform(-0.1, 0.1), SPVAL))

    # Ground that remembers other vegetation than its cover.
    remembered = chance(0.2)
    tree = np.where(chance(0.5), uniform(0.0, 1.0), cover[:, :1] * uniform(0.0, 1.0))
    put(x, "tree_ground", np.where(remembered, tree, SPVAL))
    put(x, "shrub_ground", np.where(remembered, (1.0 - tree) * uniform(0.0, 1.0), SPVAL))
    put(x, "vegetation_left", np.where(remembered, uniform(0.0, 1.0), SPVAL))

    # From maps: upslope area for each width of the contour, log-normal within the slope classes; leaves.
    mapped = chance(0.3)
    middles = np.maximum(0.5 * (percentiles[:, 1:] + percentiles[:, :-1]), 1e-3)
    median, width = uniform(1.0, 8.0) - np.log(middles), uniform(0.2, 2.0)
    for name, deviate in zip(WETNESS_FIELDS, (-1.28, 0.0, 1.28), strict=True):
        put(x, name, np.where(mapped, np.clip(median + deviate * width, *FIELDS[name].valid), SPVAL))
    put(x, "leaf_area_ratio", np.where(chance(0.3), uniform(0.0, 4.0), SPVAL))
    return torch.from_numpy(x)


def fields_of(x: Tensor) -> tuple[Callable[[str], Tensor], Callable[[str], Tensor]]:
    """(field, has) for columns x [n, N_IN] with no required value missing."""

    def has(name: str) -> Tensor:
        return (x[:, FIELDS[name].columns] != SPVAL).all(-1, keepdim=True)

    def field(name: str) -> Tensor:
        return torch.where(has(name), x[:, FIELDS[name].columns], FIELDS[name].default)

    return field, has


def draw_strengths(x: Tensor, points: int, generator: torch.Generator, mixed: bool = True) -> Strength:
    """Strengths of `points` hillslope points of each column, from the priors; each [n, 1, points].

    Soil strength varies about the texture's mean. Root cohesion is, if `mixed`, that of ONE cover, drawn by its
    share of the area; else the points are under each of the kinds of roots.ground_shares in turn.
    """
    field, has = fields_of(x)
    n = len(x)

    def normal():
        return torch.randn(n, 1, points, generator=generator, dtype=torch.float64)

    def drawn(mean: Tensor | float, cv: float) -> Tensor:
        return log_normal(mean, cv, normal())

    def limited(name: str, values: Tensor) -> Tensor:
        return values.clamp(*strength.LIMITS[name])

    sand, clay = ((field(name) @ _SUBSOIL).unsqueeze(1) for name in ("sand", "clay"))
    cover = torch.cat([field(f"{name}_cover") for name in COVERS], dim=-1)
    scale = roots.ground(field, has)[1].unsqueeze(1)
    if mixed:
        remembered = torch.cat([field("tree_ground"), field("shrub_ground"), torch.zeros_like(cover[:, 2:])], dim=-1)
        cover = torch.where(has("tree_ground"), remembered, cover)
        pick = torch.rand(n, points, generator=generator, dtype=torch.float64)
        kind = torch.searchsorted(cover.cumsum(-1), pick, right=True)  # the number of covers is bare ground
        means = (torch.cat([roots.COVER_COHESION, torch.zeros(1, dtype=torch.float64)])[kind].unsqueeze(1),)
    else:
        means = (*roots.COVER_COHESION[:2], torch.zeros(1, dtype=torch.float64))
    return Strength(
        cohesion=drawn(strength.texture_cohesion(sand, clay), strength.COHESION_CV),
        friction=limited("friction", strength.texture_friction(sand, clay) + strength.FRICTION_SD * normal()),
        root_cohesion=tuple(drawn(mean * scale, roots.COVER_COHESION_CV) for mean in means),
        thickness=limited("thickness", drawn(*strength.THICKNESS)),
        thinning=drawn(*strength.THINNING),
        water_gathered=limited("water_gathered", drawn(*strength.WATER_GATHERED)),
        water_kept=limited("water_kept", drawn(*strength.WATER_KEPT)),
        water_stored=limited("water_stored", drawn(*strength.WATER_STORED)),
        suction_cap=limited("suction_cap", drawn(*strength.SUCTION_CAP)),
    )


@torch.no_grad()
def hillslope_targets(x: Tensor, seed: int, points: int = 512, planes: int = 16) -> dict[str, Tensor]:
    """What the network learns, for columns x [n, N_IN], each [n]: `probability`, the share of points drawn over area
    and strength that have FoS < 1; `log_fos`, `log_fos_median`, the median of ln FoS over strengths, averaged over
    ground_shares, at the 90th and 50th percentile of slope; `depth`, likewise of the minimum at the 90th."""
    generator = torch.Generator().manual_seed(seed)
    fine = standard_planes(planes)
    field, has = fields_of(x)
    column: SoilColumn = soil_column(field, has)
    shares, _ = roots.ground(field, has)

    index = torch.cat([field(name) for name in WETNESS_FIELDS], dim=-1)
    known = torch.cat([has(name) for name in WETNESS_FIELDS], dim=-1).all(-1, keepdim=True)
    area = (torch.arange(points, dtype=torch.float64) + 0.5) / points  # stratified over area

    def gathered(quantiles: Tensor) -> Tensor:
        """Water over its mean (1) [n, point]; over the area, the wetness of the slopes follows the golden ratio."""
        whole = torch.cat([area, quantiles])
        wetness = torch.cat(
            [(0.5 + _GOLDEN * torch.arange(points, dtype=torch.float64)) % 1.0, torch.full_like(quantiles, 0.5)]
        )
        at = index @ convergence.point_matrix(whole.tolist(), wetness.tolist())
        water = convergence.gathering(at, torch.full_like(area, 1.0 / points))
        return torch.where(known, water[:, :points] if quantiles is area else water[:, points:], 1.0)

    def run(quantiles: Tensor, mixed: bool) -> list[tuple[Tensor, Tensor]]:
        gradient = slopes.gradients(field("slope"), slopes.hermite_matrices(quantiles))
        strengths = draw_strengths(x, len(quantiles), generator, mixed)
        strengths.water_gathered = strengths.water_gathered * gathered(quantiles).unsqueeze(1)
        kinds = minimum_factor_of_safety(column, gradient, strengths, fine)
        return [(fos.squeeze(1), depth.squeeze(1)) for fos, depth in kinds]

    def typical(quantile: float) -> tuple[Tensor, Tensor]:
        kinds = run(torch.full((points // 2,), quantile, dtype=torch.float64), mixed=False)
        medians = [[torch.log(fos).median(-1).values, depth.median(-1).values] for fos, depth in kinds]
        log_fos, depth = (torch.stack(values, dim=-1) for values in zip(*medians, strict=True))
        return (shares * log_fos).sum(-1), (shares * depth).sum(-1)

    fos, _ = run(area, mixed=True)[0]
    log_fos, depth = typical(0.9)
    log_fos_median, _ = typical(0.5)
    return {
        "probability": (fos < 1.0).double().mean(-1),
        "log_fos": log_fos,
        "log_fos_median": log_fos_median,
        "depth": depth,
    }

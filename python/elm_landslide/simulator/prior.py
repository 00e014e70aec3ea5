"""What an ensemble draws: parameters of climate, storm, soil, strength, vegetation and terrain, with their priors.

A member is a point of a scrambled Sobol sequence (Owen 1998) in the unit cube; each coordinate goes through the
quantile function of its parameter. So the design fills the space evenly, and member i is the same for any number of
members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma, norm, qmc

from elm_landslide.physics import roots, strength
from elm_landslide.physics.log_normal import log_normal


@dataclass(frozen=True)
class Prior:
    """kind: uniform, log_uniform (from a to b), normal (mean, sd), log_normal (mean, cv), gamma (shape, mean)."""

    kind: str
    a: float
    b: float
    unit: str
    long_name: str

    def quantile(self, u: np.ndarray) -> np.ndarray:
        a, b = self.a, self.b
        if self.kind == "uniform":
            return a + (b - a) * u
        if self.kind == "log_uniform":
            return a * (b / a) ** u
        if self.kind == "normal":
            return a + b * norm.ppf(u)
        if self.kind == "log_normal":
            return log_normal(a, b, norm.ppf(u))
        return gamma.ppf(u, a, scale=b / a)


# Rain is uneven within a cell, and slopes that fail stand where it gathers. With this mean and coefficient of variation
# simulated hillslopes keep about the water that reported landslides demand (training/posterior.py).
LOCAL_RAIN = (6.0, 0.3)

PRIORS = {
    # Climate and storm
    "wet_after_dry": Prior("uniform", 0.1, 0.5, "1", "chance of a wet day after a dry one"),
    "wet_after_wet": Prior("uniform", 0.4, 0.8, "1", "chance of a wet day after a wet one"),
    "wet_day_rain": Prior("log_uniform", 1.0, 40.0, "mm", "mean rain of wet days"),
    "temperature": Prior("uniform", -5.0, 28.0, "degC", "mean temperature of the year"),
    "first_day": Prior("uniform", 1.0, 365.0, "day", "day of the year on which the member starts"),
    "storm_depth": Prior("log_normal", 120.0, 1.2, "mm", "rain of the storm"),
    "storm_hours": Prior("gamma", 2.0, 18.0, "h", "duration of the storm, 2 to 48"),
    "storm_peak": Prior("uniform", 0.0, 1.0, "1", "place of the peak in the storm"),
    "local_rain": Prior("log_normal", *LOCAL_RAIN, "1", "water on the hillslope over that on its column"),
    "water_table": Prior("log_uniform", 0.3, 15.0, "m", "water table of the column before its spin-up"),
    # Soil; multipliers apply to what ELM's pedotransfer gives
    "sand": Prior("uniform", 3.0, 95.0, "%", "sand"),
    "clay_share": Prior("uniform", 0.05, 0.85, "1", "clay as a share of what is not sand"),
    "organic": Prior("uniform", -2.0, 0.9, "1", "share of organic matter; none below 0"),
    "ks_multiplier": Prior("log_normal", 1.0, 1.0, "1", "conductivity of the hillslope's matrix over ELM's"),
    "lateral": Prior("log_uniform", 1.0, 30.0, "1", "lateral over vertical conductivity, saturated"),
    "macropore_share": Prior("log_normal", 0.2, 0.5, "1", "share of water faster than the matrix"),
    "macropore_porosity": Prior("log_uniform", 0.01, 0.05, "m3/m3", "porosity of the macropores"),
    "macropore_conductivity": Prior("log_uniform", 1e-5, 1e-3, "m/s", "conductivity of the macropores under water"),
    "rock": Prior("log_uniform", 1e-9, 1e-7, "m/s", "most that bedrock takes"),
    # Strength
    "thickness": Prior("log_normal", *strength.THICKNESS, "m", "soil thickness on level ground"),
    "thinning": Prior("log_normal", *strength.THINNING, "1", "decrease of thickness with gradient"),
    "cohesion_multiplier": Prior("log_normal", 1.0, strength.COHESION_CV, "1", "soil cohesion over its texture's"),
    "friction_offset": Prior("normal", 0.0, strength.FRICTION_SD, "degree", "friction angle less that of its texture"),
    "suction_cap": Prior("log_normal", *strength.SUCTION_CAP, "Pa", "greatest suction stress"),
    "tension": Prior("uniform", 0.2, 1.0, "1", "share of the soil's cohesion that acts in tension"),
    "correlation": Prior("uniform", 2.0, 6.0, "cell", "correlation length of thickness, strength and roots"),
    # Vegetation
    "cover": Prior("uniform", 0.0, 5.0, "1", "0 tree, 1 shrub, 2 grass, 3 crop, 4 bare (rounded down)"),
    "leaf_area": Prior("uniform", 0.5, 5.0, "m2/m2", "leaf area index, where anything grows"),
    "root_multiplier": Prior("log_normal", 1.0, roots.COVER_COHESION_CV, "1", "root cohesion over that of its cover"),
    "cleared": Prior("uniform", 0.0, 1.0, "1", "below 0.3: cleared in the past"),
    "years": Prior("log_uniform", 0.2, 50.0, "yr", "years since it was cleared"),
    # Terrain
    "shape": Prior("uniform", 0.0, 3.0, "1", "0 planar, 1 convergent, 2 divergent (rounded down)"),
    "gradient": Prior("uniform", 0.2, 1.1, "m/m", "mean gradient"),
    "bend": Prior("log_uniform", 2e-3, 3e-2, "1/m", "curvature of contours, where not planar"),
    "roughness": Prior("uniform", 0.02, 0.15, "m/m", "sd of the gradient about its mean, along each axis"),
}
# What ELM does not know of a hillslope; members that look alike differ in these and in what is random on the slope.
HIDDEN = {
    *("local_rain", "ks_multiplier", "lateral", "macropore_share", "macropore_porosity", "macropore_conductivity"),
    *("rock", "thickness", "thinning", "cohesion_multiplier", "friction_offset", "suction_cap", "tension"),
    *("correlation", "root_multiplier", "shape", "bend"),
}
# Draws are clipped to these; beyond them the tails of the distributions are not physical.
LIMITS = {
    "storm_depth": (5.0, 2000.0),
    "storm_hours": (2.0, 48.0),
    "local_rain": (1.0, 15.0),
    "macropore_share": (0.0, 0.6),  # Weiler and McDonnell (2007) and others
    "ks_multiplier": (0.1, 10.0),
    **{name: strength.LIMITS[name] for name in ("thickness", "suction_cap")},
    "friction_offset": (-8.0, 8.0),
}


def limits(name: str) -> tuple[float, float]:
    """The values between which a parameter is drawn."""
    prior = PRIORS[name]
    if "uniform" in prior.kind:
        return prior.a, prior.b
    return LIMITS.get(name, (-np.inf if prior.kind == "normal" else 0.0, np.inf))


def design(members: int, seed: int, fixed: dict[str, float] | None = None, alike: int = 1) -> np.ndarray:
    """Parameters [member, len(PRIORS)] in the order of PRIORS; fixed: the same for all; members in groups of
    `alike` look alike to ELM."""
    sobol = qmc.Sobol(len(PRIORS), scramble=True, rng=np.random.default_rng(seed))
    unit = sobol.random_base2(max(int(np.ceil(np.log2(max(members, 1)))), 0))[:members]
    unit = np.clip(unit, 1e-9, 1.0 - 1e-9)
    known = [i for i, name in enumerate(PRIORS) if name not in HIDDEN]
    first = np.arange(members) // alike * alike
    unit[:, known] = unit[first][:, known]
    values = np.empty_like(unit)
    for i, (name, prior) in enumerate(PRIORS.items()):
        values[:, i] = np.clip(prior.quantile(unit[:, i]), *LIMITS.get(name, (-np.inf, np.inf)))
    for name, value in (fixed or {}).items():
        values[:, list(PRIORS).index(name)] = value
    return values

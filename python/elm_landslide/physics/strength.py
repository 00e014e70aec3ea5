"""Prior strengths of soil by texture, and soil thickness by slope."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

# USDA texture classes: sand %, clay % at the centre of the class, cohesion (kPa), friction angle (deg, middle of the
# range). Values are textbook ranges for drained strength, sd about 4 degrees; the network learns departures from them.
TEXTURE_CLASSES = {
    "sand": (92, 5, 2, 35.5),
    "loamy sand": (82, 6, 2, 33.5),
    "sandy loam": (58, 10, 6, 32.5),
    "loam": (43, 18, 8, 30.0),
    "silt loam": (17, 13, 8, 30.0),
    "silt": (10, 5, 4, 30.0),
    "sandy clay loam": (58, 27, 6, 29.0),
    "clay loam": (32, 34, 8, 26.0),
    "silty clay loam": (10, 34, 8, 25.0),
    "sandy clay": (52, 42, 6, 26.0),
    "silty clay": (6, 47, 6, 22.5),
    "clay": (22, 58, 10, 21.0),
}
# Reported landslides move the levels of the textbooks; training/posterior.py, found in docs/results/posterior.json.
COHESION_LEVEL = 0.47  # over the textbook's
FRICTION_LEVEL = 2.2  # degrees above it
FRICTION_SD = 4.0  # degrees, between soils of one texture
COHESION_CV = 0.4  # coefficient of variation of cohesion between soils of one texture

# Limits of the members of stability.Strength everywhere (root cohesion is that of trees).
LIMITS = {
    "cohesion": (0.0, 30e3),  # Pa
    "friction": (15.0, 45.0),  # degrees
    "root_cohesion": (0.0, 40e3),  # Pa
    "thickness": (0.3, 3.0),  # m
    "thinning": (0.0, 2.0),
    "water_gathered": (0.0, 10.0),
    "water_kept": (0.0, 1.0),
    "water_stored": (0.0, 1.0),
    "suction_cap": (0.0, 20e3),  # Pa
}
# Priors of what no map gives: mean and coefficient of variation over the points of a hillslope.
THICKNESS = (1.4, 0.4)  # m on level ground (shallow landslides: mostly 0.5-2 m)
THINNING = (1.2, 0.3)
# Rain of a cell gathers where hillslopes fail: more falls there, and more flows there.
WATER_GATHERED = (5.5, 0.4)
# Perched water recedes over days (Montgomery et al. 1997), slower the less of it is left.
WATER_KEPT = (0.48, 0.3)  # share of the water of the days before that is there on the last
WATER_STORED = (0.06, 0.5)  # likewise of older water on the days before
SUCTION_CAP = (5300.0, 0.4)  # Pa; suction stress of soils in the field stays below some 10 kPa (Lu and Likos 2004)


def _texture_fit(column: int) -> list[float]:
    """Least-squares plane 1, sand/100, clay/100 through the class centres (residual at most 0.7 degrees and 2 kPa)."""
    rows = np.array(list(TEXTURE_CLASSES.values()), dtype=float)
    basis = np.column_stack([np.ones(len(rows)), rows[:, 0] / 100.0, rows[:, 1] / 100.0])
    return np.linalg.lstsq(basis, rows[:, column], rcond=None)[0].tolist()


_COHESION_FIT, _FRICTION_FIT = _texture_fit(2), _texture_fit(3)


def texture_cohesion(sand: Tensor, clay: Tensor) -> Tensor:
    """Prior mean cohesion (Pa) from sand and clay (%)."""
    a, b, c = _COHESION_FIT
    return COHESION_LEVEL * 1000.0 * (a + b * sand / 100.0 + c * clay / 100.0).clamp(1.0, 12.0)


def texture_friction(sand: Tensor, clay: Tensor) -> Tensor:
    """Prior mean friction angle (degrees) from sand and clay (%)."""
    a, b, c = _FRICTION_FIT
    return FRICTION_LEVEL + (a + b * sand / 100.0 + c * clay / 100.0).clamp(18.0, 38.0)


def soil_thickness(flat: Tensor, decay: Tensor, gradient: Tensor, bedrock: Tensor) -> Tensor:
    """Thickness of the mobile soil (m), thinner where steeper: least + (flat - least) exp(-decay tan(beta)).

    An exponential decline with gradient as in Saulnier et al. (1997) and GIST (Catani et al. 2010), capped by bedrock.
    flat (m) is the thickness on level ground; least that of LIMITS.
    """
    least = LIMITS["thickness"][0]
    return torch.minimum(least + (flat - least) * torch.exp(-decay * gradient), bedrock)

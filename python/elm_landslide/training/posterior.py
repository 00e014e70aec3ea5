"""Levels of strength and water that reported landslides demand: textbook priors, and what is left of them.

What an untrained network assumes of all hillslopes (strength, thickness, the water that gathers) is a handful of
numbers. Their posterior, given the rows of a site table, is sought where likelihood times prior is greatest: a row's
odds follow the failing share of its days, once for each comparison. Standard errors come from
leaving out groups of blocks (delete-a-group jackknife), because rows of a block share weather.

The values found, rounded, are the constants of physics/strength.py, physics/roots.py and observation/site_columns.py,
the means of the simulator's priors of strength, and, through the water that its hillslopes keep, its LOCAL_RAIN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from elm_landslide.fields import FIELDS
from elm_landslide.model.hazard import FLOOR
from elm_landslide.model.network import LandslideNetwork, Prepared
from elm_landslide.observation import designs, site_columns
from elm_landslide.observation.designs import LATE, SiteRows
from elm_landslide.observation.model import DESIGNS
from elm_landslide.physics import roots, slopes, strength
from elm_landslide.physics.infinite_slope import normal_cdf
from elm_landslide.physics.stability import Strength, minimum_factor_of_safety
from elm_landslide.sites.site_table import Sites
from elm_landslide.training.config import SiteSettings
from elm_landslide.training.stage_2 import MIDDLE, chance_elsewhere, cross_entropy

GROUPS = 8  # of blocks, for the jackknife
STEPS, BATCH, RATE = 400, 2048, 0.05  # of the optimiser (Adam)


@dataclass(frozen=True)
class Prior:
    """Normal (median, sd), of the quantity itself, of its logarithm (log) or of its log-odds (share)."""

    scale: str
    median: float
    sd: float
    unit: str
    long_name: str

    def value(self, deviate: Tensor) -> Tensor:
        """At standard normal deviates."""
        if self.scale == "log":
            return self.median * torch.exp(self.sd * deviate)
        if self.scale == "share":
            return torch.sigmoid(np.log(self.median / (1.0 - self.median)) + self.sd * deviate)
        return self.median + self.sd * deviate


PRIORS = {
    "cohesion": Prior("log", 1.0, 0.5, "1", "soil cohesion over that of its texture"),
    "friction": Prior("normal", 0.0, 4.0, "degree", "friction angle less that of its texture"),
    "root_cohesion": Prior("log", 1.0, 0.6, "1", "root cohesion over that of its cover"),
    "thickness": Prior("log", 1.5, 0.4, "m", "soil thickness on level ground"),
    "thinning": Prior("log", 0.7, 0.3, "1", "decline of thickness with gradient"),
    "suction_cap": Prior("log", 6000.0, 0.4, "Pa", "greatest suction stress"),
    "spread": Prior("log", 0.25, 0.4, "1", "sd of ln FoS between points of one slope"),
    "water_gathered": Prior("log", 1.5, 0.5, "1", "water on the base over that on the column"),
    "water_kept": Prior("share", 0.5, 1.5, "1", "share of the water of days 2 and 3 that is there on the last"),
    "water_stored": Prior("share", 0.5, 1.5, "1", "share of older water that was there on days 2 and 3"),
    "slope_told": Prior("share", 0.5, 1.5, "1", "weight of the slope at a site against that of all land"),
}


def posterior(
    table: SiteRows, settings: SiteSettings, seed: int, report: Callable[[str, int, int], None]
) -> dict[str, dict]:
    """By name of PRIORS: prior (median, 5th and 95th percentile), posterior (most probable value, its standard error),
    unit, long_name."""
    rows = table.rows(np.flatnonzero(table.solved.all(1).numpy()))
    group = designs.folds(rows.sites, GROUPS, seed)
    parts = [np.ones(rows.sites.n, dtype=bool), *(group != k for k in range(GROUPS))]
    found = []
    for k, part in enumerate(parts):
        found.append(_most_probable(rows.rows(np.flatnonzero(part)), settings, seed))
        report("posterior", k + 1, len(parts))
    whole, left_out = found[0], np.array(found[1:])
    sd = np.sqrt((GROUPS - 1) / GROUPS * ((left_out - left_out.mean(0)) ** 2).sum(0))
    out = {}
    for i, (name, prior) in enumerate(PRIORS.items()):
        interval = prior.value(torch.tensor([0.0, -1.645, 1.645], dtype=torch.float64)).tolist()
        out[name] = {
            "prior": interval,
            "posterior": [float(whole[i]), float(sd[i])],
            "unit": prior.unit,
            "long_name": prior.long_name,
        }
    return out


def _most_probable(rows: SiteRows, settings: SiteSettings, seed: int) -> np.ndarray:
    """Values of PRIORS at the greatest posterior density."""
    network = LandslideNetwork(members=1)
    sites, samples = rows.sites, site_columns.draws(rows.solved.shape[1])
    landslide = torch.from_numpy(sites.landslide)
    elsewhere = torch.from_numpy(chance_elsewhere(sites, settings.accuracy_scale))
    late = torch.tensor(LATE, dtype=torch.float64)
    of_design = {d: torch.from_numpy(np.flatnonzero(designs.rows_of_design(d, sites))) for d in DESIGNS}
    deviates = torch.zeros(len(PRIORS), dtype=torch.float64, requires_grad=True)
    odds = torch.zeros(len(DESIGNS), 2, dtype=torch.float64, requires_grad=True)  # sensitivity and level
    drawn = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam([deviates, odds], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        values = {name: prior.value(u) for (name, prior), u in zip(PRIORS.items(), deviates, strict=True)}
        loss = 0.5 * (deviates**2).sum()
        for design, (sensitivity, level) in zip(DESIGNS, odds, strict=True):
            of = of_design[design]
            at = of[torch.randint(len(of), (BATCH,), generator=drawn)]
            k = int(torch.randint(len(samples), (1,), generator=drawn))
            x = rows.x[design][at, k]
            told = values["slope_told"] if design == "random" else 0.0 * values["slope_told"]
            percentiles = site_columns.percentiles(_degrees(sites, at), samples[k], told)
            p = _failing(network, x, percentiles, values)
            z = torch.logsumexp(torch.log(p + FLOOR) + torch.log(late), -1) - MIDDLE
            logit = torch.nn.functional.softplus(sensitivity) * z + level
            share = float(landslide[of].double().mean())
            each = cross_entropy(logit, landslide[at], elsewhere[at], share, settings.hidden_share)
            loss = loss + len(of) * each
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return np.array([float(prior.value(u)) for prior, u in zip(PRIORS.values(), deviates.detach(), strict=True)])


def _degrees(sites: Sites, at: Tensor) -> Tensor:
    """Slopes of rows (degrees), the middle one where missing."""
    degrees = torch.from_numpy(sites.slope)
    return torch.where(torch.isfinite(degrees), degrees, degrees.nanmedian())[at]


def _failing(network: LandslideNetwork, x: Tensor, percentiles: Tensor, values: dict[str, Tensor]) -> Tensor:
    """Failing share [row, day] of columns x [row, day, N_IN] on slopes percentiles [row, 11]."""
    rows, days, _ = x.shape
    prepared: Prepared = network.prepare(x.flatten(0, 1))
    gradient = slopes.gradients(percentiles, network.hermite).repeat_interleave(days, 0)[:, : network.n_classes]
    sand, clay = ((x.flatten(0, 1)[:, FIELDS[name].columns] @ network.lower).unsqueeze(1) for name in ("sand", "clay"))

    def level(value: Tensor) -> Tensor:
        return value.expand(rows * days, 1, 1)

    cohesion = strength.texture_cohesion(sand, clay) / strength.COHESION_LEVEL
    friction = strength.texture_friction(sand, clay) - strength.FRICTION_LEVEL
    tree, shrub = (kind * values["root_cohesion"] for kind in roots.COVER_COHESION[:2])
    hillslopes = Strength(
        cohesion=cohesion * values["cohesion"],
        friction=friction + values["friction"],
        root_cohesion=(level(tree), level(shrub), None),
        **{
            name: level(values[name])
            for name in ("thickness", "thinning", "suction_cap", "water_gathered", "water_kept", "water_stored")
        },
    )
    kinds = minimum_factor_of_safety(prepared.column, gradient, hillslopes, network.planes)
    p = torch.zeros(rows * days, dtype=torch.float64)
    for share, (fos, _) in zip(prepared.shares.split(1, dim=-1), kinds, strict=True):
        p = p + share[:, 0] * (normal_cdf(-torch.log(fos[:, 0]) / values["spread"]) * network.weights).sum(-1)
    return p.view(rows, days)

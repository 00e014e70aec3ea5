"""The model without one of its parts, compared with the whole.

Without fitting: the physics with prior strengths, before any training; the trained network without what the
observation model sees of the weather; the same without macropores or roots. Fitted again, as in the training: the
observation model without the network's probability, and with those of a network without roots or macropores.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch

from elm_landslide.evaluation.comparators import fit_boosting
from elm_landslide.model.hazard import FLOOR
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation import designs
from elm_landslide.observation.designs import SiteRows
from elm_landslide.observation.model import Observation
from elm_landslide.sites.site_table import BAG
from elm_landslide.training import stage_2, stage_3
from elm_landslide.training.config import HazardSettings, SiteSettings
from elm_landslide.training.fitting import Session

DESCRIPTIONS = {
    "field": "the hazard alone, as ELM writes it",
    "field_without_physics": "hazard fitted with the same failing share everywhere",
    "boosting_on_elm": "gradient boosting (scikit-learn) on what the hazard is made of, averaged over the draws",
    "physics_only": "failing share under prior strengths, before any training",
    "network_alone": "failing share of the trained network, without the observation model",
    "network_alone_without_macropores": "the same, no water through macropores",
    "network_alone_without_roots": "the same, no root cohesion",
    "without_reporting": "the model without what tells of reporting",
    "without_physics": "observation model fitted without the failing share",
    "without_macropores": "observation model fitted to a network without macropores",
    "without_roots": "observation model fitted to a network without roots",
}


def unfitted(network: LandslideNetwork, rows: SiteRows, design: str, z: np.ndarray) -> dict[str, np.ndarray]:
    """Scores [n] by name; z [n, BAG] as the network gives it for these rows."""
    prior = LandslideNetwork(members=1)  # before training its members change nothing
    return {
        "field": designs.over_days(designs.log_hazard(network, rows, design)),
        "physics_only": designs.over_days(designs.log_failing(prior, rows, design)),
        "network_alone": designs.over_days(z),
        "network_alone_without_macropores": designs.over_days(designs.log_failing(network, rows, design, "macropores")),
        "network_alone_without_roots": designs.over_days(designs.log_failing(network, rows, design, "roots")),
    }


def fitted(
    network: LandslideNetwork, sizes: dict, settings: SiteSettings, train: SiteRows, rows: SiteRows, design: str,
    seed: int, advance: Callable[[int], None],
) -> dict[str, np.ndarray]:  # fmt: skip
    """Scores [n] by name of observation models fitted to the rows of `train`; advance(1) after each."""
    scores = {}
    for name in ("physics", "macropores", "roots"):
        tables = (train, rows)
        if name == "physics":
            zs = [np.zeros((table.sites.n, BAG)) for table in tables]
        else:
            zs = [designs.log_failing(network, table, design, name) for table in tables]
        observation = Observation({"days": train.sites.n_days}, sizes)
        stage_2.fit_heads(observation, design, train.sites, zs[0], settings, Session(seed))
        scores[f"without_{name}"] = observation.logits(design, rows.sites, zs[1]).mean(1)
        advance(1)
    scores["boosting_on_elm"] = _boosting_on_elm(network, train, rows, design)
    advance(1)
    return scores


def field_without_physics(
    network: LandslideNetwork, settings: HazardSettings, sites: SiteSettings, train: SiteRows, seed: int
) -> LandslideNetwork:
    """A network whose hazard was fitted to the rows of `train` with the same failing share everywhere."""
    other = copy.deepcopy(network)
    stage_3.fit_hazard(other, train, settings, sites, Session(seed), ablation="physics")
    return other


def _boosting_on_elm(network: LandslideNetwork, train: SiteRows, rows: SiteRows, design: str) -> np.ndarray:
    """Scores [n] of gradient boosting on the inputs of the hazard: all that ELM hands over, without its structure."""

    def inputs(table: SiteRows) -> np.ndarray:
        parts = designs.hazard_inputs(network, table, design)
        waters = parts.waters @ network.hazard.sums
        whole = torch.cat([torch.log(parts.failing + FLOOR).unsqueeze(-1), torch.log1p(waters), parts.state], dim=-1)
        return designs.over_draws(whole, table.solved)[:, 0].numpy()  # of the day of the row

    return fit_boosting(inputs(train), train.sites.landslide).predict_proba(inputs(rows))[:, 1]

"""The model without one of its parts, compared with the whole.

Without fitting: the physics with prior strengths, before any training; the trained network without what the
observation model sees of the weather; the same without macropores or roots. Fitted again, as in the training: the
observation model without the network's probability, and with those of a network without roots or macropores.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation import designs
from elm_landslide.observation.designs import SiteRows
from elm_landslide.observation.model import Observation
from elm_landslide.sites.site_table import BAG
from elm_landslide.training import stage_2
from elm_landslide.training.config import SiteSettings
from elm_landslide.training.fitting import Session

DESCRIPTIONS = {
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
    return scores

"""Simulated hillslopes that the training did not see, against what the network says of those that look like them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from elm_landslide.errors import UserError
from elm_landslide.fields import FLAGS, OUTPUTS
from elm_landslide.model.model_file import sha256
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.simulator import ensemble_file
from elm_landslide.training import distribution, simulated


@torch.no_grad()
def scores(network: LandslideNetwork, path: Path, trained_on: str | None) -> dict:
    """distribution.scores on an ensemble of elm-landslide simulate, if its members are alike in groups (--alike) with
    what the others of a group tell.

    trained_on: SHA-256 of the ensemble of the training. Raises UserError for that one, and for a file that is none.
    """
    if trained_on is not None and sha256(path) == trained_on:
        raise UserError(f"{path}: the model was trained on it: simulate another, with another --seed")
    ensemble, variables = ensemble_file.read(path)
    alike = ensemble.alike
    solved = (variables["hillslope_failed"] == 0).reshape(-1, alike).all(1)  # whole groups
    states = simulated.states(variables, np.flatnonzero(np.repeat(solved, alike)))
    parts = [network(part) for part in states.x.split(simulated.SCORED)]
    y = torch.cat(parts)
    times = variables["hillslope_fos"].shape[1]
    inside = (y[:, -1] < FLAGS["outside"]).view(-1, times).all(1).numpy()
    mean = y[:, OUTPUTS["probability"].index].view(-1, times).numpy()
    share = states.probability.view(-1, times).numpy()
    inside = np.repeat(inside.reshape(-1, alike).all(1), alike)
    if not inside.any():
        raise UserError(f"{path}: no member lies inside the training domain")
    found = distribution.scores(mean[inside], share[inside], float(network.intraclass), alike)
    counts = {"members": int(inside.sum()), "outside": int((~inside).sum()), "unsolved": int((~solved).sum()) * alike}
    return {**counts, **found}

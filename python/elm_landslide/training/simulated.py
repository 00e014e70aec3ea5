"""Stage 1 on the ensemble of the simulator: what ELM-like columns and hillslopes do in storms.

Each state is used in two ways. With the strengths of the hillslope given, the factor of safety must be right: so the
network learns the water of hillslopes (how much of a week's rain is kept, how much reaches the base), because strength
is no excuse. Without them, the failing share must be right on average: so it learns how widely hillslopes spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, FLAGS, N_IN, OUTPUTS, SPVAL, pack
from elm_landslide.model.network import LandslideNetwork, Prepared
from elm_landslide.physics import roots, strength
from elm_landslide.physics.infinite_slope import FOS_CAP
from elm_landslide.physics.root_profile import COVERS
from elm_landslide.physics.stability import Strength, minimum_factor_of_safety
from elm_landslide.training import distribution
from elm_landslide.training.closed_form import failure, fos_scores, huber
from elm_landslide.training.fitting import chunks

SCORED = 4096  # rows at once


@dataclass
class States:
    """States [n] of simulated hillslopes: x [n, N_IN]; strengths of the hillslope, each [n, 1, 1]; the failing share
    [n]; ln FoS at the reported slopes [n, 2]."""

    x: Tensor
    given: dict[str, Tensor]
    probability: Tensor
    log_fos: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, rows: Tensor | slice) -> States:
        return States(
            self.x[rows], {k: v[rows] for k, v in self.given.items()}, self.probability[rows], self.log_fos[rows]
        )


def read(path: Path, held_out: float) -> tuple[States, States]:
    """(training, held-out) states of an ensemble; all states of a member are on one side, the last members held out.

    Raises UserError for a file that is not an ensemble, or one too small to split.
    """
    from elm_landslide.simulator import (
        ensemble_file,  # needs numba and scipy, unlike a training without an ensemble
    )

    ensemble, variables = ensemble_file.read(path)
    good = np.flatnonzero(variables["hillslope_failed"] == 0)
    last = int(len(good) * (1.0 - held_out))
    if 0 < last < len(good):  # members that look alike stay on one side
        last = int(np.searchsorted(good, good[last] // ensemble.alike * ensemble.alike))
    if last < 1 or last == len(good):
        raise UserError(f"{path}: {len(good)} solved members: too few to hold out {held_out:g} of them")
    return states(variables, good[:last]), states(variables, good[last:])


def states(variables: dict[str, np.ndarray], members: np.ndarray) -> States:
    """All states of some members (their numbers), one member after the other, of the variables of an ensemble."""
    times = variables["hillslope_fos"].shape[1]
    # An ensemble of an older version lacks fields that came later, all of them optional.
    stored = {name: variables[name][members] for name in FIELDS if name in variables}
    known = {name: np.where(np.isfinite(values), values, SPVAL) for name, values in stored.items()}
    x = pack(known, (len(members), times))

    def drawn(name: str) -> Tensor:
        values = np.repeat(variables[f"parameter_{name}"][members].astype(float), times)
        return torch.from_numpy(values).view(-1, 1, 1)

    sand = drawn("sand")
    clay = drawn("clay_share") * (100.0 - sand)
    cover_cohesion = torch.cat([roots.COVER_COHESION, torch.zeros(1, dtype=torch.float64)])
    cover = drawn("cover").long().clamp(max=len(COVERS))
    given = {
        "cohesion": strength.texture_cohesion(sand, clay) * drawn("cohesion_multiplier"),
        "friction": strength.texture_friction(sand, clay) + drawn("friction_offset"),
        "root_cohesion": cover_cohesion[cover] * drawn("root_multiplier"),
        **{name: drawn(name) for name in ("thickness", "thinning", "suction_cap")},
    }

    def flat(*names: str) -> Tensor:
        arrays = [variables[f"hillslope_{n}"][members].ravel() for n in names]
        return torch.from_numpy(np.stack(arrays, -1).astype(float))

    return States(
        torch.from_numpy(x.reshape(-1, N_IN)),
        given,
        flat("probability")[:, 0],
        torch.log(flat("fos", "fos_median").clamp(max=FOS_CAP)),
    )


def with_water(
    network: LandslideNetwork, prepared: Prepared, latents: dict[str, Tensor], given: dict[str, Tensor]
) -> Strength:
    """Hillslopes whose strengths are known; the network's latents give what reaches the base and is kept there."""
    known = {name: value for name, value in given.items() if name != "root_cohesion"}
    water = {name: latents[name] for name in ("water_kept", "water_stored")}
    gathered = network.gathered(prepared, latents)
    return Strength(**known, **water, water_gathered=gathered, root_cohesion=(given["root_cohesion"],))


def given_log_fos(
    network: LandslideNetwork, prepared: Prepared, latents: dict[str, Tensor], given: dict[str, Tensor]
) -> Tensor:
    """ln FoS at the reported slopes [n, member, 2] of hillslopes whose strengths are known; the network's own latents
    give the rest: what reaches the base, what is kept there, the residual."""
    hillslope = with_water(network, prepared, latents, given)
    ends = slice(network.n_classes, None)
    hillslope.water_gathered = hillslope.water_gathered[..., ends]
    fos, _ = minimum_factor_of_safety(prepared.column, prepared.gradient[:, ends], hillslope, network.planes)[0]
    return torch.log(fos) + latents["residual"]


def loss(network: LandslideNetwork, member: nn.Module, states: States, failure_weight: float) -> Tensor:
    """Huber on ln FoS with the strengths given, cross-entropy on the failing share without them."""
    prepared = network.prepare(states.x)
    latents, _ = network.latents(prepared, [member])
    fos_loss = huber(given_log_fos(network, prepared, latents, states.given)[:, 0], states.log_fos)
    probability = network.run_members(prepared, latents)[0][:, 0]
    return fos_loss + failure_weight * failure(probability, states.probability)


@torch.no_grad()
def evaluate(network: LandslideNetwork, states: States) -> dict[str, Any]:
    """Scores on held-out states: FoS with the strengths given, FoS and failing share without."""
    given, free, share, flag = [], [], [], []
    for chunk in chunks(len(states), SCORED):
        part = states.rows(chunk)
        prepared = network.prepare(part.x)
        latents, _ = network.latents(prepared, network.members)
        given.append(given_log_fos(network, prepared, latents, part.given).mean(1)[:, 0])
        y = network(part.x)
        free.append(y[:, OUTPUTS["fos"].index])
        share.append(y[:, OUTPUTS["probability"].index])
        flag.append(y[:, -1])
    inside = torch.cat(flag) < FLAGS["outside"]
    fos = torch.exp(states.log_fos[:, 0])
    known = fos_scores(torch.exp(torch.cat(given))[inside], fos[inside])
    unknown = fos_scores(torch.cat(free)[inside], fos[inside])
    mean = torch.cat(share)[inside]
    error = mean - states.probability[inside]
    return {
        "states": int(inside.sum()),
        "outside": int((~inside).sum()),
        **{f"given_{name}": value for name, value in known.items()},
        **{name: value for name, value in unknown.items() if name != "fos_columns"},
        "probability_mae": float(error.abs().mean()),
        "probability_bias": float(error.mean()),
        "distribution": distribution.scores(
            mean.numpy(), states.probability[inside].numpy(), float(network.intraclass)
        ),
    }


@torch.no_grad()
def fit_spread(network: LandslideNetwork, states: States) -> None:
    """Fit how much hillslopes that look alike differ, to states inside the domain."""
    parts = [network(states.x[chunk]) for chunk in chunks(len(states), SCORED)]
    y = torch.cat(parts)
    inside = y[:, -1] < FLAGS["outside"]
    mean, share = y[inside, OUTPUTS["probability"].index], states.probability[inside]
    network.intraclass.fill_(distribution.intraclass(mean.numpy(), share.numpy()))

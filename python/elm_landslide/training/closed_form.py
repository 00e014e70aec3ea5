"""Stage 1 on columns sampled over ELM's states, whose hillslopes have strengths from the priors in closed form."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elm_landslide.fields import FLAGS, OUTPUTS
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.physics.infinite_slope import FOS_CAP
from elm_landslide.training.fitting import Report, chunks
from elm_landslide.training.sampling import hillslope_targets

FOS_WEIGHT = 20.0  # of the Huber loss of ln FoS against the cross-entropy of the failing share
DELTA = 0.1  # where the Huber loss turns linear


def make_targets(x: Tensor, seed: int, points: int, report: Report, stage: str) -> dict[str, Tensor]:
    """hillslope_targets in chunks that bound memory; each [n]."""
    size = max(1, 2**16 // points)  # arrays of some megabytes stay in cache
    parts = []
    for i, chunk in enumerate(chunks(len(x), size)):
        parts.append(hillslope_targets(x[chunk], seed + i, points))
        report(stage, chunk.stop, len(x))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def huber(log_fos: Tensor, target: Tensor) -> Tensor:
    """Mean Huber loss of ln FoS, of any shape; near the cap, which carries no information, it is 0."""
    decided = target < torch.log(torch.tensor(0.8 * FOS_CAP))
    each = nn.functional.huber_loss(log_fos, target, delta=DELTA, reduction="none")
    return FOS_WEIGHT * torch.where(decided, each, 0.0).mean()


def failure(probability: Tensor, share: Tensor) -> Tensor:
    """Cross-entropy of the failing share."""
    return nn.functional.binary_cross_entropy(probability.clamp(1e-9, 1 - 1e-9), share)


def loss(
    network: LandslideNetwork, member: nn.Module, x: Tensor, target: dict[str, Tensor], prior_penalty: float
) -> Tensor:
    """Huber on ln FoS at both reported slopes, cross-entropy on the failing share, penalty on leaving the prior."""
    prepared = network.prepare(x)
    latents, correction = network.latents(prepared, [member])
    probability, log_fos, _ = (values[:, 0] for values in network.run_members(prepared, latents))
    fos_loss = huber(log_fos, torch.stack([target["log_fos"], target["log_fos_median"]], dim=-1))
    return fos_loss + failure(probability, target["probability"]) + prior_penalty * (correction**2).mean()


def fos_scores(fos: Tensor, target: Tensor) -> dict[str, float | None]:
    """R2, RMSE and F1 at 1 (None if undefined) of the factor of safety [n] where `target` lies in 0.5-3."""
    near = (target > 0.5) & (target < 3.0)
    fos, target = fos[near], target[near]
    error = fos - target
    failing, predicted = target < 1.0, fos < 1.0
    scores = {
        "fos_r2": 1 - (error**2).sum() / ((target - target.mean()) ** 2).sum(),
        "fos_rmse": (error**2).mean().sqrt(),
        "fos_f1": 2 * (failing & predicted).sum() / (failing.sum() + predicted.sum()),
    }
    known = {name: float(value) if torch.isfinite(value) else None for name, value in scores.items()}
    return {"fos_columns": int(near.sum()), **known}


@torch.no_grad()
def evaluate(network: LandslideNetwork, x: Tensor, target: dict[str, Tensor]) -> dict[str, float | None]:
    """Scores on columns x against the sampled hillslopes: FoS where it lies in 0.5-3, probability everywhere."""
    y = network(x)
    inside = y[:, -1] < FLAGS["outside"]
    target_fos = torch.exp(target["log_fos"][inside])
    near = (target_fos > 0.5) & (target_fos < 3.0)
    p, share = y[inside, OUTPUTS["probability"].index], target["probability"][inside]
    return {
        "columns": int(inside.sum()),
        "outside": int((~inside).sum()),
        **fos_scores(y[inside, OUTPUTS["fos"].index], target_fos),
        "depth_mae": float((y[inside, OUTPUTS["depth"].index] - target["depth"][inside])[near].abs().mean()),
        "probability_mae": float((p - share).abs().mean()),
        "probability_rmse": float(((p - share) ** 2).mean().sqrt()),
        "probability_bias": float((p - share).mean()),
    }

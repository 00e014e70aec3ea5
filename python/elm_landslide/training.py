"""Training of the network on columns whose stability is known: today the closed-form physics with sampled strengths."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from . import __version__
from .errors import UserError
from .fields import FLAGS
from .network import LandslideNetwork
from .physics.infinite_slope import FOS_CAP
from .sampling import hillslope_targets, sample_columns


@dataclass(frozen=True)
class Preset:
    """Everything that decides the trained weights, but for the seed."""

    columns: int  # training columns
    points: int  # hillslope points drawn per column
    held_out: int  # columns of the evaluation, drawn apart
    held_out_points: int
    members: int
    width: int
    epochs: int
    batch: int
    learning_rate: float
    prior_penalty: float  # of the squared corrections of the prior


PRESETS = {
    "quick": Preset(
        columns=16384, points=512, held_out=2048, held_out_points=2048,
        members=3, width=24, epochs=30, batch=256, learning_rate=4e-3, prior_penalty=1e-3,
    ),
}  # fmt: skip
DEFAULT_SEED = 20260801
# How far a metric of a model trained again from the same preset and seed may lie from the shipped one. On one machine
# the weights are the same; another processor's rounding changes the path of the optimiser.
REPRODUCTION_TOLERANCE = {"probability_mae": 0.003, "fos_rmse": 0.02}

Report = Callable[[str, int, int], None]  # stage, done, total


def _chunks(total: int, size: int):
    return (slice(start, min(start + size, total)) for start in range(0, total, size))


def make_targets(x: Tensor, seed: int, points: int, report: Report, stage: str) -> dict[str, Tensor]:
    """hillslope_targets in chunks that bound memory; each [n]."""
    size = max(1, 2**16 // points)  # arrays of some megabytes stay in cache
    parts = []
    for i, chunk in enumerate(_chunks(len(x), size)):
        parts.append(hillslope_targets(x[chunk], seed + i, points))
        report(stage, chunk.stop, len(x))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def fit_normalisation(network: LandslideNetwork, x: Tensor) -> None:
    """Feature normalisation and domain from the training columns x [n, N_IN]."""
    given, clean, features = network.raw_features(x)
    network.feature_mean.copy_(features.mean(0))
    network.feature_scale.copy_(features.std(0).clamp(min=1e-6))
    network.domain.fit(clean, given, (features - network.feature_mean) / network.feature_scale)


def loss(
    network: LandslideNetwork, member: nn.Module, x: Tensor, target: dict[str, Tensor], prior_penalty: float
) -> Tensor:
    """Huber on ln FoS at both reported slopes, cross-entropy on the failing share, penalty on leaving the prior."""
    prepared = network.prepare(x)
    latents, correction = network.latents(prepared, [member])
    probability, log_fos, _ = (values[:, 0] for values in network.run_members(prepared, latents))
    wanted = torch.stack([target["log_fos"], target["log_fos_median"]], dim=-1)
    decided = wanted < torch.log(torch.tensor(0.8 * FOS_CAP))  # the cap carries no information
    huber = nn.functional.huber_loss(log_fos, wanted, delta=0.1, reduction="none")[decided].sum() / (2 * len(x))
    entropy = nn.functional.binary_cross_entropy(probability.clamp(1e-9, 1 - 1e-9), target["probability"])
    return 20.0 * huber + entropy + prior_penalty * (correction**2).mean()


def fit_member(
    network: LandslideNetwork, i: int, x: Tensor, target: dict[str, Tensor], preset: Preset, seed: int, report: Report
) -> None:
    """Train member i on its own order of the columns, from its own first weights."""
    generator = torch.Generator().manual_seed(seed + 1000 * (i + 1))
    member = network.members[i]
    for layer in member:
        if isinstance(layer, nn.Linear) and layer is not member[-1]:
            bound = layer.in_features**-0.5
            for parameter in (layer.weight, layer.bias):
                parameter.data.uniform_(-bound, bound, generator=generator)
    optimiser = torch.optim.AdamW(member.parameters(), lr=preset.learning_rate, weight_decay=1e-4)
    steps = preset.epochs * -(-len(x) // preset.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, preset.learning_rate, total_steps=steps)
    for epoch in range(preset.epochs):
        order = torch.randperm(len(x), generator=generator)
        for chunk in _chunks(len(x), preset.batch):
            rows = order[chunk]
            optimiser.zero_grad()
            value = loss(network, member, x[rows], {k: v[rows] for k, v in target.items()}, preset.prior_penalty)
            value.backward()
            nn.utils.clip_grad_norm_(member.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        report(f"member {i + 1} of {preset.members}", epoch + 1, preset.epochs)


@torch.no_grad()
def evaluate(network: LandslideNetwork, x: Tensor, target: dict[str, Tensor]) -> dict[str, float]:
    """Scores on columns x against the sampled hillslopes: FoS where it lies in 0.5-3, probability everywhere."""
    y = network(x)
    inside = y[:, -1] < FLAGS["outside"]
    fos, wanted = y[inside, 1], torch.exp(target["log_fos"][inside])
    near = (wanted > 0.5) & (wanted < 3.0)
    fos, wanted = fos[near], wanted[near]
    error = fos - wanted
    p, p_wanted = y[inside, 0], target["probability"][inside]
    failing, predicted = wanted < 1.0, fos < 1.0
    hits = (failing & predicted).sum()
    return {
        "columns": int(inside.sum()),
        "outside": int((~inside).sum()),
        "fos_columns": int(near.sum()),
        "fos_r2": float(1 - (error**2).sum() / ((wanted - wanted.mean()) ** 2).sum()),
        "fos_rmse": float((error**2).mean().sqrt()),
        "fos_f1": float(2 * hits / (failing.sum() + predicted.sum())),
        "depth_mae": float((y[inside, 3] - target["depth"][inside])[near].abs().mean()),
        "probability_mae": float((p - p_wanted).abs().mean()),
        "probability_rmse": float(((p - p_wanted) ** 2).mean().sqrt()),
        "probability_bias": float((p - p_wanted).mean()),
    }


@contextmanager
def _one_thread():
    """The arrays are too small to gain from threads, which only wait for each other (half the processor time)."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@_one_thread()
def fit(preset: Preset, seed: int, report: Report) -> tuple[LandslideNetwork, Tensor, dict[str, float]]:
    """Trained network, its training columns, and its scores on columns drawn apart."""
    x = sample_columns(preset.columns, seed)
    target = make_targets(x, seed, preset.points, report, "targets")
    torch.manual_seed(seed)
    network = LandslideNetwork(preset.members, preset.width)
    fit_normalisation(network, x)
    for i in range(preset.members):
        fit_member(network, i, x, target, preset, seed, report)
    network.eval().requires_grad_(False)
    held_out = sample_columns(preset.held_out, seed + 1)
    held_out_target = make_targets(held_out, seed + 500_000, preset.held_out_points, report, "evaluation")
    return network, x, evaluate(network, held_out, held_out_target)


def train(preset: str, out: Path, seed: int | None = None, report: Report = lambda *_: None) -> dict[str, float]:
    """Train a preset and write the model file; returns the scores. Same preset, seed and machine: same weights."""
    from .export import export

    if preset not in PRESETS:
        raise UserError(f"train: preset '{preset}' is unknown; choose one of {', '.join(PRESETS)}")
    if not Path(out).resolve().parent.is_dir():
        raise UserError(f"train: the folder of '{out}' does not exist; make it first")
    seed = DEFAULT_SEED if seed is None else seed
    network, x, metrics = fit(PRESETS[preset], seed, report)
    provenance = {
        "made_by": f"elm-landslide {__version__}",
        "torch": torch.__version__,
        "data": "columns sampled over ELM's states; hillslope points with strengths from the texture and cover priors, "
        "closed-form infinite slope",
        "preset": preset,
        "settings": asdict(PRESETS[preset]),
        "seed": seed,
        "precision": "float64 throughout",
        "metrics": metrics,
    }
    export(network, x, Path(out), provenance)
    return metrics

"""A training from its data to the model file: stage 1, then stages 2 and 3 with each fold of blocks
left out, and on all."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elm_landslide import __version__
from elm_landslide.errors import UserError
from elm_landslide.model import model_file
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation import designs, metrics
from elm_landslide.observation.designs import SiteRows
from elm_landslide.observation.model import DESIGNS, Observation, fit_calibration, reporting_features, weather_features
from elm_landslide.ranks import Communicator
from elm_landslide.sites import site_table
from elm_landslide.sites.site_table import LEAST_DAYS, Sites, block_of, need_both_classes
from elm_landslide.training import closed_form, simulated, stage_2, stage_3
from elm_landslide.training.config import Config, as_dict
from elm_landslide.training.fitting import Checkpoint, Report, Session, group, one_thread
from elm_landslide.training.sampling import sample_columns
from elm_landslide.training.simulated import States
from elm_landslide.training.stage_1 import fit_members, fit_normalisation

CONTROLS = ("permuted-labels", "no-simulations", "no-sites")


@dataclass
class Data:
    """What a training learns from; x [n, N_IN] with its targets; what is absent is None."""

    x: Tensor
    target: dict[str, Tensor]
    states: States | None
    held_out: States | None
    table: SiteRows | None


@dataclass
class Training:
    """The means of a training: its settings and what its fits share."""

    config: Config
    control: str
    session: Session


@one_thread()
def train(
    config: Config,
    out: Path,
    seed: int,
    comm: Communicator,
    report: Report,
    preset: str,
    ensemble: Path | None = None,
    site_file: Path | None = None,
    control: str = "",
) -> dict:
    """Train and write the model file; returns the scores. Same settings, data, seed, ranks and machine: same weights.

    Raises UserError for bad input, before anything is computed.
    """
    from elm_landslide.model.export import export

    if control and control not in CONTROLS:
        raise UserError(f"train: control '{control}' is unknown; choose one of {', '.join(CONTROLS)}")
    if Path(out).is_dir():
        raise UserError(f"train: '{out}' is a folder; give the name of a file")
    if not Path(out).resolve().parent.is_dir():
        raise UserError(f"train: the folder of '{out}' does not exist; make it first")
    ensemble = None if control == "no-simulations" else ensemble
    sites = _sites(site_file, config, control, seed)
    states, held_out = simulated.read(ensemble, config.hillslopes.held_out) if ensemble else (None, None)
    inputs = {name: model_file.sha256(path) for name, path in (("ensemble", ensemble), ("sites", site_file)) if path}
    identity = {"settings": as_dict(config), "seed": seed, "control": control, "ranks": comm.size, "inputs": inputs}
    identity["version"] = __version__
    checkpoint = Checkpoint(Path(f"{out}.checkpoint"), identity, comm.rank == 0)
    comm.barrier()  # all have read it before one writes
    with group(comm) as ranks:
        training = Training(config, control, Session(seed, ranks, checkpoint, report))
        data = _data(training, states, held_out, sites, comm)
        network = _stage_1(training, data)
        _fit_spread(network, data)
        scores: dict[str, Any] = {"stage_1": _physics_scores(training, network, data)}
        observation = None
        if data.table is not None:
            scores["stage_1"]["sites"] = _network_alone(network, data.table)
            if control != "no-sites":
                observation, scores["development"] = _stage_2(training, network, data, data.table)
                _fit_spread(network, data)
                scores["stage_2"] = _physics_scores(training, network, data)
                scores["steep_hazard"] = stage_3.steep_hazard(network, data.table)
    network.eval().requires_grad_(False)
    if comm.rank == 0:
        provenance = {
            "made_by": f"elm-landslide {__version__}",
            "torch": torch.__version__,
            "preset": preset,
            **identity,
            "data": _description(data),
            "precision": "float64 throughout; observation model float32",
            "metrics": scores,
        }
        export(network, data.x, Path(out), provenance, observation)
        checkpoint.remove()
    comm.barrier()
    return scores


def _sites(path: Path | None, config: Config, control: str, seed: int) -> Sites | None:
    """Rows of a site table that the training uses."""
    if path is None:
        return None
    sites = site_table.read(path)
    need_both_classes(sites, path)
    sites = sites.select(designs.rows_of_trigger(sites, config.sites.trigger))
    check_rows(sites, path)
    if config.sites.folds < 2:
        raise UserError(f"train: [sites] folds: {config.sites.folds}; must be at least 2")
    blocks = len(np.unique(sites.block[sites.landslide]))
    if blocks < config.sites.folds:
        raise UserError(f"{path}: landslides in {blocks} blocks; {config.sites.folds} folds need as many")
    if control == "permuted-labels":
        order = np.random.default_rng(seed).permutation(sites.n)
        labels = {name: getattr(sites, name)[order] for name in ("landslide", "kind", "pair", "accuracy", "trigger")}
        sites = replace(sites, **labels)
    return sites


def check_rows(sites: Sites, path: Path) -> None:
    """Raises UserError for a table without landslides, other rows of both kinds, enough days or a slope."""
    need_both_classes(sites, path)
    for design in DESIGNS:
        if not (sites.kind == design).any():
            raise UserError(f"{path}: column kind: no row is {design}; both kinds of other rows are needed")
    if sites.n_days < LEAST_DAYS:
        raise UserError(f"{path}: {sites.n_days} days of weather (precip, temp); training needs at least {LEAST_DAYS}")
    if not np.isfinite(sites.slope).any():
        raise UserError(f"{path}: column slope: missing in all rows; give the slope (degrees) of some")


def _data(
    training: Training, states: States | None, held_out: States | None, sites: Sites | None, comm: Communicator
) -> Data:
    settings, session = training.config.columns, training.session
    x = sample_columns(settings.count, session.seed)
    target = closed_form.make_targets(x, session.seed, settings.points, session.report, "targets")
    table = None
    if sites is not None:
        mine = np.arange(comm.rank, sites.n, comm.size)
        count = 0

        def advance(n: int = 1) -> None:
            nonlocal count
            count += n
            session.report("columns of sites", count, len(mine))

        slopes = sites.slope[np.isfinite(sites.slope)]
        part = designs.site_rows(sites.select(mine), slopes, advance)
        table = part
        if comm.size > 1:
            parts = comm.allgather((mine, {d: v.numpy() for d, v in part.x.items()}, part.solved.numpy()))
            back = np.argsort(np.concatenate([p[0] for p in parts]))
            joined = {d: torch.from_numpy(np.concatenate([p[1][d] for p in parts])[back]) for d in DESIGNS}
            table = SiteRows(sites, joined, torch.from_numpy(np.concatenate([p[2] for p in parts])[back]))
    return Data(x, target, states, held_out, table)


def _stage_1(training: Training, data: Data) -> LandslideNetwork:
    torch.manual_seed(training.session.seed)
    settings = training.config.network
    network = LandslideNetwork(settings.members, settings.width)
    more = []
    if data.states is not None:
        more.append(data.states.x[:: max(len(data.states) // len(data.x), 1)])
    if data.table is not None and training.control != "no-sites":
        more += [x[data.table.solved].reshape(-1, x.shape[-1]) for x in data.table.x.values()]
    fit_normalisation(network, data.x, more)
    fit_members(network, data.x, data.target, data.states, training.config, training.session)
    return network


def _fit_spread(network: LandslideNetwork, data: Data) -> None:
    if data.states is not None:
        simulated.fit_spread(network, data.states)


def _physics_scores(training: Training, network: LandslideNetwork, data: Data) -> dict:
    """Against closed-form hillslopes drawn separately, and held-out simulated ones."""
    settings, session = training.config.columns, training.session
    x = sample_columns(settings.held_out, session.seed + 1)
    target = closed_form.make_targets(x, session.seed + 500_000, settings.held_out_points, session.report, "scores")
    scores = {"columns": closed_form.evaluate(network, x, target)}
    if data.held_out is not None:
        scores["hillslopes"] = simulated.evaluate(network, data.held_out)
    return scores


def _again(
    training: Training, network: LandslideNetwork, data: Data
) -> tuple[Callable[[nn.Module], Tensor], torch.Generator]:
    """(the loss of stage 1 on rows drawn at random, for a member; the generator that draws them). Each rank its own."""
    drawn = torch.Generator().manual_seed(training.session.seed + 7 + training.session.ranks.rank)
    size = training.config.sites.level_batch

    def again(member: nn.Module) -> Tensor:
        rows = torch.randint(len(data.x), (2 * size,), generator=drawn)
        some = {name: values[rows] for name, values in data.target.items()}
        value = closed_form.loss(network, member, data.x[rows], some, training.config.network.prior_penalty)
        if data.states is not None:
            states = data.states.rows(torch.randint(len(data.states), (2 * size,), generator=drawn))
            weight = training.config.hillslopes
            value = value + weight.weight * simulated.loss(network, member, states, weight.failure)
        return value

    return again, drawn


def _fit_on(
    training: Training, network: LandslideNetwork, data: Data, table: SiteRows, rows: np.ndarray, label: str
) -> Observation:
    """Stages 2 and 3 on some rows (bool [n]); moves the levels of the network, fits its hazard, and returns the
    observation model."""
    settings = training.config.sites
    part = table.rows(np.flatnonzero(rows))
    again, drawn = _again(training, network, data)
    stage_2.fit_levels(network, part, again, settings, training.session, label, sources=[drawn])
    days = table.sites.n_days
    one = table.sites.select(np.arange(1))
    sizes = {
        "weather": weather_features(one, days).shape[1],
        "reporting": reporting_features(one).shape[1],
        "width": settings.width,
        "members": settings.members,
    }
    observation = Observation({"days": days}, sizes)
    for design in DESIGNS:
        of = np.flatnonzero(designs.rows_of_design(design, part.sites))
        z = designs.log_failing(network, part, design)[of]
        stage_2.fit_heads(observation, design, part.sites.select(of), z, settings, training.session, label)
    stage_3.fit_hazard(network, part, training.config.hazard, settings, training.session, label)
    return observation


def _stage_2(training: Training, network: LandslideNetwork, data: Data, table: SiteRows) -> tuple[Observation, dict]:
    """Stages 2 and 3: the observation model of all rows, it and the hazard calibrated out of fold, and their scores."""
    settings, all_sites = training.config.sites, table.sites
    fold = designs.folds(all_sites, settings.folds, training.session.seed)
    logits = {design: np.full((all_sites.n, settings.members), np.nan) for design in DESIGNS}
    fields = {design: np.full(all_sites.n, np.nan) for design in DESIGNS}
    for k in range(settings.folds):
        other = copy.deepcopy(network)
        observation = _fit_on(training, other, data, table, fold != k, f"fold {k + 1} of {settings.folds}: ")
        rows = np.flatnonzero(fold == k)
        part = table.rows(rows)
        for design in DESIGNS:
            z = designs.log_failing(other, part, design)
            logits[design][rows] = observation.logits(design, part.sites, z)
            fields[design][rows] = designs.over_days(designs.log_hazard(other, part, design))
    observation = _fit_on(training, network, data, table, np.ones(all_sites.n, dtype=bool), "")
    observation.info = {
        "days": all_sites.n_days,
        "trigger": settings.trigger,
        "blocks": sorted(set(block_of(all_sites.lat, all_sites.lon).tolist())),
        "slopes": np.quantile(all_sites.slope[np.isfinite(all_sites.slope)], np.linspace(0, 1, 21)).tolist(),
        "prevalence": {},
        "calibration": {},
        "field_calibration": {},
    }
    scores = {}
    for design in DESIGNS:
        rows = designs.rows_of_design(design, all_sites)
        landslide, logit = all_sites.landslide[rows], logits[design][rows]
        observation.info["prevalence"][design] = float(landslide.mean())
        observation.info["calibration"][design] = fit_calibration(logit.mean(1), landslide)
        chance, members = observation.probabilities(design, logit)
        block, score = all_sites.block[rows], fields[design][rows]
        observation.info["field_calibration"][design] = fit_calibration(score, landslide)
        field_chance = observation.field_probability(design, score)
        scores[design] = {
            "field": _development(landslide, block, score, field_chance),
            **_development(landslide, block, logit.mean(1), chance),
            "spread": metrics.spread(landslide, members),
        }
    return observation, scores


def _network_alone(network: LandslideNetwork, table: SiteRows) -> dict:
    """AUC with its interval of the failing share itself, by design, without an observation model."""
    scores = {}
    for design in DESIGNS:
        part = table.rows(np.flatnonzero(designs.rows_of_design(design, table.sites)))
        rate = designs.over_days(designs.log_failing(network, part, design))
        auc = metrics.discrimination(part.sites.landslide, rate, metrics.resample(part.sites.block))["auc"]
        scores[design] = {"auc": [float(auc[0]), *metrics.interval(auc)]}
    return scores


def _development(landslide: np.ndarray, block: np.ndarray, score: np.ndarray, chance: np.ndarray) -> dict:
    draws = metrics.resample(block)
    measures = {**metrics.discrimination(landslide, score, draws), **metrics.calibration(landslide, chance, draws)}
    out = {name: [float(values[0]), *map(float, metrics.interval(values))] for name, values in measures.items()}
    return {"rows": len(landslide), **out}


def _description(data: Data) -> str:
    parts = ["columns sampled over ELM's states with closed-form hillslopes"]
    if data.states is not None:
        parts.append(f"{len(data.states)} states of simulated hillslopes")
    if data.table is not None:
        s = data.table.sites
        parts.append(f"{int(s.landslide.sum())} landslides and {int((~s.landslide).sum())} other rows of sites")
    return "; ".join(parts)

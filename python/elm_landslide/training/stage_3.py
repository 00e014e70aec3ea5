"""Stage 3: the hazard, the field that ELM writes, from what ELM hands over and the network's failing share.

One hazard for both comparisons, because a field has one value: landslides against other days of their sites, and
against random places. What belongs to a comparison alone stays out of it: its level, how late reports come, and against
random places what tells of reporting. The losses are those of stage 2, and a penalty on what acts beside the failing
share: what the equations explain is left to them.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from elm_landslide.fields import FIELDS
from elm_landslide.model.hazard import Hazard, HazardInputs
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation import designs
from elm_landslide.observation.designs import SiteRows
from elm_landslide.observation.model import DESIGNS, reporting_features
from elm_landslide.offline.chance import steep_share
from elm_landslide.training.config import HazardSettings, SiteSettings
from elm_landslide.training.fitting import Fitting, Session, fit
from elm_landslide.training.stage_2 import chance_elsewhere, cross_entropy, pairs, ranking

START = 0.3  # standard deviation of the first weights of a member


class Report(nn.Module):
    """What connects the hazard of days with a row of one comparison: level, and what tells of reporting."""

    def __init__(self, members: int, reporting: int):
        super().__init__()
        self.level = nn.Parameter(torch.full((members,), -1.0, dtype=torch.float64))
        self.reporting = nn.Parameter(torch.zeros(members, reporting, dtype=torch.float64))

    def forward(self, log_hazard: Tensor, reporting: Tensor) -> Tensor:
        """Logits [n, member] of ln hazard over the bag [n, day, member]; reporting [n, k]."""
        late = torch.log(torch.tensor(designs.LATE, dtype=torch.float64))
        log_rate = torch.logsumexp(log_hazard + late[:, None], 1) + self.level + reporting @ self.reporting.T
        return torch.log(torch.expm1(torch.exp(log_rate.clamp(-15.0, 4.0))))


def fit_hazard(
    network: LandslideNetwork,
    table: SiteRows,
    settings: HazardSettings,
    sites: SiteSettings,
    session: Session,
    label: str = "",
    ablation: str = "",
) -> None:
    """Fit network.hazard to the rows of `table`; the rest of the network stays. ablation: as designs.without."""
    hazard = network.hazard
    inputs = {design: designs.hazard_inputs(network, table, design, ablation) for design in DESIGNS}
    _first_weights(hazard, inputs["random"], session.seed)
    rows = table.sites
    landslide, pair = torch.from_numpy(rows.landslide), pairs(rows)
    elsewhere = torch.from_numpy(chance_elsewhere(rows, sites.accuracy_scale))
    told = torch.from_numpy(np.nan_to_num(reporting_features(rows)))
    of_design = {design: torch.from_numpy(designs.rows_of_design(design, rows)) for design in DESIGNS}
    members = len(hazard.sensitivity)
    reports = nn.ModuleDict({design: Report(members, told.shape[1]) for design in DESIGNS})
    drawn = torch.Generator().manual_seed(session.seed + 1000 * session.ranks.rank)

    def loss(picked: Tensor) -> Tensor:
        value = settings.besides * hazard.besides()
        draw = int(torch.randint(table.solved.shape[1], (1,), generator=drawn))
        for design, weight in zip(DESIGNS, (settings.same_site, 1.0), strict=True):
            at = picked[of_design[design][picked] & table.solved[picked, draw]]
            if not len(at):
                continue
            days = designs.part_of(inputs[design], at, draw)
            log_hazard = hazard.member_logs(days).view(len(at), -1, members)
            logits = reports[design](log_hazard, told[at] * float(design == "random"))
            share = float(landslide[at].double().mean().clamp(0.05, 0.95))
            for logit in logits.unbind(-1):
                each = cross_entropy(logit, landslide[at], elsewhere[at], share, sites.hidden_share)
                if design == "same_site":
                    each = each + sites.ranking * ranking(logit, pair[at], landslide[at])
                value = value + weight * each / members
        return value

    how = Fitting(settings.epochs, settings.batch, settings.rate, settings.decay)
    parameters = [*hazard.parameters(), *reports.parameters()]
    for parameter in parameters:
        parameter.requires_grad_(True)
    fit(f"{label}hazard", parameters, loss, rows.n, how, session, [drawn])
    hazard.requires_grad_(False)
    _refer(hazard, table, inputs["random"])


def _first_weights(hazard: Hazard, inputs: HazardInputs, seed: int) -> None:
    """Members apart from each other; states scaled to those of the rows [n, draw, day, state]."""
    state = inputs.state.flatten(0, -2)
    hazard.state_mean.copy_(state.mean(0))
    hazard.state_scale.copy_(state.std(0).clamp(min=1e-6))
    generator = torch.Generator().manual_seed(seed)
    fresh = Hazard(state.shape[1], *hazard.out.shape)
    with torch.no_grad():
        for name, parameter in hazard.named_parameters():
            parameter.copy_(fresh.get_parameter(name))
            if name in ("rising", "out", "state_in", "offset"):
                parameter.add_(START * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))


@torch.no_grad()
def steep_hazard(network: LandslideNetwork, table: SiteRows) -> float:
    """Mean over random places and days of the steep share of the land times the hazard, for the base rate."""
    random = table.rows(np.flatnonzero(table.sites.kind == "random"))
    inputs, every = designs.hazard_inputs(network, random, "random"), torch.arange(random.sites.n)
    logs = [network.hazard.log(designs.part_of(inputs, every, k)) for k in range(random.solved.shape[1])]
    hazard = np.stack([np.exp(log.view(random.sites.n, -1).numpy()).mean(1) for log in logs], axis=1)
    slope = random.x["random"][..., 0, FIELDS["slope"].columns]  # [n, draw, 11], the same on all days
    share = steep_share(slope.reshape(-1, slope.shape[-1]).numpy()).reshape(slope.shape[:2])
    return float((share * hazard)[random.solved.numpy()].mean())


@torch.no_grad()
def _refer(hazard: Hazard, table: SiteRows, inputs: HazardInputs) -> None:
    """Set the reference so that the hazard is 1 on average over the days of random places."""
    ordinary = torch.from_numpy(np.flatnonzero(table.sites.kind == "random"))
    hazard.reference.zero_()
    logs = [hazard.log(designs.part_of(inputs, ordinary, draw)) for draw in range(table.solved.shape[1])]
    days = len(logs[0]) // len(ordinary)
    solved = [table.solved[ordinary, draw].repeat_interleave(days) for draw in range(len(logs))]
    values = torch.exp(torch.cat([log[mask] for log, mask in zip(logs, solved, strict=True)]))
    hazard.reference.copy_(torch.log(values.mean()))
    hazard.trained.fill_(True)

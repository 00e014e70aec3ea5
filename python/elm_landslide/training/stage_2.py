"""Stage 2: real landslides, through the observation model.

First the level of each latent (the last biases of every member: a shift for all soils, since the texture of a site is
unknown) moves, under a penalty, to where landslides and the other rows of their sites are ranked and weighed best.
Then the heads of the observation model learn on the network as it then is.

Losses. Cross-entropy with the non-negative correction for unlabelled rows (Kiryo et al. 2017): a share of the rows
without a report hides a landslide. A landslide located to r km represents the weather at its point with probability
exp(-r / scale); else it is any row. And ranking: a landslide above the other row of its site.

Out of fold: for development scores and for the calibration all of this is repeated without each fold of blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from elm_landslide.model.hazard import FLOOR
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation.designs import LATE, SiteRows
from elm_landslide.observation.model import DESIGNS, Head, Observation
from elm_landslide.sites.site_table import Sites
from elm_landslide.training.config import SiteSettings
from elm_landslide.training.fitting import Fitting, Session, fit
from elm_landslide.training.stage_1 import linear_layers

UNKNOWN_ACCURACY = 25.0  # km, of a location whose accuracy is not known
DRAWS_AT_ONCE = 1  # of the columns of a site, in one step of the first part
MIDDLE = -7.0  # about the mean of z, so that the first offset of a logit is near 0


def chance_elsewhere(sites: Sites, scale: float) -> np.ndarray:
    """Chance [n] that a landslide was not under the weather of its point, by the accuracy of its location."""
    radius = np.where(np.isfinite(sites.accuracy), sites.accuracy, UNKNOWN_ACCURACY)
    return np.where(sites.landslide, 1.0 - np.exp(-radius / scale), 0.0)


def cross_entropy(logit: Tensor, landslide: Tensor, elsewhere: Tensor, prevalence: float, hidden: float) -> Tensor:
    """Mean non-negative positive-unlabelled cross-entropy over rows [n]; elsewhere as chance_elsewhere."""
    p = torch.sigmoid(logit)
    as_landslide = -torch.log(((1.0 - elsewhere) * p + elsewhere * prevalence).clamp(min=1e-6))
    as_other = nn.functional.softplus(logit)
    positive = landslide.to(logit.dtype)
    n = len(logit)
    risk = (positive * as_landslide).sum() / n
    # A share `hidden` of the unlabelled are landslides; subtracting them must not make the risk negative.
    others = ((1.0 - positive) * as_other).sum() / n
    if positive.sum() > 0:
        others = others - hidden * (1.0 - positive).mean() * (positive * as_other).sum() / positive.sum()
    return risk + others.clamp(min=0.0)


def ranking(logit: Tensor, pair: Tensor, landslide: Tensor) -> Tensor:
    """Mean logistic loss of each landslide above the other rows of its pair (a number, negative: no pair) [n]."""
    up, down = (torch.nonzero(mask & (pair >= 0))[:, 0] for mask in (landslide, ~landslide))
    same = pair[up][:, None] == pair[down][None]
    if not same.any():
        return logit.sum() * 0.0
    i, j = torch.nonzero(same, as_tuple=True)
    return nn.functional.softplus(logit[down[j]] - logit[up[i]]).mean()


def pairs(sites: Sites) -> Tensor:
    """Number of the pair of each row [n], -1 without one."""
    _, number = np.unique(sites.pair, return_inverse=True)
    return torch.from_numpy(np.where(sites.pair == "", -1, number))


def fit_levels(
    network: LandslideNetwork,
    rows: SiteRows,
    again: Callable[[nn.Module], Tensor],
    settings: SiteSettings,
    session: Session,
    label: str = "",
    sources: Sequence[torch.Generator] = (),
) -> None:
    """Move the levels of every member's latents; again(member) is the loss of stage 1 on some of its rows, so that what
    was learned there still holds where sites say nothing. sources: the generators that `again` draws from."""
    sites = rows.sites
    # A landslide, the other days of its site, and its part of the random rows go together.
    units = [np.flatnonzero(sites.pair == pair) for pair in np.unique(sites.pair[sites.landslide])]
    random = np.random.default_rng(session.seed).permutation(np.flatnonzero(sites.kind == "random"))
    units = [np.append(unit, part) for unit, part in zip(units, np.array_split(random, len(units)), strict=True)]
    landslide, pair = torch.from_numpy(sites.landslide), pairs(sites)
    kinds = {design: torch.from_numpy(sites.kind == design) for design in DESIGNS}
    elsewhere = torch.from_numpy(chance_elsewhere(sites, settings.accuracy_scale))
    late = torch.tensor(LATE, dtype=torch.float64)
    for i, member in enumerate(network.members):
        bias = linear_layers(member)[-1].bias.requires_grad_(True)
        start = bias.detach().clone()
        offset = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        slope = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        drawn = torch.Generator().manual_seed(session.seed + i + 1000 * session.ranks.rank)  # each rank draws its own

        def log_rate(design: str, at: Tensor, member=member, drawn=drawn) -> Tensor:
            """ln of the rate of failure within the bag [n], about 0."""
            draw = torch.randperm(rows.solved.shape[1], generator=drawn)[:DRAWS_AT_ONCE]
            x = rows.x[design][at][:, draw]
            n, k, days, _ = x.shape
            prepared = network.prepare(x.reshape(n * k * days, -1))
            p, _, _ = network.run_members(prepared, network.latents(prepared, [member])[0])
            z = torch.log(p.view(n, k, days) + FLOOR).mean(1)
            return torch.logsumexp(z + torch.log(late), -1) - MIDDLE

        def loss(
            picked: Tensor, member=member, start=start, offset=offset, slope=slope, bias=bias, log_rate=log_rate
        ) -> Tensor:
            at = torch.from_numpy(np.concatenate([units[k] for k in picked.tolist()]))
            value = settings.level_penalty * ((bias - start) ** 2).mean() + settings.replay * again(member)
            for d, design in enumerate(DESIGNS):
                rows_of = at[landslide[at] | (kinds[design][at])]
                if not len(rows_of):
                    continue
                share = float(landslide[rows_of].double().mean().clamp(0.05, 0.95))
                logit = nn.functional.softplus(slope[d]) * log_rate(design, rows_of) + offset[d]
                value = value + cross_entropy(
                    logit, landslide[rows_of], elsewhere[rows_of], share, settings.hidden_share
                )
                if design == "same_site":
                    value = value + settings.ranking * ranking(logit, pair[rows_of], landslide[rows_of])
            return value

        how = Fitting(settings.level_epochs, max(settings.level_batch, 1), settings.level_rate, 0.0)
        name = f"{label}levels of member {i + 1} of {len(network.members)}"
        of_member = replace(session, seed=session.seed + i)
        fit(name, [bias, offset, slope], loss, len(units), how, of_member, [drawn, *sources])
        bias.requires_grad_(False)


def fit_heads(
    observation: Observation,
    design: str,
    sites: Sites,
    z: np.ndarray,
    settings: SiteSettings,
    session: Session,
    label: str = "",
) -> None:
    """Train the heads of one design on its rows; z [n, BAG]."""
    raw = observation.raw(design, sites, z)
    observation.fit_scaling(design, raw)
    inputs = observation.inputs(design, raw)
    landslide, pair = torch.from_numpy(sites.landslide), pairs(sites)
    elsewhere = torch.from_numpy(chance_elsewhere(sites, settings.accuracy_scale)).float()
    prevalence = float(sites.landslide.mean())
    heads = observation.of_design(design)
    for i in range(len(heads)):
        seed = session.seed + 100 * i
        torch.manual_seed(seed)
        heads[i] = head = Head(
            inputs.weather.shape[1],
            inputs.reporting.shape[1],
            settings.width,
            settings.input_dropout,
            settings.dropout,
        ).train()
        head.level.data.fill_(float(np.log(-np.log1p(-prevalence))))

        def loss(rows: Tensor, head=head) -> Tensor:
            logit = head(inputs.rows(rows), design == "random")
            value = cross_entropy(logit, landslide[rows], elsewhere[rows], prevalence, settings.hidden_share)
            if design == "same_site":
                value = value + settings.ranking * ranking(logit, pair[rows], landslide[rows])
            return value

        how = Fitting(settings.epochs, settings.batch, settings.rate, settings.decay)
        name = f"{label}{design} {i + 1} of {len(heads)}"
        fit(name, head.parameters(), loss, sites.n, how, replace(session, seed=seed))
        head.eval().requires_grad_(False)

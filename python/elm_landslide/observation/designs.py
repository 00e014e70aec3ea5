"""Two designs of comparison: landslides with other days of their sites, and with random places.

Here are the rows of each, the columns under them, and what the network alone says of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, FLAGS, RAIN_WINDOWS
from elm_landslide.model.hazard import FLOOR, MIDDLE, HazardInputs
from elm_landslide.model.network import LandslideNetwork, Prepared
from elm_landslide.sites.site_table import Sites, rain_triggered

LATE = (0.85, 0.1, 0.05)  # shares of reports that are 0, 1, ... days late, about as heads learned them
ROWS = 1024  # at once


@dataclass
class SiteRows:
    """Rows of a site table [n] with the columns under them, missing where not solved [n, draw].

    x [design][n, draw, day, N_IN]: of random rows on the land about their slope (site_columns.percentiles), of days of
    one site all on the same land.
    """

    sites: Sites
    x: dict[str, Tensor]
    solved: Tensor

    def rows(self, rows: np.ndarray) -> SiteRows:
        return SiteRows(self.sites.select(rows), {d: x[rows] for d, x in self.x.items()}, self.solved[rows])


def site_rows(sites: Sites, slopes: np.ndarray | None = None, advance: Callable[[int], object] = int) -> SiteRows:
    """The columns under the rows of a table; slopes: quantiles that stand for missing ones, of the table by default."""
    # The simulator's column needs numba and scipy; a training without sites does not.
    from elm_landslide.observation import site_columns

    x, solved = site_columns.fields(sites, slopes=slopes, advance=advance)
    both = {"random": x, "same_site": site_columns.on_reference_slope(x)}
    return SiteRows(
        sites, {design: torch.from_numpy(values) for design, values in both.items()}, torch.from_numpy(solved)
    )


def rows_of_trigger(sites: Sites, trigger: str) -> np.ndarray:
    """Rows [n] (bool) of a comparison on landslides of a kind of trigger: rain or all."""
    if trigger not in ("rain", "all"):
        raise UserError(f"trigger: {trigger}: unknown; choose rain or all")
    return rain_triggered(sites) if trigger == "rain" else np.ones(sites.n, dtype=bool)


def rows_of_design(design: str, sites: Sites) -> np.ndarray:
    """Rows [n] (bool) of a design: landslides, and its other rows."""
    return sites.landslide | (sites.kind == design)


def folds(sites: Sites, count: int, seed: int) -> np.ndarray:
    """Fold [n] of each row: blocks at random, the largest first, each to the fold with the fewest landslides."""
    blocks, at = np.unique(sites.block, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(blocks))
    landslides, rows = (np.bincount(at, weights=w, minlength=len(blocks)) for w in (sites.landslide, np.ones(sites.n)))
    order = order[np.argsort(-landslides[order], kind="stable")]
    fold, sizes = np.zeros(len(blocks), dtype=int), np.zeros((count, 2))
    for block in order:
        least = int(np.lexsort((sizes[:, 1], sizes[:, 0]))[0]) if landslides[block] else int(sizes[:, 1].argmin())
        fold[block] = least
        sizes[least] += landslides[block], rows[block]
    return fold[at]


def without(x: Tensor, what: str) -> Tensor:
    """Columns [..., N_IN] without roots, or without the water that macropores take to the base."""
    x = x.clone()
    if what == "roots":
        x[..., FIELDS["root_strength_left"].columns] = 0.0
    elif what == "macropores":
        for name in (*RAIN_WINDOWS, "snowmelt"):
            x[..., FIELDS[name].columns] = 0.0
    else:
        raise ValueError(f"without {what}: roots or macropores")
    return x


def over_draws(values: Tensor, solved: Tensor) -> Tensor:
    """Mean over the draws that were solved; values [n, draw, ...], solved [n, draw] (bool)."""
    weight = solved.double().view(*solved.shape, *[1] * (values.dim() - 2))
    return (values * weight).sum(1) / weight.sum(1)


def _failing(network: LandslideNetwork, x: Tensor) -> tuple[Prepared, Tensor]:
    """The columns [..., N_IN], one after the other, prepared, and their failing share, mean of the members [n]."""
    prepared = network.prepare(x.reshape(-1, x.shape[-1]))
    p, _, _ = network.run_members(prepared, network.latents(prepared, network.members)[0])
    return prepared, p.mean(-1)


@torch.no_grad()
def log_failing(network: LandslideNetwork, rows: SiteRows, design: str, ablation: str = "") -> np.ndarray:
    """z [n, BAG]: ln of the failing share, averaged over members and over the draws that were solved."""
    parts = []
    for x, solved in zip(rows.x[design].split(ROWS), rows.solved.split(ROWS), strict=True):
        x = without(x, ablation) if ablation else x
        _, failing = _failing(network, x)
        parts.append(over_draws(torch.log(failing.view(x.shape[:-1]) + FLOOR), solved))
    return torch.cat(parts).numpy()


@torch.no_grad()
def hazard_inputs(network: LandslideNetwork, rows: SiteRows, design: str, ablation: str = "") -> HazardInputs:
    """What the hazard of the rows is made of, each [n, draw, BAG, ...]. ablation: as `without`, or physics: one failing
    share everywhere."""
    parts = []
    for x in rows.x[design].split(ROWS):
        x = without(x, ablation) if ablation not in ("", "physics") else x
        prepared, failing = _failing(network, x)
        if ablation == "physics":
            failing = torch.full_like(failing, math.exp(MIDDLE))
        inputs = network.hazard_inputs(prepared, failing)
        parts.append([value.view(*x.shape[:-1], *value.shape[1:]) for value in vars(inputs).values()])
    return HazardInputs(*(torch.cat(values) for values in zip(*parts, strict=True)))


def part_of(inputs: HazardInputs, rows: Tensor, draw: int) -> HazardInputs:
    """Of some rows and one draw, days after rows [rows x BAG, ...]."""
    return HazardInputs(*(value[rows, draw].flatten(0, 1) for value in vars(inputs).values()))


@torch.no_grad()
def log_hazard(network: LandslideNetwork, rows: SiteRows, design: str, ablation: str = "") -> np.ndarray:
    """ln of the hazard [n, BAG], averaged over the draws that were solved."""
    inputs, every = hazard_inputs(network, rows, design, ablation), torch.arange(rows.sites.n)
    draws = [network.hazard.log(part_of(inputs, every, k)).view(rows.sites.n, -1) for k in range(rows.solved.shape[1])]
    return over_draws(torch.stack(draws, 1), rows.solved).numpy()


@torch.no_grad()
def outside(network: LandslideNetwork, rows: SiteRows) -> np.ndarray:
    """Rows [n] (bool) with a column outside the training domain; the network falls back to prior strengths there."""
    parts = []
    for x, solved in zip(rows.x["random"].split(ROWS), rows.solved.split(ROWS), strict=True):
        flag = network.prepare(x.reshape(-1, x.shape[-1])).flag.view(x.shape[:-1])
        parts.append(((flag == FLAGS["outside"]) & solved.unsqueeze(-1)).any(-1).any(-1))
    return torch.cat(parts).numpy()


def over_days(logs: np.ndarray) -> np.ndarray:
    """ln of the rate in the days of a bag [n], from ln of that of each day [n, BAG]."""
    return np.logaddexp.reduce(logs + np.log(np.array(LATE)), axis=1)

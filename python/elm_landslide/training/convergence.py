"""What simulated hillslopes say of physics/convergence.py: the exponent, and what the wetness of slopes adds.

An ensemble holds the topographic wetness of its hillslopes: convergent, planar and divergent ones, or tiles of a DEM.
The network says how much of each fails, with the wetness and without, all else alike; and, as in stage 1, twice: from
what ELM knows, and with the strengths of the hillslope given, where they do not hide what water does. What is left to
spread on one hillslope is then fitted, too.

The exponent is the one with which the failing shares of the first members are likeliest: the sum of both
cross-entropies is least. The other members say what that is worth. Intervals are over members drawn again (bootstrap):
the states of a member hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from elm_landslide.errors import UserError
from elm_landslide.fields import OUTPUTS, WETNESS_FIELDS
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.physics.infinite_slope import normal_cdf
from elm_landslide.physics.stability import minimum_factor_of_safety
from elm_landslide.simulator import ensemble_file
from elm_landslide.simulator.terrain import SHAPES
from elm_landslide.training import simulated
from elm_landslide.training.simulated import SCORED, States

EXPONENTS = np.linspace(0.0, 1.5, 16)
SPREADS = np.linspace(0.1, 0.6, 11)  # of ln FoS between points of one slope and hillslope
HELD_OUT = 0.3  # of the members, the last
DRAWS = 1000
SEED = 1
INTERVAL = (5.0, 95.0)  # %


@dataclass
class Scores:
    """Of members [m], means over their states: cross-entropy of the failing share, its absolute error; each from what
    ELM knows, and with the strengths known [spread, m]."""

    entropy: np.ndarray
    error: np.ndarray
    entropy_known: np.ndarray
    error_known: np.ndarray


def convergence_scores(
    network: LandslideNetwork, paths: list[Path], report: Callable[[str, int, int], None]
) -> dict[str, dict]:
    """By name of the ensembles of elm-landslide simulate: the exponent with its interval; and of the held-out members,
    and of each shape of them, scores without the wetness, and what it changes with its interval. The first ensemble
    gives the exponent and the spreads that all are scored with.

    Raises UserError for a file that is none, that has no wetness, or too few members.
    """
    found: dict[str, dict] = {}
    chosen: tuple[float, int, int] | None = None  # exponent; number of the spread without the wetness, and with it
    for path in paths:
        ensemble, variables = ensemble_file.read(path)
        if WETNESS_FIELDS[0] not in variables:
            raise UserError(f"{path}: has no {WETNESS_FIELDS[0]}: simulate it again with this version")
        good = np.flatnonzero(variables["hillslope_failed"] == 0)
        last = int(len(good) * (1.0 - HELD_OUT))
        if not 1 < last < len(good) - 1:
            raise UserError(f"{path}: {len(good)} solved members: too few to hold out {HELD_OUT:g} of them")
        states = simulated.states(variables, good)
        curves = []
        for k, exponent in enumerate(EXPONENTS):
            curves.append(_score(network, states, len(good), float(exponent)))
            report(f"{Path(path).name}: exponents", k + 1, len(EXPONENTS))
        without = curves[0]  # the exponent 0
        known = np.stack([curve.entropy_known[:, :last].mean(1) for curve in curves])
        spread = known.argmin(1)
        total = np.stack([c.entropy[:last] + c.entropy_known[k, :last] for c, k in zip(curves, spread, strict=True)])
        estimate = _least(total)
        if chosen is None:
            chosen = (estimate[0], int(spread[0]), int(spread[np.abs(EXPONENTS - estimate[0]).argmin()]))
        with_wetness = _score(network, states, len(good), chosen[0])
        shape = variables["parameter_shape"][good].astype(int).clip(0, len(SHAPES) - 1)
        held_out = np.arange(len(good)) >= last
        parts = {"all": held_out}
        if not ensemble.dem:
            parts |= {name: held_out & (shape == k) for k, name in enumerate(SHAPES)}
        found[Path(path).stem] = {
            "dem": Path(ensemble.dem).name,
            "members": len(good),
            "exponent": estimate,
            "scored_with": chosen[0],
            "spreads": [float(SPREADS[k]) for k in chosen[1:]],
            "held_out": {
                n: _change(without, with_wetness, part, chosen[1:]) for n, part in parts.items() if part.any()
            },
        }
    return found


@contextmanager
def _exponent(network: LandslideNetwork, value: float) -> Iterator[None]:
    before = network.exponent
    network.exponent = value
    try:
        yield
    finally:
        network.exponent = before


@torch.no_grad()
def _score(network: LandslideNetwork, states: States, members: int, exponent: float) -> Scores:
    parts: list[list[np.ndarray]] = []
    with _exponent(network, exponent):
        for first in range(0, len(states), SCORED):
            part = states.rows(slice(first, first + SCORED))
            free = network(part.x)[:, OUTPUTS["probability"].index]
            shares = torch.cat([free.unsqueeze(0), _known(network, part)])
            parts.append([_entropy(shares, part.probability), (shares - part.probability).abs().numpy()])
    entropy, error = (
        np.concatenate(values, -1).reshape(1 + len(SPREADS), members, -1).mean(-1)
        for values in zip(*parts, strict=True)
    )
    return Scores(entropy[0], error[0], entropy[1:], error[1:])


def _known(network: LandslideNetwork, states: States) -> Tensor:
    """Failing shares [spread, n] of hillslopes whose strengths are known; the network gives the water."""
    prepared = network.prepare(states.x)
    latents, _ = network.latents(prepared, network.members)
    mean = {name: values.mean(1, keepdim=True) for name, values in latents.items()}
    hillslope = simulated.with_water(network, prepared, mean, states.given)
    fos, _ = minimum_factor_of_safety(prepared.column, prepared.gradient, hillslope, network.planes)[0]
    log_fos = (torch.log(fos) + mean["residual"])[:, 0, : network.n_classes]
    return torch.stack([(normal_cdf(-log_fos / spread) * network.weights).sum(-1) for spread in SPREADS.tolist()])


def _entropy(share: Tensor, truth: Tensor) -> np.ndarray:
    """Cross-entropy of failing shares, of any shape."""
    bounded = share.clamp(1e-6, 1.0 - 1e-6)
    return -(truth * torch.log(bounded) + (1.0 - truth) * torch.log1p(-bounded)).numpy()


def _draws(members: int) -> np.ndarray:
    """Weights of the members when they are drawn again [DRAWS, members]."""
    counts = np.random.default_rng(SEED).multinomial(members, np.full(members, 1.0 / members), size=DRAWS)
    return counts / members


def _interval(values: np.ndarray) -> list[float]:
    return np.percentile(values, INTERVAL).tolist()


def _least(loss: np.ndarray) -> list[float]:
    """The exponent of the least mean of loss [EXPONENTS, member], and its interval; by a parabola through the least
    point and its neighbours."""

    def at(curve: np.ndarray) -> float:
        k = int(np.clip(curve.argmin(), 1, len(curve) - 2))
        before, here, after = curve[k - 1 : k + 2]
        shift = np.clip(0.5 * (before - after) / max(before - 2.0 * here + after, 1e-12), -1.0, 1.0)
        return float(EXPONENTS[k] + shift * (EXPONENTS[1] - EXPONENTS[0]))

    return [at(loss.mean(1)), *_interval(np.array([at(curve) for curve in _draws(loss.shape[1]) @ loss.T]))]


def _change(without: Scores, wetness: Scores, members: np.ndarray, spreads: tuple[int, ...]) -> dict:
    """Scores of some members (bool) without the wetness, and their change."""
    before, after = spreads
    pairs = {
        "cross_entropy": (without.entropy, wetness.entropy),
        "error": (without.error, wetness.error),
        "cross_entropy_known": (without.entropy_known[before], wetness.entropy_known[after]),
        "error_known": (without.error_known[before], wetness.error_known[after]),
    }
    out: dict = {"members": int(members.sum())}
    for name, (old, new) in pairs.items():
        change = (new - old)[members]
        out[name] = float(old[members].mean())
        out[f"{name}_change"] = [float(change.mean()), *_interval(_draws(len(change)) @ change)]
    return out

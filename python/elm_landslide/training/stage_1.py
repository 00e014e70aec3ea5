"""Stage 1: the members of the network, on sampled columns and, if given, on an ensemble of the simulator."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from elm_landslide.model.network import LandslideNetwork
from elm_landslide.training import closed_form, simulated
from elm_landslide.training.config import Config
from elm_landslide.training.fitting import Fitting, Session, fit
from elm_landslide.training.simulated import States

WEIGHT_DECAY = 1e-4


def fit_normalisation(network: LandslideNetwork, x: Tensor, more: list[Tensor]) -> None:
    """Feature normalisation and domain from the sampled columns x [n, N_IN]; `more` [k, N_IN] that the training sees
    widen the domain."""
    _, _, features = network.raw_features(x)
    network.feature_mean.copy_(features.mean(0))
    network.feature_scale.copy_(features.std(0).clamp(min=1e-6))
    given, clean, features = network.raw_features(x)
    network.domain.fit(clean, given, (features - network.feature_mean) / network.feature_scale)
    for others in more:
        given, clean, features = network.raw_features(others)
        network.domain.widen(clean, given, (features - network.feature_mean) / network.feature_scale)


def linear_layers(member: nn.Module) -> list[nn.Linear]:
    """The layers of a member that have weights, in order."""
    return [layer for layer in member.children() if isinstance(layer, nn.Linear)]


def first_weights(member: nn.Module, seed: int) -> None:
    """Hidden layers random, the last one 0: a member starts from the prior."""
    generator = torch.Generator().manual_seed(seed)
    for layer in linear_layers(member)[:-1]:
        bound = layer.in_features**-0.5
        for parameter in (layer.weight, layer.bias):
            parameter.data.uniform_(-bound, bound, generator=generator)


def fit_members(
    network: LandslideNetwork,
    x: Tensor,
    target: dict[str, Tensor],
    states: States | None,
    config: Config,
    session: Session,
) -> None:
    """Train every member on its own order of the columns, from its own first weights."""
    settings = config.network
    for i, member in enumerate(network.members):
        seed = session.seed + 1000 * (i + 1)
        first_weights(member, seed)
        drawn = torch.Generator().manual_seed(seed + 1 + session.ranks.rank)

        def loss(rows: Tensor, member=member, drawn=drawn) -> Tensor:
            value = closed_form.loss(
                network, member, x[rows], {k: v[rows] for k, v in target.items()}, settings.prior_penalty
            )
            if states is not None:
                picked = torch.randint(len(states), (len(rows),), generator=drawn)
                value = value + config.hillslopes.weight * simulated.loss(
                    network, member, states.rows(picked), config.hillslopes.failure
                )
            return value

        how = Fitting(settings.epochs, settings.batch, settings.rate, WEIGHT_DECAY)
        name = f"member {i + 1} of {len(network.members)}"
        fit(name, member.parameters(), loss, len(x), how, replace(session, seed=seed), [drawn])

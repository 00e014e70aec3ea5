"""Stage 1: where the members start, and how the two losses come together."""

from dataclasses import replace

import pytest
import torch

from elm_landslide.model.network import LandslideNetwork
from elm_landslide.training import closed_form, simulated
from elm_landslide.training.fitting import Group, Session, one_thread
from elm_landslide.training.sampling import sample_columns
from elm_landslide.training.stage_1 import first_weights, fit_members, fit_normalisation
from support.small_training import HELD_OUT, MEMBERS, SMALL

SEED = 3


@pytest.fixture(scope="module")
def states(ensemble_path):
    return simulated.read(ensemble_path, HELD_OUT / MEMBERS)[0]


@pytest.fixture(scope="module")
def x():
    return sample_columns(128, 61)


@pytest.fixture(scope="module")
def target(x):
    return closed_form.make_targets(x, 62, 64, lambda *_: None, "")


@pytest.fixture
def fitted(x, target, states):
    """Weights of a small network after a fit with these settings."""

    def fit(some=None, epochs=1, ranks=None, **weights):
        config = replace(
            SMALL,
            network=replace(SMALL.network, epochs=epochs),
            hillslopes=replace(SMALL.hillslopes, **weights),
        )
        network = LandslideNetwork(2, 8)
        fit_normalisation(network, x, [states.x])  # outside the domain nothing would be learned from them
        with one_thread():
            fit_members(network, x, target, some, config, Session(SEED, ranks or Group()))
        return network.members.state_dict()

    return fit


def equal(first, second) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def test_members_start_from_the_prior_with_weights_of_their_own(fitted):
    """The seed alone decides; the last layer is 0."""
    members = LandslideNetwork(2, 8).members
    for i, member in enumerate(members):
        torch.manual_seed(i)  # plays no part
        first_weights(member, SEED + 1000 * (i + 1))
    start = members.state_dict()
    assert equal(fitted(epochs=0), start)
    for name, value in start.items():
        member, layer, _ = name.split(".")
        if layer == "4":
            assert not value.any()
        else:
            bound = members[0][int(layer)].in_features ** -0.5
            assert 0.5 * bound < value.abs().max() <= bound
            assert member == "1" or not torch.equal(value, start[f"1{name[1:]}"])


def test_hillslopes_count_by_their_weight(fitted, states):
    """With a weight of 0 they play no part; their failing share is weighed apart."""
    without = fitted(epochs=3)
    assert equal(fitted(states, 3, weight=0.0), without)
    both, fos_alone = fitted(states, 3, weight=0.3), fitted(states, 3, weight=0.3, failure=0.0)
    assert not equal(both, without)
    assert not equal(fos_alone, without)
    assert not equal(both, fos_alone)


def test_the_loss_is_the_sum_of_both(fitted, x, target, states, monkeypatch):
    """With one state, which every row then draws: columns plus weight times hillslopes. Each member goes through the
    columns in an order of its own."""
    seen, seeds = [], set()

    def fit(name, parameters, loss, rows, settings, session, drawn):
        seen.append(loss(torch.arange(rows)).item())
        seeds.add(session.seed)

    monkeypatch.setattr("elm_landslide.training.stage_1.fit", fit)
    one = states.rows(torch.zeros(1, dtype=torch.long))
    fitted(one, weight=0.25, failure=3.0)
    for i, found in enumerate(seen):
        network = LandslideNetwork(2, 8)
        fit_normalisation(network, x, [states.x])
        member = network.members[i]
        first_weights(member, SEED + 1000 * (i + 1))
        wanted = closed_form.loss(network, member, x, target, SMALL.network.prior_penalty)
        wanted = wanted + 0.25 * simulated.loss(network, member, one, 3.0)
        assert found == pytest.approx(wanted.item(), rel=1e-9)
    assert len(seen) == len(seeds) == 2


def test_ranks_draw_states_of_their_own(fitted, states, monkeypatch):
    """Else the second would repeat the first; the generator is kept with the fit."""
    seen = {}

    def fit(name, parameters, loss, rows, settings, session, drawn):
        loss(torch.arange(rows))
        seen.setdefault(session.ranks.rank, []).append(drawn[0].get_state())

    monkeypatch.setattr("elm_landslide.training.stage_1.fit", fit)
    for rank in range(2):
        fitted(states, ranks=Group(rank, 2))
    assert not any(torch.equal(first, second) for first in seen[0] for second in seen[1])
    unused = torch.Generator().manual_seed(SEED + 1001).get_state()
    assert not torch.equal(seen[0][0], unused)  # the loss draws from it

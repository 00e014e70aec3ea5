"""Stage 3: what the hazard learns from made sites, and what it leaves alone."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation import designs, metrics
from elm_landslide.training import stage_3
from elm_landslide.training.config import HazardSettings, SiteSettings
from elm_landslide.training.fitting import Session
from support import made_sites

QUICK = HazardSettings(epochs=60, batch=64)


def fitted(table, seed=3, settings=QUICK, ablation=""):
    torch.manual_seed(1)
    network = LandslideNetwork(members=2, width=8).eval().requires_grad_(False)
    before = copy.deepcopy(network.state_dict())
    stage_3.fit_hazard(network, table, settings, SiteSettings(), Session(seed), ablation=ablation)
    return network, before


@pytest.fixture(scope="module")
def table():
    return made_sites.columns()


@pytest.fixture(scope="module")
def network(table):
    return fitted(table)[0]


def auc(table, design, scores):
    of = designs.rows_of_design(design, table.sites)
    draws = metrics.resample(table.sites.block[of], draws=0)
    return metrics.discrimination(table.sites.landslide[of], scores[of], draws)["auc"][0]


@pytest.mark.parametrize("design", ["same_site", "random"])
def test_landslides_score_higher(table, network, design):
    scores = designs.over_days(designs.log_hazard(network, table, design))
    assert auc(table, design, scores) > 0.8


def test_one_on_average_over_random_places_and_days(table, network):
    ordinary = table.rows(np.flatnonzero(table.sites.kind == "random"))
    x = ordinary.x["random"][ordinary.solved]
    hazard = network.hazard(network.hazard_inputs(*inputs_of(network, x.flatten(0, 1))))
    assert hazard.mean().item() == pytest.approx(1.0, rel=1e-9)
    assert bool(network.hazard.trained)


def inputs_of(network, x):
    prepared = network.prepare(x)
    probability = network.run_members(prepared, network.latents(prepared, network.members)[0])[0]
    return prepared, probability.mean(-1)


def test_the_rest_of_the_network_stays_and_the_same_comes_out_twice(table, network):
    again, before = fitted(table)
    for name, value in again.state_dict().items():
        assert torch.equal(value, network.state_dict()[name]), name
        assert name.startswith("hazard.") or torch.equal(value, before[name]), name
    other, _ = fitted(table, seed=4)
    assert not torch.equal(other.hazard.out, network.hazard.out)


def test_without_physics_the_failing_share_is_not_seen(table):
    """Drier soil changes the failing share; the states are put back."""
    blind, _ = fitted(table, settings=dataclasses.replace(QUICK, epochs=5), ablation="physics")
    inputs = designs.hazard_inputs(blind, table, "random", "physics")
    assert inputs.failing.unique().numel() == 1
    assert designs.hazard_inputs(blind, table, "random").failing.unique().numel() > 100


def test_permuted_labels_teach_nothing(table):
    order = np.random.default_rng(0).permutation(table.sites.n)
    labels = {name: getattr(table.sites, name)[order] for name in ("landslide", "kind", "pair", "accuracy")}
    permuted = dataclasses.replace(table, sites=dataclasses.replace(table.sites, **labels))
    half = np.isin(table.sites.block, np.unique(table.sites.block)[::2])
    network, _ = fitted(permuted.rows(np.flatnonzero(half)))
    rest = permuted.rows(np.flatnonzero(~half))
    scores = designs.over_days(designs.log_hazard(network, rest, "random"))
    assert abs(auc(rest, "random", scores) - 0.5) < 0.25


def test_steep_hazard_weighs_the_steep_land_of_random_places(table, network, monkeypatch):
    """With one share of steep land everywhere it is that share, since the hazard is 1 on average there."""
    monkeypatch.setattr(stage_3, "steep_share", lambda slope: np.full(len(slope), 0.25))
    assert stage_3.steep_hazard(network, table) == pytest.approx(0.25, rel=1e-9)


def test_what_acts_beside_the_failing_share_is_penalised(table):
    """Without the penalty it acts; with a large one nearly nothing does, and landslides still score higher."""
    free, held = (fitted(table, settings=dataclasses.replace(QUICK, besides=weight))[0] for weight in (0.0, 30.0))
    assert held.hazard.besides() < 0.2 * free.hazard.besides()
    assert auc(table, "random", designs.over_days(designs.log_hazard(held, table, "random"))) > 0.7

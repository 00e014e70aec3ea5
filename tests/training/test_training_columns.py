"""Stage 1 on sampled columns: losses and scores by hand."""

import math

import pytest
import torch

from elm_landslide.fields import FIELDS, FLAGS, N_IN, N_OUT, SPVAL, WETNESS_FIELDS
from elm_landslide.model.export import load_eager
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.model.network import LATENTS, LandslideNetwork
from elm_landslide.physics.infinite_slope import FOS_CAP
from elm_landslide.training import closed_form
from elm_landslide.training.sampling import hillslope_targets, sample_columns
from elm_landslide.training.stage_1 import fit_normalisation


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_huber_by_hand():
    """20 times e^2 / 2 below 0.1 and 0.1 (|e| - 0.05) above; a mean over all."""
    wanted = tensor(0.0, 0.5, 1.0, -1.0)
    assert closed_form.huber(wanted, wanted) == 0.0
    found = closed_form.huber(wanted + tensor(0.0, 0.05, -0.3, 1.0), wanted)
    assert found.item() == pytest.approx(20.0 * (0.05**2 / 2 + 0.1 * 0.25 + 0.1 * 0.95) / 4)


def test_the_cap_carries_no_gradient():
    """From 0.8 of the cap on, what is predicted does not matter."""
    limit = math.log(0.8 * FOS_CAP)
    wanted = tensor(math.log(FOS_CAP), limit + 1e-6, limit - 1e-6)
    log_fos = tensor(0.0, 5.0, limit - 1e-6 + 0.05).requires_grad_(True)
    loss = closed_form.huber(log_fos, wanted)
    assert loss.item() == pytest.approx(20.0 * 0.05**2 / 2 / 3)
    loss.backward()
    assert log_fos.grad[:2].tolist() == [0.0, 0.0]
    assert log_fos.grad[2] > 0.0


def test_cross_entropy_of_the_failing_share():
    found = closed_form.failure(tensor(0.3, 0.6), tensor(0.25, 1.0))
    assert found.item() == pytest.approx((-0.25 * math.log(0.3) - 0.75 * math.log(0.7) - math.log(0.6)) / 2)
    certain = closed_form.failure(tensor(0.0, 1.0), tensor(0.0, 1.0))
    assert 0.0 <= certain < 1e-8
    assert torch.isfinite(closed_form.failure(tensor(0.0, 1.0), tensor(1.0, 0.0)))


@pytest.fixture(scope="module")
def network():
    made = LandslideNetwork(members=2, width=8)
    fit_normalisation(made, sample_columns(2000, 41), [])
    return made


@pytest.fixture(scope="module")
def x(network):
    """Columns inside the domain, where corrections count."""
    found = sample_columns(40, 42)
    return found[network.prepare(found).flag < FLAGS["outside"]]


@torch.no_grad()
def answers(network, member, x):
    prepared = network.prepare(x)
    probability, log_fos, _ = network.run_members(prepared, network.latents(prepared, [member])[0])
    return {"probability": probability[:, 0], "log_fos": log_fos[:, 0, 0], "log_fos_median": log_fos[:, 0, 1]}


def test_loss_of_its_own_answers_is_their_entropy(network, x):
    """The factors of safety are exact, at both slopes; the member is at the prior, so nothing is to be punished."""
    member = network.members[0]
    target = answers(network, member, x)
    p = target["probability"].clamp(1e-9, 1 - 1e-9)
    entropy = -(p * torch.log(p) + (1 - p) * torch.log(1 - p)).mean()
    least = closed_form.loss(network, member, x, target, 7.0)
    assert least.item() == pytest.approx(entropy.item(), rel=1e-6)
    for name in ("log_fos", "log_fos_median"):
        other = {**target, name: target[name] - 0.02}
        decided = (other[name] < math.log(0.8 * FOS_CAP)).double().mean().item() / 2  # half of the answers
        rise = (closed_form.loss(network, member, x, other, 0.0) - least).item()
        assert decided > 0.1
        assert rise == pytest.approx(decided * 20.0 * 0.02**2 / 2, rel=1e-6)


def test_penalty_on_leaving_the_prior(network, x):
    """Corrections of 0.3 in every latent cost 0.09 times the weight; only the member that is asked counts."""
    member = network.members[1]
    member[-1].bias.data.fill_(0.3)
    target = answers(network, member, x)
    without, with_it, other = (
        closed_form.loss(network, m, x, target, weight).item()
        for m, weight in ((member, 0.0), (member, 2.0), (network.members[0], 0.0))
    )
    assert with_it - without == pytest.approx(2.0 * 0.09)
    assert other > without


def test_gradient_moves_the_member_alone(network, x):
    member = network.members[1]
    network.zero_grad()
    target = answers(network, network.members[0], x)
    closed_form.loss(network, member, x, target, 0.1).backward()
    assert member[-1].bias.grad.shape == (len(LATENTS),)
    assert (member[-1].bias.grad != 0).all()
    assert all(p.grad is None for p in network.members[0].parameters())


def test_targets_in_chunks_are_those_of_their_columns():
    """2^15 points: two columns at once, each chunk with a seed of its own."""
    x, told = sample_columns(5, 9), []
    found = closed_form.make_targets(x, 100, 2**15, lambda *a: told.append(a), "targets")
    parts = [hillslope_targets(x[2 * i : 2 * i + 2], 100 + i, 2**15) for i in range(3)]
    assert set(found) == {"probability", "log_fos", "log_fos_median", "depth"}
    for name, values in found.items():
        assert values.shape == (5,)
        assert torch.equal(values, torch.cat([part[name] for part in parts]))
    assert told == [("targets", 2, 5), ("targets", 4, 5), ("targets", 5, 5)]


FOS = tensor(0.9, 0.95, 1.3, 2.0, 9.0, 0.1)
WANTED = tensor(0.8, 1.1, 0.9, 2.2, 3.0, 0.5)  # the last two lie at the ends of what is scored, so out of it


def test_scores_of_the_factor_of_safety_by_hand():
    """Errors 0.1, -0.15, 0.4, -0.2 about a mean of 1.25; one of two failures is found, with one false alarm."""
    found = closed_form.fos_scores(FOS, WANTED)
    squares = 0.1**2 + 0.15**2 + 0.4**2 + 0.2**2
    spread = 0.45**2 + 0.15**2 + 0.35**2 + 0.95**2
    assert found == {
        "fos_columns": 4,
        "fos_r2": pytest.approx(1 - squares / spread),
        "fos_rmse": pytest.approx(math.sqrt(squares / 4)),
        "fos_f1": pytest.approx(2 * 1 / (2 + 2)),
    }
    exact = closed_form.fos_scores(WANTED, WANTED)
    assert (exact["fos_r2"], exact["fos_rmse"], exact["fos_f1"]) == (1.0, 0.0, 1.0)
    assert closed_form.fos_scores(WANTED + 1.0, WANTED + 1.0)["fos_f1"] is None  # nothing fails


def test_scores_of_a_network_by_hand():
    """What lies outside the domain is counted and not scored."""
    y = torch.zeros(8, N_OUT + 1, dtype=torch.float64)
    y[:6, 0] = tensor(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    y[:6, 1], y[:6, 3] = FOS, 1.0
    y[:, -1] = tensor(*[FLAGS["ok"], FLAGS["filled"]] * 3, FLAGS["outside"], FLAGS["invalid"])
    y[6:, :N_OUT] = 1e36
    target = {
        "log_fos": torch.log(torch.cat([WANTED, tensor(1.0, 1.0)])),
        "probability": torch.cat([y[:6, 0] + tensor(0.1, 0.1, -0.2, 0.0, 0.0, 0.3), tensor(0.0, 0.0)]),
        "depth": tensor(1.1, 0.7, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0),  # scored where the factor of safety is
    }
    found = closed_form.evaluate(lambda x: y, torch.zeros(8, N_IN), target)
    assert (found["columns"], found["outside"]) == (6, 2)
    assert {name: found[name] for name in found if name.startswith("fos")} == closed_form.fos_scores(
        FOS, torch.exp(target["log_fos"][:6])
    )
    assert found["depth_mae"] == pytest.approx((0.1 + 0.3) / 4)
    assert found["probability_mae"] == pytest.approx(0.7 / 6)
    assert found["probability_rmse"] == pytest.approx(math.sqrt((0.01 + 0.01 + 0.04 + 0.09) / 6))
    assert found["probability_bias"] == pytest.approx(-0.3 / 6)


def test_targets_follow_the_wetness_as_the_network_does():
    """Points drawn over slope and wetness, against the few that the shipped network integrates with."""
    x = sample_columns(1500, 17)
    dry = x.clone()
    for name in WETNESS_FIELDS:
        dry[:, FIELDS[name].columns] = SPVAL
    network = load_eager(SHIPPED)
    change = (network(x) - network(dry))[:, 0]
    with_it, without = (closed_form.make_targets(c, 3, 512, lambda *a: None, "")["probability"] for c in (x, dry))
    wanted = with_it - without
    unknown = (x == dry).all(-1)
    assert unknown.any()
    assert torch.equal(with_it[unknown], without[unknown])
    moved = wanted.abs() > 0.02
    assert moved.sum() > 20
    assert float(torch.corrcoef(torch.stack([change[moved], wanted[moved]]))[0, 1]) > 0.6
    assert 0.5 < float((change[moved] / wanted[moved]).median()) < 1.3

"""The module: flags, fallback, invariances of batching, bounds."""

import copy

import pytest
import torch

from elm_landslide import fields
from elm_landslide.fields import FIELDS, FLAGS, N_IN, N_OUT, SPVAL, WETNESS_FIELDS
from elm_landslide.model import model_file
from elm_landslide.model.calibration import BetaCalibration
from elm_landslide.model.domain import Domain
from elm_landslide.model.export import load_eager
from elm_landslide.model.network import LATENTS, LandslideNetwork
from elm_landslide.training.sampling import hillslope_targets, sample_columns
from elm_landslide.training.stage_1 import fit_normalisation


@pytest.fixture(scope="module")
def network():
    """A network whose corrections are not zero, with its domain fitted."""
    torch.manual_seed(4)
    network = LandslideNetwork(members=2)
    fit_normalisation(network, sample_columns(4000, 31), [])
    for member in network.members:
        torch.nn.init.normal_(member[-1].weight, std=0.3)
    for parameter in (network.hazard.state_in, network.hazard.state_out):
        torch.nn.init.normal_(parameter, std=0.3)
    network.hazard.trained.fill_(True)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def x():
    return sample_columns(300, 32)


def flags(network, x):
    return network(x)[:, N_OUT].int()


def test_outputs_are_bounded(network, x):
    y = network(x)
    p, fos, median, depth, spread, hazard = y[:, :N_OUT].T
    assert ((p >= 0) & (p <= 1)).all()
    assert p.max() > 0.05
    for value in (fos, median):
        assert ((value > 0) & (value <= 10)).all()
    assert ((depth >= 0.2 - 1e-12) & (depth <= 3.0)).all()
    assert ((spread >= 0) & (spread <= 0.5)).all()
    assert spread.max() > 0
    assert (hazard > 0).all()
    assert (hazard < 1e9).all()


def test_latents_keep_their_bounds(network, x):
    values, _ = network.latents(network.prepare(x), network.members)
    for name, (low, high) in LATENTS.items():
        assert values[name].shape == (len(x), 2, 1)
        assert ((values[name] > low) & (values[name] < high)).all(), name


def test_columns_do_not_see_each_other(network, x):
    y = network(x)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(network(x[order]), y[order], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(
        torch.cat([network(x[:1]), network(x[1:100]), network(x[100:])]), y, rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [SPVAL, -SPVAL, float("nan"), float("inf"), float("-inf")])
def test_missing_value_in_each_field(network, x, name, value):
    field = FIELDS[name]
    inside = x[flags(network, x) < FLAGS["outside"]][:20].clone()
    inside[:, field.offset + field.layers - 1] = value
    y = network(inside)
    if field.required:
        assert (y[:, N_OUT] == FLAGS["invalid"]).all()
        assert (y[:, :N_OUT] == SPVAL).all()
    else:
        assert field.filled is not True or (y[:, N_OUT] >= FLAGS["filled"]).all()
        assert (y[:, N_OUT] < FLAGS["invalid"]).all()
        assert torch.isfinite(y).all()
        assert (y[:, :N_OUT] < SPVAL).all()


@pytest.mark.parametrize("name", FIELDS)
def test_value_out_of_its_physical_range(network, x, name):
    field = FIELDS[name]
    inside = x[flags(network, x) < FLAGS["outside"]][:20]
    for limit, step in zip(field.valid, (-1.0, 1.0), strict=True):
        bad = inside.clone()
        bad[:, field.offset] = limit + step * max(abs(limit), 1.0)
        y = network(bad)
        assert (y[:, N_OUT] == FLAGS["outside"]).all()
        assert torch.isfinite(y).all()


def test_columns_of_spval_stay_spval(network):
    y = network(torch.full((4, N_IN), SPVAL, dtype=torch.float64))
    assert (y[:, :N_OUT] == SPVAL).all()
    assert (y[:, N_OUT] == FLAGS["invalid"]).all()


def test_every_field_given_is_ok_and_missing_rain_is_filled(network, x):
    full = x.clone()
    for field in FIELDS.values():
        if not field.required:
            usual = 6.0 if field.name in WETNESS_FIELDS else field.default
            full[:, field.columns] = torch.where(full[:, field.columns] == SPVAL, usual, full[:, field.columns])
    full[:, FIELDS["frost_table_depth"].offset] = full[:, FIELDS["frost_table_depth"].offset].clamp(max=2.8)
    full[:, FIELDS["perched_water_table_depth"].offset] = 0.5 * full[:, FIELDS["frost_table_depth"].offset]
    good = full[flags(network, full) == FLAGS["ok"]]
    assert len(good) > 150
    good = good.clone()
    good[:, FIELDS["rain_1d"].offset] = SPVAL
    assert (flags(network, good) == FLAGS["filled"]).all()


def test_outside_falls_back_to_prior_strengths(network, x):
    """Outside the domain the learned corrections play no part: another network with the same guard agrees exactly."""
    torch.manual_seed(9)
    other = LandslideNetwork(members=2)
    other.load_state_dict({k: v for k, v in network.state_dict().items() if not k.startswith("members")}, strict=False)
    inside = x[flags(network, x) < FLAGS["outside"]]
    outside = inside.clone()
    outside[:, FIELDS["leaf_area_index"].offset] = 19.0
    assert (flags(network, outside) == FLAGS["outside"]).all()
    assert torch.equal(network(outside), other(outside))
    assert (network(inside)[:, 1] - other(inside)[:, 1]).abs().max() > 0.01


def test_other_training_data_widen_the_domain(network, x):
    """They are inside, however few or many and alike; nothing that was inside falls out, and the scale stays."""
    dense, layered = (x[flags(network, x) < FLAGS["outside"]][:1].repeat(20000, 1) for _ in range(2))
    dense[:, FIELDS["leaf_area_index"].offset] = 19.0  # beyond the envelope
    layered[:, FIELDS["sand"].columns] = torch.tensor([90.0] * 6 + [5.0] * 4, dtype=torch.float64)  # far from all
    layered[:, FIELDS["clay"].columns] = 5.0
    wider = LandslideNetwork(members=2)
    fit_normalisation(wider, sample_columns(4000, 31), [dense, layered[:1]])
    for odd in (dense[:1], layered[:1]):
        assert (flags(network, odd) == FLAGS["outside"]).all()
        assert (flags(wider, odd) < FLAGS["outside"]).all()
    inside = flags(network, x) < FLAGS["outside"]
    assert (flags(wider, x)[inside] < FLAGS["outside"]).all()
    for name in ("feature_mean", "feature_scale", "domain.mean", "domain.whiten"):
        assert torch.equal(wider.state_dict()[name], network.state_dict()[name]), name


def test_prior_fallback_is_near_the_sampled_hillslopes():
    """The analytic FoS with prior strengths is a usable answer, not a placeholder: median error below 10 %."""
    x = sample_columns(300, 33)
    y = LandslideNetwork(members=1)(x).detach()
    target = hillslope_targets(x, 1, points=256)
    capped = target["log_fos"] > 2.0
    assert (torch.log(y[:, 1]) - target["log_fos"])[~capped].abs().median() < 0.1


def test_decreasing_percentiles_and_odd_sums_are_outside(network, x):
    inside = x[flags(network, x) < FLAGS["outside"]][:5].clone()
    slope = FIELDS["slope"].columns
    inside[:, slope] = inside[:, slope].flip(-1)
    assert (flags(network, inside) == FLAGS["outside"]).all()


def test_network_never_rises_with_pore_pressure(network, x):
    """Through the whole network, because the trunk cannot see the water."""
    wetter = x.clone()
    wetter[:, FIELDS["water_table_depth"].offset] *= 0.5
    both = (flags(network, x) < FLAGS["outside"]) & (flags(network, wetter) < FLAGS["outside"])
    before, after = network(x[both]), network(wetter[both])
    assert both.sum() > 250
    assert (after[:, 1] <= before[:, 1] + 1e-12).all()
    assert (after[:, 0] >= before[:, 0] - 1e-12).all()


@pytest.mark.parametrize("name", ["rain_1d", "rain_3d", "rain_7d"])
def test_network_never_rises_with_rain(network, x, name):
    """Within what is taken of a stretch of days, and with the sums in order."""
    x = x.clone()
    for days, sooner, share in ((1, None, 0.2), (3, "rain_1d", 0.4), (7, "rain_3d", 0.4)):
        at = FIELDS[f"rain_{days}d"].offset
        x[:, at] = (x[:, FIELDS[sooner].offset] if sooner else 0.0) + 200.0 * share
    wetter = x.clone()
    wetter[:, FIELDS[name].offset] += 60.0
    both = (flags(network, x) < FLAGS["outside"]) & (flags(network, wetter) < FLAGS["outside"])
    before, after = network(x[both]), network(wetter[both])
    assert both.sum() > 250
    assert (after[:, 1] <= before[:, 1] + 1e-12).all()
    assert (after[:, 1] < before[:, 1] - 1e-3).any()
    assert (after[:, 0] >= before[:, 0] - 1e-12).all()


@pytest.mark.parametrize("model", ["random", "shipped"])
def test_removing_roots_or_trees_never_helps(network, x, model):
    """Through the whole network, because the trunk cannot see the vegetation; also where the probability is tiny."""
    network = network if model == "random" else load_eager(model_file.SHIPPED)
    weaker = x.clone()
    weaker[:, FIELDS["root_strength_left"].offset] *= 0.5
    # Trees felled and grass sown: the weight of the trees is held, because less load can make a dry slope stronger.
    cleared = x.clone()
    carbon, trees, grass = (FIELDS[name].offset for name in ("vegetation_carbon", "tree_cover", "grass_cover"))
    x = x.clone()
    x[:, carbon] = cleared[:, carbon] = weaker[:, carbon] = 2.0
    # Root carbon is of the roots there are: unknown here, else it would have to fall with the trees.
    for columns in (x, cleared, weaker):
        columns[:, FIELDS["root_carbon"].offset] = SPVAL
    cleared[:, grass] += 0.5 * cleared[:, trees]
    cleared[:, trees] *= 0.5
    # Ground that remembers trees, but less of them.
    thinner = x.clone()
    remembered = FIELDS["tree_ground"].offset
    known = x[:, remembered] != SPVAL
    thinner[known, remembered] *= 0.5
    for changed in (weaker, cleared, thinner):
        both = (flags(network, x) < FLAGS["outside"]) & (flags(network, changed) < FLAGS["outside"])
        before, after = network(x[both]), network(changed[both])
        assert both.sum() > 200
        assert (after[:, 0] >= before[:, 0] * (1 - 1e-12)).all()
        assert (after[:, 0] > before[:, 0] + 1e-3).any()
        assert (after[:, 1] <= before[:, 1] + 1e-12).all()


@pytest.mark.parametrize("model", ["random", "shipped"])
def test_flat_ground_is_at_the_cap(network, x, model):
    network = network if model == "random" else load_eager(model_file.SHIPPED)
    flat = x.clone()
    flat[:, FIELDS["slope"].columns] = 0.001
    y = network(flat)
    assert (y[:, 1:3] == 10.0).all()
    assert (y[:, 0] < 1e-6).all()


def test_probability_and_spread_are_mean_and_deviation_of_the_members(network, x):
    prepared = network.prepare(x)
    alone = [network.run_members(prepared, network.latents(prepared, [member])[0])[0] for member in network.members]
    members = torch.cat(alone, dim=-1)
    y = network(x)
    torch.testing.assert_close(y[:, 0], members.mean(-1), rtol=1e-12, atol=1e-15)  # the calibration is the identity
    torch.testing.assert_close(y[:, 4], members.std(-1, correction=0), rtol=1e-9, atol=1e-15)


def test_spread_between_hillslopes_that_look_alike(network, x):
    """r p (1 - p) is the variance of shares whose points fail with a correlation r; the members' is added."""
    alike = copy.deepcopy(network)
    alike.intraclass.fill_(0.5)
    before, y = network(x), alike(x)
    p = y[:, 0]
    torch.testing.assert_close(y[:, 4] ** 2, before[:, 4] ** 2 + 0.5 * p * (1.0 - p), rtol=1e-9, atol=1e-15)
    torch.testing.assert_close(y[:, [0, 1, 2, 3, 5]], before[:, [0, 1, 2, 3, 5]], rtol=0, atol=0)


@pytest.mark.parametrize("beyond", [-1e-17, 1.0 + 2.3e-16])
def test_spread_where_a_share_rounds_beyond_its_ends(network, x, monkeypatch, beyond):
    """A number, not the root of less than nothing, which would make the column invalid."""
    alike = copy.deepcopy(network)
    alike.intraclass.fill_(0.3)
    log_fos = torch.zeros(len(x), len(network.members), 2, dtype=torch.float64)
    probability = torch.full(log_fos.shape[:2], beyond, dtype=torch.float64)
    assert ((probability < 0.0) | (probability > 1.0)).all()
    monkeypatch.setattr(alike, "run_members", lambda *_: (probability, log_fos, probability))
    assert torch.isfinite(alike(x)[:, 4]).all()


def test_beta_calibration_by_hand():
    """logit p' = a ln p - b ln(1-p) + c; a 2, b 1, c .5 at p .3: exp = .09/.7 e^.5 = .211978, p' = .174902."""
    p = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    torch.testing.assert_close(BetaCalibration()(p), p, rtol=0, atol=1e-12)
    assert BetaCalibration(2.0, 1.0, 0.5)(p)[1].item() == pytest.approx(0.174902, abs=1e-6)
    with pytest.raises(ValueError, match="both must be >= 0"):
        BetaCalibration(a=-1.0)


def test_gradient_reaches_every_latent(x):
    network = LandslideNetwork(members=1)
    fit_normalisation(network, x, [])
    prepared = network.prepare(x)
    values, _ = network.latents(prepared, network.members)
    for value in values.values():
        value.retain_grad()
    p, log_fos, _ = network.run_members(prepared, values)
    (p.sum() + log_fos.sum()).backward()
    for name, value in values.items():
        assert value.grad is not None, name
        assert value.grad.abs().sum() > 0, name


def test_declaration_is_consistent():
    assert sum(f.layers for f in FIELDS.values()) == N_IN
    assert fields.schema_table().count("\n") == 3 + len(FIELDS) + 1 + N_OUT
    for f in FIELDS.values():
        assert f.valid[0] < f.valid[1]
        if not f.required:
            assert f.valid[0] <= f.default <= f.valid[1], f.name


def test_the_prior_where_nothing_was_learned(x):
    """A new network gives the prior: strengths of the texture, and ln FoS spread by .23 within a slope class."""
    network = LandslideNetwork(members=1)
    latents, correction = network.latents(network.prepare(x), network.members)
    assert not correction.any()
    torch.testing.assert_close(latents["spread"], torch.full_like(latents["spread"], 0.23), rtol=1e-12, atol=0)


def test_the_envelope_is_a_twentieth_wider_than_the_training():
    """On both sides, of each input; what is missing does not count."""
    domain = Domain(3)
    x = torch.rand(50, N_IN, dtype=torch.float64)
    x[0], x[1] = -2.0, 4.0
    given = torch.ones_like(x, dtype=torch.bool)
    given[0, 5] = given[1, 6] = False
    domain.fit(x, given, torch.randn(50, 3, dtype=torch.float64))
    low, high = domain.low[[0, 5, 6]], domain.high[[0, 5, 6]]
    torch.testing.assert_close(low[0], torch.tensor(-2.3, dtype=torch.float64))
    torch.testing.assert_close(high[0], torch.tensor(4.3, dtype=torch.float64))
    assert low[1] > -1.0
    assert high[2] < 2.0

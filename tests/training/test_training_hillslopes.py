"""Stage 1 on the ensemble: which states are read, and what is asked of them."""

import dataclasses
import math
import shutil

import netCDF4
import numpy as np
import pytest
import torch

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, FLAGS, SPVAL
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.physics import roots
from elm_landslide.physics.infinite_slope import FOS_CAP
from elm_landslide.physics.root_profile import COVERS
from elm_landslide.physics.stability import Strength, minimum_factor_of_safety
from elm_landslide.simulator import ensemble, ensemble_file
from elm_landslide.simulator.ensemble import Ensemble, Runner
from elm_landslide.simulator.scene import Settings
from elm_landslide.training import closed_form, simulated
from elm_landslide.training.sampling import sample_columns
from elm_landslide.training.stage_1 import fit_normalisation
from support.small_training import HELD_OUT, MEMBERS

TIMES = 4  # states of a member: a day, every six hours
SHARE = HELD_OUT / MEMBERS

WATER = ("water_gathered", "water_kept", "water_stored")


@pytest.fixture(scope="module")
def states(ensemble_path):
    """(training, held out)"""
    return simulated.read(ensemble_path, SHARE)


@pytest.fixture
def copy(ensemble_path, tmp_path):
    """The ensemble, to be changed."""
    return shutil.copy(ensemble_path, tmp_path / "copy.nc")


def members_of(states):
    """Thickness, which differs from member to member, in the order of the states."""
    return states.given["thickness"].flatten().tolist()


def test_members_are_on_one_side_the_last_held_out(ensemble_path, states):
    with netCDF4.Dataset(ensemble_path) as file:
        thickness = file["parameter_thickness"][:].repeat(TIMES).tolist()
    training, held_out = states
    assert members_of(training) + members_of(held_out) == thickness
    assert len(set(thickness)) == MEMBERS
    assert len(held_out) == HELD_OUT * TIMES


def test_unsolved_members_are_left_out(copy):
    with netCDF4.Dataset(copy, "a") as file:
        file["hillslope_failed"][3] = 1.0
        left = np.delete(file["parameter_thickness"][:].data, 3).repeat(TIMES).tolist()
    training, held_out = simulated.read(copy, SHARE)
    assert (len(training), len(held_out)) == (7 * TIMES, 2 * TIMES)
    assert members_of(training) + members_of(held_out) == left


def test_states_are_those_of_the_file(ensemble_path, states):
    training, _ = states
    with netCDF4.Dataset(ensemble_path) as file:
        file.set_auto_mask(False)
        for field in FIELDS.values():
            wanted = file[field.name][: MEMBERS - HELD_OUT].astype(float).reshape(len(training), -1)
            missing = wanted > 1e35
            np.testing.assert_array_equal(training.x[:, field.columns].numpy()[~missing], wanted[~missing])
            assert (training.x[:, field.columns].numpy()[missing] == SPVAL).all()
        n = MEMBERS - HELD_OUT
        np.testing.assert_array_equal(training.probability, file["hillslope_probability"][:n].ravel())
        for i, name in enumerate(("fos", "fos_median")):
            wanted = np.log(np.minimum(file[f"hillslope_{name}"][:n].astype(float).ravel(), FOS_CAP))
            np.testing.assert_allclose(training.log_fos[:, i], wanted, rtol=1e-12)
    network = LandslideNetwork(1)
    assert (network.prepare(training.x).flag == FLAGS["filled"]).all()  # no state lacks what it needs


def test_strengths_are_those_that_the_hillslope_had(made, states):
    """Against the scenes that the simulator made, and by hand."""
    runner, training = Runner(made), states[0]
    for i in range(MEMBERS - HELD_OUT):
        p, held = runner.parameters(i), runner.scene(i).hill.strength
        given = {name: values[i * TIMES : (i + 1) * TIMES].unique().item() for name, values in training.given.items()}
        assert math.tan(math.radians(given["friction"])) == pytest.approx(float(held.tan_friction))
        assert given["suction_cap"] == pytest.approx(held.suction_cap)
        # The scene's vary over the hillslope, with a coefficient of variation of a quarter.
        assert 0.4 < given["cohesion"] / np.mean(held.cohesion) < 2.5
        kind = int(p["cover"])
        closed = float(roots.COVER_COHESION[kind]) if kind < len(COVERS) else 0.0
        assert given["root_cohesion"] == pytest.approx(closed * p["root_multiplier"])
        assert (given["thickness"], given["thinning"]) == (p["thickness"], p["thinning"])


def test_all_strengths_are_used(copy):
    """Each parameter moves its own strength only; the last cover is bare ground, as the upper end of the prior is."""
    first = simulated.read(copy, SHARE)[0].given
    changes = {
        "cohesion_multiplier": "cohesion",
        "friction_offset": "friction",
        "root_multiplier": "root_cohesion",
        "thickness": "thickness",
        "thinning": "thinning",
        "suction_cap": "suction_cap",
    }
    for parameter, wanted in changes.items():
        with netCDF4.Dataset(copy, "a") as file:
            before = file[f"parameter_{parameter}"][:]
            file[f"parameter_{parameter}"][:] = before + 0.25
        second = simulated.read(copy, SHARE)[0].given
        assert {name for name in first if not torch.equal(first[name], second[name])} == {wanted}
        with netCDF4.Dataset(copy, "a") as file:
            file[f"parameter_{parameter}"][:] = before
    for cover, wanted in ((0.99, 15000.0), (1.0, 4000.0), (4.0, 0.0), (5.0, 0.0)):
        with netCDF4.Dataset(copy, "a") as file:
            file["parameter_cover"][:], file["parameter_root_multiplier"][:] = cover, 1.0
        assert simulated.read(copy, SHARE)[0].given["root_cohesion"].unique().item() == wanted


def test_rows(states):
    some = states[0].rows(torch.tensor([5, 0]))
    assert len(some) == 2
    assert torch.equal(some.x[1], states[0].x[0])
    assert torch.equal(some.log_fos[0], states[0].log_fos[5])
    assert some.probability[0] == states[0].probability[5]
    assert some.given["cohesion"].shape == (2, 1, 1)


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5])
def test_too_few_to_split(ensemble_path, share):
    with pytest.raises(UserError, match=f"{ensemble_path}: 10 solved members: too few to hold out {share:g} of them"):
        simulated.read(ensemble_path, share)


def test_a_small_share_holds_out_one_member(ensemble_path):
    assert [len(part) // TIMES for part in simulated.read(ensemble_path, 0.01)] == [9, 1]


def test_a_file_that_is_no_ensemble(tmp_path):
    with netCDF4.Dataset(tmp_path / "other.nc", "w"):
        pass
    (tmp_path / "text.nc").write_text("no netCDF")
    for name, message in (
        ("other.nc", "not a file of elm-landslide simulate"),
        ("text.nc", "cannot be read as netCDF"),
        ("none.nc", "cannot be read as netCDF"),
    ):
        with pytest.raises(UserError, match=f"{tmp_path / name}: {message}"):
            simulated.read(tmp_path / name, SHARE)


# Given strengths.


@pytest.fixture(scope="module")
def network():
    """Two members that differ from the prior and from each other in what they say of soil and water."""
    made = LandslideNetwork(members=2, width=8)
    fit_normalisation(made, sample_columns(2000, 51), [])
    generator = torch.Generator().manual_seed(2)
    for member in made.members:
        member[-1].bias.data.normal_(0.0, 0.7, generator=generator)
    return made.requires_grad_(False)


@pytest.fixture(scope="module")
def x(network):
    """Columns inside the domain, in a week of rain."""
    found = sample_columns(30, 52)
    for name, value in (("rain_1d", 100.0), ("rain_3d", 180.0), ("rain_7d", 260.0)):
        found[:, FIELDS[name].columns] = value
    return found[network.prepare(found).flag < FLAGS["outside"]]


def strengths(n):
    def spread(low, high):
        return torch.linspace(low, high, n, dtype=torch.float64).view(-1, 1, 1)

    return {
        "cohesion": spread(2000.0, 8000.0),
        "friction": spread(38.0, 24.0),
        "root_cohesion": spread(0.0, 12000.0),
        "thickness": spread(2.5, 0.6),
        "thinning": spread(0.2, 1.2),
        "suction_cap": spread(9000.0, 1000.0),
    }


def given_log_fos(network, x, given):
    prepared = network.prepare(x)
    latents, _ = network.latents(prepared, network.members)
    return simulated.given_log_fos(network, prepared, latents, given), prepared, latents


def test_given_strengths_by_hand(network, x):
    """Member by member: the least factor of safety with the strengths given and the member's water, on
    the gradients that 10 % and half of the area exceed, plus the member's residual."""
    given = strengths(len(x))
    found, prepared, latents = given_log_fos(network, x, given)
    assert found.shape == (len(x), 2, 2)
    slope = x[:, FIELDS["slope"].columns]
    gradient = torch.stack([slope[:, 9], slope[:, 5]], dim=-1)
    for member in range(2):
        water = {name: latents[name][:, member : member + 1] for name in WATER}
        water["water_gathered"] = water["water_gathered"] * prepared.gathering[:, None, network.n_classes :]
        held = Strength(
            **{name: values for name, values in given.items() if name != "root_cohesion"},
            **water,
            root_cohesion=(given["root_cohesion"],),
        )
        fos, _ = minimum_factor_of_safety(prepared.column, gradient, held, network.planes)[0]
        wanted = torch.log(fos[:, 0]) + latents["residual"][:, member]
        torch.testing.assert_close(found[:, member], wanted, rtol=1e-9, atol=1e-12)
    dry = found - latents["residual"]
    assert ((dry[:, 0] - dry[:, 1]).abs() > 0.01).double().mean() > 0.2  # the members' water differs


def test_a_dry_slope_by_hand(network, x):
    """tan(phi)/t + c (1 + t^2) / (W t) on the base, with roots of 1 kPa there; bare ground weighs no trees."""
    t, thickness = 0.7, 1.2
    column = x[:1].clone()
    even = np.diff([0.0, *(0.0175, 0.0451, 0.0906, 0.1655, 0.2891, 0.4929, 0.8289, 1.3828, 2.2961, 3.8019)])
    dry = {"porosity": 0.45, "liquid_water": 0.2, "ice": 0.0, "water_table_depth": 80.0, "root_strength_left": 0.5}
    none = {f"{name}_cover": 0.0 for name in COVERS} | {f"rain_{days}d": 0.0 for days in (1, 3, 7)}
    other = {"bedrock_depth": 10.0, "vegetation_carbon": 0.0, "snowmelt": 0.0, "slope": t, "soil_moisture_offset": 0.0}
    for name, value in (dry | none | other | {"root_fraction": torch.from_numpy(even / even.sum())}).items():
        column[:, FIELDS[name].columns] = value
    for name in ("perched_water_table_depth", "frost_table_depth"):
        column[:, FIELDS[name].columns] = SPVAL
    known = {"cohesion": 4000.0, "friction": 32.0, "root_cohesion": 2000.0, "thickness": thickness, "thinning": 0.0}
    given = {name: torch.full((1, 1, 1), value).double() for name, value in {**known, "suction_cap": 0.0}.items()}
    found, _, latents = given_log_fos(network, column, given)
    weight = 9.81 * (0.55 * 2700.0 + 200.0) * thickness
    wanted = math.tan(math.radians(32.0)) / t + (4000.0 + 1000.0) * (1 + t * t) / (weight * t)
    torch.testing.assert_close(
        torch.exp(found - latents["residual"]), torch.full((1, 2, 2), wanted).double(), rtol=1e-4, atol=0
    )


@pytest.mark.parametrize("name", ["cohesion", "friction", "root_cohesion", "thickness", "thinning", "suction_cap"])
def test_given_strengths_leave_the_latents_no_say(network, x, name):
    """The network's own value of what is given plays no part; what is given does."""
    given = strengths(len(x))
    prepared = network.prepare(x)
    latents, _ = network.latents(prepared, network.members)
    before = simulated.given_log_fos(network, prepared, latents, given)
    other = simulated.given_log_fos(network, prepared, {**latents, name: 0.7 * latents[name]}, given)
    assert torch.equal(before, other)
    stronger = {**given, name: 0.7 * given[name]}
    assert (simulated.given_log_fos(network, prepared, latents, stronger) - before).abs().max() > 1e-3


def states_of(network, x, given, probability=None):
    """States whose answers are those of the first member."""
    log_fos, prepared, latents = given_log_fos(network, x, given)
    share = network.run_members(prepared, latents)[0][:, 0] if probability is None else probability
    return simulated.States(x, given, share, log_fos[:, 0].clamp(max=math.log(FOS_CAP)))


def test_loss_by_hand(network, x):
    """Of exact answers only the entropy of the shares is left, times its weight; of others what huber says."""
    states = states_of(network, x, strengths(len(x)))
    first, second = network.members
    assert simulated.loss(network, first, states, 0.0) == 0.0
    assert simulated.loss(network, second, states, 0.0) > 0.01
    entropy = closed_form.failure(states.probability, states.probability)
    assert simulated.loss(network, first, states, 2.0).item() == pytest.approx(2.0 * entropy.item())
    moved = dataclasses.replace(states, log_fos=states.log_fos + torch.tensor([0.02, 0.0], dtype=torch.float64))
    wanted = closed_form.huber(states.log_fos, moved.log_fos)
    assert wanted > 0.0
    assert simulated.loss(network, first, moved, 0.0).item() == pytest.approx(wanted.item())


def test_loss_reaches_what_the_strengths_leave_open(network, x):
    """With the strengths given, the water and the residual learn, and nothing else does."""
    states = states_of(network, x, strengths(len(x)))
    prepared = network.prepare(x)
    latents, _ = network.latents(prepared, [network.members[1]])
    latents = {name: value.clone().requires_grad_(True) for name, value in latents.items()}
    closed_form.huber(
        simulated.given_log_fos(network, prepared, latents, states.given)[:, 0], states.log_fos
    ).backward()
    reached = {name for name, value in latents.items() if value.grad is not None and value.grad.any()}
    assert reached == {*WATER, "residual"}


def test_scores_by_hand(network, x, monkeypatch):
    """In chunks as in one; the two members are averaged in ln FoS; what lies outside is left out."""
    far = x[:2].clone()
    far[:, FIELDS["leaf_area_index"].offset] = 19.0
    whole, given = torch.cat([x, far]), strengths(len(x) + 2)
    log_fos, _, _ = given_log_fos(network, whole, given)
    y = network(whole)
    mean = log_fos.mean(1)
    mean[-2:] = 0.3  # of what lies outside: far from the answer, and near enough to 1 to be scored
    states = simulated.States(whole, given, y[:, 0] - 0.01, mean.clamp(max=math.log(FOS_CAP)))
    found = simulated.evaluate(network, states)
    monkeypatch.setattr(simulated, "SCORED", 4)
    again = simulated.evaluate(network, states)
    assert again.pop("distribution").keys() == found.pop("distribution").keys()
    assert again == pytest.approx(found, nan_ok=True, rel=1e-9)
    assert (found["states"], found["outside"]) == (len(x), 2)
    assert found["given_fos_r2"] == pytest.approx(1.0)
    assert found["given_fos_rmse"] < 1e-9
    assert found["probability_mae"] == pytest.approx(0.01)
    assert found["probability_bias"] == pytest.approx(0.01)
    free = closed_form.fos_scores(y[: len(x), 1], torch.exp(states.log_fos[: len(x), 0]))
    assert {name: found[name] for name in ("fos_r2", "fos_rmse", "fos_f1")} == pytest.approx(
        {name: free[name] for name in ("fos_r2", "fos_rmse", "fos_f1")}
    )
    assert found["given_fos_columns"] == free["fos_columns"] > 5


def test_members_that_look_alike_are_on_one_side(tmp_path):
    """Of eight in groups of four a third would be held out: two and two thirds, so the second group."""
    made = Ensemble(8, seed=3, settings=Settings(rows=6, columns=6, hours=24), alike=4)
    out = tmp_path / "alike.nc"
    ensemble.run(made, out, map, ensemble.prepare(made, out), lambda _: None)
    ensemble_file.write(made, out, "test")
    for share in (0.2, 0.33, 0.5):
        training, held_out = simulated.read(out, share)
        assert len(training) == len(held_out) == 4 * TIMES
    with pytest.raises(UserError, match="too few to hold out"):
        simulated.read(out, 0.6)


def test_an_ensemble_without_a_later_field(copy):
    """An optional field that is not there is missing; a required one is refused by name."""
    with netCDF4.Dataset(str(copy), "a") as file:
        file.renameVariable("wetness_high", "other")
    states, _ = simulated.read(copy, SHARE)
    assert (states.x[:, FIELDS["wetness_high"].columns] == SPVAL).all()
    with netCDF4.Dataset(str(copy), "a") as file:
        file.renameVariable("porosity", "another")
    with pytest.raises(UserError, match="has no porosity, which this version needs: simulate it again"):
        simulated.read(copy, SHARE)

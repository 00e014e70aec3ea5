"""A whole training: its file, an interruption and what follows, several ranks, bad input."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from elm_landslide import ranks
from elm_landslide.commands.main import app
from elm_landslide.errors import UserError
from elm_landslide.fields import FLAGS, N_OUT
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.training import closed_form, config, run, simulated
from elm_landslide.training.sampling import sample_columns
from support.offline_runs import launch
from support.small_training import HELD_OUT, MEMBERS, SEED, SMALL


def train(out, ensemble=None, settings=SMALL, seed=SEED, report=lambda *_: None, **choices):
    return run.train(settings, out, seed, ranks.world(), report, "quick", ensemble, **choices)


def same_bits(path, other) -> bool:
    """Of every weight, of the golden rows and of what the files say of themselves."""
    first, second = (torch.jit.load(str(p)).state_dict() for p in (path, other))
    entries = [[model_file.read_entry(p, name) for name in (model_file.GOLDEN, model_file.INFO)] for p in (path, other)]
    return entries[0] == entries[1] and all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.fixture
def quickly(monkeypatch):
    """A training without the export, which takes most of its time."""
    monkeypatch.setattr("elm_landslide.model.export.export", lambda *_: None)


# The file.


def test_the_file_is_a_model(trained):
    assert [p.name for p in trained.path.parent.iterdir()] == ["model.pt"]  # no checkpoint is left
    golden = model_file.Golden.from_bytes(model_file.read_entry(trained.path, model_file.GOLDEN))
    for module in (load_eager(trained.path), torch.jit.load(str(trained.path))):
        y = module(torch.from_numpy(golden.x.copy())).numpy()
        np.testing.assert_allclose(y[:, :N_OUT], golden.y, rtol=golden.rtol, atol=golden.atol)
        np.testing.assert_array_equal(y[:, N_OUT], golden.flag)
    assert set(golden.flag) == set(FLAGS.values())
    with pytest.raises(UserError, match="has no entry 'landslide_observation.pt'"):  # which sites would have made
        model_file.read_entry(trained.path, model_file.OBSERVATION)


def test_the_file_tells_how_it_was_made(trained, ensemble_path):
    info = json.loads(model_file.read_entry(trained.path, model_file.INFO))
    assert info["settings"] == config.as_dict(SMALL)
    assert (info["preset"], info["seed"], info["control"], info["ranks"]) == ("quick", SEED, "", 1)
    assert info["inputs"] == {"ensemble": model_file.sha256(ensemble_path)}
    states = 4 * (MEMBERS - HELD_OUT)
    assert info["data"].endswith(f"closed-form hillslopes; {states} states of simulated hillslopes")
    assert json.dumps(info["metrics"]) == json.dumps(trained.scores)
    assert info["members"] == 2


def test_scores_are_those_of_the_file(trained, ensemble_path):
    """On columns and members that the training did not see."""
    network = load_eager(trained.path)
    x = sample_columns(SMALL.columns.held_out, SEED + 1)
    target = closed_form.make_targets(x, SEED + 500_000, SMALL.columns.held_out_points, lambda *_: None, "")
    assert trained.scores["stage_1"]["columns"] == pytest.approx(closed_form.evaluate(network, x, target), rel=1e-9)
    _, held_out = simulated.read(ensemble_path, HELD_OUT / MEMBERS)
    wanted = simulated.evaluate(network, held_out)
    found = copy.deepcopy(trained.scores["stage_1"]["hillslopes"])
    assert found.keys() == wanted.keys()
    spread, spread_wanted = found.pop("distribution"), wanted.pop("distribution")
    assert np.array(spread.pop("reliability")) == pytest.approx(np.array(spread_wanted.pop("reliability")), rel=1e-9)
    assert spread == pytest.approx(spread_wanted, rel=1e-9)
    for name, value in wanted.items():  # None where no hillslope is near failure
        assert found[name] == (value if value is None else pytest.approx(value, rel=1e-9)), name
    assert wanted["states"] + wanted["outside"] == 4 * HELD_OUT


def test_the_spread_between_hillslopes_is_fitted(trained, ensemble_path):
    """By moments, on the states of the training."""
    network = load_eager(trained.path)
    states, _ = simulated.read(ensemble_path, HELD_OUT / MEMBERS)
    y = network(states.x)
    inside = y[:, -1] < FLAGS["outside"]
    p, share = y[inside, 0], states.probability[inside]
    wanted = ((share - p) ** 2).sum() / (p * (1.0 - p)).sum()
    assert 0.0 < float(network.intraclass) == pytest.approx(float(wanted.clamp(max=1.0)), rel=1e-9)


def test_members_are_fitted_apart_and_leave_the_prior(trained):
    network = load_eager(trained.path)
    first, second = (member.state_dict() for member in network.members)
    assert all(value.any() for value in (*first.values(), *second.values()))
    assert not any(torch.equal(value, second[name]) for name, value in first.items())


def test_states_of_hillslopes_are_inside_the_domain(trained, ensemble_path):
    training, _ = simulated.read(ensemble_path, HELD_OUT / MEMBERS)
    assert (load_eager(trained.path).prepare(training.x).flag < FLAGS["outside"]).all()


def test_every_stage_is_reported_to_its_end(trained):
    ends = [(stage, total) for stage, done, total in trained.reports if done == total]
    assert ends == [
        ("targets", 256),
        ("member 1 of 2", 2),
        ("member 2 of 2", 2),
        ("scores", 128),
    ]


# An interruption.


def stop_at(stage, epoch):
    def report(name, done, total):
        if (name, done) == (stage, epoch):
            raise KeyboardInterrupt

    return report


def test_interrupted_twice_it_ends_with_the_same_bits(tmp_path, trained, ensemble_path):
    out = tmp_path / "model.pt"
    for stage in ("member 1 of 2", "member 2 of 2"):
        with pytest.raises(KeyboardInterrupt):
            train(out, ensemble_path, report=stop_at(stage, 1))
        assert [p.name for p in tmp_path.iterdir()] == ["model.pt.checkpoint"]
    for other in ({"seed": SEED + 1}, {"settings": replace(SMALL, columns=replace(SMALL.columns, count=255))}):
        with pytest.raises(UserError, match="model.pt.checkpoint: of a training with other settings or data"):
            train(out, ensemble_path, **other)
    with pytest.raises(UserError, match="other settings or data"):
        train(out)  # without the ensemble
    told = []
    scores = train(out, ensemble_path, report=lambda name, done, total: told.append((name, done)))
    assert [t for t in told if t[0].startswith("member")] == [("member 2 of 2", 2)]  # the rest was kept
    assert [p.name for p in tmp_path.iterdir()] == ["model.pt"]
    assert json.dumps(scores) == json.dumps(trained.scores)
    assert same_bits(out, trained.path)


def test_a_broken_checkpoint_is_not_taken(tmp_path):
    (tmp_path / "model.pt.checkpoint").write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match="model.pt.checkpoint: not a checkpoint of this version"):
        train(tmp_path / "model.pt")


def test_threads_are_given_back_after_an_interruption(tmp_path):
    before = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "model.pt", report=stop_at("targets", 256))
    assert torch.get_num_threads() == before


# Ranks.


@pytest.mark.usefixtures("quickly")
@pytest.mark.long
def test_two_ranks_by_command(tmp_path):
    """Two ranks share every batch: what one rank gives, to rounding; rank 0 alone writes and speaks."""
    wanted = train(tmp_path / "one.pt")
    (tmp_path / "small.toml").write_text(
        "[network]\nmembers = 2\nwidth = 8\nepochs = 2\nbatch = 64\n"
        "[columns]\ncount = 256\npoints = 64\nheld_out = 128\nheld_out_points = 64\n"
    )
    out = tmp_path / "two" / "model.pt"
    out.parent.mkdir()
    done = launch(2, "train", "--config", tmp_path / "small.toml", "--seed", SEED, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["out"] == str(out)
    assert [p.name for p in out.parent.iterdir()] == ["model.pt"]
    assert found["metrics"]["stage_1"]["columns"] == pytest.approx(wanted["stage_1"]["columns"], rel=1e-6, abs=1e-9)
    assert json.loads(model_file.read_entry(out, model_file.INFO))["ranks"] == 2
    told = [line.split(" s  ")[1] for line in done.stderr.splitlines() if " s  " in line]
    assert told == ["targets", "member 1 of 2", "member 2 of 2", "scores"]


# What is trained on what.


@pytest.mark.usefixtures("quickly")
def test_without_simulations_the_ensemble_plays_no_part(tmp_path, ensemble_path):
    without = train(tmp_path / "a.pt")
    control = train(tmp_path / "b.pt", ensemble_path, control="no-simulations")
    assert control == without
    assert set(control["stage_1"]) == {"columns"}


@pytest.mark.usefixtures("quickly")
def test_training_beats_the_prior(tmp_path):
    """On columns drawn apart, with no ensemble."""
    count = config.ColumnSettings(count=1024, points=256, held_out=512, held_out_points=256)
    after, before = (
        train(tmp_path / "m.pt", settings=config.Config(config.NetworkSettings(1, 8, epochs, 64, 0.01), count))[
            "stage_1"
        ]
        for epochs in (40, 0)
    )
    for name, share in (("fos_rmse", 0.75), ("probability_mae", 0.9)):
        assert after["columns"][name] < share * before["columns"][name], name


# The command.


def invoke(*arguments):
    return CliRunner().invoke(app, ["train", *(str(a) for a in arguments)])


def test_options_reach_the_training(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(run, "train", lambda *a: calls.append(a) or {})
    (tmp_path / "c.toml").write_text("[network]\nepochs = 5\n")
    out, e, s = (tmp_path / name for name in ("m.pt", "e.nc", "s.csv"))
    assert invoke("--out", out).exit_code == 0
    given = ("--ensemble", e, "--sites", s, "--config", tmp_path / "c.toml", "--seed", 4)
    assert invoke("--out", out, "--preset", "full", *given, "--control", "no-sites").exit_code == 0
    first, second = ([*c[:3], *c[5:]] for c in calls)
    assert first == [config.PRESETS["quick"], out, config.DEFAULT_SEED, "quick", None, None, ""]
    full = config.PRESETS["full"]
    changed = replace(full, network=replace(full.network, epochs=5))
    assert second == [changed, out, 4, "full", e, s, "no-sites"]


def test_full_without_what_a_control_leaves_out(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "train", lambda *_: {})
    full = ("--preset", "full", "--out", tmp_path / "m.pt")
    assert invoke(*full, "--control", "no-simulations", "--sites", "s.csv").exit_code == 0
    assert invoke(*full, "--control", "no-sites", "--ensemble", "e.nc").exit_code == 0


FULL = "train: preset full learns from --ensemble and --sites: give both, or the --control that leaves one out"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "slow"], "Invalid value for '--preset': 'slow' is not one of 'quick', 'full'"),
        (
            ["--control", "none"],
            "Invalid value for '--control': 'none' is not one of 'permuted-labels', 'no-simulations'",
        ),
        (["--preset", "full"], FULL),
        (["--preset", "full", "--ensemble", "e.nc"], FULL),
        (["--preset", "full", "--sites", "s.csv"], FULL),
        (["--preset", "full", "--ensemble", "e.nc", "--control", "no-simulations"], FULL),
        (["--preset", "full", "--sites", "s.csv", "--control", "no-sites"], FULL),
        (["--preset", "full", "--control", "permuted-labels"], FULL),
        (["--control", "permuted-labels"], "train: control permuted-labels permutes the labels of --sites: give it"),
        (["--config", "none.toml"], "none.toml: No such file or directory"),
        (["--config", "bad.toml"], "bad.toml: [network] epoch: unknown; known are members, "),
        (["--ensemble", "none.nc"], "none.nc: cannot be read as netCDF"),
        (["--ensemble", "bad.toml"], "bad.toml: cannot be read as netCDF"),
        (["--sites", "none.csv"], "none.csv: "),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text("[network]\nepoch = 3\n")
    result = invoke("--out", "m.pt", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"elm-landslide: {message}")
    assert result.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["bad.toml"]


def test_a_folder_that_is_missing(tmp_path):
    result = invoke("--out", tmp_path / "nowhere" / "m.pt")
    assert (result.exit_code, result.stdout) == (2, "")
    wanted = f"elm-landslide: train: the folder of '{tmp_path / 'nowhere' / 'm.pt'}' does not exist; make it first\n"
    assert result.stderr == wanted


def test_out_is_a_folder(tmp_path):
    with pytest.raises(UserError, match="is a folder; give the name of a file"):
        train(tmp_path)


def test_an_interruption_is_one_line_and_leaves_the_checkpoint(tmp_path, monkeypatch):
    real = run.fit_members

    def interrupted(*arguments):
        real(*arguments[:-1], replace(arguments[-1], report=stop_at("member 1 of 2", 1)))

    monkeypatch.setattr(run, "fit_members", interrupted)
    (tmp_path / "small.toml").write_text(
        "[network]\nmembers = 2\nwidth = 8\nepochs = 2\nbatch = 64\n[columns]\ncount = 256\npoints = 64\n"
    )
    result = invoke("--out", tmp_path / "m.pt", "--config", tmp_path / "small.toml")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.splitlines()[-1] == "elm-landslide: interrupted"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.pt.checkpoint", "small.toml"]

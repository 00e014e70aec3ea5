"""Simulated hillslopes against what a model says of them: groups that look alike, refusals, the figure."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.errors import UserError
from elm_landslide.evaluation import hillslopes
from elm_landslide.fields import FLAGS, N_OUT, OUTPUTS
from elm_landslide.model.model_file import sha256
from elm_landslide.simulator import ensemble_file


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """Eight members of an ensemble, four of which look alike each."""
    path = tmp_path_factory.mktemp("alike") / "alike.nc"
    words = ("--members", "8", "--alike", "4", "--rows", "8", "--columns", "8", "--hours", "24", "--seed", "3")
    result = CliRunner().invoke(app, ["simulate", *words, "--out", str(path)])
    assert result.exit_code == 0, result.output
    return path


class Says:
    """A network that says a failing share of 0.2, of a known correlation; the second member lies outside."""

    intraclass = torch.tensor(0.4)

    def __call__(self, x):
        y = torch.zeros(len(x), N_OUT + 1, dtype=torch.float64)
        y[:, OUTPUTS["probability"].index] = 0.2
        y[4:8, -1] = FLAGS["outside"]
        return y


def test_groups_inside_the_domain_are_scored(alike):
    found = hillslopes.scores(Says(), alike, None)
    share = ensemble_file.read(alike)[1]["hillslope_probability"].astype(float)
    assert (found["members"], found["outside"], found["unsolved"], found["alike"]) == (4, 4, 0, 4)  # the whole group
    assert found["states"] == share[4:].size
    assert found["crps_point"] == pytest.approx(np.abs(share[4:] - 0.2).mean())
    distance = np.abs(share[4:, None] - share[None, 4:]).sum((0, 1)) / 12
    assert found["crps_alike"] == pytest.approx(0.5 * distance.mean())


def test_the_ensemble_of_the_training_is_refused(alike):
    with pytest.raises(UserError, match="the model was trained on it: simulate another"):
        hillslopes.scores(Says(), alike, sha256(alike))


def test_the_command(alike, tmp_path):
    result = CliRunner().invoke(app, ["evaluate", "--hillslopes", str(alike), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "CRPS of the failing share" in result.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["evaluation.json", "hillslopes.png"]
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert found.keys() == {"hillslopes"}
    assert found["hillslopes"]["members"] + found["hillslopes"]["outside"] == 8


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "give --sites, --hillslopes or both"), (("--train-sites", "a.csv", "--hillslopes", "b.nc"), "give it too")],
)
def test_what_is_missing_is_named(words, said, tmp_path):
    result = CliRunner().invoke(app, ["evaluate", *words, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert said in result.output.replace("\n", " ")

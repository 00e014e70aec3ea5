"""What an ensemble says of how water gathers on hillslopes."""

import json

import netCDF4
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.errors import UserError
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.physics.convergence import EXPONENT
from elm_landslide.training import convergence, simulated


@pytest.fixture(scope="module")
def network():
    return load_eager(model_file.SHIPPED)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(convergence, "DRAWS", 50)
    monkeypatch.setattr(convergence, "EXPONENTS", np.linspace(0.0, 1.5, 7))


def test_the_least_point_of_a_parabola():
    """And members that agree leave no doubt."""
    curve = (convergence.EXPONENTS - 0.64) ** 2
    value, low, high = convergence._least(np.stack([curve, 3.0 * curve], axis=-1))
    np.testing.assert_allclose([value, low, high], 0.64)
    rising = np.stack([convergence.EXPONENTS, convergence.EXPONENTS], axis=-1)
    assert convergence._least(rising)[0] == pytest.approx(0.0)


def test_a_known_exponent_is_found(ensemble_path, network, few):
    """Failing shares that the network itself gives with another exponent."""
    _, variables = convergence.ensemble_file.read(ensemble_path)
    good = np.flatnonzero(variables["hillslope_failed"] == 0)
    states = simulated.states(variables, good)
    for exponent in (0.5, 1.0):
        with convergence._exponent(network, exponent), torch.no_grad():
            states.probability = network(states.x)[:, 0]
        entropy = [convergence._score(network, states, len(good), e).entropy for e in convergence.EXPONENTS]
        assert convergence._least(np.stack(entropy))[0] == pytest.approx(exponent, abs=0.1)
        with convergence._exponent(network, exponent), torch.no_grad():
            states.probability = convergence._known(network, states)[4]
        known = np.stack([convergence._score(network, states, len(good), e).entropy_known for e in (0.0, exponent)])
        assert known.mean(-1)[1].argmin() == 4
        assert known.mean(-1)[1, 4] < known.mean(-1)[0].min()
    assert network.exponent == EXPONENT


def test_the_command(ensemble_path, tmp_path, few):
    out = tmp_path / "convergence.json"
    result = CliRunner().invoke(app, ["convergence", str(ensemble_path), "--out", str(out)])
    assert result.exit_code == 0, result.output
    (found,) = json.loads(out.read_text()).values()
    low, high = convergence.EXPONENTS[[0, -1]]
    value, *interval = found["exponent"]
    assert low - 0.25 <= interval[0] <= value <= interval[1] <= high + 0.25
    assert found["scored_with"] == value
    shapes = found["held_out"]
    assert shapes["all"]["members"] == sum(part["members"] for name, part in shapes.items() if name != "all")
    for name, part in shapes.items():
        assert 0.0 < part["error"] < 1.0, name
    assert "mean absolute error, strengths known" in result.output


def test_an_ensemble_of_another_version(ensemble_path, tmp_path):
    old = tmp_path / "old.nc"
    old.write_bytes(ensemble_path.read_bytes())
    with netCDF4.Dataset(str(old), "a") as file:
        file.renameVariable("wetness_low", "other")
    result = CliRunner().invoke(app, ["convergence", str(old)])
    assert result.exit_code == 2
    assert f"{old}: has no wetness_low: simulate it again with this version" in " ".join(result.output.split())
    with pytest.raises(UserError):
        convergence.convergence_scores(None, [model_file.SHIPPED.with_name("landslide.pt")], lambda *a: None)

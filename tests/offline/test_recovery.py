"""Probability after a disturbance at equal weather, over the steep sample."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.offline.recovery import EVENTS, YEARS, recover
from elm_landslide.offline.samples import sample_inputs


@pytest.fixture(scope="module")
def steep():
    return recover(sample_inputs("steep"))


def test_a_clear_cut_is_felt_years_later(steep):
    """The probability rises, is highest 3 to 15 years after the cut, and comes back to what it was, to the bit."""
    for name in ("all trees cut", "half of the trees cut", "fire"):
        for values in (steep.curves[name].probability, steep.curves[name].hazard):
            values = np.array(values)
            peak = values.argmax()
            assert 3.0 <= YEARS[peak] <= 15.0
            assert values[peak] > 1.1
            assert (np.diff(values[: peak + 1]) > 0.0).all()
            assert (np.diff(values[peak:]) <= 1e-4).all()  # grown trees weigh a little, too
            assert values[0] < 1.1
            assert (values[YEARS >= 44.0] == 1.0).all()
    cut, half = (np.array(steep.curves[name].probability) for name in ("all trees cut", "half of the trees cut"))
    assert cut[0] < half[0] < 1.0  # on the first day only the weight of the trees is gone
    lag = (YEARS >= 0.5) & (YEARS <= 30.0)
    assert ((cut > half) & (half > 1.0))[lag].all()


def test_uprooted_trees_are_felt_at_once(steep):
    """Nothing holds on: the highest probability is that of the first day, above that of any cut."""
    uprooted = np.array(steep.curves["all trees uprooted"].probability)
    assert uprooted.argmax() == 0
    assert uprooted[0] > max(steep.curves["all trees cut"].probability)
    assert (uprooted[YEARS >= 44.0] == 1.0).all()


def test_grass_for_trees_stays(steep):
    """It acts over years, not at once, and does not come back."""
    grass = np.array(steep.curves["trees to grass"].probability)
    assert grass[0] < 1.1
    assert (np.diff(grass) > 0.0).all()
    assert grass[-1] > 2.0


def test_gentle_land_hardly_answers():
    """The 32 cells of the Susquehanna: probabilities stay far below those of the steep site."""
    gentle = recover(sample_inputs("susquehanna"))
    assert gentle.columns == 32
    assert gentle.probability * max(gentle.curves["all trees uprooted"].probability) < 0.01


def test_command(tmp_path):
    out, figure = tmp_path / "recovery.json", tmp_path / "recovery.png"
    done = CliRunner().invoke(app, ["recovery", "--sample", "steep", "--out", str(out), "--figure", str(figure)])
    assert done.exit_code == 0, done.output
    found = json.loads(out.read_text())
    assert list(found["curves"]) == list(EVENTS)
    assert len(found["years"]) == len(found["curves"]["fire"]["roots"]) == len(YEARS)
    assert figure.stat().st_size > 10_000
    assert "all trees" in done.output

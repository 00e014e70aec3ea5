"""A small ensemble of the simulator, and a training on it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from elm_landslide import ranks
from elm_landslide.simulator import ensemble, ensemble_file, member
from elm_landslide.training import run
from support.small_training import MEMBERS, SEED, SMALL


@dataclass
class Trained:
    """The file of a training, its scores and what it reported."""

    path: Path
    scores: dict
    reports: list


@pytest.fixture(scope="session")
def made():
    return ensemble.Ensemble(MEMBERS, seed=3, settings=member.Settings(rows=6, columns=6, hours=24, spin_up=10))


@pytest.fixture(scope="session")
def ensemble_path(made, tmp_path_factory):
    out = tmp_path_factory.mktemp("ensemble") / "ensemble.nc"
    ensemble.run(made, out, map, ensemble.prepare(made, out), lambda n: None)
    assert ensemble_file.write(made, out, "test")["failed"] == 0
    ensemble.forget(out)
    return out


@pytest.fixture(scope="session")
def trained(ensemble_path, tmp_path_factory):
    """SMALL on the ensemble, without an interruption."""
    out, reports = tmp_path_factory.mktemp("trained") / "model.pt", []
    scores = run.train(SMALL, out, SEED, ranks.world(), lambda *told: reports.append(told), "quick", ensemble_path)
    return Trained(out, scores, reports)

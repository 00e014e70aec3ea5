"""A small ensemble of the simulator, a small training, and one trained on the other."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from elm_landslide import driver
from elm_landslide.simulator import ensemble, ensemble_file, member
from elm_landslide.training import config, run

MEMBERS, HELD_OUT = 10, 2
SEED = 7
SMALL = config.Config(
    network=config.Network(members=2, width=8, epochs=2, batch=64),
    columns=config.Columns(count=256, points=64, held_out=128, held_out_points=64),
    hillslopes=config.Hillslopes(held_out=HELD_OUT / MEMBERS),
)


@dataclass
class Trained:
    """The file of a training, its scores and what it reported."""

    path: Path
    scores: dict
    reports: list


@pytest.fixture(scope="session")
def made():
    return ensemble.Ensemble(
        MEMBERS, seed=3, settings=member.Settings(rows=6, columns=6, hours=24, spin_up=10)
    )  # fmt: skip


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
    scores = run.train(SMALL, out, SEED, driver.world(), lambda *told: reports.append(told), "quick", ensemble_path)
    return Trained(out, scores, reports)

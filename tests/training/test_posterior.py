"""The levels that reported landslides demand: their file, and that made landslides move them the right way."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.fields import FIELDS, SPVAL, WETNESS_FIELDS
from elm_landslide.model.network import PRIOR_SPREAD, LandslideNetwork
from elm_landslide.observation import site_columns
from elm_landslide.physics import strength
from elm_landslide.training import posterior
from elm_landslide.training.sampling import sample_columns
from support import made_sites
from support.site_files import write_csv


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(posterior, "STEPS", 60)
    monkeypatch.setattr(posterior, "GROUPS", 2)
    monkeypatch.setattr(posterior, "BATCH", 128)


@pytest.mark.usefixtures("quickly")
def test_the_command(tmp_path):
    """Landslides of made sites follow the rain of the last days: more water gathers than the textbook says."""
    write_csv(tmp_path / "sites.csv", made_sites.rows())
    out = tmp_path / "posterior.json"
    result = CliRunner().invoke(app, ["posterior", "--sites", str(tmp_path / "sites.csv"), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "water on the base over that on the column" in result.output
    found = json.loads(out.read_text())
    assert found.keys() == posterior.PRIORS.keys()
    for of in found.values():
        median, low, high = of["prior"]
        assert low < median < high
        assert np.isfinite(of["posterior"]).all()
    assert found["water_gathered"]["posterior"][0] > 1.1 * found["water_gathered"]["prior"][0]


def test_bad_input_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["posterior", "--sites", str(tmp_path / "none.csv")])
    assert result.exit_code == 2
    assert "none.csv: No such file" in result.output


def test_priors_at_their_deviates():
    zero, one = torch.tensor(0.0), torch.tensor(1.0)
    for prior in posterior.PRIORS.values():
        assert float(prior.value(zero)) == pytest.approx(prior.median)
        assert prior.value(one) > prior.value(zero)
    assert float(posterior.PRIORS["cohesion"].value(one)) == pytest.approx(np.exp(0.5))
    assert float(posterior.PRIORS["friction"].value(one)) == pytest.approx(4.0)
    assert float(posterior.PRIORS["water_kept"].value(one)) == pytest.approx(1.0 / (1.0 + np.exp(-1.5)))


LEVELS = {
    "cohesion": strength.COHESION_LEVEL,
    "friction": strength.FRICTION_LEVEL,
    "root_cohesion": 1.0,  # roots.COVER_COHESION is the textbook's
    "thickness": strength.THICKNESS[0],
    "thinning": strength.THINNING[0],
    "suction_cap": strength.SUCTION_CAP[0],
    "spread": PRIOR_SPREAD,
    "water_gathered": strength.WATER_GATHERED[0],
    "water_kept": strength.WATER_KEPT[0],
    "water_stored": strength.WATER_STORED[0],
    "slope_told": site_columns.SLOPE_TOLD,
}


def test_the_constants_are_what_was_found():
    """In docs/results/posterior.json, which the command wrote from GLAS, to its standard deviation."""
    found = json.loads((Path(__file__).parents[2] / "docs/results/posterior.json").read_text())
    assert found.keys() == posterior.PRIORS.keys() == LEVELS.keys()
    for name, level in LEVELS.items():
        value, sd = found[name]["posterior"]
        assert abs(level - value) <= max(sd, 0.03 * abs(value)), name
        assert found[name]["prior"][0] == pytest.approx(posterior.PRIORS[name].median)


def test_levels_of_the_constants_give_an_untrained_network():
    x = sample_columns(64, 3)
    for name in ("root_carbon", "leaf_area_ratio", *WETNESS_FIELDS):
        x[:, FIELDS[name].columns] = SPVAL
    network = LandslideNetwork(members=1)
    prepared = network.prepare(x)
    wanted = network.run_members(prepared, network.latents(prepared, network.members)[0])[0][:, 0]
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in LEVELS.items()}
    found = posterior._failing(network, x[:, None], x[:, FIELDS["slope"].columns], tensors)[:, 0]
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-12)

"""The levels that reported landslides demand: their file, and that made landslides move them the right way."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.observation import site_columns
from elm_landslide.physics import roots, strength
from elm_landslide.training import posterior
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
    import torch

    zero, one = torch.tensor(0.0), torch.tensor(1.0)
    for prior in posterior.PRIORS.values():
        assert float(prior.value(zero)) == pytest.approx(prior.median)
        assert prior.value(one) > prior.value(zero)
    assert float(posterior.PRIORS["cohesion"].value(one)) == pytest.approx(np.exp(0.5))
    assert float(posterior.PRIORS["friction"].value(one)) == pytest.approx(4.0)
    assert float(posterior.PRIORS["water_kept"].value(one)) == pytest.approx(1.0 / (1.0 + np.exp(-1.5)))


def test_levels_of_the_textbook_give_the_textbook():
    """Values as the constants say give the failing share of an untrained network."""
    import torch

    from elm_landslide.fields import FIELDS
    from elm_landslide.model.network import PRIOR_SPREAD, LandslideNetwork
    from elm_landslide.training.sampling import sample_columns

    x = sample_columns(64, 3)
    for name in ("sand", "clay"):  # one texture at all depths
        x[:, FIELDS[name].columns] = x[:, FIELDS[name].columns][:, 5:6]
    x[:, FIELDS["root_carbon"].columns] = 1e36
    network = LandslideNetwork(members=1)
    prepared = network.prepare(x)
    wanted = network.run_members(prepared, network.latents(prepared, network.members)[0])[0][:, 0]
    values = {
        "cohesion": strength.COHESION_LEVEL,
        "friction": strength.FRICTION_LEVEL,
        "root_cohesion": 1.0,
        "thickness": strength.THICKNESS[0],
        "thinning": strength.THINNING[0],
        "suction_cap": strength.SUCTION_CAP[0],
        "spread": PRIOR_SPREAD,
        "water_gathered": strength.WATER_GATHERED[0],
        "water_kept": strength.WATER_KEPT[0],
        "water_stored": strength.WATER_STORED[0],
    }
    assert values.keys() | {"slope_told"} == posterior.PRIORS.keys()
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
    found = posterior._failing(network, x[:, None], x[:, FIELDS["slope"].columns], tensors)[:, 0]
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-12)
    assert roots.COVER_COHESION[0] == 15000.0
    assert 0.0 < site_columns.SLOPE_TOLD < 1.0

"""The model file: entries, golden rows, the scores it states, and a training that gives it again."""

import json

import numpy as np
import pytest
import torch

from elm_landslide import fields, ranks
from elm_landslide.errors import UserError
from elm_landslide.model import model_file
from elm_landslide.model.export import script
from elm_landslide.model.network import LATENTS, LandslideNetwork
from elm_landslide.runtime import description
from elm_landslide.training import closed_form, config, run
from elm_landslide.training.sampling import sample_columns


def golden():
    return model_file.Golden.from_bytes(model_file.read_entry(model_file.SHIPPED, model_file.GOLDEN))


def test_shipped_model_describes_itself():
    info = description.describe(model_file.SHIPPED)
    assert info["schema_matches"]
    assert info["bytes"] < 2_000_000
    assert info["golden"]["flags"]["invalid"] >= 2
    assert info["golden"]["flags"]["outside"] >= 1
    assert info["golden"]["flags"]["ok"] >= 1
    assert info["golden"]["flags"]["filled"] >= 10
    assert {"seed", "preset", "data", "metrics", "torch", "precision"} <= set(info["model"])


def test_the_shipped_model_has_the_bounds_of_the_code(shipped):
    """A trained correction means something within its bounds alone: another bound in the code is another model."""
    assert shipped["latents"] == {name: list(bounds) for name, bounds in LATENTS.items()}
    state = torch.jit.load(str(model_file.SHIPPED)).state_dict()
    low, high = (torch.tensor(part, dtype=torch.float64) for part in zip(*LATENTS.values(), strict=True))
    assert torch.equal(state["latent_low"], low)
    assert torch.equal(state["latent_range"], high - low)


def test_torchscript_reproduces_the_golden_rows():
    rows = golden()
    y = torch.jit.load(str(model_file.SHIPPED))(torch.from_numpy(rows.x.copy())).numpy()
    np.testing.assert_allclose(y[:, : fields.N_OUT], rows.y, rtol=rows.rtol, atol=rows.atol)
    np.testing.assert_array_equal(y[:, fields.N_OUT], rows.flag)


def test_golden_round_trip():
    rows = golden()
    again = model_file.Golden.from_bytes(rows.to_bytes())
    np.testing.assert_array_equal(again.x, rows.x)
    np.testing.assert_array_equal(again.y, rows.y)
    np.testing.assert_array_equal(again.flag, rows.flag)


def test_scripted_equals_eager_for_any_batch():
    network = LandslideNetwork(members=1)
    traced = script(network)
    for n in (1, 3, 64):
        x = sample_columns(n, n)
        assert torch.equal(traced(x), network(x).detach())


@pytest.fixture(scope="module")
def shipped():
    """What the shipped file says of itself."""
    return json.loads(model_file.read_entry(model_file.SHIPPED, model_file.INFO))


def test_shipped_model_scores(shipped):
    """What the file says of itself must be what it does, on columns drawn again."""
    count, seed = shipped["settings"]["columns"], shipped["seed"]
    x = sample_columns(count["held_out"], seed + 1)
    target = closed_form.make_targets(x, seed + 500_000, count["held_out_points"], lambda *_: None, "")
    scores = closed_form.evaluate(torch.jit.load(str(model_file.SHIPPED)), x, target)
    # What a model must reach to be worth shipping; the README quotes the figures themselves.
    assert scores["fos_r2"] > 0.985
    assert scores["fos_rmse"] < 0.065
    assert scores["fos_f1"] > 0.9
    assert scores["probability_mae"] < 0.012
    assert abs(scores["probability_bias"]) < 0.005
    claimed = shipped["metrics"]["stage_2"]["columns"]
    assert set(claimed) == set(scores)
    for name, value in claimed.items():
        assert scores[name] == pytest.approx(value, abs=1e-6), name


def test_shipped_model_learned_from_columns_hillslopes_and_sites(shipped):
    assert shipped["control"] == ""
    assert set(shipped["inputs"]) == {"ensemble", "sites"}
    assert {"stage_1", "development", "stage_2", "steep_hazard"} == set(shipped["metrics"])
    for stage in ("stage_1", "stage_2"):
        assert {"columns", "hillslopes"} <= set(shipped["metrics"][stage])
    assert model_file.read_entry(model_file.SHIPPED, model_file.OBSERVATION)


def test_training_again_gives_the_same_model(tmp_path):
    """Same settings and seed: the same bits. Another seed: another model."""
    small = config.Config(
        network=config.NetworkSettings(members=2, width=8, epochs=2, batch=64),
        columns=config.ColumnSettings(count=256, points=64, held_out=128, held_out_points=64),
    )
    comm, states, scores = ranks.world(), [], []
    for name, seed in (("first", 11), ("again", 11), ("other", 12)):
        path = tmp_path / f"{name}.pt"
        scores.append(run.train(small, path, seed, comm, lambda *_: None, "quick"))
        states.append(torch.jit.load(str(path)).state_dict())
    first, again, other = states
    assert scores[0] == scores[1] != scores[2]
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["members.0.0.weight"], other["members.0.0.weight"])


def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / "m.pt").write_bytes(b"not a model")
    for path, text in ((tmp_path / "m.pt", "m.pt: .*not a model file"), (tmp_path / "none.pt", "No such file")):
        with pytest.raises(UserError, match=text):
            description.describe(path)

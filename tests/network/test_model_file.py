"""The shipped model file: entries, golden rows, and a training that gives it again."""

import json

import numpy as np
import pytest
import torch

from elm_landslide import fields, model_file, training
from elm_landslide.errors import UserError
from elm_landslide.export import script
from elm_landslide.network import LandslideNetwork
from elm_landslide.sampling import sample_columns


def golden():
    return model_file.Golden.from_bytes(model_file.read_entry(model_file.SHIPPED, model_file.GOLDEN))


def test_shipped_model_describes_itself():
    info = model_file.describe(model_file.SHIPPED)
    assert info["schema_matches"]
    assert info["bytes"] < 2_000_000
    assert info["golden"]["flags"]["invalid"] >= 2 and info["golden"]["flags"]["outside"] >= 1
    assert info["golden"]["flags"]["ok"] >= 1 and info["golden"]["flags"]["filled"] >= 10
    assert {"seed", "preset", "data", "metrics", "torch", "precision"} <= set(info["model"])


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


def test_shipped_model_scores():
    """What the file says of itself must be what it does, on columns drawn again."""
    preset = training.PRESETS["quick"]
    claimed = json.loads(model_file.read_entry(model_file.SHIPPED, model_file.INFO))["metrics"]
    seed = training.DEFAULT_SEED
    x = sample_columns(preset.held_out, seed + 1)
    target = training.make_targets(x, seed + 500_000, preset.held_out_points, lambda *_: None, "")
    module = torch.jit.load(str(model_file.SHIPPED))
    scores = training.evaluate(module, x, target)
    # What a first model must reach to be worth shipping; the README quotes the figures themselves.
    assert scores["fos_r2"] > 0.985 and scores["fos_rmse"] < 0.06 and scores["fos_f1"] > 0.9
    assert scores["probability_mae"] < 0.01 and abs(scores["probability_bias"]) < 0.002
    for name, value in claimed.items():
        assert scores[name] == pytest.approx(value, abs=1e-6), name


def test_training_again_gives_the_shipped_model(tmp_path):
    """`elm-landslide train --preset quick` from its seed, within training.REPRODUCTION_TOLERANCE."""
    training.train("quick", tmp_path / "again.pt")
    again, shipped = (
        json.loads(model_file.read_entry(path, model_file.INFO))["metrics"]
        for path in (tmp_path / "again.pt", model_file.SHIPPED)
    )
    for name, tolerance in training.REPRODUCTION_TOLERANCE.items():
        assert again[name] == pytest.approx(shipped[name], abs=tolerance), name
    x = torch.from_numpy(golden().x.copy())
    y = [torch.jit.load(str(p))(x) for p in (tmp_path / "again.pt", model_file.SHIPPED)]
    assert torch.equal(y[0][:, -1], y[1][:, -1])
    usable = y[0][:, -1] < fields.FLAGS["invalid"]
    assert (y[0][usable, 0] - y[1][usable, 0]).abs().max() < 0.05
    assert (torch.log(y[0][usable, 1]) - torch.log(y[1][usable, 1])).abs().max() < 0.1


def test_unknown_preset_and_missing_folder(tmp_path):
    with pytest.raises(UserError, match="preset 'slow' is unknown; choose one of quick"):
        training.train("slow", tmp_path / "m.pt")
    with pytest.raises(UserError, match="does not exist; make it first"):
        training.train("quick", tmp_path / "nowhere" / "m.pt")


def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / "m.pt").write_bytes(b"not a model")
    for path, text in ((tmp_path / "m.pt", "cannot be read"), (tmp_path / "none.pt", "does not exist")):
        with pytest.raises(UserError, match=text):
            model_file.describe(path)

"""The tile engine computes what torch computes: the shipped network whole, and graphs unlike it."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch

from elm_landslide import fields
from elm_landslide.fields import FIELDS, FLAGS, N_IN, N_OUT, OUTPUTS, SPVAL
from elm_landslide.model import export, model_file
from elm_landslide.model.lowering import lower
from elm_landslide.runtime import c_abi
from elm_landslide.training.sampling import sample_columns
from support.random_graphs import RandomGraph

SHIPPED = model_file.SHIPPED
PROBABILITY, FOS, MEDIAN, DEPTH = (list(OUTPUTS).index(name) for name in ("probability", "fos", "fos_median", "depth"))


@pytest.fixture(scope="module")
def network():
    return export.load_eager(SHIPPED)


def both(x):
    x = x.numpy() if isinstance(x, torch.Tensor) else x
    with c_abi.CModel(SHIPPED, engine="tile") as tile, c_abi.CModel(SHIPPED, engine="torchscript") as torchscript:
        return tile.run(x), torchscript.run(x)


def check_agreement(x) -> np.ndarray:
    (y, flag), (want, want_flag) = both(x)
    np.testing.assert_array_equal(flag, want_flag)
    valid = flag != FLAGS["invalid"]
    assert (y[~valid] == SPVAL).all()
    y, want = y[valid], want[valid]
    np.testing.assert_allclose(y[:, [FOS, MEDIAN]], want[:, [FOS, MEDIAN]], rtol=1e-9)  # the aim is 1e-5
    probabilities = [PROBABILITY, list(OUTPUTS).index("spread")]
    np.testing.assert_allclose(y[:, probabilities], want[:, probabilities], rtol=0, atol=1e-9)  # the aim is 1e-5
    # Two planes may hold the same FoS to the last bit, so that rounding decides which is named.
    away = np.abs(y[:, DEPTH] - want[:, DEPTH]) > 1e-9
    assert away.mean() < 1e-3
    return flag


def test_100000_columns_of_the_domain():
    flag = check_agreement(sample_columns(100_000, seed=4))
    counts = np.bincount(flag, minlength=4)
    assert counts[FLAGS["filled"]] > 50_000


def test_corners_of_the_domain(network):
    """Every value at one end of the domain, at random; then one value at a time, on a column of the training."""
    rng = np.random.default_rng(5)
    low, high = network.domain.low.numpy(), network.domain.high.numpy()
    corners = np.where(rng.random((20_000, N_IN)) < 0.5, low, high)
    slope = FIELDS["slope"].columns
    corners[:10_000, slope] = np.sort(corners[:10_000, slope], axis=1)
    edges = np.repeat(sample_columns(24, seed=6).numpy(), 2 * N_IN, axis=0)
    edges.reshape(24, 2, N_IN, N_IN)[:, 0, range(N_IN), range(N_IN)] = low
    edges.reshape(24, 2, N_IN, N_IN)[:, 1, range(N_IN), range(N_IN)] = high
    flag = check_agreement(np.concatenate([corners, edges]))
    assert (np.bincount(flag, minlength=4)[[FLAGS["filled"], FLAGS["outside"]]] > 1000).all()


def test_beyond_all_bounds():
    """Values that no host gives: huge, tiny, of the wrong sign, missing; nothing but finite numbers comes back."""
    rng = np.random.default_rng(7)
    x = sample_columns(5000, seed=8).numpy().copy()
    odd = np.array([0.0, -0.0, 5e-324, -1e-300, 1e35, -1e35, 1e-30, SPVAL, np.nan, np.inf, -np.inf, 1.0, -1.0])
    at = rng.random(x.shape) < 0.02
    x[at] = rng.choice(odd, at.sum())
    flag = check_agreement(x)
    assert (np.bincount(flag, minlength=4)[2:] > 100).all()


def graph_bytes(module) -> bytes:
    """A model file with a tile program alone; its golden rows come from torch."""
    x = torch.from_numpy(np.random.default_rng(9).uniform(-1, 1, (4, N_IN)))
    with torch.no_grad():
        y = module(x).numpy()
    golden = model_file.Golden(x.numpy(), y[:, :N_OUT], y[:, N_OUT].astype(int), rtol=1e-9, atol=1e-9)
    entries = {
        model_file.SCHEMA: fields.schema_table(),
        model_file.GOLDEN: golden.to_bytes(),
        model_file.TILE: lower(module, x).to_bytes(),
        model_file.INFO: json.dumps({}),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(f"graph/extra/{name}", content)
    return buffer.getvalue()


GRAPHS = 200
OFTEN = 20  # of them; the others are long


@pytest.mark.parametrize(
    "first", [*range(0, OFTEN, 10), *(pytest.param(n, marks=pytest.mark.long) for n in range(OFTEN, GRAPHS, 10))]
)
def test_random_graphs(first):
    x = np.random.default_rng(10).uniform(-1, 1, (21, N_IN))
    for seed in range(first, first + 10):
        graph = RandomGraph(seed).eval()
        with torch.no_grad():
            want = graph(torch.from_numpy(x)).numpy()[:, :N_OUT]
        assert np.isfinite(want).all()
        assert np.ptp(want) > 0.0
        with c_abi.CModel(graph_bytes(graph), engine="tile") as model:
            y, flag = model.run(x)
            alone = np.concatenate([model.run(x[i : i + 1])[0] for i in range(len(x))])
        assert (flag == FLAGS["ok"]).all()
        np.testing.assert_allclose(y, want, rtol=1e-9, atol=1e-9, err_msg=f"graph {seed}: {graph.names}")
        np.testing.assert_array_equal(y.view(np.int64), alone.view(np.int64), err_msg=f"graph {seed}: {graph.names}")


def test_all_kinds_of_operations_are_drawn():
    drawn = {name for seed in range(OFTEN) for name in RandomGraph(seed).names}
    assert len(drawn) > 45, sorted(drawn)

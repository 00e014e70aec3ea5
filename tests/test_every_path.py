"""One input through every path: eager = TorchScript file = C ABI = Fortran component = MPI driver, by both engines."""

import netCDF4
import numpy as np
import pytest
import torch

from elm_landslide import fields
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.samples import sample_inputs
from elm_landslide.runtime.c_abi import CModel
from elm_landslide.runtime.fortran import FortranModel
from elm_landslide.training.sampling import sample_columns
from support.offline_runs import launch

N_OUT = fields.N_OUT
ENGINES = ["tile", "torchscript"]


@pytest.fixture(scope="module")
def x():
    """Training-like columns, and among them a missing optional field, one outside, one invalid, one all spval."""
    x = sample_columns(200, 77).numpy()
    x[3, fields.FIELDS["leaf_area_index"].offset] = 19.0
    x[5, fields.FIELDS["sand"].offset + 9] = fields.SPVAL
    x[6, fields.FIELDS["sand"].offset + 9] = np.nan
    x[7] = fields.SPVAL
    return x


@pytest.fixture(scope="module")
def eager(x):
    """Outputs and flags of the module as it was trained."""
    y = load_eager(model_file.SHIPPED)(torch.from_numpy(x)).numpy()
    return y[:, :N_OUT], y[:, N_OUT].astype(int)


def agree(got, wanted):
    np.testing.assert_array_equal(got[1], wanted[1])
    np.testing.assert_allclose(got[0], wanted[0], rtol=1e-9, atol=1e-12)


def test_the_input_reaches_every_flag_but_ok(eager):
    y, flag = eager
    assert set(flag) >= {fields.FLAGS[name] for name in ("filled", "outside", "invalid")}
    assert (y[flag == fields.FLAGS["invalid"]] == fields.SPVAL).all()
    assert (flag[[5, 6, 7]] == fields.FLAGS["invalid"]).all()


def test_torchscript_file(x, eager):
    y = torch.jit.load(str(model_file.SHIPPED))(torch.from_numpy(x)).numpy()
    agree((y[:, :N_OUT], y[:, N_OUT].astype(int)), eager)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("door", [CModel, FortranModel])
def test_c_abi_and_fortran(door, engine, x, eager):
    with door(model_file.SHIPPED, engine) as model:
        agree(model.run(x), eager)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("door", [CModel, FortranModel])
def test_a_transposed_layout_would_be_seen(door, engine, x, eager):
    """Column i alone gives row i: a transposed x would mix its fields."""
    with door(model_file.SHIPPED, engine) as model:
        for i in (0, 3, 11):
            y, flag = model.run(x[i : i + 1])
            agree((y, flag), (eager[0][i : i + 1], eager[1][i : i + 1]))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("site", [pytest.param("susquehanna", marks=pytest.mark.long), "steep"])
def test_mpi_driver(site, engine, tmp_path):
    out = tmp_path / "out.nc"
    done = launch(2, "run", "--sample", site, "--out", out, "--engine", engine)
    assert done.returncode == 0, done.stderr
    columns = Columns(sample_inputs(site))
    network = load_eager(model_file.SHIPPED)
    with netCDF4.Dataset(out) as file:
        file.set_auto_mask(False)
        assert len(columns.records) == len(file["time"]) == 480
        for i in range(0, 480, 60):
            y = network(torch.from_numpy(np.ascontiguousarray(columns.x(columns.records[i])))).numpy()
            for output in fields.OUTPUTS.values():
                np.testing.assert_allclose(file[output.history][i], y[:, output.index], rtol=1e-9, atol=1e-12)
            outside = (y[:, N_OUT] == fields.FLAGS["outside"]).astype(float)
            np.testing.assert_array_equal(file["LANDSLIDE_OUTSIDE"][i], outside)
            assert not outside.any()  # states of the genuine ELM lie in the domain of the shipped model
    columns.close()

"""Running columns, through both doors and both engines."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from elm_landslide.errors import LandslideError
from elm_landslide.fields import FIELDS, FLAGS, LAYER_INTERFACES, LAYER_TOLERANCE, N_IN, N_OUT, SPVAL
from elm_landslide.runtime.c_abi import CModel
from support import toy

REQUIRED, OPTIONAL = FIELDS["slope"].offset + 3, FIELDS["rain_3d"].offset


def test_every_input_and_output_is_where_it_belongs(model):
    x = toy.columns(7)
    for layout in (np.ascontiguousarray(x), np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x.tolist()):
        y, flag = model.run(layout)
        assert y.shape == (7, N_OUT)
        assert y.flags.f_contiguous
        assert y.dtype == np.float64
        assert flag.dtype == np.int32
        np.testing.assert_allclose(y, toy.expected(x), rtol=1e-12)
        assert (flag == FLAGS["ok"]).all()


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf, SPVAL, -SPVAL, 1e35, 1e300])
def test_what_is_missing_or_not_finite(model, missing):
    x = toy.columns(4)
    x[1, REQUIRED] = missing
    x[2, OPTIONAL] = missing
    y, flag = model.run(x)
    assert flag.tolist() == [FLAGS["ok"], FLAGS["invalid"], FLAGS["filled"], FLAGS["ok"]]
    assert (y[1] == SPVAL).all()
    whole = np.where(np.abs(np.nan_to_num(x, nan=SPVAL)) >= 1e35, 0.0, x)
    np.testing.assert_allclose(y[[0, 2, 3]], toy.expected(whole)[[0, 2, 3]], rtol=1e-12)


def test_the_flag_outside_passes(model):
    x = toy.columns(2)
    x[1, toy.OUTSIDE] = 60.0
    y, flag = model.run(x)
    assert flag.tolist() == [FLAGS["ok"], FLAGS["outside"]]
    np.testing.assert_allclose(y, toy.expected(x), rtol=1e-12)


@pytest.mark.parametrize("trigger", [13.0, 14.0, 15.0], ids=["NaN", "huge", "unknown flag"])
def test_an_output_that_history_cannot_hold_makes_the_column_invalid(model, trigger):
    x = toy.columns(3)
    x[1, toy.TRIGGER] = trigger
    y, flag = model.run(x)
    assert flag.tolist() == [FLAGS["ok"], FLAGS["invalid"], FLAGS["ok"]]
    assert (y[1] == SPVAL).all()
    np.testing.assert_allclose(y[[0, 2]], toy.expected(x)[[0, 2]], rtol=1e-12)


def test_the_input_is_left_alone(model):
    x = np.asfortranarray(toy.columns(3))
    x[0, 0] = np.nan
    before = x.copy()
    model.run(x)
    np.testing.assert_array_equal(x, before)


def test_no_columns(model):
    y, flag = model.run(np.empty((0, N_IN)))
    assert y.shape == (0, N_OUT)
    assert flag.shape == (0,)


def test_one_column_at_a_time_gives_the_same(model, engine):
    x = toy.columns(300)
    y, _ = model.run(x)
    singly = np.concatenate([model.run(x[i : i + 1])[0] for i in range(len(x))])
    np.testing.assert_allclose(singly, y, rtol=0 if engine == "tile" else 1e-12)


def test_threads_share_a_model(engine, toy_bytes):
    xs = [toy.columns(64, seed) for seed in range(8)]
    with CModel(toy_bytes, engine) as model:
        alone = [model.run(x)[0] for x in xs]
        with ThreadPoolExecutor(4) as pool:
            for _ in range(20):
                together = list(pool.map(lambda x: model.run(x)[0], xs))
                for a, b in zip(alone, together, strict=True):
                    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(N_IN,), (3, N_IN - 1), (N_IN, 3), (1, 2, N_IN)])
def test_a_wrong_shape_is_named(model, shape):
    with pytest.raises(LandslideError, match=f"x has shape .*{N_IN}"):
        model.run(np.zeros(shape))


def test_layers(model):
    model.check_layers(LAYER_INTERFACES)
    model.check_layers(np.array(LAYER_INTERFACES) + 0.9 * LAYER_TOLERANCE)
    moved = np.array(LAYER_INTERFACES)
    moved[4] += 1.1 * LAYER_TOLERANCE
    with pytest.raises(LandslideError, match="layer interface 5 is 0.16") as error:
        model.check_layers(moved)
    assert error.value.status == 4
    with pytest.raises(LandslideError, match="the host gives 16 layer interfaces, the schema has 11"):
        model.check_layers(np.zeros(16))
    with pytest.raises(LandslideError, match="layer interface 1 is nan"):
        model.check_layers(np.full(11, np.nan))


def test_closing(door, toy_bytes):
    model = door(toy_bytes)
    model.close()
    model.close()
    with pytest.raises(LandslideError, match="closed"):
        model.run(toy.columns(1))


class Single(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.float()


class FailsOnTwo(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.toy = toy.Toy()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.size(0) == 2:
            raise ValueError("two columns are too many")
        return self.toy(x)


def test_an_engine_that_fails_says_why(door):
    with door(toy.model_bytes(FailsOnTwo()), "torchscript") as model:
        assert (model.run(toy.columns(1))[1] == 0).all()
        with pytest.raises(LandslideError, match="landslide_run: .*two columns are too many") as error:
            model.run(toy.columns(2))
        assert error.value.status == 5
        assert (model.run(toy.columns(3))[1] == 0).all()


def test_an_engine_of_the_wrong_type_is_refused(door):
    with pytest.raises(LandslideError, match=rf"forward returns Float \[3, {N_IN}\], not Double \[3, {N_OUT + 1}\]"):
        door(toy.model_bytes(Single()), "torchscript")


def resident_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_running_does_not_take_memory(model):
    x = np.asfortranarray(toy.columns(64))
    for _ in range(500):
        model.run(x)
    before = resident_kib()
    for _ in range(20_000):
        model.run(x)
    # A leak of one input block (64 x 125 doubles) a call would be 1.2 GiB; of one message, 10 MiB.
    assert resident_kib() - before < 4096


def test_opening_and_closing_does_not_take_memory(door, engine, toy_bytes):
    for _ in range(50):
        door(toy_bytes, engine).close()
    before = resident_kib()
    for _ in range(300):
        door(toy_bytes, engine).close()
    assert resident_kib() - before < 8192

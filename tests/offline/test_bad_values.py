"""Every bad value in every field, through both doors, both engines and the shipped model: its flag, its neighbours."""

import numpy as np
import pytest

from elm_landslide.fields import FIELDS, FLAGS, N_IN, N_OUT, SPVAL
from elm_landslide.model import model_file
from elm_landslide.runtime.c_abi import CModel
from elm_landslide.runtime.fortran import FortranModel

MISSING = {"NaN": np.nan, "Inf": np.inf, "-Inf": -np.inf, "spval": SPVAL, "-spval": -SPVAL}


def beyond(field):
    """Values just outside the valid range and far outside."""
    low, high = field.valid
    step = 1e-6 * (high - low)
    return {"below": low - step, "above": high + step, "far below": low - 1e6, "far above": high + 1e6}


def flag_without(field):
    """The flag of a column with everything else given, of which no carbon is 0."""
    return "invalid" if field.required else "filled" if field.filled else "ok"


# Field, entry of it, name of the bad value, value, flag.
VALUES = [
    (field.name, entry, name, value, flag)
    for field in FIELDS.values()
    for entry in range(field.layers)
    for kind, flag in ((MISSING, flag_without(field)), (beyond(field), "outside"))
    for name, value in kind.items()
]


@pytest.fixture(scope="module")
def good():
    """A column with every field given, well inside the domain: a golden row of the shipped model."""
    golden = model_file.Golden.from_bytes(model_file.read_entry(model_file.SHIPPED, model_file.GOLDEN))
    return golden.x[golden.flag == FLAGS["ok"]][0]


@pytest.mark.parametrize("engine", ["tile", "torchscript"])
@pytest.mark.parametrize("door", [CModel, FortranModel])
def test_every_bad_value_gives_its_flag(door, engine, good):
    """All cases in one call, each column between two good ones."""
    assert {name for name, *_ in VALUES} == set(FIELDS)
    assert len(VALUES) == 9 * N_IN
    x = np.tile(good, (2 * len(VALUES) + 1, 1))
    for i, (name, entry, _, value, _) in enumerate(VALUES):
        x[2 * i + 1, FIELDS[name].offset + entry] = value
    with door(model_file.SHIPPED, engine) as model:
        y, flag = model.run(x)
        alone, ok = model.run(good[None])
    assert ok == [FLAGS["ok"]]
    np.testing.assert_array_equal(flag[::2], FLAGS["ok"])
    np.testing.assert_allclose(y[::2], np.tile(alone, (len(VALUES) + 1, 1)), rtol=1e-12, atol=1e-15)
    names = {value: name for name, value in FLAGS.items()}
    wrong = [
        (name, entry, kind, names[got], wanted)
        for (name, entry, kind, _, wanted), got in zip(VALUES, flag[1::2], strict=True)
        if names[got] != wanted
    ]
    assert not wrong
    invalid = flag == FLAGS["invalid"]
    assert (y[invalid] == SPVAL).all()
    assert np.isfinite(y).all()
    assert y.shape[1] == N_OUT
    assert (y[~invalid, 0] >= 0).all()
    assert (y[~invalid, 0] <= 1).all()
    assert (y[~invalid, 1] > 0).all()
    assert (np.abs(y[~invalid]) < 1e3).all()

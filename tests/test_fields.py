"""Fields packed into x and back."""

import numpy as np
import pytest

from elm_landslide.fields import FIELDS, N_IN, SPVAL, pack, put, unpack


def test_pack_and_unpack_are_inverse():
    """Every field comes back as it was given: [..., layers], or [...] for one layer."""
    rng = np.random.default_rng(0)
    values = {f.name: rng.random((3, 2, f.layers) if f.layers > 1 else (3, 2)) for f in FIELDS.values()}
    x = pack(values, (3, 2))
    assert x.shape == (3, 2, N_IN)
    unpacked = unpack(x)
    assert unpacked.keys() == values.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(unpacked[name], value)


def test_the_columns_are_those_of_the_field():
    x = pack({"ice": np.arange(10.0), "slope": 0.5}, (4,))
    given = {name: FIELDS[name].columns for name in ("ice", "slope")}
    np.testing.assert_array_equal(x[:, given["ice"]], np.tile(np.arange(10.0), (4, 1)))
    np.testing.assert_array_equal(x[:, given["slope"]], 0.5)
    for columns in given.values():
        x[:, columns] = SPVAL
    assert (x == SPVAL).all()  # what is not given is missing


def test_one_layer_with_or_without_its_axis():
    """A value for each column is never taken for values of layers, whatever the number of columns."""
    for n in (1, 2, 10, 11):
        value = np.arange(n) / 7.0
        x, y = pack({"rain_1d": value}, (n,)), pack({}, (n,))
        put(y, "rain_1d", value[:, None])
        np.testing.assert_array_equal(x, y)
        np.testing.assert_array_equal(unpack(x)["rain_1d"], value)


def test_another_number_of_layers_is_an_error():
    with pytest.raises(ValueError, match="broadcast"):
        pack({"ice": np.zeros((4, 9))}, (4,))

"""The tile engine through the C ABI: instruction sets, and programs inside model files."""

import time

import numpy as np
import pytest

from elm_landslide.errors import LandslideError
from elm_landslide.fields import MODEL_BYTES
from elm_landslide.runtime.c_abi import CModel
from support import toy
from support.tile_support import SETS, same_bits

FILE, ENGINE, GOLDEN = 2, 5, 6


def refused(model, status, match):
    with pytest.raises(LandslideError, match=match) as error:
        CModel(model)
    assert error.value.status == status


def test_every_instruction_set_is_named_and_has_the_same_bits(toy_bytes):
    x = toy.columns(21)
    with CModel(toy_bytes) as model:
        chosen, (y, flag) = model.describe()["instruction_set"], model.run(x)
    assert chosen in SETS
    for name in SETS:
        try:
            model = CModel(toy_bytes, settings={"instruction_set": name})
        except LandslideError as error:
            refused = (error.status, "the processor lacks AVX" in str(error))
            assert refused == (ENGINE, True)
            assert SETS.index(name) > SETS.index(chosen)  # the best there is was chosen
            print(f"not tested: {error}")
            continue
        with model:
            assert model.describe()["instruction_set"] == name
            y_pinned, flag_pinned = model.run(x)
        assert same_bits(y_pinned, y)
        assert (flag_pinned == flag).all()


def test_a_bad_program_in_a_model_file(tmp_path):
    path = tmp_path / "bad.pt"
    for program, match in [
        (b"", "does not begin as a tile program does"),
        (b"LSTILE99" + bytes(100), "version '99'"),
        (toy.program().to_bytes()[:-8], "says it has"),
    ]:
        path.write_bytes(toy.model_bytes(tile=program))
        refused(path, FILE, rf"bad.pt: entry /extra/landslide_tile.bin: .*{match}")
        CModel(path, engine="torchscript").close()  # which does not look at it


def test_a_program_that_computes_something_else_is_refused():
    program = toy.program()
    program.weights[program.weights != 0.0] *= 1.0 + 1e-9
    refused(toy.model_bytes(tile=program.to_bytes()), GOLDEN, "golden row 1, output 1: the engine gives")


def test_a_large_file_of_zeros_is_refused_quickly(tmp_path):
    path = tmp_path / "zeros.pt"
    for size, match in [(MODEL_BYTES + 1, "more than the 268435456 of"), (MODEL_BYTES, "no ZIP end record")]:
        with path.open("wb") as file:
            file.truncate(size)
        start = time.monotonic()
        refused(path, FILE, match)
        assert time.monotonic() - start < 10.0


def test_a_large_program_of_zeros_is_refused_quickly():
    start = time.monotonic()
    refused(toy.model_bytes(tile=b"LSTILE01" + bytes(1 << 26)), FILE, "has 0 inputs and 0 outputs")
    head = np.array([toy.N_IN, toy.N_OUT + 1, 1 << 20, 0, 0, 0, 0], "<i8").tobytes()
    refused(toy.model_bytes(tile=b"LSTILE01" + head + bytes(1 << 26)), FILE, "says it has 80 bytes")
    assert time.monotonic() - start < 20.0

"""Programs that have to be refused: entry, instruction and reason are named, quickly and without a crash."""

import dataclasses
import time

import numpy as np
import pytest

from elm_landslide.fields import N_IN, N_OUT
from elm_landslide.model.tile_program import Instruction, Loop, Op, Operand, Program
from support.random_program import random_program
from support.tile_support import Builder, Probe, Refused, columns, round_up

CELLS = round_up(N_IN) + 64
FREE = round_up(N_IN)  # the first cell that is not an input's


def refused(program, match):
    with pytest.raises(Refused, match=match) as error:
        Probe(program)
    assert str(error.value).startswith("probe: entry /extra/landslide_tile.bin: ")
    assert str(error.value).endswith("; export the model again")
    assert "\n" not in str(error.value)


def program(*body: Instruction, count: int = 1, **change) -> Program:
    """What is given, then outputs that are inputs."""
    loops = [Loop(count, list(body))] if body else []
    whole = Program(N_IN, N_OUT + 1, CELLS, Operand(0), np.ones(10), np.ones(48), loops)
    return dataclasses.replace(whole, **change)


def with_counts(**change) -> bytes:
    """Bytes whose header says something else than they hold."""
    data = program(copy()).to_bytes()
    names = ["n_in", "n_out", "cells", "constants", "weights", "loops", "instructions"]
    header = np.frombuffer(data[8:64], "<i8").copy()
    for name, value in change.items():
        header[names.index(name)] = value
    return data[:8] + header.tobytes() + data[64:]


def copy(size=8, offset=FREE, stride=0, operand=None, op=Op.COPY, **more) -> Instruction:
    return Instruction(op, size, offset, stride, (operand or Operand(0),), **more)


def test_a_sound_program_is_taken():
    Probe(program(copy()))
    Probe(with_counts())


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "does not begin as a tile program does"),
        (b"LSTILE", "does not begin"),
        (b"LSGOLD01" + bytes(56), "does not begin"),
        (b"LSTILE02" + bytes(56), "version '02', this build reads '01'"),
        (b"LSTILE\n\0" + bytes(56), r"version '\?\?'"),
        (b"LSTILE01" + bytes(55), "ends within its header"),
        (b"LSTILE01" + bytes(56), f"has 0 inputs and 0 outputs, not {N_IN} and {N_OUT + 1}"),
    ],
)
def test_what_is_not_a_program(data, match):
    refused(data, match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"n_in": N_IN + 1}, f"has {N_IN + 1} inputs"),
        ({"n_out": N_OUT}, f"and {N_OUT} outputs"),
        ({"cells": -1}, "the arena has -1 cells"),
        ({"cells": N_IN - 1}, f"the arena has {N_IN - 1} cells"),
        ({"cells": 2**20 + 1}, "the arena has 1048577 cells"),
        ({"cells": 2**62}, "the arena has"),
        *[({name: -1}, "count of -1") for name in ("constants", "weights", "loops", "instructions")],
        *[({name: 2**60}, "count of") for name in ("constants", "weights", "loops", "instructions")],
        *[({name: 300}, "says it has .* bytes and has") for name in ("constants", "weights", "loops", "instructions")],
        ({"constants": 48, "weights": 11}, "says it has"),
    ],
)
def test_counts_that_do_not_fit(change, match):
    refused(with_counts(**change), match)


def test_another_length():
    data = program(copy()).to_bytes()
    for other in (data + bytes(8), data[:-1], data[:-8], data[:100]):
        refused(other, "says it has .* bytes and has")


def numbers(place: int, value: int) -> bytes:
    """The program with another int32: 0 to 3 output, 4 and 5 the loop, from 6 the instruction."""
    data = bytearray(program(copy()).to_bytes())
    data[64 + 4 * place : 68 + 4 * place] = np.array([value], "<i4").tobytes()
    return bytes(data)


@pytest.mark.parametrize(
    ("place", "value", "match"),
    [
        (4, 0, "a loop runs 0 times"),
        (4, -3, "a loop runs -3 times"),
        (5, 0, "a loop without instructions"),
        (5, -1, "a loop without instructions"),
        (5, 2, "loops of 2 instructions together, but 1 instructions"),
        (6, 8, r"instruction 1 \(operation 8\) is unknown"),
        (6, -1, r"instruction 1 \(operation -1\) is unknown"),
        (6, 2**31 - 1, "is unknown"),
        (7, 0, r"instruction 1 \(operation 0\) has size 0"),
        (7, -5, "has size -5"),
        (7, 2**31 - 1, "more work than 2.27"),
        (4, 2**31 - 1, "more work than 2.27"),
        (8, -1, f"writes -1 to 6 of {CELLS} arena"),
        (8, CELLS - 7, f"writes {CELLS - 7} to {CELLS} of {CELLS} arena"),
        (13, -1, f"reads -1 to 6 of {CELLS} arena"),
        (13, CELLS, f"reads {CELLS} to"),
        (15, 2**31 - 1, "reads 0 to 15032385529"),
        (15, -(2**31), "reads -15032385536 to 0"),
        (0, -1, f"the output reads -1 to {N_OUT - 1}"),
        (0, CELLS, "the output reads"),
        (0, FREE + 4, f"the output reads cell {FREE + 8}, which nothing has written"),
    ],
)
def test_numbers_out_of_range(place, value, match):
    refused(numbers(place, value), match)


ADD = {"op": Op.ADD, "size": 8, "offset": FREE}


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ([copy(operand=Operand(3, constant=True))], "reads 3 to 10 of 10 constants"),
        ([copy(operand=Operand(9, step=-2, constant=True))], "reads -5 to 9 of 10 constants"),
        ([copy(size=9, offset=CELLS - 9)], "writes"),  # it spills to 16 cells
        ([copy(), copy(operand=Operand(FREE + 8))], rf"instruction 2 .* cell {FREE + 8}, which nothing has written"),
        ([copy(size=5), copy(operand=Operand(FREE))], f"cell {FREE + 5}, which nothing has written"),
        ([copy(), copy(size=3), copy(operand=Operand(FREE))], f"instruction 3 .* cell {FREE + 3}"),  # spilled over
        ([copy(op=Op.NEG, operand=Operand(0, step=2))], r"operation 1\) has a step of 2"),
        ([copy(op=Op.NEG, operand=Operand(9, step=-1))], "has a step of -1"),
        ([copy(op=Op.LINEAR, extent=2, operand=Operand(0, step=2))], "has a step of 2"),
        ([copy(op=Op.LINEAR)], "has extent 0"),
        ([copy(op=Op.LINEAR, extent=-2)], "has extent -2"),
        ([copy(op=Op.LINEAR, extent=6)], "takes 0 to 55 of 48 weights"),
        ([copy(op=Op.LINEAR, extent=5, weights=1)], "takes 1 to 48 of 48 weights"),
        ([copy(op=Op.LINEAR, extent=5, weights=-1)], "takes -1 to 46"),
        ([copy(op=Op.LINEAR, size=9, extent=2, weights=1)], "takes 1 to 48"),
        ([copy(op=Op.LINEAR, extent=2**31 - 1)], "more work"),
        ([copy(op=Op.LINEAR, extent=2, offset=0)], "reads cells that it writes"),
        ([copy(offset=4)], "reads cells that it writes"),
        ([copy(op=Op.NEG, offset=0, operand=Operand(7))], "reads cells that it writes"),
        ([copy(op=Op.NEG, offset=0, operand=Operand(2, step=0))], "reads cells that it writes"),
        ([copy(offset=0, operand=Operand(0, step=2))], "reads cells that it writes"),
        ([Instruction(**ADD, operands=(Operand(0), Operand(2, step=0), Operand(FREE)))], None),
        ([Instruction(**ADD, operands=(Operand(0), Operand(FREE)))], f"cell {FREE}, which nothing has written"),
        ([copy(op=Op.NEG, offset=0)], None),
        ([copy(op=Op.LINEAR, extent=5)], None),
        ([copy(op=Op.REDUCE_SUM, offset=CELLS - 1, size=100)], None),  # one cell, no spilling
    ],
)
def test_instructions(body, match):
    if match is None:
        Probe(program(*body))
    else:
        refused(program(*body), match)


@pytest.mark.parametrize(
    ("body", "count", "match"),
    [
        ([copy(stride=8)], 9, f"writes {FREE} to {FREE + 71}"),
        ([copy(stride=-8)], 40, f"writes {FREE - 8 * 39} to"),
        ([copy(operand=Operand(0, 100))], 9, "reads 0 to 807"),
        ([copy(operand=Operand(0, -1))], 2, "reads -1 to 7"),
        ([copy(op=Op.LINEAR, extent=2, weights_stride=9)], 4, "takes 0 to 50"),
        ([copy(stride=8, operand=Operand(round_up(N_IN) - 8, 8))], 8, f"cell {N_IN}, which nothing has written"),
        ([copy(offset=100, stride=-10, operand=Operand(4, 10))], 6, "reads cells that it writes"),
        ([copy(stride=8)], 8, None),
    ],
)
def test_iterations(body, count, match):
    if match is None:
        Probe(program(*body, count=count))
    else:
        refused(program(*body, count=count), match)


def test_constants_and_weights_that_are_not_finite():
    refused(program(constants=np.array([1.0, np.nan])), "a constant that is NaN")
    Probe(program(constants=np.array([np.inf, -np.inf])))
    for value in (np.nan, np.inf):
        refused(program(weights=np.array([1.0, value])), "a weight that is not finite")


def test_the_most_work_is_checked_quickly():
    sizes = [(1, 1, 2**26), (2**20 - 1024, 1, 60), (1, 2**20, 100)]
    for size, extent, count in sizes:
        builder = Builder()
        builder.cells = 2**20
        op = Op.COPY if extent == 1 else Op.REDUCE_SUM
        operand = Operand(0, step=0)
        builder.loops = [Loop(count, [Instruction(op, max(size, extent), FREE, 0, (operand,))])]
        start = time.monotonic()
        Probe(builder.program())
        assert time.monotonic() - start < 10.0


def test_damage_is_refused_or_runs():
    """Whatever passes the checks runs without a crash."""
    sound = random_program(1, n_loops=10)
    data, random, x = sound.to_bytes(), np.random.default_rng(8), columns(9)
    end = 64 + 4 * (4 + 2 * len(sound.loops) + 19 * sum(len(loop.body) for loop in sound.loops))
    taken = 0
    for _ in range(3000):
        damaged = bytearray(data)
        place = int(random.integers(8, end))
        damaged[place] = random.choice([0, 1, 255, damaged[place] ^ (1 << int(random.integers(8)))])
        try:
            probe = Probe(bytes(damaged))
        except Refused:
            continue
        taken += 1
        probe(x)
        probe(x[:1])
    assert 0 < taken < 2900

"""Every operation, in both layouts and on every instruction set, against numpy one cell at a time."""

import numpy as np
import pytest

from elm_landslide.fields import N_IN, N_OUT, SPVAL
from elm_landslide.model.tile_program import Instruction, Loop, Op, Operand
from support import reference
from support.tile_support import Builder, Probe, columns, possible_sets, same_bits

ROW = N_OUT + 1  # what a program gives: outputs and flag
APPROXIMATE = (Op.EXP, Op.LOG, Op.TAN, Op.SIGMOID)  # test_tile_math.py has their errors
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, 5e-324, -5e-324, 1.7e308, 2.0, 0.5, 3.0]


def agree(program, x, exact=True):
    """Eight columns at a time and one alone."""
    wanted = reference.run(program, x)[:, :N_OUT]
    for name in possible_sets():
        probe = Probe(program, name)
        for got in (probe(x)[:, :N_OUT], np.concatenate([probe(x[i : i + 1])[:, :N_OUT] for i in range(len(x))])):
            if exact:
                assert same_bits(got, wanted), name
            else:
                np.testing.assert_allclose(got, wanted, rtol=1e-14)


@pytest.mark.parametrize("op", reference.ELEMENTWISE, ids=lambda op: op.name)
@pytest.mark.parametrize("size", [ROW, 8, 21])
def test_elementwise(op, size):
    arity = 1 if op < 10 else 2 if op < 20 else 3
    x = columns(11, seed=int(op))
    if op in (Op.SQRT, Op.LOG):
        x = np.abs(x)
    builder = Builder()
    constant = builder.constant(columns(1, seed=3)[0, :30] * (1.0 if op in (Op.CLAMP, Op.SELECT) else 0.5))
    shared = Operand(57, step=0)
    for operands in (
        (Operand(3), Operand(40), Operand(80)),
        (Operand(3), Operand(constant.offset + 1, constant=True), shared),
        (shared, Operand(3), Operand(constant.offset, step=0, constant=True)),
        (Operand(3), Operand(3), Operand(40)),
        (Operand(40), shared, Operand(constant.offset + 2, constant=True)),
    ):
        value = builder.add(op, size, *operands[:arity])
        for start in range(0, max(size - N_OUT, 1), N_OUT):  # all outputs at a time, the last overlapping
            agree(builder.program(value + start), x, op not in APPROXIMATE)
        agree(builder.program(value + size - ROW), x, op not in APPROXIMATE)


@pytest.mark.parametrize("op", [op for op in reference.ELEMENTWISE if 10 <= op < 30], ids=lambda op: op.name)
def test_what_is_not_finite_and_zeros_of_both_signs(op):
    builder = Builder()
    nan = builder.add(Op.SQRT, 8, builder.constant(-np.ones(8)))
    special = builder.add(Op.COPY, len(SPECIAL), builder.constant(SPECIAL))
    values = [Operand(special + k, step=0) for k in range(len(SPECIAL))] + [Operand(nan, step=0)]
    arity = 2 if op < 20 else 3
    for k, first in enumerate(values):
        second = values[(5 * k + 3) % len(values)]
        rest = (first, second, values[(7 * k + 1) % len(values)])[: arity - 1]
        for start in (0, len(SPECIAL) - ROW):
            for operands in ((Operand(special + start), *rest), (*rest, Operand(special + start))):
                at = builder.add(op, ROW, *operands)
                program = builder.program(at)
                x, wanted = np.zeros((9, N_IN)), reference.run(program, np.zeros((1, N_IN)))[0, :N_OUT]
                for got in (Probe(program)(x), Probe(program)(x[:1])):
                    np.testing.assert_array_equal(got[:, :N_OUT], np.broadcast_to(wanted, (len(got), N_OUT)))


@pytest.mark.parametrize("op", [Op.REDUCE_SUM, Op.REDUCE_MIN, Op.REDUCE_MAX], ids=lambda op: op.name)
@pytest.mark.parametrize("step", [1, 3, 0, -2])
def test_reductions(op, step):
    for size in (1, 2, 8, 33):
        builder = Builder()
        total = builder.value(8)
        body = [Instruction(op, size, total, 1, (Operand(100 if step < 0 else 4, 2, step),))]
        builder.loops.append(Loop(ROW, body))  # neighbouring results: a reduction writes one cell only
        agree(builder.program(total), columns(9, seed=size))


def test_a_sum_is_taken_in_order():
    builder = Builder()
    total = builder.add(Op.REDUCE_SUM, 3, Operand(0))
    builder.loops[0].count, builder.loops[0].body[0] = ROW, Instruction(Op.REDUCE_SUM, 3, total, 1, (Operand(0),))
    x = np.zeros((9, N_IN))
    x[:, :3] = 1.0, 1e16, -1e16  # (1 + 1e16) - 1e16 is 0
    for got in (Probe(builder.program(total))(x), Probe(builder.program(total))(x[:1])):
        assert (got == 0.0).all()


@pytest.mark.parametrize("step", [0, 1, 2, 7, -1])
def test_copy_gathers(step):
    builder = Builder()
    value = builder.value(4 * 16)
    body = [Instruction(Op.COPY, 14, value, 16, (Operand(20 if step < 0 else 10, 3, step),))]
    builder.loops.append(Loop(4, body))
    x = columns(9)
    for start in (0, 5, 14 - ROW, 16, 48):
        agree(builder.program(value + start), x)


@pytest.mark.parametrize(
    ("extent", "size"), [(1, ROW), (14, 24), (24, 24), (24, 10), (5, 13), (3, 40), (7, 8), (2, 97)]
)
def test_linear(extent, size):
    random = np.random.default_rng(size)
    builder = Builder()
    weights = [builder.linear(random.normal(size=(size, extent)), random.normal(size=size)) for _ in range(2)]
    row = -(-size // 8) * 8
    value = builder.value(2 * row)
    more = {"extent": extent, "weights": weights[0], "weights_stride": weights[1] - weights[0]}
    builder.loops.append(Loop(2, [Instruction(Op.LINEAR, size, value, row, (Operand(2, 30),), **more)]))
    agree(builder.program(value), columns(9))
    agree(builder.program(value + row + size - ROW), columns(9))


def test_linear_of_one_cell_or_of_constants():
    builder = Builder()
    weights = builder.linear(columns(1)[0, :60].reshape(6, 10)[np.arange(ROW) % 6], columns(1)[0, 60 : 60 + ROW])
    constant = builder.constant(columns(1)[0, :20])
    for operand in (Operand(9, step=0), constant):
        value = builder.add(Op.LINEAR, ROW, operand, extent=10, weights=weights)
        agree(builder.program(value), columns(9))


def test_accumulators_in_place():
    builder = Builder()
    value = builder.add(Op.COPY, 20, builder.constant(np.zeros(20)))
    more = (Operand(0, 7), Operand(3, 5, 0), Operand(value))
    body = [Instruction(Op.FMA, 20, value, 0, more), Instruction(Op.MAX, 20, value, 0, (Operand(value), Operand(9, 1)))]
    builder.loops.append(Loop(8, body))
    for start in (0, 7, 20 - ROW):
        agree(builder.program(value + start), columns(17))


def test_loops_run_in_order_one_stride_further_each_time():
    """Iteration i reads what iteration i - 1 wrote."""
    builder = Builder()
    value = builder.value(8 * 9)
    builder.loops.append(Loop(1, [Instruction(Op.COPY, 8, value, 0, (Operand(0),))]))
    body = [Instruction(Op.FMS, 8, value + 8, 8, (Operand(value, 8), Operand(20, 1, 0), Operand(50, 3)))]
    builder.loops.append(Loop(8, body))
    for start in (8, 40, 72 - ROW):
        agree(builder.program(value + start), columns(11))


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_an_input_that_is_not_finite_is_missing(missing):
    builder = Builder()
    value = builder.add(Op.COPY, ROW, Operand(10))
    x = columns(21)
    for column in (0, 7, 9, 20):
        x[column, 10 + column % 4] = missing
    wanted = np.where(np.isfinite(x), x, SPVAL)[:, 10 : 10 + N_OUT]
    probe = Probe(builder.program(value))
    for n in (21, 20, 17, 1):
        assert same_bits(probe(x[:n])[:, :N_OUT], wanted[:n])


def test_the_flag():
    builder = Builder()
    value = builder.add(Op.COPY, ROW, Operand(0))
    for flag, wanted in [(0, 0), (1, 1), (2, 2), (3, 3), (4, -1), (-1, -1), (1e300, -1), (2.5, 2)]:
        x = columns(9)
        x[:, N_OUT] = flag
        assert (Probe(builder.program(value))(x)[:, N_OUT] == wanted).all()
    nan = builder.add(Op.SQRT, ROW, builder.constant(-np.ones(ROW)))
    assert (Probe(builder.program(nan))(columns(9))[:, N_OUT] == -1).all()

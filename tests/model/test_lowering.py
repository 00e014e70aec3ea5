"""What the lowering makes of a module; that it computes the same is tested through the engine in tests/tile."""

import numpy as np
import pytest
import torch
from torch import nn

from elm_landslide.model.lowering import LoweringError, lower
from elm_landslide.model.tile_program import Op

F64 = torch.float64
EXAMPLE = torch.linspace(0.1, 1.0, 24, dtype=F64).reshape(3, 8)


class Module(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def lowered(function):
    return lower(Module(function), EXAMPLE)


def operations(program) -> list[Op]:
    return [i.op for loop in program.loops for i in loop.body]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: torch.erf(x), r"erf: the tile engine has no such operation; test_lowering.py line \d+, in <lambda>"),
        (lambda x: x - x.mean(0), "mean: .* columns"),
        (lambda x: x.cumsum(0), "cumsum: works along the columns"),
        (lambda x: x[:, :3].T @ x[:, 3:], "columns"),
        (lambda x: torch.cat([x, x], 0), "cat: works along the columns"),
        (lambda x: x.flip(0), "flip: "),
        (lambda x: x.float() * 2, "_to_copy: computes in torch.float32; the tile engine computes in float64"),
        (lambda x: x.reshape(-1), "the columns must stay the first axis"),
    ],
)
def test_what_cannot_be_lowered_is_refused_with_its_place(function, message):
    with pytest.raises(LoweringError, match=message):
        lowered(function)


def test_the_place_is_where_the_source_calls_it_not_where_forward_begins():
    def inner(x):
        return torch.special.i0(x)  # here

    with pytest.raises(LoweringError, match=rf"line {inner.__code__.co_firstlineno + 1}, in inner"):
        lowered(lambda x: inner(x) + 1.0)


def test_dead_code_constants_and_copies_are_gone():
    table = torch.linspace(0.0, 1.0, 8, dtype=F64)
    bias = nn.Parameter(torch.ones(8, dtype=F64))

    def function(x):
        torch.exp(x)  # nobody uses it
        constant = torch.sqrt(table * 4.0).tan() + torch.full_like(x, 2.0)
        return x.unsqueeze(2).squeeze(2) * constant

    assert operations(lowered(function)) == [Op.MUL]
    program = lower(Module(lambda x: x * torch.exp(bias)), EXAMPLE)
    assert operations(program) == [Op.MUL]
    np.testing.assert_allclose(program.constants, np.e)


def test_equal_operations_are_done_once():
    assert operations(lowered(lambda x: torch.exp(x) * torch.exp(x))) == [Op.EXP, Op.MUL]


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda x: x * 2.0 + x, [Op.FMA]),
        (lambda x: x + x * 2.0, [Op.FMA]),
        (lambda x: x * 2.0 - 1.0, [Op.FMS]),
        (lambda x: 1.0 - x * x, [Op.FNMA]),
        (lambda x: (x * 2.0 + x) * (x * 2.0), [Op.MUL, Op.ADD, Op.MUL]),  # the product has another use
        (lambda x: torch.where(~(x < 0.5), x, 1.0), [Op.LT, Op.SELECT]),  # no negation left
    ],
)
def test_multiply_adds_are_fused_and_negations_swapped(function, wanted):
    assert operations(lowered(function)) == wanted


def test_a_chain_over_rows_shares_one_loop_and_one_row():
    weight = torch.linspace(0.5, 1.5, 30, dtype=F64)

    def function(x):
        rows = x.unsqueeze(2) * weight + x[:, :1].unsqueeze(2)
        return torch.sqrt(torch.exp(rows) + 1.0).amin(1)

    program = lowered(function)
    (loop,) = [loop for loop in program.loops if loop.count > 1]
    assert loop.count == 8
    assert [i.op for i in loop.body] == [Op.FMA, Op.EXP, Op.ADD, Op.SQRT, Op.MIN]
    assert all(i.stride == 0 for i in loop.body)  # nothing but the minimum is kept
    assert program.cells < 8 + 8 * 30


def test_a_large_value_that_is_used_later_is_kept_whole():
    def function(x):
        rows = x.unsqueeze(2) * torch.linspace(0.5, 1.5, 30, dtype=F64)
        return (rows - rows.amin(1, keepdim=True)).sum(1)

    program = lowered(function)
    assert [loop.count for loop in program.loops if loop.count > 1] == [8, 8]
    assert program.cells >= 8 * 30

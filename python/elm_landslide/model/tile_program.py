"""The tile program: what the tile engine runs, and its bytes in the model file.

A value is a run of cells; a cell holds one number per column. All values live in one arena of cells, the inputs first,
or among the constants, which are the same for every column. A program is a list of loops; a loop runs its instructions
`count` times, in order, each time one stride further.

An instruction works on `size` cells. Its destination is `offset + i * stride + j` for iteration i and cell j; an
operand is `offset + i * stride + j * step`, where step is 0 (one cell for all) or 1, and anything in copy and the
reductions. Writing may spill up to 7 cells beyond `size`: a value owns the cells up to the next multiple of 8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

MAGIC = b"LSTILE01"


class Op(IntEnum):
    """Operation codes. Truth is a number other than zero; comparisons give 1 or 0."""

    COPY = 0
    NEG = 1
    ABS = 2
    SQRT = 3
    EXP = 4
    LOG = 5
    TAN = 6
    SIGMOID = 7
    ADD = 10
    SUB = 11
    MUL = 12
    DIV = 13
    MIN = 14
    MAX = 15
    LT = 16
    LE = 17
    EQ = 18
    FMA = 20  # a b + c, rounded once
    FMS = 21  # a b - c
    FNMA = 22  # c - a b
    SELECT = 23  # b where a, else c
    CLAMP = 24  # min(max(a, b), c)
    REDUCE_SUM = 30  # over the `size` cells of a, in order, into one cell
    REDUCE_MIN = 31
    REDUCE_MAX = 32
    LINEAR = 40  # size outputs; a holds `extent` inputs; see Program.weights


@dataclass(frozen=True)
class Operand:
    offset: int = 0
    stride: int = 0
    step: int = 1
    constant: bool = False  # among the constants, not in the arena


@dataclass
class Instruction:
    op: Op
    size: int
    offset: int
    stride: int = 0
    operands: tuple[Operand, ...] = ()
    extent: int = 0  # LINEAR: number of inputs
    weights: int = 0  # LINEAR: where its block of weights begins
    weights_stride: int = 0  # LINEAR: per iteration


@dataclass
class Loop:
    count: int
    body: list[Instruction]


@dataclass
class Program:
    """weights holds blocks [1 + extent, size rounded up to 8]: the bias, then for every input its weight per output;
    the rest of a row is 0."""

    n_in: int
    n_out: int
    cells: int  # of the arena
    output: Operand  # n_out cells
    constants: np.ndarray
    weights: np.ndarray
    loops: list[Loop] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """Little endian: magic; int64 n_in, n_out, cells, constants, weights, loops, instructions; int32 output;
        int32 count and length of each loop; int32 instructions; zeros up to a multiple of 8; float64 constants and
        weights.

        An operand is offset, stride, step, constant (0 or 1); an instruction is op, size, offset, stride, extent,
        weights, weights_stride, then three operands, unused ones zero: 19 numbers.
        """
        body = [instruction for loop in self.loops for instruction in loop.body]
        counts = [self.n_in, self.n_out, self.cells, len(self.constants), len(self.weights), len(self.loops), len(body)]
        numbers = [*_operand(self.output)]
        for loop in self.loops:
            numbers += [loop.count, len(loop.body)]
        for i in body:
            numbers += [i.op, i.size, i.offset, i.stride, i.extent, i.weights, i.weights_stride]
            for operand in i.operands:
                numbers += _operand(operand)
            numbers += [0] * (4 * (3 - len(i.operands)))
        numbers += [0] * (len(numbers) % 2)
        return b"".join(
            [
                MAGIC,
                np.array(counts, "<i8").tobytes(),
                np.array(numbers, "<i4").tobytes(),
                self.constants.astype("<f8").tobytes(),
                self.weights.astype("<f8").tobytes(),
            ]
        )


def _operand(operand: Operand) -> list[int]:
    return [operand.offset, operand.stride, operand.step, int(operand.constant)]

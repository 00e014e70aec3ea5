"""A tile program run cell by cell with numpy: slow, sequential, and every multiply-add rounded once."""

from fractions import Fraction

import numpy as np

from elm_landslide.model.tile_program import Instruction, Op, Operand, Program

ELEMENTWISE = {
    Op.COPY: lambda a: a,
    Op.NEG: np.negative,
    Op.ABS: np.abs,
    Op.SQRT: np.sqrt,
    Op.EXP: np.exp,
    Op.LOG: np.log,
    Op.TAN: np.tan,
    Op.SIGMOID: lambda a: 1.0 / (1.0 + np.exp(-a)),
    Op.ADD: np.add,
    Op.SUB: np.subtract,
    Op.MUL: np.multiply,
    Op.DIV: np.divide,
    Op.MIN: np.minimum,
    Op.MAX: np.maximum,
    Op.LT: lambda a, b: (a < b) * 1.0,
    Op.LE: lambda a, b: (a <= b) * 1.0,
    Op.EQ: lambda a, b: (a == b) * 1.0,
    Op.FMA: lambda a, b, c: fused(a, b, c),
    Op.FMS: lambda a, b, c: fused(a, b, -c),
    Op.FNMA: lambda a, b, c: fused(-a, b, c),
    Op.SELECT: lambda a, b, c: np.where(a != 0.0, b, c),
    Op.CLAMP: lambda a, b, c: np.minimum(np.maximum(a, b), c),
}


@np.vectorize(otypes=[float])
def fused(a, b, c):
    """a b + c in exact arithmetic, rounded once."""
    if not (np.isfinite(a) and np.isfinite(b)):
        return a * b + c
    if not np.isfinite(c):
        return c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c  # the sign of zero
    try:
        return float(exact)
    except OverflowError:
        return np.inf if exact > 0 else -np.inf


def run(program: Program, x: np.ndarray) -> np.ndarray:
    """x [n, n_in] to [n, n_out]."""
    arena = np.full((len(x), program.cells), np.nan)
    arena[:, : program.n_in] = x
    constants = np.broadcast_to(program.constants, (len(x), len(program.constants)))

    def read(operand: Operand, size: int, iteration: int) -> np.ndarray:
        cells = operand.offset + iteration * operand.stride + np.arange(size) * operand.step
        return (constants if operand.constant else arena)[:, cells].copy()

    with np.errstate(all="ignore"):
        for loop in program.loops:
            for i in range(loop.count):
                for instruction in loop.body:
                    result = _result(program, instruction, read, i)
                    start = instruction.offset + i * instruction.stride
                    arena[:, start : start + result.shape[1]] = result
    return read(program.output, program.n_out, 0)


def _result(program: Program, instruction: Instruction, read, iteration: int) -> np.ndarray:
    size = instruction.size
    values = [read(o, instruction.extent or size, iteration) for o in instruction.operands]
    if instruction.op == Op.LINEAR:
        at = instruction.weights + iteration * instruction.weights_stride
        row = -(-size // 8) * 8
        block = program.weights[at : at + (1 + instruction.extent) * row].reshape(-1, row)[:, :size]
        sums = np.broadcast_to(block[0], (len(values[0]), size))
        for k in range(instruction.extent):
            sums = fused(block[1 + k], values[0][:, k : k + 1], sums)
        return sums
    if instruction.op in ELEMENTWISE:
        return ELEMENTWISE[instruction.op](*values)
    combine = {Op.REDUCE_SUM: np.add, Op.REDUCE_MIN: np.minimum, Op.REDUCE_MAX: np.maximum}[instruction.op]
    total = values[0][:, :1]
    for j in range(1, size):
        total = combine(total, values[0][:, j : j + 1])
    return total

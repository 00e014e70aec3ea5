"""Random programs that use every operation, layout of operands and kind of loop, and whose outputs depend on all."""

import numpy as np

from elm_landslide.fields import N_IN, N_OUT
from elm_landslide.model.tile_program import Instruction, Loop, Op, Operand, Program
from support.tile_support import Builder, round_up

ENDS = N_OUT + 1  # outputs and flag
UNARY = [Op.NEG, Op.ABS, Op.SQRT, Op.EXP, Op.LOG, Op.TAN, Op.SIGMOID]
BINARY = [Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MIN, Op.MAX, Op.LT, Op.LE, Op.EQ]
TERNARY = [Op.FMA, Op.FMS, Op.FNMA, Op.SELECT, Op.CLAMP]
REDUCTIONS = [Op.REDUCE_SUM, Op.REDUCE_MIN, Op.REDUCE_MAX]


class _Random(Builder):
    def __init__(self, seed: int):
        super().__init__()
        self.random = np.random.default_rng(seed)
        self.constant(self.random.normal(size=300))
        self.values = [(0, N_IN)]  # (offset, cells)

    def integer(self, low: int, high: int) -> int:
        """low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def operand(self, n: int, count: int, any_step: bool = False) -> Operand:
        """n cells in each of count iterations, of a constant or a value; one cell in three cases of ten."""
        step = 0 if self.random.random() < 0.3 else self.integer(1, 3) if any_step else 1
        stride = int(self.random.choice([0, 0, 1, n]))
        if (count - 1) * stride + (n - 1) * step + 1 > N_IN:
            step, stride = min(step, 1), 0
        needed = (count - 1) * stride + (n - 1) * step + 1
        constant = self.random.random() < 0.3
        places = [(0, len(self.constants))] if constant else [v for v in self.values if v[1] >= needed]
        # The latest values first, so that what is computed rests on what was computed before.
        at, cells = places[-1 - min(int(self.random.exponential(3)), len(places) - 1)]
        return Operand(at + self.integer(0, cells - needed), stride, step, constant)

    def instruction(self, count: int) -> Instruction:
        kinds = ["unary", "binary", "ternary", "reduce", "copy", "linear"]
        kind = self.random.choice(kinds, p=[0.2, 0.3, 0.2, 0.1, 0.1, 0.1])
        size = int(self.random.choice([1, 2, 5, 8, 11, 16, 27, 40]))
        if kind == "linear":
            return self.linear_layer(size, count)
        if kind == "reduce":
            operand = self.operand(size, count, True)
            return Instruction(Op(self.random.choice(REDUCTIONS)), size, self.value(count), 1, (operand,))
        ops, arity = {"unary": (UNARY, 1), "binary": (BINARY, 2), "ternary": (TERNARY, 3), "copy": ([Op.COPY], 1)}[kind]
        operands = tuple(self.operand(size, count, kind == "copy") for _ in range(arity))
        stride = int(self.random.choice([0, size, round_up(size)]))
        value = self.value((count - 1) * stride + round_up(size))
        return Instruction(Op(self.random.choice(ops)), size, value, stride, operands)

    def linear_layer(self, size: int, count: int) -> Instruction:
        extent = self.integer(1, 20)
        weight = self.random.normal(size=(size, extent)) / extent**0.5
        blocks = [self.linear(weight + i, self.random.normal(size=size)) for i in range(count)]
        stride = blocks[-1] - blocks[-2] if count > 1 else 0
        more = {"extent": extent, "weights": blocks[0], "weights_stride": stride}
        value = self.value(count * round_up(size))
        return Instruction(Op.LINEAR, size, value, round_up(size), (self.operand(extent, count),), **more)

    def tame(self, offset: int, size: int) -> int:
        """NaN becomes 0.5, and what is large or small 8 or -8: otherwise all would soon be NaN."""
        number = self.add(Op.EQ, size, Operand(offset), Operand(offset))
        half, low, high = (Operand(self.constant([v]).offset, step=0, constant=True) for v in (0.5, -8.0, 8.0))
        chosen = self.add(Op.SELECT, size, Operand(number), Operand(offset), half)
        return self.add(Op.CLAMP, size, Operand(chosen), low, high)

    def grow(self, n_loops: int) -> Program:
        start = self.tame(0, N_IN)
        self.values = [(start, N_IN)]
        for _ in range(n_loops):
            count = self.integer(1, 5)
            body = [self.instruction(count) for _ in range(self.integer(1, 3))]
            self.loops.append(Loop(count, body))
            for each in body:
                reduction = each.op in REDUCTIONS
                whole = reduction or each.stride == each.size
                size = count * (1 if reduction else each.size) if whole else each.size
                self.values.append((self.tame(each.offset, size), size))
        outputs = self.add(Op.COPY, ENDS, self.constant(np.ones(ENDS)))
        for at, size in self.values:
            weights = self.linear(self.random.normal(size=(ENDS, size)), self.random.normal(size=ENDS))
            part = self.add(Op.LINEAR, ENDS, Operand(at), extent=size, weights=weights)
            self.loops.append(Loop(1, [Instruction(Op.ADD, ENDS, outputs, 0, (Operand(outputs), Operand(part)))]))
        flag = self.add(Op.EQ, 1, Operand(outputs), Operand(outputs))
        result = self.add(Op.COPY, ENDS, Operand(outputs))
        self.loops.append(Loop(1, [Instruction(Op.COPY, 1, result + N_OUT, 0, (Operand(flag),))]))
        self.cells += 8
        return self.program(result)


def random_program(seed: int, n_loops: int = 40) -> Program:
    return _Random(seed).grow(n_loops)

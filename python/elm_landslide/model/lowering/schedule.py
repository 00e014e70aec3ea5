"""From the graph to the tile program: which operations share a loop, where values lie, instructions.

Large values [rows, ...] that are made and used row by row exist one row at a time: their operations share a loop over
the rows. Everything else is an instruction on a whole value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from elm_landslide.model.lowering.graph import (
    CAT,
    CONSTANT,
    INPUT,
    Graph,
    Node,
    View,
    fuse_multiply_adds,
    live_nodes,
    row_major,
    whole,
)
from elm_landslide.model.tile_program import Instruction, Loop, Op, Operand, Program

LOOPED_CELLS = 96  # a smaller value is not worth a loop: it fits into the cache as it is
_SPILL = 8  # writing may extend to a multiple of this many cells
_START = {Op.REDUCE_SUM: 0.0, Op.REDUCE_MIN: np.inf, Op.REDUCE_MAX: -np.inf}
_FOLD = {Op.REDUCE_SUM: Op.ADD, Op.REDUCE_MIN: Op.MIN, Op.REDUCE_MAX: Op.MAX}
_CHEAP = (Op.NEG, Op.ABS, Op.ADD, Op.SUB, Op.MUL, Op.MIN, Op.MAX, Op.LT, Op.LE, Op.EQ, *range(Op.FMA, Op.CLAMP + 1))
_WHOLE_VALUE = (INPUT, CONSTANT, CAT, Op.LINEAR)


def _uniform(shape: tuple[int, ...], strides: tuple[int, ...]) -> int | None:
    """The one stride that walks these axes in row-major order, or None."""
    axes = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
    if not axes:
        return 0
    for (_, outer), (n, inner) in zip(axes, axes[1:], strict=False):
        if outer != n * inner:
            return None
    return axes[-1][1]


def _step(shape: tuple[int, ...], strides: tuple[int, ...]) -> int | None:
    """As _uniform, but only what elementwise instructions can do: 0 or 1."""
    step = _uniform(shape, strides)
    return step if step in (0, 1) else None


@dataclass
class Step:
    """A loop before its values have places."""

    count: int
    nodes: list[Node] = field(default_factory=list)


class Scheduler:
    def __init__(self, graph: Graph, source: Node, output: View):
        self.graph = graph
        self.source = source
        self.output = output if _step(output.shape, output.strides) == 1 else graph.copy(output)
        nodes = live_nodes([self.output])
        fuse_multiply_adds(nodes)
        self._legalise(live_nodes([self.output]))
        self.nodes = [n for n in live_nodes([self.output]) if n.op not in (INPUT, CONSTANT)]

    # --- shapes the instructions can work on --------------------------------------------------------------------------

    def rows(self, node: Node) -> int:
        """Iterations of the loop the node belongs to; 1 for none."""
        if node.op in _WHOLE_VALUE:
            return 1
        if node.reduces:
            view = node.inputs[0]
            return view.shape[0] if node.axis == 0 and math.prod(view.shape[1:]) > 1 else 1
        looped = len(node.shape) > 1 and node.shape[0] > 1 and node.cells > LOOPED_CELLS
        return node.shape[0] if looped else 1

    def _legalise(self, nodes: list[Node]) -> None:
        """Copy operands whose cells are not laid out as an instruction needs them."""
        for node in nodes:
            if node.op in (INPUT, CONSTANT, CAT, Op.COPY):
                continue
            if node.op == Op.LINEAR:
                fits = [_step(v.shape, v.strides) == 1 or v.shape == (1,) for v in node.inputs]
                node.inputs = tuple(v if fit else self.graph.copy(v) for v, fit in zip(node.inputs, fits, strict=True))
            elif self.rows(node) > 1:
                node.inputs = tuple(self._by_row(v) for v in node.inputs)
            elif node.reduces:
                node.inputs, node.axis = (self._last_axis(node.inputs[0], node.axis),), -1
            elif _split(node) is None:
                node.inputs = tuple(
                    v if _step(v.shape, v.strides) is not None else self._copied(v) for v in node.inputs
                )

    def _by_row(self, view: View) -> View:
        rest, strides = view.shape[1:], view.strides[1:]
        if _step(rest, strides) is not None:
            return view
        if view.strides[0] == 0:
            return self._copied(view.select(0, 0)).unsqueeze(0).expand(view.shape)
        if view.node.op in _CHEAP and view == whole(view.node).expand(view.shape):
            # Repeated on the larger shape: what its operands share between rows is then copied outside the loop.
            wide = self.graph.elementwise(view.node.operation, *(v.expand(view.shape) for v in view.node.inputs))
            self._legalise([wide.node])
            return wide
        return self._copied(view)

    def _last_axis(self, view: View, axis: int) -> View:
        axes = [i for i in range(len(view.shape)) if i != axis] + [axis]
        view = view.permute(axes)
        return view if _uniform(view.shape[:-1], view.strides[:-1]) is not None else self._copied(view)

    def _copied(self, view: View) -> View:
        if view.node.op == CONSTANT:
            return self.graph.constant(view.constant())
        return self.graph.copy(view)

    # --- which loop -----------------------------------------------------------------------------------------------

    def _row_by_row(self, view: View) -> bool:
        """Does iteration i read only row i of the looped node?"""
        node = view.node
        row = math.prod(node.shape[1:])
        if node.reduces or view.shape[:1] != node.shape[:1] or view.strides[0] != row:
            return False
        reach = view.offset + sum((n - 1) * s for n, s in zip(view.shape[1:], view.strides[1:], strict=True))
        return reach < row

    def _shares_loop(self, user: Node, view: View) -> bool:
        rows = self.rows(user)
        return rows > 1 and rows == self.rows(view.node) and self._row_by_row(view)

    def steps(self) -> list[Step]:
        """Loops in order. A node's level is how many loops must have ended before it can begin."""
        level: dict[Node, int] = {}
        users: dict[Node, list[tuple[Node, View]]] = {}
        for node in self.nodes:
            earliest = 0
            for view in node.inputs:
                if view.node not in level:
                    continue
                users.setdefault(view.node, []).append((node, view))
                ended = self.rows(view.node) > 1 and not self._shares_loop(node, view)
                earliest = max(earliest, level[view.node] + ended)
            level[node] = earliest
        # As late as possible where all users share one loop: the value then needs only one row.
        for node in reversed(self.nodes):
            if self.rows(node) > 1 and users.get(node) and all(self._shares_loop(u, v) for u, v in users[node]):
                level[node] = min(level[u] for u, _ in users[node])
        steps: dict[tuple[int, int], Step] = {}
        for node in self.nodes:
            key = (level[node], self.rows(node))
            steps.setdefault(key, Step(self.rows(node))).nodes.append(node)
        self.level = level
        self.users = users
        return [steps[key] for key in sorted(steps)]


def _split(node: Node) -> int | None:
    """How many leading axes the loop of an elementwise node takes, so that every operand is 0 or 1 cell further within
    and one stride further between iterations; the fewest iterations."""
    for k in range(len(node.shape) + 1):
        head, tail = slice(0, k), slice(k, None)
        if all(
            _step(v.shape[tail], v.strides[tail]) is not None and _uniform(v.shape[head], v.strides[head]) is not None
            for v in node.inputs
        ):
            return k
    return None


class _Emitter:
    """Instructions and places, in two passes: first how long each value lives, then where."""

    def __init__(self, scheduler: Scheduler):
        self.scheduler = scheduler
        self.steps = scheduler.steps()
        self.one_row = {n for n in scheduler.nodes if self._one_row(n)}
        self.place: dict[Node, int] = {scheduler.source: 0}
        self.constants: dict[Node, int] = {}
        self.pool: list[np.ndarray] = []
        self.weights: list[np.ndarray] = []
        self.cells = 0

    def _one_row(self, node: Node) -> bool:
        s = self.scheduler
        users = s.users.get(node, [])
        return (
            s.rows(node) > 1
            and not node.reduces
            and node is not s.output.node
            and bool(users)
            and all(s._shares_loop(u, v) and s.level[u] == s.level[node] for u, v in users)
        )

    def _size(self, node: Node) -> int:
        cells = math.prod(node.shape[1:]) if node in self.one_row else node.cells
        return (cells + 2 * (_SPILL - 1)) // _SPILL * _SPILL  # its last piece, of any size, may spill

    def _allocate(self) -> None:
        """First fit. Values of one row live within an iteration; what crosses a loop's edge lives to the loop's end."""
        born: dict[Node, int] = {}
        dies: dict[Node, int] = {}
        clock = 0
        for step in self.steps:
            begin, end = clock, clock + len(step.nodes)
            for at, node in enumerate(step.nodes, begin):
                inside = step.count == 1 or node in self.one_row
                born[node] = at if inside else begin
                dies[node] = at if inside else end
                for view in node.inputs:
                    here = step.count == 1 or view.node in self.one_row
                    dies[view.node] = max(dies.get(view.node, 0), at if here else end)
            clock = end + 1
        dies[self.scheduler.output.node] = clock
        source = self.scheduler.source
        blocks = [(0, self._size(source), 0, dies.get(source, 0))]  # offset, size, born, dies
        for node in sorted(born, key=born.__getitem__):
            size, start = self._size(node), 0
            for offset, length, since, until in sorted(blocks):
                if since <= dies[node] and born[node] <= until:
                    if start + size <= offset:
                        break
                    start = max(start, offset + length)
            blocks.append((start, size, born[node], dies[node]))
            self.place[node] = start
        self.cells = max(offset + size for offset, size, _, _ in blocks)

    def operand(self, view: View, loop: slice, inner: slice) -> Operand:
        """The loop's axes give the stride, the inner axes the step."""
        node = view.node
        stride = _uniform(view.shape[loop], view.strides[loop])
        step = _uniform(view.shape[inner], view.strides[inner])
        if node in self.one_row:
            stride = 0
        assert stride is not None
        assert step is not None
        if node.op == CONSTANT:
            if node not in self.constants:
                self.constants[node] = sum(len(p) for p in self.pool)
                self.pool.append(node.data)
            return Operand(self.constants[node] + view.offset, stride, step, constant=True)
        return Operand(self.place[node] + view.offset, stride, step)

    def program(self) -> Program:
        self._allocate()
        loops: list[Loop] = []

        def emit(count: int, body: list[Instruction]) -> None:
            if count == 1 and loops and loops[-1].count == 1:
                loops[-1].body += body
            else:
                loops.append(Loop(count, body))

        for step in self.steps:
            if step.count == 1:
                for node in step.nodes:
                    emit(*self._instruction(node))
                continue
            for node in step.nodes:
                if node.reduces:
                    start = self.scheduler.graph.constant(_START[node.operation]).expand((node.cells,))
                    operand = self.operand(start, slice(0, 0), slice(None))
                    emit(1, [Instruction(Op.COPY, node.cells, self.place[node], 0, (operand,))])
            emit(step.count, [i for node in step.nodes for i in self._row(node)])
        output = self.operand(self.scheduler.output, slice(0, 0), slice(None))
        return Program(
            n_in=self.scheduler.source.cells,
            n_out=self.scheduler.output.shape[0],
            cells=self.cells,
            output=output,
            constants=np.concatenate([*self.pool, np.zeros(0)]),
            weights=np.concatenate([*self.weights, np.zeros(0)]),
            loops=loops,
        )

    def _row(self, node: Node) -> list[Instruction]:
        """One row of a looped node."""
        first, rest = slice(0, 1), slice(1, None)
        row = math.prod(node.inputs[0].shape[1:])
        if node.reduces:
            place = self.place[node]
            total = Operand(place, 0, 1)
            terms = tuple(self.operand(v, first, rest) for v in node.inputs)
            op = Op.FMA if len(terms) == 2 else _FOLD[node.operation]
            return [Instruction(op, row, place, 0, (*terms, total))]
        stride = 0 if node in self.one_row else row
        if node.op == Op.COPY:
            return self._copies(node.inputs[0], self.place[node], stride, looped=True)
        return [
            Instruction(
                node.operation, row, self.place[node], stride, tuple(self.operand(v, first, rest) for v in node.inputs)
            )
        ]

    def _instruction(self, node: Node) -> tuple[int, list[Instruction]]:
        """Loop count and body for a node outside the shared loops."""
        place = self.place[node]
        if node.op == Op.COPY:
            return 1, self._copies(node.inputs[0], place)
        if node.op == CAT:
            return 1, self._cat(node)
        if node.op == Op.LINEAR:
            extent, size = node.matrix.shape
            block = np.zeros((1 + extent, -(-size // 8) * 8))
            block[0, :size], block[1:, :size] = node.bias, node.matrix
            at = sum(len(w) for w in self.weights)
            self.weights.append(block.reshape(-1))
            operand = self.operand(node.inputs[0], slice(0, 0), slice(None))
            operand = Operand(operand.offset, 0, 1, operand.constant)
            return 1, [Instruction(Op.LINEAR, size, place, 0, (operand,), extent, at)]
        if node.reduces:
            view = node.inputs[0]
            operand = self.operand(view, slice(0, -1), slice(-1, None))
            return node.cells, [Instruction(node.operation, view.shape[-1], place, 1, (operand,))]
        k = _split(node)
        count, size = math.prod(node.shape[:k]), math.prod(node.shape[k:])
        operands = tuple(self.operand(v, slice(0, k), slice(k, None)) for v in node.inputs)
        return count, [Instruction(node.operation, size, place, size if count > 1 else 0, operands)]

    def _copies(self, view: View, place: int, stride: int = 0, looped: bool = False) -> list[Instruction]:
        """Row-major copy of a view, in order of destination, because writing spills forwards."""
        outer = slice(0, 1) if looped else slice(0, 0)
        axes = len(view.shape)
        first = 1 if looped else 0
        k = next(k for k in range(first, axes + 1) if _uniform(view.shape[k:], view.strides[k:]) is not None)
        size = math.prod(view.shape[k:])
        instructions = []
        for n, index in enumerate(np.ndindex(*view.shape[first:k])):
            offset = view.offset + sum(i * s for i, s in zip(index, view.strides[first:k], strict=True))
            part = View(view.node, offset, view.shape[outer] + view.shape[k:], view.strides[outer] + view.strides[k:])
            operand = self.operand(part, slice(0, first), slice(first, None))
            instructions.append(Instruction(Op.COPY, size, place + n * size, stride, (operand,)))
        return instructions

    def _cat(self, node: Node) -> list[Instruction]:
        instructions = []
        strides = row_major(node.shape)
        for index in np.ndindex(*node.shape[: node.axis]):
            offset = self.place[node] + sum(i * s for i, s in zip(index, strides, strict=False))
            for view in node.inputs:
                part = view
                for i in index:
                    part = part.select(0, i)
                instructions += self._copies(part, offset)
                offset += math.prod(part.shape)
        return instructions


def schedule(graph: Graph, source: Node, output: View) -> Program:
    return _Emitter(Scheduler(graph, source, output)).program()

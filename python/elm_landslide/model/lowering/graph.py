"""The graph that a module is lowered to: values per column, each a small array of cells, and views of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from elm_landslide.model.tile_program import Op

INPUT, CONSTANT, CAT = "input", "constant", "cat"
_FOLD: dict[Op, Callable] = {
    Op.NEG: np.negative,
    Op.ABS: np.abs,
    Op.SQRT: np.sqrt,
    Op.EXP: np.exp,
    Op.LOG: np.log,
    Op.TAN: np.tan,
    Op.SIGMOID: lambda x: 1.0 / (1.0 + np.exp(-x)),
    Op.ADD: np.add,
    Op.SUB: np.subtract,
    Op.MUL: np.multiply,
    Op.DIV: np.divide,
    Op.MIN: np.minimum,
    Op.MAX: np.maximum,
    Op.LT: np.less,
    Op.LE: np.less_equal,
    Op.EQ: np.equal,
    Op.SELECT: lambda a, b, c: np.where(a != 0.0, b, c),
    Op.CLAMP: np.clip,
}


def _nothing() -> np.ndarray:
    return np.empty(0)


@dataclass(eq=False)
class Node:
    """A value of `shape` cells in row-major order, without the axis of the columns."""

    op: Op | str
    shape: tuple[int, ...]
    inputs: tuple[View, ...] = ()
    axis: int = 0  # REDUCE_*, CAT
    data: np.ndarray = field(default_factory=_nothing)  # CONSTANT: the cells
    matrix: np.ndarray = field(default_factory=_nothing)  # LINEAR: [extent, size]
    bias: np.ndarray = field(default_factory=_nothing)  # LINEAR: [size]

    @property
    def operation(self) -> Op:
        """Of a node that is no input, constant or cat."""
        assert isinstance(self.op, Op)
        return self.op

    @property
    def cells(self) -> int:
        return math.prod(self.shape)

    @property
    def reduces(self) -> bool:
        return self.op in (Op.REDUCE_SUM, Op.REDUCE_MIN, Op.REDUCE_MAX)


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


@dataclass(frozen=True)
class View:
    """Cells of a node: offset + sum of index * stride. Slices, permutations and expansions cost nothing."""

    node: Node
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self):  # one form for equal views: the stride of an axis of length 1 means nothing
        strides = tuple(0 if n == 1 else s for n, s in zip(self.shape, self.strides, strict=True))
        object.__setattr__(self, "strides", strides)

    @property
    def whole(self) -> bool:
        """Is it the node itself?"""
        return self == whole(self.node)

    def constant(self) -> np.ndarray:
        """The cells of a view of a constant, in its shape."""
        return np.lib.stride_tricks.as_strided(
            self.node.data[self.offset :], self.shape, [8 * s for s in self.strides], writeable=False
        )

    def slice(self, axis: int, start: int, stop: int, step: int = 1) -> View:
        shape, strides = list(self.shape), list(self.strides)
        shape[axis] = max(0, -(-(stop - start) // step))
        strides[axis] *= step
        return View(self.node, self.offset + start * self.strides[axis], tuple(shape), tuple(strides))

    def select(self, axis: int, index: int) -> View:
        return self.slice(axis, index, index + 1).squeeze(axis)

    def squeeze(self, axis: int) -> View:
        return self.permute([i for i in range(len(self.shape)) if i != axis])

    def unsqueeze(self, axis: int) -> View:
        shape, strides = list(self.shape), list(self.strides)
        shape.insert(axis, 1)
        strides.insert(axis, 0)
        return View(self.node, self.offset, tuple(shape), tuple(strides))

    def permute(self, axes: Iterable[int]) -> View:
        axes = list(axes)
        return View(self.node, self.offset, tuple(self.shape[i] for i in axes), tuple(self.strides[i] for i in axes))

    def expand(self, shape: tuple[int, ...]) -> View:
        """Broadcast to shape, axes aligned from the right. ValueError where that is impossible."""
        missing = len(shape) - len(self.shape)
        own = (1,) * missing + self.shape
        if missing < 0 or any(have not in (1, want) for have, want in zip(own, shape, strict=True)):
            raise ValueError(f"{list(self.shape)} does not broadcast to {list(shape)}")
        strides = (0,) * missing + self.strides
        strides = tuple(0 if have == 1 else s for have, s in zip(own, strides, strict=True))
        return View(self.node, self.offset, tuple(shape), strides)


def whole(node: Node) -> View:
    return View(node, 0, node.shape, row_major(node.shape))


@dataclass
class Graph:
    """Builds nodes; equal ones are made once, and what has only constant inputs is computed here."""

    known: dict = field(default_factory=dict)

    def constant(self, values: ArrayLike) -> View:
        data = np.array(values, dtype=np.float64, order="C")
        key = (CONSTANT, data.shape, data.tobytes())
        return self._once(key, lambda: Node(CONSTANT, data.shape, data=data.reshape(-1)))

    def elementwise(self, op: Op, *operands: View) -> View:
        shape = np.broadcast_shapes(*(v.shape for v in operands))
        if all(v.node.op == CONSTANT for v in operands):
            with np.errstate(all="ignore"):
                return self.constant(_FOLD[op](*(v.constant() for v in operands))).expand(shape)
        views = tuple(v.expand(shape) for v in operands)
        return self._once((op, views), lambda: Node(op, shape, views))

    def reduce(self, op: Op, view: View, axis: int) -> View:
        """Without the axis."""
        if view.shape[axis] == 1:
            return view.squeeze(axis)
        shape = view.shape[:axis] + view.shape[axis + 1 :]
        return self._once((op, view, axis), lambda: Node(op, shape, (view,), axis=axis))

    def cat(self, views: list[View], axis: int) -> View:
        views = [v for v in views if v.shape[axis] > 0]
        if len(views) == 1:
            return views[0]
        shape = list(views[0].shape)
        shape[axis] = sum(v.shape[axis] for v in views)
        key = (CAT, tuple(views), axis)
        return self._once(key, lambda: Node(CAT, tuple(shape), tuple(views), axis=axis))

    def linear(self, view: View, matrix: np.ndarray, bias: np.ndarray) -> View:
        """view [k] @ matrix [k, m] + bias [m]."""
        key = (Op.LINEAR, view, matrix.tobytes(), bias.tobytes())
        return self._once(key, lambda: Node(Op.LINEAR, (matrix.shape[1],), (view,), matrix=matrix, bias=bias))

    def copy(self, view: View) -> View:
        """The same cells in row-major order."""
        return self._once((Op.COPY, view), lambda: Node(Op.COPY, view.shape, (view,)))

    def reshape(self, view: View, shape: tuple[int, ...]) -> View:
        """A view if the cells are in the right order, else a view of a copy."""
        if _squeezed(view) == _squeezed(whole(Node(INPUT, view.shape))):
            return View(view.node, view.offset, shape, row_major(shape))
        if view.node.op == CONSTANT:
            return self.constant(view.constant().reshape(shape))
        return self.reshape(self.copy(view), shape)

    def logical_not(self, view: View) -> View:
        return self.elementwise(Op.SUB, self.constant(1.0), view)

    def select(self, condition: View, then: View, other: View) -> View:
        """then where condition, else other; a negated condition swaps them instead."""
        node = condition.node
        if node.op == Op.SUB and node.inputs[0] == self.constant(1.0).expand(node.shape) and condition.whole:
            return self.elementwise(Op.SELECT, node.inputs[1], other, then)
        return self.elementwise(Op.SELECT, condition, then, other)

    def _once(self, key: tuple, make: Callable[[], Node]) -> View:
        if key not in self.known:
            self.known[key] = whole(make())
        return self.known[key]


def _squeezed(view: View) -> list[tuple[int, int]]:
    return [(n, s) for n, s in zip(view.shape, view.strides, strict=True) if n != 1]


def live_nodes(outputs: Iterable[View]) -> list[Node]:
    """What the outputs need, every node after its inputs."""
    order: dict[Node, None] = {}
    stack = [(v.node, False) for v in outputs]
    while stack:
        node, ready = stack.pop()
        if node in order:
            continue
        if ready:
            order[node] = None
        else:
            stack.append((node, True))
            stack += [(v.node, False) for v in reversed(node.inputs)]
    return list(order)


def fuse_multiply_adds(nodes: list[Node]) -> None:
    """a b + c, a b - c and c - a b, where the product has no other use, become one operation that rounds once."""
    uses: dict[Node, int] = {}
    for node in nodes:
        for view in node.inputs:
            uses[view.node] = uses.get(view.node, 0) + 1

    def product(view: View) -> bool:
        return view.node.op == Op.MUL and view.whole and uses[view.node] == 1

    for node in nodes:
        if node.op == Op.ADD and product(node.inputs[0]):
            node.op, node.inputs = Op.FMA, (*node.inputs[0].node.inputs, node.inputs[1])
        elif node.op == Op.ADD and product(node.inputs[1]):
            node.op, node.inputs = Op.FMA, (*node.inputs[1].node.inputs, node.inputs[0])
        elif node.op == Op.SUB and product(node.inputs[0]):
            node.op, node.inputs = Op.FMS, (*node.inputs[0].node.inputs, node.inputs[1])
        elif node.op == Op.SUB and product(node.inputs[1]):
            node.op, node.inputs = Op.FNMA, (*node.inputs[1].node.inputs, node.inputs[0])
        elif node.op == Op.REDUCE_SUM and node.axis == 0 and len(node.shape) > 0 and product(node.inputs[0]):
            node.inputs = node.inputs[0].node.inputs

"""How each ATen operation is lowered: to those of the tile engine, or to combinations of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from elm_landslide.model.lowering.aten import COLUMNS, Lowering, LoweringError
from elm_landslide.model.lowering.graph import CONSTANT, View
from elm_landslide.model.tile_program import Op

HANDLERS: dict[str, Callable] = {}


def _handles(*names: str):
    """Decorator: the function lowers these ATen operations; it gets the Lowering and the operation's own arguments."""

    def register(function):
        for name in names:
            HANDLERS[name] = function
        return function

    return register


def _elementwise(op: Op, swap: bool = False):
    def handler(low: Lowering, *operands) -> View:
        return low.apply(op, *(reversed(operands) if swap else operands))

    return handler


for _names, _op, _swap in [
    ("neg", Op.NEG, False),
    ("abs", Op.ABS, False),
    ("sqrt", Op.SQRT, False),
    ("exp", Op.EXP, False),
    ("log", Op.LOG, False),
    ("tan", Op.TAN, False),
    ("sigmoid", Op.SIGMOID, False),
    ("mul bitwise_and logical_and", Op.MUL, False),
    ("minimum", Op.MIN, False),
    ("maximum bitwise_or logical_or", Op.MAX, False),
    ("lt", Op.LT, False),
    ("le", Op.LE, False),
    ("gt", Op.LT, True),
    ("ge", Op.LE, True),
    ("eq", Op.EQ, False),
]:
    for _one in _names.split():
        HANDLERS[_one] = _elementwise(_op, _swap)


@_handles("add")
def _add(low, a, b, alpha=1):
    return low.apply(Op.ADD, a, b if alpha == 1 else low.apply(Op.MUL, low.view(b), alpha))


@_handles("sub")
def _sub(low, a, b, alpha=1):
    return low.apply(Op.SUB, a, b if alpha == 1 else low.apply(Op.MUL, low.view(b), alpha))


@_handles("rsub")
def _rsub(low, a, b, alpha=1):
    return _sub(low, b, a, alpha)


@_handles("div")
def _div(low, a, b, rounding_mode=None):
    if rounding_mode is not None:
        raise LoweringError(f"rounding_mode {rounding_mode!r}")
    return low.apply(Op.DIV, a, b)


@_handles("reciprocal")
def _reciprocal(low, a):
    return low.apply(Op.DIV, 1.0, a)


@_handles("rsqrt")
def _rsqrt(low, a):
    return low.apply(Op.DIV, 1.0, low.apply(Op.SQRT, a))


@_handles("log1p")
def _log1p(low, x):
    """log(u) + (x - (u - 1)) / u with u = 1 + x: the last term is what rounding took from u."""
    u = low.apply(Op.ADD, x, 1.0)
    error = low.apply(Op.SUB, x, low.apply(Op.SUB, u, 1.0))
    return low.apply(Op.ADD, low.apply(Op.LOG, u), low.apply(Op.DIV, error, u))


@_handles("tanh")
def _tanh(low, x):
    """2 sigmoid(2 x) - 1: absolute error 2e-16."""
    return low.apply(Op.SUB, low.apply(Op.MUL, low.apply(Op.SIGMOID, low.apply(Op.MUL, x, 2.0)), 2.0), 1.0)


@_handles("relu")
def _relu(low, x):
    return low.apply(Op.MAX, x, 0.0)


@_handles("pow")
def _pow(low, x, exponent):
    """Small whole powers by multiplication, others as exp(y log x): relative error |y log x| 2^-53."""
    if not isinstance(exponent, (int, float)):
        logarithm = math.log(x) if isinstance(x, (int, float)) else low.apply(Op.LOG, low.view(x))
        return low.apply(Op.EXP, low.apply(Op.MUL, logarithm, exponent))
    if exponent in (0.5, -0.5):
        root = low.apply(Op.SQRT, x)
        return root if exponent > 0 else _reciprocal(low, root)
    if exponent == int(exponent) and 1 <= abs(exponent) <= 8:
        power = x
        for _ in range(int(abs(exponent)) - 1):
            power = low.apply(Op.MUL, power, x)
        return power if exponent > 0 else _reciprocal(low, power)
    return low.apply(Op.EXP, low.apply(Op.MUL, low.apply(Op.LOG, x), float(exponent)))


@_handles("clamp")
def _clamp(low, x, min=None, max=None):
    if min is None:
        return low.apply(Op.MIN, x, max)
    if max is None:
        return low.apply(Op.MAX, x, min)
    return low.apply(Op.CLAMP, x, min, max)


@_handles("where")
def _where(low, condition, then, other):
    return low.graph.select(*low.operands(condition, then, other))


@_handles("ne")
def _ne(low, a, b):
    return low.graph.logical_not(low.apply(Op.EQ, a, b))


@_handles("bitwise_not", "logical_not")
def _not(low, a):
    return low.graph.logical_not(a)


# --- index maps -------------------------------------------------------------------------------------------------------


@_handles("clone", "alias", "detach", "_to_copy", "lift_fresh_copy", "contiguous")
def _same(low, x, **_):
    return x


@_handles("_assert_tensor_metadata")
def _assertion(low, x, *_, **__):
    """What torch.export itself states of a tensor."""
    return x


@_handles("slice")
def _slice(low, x, dim=0, start=None, end=None, step=1):
    if dim % (len(x.shape) + 1) == 0 and not start and (end is None or end is COLUMNS or end >= 2**62) and step == 1:
        return x
    axis = low.axis(x, dim)
    start, stop, step = slice(start, end, step).indices(x.shape[axis])
    return x.slice(axis, start, stop, step)


@_handles("select")
def _select(low, x, dim, index):
    axis = low.axis(x, dim)
    return x.select(axis, index % x.shape[axis])


@_handles("unsqueeze")
def _unsqueeze(low, x, dim):
    axis = dim % (len(x.shape) + 2) - 1
    if axis < 0:
        raise LoweringError("the columns must stay the first axis")
    return x.unsqueeze(axis)


@_handles("squeeze")
def _squeeze(low, x, dim):
    for axis in sorted({low.axis(x, d) for d in ([dim] if isinstance(dim, int) else dim)}, reverse=True):
        x = x.squeeze(axis) if x.shape[axis] == 1 else x
    return x


@_handles("permute")
def _permute(low, x, dims):
    if dims[0] % (len(x.shape) + 1) != 0:
        raise LoweringError("the columns must stay the first axis")
    return x.permute([low.axis(x, d) for d in dims[1:]])


@_handles("expand")
def _expand(low, x, sizes, implicit=False):
    if not isinstance(x, View):
        view = low.view(x)
        view = view.squeeze(0) if len(view.shape) == len(sizes) else view
        return view.expand(tuple(sizes[1:]))
    shape = x.shape if len(sizes) == len(x.shape) + 1 else None
    if shape is None:
        raise LoweringError("the columns must stay the first axis")
    return x.expand(tuple(have if want == -1 else want for have, want in zip(shape, sizes[1:], strict=True)))


@_handles("view", "reshape", "_unsafe_view")
def _reshape(low, x, sizes):
    shape = list(sizes[1:])
    if sizes[0] is not COLUMNS and sizes[0] != -1 or any(n is COLUMNS for n in shape):
        raise LoweringError("the columns must stay the first axis")
    total = math.prod(x.shape)
    if -1 in shape:
        shape[shape.index(-1)] = total // -math.prod(shape)
    if math.prod(shape) != total:
        raise LoweringError("the columns must stay the first axis")
    return low.graph.reshape(x, tuple(shape))


@_handles("cat")
def _cat(low, tensors, dim=0):
    views = [low.view(t) if isinstance(t, View) else low.view(t).squeeze(0) for t in tensors]
    return low.graph.cat(views, low.axis(views[0], dim))


@_handles("stack")
def _stack(low, tensors, dim=0):
    rank = len(tensors[0].shape)
    axis = dim % (rank + 2) - 1
    if axis < 0:
        raise LoweringError("the columns must stay the first axis")
    return low.graph.cat([t.unsqueeze(axis) for t in tensors], axis)


@_handles("split_with_sizes")
def _split(low, x, sizes, dim=0):
    axis = low.axis(x, dim)
    ends = np.cumsum(sizes)
    return tuple(x.slice(axis, int(end - size), int(end)) for end, size in zip(ends, sizes, strict=True))


@_handles("getitem")
def _getitem(low, items, index):
    return items[index]


# --- constants with the columns' axis ---------------------------------------------------------------------------------


@_handles("full_like")
def _full_like(low, x, value, **_):
    return low.graph.constant(float(value)).expand(x.shape)


@_handles("zeros_like")
def _zeros_like(low, x, **_):
    return _full_like(low, x, 0.0)


@_handles("ones_like")
def _ones_like(low, x, **_):
    return _full_like(low, x, 1.0)


@_handles("full")
def _full(low, sizes, value, **_):
    return low.graph.constant(float(value)).expand(tuple(sizes[1:]))


# --- reductions -------------------------------------------------------------------------------------------------------


def _reduce(low, op: Op, x: View, dims, keepdim: bool) -> View:
    if dims is None or (isinstance(dims, (list, tuple)) and not dims):
        raise LoweringError("reduces over the columns; name the axes")
    for axis in sorted({low.axis(x, d) for d in ([dims] if isinstance(dims, int) else dims)}, reverse=True):
        x = low.graph.reduce(op, x, axis)
        x = x.unsqueeze(axis) if keepdim else x
    return x


@_handles("sum")
def _sum(low, x, dim=None, keepdim=False, dtype=None):
    return _reduce(low, Op.REDUCE_SUM, x, dim, keepdim)


@_handles("mean")
def _mean(low, x, dim=None, keepdim=False, dtype=None):
    total = _reduce(low, Op.REDUCE_SUM, x, dim, keepdim)
    count = math.prod(x.shape) / math.prod(total.shape)
    return low.apply(Op.MUL, total, 1.0 / count)


@_handles("amin")
def _amin(low, x, dim=(), keepdim=False):
    return _reduce(low, Op.REDUCE_MIN, x, dim, keepdim)


@_handles("amax", "any")
def _amax(low, x, dim=(), keepdim=False):
    return _reduce(low, Op.REDUCE_MAX, x, dim, keepdim)


@_handles("all")
def _all(low, x, dim=(), keepdim=False):
    return _reduce(low, Op.REDUCE_MIN, x, dim, keepdim)


def _extreme(low, x: View, dim: int, keepdim: bool, op: Op):
    """Extreme value and the first index that has it."""
    axis = low.axis(x, dim)
    best, index = x.select(axis, 0), low.graph.constant(0.0)
    for i in range(1, x.shape[axis]):
        item = x.select(axis, i)
        better = low.apply(Op.LT, item, best) if op == Op.MIN else low.apply(Op.LT, best, item)
        index = low.graph.select(better, low.graph.constant(float(i)), index)
        best = low.apply(op, best, item)
    index = index.expand(best.shape)
    return tuple(v.unsqueeze(axis) if keepdim else v for v in (best, index))


@_handles("min")
def _min(low, x, dim, keepdim=False):
    return _extreme(low, x, dim, keepdim, Op.MIN)


@_handles("max")
def _max(low, x, dim, keepdim=False):
    return _extreme(low, x, dim, keepdim, Op.MAX)


@_handles("argmin")
def _argmin(low, x, dim, keepdim=False):
    return _extreme(low, x, dim, keepdim, Op.MIN)[1]


@_handles("argmax")
def _argmax(low, x, dim, keepdim=False):
    return _extreme(low, x, dim, keepdim, Op.MAX)[1]


@_handles("cumsum")
def _cumsum(low, x, dim, dtype=None):
    axis = low.axis(x, dim)
    parts = [x.slice(axis, 0, 1)]
    for i in range(1, x.shape[axis]):
        parts.append(low.apply(Op.ADD, parts[-1], x.slice(axis, i, i + 1)))
    return low.graph.cat(parts, axis)


# --- linear -----------------------------------------------------------------------------------------------------------


@_handles("mm")
def _mm(low, x, matrix, bias=None):
    if isinstance(matrix, View) or not isinstance(x, View) or len(x.shape) != 1:
        raise LoweringError("only [columns, features] @ a constant matrix")
    weights = low.view(matrix).constant()
    if x.node.op == CONSTANT:
        return low.graph.constant(x.constant() @ weights)
    offset = np.zeros(weights.shape[1]) if bias is None else low.view(bias).constant()
    return low.graph.linear(x, np.ascontiguousarray(weights), np.broadcast_to(offset, weights.shape[1]).copy())


@_handles("addmm")
def _addmm(low, bias, x, matrix, beta=1, alpha=1):
    if isinstance(bias, View) or beta != 1 or alpha != 1:
        raise LoweringError("only a constant bias, and no factors")
    return _mm(low, x, matrix, bias)

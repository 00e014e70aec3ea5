"""From an exported ATen graph to the graph of values per column."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.fx.traceback import annotate
from torch.overrides import TorchFunctionMode

from elm_landslide.model.lowering.graph import INPUT, Graph, Node, View, whole
from elm_landslide.model.tile_program import Op

COLUMNS = object()  # stands for the number of columns wherever the graph mentions it
_TORCH = Path(torch.__file__).parent


class LoweringError(ValueError):
    """An operation that the tile engine does not have."""


class Lowering:
    """Walks an exported program. Batched tensors become Views without their first axis, all others stay tensors and are
    computed at once."""

    def __init__(self, exported: torch.export.ExportedProgram, handlers: dict[str, Callable]):
        self.graph = Graph()
        self.exported = exported
        self.handlers = handlers

    def run(self) -> tuple[Node, View]:
        """Input node and output view."""
        environment: dict = {}
        tensors = {**self.exported.state_dict, **self.exported.constants}
        specs = {spec.arg.name: spec for spec in self.exported.graph_signature.input_specs if hasattr(spec.arg, "name")}
        source: Node | None = None
        for node in self.exported.graph.nodes:
            if node.op == "placeholder":
                target = specs[node.name].target
                if target is not None:
                    environment[node] = tensors[target].detach()
                else:
                    source = Node(INPUT, tuple(node.meta["val"].shape[1:]))
                    environment[node] = whole(source)
            elif node.op == "call_function":
                environment[node] = self._call(node, environment)
            elif node.op == "output":
                assert source is not None  # the columns
                return source, environment[node.args[0][0]]
        raise LoweringError("the exported graph has no output")

    def _call(self, node: torch.fx.Node, environment: dict) -> Any:
        def value(argument: Any) -> Any:
            if isinstance(argument, torch.fx.Node):
                return environment[argument]
            if isinstance(argument, (list, tuple)):
                return type(argument)(value(item) for item in argument)
            return COLUMNS if isinstance(argument, torch.SymInt) else argument

        result = node.meta.get("val")
        if isinstance(result, torch.SymInt):
            return COLUMNS
        args, kwargs = value(node.args), {name: value(item) for name, item in node.kwargs.items()}
        if not _mentions_columns(args) and not _mentions_columns(tuple(kwargs.values())):
            assert callable(node.target)
            return node.target(*args, **kwargs)
        try:
            self._check(result)
            handler = self.handlers.get(_name(node.target))
            if handler is None:
                raise LoweringError("the tile engine has no such operation")
            return handler(self, *args, **kwargs)
        except (LoweringError, ValueError, TypeError, IndexError) as error:
            raise LoweringError(f"{_name(node.target)}: {error}; {_place(node)}") from error

    def _check(self, result: Any) -> None:
        for tensor in result if isinstance(result, (tuple, list)) else (result,):
            if not isinstance(tensor, torch.Tensor):
                continue
            if tensor.dtype in (torch.float32, torch.float16, torch.bfloat16):
                raise LoweringError(f"computes in {tensor.dtype}; the tile engine computes in float64")
            shape: tuple[Any, ...] = tensor.shape  # int or SymInt: torch's own types know the first alone
            if not shape or isinstance(shape[0], int):
                raise LoweringError("the result loses the axis of the columns")
            if any(not isinstance(n, int) for n in shape[1:]):
                raise LoweringError("the columns are not the first axis of the result")

    def view(self, value: Any) -> View:
        """An operand as a View: numbers and tensors become constants."""
        if isinstance(value, View):
            return value
        if isinstance(value, torch.Tensor):
            value = value.detach().to(torch.float64).numpy()
        return self.graph.constant(value)

    def axis(self, view: View, dim: int) -> int:
        """Axis of the view for an axis of the tensor."""
        axis = dim % (len(view.shape) + 1) - 1
        if axis < 0:
            raise LoweringError("works along the columns, whose results must not depend on each other")
        return axis

    def operands(self, *values) -> list[View]:
        """Batched operands must have one rank, or columns would mix with features; a constant that reaches the axis of
        the columns must have length 1 there."""
        rank = max(len(v.shape) for v in values if isinstance(v, View))
        views = []
        for value in values:
            view = self.view(value)
            if isinstance(value, View) and len(view.shape) != rank:
                raise LoweringError("operands of different rank would mix columns with features")
            if len(view.shape) == rank + 1 and view.shape[0] == 1:
                view = view.squeeze(0)
            elif len(view.shape) > rank:
                raise LoweringError("a constant with an axis for the columns")
            views.append(view)
        return views

    def apply(self, op: Op, *values) -> View:
        """Elementwise on Views, tensors and numbers."""
        return self.graph.elementwise(op, *self.operands(*values))


def _name(target: Any) -> str:
    """aten.add.Tensor -> add; overloads differ only in what is a tensor and what is a number."""
    text = str(target)
    return text.split(".")[1] if text.startswith("aten.") else getattr(target, "__name__", text)


class Places(TorchFunctionMode):
    """While a module is exported, records for every operation where the module's source calls it."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        frame = sys._getframe(1)
        while frame.f_back is not None and Path(frame.f_code.co_filename).is_relative_to(_TORCH):
            frame = frame.f_back
        code = frame.f_code
        place = f"{Path(code.co_filename).name} line {frame.f_lineno}, in {code.co_name}"
        with annotate({"place": place}):
            return function(*args, **(kwargs or {}))


def _place(node: torch.fx.Node) -> str:
    return node.meta.get("custom", {}).get("place", "its place in the source is not known")


def _mentions_columns(args: tuple | list) -> bool:
    return any(
        isinstance(a, View) or a is COLUMNS or (isinstance(a, (tuple, list)) and _mentions_columns(a)) for a in args
    )

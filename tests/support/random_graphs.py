"""Random modules drawn from the operations that can be lowered: [n, N_IN] -> [n, N_OUT + 1], the flag 0."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from elm_landslide.fields import N_IN, N_OUT

F64 = torch.float64


def _axis(rng, x: Tensor) -> int:
    return int(rng.integers(1, x.dim()))


# Each takes values of the graph so far and gives a new one; constants are drawn at once, so that tracing sees the same
# graph every time. Arguments are kept where the function is smooth and finite.
UNARY = {
    "neg": lambda x: -x,
    "abs": torch.abs,
    "sqrt": lambda x: torch.sqrt(x.abs() + 0.1),
    "rsqrt": lambda x: torch.rsqrt(x.abs() + 0.1),
    "exp": lambda x: torch.exp(x.clamp(-3.0, 2.0)),
    "log": lambda x: torch.log(x.abs() + 0.05),
    "log1p": lambda x: torch.log1p(x.abs()),
    "tan": lambda x: torch.tan(x.clamp(-1.2, 1.2)),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "silu": nn.functional.silu,
    "relu": torch.relu,
    "reciprocal": lambda x: torch.reciprocal(x.abs() + 0.5),
    "square": lambda x: x.clamp(-10.0, 10.0) ** 2,
    "cube": lambda x: x.clamp(-5.0, 5.0) ** 3,
    "power": lambda x: (x.abs() + 0.2).clamp(max=10.0) ** 1.7,
    "exponential": lambda x: 1.3 ** x.clamp(-9.0, 9.0),
    "clamp": lambda x: x.clamp(-0.4, 0.7),
    "clamp_min": lambda x: x.clamp(min=0.2),
    "scaled": lambda x: 0.7 - 1.3 * x,
}
BINARY = {
    "add": torch.add,
    "sub": torch.sub,
    "add_alpha": lambda a, b: torch.add(a, b, alpha=0.5),
    "mul": lambda a, b: a * b.clamp(-3.0, 3.0),
    "div": lambda a, b: a / (b.abs() + 0.5),
    "multiply_add": lambda a, b: a * b.clamp(-3.0, 3.0) + a,
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "less": lambda a, b: torch.where(a < b, a, 0.5 * b),
    "greater": lambda a, b: torch.where((a > b) & (a > 0.1), b, a),
    "greater_equal": lambda a, b: torch.where(~(a >= b) | (b <= 0.3), a, 2.0 * a),
    "not_equal": lambda a, b: torch.where(torch.minimum(a, b) != a, b, a + 1.0),
    "power": lambda a, b: (a.abs() + 0.2).clamp(max=5.0) ** b.clamp(-2.0, 2.0),
}


def _above(x: Tensor) -> Tensor:
    return (x > 0.1).double()


# Ties are made of whole numbers: torch may round equal elements differently, by their position in memory.
def _reduce(rng, x: Tensor):
    axis, keep = _axis(rng, x), bool(rng.integers(2))
    kind = rng.choice(["sum", "mean", "amin", "amax", "min", "argmax", "any", "first_min", "cumsum"])
    match kind:
        case "min":
            return lambda x: x.min(axis, keepdim=keep)[0] - 0.1 * _above(x).min(axis, keepdim=keep)[1].double()
        case "argmax":
            return lambda x: _above(x).argmax(axis, keepdim=keep).double()
        case "any":
            return lambda x: (x > 0.8).any(axis, keepdim=keep).double()
        case "first_min":
            return lambda x: torch.where(_above(x) == _above(x.amin(axis, keepdim=True)), x + 1.0, 0.0)
        case "cumsum":
            return lambda x: torch.cumsum(x, axis)
        case _:
            return lambda x: getattr(x, kind)(axis, keepdim=keep)


def _index(rng, x: Tensor):
    axis = _axis(rng, x)
    n = x.shape[axis]
    kind = rng.choice(["slice", "stride", "select", "unsqueeze", "permute", "expand", "split", "flatten", "flip_cat"])
    start = int(rng.integers(n))
    match kind:
        case "slice":
            return lambda x: x.narrow(axis, start, n - start)
        case "stride":
            return lambda x: x[(slice(None),) * axis + (slice(start, None, 2),)]
        case "select":
            return lambda x: x.select(axis, start)
        case "unsqueeze" if x.dim() < 4:
            return lambda x: x.unsqueeze(axis)
        case "permute":
            axes = [0, *(1 + rng.permutation(x.dim() - 1)).tolist()]
            return lambda x: x.permute(axes)
        case "expand" if x.dim() < 4:
            return lambda x: x.unsqueeze(axis).expand(*x.shape[:axis], 3, *x.shape[axis:])
        case "split" if n > 1:
            return lambda x: torch.cat(list(reversed(x.split([1, n - 1], dim=axis))), axis)
        case "flatten":
            return lambda x: x.flatten(1)
        case _:
            return lambda x: torch.cat([x, x.narrow(axis, start, 1)], axis)


class RandomGraph(nn.Module):
    """One graph of `steps` operations; the same seed gives the same graph."""

    def __init__(self, seed: int, steps: int = 16):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.recipe: list = []
        self.names: list[str] = []
        probe = [torch.rand(3, N_IN, dtype=F64).narrow(1, 0, int(rng.integers(2, 60)))]
        self.width = probe[0].shape[1]
        while len(self.recipe) < steps:
            name, function, operands = self._draw(rng, probe)
            value = function(*(probe[i] for i in operands))
            if value.dim() > 4 or value.numel() > 3 * 2000 or value.dim() < 2:
                continue
            self.recipe.append((function, operands))
            self.names.append(name)
            probe.append(value)
        ends = [v.flatten(1).shape[1] for v in probe[-4:]]
        self.register_buffer("mix", torch.from_numpy(rng.normal(size=(sum(ends), N_OUT))) / sum(ends))

    def _draw(self, rng, probe):
        i = len(probe) - 1 - min(int(rng.geometric(0.4)) - 1, len(probe) - 1)  # mostly the latest values
        x = probe[i]
        match rng.choice(
            ["unary", "binary", "constant", "reduce", "index", "linear"], p=[0.3, 0.25, 0.1, 0.12, 0.15, 0.08]
        ):
            case "unary":
                name = str(rng.choice(list(UNARY)))
                return name, UNARY[name], [i]
            case "binary":
                name = str(rng.choice(list(BINARY)))
                others = [j for j, y in enumerate(probe) if y.dim() == x.dim() and _fits(x, y)]
                return name, BINARY[name], [i, int(rng.choice(others))]
            case "constant":
                name = str(rng.choice(list(BINARY)))
                shape = [n if rng.integers(2) else 1 for n in x.shape[1:]]
                constant = torch.from_numpy(rng.normal(size=shape))
                return f"{name} constant", lambda x: BINARY[name](x, constant), [i]
            case "reduce":
                return "reduce", _reduce(rng, x), [i]
            case "index":
                return "index", _index(rng, x), [i]
            case _:
                size = x.flatten(1).shape[1]
                layer = nn.Linear(size, int(rng.integers(1, 40)), bias=bool(rng.integers(2)), dtype=F64)
                weight = torch.from_numpy(rng.normal(size=layer.weight.shape)) / size**0.5
                layer.weight = nn.Parameter(weight, requires_grad=False)
                self.add_module(f"layer{len(self.recipe)}_{len(self._modules)}", layer)
                return "linear", lambda x: layer(x.flatten(1)), [i]

    def forward(self, x: Tensor) -> Tensor:
        values = [x.narrow(1, 0, self.width)]
        for function, operands in self.recipe:
            values.append(function(*(values[i] for i in operands)))
        y = torch.cat([v.flatten(1) for v in values[-4:]], 1).clamp(-1e6, 1e6) @ self.mix
        return torch.cat([y, torch.zeros_like(y[:, :1])], 1)


def _fits(x: Tensor, y: Tensor) -> bool:
    return all(a == b or a == 1 or b == 1 for a, b in zip(x.shape, y.shape, strict=True))

"""ELM's soil layers: interpolation between nodes and integration from the surface to a depth."""

from __future__ import annotations

import torch
from torch import Tensor

from elm_landslide.fields import LAYER_INTERFACES

INTERFACES = torch.tensor(LAYER_INTERFACES, dtype=torch.float64)
TOPS = INTERFACES[:-1]
THICKNESS = INTERFACES.diff()


def _elm_nodes() -> Tensor:
    """Node depths z_j (m) of ELM: interfaces lie midway between nodes, and the first node is at
    0.025 (exp(0.25) - 1) (initVerticalMod)."""
    nodes = [0.025 * (torch.exp(torch.tensor(0.5 * (j + 0.5), dtype=torch.float64)) - 1.0) for j in range(len(TOPS))]
    return torch.stack(nodes)


NODES = _elm_nodes()


def interpolation_weights(depth: Tensor, first: int = 0) -> Tensor:
    """Weights of node values in the piecewise linear interpolant, constant beyond the nodes.

    depth [n, ...] (m); returns [n, layer - first, ...], of the layers from `first` on: above that node the value is
    constant. Weights, not differences of values, because suction may differ by ten orders of magnitude between nodes.
    """
    nodes = NODES[first:]
    rate = 1.0 / nodes.diff()
    # Share of each gap between nodes that lies above the depth: 1 before the first node, 0 behind the last.
    one, nothing = torch.ones_like(rate[:1]), torch.zeros_like(rate[:1])
    rate, start = torch.cat([nothing, rate, nothing]), torch.cat([one, -nodes[:-1] * rate, nothing])
    share = _line(depth, rate, start).clamp(0.0, 1.0)
    return share[:, :-1] - share[:, 1:]


def integration_weights(depth: Tensor, first: int = 0) -> Tensor:
    """Share of each layer that lies above the depth.

    depth [n, ...] (m); returns [n, layer - first, ...], of the layers from `first` on.
    """
    rate = 1.0 / THICKNESS[first:]
    return _line(depth, rate, -TOPS[first:] * rate).clamp(0.0, 1.0)


def _line(depth: Tensor, rate: Tensor, start: Tensor) -> Tensor:
    """start + rate depth, for rate and start [layer], depth [n, ...]; returns [n, layer, ...]."""
    rate, start = (value.view(-1, *[1] * (depth.ndim - 1)) for value in (rate, start))
    return depth.unsqueeze(1) * rate + start


def weigh(weights: Tensor, values: Tensor) -> Tensor:
    """Sum over layers; weights [n, layer, ...], values [n, layer]; returns [n, 1, ...]."""
    return (weights * values.view(*values.shape, *[1] * (weights.ndim - 2))).sum(1, keepdim=True)


def interpolation_matrix(depth: Tensor) -> Tensor:
    """[layer, k]: values @ matrix interpolates node values [n, layer] to fixed depths [k] (m)."""
    return interpolation_weights(depth.unsqueeze(0))[0]


def integration_matrix(depth: Tensor) -> Tensor:
    """[layer, k]: density @ matrix is the integral of a density [n, layer] (unit/m), constant in each layer, from the
    surface to fixed depths [k] (m)."""
    return integration_weights(depth.unsqueeze(0))[0] * THICKNESS.unsqueeze(-1)


def mean_matrix(top: float, bottom: float) -> Tensor:
    """[layer, 1]: values @ matrix is the mean between two depths (m) of a quantity constant in each layer."""
    ends = integration_matrix(torch.tensor([top, bottom], dtype=torch.float64))
    return (ends[:, 1:] - ends[:, :1]) / (bottom - top)

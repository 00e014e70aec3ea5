"""ELM's soil layers: interpolation between nodes and integration from the surface to a depth."""

from __future__ import annotations

import torch
from torch import Tensor

from ..fields import LAYER_INTERFACES

INTERFACES = torch.tensor(LAYER_INTERFACES, dtype=torch.float64)
TOPS = INTERFACES[:-1]
THICKNESS = INTERFACES.diff()


def _elm_nodes() -> Tensor:
    """Node depths z_j (m) of ELM: interfaces lie midway between nodes, and the first node is at
    0.025 (exp(0.25) - 1) (initVerticalMod)."""
    nodes = [0.025 * (torch.exp(torch.tensor(0.5 * (j + 0.5), dtype=torch.float64)) - 1.0) for j in range(len(TOPS))]
    return torch.stack(nodes)


NODES = _elm_nodes()


def interpolate(values: Tensor, depth: Tensor) -> Tensor:
    """Piecewise linear between layer nodes, constant beyond them.

    values [n, layer] at the nodes; depth [n, k] (m); returns [n, k].
    """
    gap = NODES.diff()
    ramp = ((depth.unsqueeze(-1) - NODES[:-1]) / gap).clamp(0.0, 1.0)
    return values[:, :1] + (ramp * (values[:, 1:] - values[:, :-1]).unsqueeze(1)).sum(-1)


def integrate(density: Tensor, depth: Tensor) -> Tensor:
    """Integral of a density constant in each layer, from the surface to depth.

    density [n, layer] (unit/m); depth [n, k] (m); returns [n, k] (unit).
    """
    reach = torch.minimum((depth.unsqueeze(-1) - TOPS).clamp(min=0.0), THICKNESS)
    return (reach * density.unsqueeze(1)).sum(-1)


def interpolation_matrix(depth: Tensor) -> Tensor:
    """[layer, k]: values @ matrix equals interpolate(values, depth) for fixed depths [k]."""
    eye = torch.eye(len(NODES), dtype=torch.float64)
    return interpolate(eye, depth.expand(len(NODES), -1))


def integration_matrix(depth: Tensor) -> Tensor:
    """[layer, k]: density @ matrix equals integrate(density, depth) for fixed depths [k]."""
    eye = torch.eye(len(NODES), dtype=torch.float64)
    return integrate(eye, depth.expand(len(NODES), -1))


def mean_matrix(top: float, bottom: float) -> Tensor:
    """[layer, 1]: values @ matrix is the mean between two depths (m) of a quantity constant in each layer."""
    ends = integration_matrix(torch.tensor([top, bottom], dtype=torch.float64))
    return (ends[:, 1:] - ends[:, :1]) / (bottom - top)

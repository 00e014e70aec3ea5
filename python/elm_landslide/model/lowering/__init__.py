"""Lowering: from a torch module to a tile program, through torch.export. No equation is written a second time."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.fx.traceback import preserve_node_meta

from elm_landslide.model.lowering.aten import Lowering, LoweringError, Places
from elm_landslide.model.lowering.operations import HANDLERS
from elm_landslide.model.lowering.schedule import schedule
from elm_landslide.model.tile_program import Program

__all__ = ["LoweringError", "lower"]


def lower(module: nn.Module, example: Tensor) -> Program:
    """The tile program of a module that maps columns [n, n_in] to [n, n_out], float64; example [2 or more, n_in].

    Raises LoweringError with the operation and its place in the source if the tile engine has no such operation.
    """
    columns = torch.export.Dim("columns", min=2, max=1 << 30)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", FutureWarning)  # torch's own, from inside torch.export
        with preserve_node_meta(), Places():
            exported = torch.export.export(module.eval(), (example,), dynamic_shapes=({0: columns},))
        exported = exported.run_decompositions()
    lowering = Lowering(exported, HANDLERS)
    source, output = lowering.run()
    return schedule(lowering.graph, source, output)

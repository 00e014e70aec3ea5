"""Soil texture by depth on ELM's layers."""

from __future__ import annotations

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import LAYER_INTERFACES

SOILGRIDS = (0.0, 0.05, 0.15, 0.3, 0.6, 1.0, 2.0)  # m, interfaces of its six layers


def interfaces(path: str, bands: int, given: tuple[float, ...] | None) -> tuple[float, ...]:
    """Interfaces (m) of the layers of a map of texture: as given, else those of SoilGrids for six bands."""
    found = given or (SOILGRIDS if bands == 6 else (0.0, LAYER_INTERFACES[-1]) if bands == 1 else ())
    if len(found) != bands + 1 or list(found) != sorted(set(found)):
        raise UserError(
            f"{path}: has {bands} band(s); give the {bands + 1} interfaces of its layers (m) with --texture-depths"
        )
    return found


def on_layers(values: np.ndarray, depths: tuple[float, ...]) -> np.ndarray:
    """[n, ELM layer] of values [n, layer] between interfaces (m): means over depth; below the last layer, its value."""
    depths = (*depths[:-1], max(depths[-1], LAYER_INTERFACES[-1]))
    top, bottom = np.array(LAYER_INTERFACES[:-1]), np.array(LAYER_INTERFACES[1:])
    shared = np.minimum(bottom[:, None], depths[1:]) - np.maximum(top[:, None], depths[:-1])
    weight = np.maximum(shared, 0.0)
    return values @ (weight / weight.sum(1, keepdims=True)).T

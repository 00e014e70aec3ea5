"""Soil water curves as functions of the water content, for one layer; compiled by numba, for loops over many columns.

A layer is a row of numbers (LAYER_COLUMNS). Its water content w (m3/m3) is the state: below saturation the curve of its
kind holds; above, w - w_s is elastic storage, head = head_s + (w - w_s) / specific storage. So the head follows from w
everywhere, and conserving w conserves water.

Kinds: Clapp and Hornberger (1978), head -sucsat S^-b and conductivity ks S^(2b+3), as in ELM; Gardner (1958), effective
saturation and conductivity exponential in alpha head, for which Srivastava and Yeh (1991) have solutions; linear, head
proportional to w - w_s by the capacity and constant conductivity, the diffusion limit of Iverson (2000).

At w_s the head is the air entry: -sucsat (Clapp and Hornberger), 0 (Gardner), -b (linear).
"""

from __future__ import annotations

import math

from numba import njit

from elm_landslide.physics import clapp_hornberger

CLAPP_HORNBERGER, GARDNER, LINEAR = 0, 1, 2
# kind; w_s saturated and w_r residual water content (m3/m3); ks conductivity (m/s); a: sucsat (m), alpha (1/m) or
# capacity (1/m); b: Clapp-Hornberger exponent (1), or suction (m) at saturation of a linear layer;
# elastic: specific storage (1/m)
LAYER_COLUMNS = ("kind", "saturated", "residual", "ks", "a", "b", "elastic")
SPECIFIC_STORAGE = 1e-3  # 1/m, of loose soil (Domenico and Mifflin 1965: loose sand 5e-4 to 1e-3, clay to 2e-2)
DRIEST = 1e-3  # of saturation; below it the curves are constant
_saturation = njit(clapp_hornberger.saturation)


@njit
def air_entry(kind: float, a: float, b: float) -> float:
    """Head (m) at which a layer becomes saturated."""
    if kind == CLAPP_HORNBERGER:
        return -a
    return -b if kind == LINEAR else 0.0


@njit
def head_and_conductivity(w: float, layer) -> tuple[float, float, float, float]:
    """(head (m), d head / d w (m), conductivity (m/s), d conductivity / d w (m/s)) of a layer at water content w."""
    kind, saturated, residual, ks = layer[0], layer[1], layer[2], layer[3]
    a, b, elastic = layer[4], layer[5], layer[6]
    if w >= saturated:
        return air_entry(kind, a, b) + (w - saturated) / elastic, 1.0 / elastic, ks, 0.0
    if kind == CLAPP_HORNBERGER:
        log_s = math.log(max(w / saturated, DRIEST))
        head = -a * math.exp(-b * log_s)
        conductivity = ks * math.exp((2.0 * b + 3.0) * log_s)
        wet = max(w, DRIEST * saturated)
        return head, -b * head / wet, conductivity, (2.0 * b + 3.0) * conductivity / wet
    if kind == GARDNER:
        span = saturated - residual
        effective = max((w - residual) / span, DRIEST)
        return math.log(effective) / a, 1.0 / (a * effective * span), ks * effective, ks / span
    return (w - saturated) / a - b, 1.0 / a, ks, 0.0


@njit
def water_content(head: float, layer) -> float:
    """The inverse: water content (m3/m3) of a layer at a head (m)."""
    kind, saturated, residual, a, b, elastic = layer[0], layer[1], layer[2], layer[4], layer[5], layer[6]
    entry = air_entry(kind, a, b)
    if head >= entry:
        return saturated + (head - entry) * elastic
    if kind == CLAPP_HORNBERGER:
        return saturated * _saturation(head, a, b)
    if kind == GARDNER:
        return residual + (saturated - residual) * math.exp(a * head)
    return saturated + a * (head + b)

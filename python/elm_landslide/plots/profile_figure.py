"""The picture that explains the model: where, by slope and depth, one column is near failure, and what holds it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from elm_landslide.fields import SLOPE_PERCENTILES
from elm_landslide.physics.infinite_slope import FOS_CAP
from elm_landslide.plots.profile import Profile
from elm_landslide.plots.style import BLUE, DEPTH, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, save

_OUTLINE = [withStroke(linewidth=4.0, foreground="white")]  # seen on any colour
_LEVELS = np.array([0.01, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 2.0, 3.0, 5.0, 10.0])
_REDS_AND_BLUES = np.concatenate([np.linspace(0.12, 0.4, 3), np.linspace(0.54, 0.98, 7)])  # meet at 1


def draw_profile(profile: Profile, title: str, path: Path) -> Path:
    """title: which column and when; the numbers are added to it."""
    figure = new_figure(13.5, 8.4)
    axes = figure.subplots(2, 2, sharex="col", sharey="row", width_ratios=[1.6, 1.0], height_ratios=[1.0, 3.2])
    (above, beside), (left, right) = axes
    _draw_failing(above, profile)
    _explain(beside, profile)
    _draw_mesh(left, profile)
    _draw_balance(right, profile)
    left.set_ylim(1.1 * profile.thickness.max(), 0.0)
    out, steep = profile.outputs, profile.slope[profile.reported]
    figure.suptitle(
        f"{title}: landslide probability {out['probability']:.2g}\n"
        f"90th percentile of slope ({steep:.1f} degrees): FoS {out['fos']:.2f} at {out['depth']:.2f} m; "
        f"median slope: FoS {out['fos_median']:.2f}; flag {profile.flag}",
        fontsize=11,
    )
    return save(figure, path)


def _draw_failing(axis: Axes, p: Profile) -> None:
    """Bars as wide as the classes' shares of the area, so that what they cover is the probability."""
    classes = p.weight > 0.0
    width = 100.0 * p.weight[classes]
    start = np.cumsum(width) - width
    axis.bar(start, 100.0 * p.failing[classes], width=width, align="edge", color=VERMILION, edgecolor="white")
    axis.set_ylim(0.0, max(1.15 * 100.0 * p.failing.max(), 0.1))
    axis.set_ylabel("share of the class\nwith FoS below 1 (%)")
    axis.grid(alpha=0.3)
    top = axis.secondary_xaxis("top")
    top.set_xticks(list(SLOPE_PERCENTILES))
    top.set_xlabel("area percentile, from gentle to steep (%)")


def _explain(axis: Axes, p: Profile) -> None:
    """In words, how there is a probability where every class has a factor of safety above 1."""
    most = int(np.argmax(np.where(p.weight > 0.0, p.failing, -1.0)))
    total, given = p.uncalibrated, p.outputs["probability"]
    text = (
        f"The points of one slope class differ: ln FoS spreads by {p.spread:.2f}\n"
        f"about its value, so a part of each class lies below 1, at most\n"
        f"{_percent(p.failing[most])} ({p.slope[most]:.1f} degrees, FoS {p.least[most]:.2f}).\n"
        f"The bars are as wide as the classes' shares of the area; what they\n"
        f"cover of the panel's 100 % by 100 % is the probability, {total:.2g}"
    )
    text += "." if np.isclose(total, given, rtol=5e-3, atol=1e-6) else f",\nwhich calibration makes {given:.2g}."
    axis.text(0.0, 0.5, text, transform=axis.transAxes, va="center", fontsize=9, linespacing=1.4)
    axis.set_axis_off()


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %" if share >= 0.01 else f"{100.0 * share:.2g} %"


def _draw_mesh(axis: Axes, p: Profile) -> None:
    """FoS over area percentile and depth, so that equal widths are equal areas."""
    percentile = 100.0 * p.quantile
    across = np.broadcast_to(percentile[:, None], p.depth.shape)
    colours = ListedColormap(colormaps["RdBu"](_REDS_AND_BLUES))
    norm = BoundaryNorm(np.log(_LEVELS), colours.N)
    log_fos = np.log(np.maximum(p.fos, _LEVELS[0]))
    filled = axis.contourf(across, p.depth, log_fos, levels=np.log(_LEVELS), cmap=colours, norm=norm)
    bar = axis.figure.colorbar(filled, ax=axis, label="factor of safety, FoS (1)", pad=0.01, aspect=30)
    bar.set_ticks(np.log(_LEVELS[1:]), labels=[f"{level:g}" for level in _LEVELS[1:]])
    lines = []
    if p.fos.min() < 1.0 < p.fos.max():
        axis.contour(across, p.depth, log_fos, levels=[0.0], colors="black", linewidths=2.2)
        lines.append(Line2D([], [], color="black", linewidth=2.2, label="FoS = 1"))
    else:
        side = "above" if p.fos.min() >= 1.0 else "below"
        lines.append(Line2D([], [], linestyle="none", label=f"no line FoS = 1: {side} 1 everywhere"))
    above = p.depth < p.thickness[:, None]
    lines += axis.plot(across[above], p.depth[above], ".", color=GREY, markersize=2, label="planes of the model")
    lines += axis.plot(percentile, p.thickness, color="#8C510A", linewidth=2.5, label="base of the soil")
    least: dict[str, Any] = {"color": "white", "markeredgecolor": "black", "markersize": 5, "linewidth": 0}
    failing = p.least < FOS_CAP  # else all planes are equally safe, and none has the least
    at = p.least_depth[failing]
    lines += axis.plot(percentile[failing], at, "o", label="least FoS of the class", clip_on=False, **least)
    axis.text(50.0, p.depth.min() / 2.0, "no plane is tried here", color=GREY, fontsize=8, ha="center", va="center")
    if p.head.max() > 0.0:
        wet: dict[str, Any] = {"color": BLUE, "linestyle": (0, (2.5, 0.8)), "linewidth": 1.8, "path_effects": _OUTLINE}
        lines += axis.plot(percentile, p.thickness - p.head, label="water gathered on the base", **wet)
    lines += _water_table(axis, p.water_table, p, "regional water table", "--")
    if p.perched_table is not None:
        lines += _water_table(axis, p.perched_table, p, "perched water table", "-.")
    axis.axvline(percentile[p.reported], color=VERMILION, linewidth=1.2)
    lines.append(Line2D([], [], color=VERMILION, linewidth=1.2, label="90th percentile, shown on the right"))

    digits = 0 if p.percentiles[1] > 3.0 else 1
    labels = [f"{angle:.{digits}f}" for angle in p.percentiles]
    axis.set_xticks(list(SLOPE_PERCENTILES), labels=labels)
    axis.set(xlim=(0.0, 100.0), xlabel="slope (degrees) at each tenth of the area", ylabel=DEPTH)
    _legend(axis, lines)


def _water_table(axis: Axes, depth: float, p: Profile, name: str, style: str) -> list:
    if depth > 1.1 * p.thickness.max():
        return [Line2D([], [], linestyle="none", label=f"{name} at {depth:.1f} m: below the soil")]
    return [axis.axhline(depth, color=BLUE, linestyle=style, linewidth=1.8, label=name, path_effects=_OUTLINE)]


def _draw_balance(axis: Axes, p: Profile) -> None:
    """At the 90th percentile: the parts of the strength side by side, and the stress they must hold."""
    r = p.reported
    depth = p.depth[r]
    lost = np.minimum(p.water[r], 0.0)
    parts = (
        ("friction of the weight, less pore pressure", np.maximum(p.friction[r] + lost, 0.0), "#BBBBBB"),
        ("suction", np.maximum(p.water[r], 0.0), SKY),
        ("cohesion of the soil", p.cohesion[r], ORANGE),
        ("roots", p.roots[r], GREEN),
    )
    total = np.zeros_like(depth)
    drawn: list[Artist] = []
    for name, values, colour in parts:
        values = values / 1000.0
        drawn.append(axis.fill_betweenx(depth, total, total + values, color=colour, linewidth=0, label=name))
        total = total + values
    if (lost < 0.0).any():
        style: dict[str, Any] = {"facecolor": "none", "edgecolor": BLUE, "hatch": "////", "linewidth": 0}
        drawn.append(axis.fill_betweenx(depth, total, total - lost / 1000.0, label="lost to pore pressure", **style))
    drawn += axis.plot(p.shear[r] / 1000.0, depth, color="black", linewidth=2.2, label="drives: weight along the slope")
    normal: dict[str, Any] = {"color": PURPLE, "linestyle": "--", "linewidth": 1.4}
    drawn += axis.plot(p.normal[r] / 1000.0, depth, label="weight across the slope", **normal)
    axis.axhline(p.least_depth[r], color=VERMILION, linewidth=1.2)
    drawn.append(Line2D([], [], color=VERMILION, linewidth=1.2, label="depth of the least FoS"))
    axis.set_xlim(left=0.0)
    axis.set_xlabel("stress and strength at the 90th percentile (kPa)")
    axis.set_title("what holds (colours) and what drives (black)", fontsize=10)
    axis.grid(alpha=0.3)
    axis.tick_params(labelleft=True)
    _legend(axis, drawn)


def _legend(axis: Axes, handles: Sequence[Artist]) -> None:
    axis.legend(handles=handles, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.11), frameon=False)

"""How much of a run can be trusted: flags through time, and where the state leaves the training domain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import Normalize

from elm_landslide.plots.calendars import label_days
from elm_landslide.plots.maps import draw_map, map_figure
from elm_landslide.plots.run_output import RunOutput
from elm_landslide.plots.style import GREEN, ORANGE, SKY, new_figure, save, say

_COLOURS = {"inside": GREEN, "ok": GREEN, "filled": SKY, "outside": ORANGE, "invalid": "#000000"}
_HATCHES = {"outside": "//"}  # so that it differs in grey too
_MEANINGS = {
    "inside": "inside the training domain",
    "ok": "ok",
    "filled": "filled: a field that matters was missing",
    "outside": "outside the training domain",
    "invalid": "invalid: a required field is missing",
}


def draw_flags(run: RunOutput, path: Path) -> Path:
    """Share of columns by flag through time."""
    counts = np.stack([*run.flag_count.values()])
    total = counts.sum()
    seen = [i for i, count in enumerate(counts) if count.sum() > 0]
    names = [name for i, name in enumerate(run.flag_count) if i in seen]
    labels = [f"{_MEANINGS[name]}: {_share(counts[i].sum(), total)}" for i, name in zip(seen, names, strict=True)]
    figure = new_figure(7.5, 1.4 if len(seen) < 2 else 3.4 + 0.25 * len(seen))
    axis = figure.subplots()
    figure.suptitle(f"{run.label}: {run.period}", fontsize=11)
    if not seen:
        say(axis, "No column has a flag.")
        axis.set_axis_off()
        return save(figure, path)
    if len(seen) < 2:
        n = len(run.days)
        say(axis, f"All columns, in {'the one record' if n == 1 else f'all {n:,} records'}:\n{_MEANINGS[names[0]]}")
        axis.set_axis_off()
        return save(figure, path)
    with np.errstate(invalid="ignore"):  # a record without any
        shares = 100.0 * counts[seen] / counts.sum(axis=0)
    style: list[dict[str, Any]] = [
        dict(facecolor=_COLOURS[n], hatch=_HATCHES.get(n), edgecolor="white", linewidth=0.0) for n in names
    ]
    edges = np.concatenate([np.zeros_like(shares[:1]), np.cumsum(shares, axis=0)])
    days = run.days
    if len(days) == 1:
        days, edges = days + [-0.5, 0.5], np.repeat(edges, 2, axis=1)
    for low, high, label, look in zip(edges[:-1], edges[1:], labels, style, strict=True):
        axis.fill_between(days, low, high, step="mid", label=label, **look)
    axis.set(ylabel="share of columns (%)", ylim=(0.0, 100.0), xlim=(days[0], days[-1]))
    label_days(axis, run.days, run.calendar)
    axis.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=1, frameon=False, reverse=True)
    return save(figure, path)


def _share(count: float, total: float) -> str:
    """Of the columns times records, in per cent; a small share is not rounded to 0."""
    percent = 100.0 * count / total
    text = f"{percent:.1f} %" if 0.1 <= percent <= 99.9 else f"{percent:.2g} %" if percent < 0.1 else f"{percent:.2f} %"
    return f"{text} ({count:,.0f} of {total:,.0f})"


def differs_outside(run: RunOutput) -> bool:
    """Whether some places are more often outside the training domain than others."""
    return bool(np.nanmax(run.share_outside) > np.nanmin(run.share_outside))


def draw_outside(run: RunOutput, path: Path) -> Path:
    """A map of the share of time outside the training domain."""
    figure, axes, frame = map_figure(run, 1, 9.0)
    label, values = "share of valid records outside\nthe training domain (%)", 100.0 * run.share_outside
    draw_map(axes[0], run, frame, values, label, matplotlib.colormaps["cividis"], Normalize(0.0, 100.0))
    figure.suptitle(f"{run.label}: {run.period}", fontsize=11)
    return save(figure, path)

"""How much of a run can be trusted: flags through time, and where the state leaves the training domain."""

from __future__ import annotations

from pathlib import Path

import matplotlib.dates as mdates
import numpy as np

from .maps import draw_map
from .run import Run
from .style import GREEN, ORANGE, SKY, new_figure, save

_COLOURS = {"inside": GREEN, "ok": GREEN, "filled": SKY, "outside": ORANGE, "invalid": "#000000"}
_MEANINGS = {
    "inside": "inside the training domain",
    "ok": "ok",
    "filled": "filled: an optional field took its default",
    "outside": "outside the training domain",
    "invalid": "invalid: a required field is missing",
}


def draw_flags(run: Run, path: Path) -> Path:
    """Share of columns by flag through time and, of several columns, a map of the share of time outside."""
    several = run.n_cells > 1
    figure = new_figure(12.0 if several else 6.5, 4.6)
    axes = figure.subplots(1, 1 + several, squeeze=False, width_ratios=[1.15, 1.0] if several else None)
    axis = axes[0, 0]
    names, shares = run.flag_share.keys(), 100.0 * np.stack([*run.flag_share.values()])
    labels, colours = [_MEANINGS[name] for name in names], [_COLOURS[name] for name in names]
    axis.stackplot(run.dates, shares, labels=labels, colors=colours, linewidth=0)
    axis.set(ylabel="share of columns (%)", ylim=(0.0, 100.0), xlim=(run.dates[0], run.dates[-1]))
    locator = mdates.AutoDateLocator(minticks=3, maxticks=6)
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(mdates.DateFormatter("%d %b\n%Y"))
    axis.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    if several:
        label = "share of valid records outside\nthe training domain (%)"
        draw_map(axes[0, 1], run, 100.0 * run.share_outside, label, "cividis", (0.0, 100.0))
    figure.suptitle(f"{run.label}: {run.dates[0]:%Y-%m-%d} to {run.dates[-1]:%Y-%m-%d}", fontsize=11)
    return save(figure, path)

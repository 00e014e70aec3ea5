"""Time series of several runs side by side, beneath what drives them."""

from __future__ import annotations

from pathlib import Path

import matplotlib.dates as mdates
import numpy as np

from .run import Run
from .style import BLUE, GREEN, GREY, VERMILION, new_figure, save, say, where


def draw_series(runs: list[Run], path: Path) -> Path:
    rows = ["rain", "water_table", "probability", "fos"]
    rows = [r for r in rows if r in ("probability", "fos") or any(getattr(run, r) is not None for run in runs)]
    figure = new_figure(6.0 * len(runs) + 0.5, 2.1 * len(rows) + 0.8)
    axes = figure.subplots(len(rows), len(runs), squeeze=False, sharex="col")
    for column, run in zip(axes.T, runs, strict=True):
        place = where(run.lat[run.cell], run.lon[run.cell])
        shown = f"cell with the lowest FoS of {run.n_cells} ({place})" if run.n_cells > 1 else place
        note = "; slopes and cover synthetic" if run.synthetic else ""
        column[0].set_title(f"{run.label}\n{shown}{note}", fontsize=10)
        for axis, row in zip(column, rows, strict=True):
            _ROWS[row](axis, run)
            axis.grid(alpha=0.3)
        column[0].set_xlim(run.dates[0], run.dates[-1])
        column[-1].xaxis.set_major_locator(mdates.AutoDateLocator(minticks=3, maxticks=6))
        column[-1].xaxis.set_major_formatter(mdates.DateFormatter("%d %b\n%Y"))
    _share_scale(axes[rows.index("probability")])  # so that sites and runs compare at a glance
    places = [(run.lat[run.cell], run.lon[run.cell]) for run in runs]
    for place in set(places):  # FoS of flat and of steep sites would not fit one scale
        _share_scale(axes[rows.index("fos"), [i for i, p in enumerate(places) if p == place]])
    return save(figure, path)


def _share_scale(axes) -> None:
    top = max(axis.get_ylim()[1] for axis in axes)
    for axis in axes:
        axis.set_ylim(0.0, top)


def _draw_rain(axis, run: Run) -> None:
    axis.set_ylabel("rain\n(mm/day)")
    if run.rain is None:
        return say(axis, "no time means of rain")
    starts, rain, days = run.rain
    axis.bar(starts, rain, width=days, align="edge", color=BLUE, edgecolor=BLUE, linewidth=0.6)  # no bar under a pixel


def _draw_water_table(axis, run: Run) -> None:
    axis.set_ylabel("water table\ndepth (m)")
    if run.water_table is None:
        return say(axis, "input files not found")
    axis.plot(*run.water_table, color=BLUE)
    axis.invert_yaxis()


def _draw_probability(axis, run: Run) -> None:
    axis.set_ylabel("landslide\nprobability (1)")
    _band(axis, run)
    axis.plot(run.dates, run.probability, color=VERMILION, label="cell shown")
    axis.set_ylim(0.0, max(1.15 * np.nanmax(run.probability_range), 0.01))
    if run.n_cells > 1:
        axis.legend(fontsize=8, ncols=2, loc="upper right")


def _draw_fos(axis, run: Run) -> None:
    axis.set_ylabel("factor of\nsafety (1)")
    if run.fos_median is not None:
        axis.plot(run.dates, run.fos_median, color=GREEN, label="median slope")
    axis.plot(run.dates, run.fos, color=VERMILION, label="90th percentile of slope")
    axis.axhline(1.0, color=GREY, linestyle="--", linewidth=1, label="failure (1)")
    top = np.nanmax(run.fos if run.fos_median is None else run.fos_median)
    axis.set_ylim(0.0, 1.45 * max(top, 1.0))  # room for the legend
    axis.legend(fontsize=8, ncols=3, loc="upper center")


_ROWS = {"rain": _draw_rain, "water_table": _draw_water_table, "probability": _draw_probability, "fos": _draw_fos}


def _band(axis, run: Run) -> None:
    if run.n_cells > 1:
        axis.fill_between(
            run.dates,
            run.probability_range[:, 0],
            run.probability_range[:, 1],
            color=GREY,
            alpha=0.25,
            linewidth=0,
            label="range of all cells",
        )

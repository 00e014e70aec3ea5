"""Time series of several runs side by side, beneath what drives them; with and without roots in one panel."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from elm_landslide.plots.calendars import label_days
from elm_landslide.plots.run_output import RunOutput
from elm_landslide.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    new_figure,
    save,
    say,
    where,
)

_OF_RUNS = (VERMILION, BLACK, SKY, PURPLE, ORANGE)  # that share a panel


def panels_of(runs: list[RunOutput]) -> list[list[RunOutput]]:
    """Runs over the same input that differ only in overrides share a panel: with and without roots."""
    result: list[list[RunOutput]] = []
    for run in runs:
        for panel in result:
            if _same_input(panel[0], run) and run.overrides not in {other.overrides for other in panel}:
                panel.append(run)
                break
        else:
            result.append([run])
    for panel in result:
        panel.sort(key=lambda run: run.overrides != "none")
    return result


def _same_input(a: RunOutput, b: RunOutput) -> bool:
    return (
        bool(a.input_files)
        and a.input_files == b.input_files
        and a.calendar == b.calendar
        and np.array_equal(a.days, b.days)
        and a.layout.dims == b.layout.dims
        and a.layout.same_places(b.layout)
    )


def draw_series(panels: list[list[RunOutput]], path: Path) -> Path:
    """panels: runs of each, from `panels_of`; rain and water table are those of the first."""
    rows = ["rain", "water_table", "probability", "fos"]
    firsts = [panel[0] for panel in panels]
    rows = [r for r in rows if r in ("probability", "fos") or any(getattr(run, r) is not None for run in firsts)]
    figure = new_figure(6.0 * len(panels) + 0.5, 2.1 * len(rows) + 0.8)
    axes = figure.subplots(len(rows), len(panels), squeeze=False, sharex="col")
    for column, panel in zip(axes.T, panels, strict=True):
        column[0].set_title(_title(panel), fontsize=10)
        for axis, row in zip(column, rows, strict=True):
            _ROWS[row](axis, panel)
            axis.grid(alpha=0.3)
        days = panel[0].days
        margin = 0.5 if days[0] == days[-1] else 0.0
        column[0].set_xlim(days[0] - margin, days[-1] + margin)
        label_days(column[-1], days, panel[0].calendar)
    _share_scale(axes[rows.index("probability")])  # so that sites and runs compare at a glance
    places = [(run.lat[run.cell], run.lon[run.cell]) for run in firsts]
    for place in set(places):  # FoS of flat and of steep sites would not fit one scale
        _share_scale(axes[rows.index("fos"), [i for i, p in enumerate(places) if p == place]])
    return save(figure, path)


def _title(panel: list[RunOutput]) -> str:
    run, labels = panel[0], [run.label for run in panel]
    together = all(label.startswith(run.label) for label in labels)  # "site" and "site, no roots"
    place = where(run.lat[run.cell], run.lon[run.cell])
    shown = f"cell with the lowest FoS of {run.n_cells:,} ({place})" if run.n_cells > 1 else place
    note = "; slopes and cover synthetic" if run.synthetic else ""
    return f"{run.label if together else ' / '.join(labels)}\n{shown}{note}"


def _share_scale(axes: Iterable[Axes]) -> None:
    top = max(axis.get_ylim()[1] for axis in axes)
    for axis in axes:
        axis.set_ylim(0.0, top)


def _plot(axis: Axes, days: np.ndarray, values: np.ndarray, **style: Any) -> None:
    """A line, and a point for each value that has no neighbour to be joined with."""
    axis.plot(days, values, **style)
    finite = np.concatenate([[False], np.isfinite(values), [False]])
    alone = finite[1:-1] & ~finite[:-2] & ~finite[2:]
    style.pop("label", None)
    if alone.any():
        axis.plot(days[alone], values[alone], **{**style, "linestyle": "none", "marker": "o", "markersize": 5})


def _draw_rain(axis: Axes, panel: list[RunOutput]) -> None:
    axis.set_ylabel("rain\n(mm/day)")
    if panel[0].rain is None:
        say(axis, "no time means of rain")
        return
    starts, rain, lengths = panel[0].rain
    axis.bar(starts, rain, width=lengths, align="edge", color=BLUE, edgecolor=BLUE, linewidth=0.6)  # over a pixel wide


def _draw_water_table(axis: Axes, panel: list[RunOutput]) -> None:
    axis.set_ylabel("water table\ndepth (m)")
    if panel[0].water_table is None:
        say(axis, "input files not found")
        return
    _plot(axis, *panel[0].water_table, color=BLUE)
    axis.invert_yaxis()


def _draw_probability(axis: Axes, panel: list[RunOutput]) -> None:
    run = panel[0]
    extreme = run.extremes["probability"]
    axis.set_ylabel(f"landslide probability (1),\n{extreme}" if extreme else "landslide\nprobability (1)")
    if len(panel) > 1:
        for i, other in enumerate(panel):
            colour = _OF_RUNS[i % len(_OF_RUNS)]
            _plot(axis, other.days, other.probability, color=colour, label=other.label)
        top = max(np.nanmax(other.probability) for other in panel)
    else:
        _band(axis, run)
        _plot(axis, run.days, run.probability, color=VERMILION, label="cell shown")
        top = np.nanmax(run.probability_range)
    axis.set_ylim(0.0, max(1.3 * top, 0.01))  # room for the legend
    if len(panel) > 1 or run.n_cells > 1:
        axis.legend(fontsize=8, ncols=2 if len(panel) < 3 else 1, loc="upper right")


def _draw_fos(axis: Axes, panel: list[RunOutput]) -> None:
    extreme = panel[0].extremes["fos"]
    axis.set_ylabel(f"factor of safety (1),\n{extreme}" if extreme else "factor of\nsafety (1)")
    tops = [1.0]
    for i, run in enumerate(panel):
        alone = len(panel) == 1
        colour = _OF_RUNS[i % len(_OF_RUNS)]
        if run.fos_median is not None:
            style = dict(color=GREEN) if alone else dict(color=colour, linestyle=":")
            _plot(axis, run.days, run.fos_median, **style, label="" if i else "median slope")
            tops.append(np.nanmax(run.fos_median))
        _plot(axis, run.days, run.fos, color=colour, label="" if i else "90th percentile of slope")
        tops.append(np.nanmax(run.fos))
    axis.axhline(1.0, color=GREY, linestyle="--", linewidth=1, label="failure (1)")
    axis.set_ylim(0.0, 1.45 * max(tops))  # room for the legend
    axis.legend(fontsize=8, ncols=3, loc="upper center")


_ROWS = {"rain": _draw_rain, "water_table": _draw_water_table, "probability": _draw_probability, "fos": _draw_fos}


def _band(axis: Axes, run: RunOutput) -> None:
    if run.n_cells < 2:
        return
    low, high = run.probability_range.T
    style: dict[str, Any] = dict(color=GREY, alpha=0.25, label=f"range of all cells, up to {np.nanmax(high):.2g}")
    if len(run.days) > 1:
        axis.fill_between(run.days, low, high, linewidth=0, **style)
    else:
        axis.vlines(run.days, low, high, linewidth=8, **style)

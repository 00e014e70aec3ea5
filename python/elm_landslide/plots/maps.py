"""Maps of one value a place: a mesh where the file is gridded, else the cells as points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from .run import Run
from .style import new_figure, save


def draw_cells(run: Run, path: Path) -> Path:
    """The largest probability and the lowest factor of safety of every cell."""
    figure = new_figure(11.0, 4.6)
    axes = figure.subplots(1, 2, sharey=True)
    largest, lowest = run.largest_probability, run.lowest_fos
    draw_map(axes[0], run, largest, "largest probability (1)", "viridis", (0.0, max(np.nanmax(largest), 1e-6)))
    label = "lowest factor of safety (1),\n90th percentile of slope"
    draw_map(axes[1], run, lowest, label, "cividis_r", worst_is_high=False)
    axes[1].set_ylabel("")
    figure.suptitle(f"{run.label}: {run.dates[0]:%Y-%m-%d} to {run.dates[-1]:%Y-%m-%d}", fontsize=11)
    return save(figure, path)


def draw_map(axis, run: Run, values, label: str, colours: str, limits=(None, None), worst_is_high=True) -> None:
    """values: one a place of the run's layout, NaN where there is none. limits: of the colours.

    worst_is_high: where several columns share a place, the one drawn on top.
    """
    lon = (run.lon + 180.0) % 360.0 - 180.0
    norm = Normalize(*limits) if limits[1] is not None else _span(values)
    mesh = _mesh(run.layout.shape, run.lat, lon, values)
    if mesh:
        drawn = axis.pcolormesh(*mesh, cmap=colours, norm=norm, edgecolors="white", linewidth=0.1)
        axis.set_facecolor("#E6E6E6")  # no valid value
    else:
        order = np.argsort(values if worst_is_high else -values)
        order = order[np.isfinite(values[order])]
        drawn = axis.scatter(
            lon[order],
            run.lat[order],
            c=values[order],
            cmap=colours,
            norm=norm,
            s=float(np.clip(6000.0 / order.size, 4.0, 220.0)),
            marker="s",
            edgecolors="white",
            linewidths=0.3,
        )
        axis.margins(0.08)
    axis.figure.colorbar(drawn, ax=axis, label=label)
    axis.set_xlabel("longitude (degrees east)")
    axis.set_ylabel("latitude (degrees north)")
    axis.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.grid(alpha=0.3)


def _span(values) -> Normalize:
    """All values; at least 0.1 wide, so that rounding does not fill the scale."""
    low, high = np.nanmin(values), np.nanmax(values)
    return Normalize(low, max(high, low + 0.1))


def _mesh(shape, lat, lon, values):
    """(x edges, y edges, values) of a regular grid, longitudes ascending; None for anything else."""
    if len(shape) != 2:
        return None
    lat, lon, values = (a.reshape(shape) for a in (lat, lon, values))
    if np.ptp(lat, axis=1).any() or np.ptp(lon, axis=0).any():
        return None
    order = np.argsort(lon[0])
    return _edges(lon[0, order]), _edges(lat[:, 0]), values[:, order]


def _edges(centres) -> np.ndarray:
    """Halfway between the centres; half a degree to each side of a single one."""
    if len(centres) == 1:
        return centres[0] + np.array([-0.5, 0.5])
    middle = (centres[1:] + centres[:-1]) / 2.0
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])

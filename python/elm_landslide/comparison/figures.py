"""The figures of the report, as PNG in memory."""

from __future__ import annotations

import base64
import io

import matplotlib
import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from elm_landslide.comparison import extremes, significance
from elm_landslide.comparison.compare import Against, Comparison
from elm_landslide.plots.maps import draw_map, map_figure
from elm_landslide.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, new_figure

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE)
_CURVE = np.geomspace(1.1, 100.0, 40)  # years
_CURVE_DRAWS = 200


def encoded(figure: Figure) -> str:
    """The figure for an <img> of a page without files beside it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def change_map(found: Comparison, against: Against, quantity: str, label: str) -> Figure:
    """Changes by cell; those that are significant have a dot."""
    change = against.changes[quantity]
    figure, axes, frame = map_figure(found.cells, 1, 8.5)
    values = np.where(found.cells.valid, change.change, np.nan)
    most = float(np.nanpercentile(np.abs(values), 99.0)) or 1.0
    norm = TwoSlopeNorm(0.0, -most, most)
    draw_map(axes[0], found.cells, frame, values, label, matplotlib.colormaps["RdBu_r"], norm)
    at = np.flatnonzero(change.significant)
    lon = (found.cells.lon[at] - frame.west) % 360.0 + frame.west
    if len(at) < 20_000:
        axes[0].plot(lon, found.cells.lat[at], ".", color=BLACK, markersize=2.0 if len(at) < 2000 else 0.5)
    tested = int(np.isfinite(change.p).sum())
    axes[0].set_title(
        f"{len(at)} of {tested} cells significant (dots)" if tested else "too few years for a test", fontsize=9
    )
    return figure


def years_figure(found: Comparison, region: str) -> Figure:
    """Mean over a region of the annual maxima, year by year, of every member; means of the sets beside."""
    figure = new_figure(8.5, 3.4)
    axis = figure.subplots()
    for colour, of, years in zip(COLOURS * 10, found.sets, found.annual, strict=False):
        series = found.over(region, years.maximum)
        for m in np.unique(years.member):
            rows = years.member == m
            axis.plot(years.year[rows], series[rows], ".-", color=colour, alpha=0.5, linewidth=0.8, markersize=4)
        axis.axhline(series.mean(), color=colour, linewidth=1.6, label=f"{of.name}: mean {series.mean():.3g}")
    axis.set(xlabel="year", ylabel="highest daily probability (1),\nmean over the region", title=region)
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    return figure


def curve_figure(found: Comparison, region: str) -> Figure | None:
    """Return levels of the mean over a region, with intervals; None with too few years."""
    if min(len(years.year) for years in found.annual) < extremes.LEAST_YEARS:
        return None
    figure = new_figure(8.5, 3.4)
    axis = figure.subplots()
    rng = np.random.default_rng(significance.SEED)
    for colour, of, years in zip(COLOURS * 10, found.sets, found.annual, strict=False):
        series = np.sort(found.over(region, years.maximum))
        n = len(series)
        fitted = extremes.fit(series)
        drawn = extremes.fit(series[rng.integers(0, n, (n, _CURVE_DRAWS))])
        bands = np.array([drawn.level(t) for t in _CURVE])
        low, high = np.percentile(bands, [50.0 - significance.LEVEL / 2, 50.0 + significance.LEVEL / 2], axis=1)
        axis.fill_between(_CURVE, low, high, color=colour, alpha=0.2, linewidth=0)
        axis.plot(_CURVE, [fitted.level(t) for t in _CURVE], color=colour, label=of.name)
        position = (np.arange(1, n + 1) - 0.44) / (n + 0.12)  # Gringorten
        axis.plot(1.0 / (1.0 - position), series, ".", color=colour, markersize=4)
    axis.set(
        xscale="log", xlabel="return period (years)", ylabel="highest daily probability (1),\nmean over the region"
    )
    axis.set_title(region, color=GREY)
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    return figure

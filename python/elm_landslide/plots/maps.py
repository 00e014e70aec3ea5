"""Maps of one value a place: a mesh where the file is gridded, else a square around each place; with coastlines."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm, Normalize
from matplotlib.ticker import MaxNLocator

from .coast import draw_coast
from .run import Run
from .style import GREY, new_figure, save

NOTHING = 1e-4  # the error of the quadrature over slopes: a smaller probability cannot be told from none
_NO_VALUE = "white"
_PALE = "#DDE4EA"  # nothing, or safe: neither the colour of no value nor of any small probability
_SAMPLE = 300  # places whose neighbours are looked for
# Near failure and below it the steps are finer; red is below 1, and what is safe is pale.
_FOS_LEVELS = (0.5, 0.7, 0.85, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)


def draw_cells(run: Run, path: Path) -> Path:
    """The largest probability and the lowest factor of safety of every cell."""
    figure, axes = map_figure(run, 2, 11.0)
    largest = run.largest_probability
    extreme = run.extremes["probability"]
    label = f"largest {f'{extreme} of ' if extreme else ''}probability (1)"
    draw_map(axes[0], run, largest, label, *probability_colours(largest))
    label = "lowest factor of safety (1),\n90th percentile of slope"
    draw_map(axes[1], run, run.lowest_fos, label, *fos_colours(), worst_is_high=False)
    figure.suptitle(f"{run.label}: {run.period}", fontsize=11)
    return save(figure, path)


def map_figure(run: Run, n: int, width: float):
    """A figure with n axes for maps of a run, one above the other where the places lie far from west to east."""
    west, east, south, north = extent(run)
    shape = (east - west) * _across(south, north) / (north - south)
    figure = new_figure(width, n * (0.86 * width / shape + 0.6) + 0.4 if shape > 1.6 else 4.6)
    rows, columns = (n, 1) if shape > 1.6 else (1, n)
    return figure, figure.subplots(rows, columns, squeeze=False).ravel()


def probability_colours(values) -> tuple[ListedColormap, Normalize]:
    """Logarithmic, for most places have small values; what is below the scale is pale."""
    top = max(np.nanmax(values), 10.0 * NOTHING)
    decade = 10.0 ** np.floor(np.log10(top))
    top = next(n * decade for n in (1, 2, 5, 10) if n * decade >= top * (1.0 - 1e-9))
    # Without the palest fifth, which would pass for nothing.
    colours = ListedColormap(matplotlib.colormaps["YlOrRd"](np.linspace(0.2, 1.0, 256)))
    return colours.with_extremes(under=_PALE, bad=_NO_VALUE), LogNorm(NOTHING, top)


def fos_colours() -> tuple[ListedColormap, Normalize]:
    below = matplotlib.colormaps["Reds_r"](np.linspace(0.1, 0.6, 3))
    above = matplotlib.colormaps["YlGnBu_r"](np.linspace(0.05, 0.9, len(_FOS_LEVELS) - 4))
    colours = ListedColormap(np.concatenate([below, above]))
    return colours.with_extremes(under="#3B0008", over=_PALE, bad=_NO_VALUE), BoundaryNorm(_FOS_LEVELS, colours.N)


def draw_map(axis, run: Run, values, label: str, colours, norm: Normalize, worst_is_high=True) -> None:
    """values: one a place of the run's layout, NaN where there is none.

    worst_is_high: where several columns share a place, the one drawn on top.
    """
    west, east, south, north = extent(run)
    lon = (run.lon - west) % 360.0 + west
    mesh = _mesh(run.layout.shape, run.lat, lon, values)
    if mesh:
        drawn = axis.pcolormesh(*mesh, cmap=colours, norm=norm, rasterized=True)
    else:
        order = np.argsort(values if worst_is_high else -values)
        order = order[np.isfinite(values[order])]
        drawn = PolyCollection(_squares(run.lat[order], lon[order]), cmap=colours, norm=norm, rasterized=True)
        drawn.set(array=values[order], linewidth=0.0, antialiased=False)
        axis.add_collection(drawn)
    axis.set(xlim=(west, east), ylim=(south, north), aspect=1.0 / _across(south, north), facecolor=_NO_VALUE)
    draw_coast(axis, GREY)
    levels = isinstance(norm, BoundaryNorm)
    ends = ("min" if isinstance(norm, LogNorm) else "neither") if not levels else "both"
    bar = axis.figure.colorbar(drawn, ax=axis, label=label, extend=ends, aspect=25, pad=0.02)
    if levels:
        bar.set_ticks(_FOS_LEVELS, labels=[f"{level:g}" for level in _FOS_LEVELS])
    elif ends == "min":
        bar.ax.yaxis.set_major_formatter("{x:g}")
        bar.ax.set_xlabel(f"pale:\nbelow {NOTHING:g}", fontsize=8)
    axis.set_xlabel("longitude (degrees east)")
    axis.set_ylabel("latitude (degrees north)")
    axis.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 3, 5, 6, 10]))
    axis.xaxis.set_major_formatter(lambda x, _: f"{180.0 - (180.0 - x) % 360.0:g}")
    axis.grid(alpha=0.3, linewidth=0.5)


def extent(run: Run) -> tuple[float, float, float, float]:
    """West, east, south, north (degrees) of the places with a value and a margin; across the date line if that is
    shorter."""
    valid = np.isfinite(run.lowest_fos)
    lat, lon = run.lat[valid], run.lon[valid]
    step = max(_spacing(lat, lon), 0.02)
    around = np.unique(np.mod(lon + 180.0, 360.0))
    gaps = np.diff(around, append=around[0] + 360.0)
    margin = step / 2.0 + 0.02 * min(360.0 - gaps.max(), 30.0)
    if gaps.max() < 60.0:  # all around the globe
        west, east = -180.0, 180.0
    else:
        west = around[(gaps.argmax() + 1) % len(around)] - 180.0 - margin
        east = west + 360.0 - gaps.max() + 2.0 * margin
    return west, east, max(lat.min() - margin, -90.0), min(lat.max() + margin, 90.0)


def _across(south: float, north: float) -> float:
    """Length of a degree of longitude over one of latitude on the map; of a large one 1."""
    return float(np.cos(np.radians((south + north) / 2.0))) if north - south < 60.0 else 1.0


def _spacing(lat, lon) -> float:
    """Distance (degrees of latitude) of places to their nearest neighbours: the median over a sample."""
    places = np.unique(np.stack([lat, np.mod(lon, 360.0)], axis=1), axis=0)
    if len(places) < 2:
        return 0.5
    chosen = places[:: -(-len(places) // _SAMPLE)]
    nearest = []
    for at in chosen:
        across = ((places[:, 1] - at[1] + 180.0) % 360.0 - 180.0) * np.cos(np.radians(at[0]))
        distance = np.hypot(places[:, 0] - at[0], across)
        nearest.append(np.partition(distance, 1)[1])
    return float(np.median(nearest))


def _squares(lat, lon) -> np.ndarray:
    """Corners [place, 4, (lon, lat)] of squares as wide as the places are apart."""
    half = _spacing(lat, lon) / 2.0
    wide = half / np.maximum(np.cos(np.radians(lat)), 0.05)
    corners = [(lon + x * wide, lat + y * half) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return np.moveaxis(np.array(corners), 2, 0)


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

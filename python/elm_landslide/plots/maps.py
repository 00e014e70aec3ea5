"""Maps of one value per place: a mesh if the file is gridded, else a square around each place; with coastlines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from elm_landslide.offline.places import short_way
from elm_landslide.plots.coast import draw_coast
from elm_landslide.plots.run_output import RunOutput
from elm_landslide.plots.style import GREY, new_figure, save

NOTHING = 3e-4  # the error of the quadrature over slopes: a smaller probability is indistinguishable from none
_NO_VALUE = "white"
_PALE = "#CFD8E0"  # nothing, or safe: distinct from missing values and from small probabilities
_SAMPLE = 50  # places whose neighbours are looked for
_LATTICE_BOXES = 1_200_000  # at most, of a grid that is filled with places: a quarter of a degree on the globe
# Near failure and below it the steps are finer; red is below 1, and what is safe is pale.
_FOS_LEVELS = (0.5, 0.7, 0.85, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)


class Mapped(Protocol):
    """Places of a map, flattened from their shape: latitudes and longitudes (degrees), and which have a value."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def lat(self) -> np.ndarray: ...
    @property
    def lon(self) -> np.ndarray: ...
    @property
    def valid(self) -> np.ndarray: ...


@dataclass
class Frame:
    """Limits of a map (degrees) around the places with a value, and how far these are apart.

    lattice: steps (lat, lon) of which all distances are multiples, or None.
    """

    west: float
    east: float
    south: float
    north: float
    spacing: float
    lattice: tuple[float, float] | None

    @property
    def across(self) -> float:
        """Length of a degree of longitude over one of latitude on the map; of a large map 1."""
        return float(np.cos(np.radians((self.south + self.north) / 2.0))) if self.north - self.south < 60.0 else 1.0


def draw_cells(run: RunOutput, path: Path) -> Path:
    """The largest probability and the lowest factor of safety of every cell."""
    figure, axes, frame = map_figure(run, 2, 11.0)
    largest, extreme = run.largest_probability, run.extremes["probability"]
    label = f"largest {f'{extreme} of ' if extreme else ''}probability (1)\npale: below {NOTHING:g}"
    seen = np.maximum(largest, 0.1 * NOTHING)  # 0 has no logarithm and would look like a missing value
    draw_map(axes[0], run, frame, seen, label, *probability_colours())
    label = "lowest factor of safety (1),\n90th percentile of slope"
    draw_map(axes[1], run, frame, run.lowest_fos, label, *fos_colours(), worst_is_high=False)
    figure.suptitle(f"{run.label}: {run.period}", fontsize=11)
    return save(figure, path)


def map_figure(run: Mapped, n: int, width: float) -> tuple[Figure, np.ndarray, Frame]:
    """A figure, n axes in it, one above the other if the places extend far from west to east, and their limits."""
    frame = frame_of(run)
    shape = (frame.east - frame.west) * frame.across / (frame.north - frame.south)
    figure = new_figure(width, n * (0.8 * width / shape + 0.6) + 0.3 if shape > 1.6 else 4.6)
    rows, columns = (n, 1) if shape > 1.6 else (1, n)
    return figure, figure.subplots(rows, columns, squeeze=False).ravel(), frame


def probability_colours() -> tuple[Colormap, Normalize]:
    """Logarithmic, because most places have small values, and the same on every map, so that maps can be compared."""
    # Without the palest fifth, which would look like nothing.
    colours = ListedColormap(matplotlib.colormaps["YlOrRd"](np.linspace(0.2, 1.0, 256)))
    return colours.with_extremes(under=_PALE, bad=_NO_VALUE), LogNorm(NOTHING, 1.0)


def fos_colours() -> tuple[Colormap, Normalize]:
    below = matplotlib.colormaps["Reds_r"](np.linspace(0.1, 0.6, 3))
    above = matplotlib.colormaps["YlGnBu_r"](np.linspace(0.05, 0.9, len(_FOS_LEVELS) - 4))
    colours = ListedColormap(np.concatenate([below, above]))
    return colours.with_extremes(under="#3B0008", over=_PALE, bad=_NO_VALUE), BoundaryNorm(_FOS_LEVELS, colours.N)


def draw_map(
    axis: Axes,
    run: Mapped,
    frame: Frame,
    values: np.ndarray,
    label: str,
    colours: Colormap,
    norm: Normalize,
    worst_is_high: bool = True,
) -> None:
    """values: one per place, or NaN.

    worst_is_high: where several columns share a place, the highest value is drawn on top, else the lowest.
    """
    lon = (run.lon - frame.west) % 360.0 + frame.west
    mesh = _mesh(run.shape, run.lat, lon, values)
    if not mesh:
        order = np.argsort(values if worst_is_high else -values)
        order = order[np.isfinite(values[order])]
        at = run.lat[order], lon[order], values[order]
        mesh = _lattice_mesh(*at, frame.lattice) if frame.lattice else None
    if mesh:
        drawn: QuadMesh | PolyCollection = axis.pcolormesh(*mesh, cmap=colours, norm=norm, rasterized=True)
    else:
        squares = _squares(*at[:2], frame.spacing)
        # One array, which matplotlib takes at once; its stub says a sequence.
        drawn = PolyCollection(squares, cmap=colours, norm=norm, rasterized=True)  # type: ignore[arg-type]
        drawn.set(array=at[2], linewidth=0.0, antialiased=False)
        axis.add_collection(drawn)
    axis.set(xlim=(frame.west, frame.east), ylim=(frame.south, frame.north))
    axis.set(aspect=1.0 / frame.across, facecolor=_NO_VALUE)
    draw_coast(axis, GREY)
    extend = {BoundaryNorm: "both", LogNorm: "min"}.get(type(norm), "neither")
    bar = axis.figure.colorbar(drawn, ax=axis, label=label, extend=extend, aspect=25, pad=0.02)
    if isinstance(norm, BoundaryNorm):
        bar.set_ticks(list(norm.boundaries), labels=[f"{level:g}" for level in norm.boundaries])
    elif isinstance(norm, LogNorm):
        bar.ax.yaxis.set_major_formatter("{x:g}")
    axis.set_xlabel("longitude (degrees east)")
    axis.set_ylabel("latitude (degrees north)")
    wide = frame.east - frame.west > 180.0
    axis.xaxis.set_major_locator(MultipleLocator(60.0) if wide else MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.xaxis.set_major_formatter(lambda x, _: f"{x if abs(x) <= 180.0 else short_way(x):g}")
    axis.grid(alpha=0.3, linewidth=0.5)


def frame_of(run: Mapped) -> Frame:
    """Across the date line where that is the shorter way."""
    lat, lon = run.lat[run.valid], run.lon[run.valid]
    lattice = _lattice(lat, lon)
    spacing = max(lattice) if lattice else _spacing(lat, lon)
    around = np.unique(np.mod(lon + 180.0, 360.0))
    gaps = np.diff(around, append=around[0] + 360.0)
    margin = spacing / 2.0 + 0.02 * min(360.0 - gaps.max(), 30.0)
    if gaps.max() < 60.0:  # all around the globe
        west, east = -180.0, 180.0
    else:
        west = around[(gaps.argmax() + 1) % len(around)] - 180.0 - margin
        east = west + 360.0 - gaps.max() + 2.0 * margin
    return Frame(west, east, max(lat.min() - margin, -90.0), min(lat.max() + margin, 90.0), spacing, lattice)


def _lattice(lat: np.ndarray, lon: np.ndarray) -> tuple[float, float] | None:
    """Steps (degrees) of latitude and longitude of which all distances are multiples; None if the places are not
    cut out of such a grid, or are so few that it would be mere chance."""
    steps = []
    for values in (lat, np.mod(lon, 360.0)):
        distances = np.diff(np.unique(values))
        distances = distances[distances > 1e-3]  # single precision
        parts = [distances / (distances.min() / n) for n in (1, 2, 3, 4)] if distances.size else []
        fitting = (n for n, part in enumerate(parts, 1) if (np.abs(part - np.rint(part)) < 0.05).all())
        n = next(fitting, None)
        if n is None:
            return None
        whole = np.ptp(values)
        steps.append(whole / np.rint(n * whole / distances.min()))
    boxes = np.ptp(lat) / steps[0] * (np.ptp(lon) / steps[1])
    return (steps[0], steps[1]) if boxes < _LATTICE_BOXES else None


def _lattice_mesh(
    lat: np.ndarray, lon: np.ndarray, values: np.ndarray, steps: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_mesh`, for places cut out of a regular grid; of several at one place the last."""
    rows, columns = (np.rint((at - at.min()) / step).astype(int) for at, step in zip((lat, lon), steps, strict=True))
    grid = np.full((rows.max() + 1, columns.max() + 1), np.nan)
    grid[rows, columns] = values
    x, y = (at.min() + step * (np.arange(n + 1) - 0.5) for at, step, n in
            ((lon, steps[1], grid.shape[1]), (lat, steps[0], grid.shape[0])))  # fmt: skip
    return x, y, grid


def _spacing(lat: np.ndarray, lon: np.ndarray) -> float:
    """Distance (degrees of latitude) of places to their nearest neighbours: the median over a sample."""
    places = np.unique(np.stack([lat, np.mod(lon, 360.0)], axis=1), axis=0)
    if len(places) < 2:
        return 0.5
    nearest = []
    for at in places[:: -(-len(places) // _SAMPLE)]:
        across = short_way(places[:, 1] - at[1]) * np.cos(np.radians(at[0]))
        distance = np.hypot(places[:, 0] - at[0], across)
        nearest.append(np.partition(distance, 1)[1])
    return float(np.median(nearest))


def _squares(lat: np.ndarray, lon: np.ndarray, spacing: float) -> np.ndarray:
    """Corners [place, 4, (lon, lat)] of squares wider than the places are apart, so that no gaps are left."""
    half = 0.7 * spacing
    wide = half / np.maximum(np.cos(np.radians(lat)), 0.05)
    corners = [(lon + x * wide, lat + y * half) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return np.moveaxis(np.array(corners), 2, 0)


def _mesh(
    shape: tuple[int, ...], lat: np.ndarray, lon: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(x edges, y edges, values) of a regular grid, longitudes ascending; None for anything else."""
    if len(shape) != 2:
        return None
    lat, lon, values = (a.reshape(shape) for a in (lat, lon, values))
    if np.ptp(lat, axis=1).any() or np.ptp(lon, axis=0).any():
        return None
    order = np.argsort(lon[0])
    return _edges(lon[0, order]), _edges(lat[:, 0]), values[:, order]


def _edges(centres: np.ndarray) -> np.ndarray:
    """Halfway between the centres; half a degree to each side of a single one."""
    if len(centres) == 1:
        return centres[0] + np.array([-0.5, 0.5])
    middle = (centres[1:] + centres[:-1]) / 2.0
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])

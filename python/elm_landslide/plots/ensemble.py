"""Figures of simulated hillslopes: one at failure, sizes of all landslides, and how one came to fail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LightSource
from matplotlib.figure import Figure

from elm_landslide.errors import UserError
from elm_landslide.physics.constants import SECONDS_PER_HOUR
from elm_landslide.physics.root_profile import COVERS
from elm_landslide.plots.style import BLUE, GREEN, GREY, ORANGE, SKY, VERMILION, new_figure, save, say
from elm_landslide.simulator import ensemble_file, member
from elm_landslide.simulator.ensemble import Ensemble, Runner
from elm_landslide.simulator.hillslope import Hillslope
from elm_landslide.simulator.scene import cover_of
from elm_landslide.simulator.sizes import SIZES, exponent_interval
from elm_landslide.simulator.terrain import Terrain
from elm_landslide.simulator.triggering import Triggering

SHARE = 0.35  # of a hillslope: one that loses no more is drawn, because one that slides whole shows little
_COVERS = (*COVERS, "bare ground")


@dataclass
class History:
    """One member, hour by hour.

    hours (h after the start of the storm), rain (mm), fos at the 90th percentile of slope and fos_median, shares
    unstable (FoS below 1) and released [hour]; released_at (h, infinite where nothing slid) [cell]; of the largest
    landslide the hour `shown`, its cells `slide`, and water_table (m) [cell] then, the soil's thickness where dry.
    """

    scene: member.Scene
    hours: np.ndarray
    rain: np.ndarray
    fos: np.ndarray
    fos_median: np.ndarray
    unstable: np.ndarray
    released: np.ndarray
    released_at: np.ndarray
    shown: float
    slide: np.ndarray
    water_table: np.ndarray


def draw_ensemble(path: Path, out: Path) -> list[Path]:
    """Figures of a file of elm-landslide simulate, into the folder `out`."""
    ensemble, variables = ensemble_file.read(path)
    figures = [draw_sizes(ensemble, variables, out / f"{path.stem}_sizes.png")]
    chosen = choose(ensemble, variables)
    if chosen is None:
        return figures
    try:
        history = follow(Runner(ensemble), chosen)
    except UserError as error:
        raise UserError(f"{path}: member {chosen} cannot be run again for its figures: {error}") from None
    title = _title(
        chosen, {n.removeprefix("parameter_"): v[chosen] for n, v in variables.items() if n.startswith("param")}
    )
    figures.append(draw_hillslope(history, title, out / f"{path.stem}_hillslope.png"))
    figures.append(draw_history(history, title, out / f"{path.stem}_history.png"))
    return figures


def choose(ensemble: Ensemble, variables: dict[str, np.ndarray]) -> int | None:
    """The member with the largest landslide among those that keep most of their soil; None where nothing slid in a
    storm."""
    owner = variables["event_member"].astype(int)
    storm = variables["event_initial"] == 0
    part = storm & (variables["hillslope_released"][owner, -1] <= SHARE)
    usable = part if part.any() else storm
    return int(owner[np.argmax(np.where(usable, variables["event_area"], -1.0))]) if usable.any() else None


def follow(runner: Runner, number: int) -> History:
    """Run a member again, hour by hour."""
    settings, scene = runner.ensemble.settings, runner.scene(number)
    storm = member.begin(scene, settings)
    hill = scene.hill
    rows, tables = [], []
    for hour in range(settings.hours):
        member.advance(scene, storm, settings, hour)
        state = member.state(scene)
        rows.append([hour + 1 - settings.lead, *(state[n] for n in ("fos", "fos_median", "probability", "released"))])
        tables.append(water_table(hill))
    hours, fos, fos_median, unstable, released = np.array(rows).T
    slides = [slide for slide in hill.landslides() if slide.time >= -settings.lead * SECONDS_PER_HOUR]
    largest = max(slides, key=lambda slide: slide.area)
    shown = float(np.median(hill.released_at[largest.cells]) / SECONDS_PER_HOUR)  # it may grow over some hours
    rain = scene.rain[-settings.hours :]
    table = tables[int(np.searchsorted(hours, shown))]
    return History(
        scene=scene,
        hours=hours,
        rain=rain,
        fos=fos,
        fos_median=fos_median,
        unstable=unstable,
        released=released,
        released_at=hill.released_at / SECONDS_PER_HOUR,
        shown=shown,
        slide=largest.cells,
        water_table=table,
    )


def water_table(hill: Triggering) -> np.ndarray:
    """Depth (m) of the table over bedrock, by the head there; the soil's thickness where there is none."""
    slope = hill.hillslope
    head = np.maximum(slope.base()[0][:, -1], 0.0) / slope.cosine2
    return np.maximum(slope.thickness - head, 0.0)


def _title(number: int, p: dict[str, float]) -> str:
    cover = cover_of(p)
    cleared = f", cleared {p['years']:.1f} years before" if p["cleared"] < 0.3 and cover < len(COVERS) else ""
    return f"member {number}: {_COVERS[cover]}{cleared}, sand {p['sand']:.0f} %, gradient {p['gradient']:.2f}"


def draw_hillslope(history: History, title: str, path: Path) -> Path:
    """Map and section of a hillslope at its largest landslide; the map has all that slid in the event."""
    hill = history.scene.hill.hillslope
    land = hill.terrain
    figure = new_figure(12.0, 5.6)
    axes = figure.subplot_mosaic(
        [["map", "profile"], ["map", "soil"]], width_ratios=(1.0, 1.2), height_ratios=(1.0, 1.2)
    )
    figure.suptitle(title, fontsize=11)
    _draw_map(figure, axes["map"], history, land)
    column = _section_column(history, land)
    axes["map"].axvline((column + 0.5) * land.size, color="black", linestyle=":", linewidth=1.5)
    _draw_section(axes["profile"], axes["soil"], history, hill, land, column)
    return save(figure, path)


def _draw_map(figure: Figure, axis: Axes, history: History, land: Terrain) -> None:
    height, width = (n * land.size for n in land.shape)
    elevation = land.grid(land.elevation)
    shade = LightSource(315, 35).hillshade(np.nan_to_num(elevation), dx=land.size, dy=land.size)
    extent = (0.0, width, height, 0.0)
    axis.imshow(shade, cmap="gray", extent=extent, vmin=-0.3, vmax=1.2, interpolation="nearest")
    during = np.isfinite(history.released_at) & (history.released_at >= history.hours[0])
    at = land.grid(np.where(during, history.released_at, np.nan))
    image = axis.imshow(at, cmap=matplotlib.colormaps["viridis_r"], extent=extent, interpolation="nearest", alpha=0.9)
    if np.isfinite(at).any():
        figure.colorbar(image, ax=axis, label="slid, hours after the start of the storm", shrink=0.85)
    x = (np.arange(land.shape[1]) + 0.5) * land.size
    y = (np.arange(land.shape[0]) + 0.5) * land.size
    lines = axis.contour(x, y, elevation, levels=8, colors="black", linewidths=0.5, alpha=0.6)
    axis.clabel(lines, fontsize=7, fmt="%.0f m")
    if len(history.slide):
        mask = np.zeros(land.n)
        mask[history.slide] = 1.0
        fine = np.kron(land.grid(mask, 0.0), np.ones((8, 8)))
        axis.contour(fine, levels=[0.5], colors=VERMILION, linewidths=1.8, extent=(0.0, width, 0.0, height))
    axis.set_title(f"map; largest landslide outlined (hour {history.shown:.0f})", fontsize=10)
    axis.set_xlabel("across (m)")
    axis.set_ylabel("down the slope (m)")


def _section_column(history: History, land: Terrain) -> int:
    """The column of cells with most of the largest landslide."""
    counts = np.bincount(land.column[history.slide], minlength=land.shape[1])
    return int(counts.argmax()) if len(history.slide) else land.shape[1] // 2


def _draw_section(profile: Axes, soil: Axes, history: History, hill: Hillslope, land: Terrain, column: int) -> None:
    def along(values: np.ndarray) -> np.ndarray:
        return np.repeat(land.grid(np.asarray(values, dtype=float))[:, column], 2)

    edges = np.arange(land.shape[0] + 1) * land.size
    y = np.repeat(edges, 2)[1:-1]  # both ends of every cell
    mask = np.zeros(land.n)
    mask[history.slide] = 1.0
    gone = along(mask) > 0
    thickness, water = along(hill.thickness), along(hill.thickness - history.water_table)
    middle, ground = edges[:-1] + 0.5 * land.size, along(land.elevation)[::2]
    profile.plot(middle, ground, color="black", linewidth=1.2)
    profile.plot(middle, np.where(gone[::2], ground, np.nan), color=VERMILION, linewidth=3.0)
    profile.set_ylabel("elevation (m)")
    profile.set_title("section along the dotted line as it slides", fontsize=10)
    profile.tick_params(labelbottom=False)
    soil.fill_between(y, 0.0, thickness, color=ORANGE, alpha=0.4, linewidth=0, label="soil")
    soil.fill_between(y, 0.0, water, color=SKY, linewidth=0, label="under water")
    cut: dict[str, Any] = dict(facecolor="none", edgecolor=VERMILION, hatch="////", linewidth=0.0, label="slides")
    soil.fill_between(y, 0.0, thickness, where=gone, **cut)
    soil.plot(y, thickness, color=GREEN, linewidth=1.5, label="ground")
    soil.set_ylim(0.0, 1.35 * np.nanmax(thickness))
    soil.set_xlabel("down the slope (m)")
    soil.set_ylabel("height above bedrock (m)")
    soil.legend(fontsize=8, loc="upper center", ncols=4)
    for axis in (profile, soil):
        axis.set_xlim(0.0, edges[-1])
        axis.grid(alpha=0.3)


def draw_history(history: History, title: str, path: Path) -> Path:
    """Rain, factor of safety and failing shares of a hillslope through its storm."""
    figure = new_figure(8.0, 6.6)
    axes = figure.subplots(3, 1, sharex=True)
    figure.suptitle(title, fontsize=11)
    axes[0].bar(history.hours - 1.0, history.rain, width=1.0, align="edge", color=BLUE)
    axes[0].set_ylabel("rain of the cell (mm/h)")
    axes[1].plot(history.hours, history.fos_median, color=GREEN, label="median slope")
    axes[1].plot(history.hours, history.fos, color=VERMILION, label="90th percentile of slope")
    axes[1].axhline(1.0, color=GREY, linestyle="--", linewidth=1, label="failure (1)")
    axes[1].set_ylabel("factor of safety (1)")
    axes[1].set_ylim(0.0, 1.25 * max(history.fos_median.max(), 1.0))
    axes[2].plot(history.hours, 100.0 * history.unstable, color=ORANGE, label="factor of safety below 1")
    axes[2].plot(history.hours, 100.0 * history.released, color=VERMILION, label="slid so far")
    axes[2].axvline(history.shown, color=GREY, linestyle=":", label="largest landslide")
    axes[2].set_ylabel("area (%)")
    axes[2].set_ylim(0.0, None)
    axes[2].set_xlabel("hours after the start of the storm")
    for axis in axes[1:]:
        axis.legend(fontsize=8)
    for axis in axes:
        axis.grid(alpha=0.3)
    return save(figure, path)


def _hillslopes(n: int) -> str:
    return "one hillslope" if n == 1 else f"{n:,} hillslopes"


def draw_sizes(ensemble: Ensemble, variables: dict[str, np.ndarray], path: Path) -> Path:
    """Probability density of landslide areas and the power law fitted to it."""
    cell = ensemble.settings.size**2
    storm = variables["event_initial"] == 0
    area, owner = variables["event_area"][storm], variables["event_member"][storm].astype(int)
    figure = new_figure(6.4, 4.8)
    axis = figure.subplots()
    axis.set_title(f"{len(area):,} landslides in storms on {_hillslopes(ensemble.members)}", fontsize=11)
    axis.set_xlabel("area (m2)")
    axis.set_ylabel("probability density (1/m2)")
    cells = np.rint(area / cell)
    if len(np.unique(cells)) < 3:
        say(axis, "too few landslides for a curve")
        return save(figure, path)
    edges = np.unique(np.rint(np.geomspace(1.0, cells.max() + 1.0, 16))) - 0.5
    counts, _ = np.histogram(cells, edges)
    middle = np.sqrt((edges[:-1] + 0.5) * (edges[1:] - 0.5)) * cell
    density = counts / len(cells) / (np.diff(edges) * cell)
    error = density / np.sqrt(np.maximum(counts, 1))
    seen = counts > 0
    axis.errorbar(middle[seen], density[seen], error[seen], fmt="o", color=BLUE, markersize=5, label="simulated")
    by_member = [cells[owner == i] for i in np.unique(owner)]
    best, low, high = exponent_interval(by_member)
    if np.isfinite(best):
        span = np.array(SIZES, dtype=float)
        inside = (cells >= span[0]) & (cells <= span[1])
        numbers = np.arange(span[0], span[1] + 1.0)
        scale = inside.mean() / (numbers**-best).sum() / cell
        interval = f"-{high:.2f} to -{low:.2f}" if np.isfinite(low) else "none"
        label = f"exponent -{best:.2f} (95 % interval {interval})"
        axis.plot(span * cell, scale * span**-best, color=VERMILION, label=label)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize=9)
    return save(figure, path)

"""A DEM on an ELM grid: percentiles of slope, and wetness and curvature within the slope classes between them.

Three passes over the windows: slopes and the water of each window alone; the water that comes in over its edges, until
nothing changes; the shapes, once the percentiles are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, SLOPE_PERCENTILES, WETNESS_PERCENTILES
from elm_landslide.static import coverage, windows
from elm_landslide.static.accounts import Accounts
from elm_landslide.static.elm_grid import ElmGrid
from elm_landslide.static.histograms import CURVATURE, SLOPE, WETNESS, WHOLE, quantiles
from elm_landslide.static.relief import N_CLASSES
from elm_landslide.static.windows import MARGIN, SIDES, Terrain, ring_of
from elm_landslide.static.workers import Each

FINER = 0.55  # chosen on two DEMs, of 10 m and 81 m
LEVELS = tuple(level / 100.0 for level in WETNESS_PERCENTILES)  # of wetness and curvature within a slope class
Report = Callable[[str, int, int], None]


@dataclass
class TerrainFields:
    """By ELM cell [n], nan where the DEM says nothing: slope [n, 11] (m/m) at the percentiles; wetness, curvature [n,
    class, LEVELS] (ln m, 1/m; positive in hollows) and the mean wetness [n]; covered [n]: share of the cell with a
    slope; area [n] (km2) of it; windows, routed: how many there were, and how often one was routed again."""

    slope: np.ndarray
    wetness: np.ndarray
    curvature: np.ndarray
    mean_wetness: np.ndarray
    covered: np.ndarray
    area: np.ndarray
    windows: int = 0
    routed: int = 0


def summarise(
    terrain: Terrain, grid: ElmGrid, each: Each, report: Report, resolution: float | None = None
) -> TerrainFields:
    """resolution (m): what the slopes are corrected to, by default that of the map. Raises UserError where the grids do
    not overlap, and for what cannot be an elevation."""
    if not terrain.polygons.cell.size:
        raise UserError(f"{terrain.dem.path}: none of the {grid.size} cells of the ELM grid lies on this map")
    n = grid.size
    result = TerrainFields(
        np.full((n, len(SLOPE_PERCENTILES)), np.nan),
        np.full((n, N_CLASSES, len(LEVELS)), np.nan),
        np.full((n, N_CLASSES, len(LEVELS)), np.nan),
        np.full(n, np.nan),
        np.zeros(n),
        np.zeros(n),
    )
    _slopes(terrain, result, each, report)
    if not result.area.any():
        raise UserError(f"{terrain.dem.path}: has no elevation within the cells of the ELM grid; is --nodata right?")
    result.windows = len(terrain.windows)
    result.routed = _route(terrain, each, report)
    _shapes(terrain, result, each, report)
    if resolution is not None:
        coarse = replace(terrain, dem=terrain.dem.coarser(2), folder=terrain.folder / "coarser")
        coarse = replace(coarse, polygons=coverage.place(grid, coarse.dem))
        coarse.folder.mkdir(exist_ok=True)
        of_coarse = replace(
            result, slope=np.full_like(result.slope, np.nan), covered=result.covered.copy(), area=result.area.copy()
        )
        _slopes(coarse, of_coarse, each, report, "slopes of cells twice the size")
        result.slope = at_resolution(result.slope, of_coarse.slope, windows.cell_size(terrain.dem), resolution)
    return result


def at_resolution(fine: np.ndarray, coarse: np.ndarray, size: float, wanted: float) -> np.ndarray:
    """Percentiles of slope [n, 11] as a map with cells of the wanted size (m) would have them, from those of one of
    another size and of the same at twice that size.

    Slopes fall with the size of the cells as a power of it that differs from place to place (Zhang et al. 1999, Hydrol.
    Process. 13, 2291-2300). Ground is smooth at small scales, so the power seen between the two sizes is too large for
    the next finer one: FINER of it is used, which docs/land_surface.py tries on a real map.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(coarse > 0.0, np.clip(fine / coarse, 1.0, 2.0), 1.0)
    corrected = fine * ratio ** (FINER * np.log2(size / wanted))
    return np.minimum(np.maximum.accumulate(corrected, axis=-1), FIELDS["slope"].valid[1])


def _slopes(terrain: Terrain, result: TerrainFields, each: Each, report: Report, stage: str = "slopes") -> None:
    whole = terrain.polygons.area(len(result.area))
    reference = windows.reference_area(terrain.dem)
    levels = np.array(SLOPE_PERCENTILES) / 100.0

    def finish(cell, counts, least, most, seen):
        if seen == 0:
            return
        result.slope[cell] = quantiles(counts, SLOPE, levels, least, most)
        result.covered[cell] = min(float(seen) / WHOLE / whole[cell], 1.0)
        result.area[cell] = float(counts.sum()) / WHOLE * reference / 1e6

    joins = (np.add, np.minimum, np.maximum, np.add)
    accounts = Accounts(terrain.polygons, terrain.side, terrain.dem.shape, finish, joins)
    for k, window in enumerate(each(windows.survey, terrain, terrain.windows), start=1):
        part = windows.load(terrain, "slopes", window)
        accounts.add(window, part["cells"], part["counts"], part["least"], part["most"], part["seen"])
        report(stage, k, len(terrain.windows))


_OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}


def _route(terrain: Terrain, each: Each, report: Report) -> int:
    """Hands upslope areas over the edges of the windows until none changes; how often one was routed again."""
    edges = {window: windows.load(terrain, "edges", window) for window in terrain.windows}
    again = 0
    while True:
        changed = [window for window in terrain.windows if not _same(_inflow(terrain, edges, window), edges[window])]
        if not changed:
            return again

        def jobs(todo: list = changed) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
            for window in todo:
                yield window, _inflow(terrain, edges, window)

        for k, window in enumerate(each(windows.route, terrain, jobs()), start=1):
            edges[window] = windows.load(terrain, "edges", window)
            report("water over the edges", k, len(changed))
        again += len(changed)


def _ring(terrain: Terrain, edges: dict, window: tuple[int, int]) -> dict[str, np.ndarray]:
    """Upslope areas of the cells around the margin of a window, by side, corners included; 0 beyond the map."""
    i, j = window
    rows, columns = terrain.size(window)

    def line(side: str, down: int, across: int) -> np.ndarray:
        facing = _OPPOSITE[side]
        beside = [edges.get((i + a, j + b)) for a, b in (((down, k) if down else (k, across)) for k in (-1, 0, 1))]
        length = columns if down else rows
        values = np.zeros(length + 2 * MARGIN + 2)
        for part, start in zip(beside, (-1, MARGIN + 1, length + MARGIN + 1), strict=True):
            if part is None or not part[facing].size:
                continue
            if start < 0:
                values[: MARGIN + 1] = part[facing][-MARGIN - 1 :]
            else:
                taken = part[facing][: length if start == MARGIN + 1 else MARGIN + 1]
                values[start : start + taken.size] = taken
        return values

    return {
        "top": line("top", -1, 0),
        "bottom": line("bottom", 1, 0),
        "left": line("left", 0, -1),
        "right": line("right", 0, 1),
    }


def _inflow(terrain: Terrain, edges: dict, window: tuple[int, int]) -> np.ndarray:
    """The ring of a window as its route takes it."""
    rows, columns = terrain.size(window)
    inflow = np.zeros((rows + 2 * MARGIN + 2, columns + 2 * MARGIN + 2))
    ring = _ring(terrain, edges, window)
    for place, side in zip(ring_of(inflow), SIDES, strict=True):
        place[:] = ring[side]
    return inflow


def _same(inflow: np.ndarray, edge: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(line, edge[f"in_{side}"]) for line, side in zip(ring_of(inflow), SIDES, strict=True))


def _shapes(terrain: Terrain, result: TerrainFields, each: Each, report: Report) -> None:
    levels = np.array(LEVELS)

    def finish(cell, wet, bent, limits):
        if not wet.any():
            return
        result.wetness[cell] = _in_classes(wet, WETNESS, levels, limits[0], limits[1])
        result.curvature[cell] = _in_classes(bent, CURVATURE, levels, limits[2], limits[3])
        middle = 0.5 * (WETNESS.edges[:-1] + WETNESS.edges[1:])
        result.mean_wetness[cell] = float(wet.sum(0) @ middle) / float(wet.sum())

    def join(a, b):
        return np.concatenate([np.minimum(a[0::2], b[0::2]), np.maximum(a[1::2], b[1::2])])[[0, 2, 1, 3]]

    accounts = Accounts(terrain.polygons, terrain.side, terrain.dem.shape, finish, (np.add, np.add, join))
    cells = {window: windows.load(terrain, "slopes", window)["cells"] for window in terrain.windows}
    jobs = ((window, result.slope[cells[window]]) for window in terrain.windows)
    for k, window in enumerate(each(windows.shapes, terrain, jobs), start=1):
        part = windows.load(terrain, "shapes", window)
        accounts.add(window, part["cells"], part["wet"], part["bent"], np.moveaxis(part["limits"], 1, 0))
        report("wetness and curvature", k, len(terrain.windows))


def _in_classes(counts: np.ndarray, bins, levels: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """[class, level]; a class without a cell of the map, between equal percentiles, takes the distribution of all."""
    found = quantiles(counts, bins, levels, least, most)
    total = quantiles(counts.sum(0)[None], bins, levels, least.min(keepdims=True), most.max(keepdims=True))
    return np.where(np.isnan(found), total, found)

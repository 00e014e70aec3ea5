"""From maps to a file of static fields on an ELM grid."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from elm_landslide import __version__, files
from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, ROOTS
from elm_landslide.physics.root_profile import COVERS
from elm_landslide.static import coverage, maps, output, soil
from elm_landslide.static.classes import cover_table, lithology_codes
from elm_landslide.static.elm_grid import ElmGrid, read_grid
from elm_landslide.static.histograms import BLOCK
from elm_landslide.static.maps import Limits
from elm_landslide.static.output import Variable
from elm_landslide.static.rasters import Raster, open_dem, open_raster
from elm_landslide.static.terrain import LEVELS, Report, TerrainFields, summarise
from elm_landslide.static.windows import Terrain, cell_size
from elm_landslide.static.workers import Each, pool

TEXTURE_UNITS = {"%": 1.0, "g/kg": 0.1, "1": 100.0}
DEPTH_UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}
LEAST_LEAF_AREA = 0.1  # m2/m2 typical of the cover; where there is less, nothing says how roots grow


@dataclass(frozen=True)
class Sources:
    """The maps, and what their files do not say. grid: an ELM surface dataset or domain file."""

    grid: str
    dem: str | None = None
    depth: str | None = None
    sand: str | None = None
    clay: str | None = None
    cover: str | None = None
    lithology: str | None = None
    leaf_area: str | None = None
    crs: str | None = None
    nodata: float | None = None
    elevation_unit: str | None = None
    depth_unit: str = "m"
    texture_unit: str = "%"
    texture_depths: tuple[float, ...] | None = None
    cover_classes: str = "worldcover"
    cell_size: float | None = None
    slope_resolution: float | None = None

    @property
    def maps(self) -> dict[str, str]:
        names = ("dem", "depth", "sand", "clay", "cover", "lithology", "leaf_area")
        return {name: path for name in names if (path := getattr(self, name))}


@dataclass
class Result:
    """cells: of the grid; content: what was written; terrain: of the DEM; notes: what a reader should know."""

    cells: int
    content: list[Variable] = field(default_factory=list)
    terrain: TerrainFields | None = None
    notes: list[str] = field(default_factory=list)


def build(
    sources: Sources,
    out: Path,
    report: Report,
    overwrite: bool = False,
    window: int = 2048,
    workers: int = 1,
    scheduler: str | None = None,
    command: str = "elm-landslide static",
) -> Result:
    """Write the static fields. Raises UserError for bad input, and then leaves nothing behind.

    window: side (cells) of what is held in memory at a time, a multiple of BLOCK. A run that is killed goes on where it
    was, from a folder beside `out`, which is removed at the end.
    """
    files.check_out(out, overwrite, [sources.grid, *sources.maps.values()])
    if not sources.maps:
        raise UserError("static: give a map: --dem, --depth, --sand and --clay, --cover, --lithology or --leaf-area")
    if bool(sources.sand) != bool(sources.clay):
        raise UserError("static: give --sand and --clay together, for the soil is read from both")
    if sources.slope_resolution is not None and not 1.0 <= sources.slope_resolution <= 1000.0:
        raise UserError(f"--slope-resolution {sources.slope_resolution:g}: wanted 1 to 1000 m")
    if window < 2 * BLOCK or window % BLOCK:
        raise UserError(f"--window {window}: wanted a multiple of {BLOCK}, {2 * BLOCK} or more")
    grid = read_grid(sources.grid, sources.cell_size)
    result = Result(grid.size)
    opened = _open(sources)  # all are checked before the first is worked on
    most = max(-(-r.shape[0] // window) * -(-r.shape[1] // window) for r in opened.values())
    with _folder(sources, out, window) as folder, pool(min(workers, most), scheduler) as each:
        for name, raster in opened.items():
            if name == "dem":
                terrain = Terrain(raster, coverage.place(grid, raster), window, folder)
                result.terrain = summarise(terrain, grid, each, report, sources.slope_resolution)
                result.content += _terrain_variables(result.terrain, raster, sources.slope_resolution)
                _note_coverage(result, grid, "the DEM", result.terrain.covered)
            elif name != "clay":  # which comes with sand
                result.content += _map_variables(name, opened, sources, grid, result, each, report)
        result.content += _leaf_area_ratio(result)
        attributes = {
            "history": command,
            "maps": json.dumps({name: _described(raster) for name, raster in opened.items()}),
            "notes": "; ".join(result.notes),
        }
        with files.whole(out, RuntimeError) as part:
            output.write(part, grid, result.content, attributes)
    return result


def _open(sources: Sources) -> dict[str, Raster]:
    found = {}
    for name, path in sources.maps.items():
        if name == "dem":
            found[name] = open_dem(path, sources.crs, sources.nodata, sources.elevation_unit)
        else:
            found[name] = open_raster(path, otherwise=sources.crs)
    if {"sand", "clay"} <= found.keys() and found["sand"].bands != found["clay"].bands:
        raise UserError(
            f"{sources.clay}: has {found['clay'].bands} band(s), {sources.sand} {found['sand'].bands}: wanted the same"
        )
    return found


def _terrain_variables(t: TerrainFields, dem: Raster, resolution: float | None) -> list[Variable]:
    size = cell_size(dem)
    made = f"of cells of {size:.3g} m" + (f", corrected to {resolution:g} m" if resolution else "")
    slope = "hillslope gradient at the percentiles 0, 10, ..., 100 of area"
    found = [Variable("SLP_P10", t.slope, "m/m", slope, ("nlevslp",), {"comment": made})]
    shapes = (
        ("TWI", t.wetness, "ln(m)", "topographic wetness index ln(a / tan(beta))"),
        ("CURVATURE", t.curvature, "1/m", "tangential curvature, positive in hollows"),
    )
    for name, values, units, what in shapes:
        for k, level in enumerate(LEVELS):
            of = f"{what}: percentile {100 * level:.0f} within the classes of slope between the percentiles of SLP_P10"
            found.append(Variable(f"{name}_Q{100 * level:.0f}", values[..., k], units, of, ("nslpclass",)))
    found.append(Variable("TWI_MEAN", t.mean_wetness, "ln(m)", "mean topographic wetness index of the cell"))
    found.append(Variable("DEM_AREA", t.area, "km2", "area of the cell with a slope"))
    return found + output.coverage_variables("DEM", "the slope", t.covered)


def _map_variables(
    name: str, opened: dict[str, Raster], sources: Sources, grid: ElmGrid, result: Result, each: Each, report: Report
) -> list[Variable]:
    raster = opened[name]

    if name == "depth":
        factor = DEPTH_UNITS[sources.depth_unit]
        low, high = 0.0, FIELDS["bedrock_depth"].valid[1]
        limits = Limits(low, high, "the depth of soil (m)", "--depth-unit cm or mm?")
        found = maps.means(replace(raster, bands=1, factor=factor), grid, limits, each, partial(report, "depth"))
        _note_coverage(result, grid, "the depth of soil", found.covered)
        values = np.maximum(found.mean[:, 0], FIELDS["bedrock_depth"].valid[0])
        depth = Variable("aveDTB", values, "m", "mean depth to bedrock")
        return [depth, *output.coverage_variables("DEPTH", "the depth of soil", found.covered)]
    if name == "sand":
        return _texture(opened, sources, grid, result, each, report)
    if name == "leaf_area":
        limits = Limits(0.0, FIELDS["leaf_area_index"].valid[1], "the leaf area index", "does the file lack its scale?")
        found = maps.means(raster, grid, limits, each, partial(report, "leaf area"))
        _note_coverage(result, grid, "the leaf area", found.covered)
        largest = np.fmax.reduce(found.mean, axis=1)
        leaf = Variable("LEAF_AREA_MAX", largest, "m2/m2", "largest leaf area index of the year, mean over the cell")
        return [leaf, *output.coverage_variables("LEAF_AREA", "the leaf area", found.covered)]
    if name == "cover":
        table = cover_table(sources.cover_classes)
        limits = Limits(0.0, 0.0, "the class of cover", "give the table of its classes with --cover-classes")
        found = maps.shares(raster, grid, tuple(table), limits, each, partial(report, name))
        shares = 100.0 * (found.mean @ np.array(list(table.values())))
        content = [Variable("PCT_COVER", shares, "%", f"share of the area under {', '.join(COVERS)}", ("cover",))]
    else:
        classes = lithology_codes()
        limits = Limits(0.0, 0.0, "the class of lithology", "wanted codes of GLiM, 1 to 16")
        found = maps.shares(raster, grid, tuple(classes), limits, each, partial(report, name))
        what = "share of the area known of each class of the Global Lithological Map"
        names = {"classes": " ".join(classes.values())}
        content = [Variable("PCT_LITHOLOGY", 100.0 * found.mean, "%", what, ("lithology",), names)]
    _note_coverage(result, grid, f"the {name}", found.covered)
    return content + output.coverage_variables(name.upper(), f"the {name}", found.covered)


def _leaf_area_ratio(result: Result) -> list[Variable]:
    """The leaf area over that typical of the cover, where something grows: which roots scale with."""
    found = {v.name: v.values for v in result.content}
    if "LEAF_AREA_MAX" not in found:
        return []
    if "PCT_COVER" not in found:
        result.notes.append("the leaf area scales no roots without a map of the cover: give --cover, too")
        return []
    typical = found["PCT_COVER"] / 100.0 @ np.array(ROOTS["leaf_area"])
    ratio = np.where(typical > LEAST_LEAF_AREA, found["LEAF_AREA_MAX"] / np.maximum(typical, LEAST_LEAF_AREA), np.nan)
    what = "largest leaf area index of the year over that typical of the cover"
    ratio = np.minimum(ratio, FIELDS["leaf_area_ratio"].valid[1])  # which says no more than the limit of its effect
    return [Variable("LEAF_AREA_RATIO", ratio, "1", what)]


def _texture(
    opened: dict[str, Raster], sources: Sources, grid: ElmGrid, result: Result, each: Each, report: Report
) -> list[Variable]:
    factor, layers, covered = TEXTURE_UNITS[sources.texture_unit], {}, []
    depths = soil.interfaces(opened["sand"].path, opened["sand"].bands, sources.texture_depths)
    for name in ("sand", "clay"):
        limits = Limits(0.0, 100.0, f"{name} (%)", "--texture-unit g/kg, % or 1?")
        found = maps.means(replace(opened[name], factor=factor), grid, limits, each, partial(report, name))
        if np.nanmax(found.mean, initial=0.0) <= 1.0 and np.nanmax(found.mean, initial=0.0) > 0.0:
            raise UserError(
                f"{opened[name].path}: {name} is {np.nanmax(found.mean):g} % at most: fractions? --texture-unit 1"
            )
        layers[name] = soil.on_layers(found.mean, depths)
        covered.append(found.covered)
    both = layers["sand"] + layers["clay"]
    if (both > 101.0).any():
        i = int(np.argmax((both > 101.0).any(axis=1)))
        raise UserError(
            f"{sources.sand}: sand and clay together are {np.nanmax(both[i]):.1f} % at lat {grid.lat[i]:g}, lon "
            f"{grid.lon[i]:g}, wanted 100 or less"
        )
    least = np.minimum(*covered)
    _note_coverage(result, grid, "the texture", least)
    return [
        Variable("PCT_SAND", layers["sand"], "%", "sand content of the mineral soil", ("nlevsoi",)),
        Variable("PCT_CLAY", layers["clay"], "%", "clay content of the mineral soil", ("nlevsoi",)),
        *output.coverage_variables("TEXTURE", "the texture", least),
    ]


def _note_coverage(result: Result, grid: ElmGrid, what: str, covered: np.ndarray) -> None:
    """Say where a map has nothing, or only a part."""
    flag = np.where(grid.active, output.flags(covered), output.COMPLETE)  # nobody asks for the sea
    nothing, partly = np.flatnonzero(flag == output.NOTHING), np.flatnonzero(flag == output.PARTLY)
    if nothing.size:
        first = ", ".join(f"{grid.lat[i]:g} {grid.lon[i]:g}" for i in nothing[:3])
        more = f" and {nothing.size - 3} more" if nothing.size > 3 else ""
        result.notes.append(f"{what} says nothing of {nothing.size} of {grid.size} cells: lat lon {first}{more}")
    if partly.size:
        i = partly[np.argmin(covered[partly])]
        result.notes.append(
            f"{what} covers {partly.size} of {grid.size} cells in part, the least lat {grid.lat[i]:g}, lon "
            f"{grid.lon[i]:g} with {100 * covered[i]:.3g} %"
        )


def _described(raster: Raster) -> dict:
    """Name, size and CRS of a map, for the file's attributes."""
    return {
        "file": Path(raster.path).name,
        "rows": raster.shape[0],
        "columns": raster.shape[1],
        "cell": [raster.dx, raster.dy],
        "crs": raster.crs.name,
    }


@contextmanager
def _folder(sources: Sources, out: Path, window: int) -> Iterator[Path]:
    """Where the results of the windows are kept until the file is written: those of an earlier run of the same input,
    which was killed, are used again."""
    words = [word for path in [sources.grid, *sources.maps.values()] for word in (path, *re.split('[:"]', path))]
    stamps = {word: Path(word).stat() for word in words if word and Path(word).is_file()}  # NETCDF:file.nc:name, too
    made_of = [__version__, repr(sources), str(window), *(f"{s.st_size} {s.st_mtime_ns}" for s in stamps.values())]
    wanted = hashlib.sha256("\n".join(made_of).encode()).hexdigest()
    folder = out.with_name(f".{out.name}.windows")
    mark = folder / "input.sha256"
    if folder.exists() and (not mark.exists() or mark.read_text() != wanted):
        shutil.rmtree(folder)
    try:
        folder.mkdir(exist_ok=True)
        mark.write_text(wanted)
        yield folder
    except KeyboardInterrupt:
        raise  # what is done is kept
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)

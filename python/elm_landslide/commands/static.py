"""The command line of `elm-landslide static`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from elm_landslide.commands import terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.errors import UserError
from elm_landslide.extras import need

if TYPE_CHECKING:
    from elm_landslide.static.build import Result

_Map = str | None


def static_command(
    grid: Annotated[Path, typer.Option(help="ELM domain file or surface dataset: the cells to write.")],
    dem: Annotated[_Map, typer.Option(help="Elevations: GeoTIFF, netCDF, ASCII grid, VRT of many tiles.")] = None,
    depth: Annotated[_Map, typer.Option(help="Depth of the soil to bedrock.")] = None,
    sand: Annotated[_Map, typer.Option(help="Sand content; one band, or one for each layer.")] = None,
    clay: Annotated[_Map, typer.Option(help="Clay content, on the same layers.")] = None,
    cover: Annotated[_Map, typer.Option(help="Classes of land cover.")] = None,
    lithology: Annotated[_Map, typer.Option(help="Classes of the Global Lithological Map (GLiM).")] = None,
    leaf_area: Annotated[
        _Map, typer.Option(help="Leaf area index; of several bands (months) the largest counts.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The netCDF file to write.")] = Path("static.nc"),
    crs: Annotated[
        str | None, typer.Option(help="CRS of the DEM, and of maps that do not say theirs: EPSG:4326.")
    ] = None,
    nodata: Annotated[
        float | None, typer.Option(help="Elevation that means missing, besides what the file says.")
    ] = None,
    elevation_unit: Annotated[
        Literal["m", "ft", "us-ft"] | None, typer.Option(help="Unit of the elevations if the file does not say.")
    ] = None,
    depth_unit: Annotated[Literal["m", "cm", "mm"], typer.Option(help="Unit of --depth.")] = "m",
    texture_unit: Annotated[Literal["%", "g/kg", "1"], typer.Option(help="Unit of --sand and --clay.")] = "%",
    texture_depths: Annotated[
        str | None, typer.Option(help="Interfaces (m) of the layers of --sand and --clay, such as 0,0.3,1.")
    ] = None,
    cover_classes: Annotated[
        str,
        typer.Option(help="Table of --cover: worldcover, cci, igbp, or a TOML file: 10 = [tree, shrub, grass, crop]."),
    ] = "worldcover",
    cell_size: Annotated[
        float | None, typer.Option(help="Size (degrees) of the cells of --grid, if its file does not say.")
    ] = None,
    slope_resolution: Annotated[
        float | None,
        typer.Option(help="Cell size (m) to which the slopes are corrected; by default they are those of the DEM."),
    ] = None,
    window: Annotated[
        int, typer.Option(help="Side (cells of the DEM) of what a worker holds; a multiple of 128.")
    ] = 2048,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: as many as there are cores.")] = 0,
    scheduler: Annotated[str | None, typer.Option(help="Address of a dask scheduler of your own.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output file.")] = False,
) -> None:
    """Make the static fields of an ELM grid from a DEM and maps of soil, cover, rock and leaves.

        elm-landslide static --grid domain.lnd.r05.nc --dem srtm.vrt --out static.nc
        elm-landslide run --static static.nc --history ... --surface surfdata.nc

    Slopes and wetness are exact over the area of each cell, and the same for any window and number of workers. A run
    that was killed goes on where it was if it is started again in the same words. A DEM of many tiles is one VRT
    (gdalbuildvrt). A coarse DEM has gentler slopes: --slope-resolution 30 makes up for it as well as can be. In ELM the
    file is landslide_static of user_nl_landslide.
    """
    with one_line_errors():
        need("static", "static")
        from elm_landslide.static.build import Sources, build

        sources = Sources(
            str(grid),
            dem,
            depth,
            sand,
            clay,
            cover,
            lithology,
            leaf_area,
            crs,
            nodata,
            elevation_unit,
            depth_unit,
            texture_unit,
            _depths(texture_depths),
            cover_classes,
            cell_size,
            slope_resolution,
        )
        command = shlex.join(["elm-landslide", *sys.argv[1:]])
        with terminal.stages() as report:
            result = build(
                sources, out, report, overwrite, window, workers or len(os.sched_getaffinity(0)), scheduler, command
            )
        _print(result, out)


def _depths(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise UserError(f"--texture-depths {text}: wanted numbers such as 0,0.3,1") from None


def _print(result: Result, out: Path) -> None:
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    table = Table("variable", "smallest", "largest", "unit", header_style="")
    for v in result.content:
        known = v.values[np.isfinite(v.values)]
        limits = (f"{known.min():.4g}", f"{known.max():.4g}") if known.size else ("none", "")
        table.add_row(v.name, *limits, v.units)
    Console().print(table)
    if result.terrain is not None:
        again = f", {result.terrain.routed} routed again for what came in over their edges"
        print(f"windows     {result.terrain.windows}{again if result.terrain.windows > 1 else ''}")
    for line in result.notes:
        print(f"note        {line}")
    print(f"written     {out}: {result.cells} cells")

"""The command line of `elm-landslide compare`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from elm_landslide import files
from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.errors import UserError
from elm_landslide.extras import need


def compare_command(
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=FILES", help="Files of a set, or of one member of it; the first is the reference."
        ),
    ] = None,
    threshold: Annotated[
        list[float] | None, typer.Option(help="Daily probabilities; 0.001, 0.01, 0.1 by default.")
    ] = None,
    period: Annotated[list[float] | None, typer.Option(help="Return periods (years); 2, 10, 50 by default.")] = None,
    region: Annotated[
        list[str] | None, typer.Option(metavar="NAME=S,N,W,E", help="A box: south, north, west, east (degrees).")
    ] = None,
    regions: Annotated[Path | None, typer.Option(help="Shapefile or GeoJSON of regions, with a column `name`.")] = None,
    base_rate: Annotated[
        float | None,
        typer.Option(help="Landslides per km2 of steep land and year, for expected reports; that of the files."),
    ] = None,
    other_models: Annotated[
        bool, typer.Option("--other-models", help="Compare sets of different models: the change is of the model, too.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    scheduler: Annotated[str | None, typer.Option(help="Address of a dask scheduler, in place of --workers.")] = None,
    out: Annotated[Path, typer.Option(help="The netCDF file to write.")] = Path("compare.nc"),
    report: Annotated[Path, typer.Option(help="The page of HTML to write.")] = Path("compare.html"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing output files.")] = False,
) -> None:
    """Compare sets of output: what changes, where, and how sure that is.

    A set is one or more runs, offline or of ELM itself with the component on, that differ by chance only; a set with
    several members has its name several times:

        elm-landslide compare --set 'control=ctl/landslide.*.nc' \\
            --set 'warm=warm_1/*.elm.h1.*.nc' --set 'warm=warm_2/*.elm.h1.*.nc' \\
            --region Alps=45,48,6,14 --out warm.nc --report warm.html

    Days above thresholds, maxima of years and seasons, return levels and expected reports, by cell and by region, with
    tests and intervals. Return levels need ten years.
    """
    with one_line_errors():
        need("compare", "compare")
        from elm_landslide.comparison import compare, output
        from elm_landslide.comparison import report as page

        named = [_named(text) for text in of or []]
        inputs = [path for _, paths in named for path in paths]
        for path in (out, report):
            files.check_out(path, overwrite, inputs)
        if out.absolute() == report.absolute():
            raise UserError(f"{out}: is named by --out and --report: give two names")
        with terminal.stages() as stages:
            found = compare.compare(
                named,
                stages,
                tuple(threshold or compare.THRESHOLDS),
                tuple(period or compare.PERIODS),
                region,
                regions,
                base_rate,
                other_models,
                workers,
                scheduler,
            )
        command = shlex.join(["elm-landslide", *sys.argv[1:]])
        # Both or none.
        with files.whole(out, RuntimeError, ValueError) as netcdf, files.whole(report) as html:
            output.write(netcdf, found, command)
            page.write(html, found, command)
        _print(found)
        print(f"written     {out}, {report}")


def _named(text: str) -> tuple[str, list[Path]]:
    name, _, pattern = text.partition("=")
    if not name or not pattern:
        raise UserError(f"--set {text}: wanted NAME=FILES, as control=ctl/*.nc")
    return name, [Path(path) for path in options.expand([pattern])]


def _print(found) -> None:
    for name, years in zip([of.name for of in found.sets], found.annual, strict=True):
        print(f"set         {name}: {len(years.year)} years of {len(set(years.member.tolist()))} members")
    for against in found.against:
        for row in against.rows:
            if row.region == next(iter(found.regions)):
                text = f"{row.change:+.3g} ({row.interval}) of {row.reference:.3g} {row.unit}"
                print(f"{against.name:<12}{row.quantity}: {text}")
    for note in found.notes:
        print(f"note        {note}")

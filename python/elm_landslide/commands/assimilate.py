"""The command line of `elm-landslide assimilate`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.errors import UserError

if TYPE_CHECKING:
    from elm_landslide.assimilation.run import Summary


def assimilate_command(
    history: options.History = None,
    constants: options.Constants = None,
    surface: options.Surface = None,
    satellite: Annotated[
        list[str] | None, typer.Option(help="Files of the satellite product, with days of the history.")
    ] = None,
    third: Annotated[
        list[str] | None,
        typer.Option(help="Files of a third, independent series, in any unit: gives the errors of the other two."),
    ] = None,
    variable: Annotated[
        str | None, typer.Option(help="Variable of the product, with its group: Geophysical_Data/sm_surface.")
    ] = None,
    third_variable: Annotated[str | None, typer.Option(help="Variable of the third series, likewise.")] = None,
    model_error: Annotated[
        float, typer.Option(help="Error of ELM's mean surface moisture (m3/m3), where no third series gives it.")
    ] = 0.04,
    satellite_error: Annotated[
        float, typer.Option(help="Error of the product's mean (m3/m3), likewise. Equal errors halve the difference.")
    ] = 0.04,
    pairs: Annotated[
        int, typer.Option(help="Days with both that a month needs; one with fewer takes 15 days on both sides too.")
    ] = 30,
    out: Annotated[Path, typer.Option(help="The netCDF file to write.")] = Path("moisture_offset.nc"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Give the offset of ELM's soil moisture from a satellite product, by cell and month.

    Daily means of ELM's layers to 0.05 m, without frozen and snowy days, are compared with the product on the same
    days. The mean difference of a month is damped by the errors of both, and is 0 where it is not significant:

        elm-landslide assimilate --history case.elm.h0.*.nc \\
            --surface surfdata.nc --satellite ESACCI-SM-*.nc \\
            --satellite-error 0.05 --out offset.nc
        elm-landslide run ... --moisture-offset offset.nc

    With a third series, such as a scatterometer's, triple collocation gives the errors of each cell:

        elm-landslide assimilate --history case.elm.h0.*.nc \\
            --surface surfdata.nc --satellite SMAP_L3_SM_P_*.h5 \\
            --third ascat.nc --third-variable sm

    No series says whose mean is right. ESA CCI's combined product has the level of another land model: its offset
    is that from the other model.
    """
    with one_line_errors():
        from elm_landslide.assimilation.run import Sources, assimilate

        if not history or not surface or not satellite:
            raise UserError("give --history, --surface and --satellite")
        expanded = [options.expand(words or []) for words in (history, satellite, constants, third)]
        summary = assimilate(
            Sources(expanded[0], surface, expanded[1], expanded[2], expanded[3], variable, third_variable),
            out,
            model_error,
            satellite_error,
            pairs,
            overwrite,
            command=shlex.join(["elm-landslide", *sys.argv[1:]]),
            progress=lambda total: terminal.progress("cell", total),
        )
        print(json.dumps(summary.as_dict(), indent=2)) if as_json else _print(summary)


def _print(summary: Summary) -> None:
    print(f"days        {summary.first_day} to {summary.last_day}")
    print(f"cells       {summary.cells_with_offset} of {summary.cells} with an offset")
    print(f"months      {summary.cell_months}, {summary.significant} of them other than 0")
    print(f"offset      {summary.lowest:+.4f} to {summary.highest:+.4f} m3/m3, median error {summary.median_error:.4f}")
    print(f"difference  {summary.median_difference:+.4f} m3/m3, median of satellite minus ELM")
    print(
        f"errors      ELM {summary.model_error:.4f}, satellite {summary.satellite_error:.4f} m3/m3 (medians; "
        f"triple collocation in {summary.triple_collocation} cells)"
    )
    for line in summary.notes:
        print(f"note        {line}")
    print(f"written     {summary.out}")

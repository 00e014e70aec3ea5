"""The command line of `elm-landslide profile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.extras import need


def profile_command(
    history: options.History = None,
    constants: options.Constants = None,
    rain: options.Rain = None,
    surface: options.Surface = None,
    out: Annotated[Path, typer.Option(help="The figure to write; its suffix sets the format.")] = Path("profile.png"),
    sample: options.Sample = None,
    model: options.Model = None,
    override: options.Override = None,
    cell: Annotated[
        str | None, typer.Option(metavar="INDEX|LAT,LON", help="The column: its index in the files, or the nearest.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="The record nearest to a date; by default that of the highest probability.")
    ] = None,
    landslide: Annotated[
        Path | None, typer.Option(help="File that run made from this input: gives the cell and time of highest risk.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="Name of the site for the title.")] = None,
) -> None:
    """Draw what one probability rests on: the factor of safety of one column at one time, by slope and depth.

    Next to it: what holds the soil and what drives it, by depth, at the 90th percentile of slope.

        elm-landslide profile --sample steep --time 2001-12-01 --out profile.png

        elm-landslide profile --history case.elm.h1.*.nc --constants case.elm.h0.*.nc \\
            --surface surfdata.nc --cell 41.25,-76.75
    """
    with one_line_errors():
        need("profile", "plot", "torch")
        from elm_landslide.plots.profile_input import draw

        inputs = options.inputs(sample, history, constants, rain, surface, override)
        draw(inputs, out, model, cell, time, landslide, label or sample or "", tell=terminal.say)
        print(out)

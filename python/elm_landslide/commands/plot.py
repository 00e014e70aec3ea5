"""The command line of `elm-landslide plot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elm_landslide.commands.exit import one_line_errors
from elm_landslide.extras import need


def plot_command(
    files: Annotated[list[Path], typer.Argument(help="Files of run, of ELM (CASE.elm.h0.*.nc), or of simulate.")],
    inputs: Annotated[
        list[Path] | None,
        typer.Option(help="Folder with the run's input files, for rain and water table; not needed for the samples."),
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--label", help="Label of each series of files in turn; by default its name.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the figures.")] = Path(),
) -> None:
    """Draw time series, maps and flags of landslide history files, offline or from ELM itself.

    For a file of elm-landslide simulate: a hillslope as it fails, what led to it, and the sizes of all landslides.

    For what one probability rests on, see elm-landslide profile.

        elm-landslide plot out/landslide.nc out/steep.nc \\
            --label "Susquehanna" --label "steep, wet site" --out out
    """
    with one_line_errors():
        need("plot", "plot")
        from elm_landslide import plots

        for path in plots.draw(files, out, labels or [], inputs or []):
            print(path)

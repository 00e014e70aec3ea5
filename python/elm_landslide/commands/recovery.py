"""The command line of `elm-landslide recovery`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elm_landslide import files
from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.extras import need

if TYPE_CHECKING:
    from elm_landslide.offline.recovery import Recovery


def recovery_command(
    history: options.History = None,
    constants: options.Constants = None,
    rain: options.Rain = None,
    surface: options.Surface = None,
    sample: options.Sample = None,
    model: options.Model = None,
    override: options.Override = None,
    out: Annotated[Path | None, typer.Option(help="JSON file to write, too.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Figure to write, too; its suffix sets the format.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how landslide probability answers to a clear-cut, a fire, uprooted trees and grass for trees, over 50 years.

    Every record of the input is run again at each year since the event: equal weather, other roots.

        elm-landslide recovery --sample steep --figure recovery.png
    """
    with one_line_errors():
        if figure is not None:
            need("recovery --figure", "plot")
        from elm_landslide.offline.recovery import recover

        inputs = options.inputs(sample, history, constants, rain, surface, override)
        found = recover(inputs, model, lambda total: terminal.progress("year", total))
        if out is not None:
            with files.whole(out) as part:
                part.write_text(json.dumps(found.as_dict(), indent=1) + "\n")
        if figure is not None:
            from elm_landslide.plots.recovery import draw_recovery

            draw_recovery(found, figure)
        print(json.dumps(found.as_dict(), indent=1)) if as_json else _print(found)


def _print(found: Recovery) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "after", "least roots", "year", "highest probability", "year", "highest hazard", "year", header_style=""
    )
    for event, curve in found.curves.items():
        row = []
        for values, best in ((curve.roots, min), (curve.probability, max), (curve.hazard, max)):
            value = best(values)
            row += [f"{value:.2f}", f"{found.years[values.index(value)]:g}"]
        table.add_row(event, *row)
    Console().print(table)
    print(f"{found.columns} column(s), {found.records} records; probability and hazard relative to those undisturbed,")
    print(f"whose means are {found.probability:.4g} and {found.hazard:.4g}")

"""The command line of `elm-landslide signs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from elm_landslide import files
from elm_landslide.commands import terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.extras import need


def signs_command(
    model: Annotated[Path | None, typer.Option(help="Model file; the shipped one by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file to write, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say in which climates a model is outside its training domain, and which way its fields answer to a change.

    Columns of many climates, columns sampled over the training domain and the samples of ELM output, each as it is,
    with its roots lost, with grass in place of trees and with 7 % more rain at the same soil water. A hazard or
    probability that falls then is counted.

        elm-landslide signs --out signs.json
    """
    with one_line_errors():
        need("signs", "simulate")
        from elm_landslide.evaluation import signs
        from elm_landslide.model.model_file import SHIPPED

        with terminal.progress("case", signs.cases()) as advance:
            report = signs.report(model or SHIPPED, advance)
        if out is not None:
            with files.whole(out) as part:
                part.write_text(json.dumps(report, indent=1) + "\n")
        print(json.dumps(report, indent=1)) if as_json else _print(report)


def _print(report: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    from elm_landslide.evaluation.signs import CHANGES

    table = Table("columns", "", "outside, %", *CHANGES, header_style="")
    for name, of in report.items():
        falls = (f"{of[c]['hazard']}, {of[c]['probability']} of {of[c]['columns']}" for c in CHANGES)
        table.add_row(name, str(of["columns"]), f"{100.0 * of['outside'] / of['columns']:.2f}", *falls)
    console = Console(width=140) if not Console().is_terminal else Console()
    console.print(table)
    print("under a change: columns whose hazard falls, whose probability falls, of those inside before and after")
    for name, of in report.items():
        if of["by"]:
            print(f"outside, {name}: {', '.join(f'{field} {n}' for field, n in of['by'].items())}")

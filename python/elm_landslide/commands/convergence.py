"""The command line of `elm-landslide convergence`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from elm_landslide import files
from elm_landslide.commands import terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.extras import need

SCORES = {
    "cross_entropy": "cross-entropy",
    "error": "mean absolute error",
    "cross_entropy_known": "cross-entropy, strengths known",
    "error_known": "mean absolute error, strengths known",
}


def convergence_command(
    ensembles: Annotated[
        list[Path], typer.Argument(help="Ensembles of elm-landslide simulate; the first gives the exponent.")
    ],
    model: Annotated[Path | None, typer.Option(help="Model file; the shipped one by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file to write, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how water gathers on simulated hillslopes, and what their topographic wetness adds to the model.

    The exponent is a constant of physics/convergence.py: change it there. A minute for 3,000 members.

        elm-landslide simulate --members 3000 --seed 11 --out drawn.nc
        elm-landslide simulate --members 600 --seed 12 --dem dem.asc --out tiles.nc
        elm-landslide convergence drawn.nc tiles.nc --out convergence.json
    """
    with one_line_errors():
        need("convergence", "simulate")
        from elm_landslide.model.export import load_eager
        from elm_landslide.model.model_file import SHIPPED
        from elm_landslide.training.convergence import convergence_scores
        from elm_landslide.training.fitting import one_thread

        network = load_eager(model or SHIPPED)
        with terminal.stages() as report, one_thread():
            found = convergence_scores(network, ensembles, report)
        if out is not None:
            with files.whole(out) as part:
                part.write_text(json.dumps(found, indent=1) + "\n")
        print(json.dumps(found, indent=1)) if as_json else _print(found)


def _print(found: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console() if Console().is_terminal else Console(width=140)
    for name, of in found.items():
        value, low, high = of["exponent"]
        console.print(f"{name}: exponent {value:.2f} (5 to 95 %: {low:.2f} to {high:.2f})")
    titles = ("ensemble", "part", "members", "score of the failing share", "without", "change (5 to 95 %)")
    table = Table(*titles, header_style="")
    for name, of in found.items():
        for part, scores in of["held_out"].items():
            for score, what in SCORES.items():
                change, low, high = scores[f"{score}_change"]
                row = (name, part, str(scores["members"]), what, f"{scores[score]:.4f}")
                table.add_row(*row, f"{change:+.4f} ({low:+.4f} to {high:+.4f})")
                name = part = ""
    console.print(table)

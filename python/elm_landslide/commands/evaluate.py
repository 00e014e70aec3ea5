"""The command line of `elm-landslide evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from elm_landslide.commands import terminal as console
from elm_landslide.commands.exit import clear_errors
from elm_landslide.extras import need


def evaluate(
    sites: Annotated[Path, typer.Option(help="Site table to score (see elm-landslide sites).")],
    out: Annotated[Path, typer.Option(help="Folder for evaluation.json, scores.csv and the figures.")],
    model: Annotated[Path | None, typer.Option(help="Model file; the shipped one by default.")] = None,
    train_sites: Annotated[
        Path | None, typer.Option(help="Site table on which the comparators are fitted that need it.")
    ] = None,
    trigger: Annotated[Literal["rain", "all"], typer.Option(help="Landslides that count.")] = "all",
    lhasa: Annotated[
        Path | None,
        typer.Option(help="XGBoost weights of LHASA v2.1 (lhasa_v2.1_model.json); needs elm-landslide[lhasa]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
):
    """Score the sites of a table and set the model beside what people use now.

    Landslides are compared with other days of their sites and with random places. Rows in blocks that the model was
    trained on are left out and counted. Nothing is tuned to the table: only its share of landslides enters, as a
    property of the sampling, and moves chances but no ranking.

        elm-landslide sites convert GLAS_HELD_OUT --out held_out.csv
        elm-landslide evaluate --sites held_out.csv --train-sites sites.csv --trigger rain --out evaluation

    The keys of evaluation.json are listed in elm_landslide/evaluation/report.py.
    """
    with clear_errors():
        need("evaluate", "evaluate")
        from elm_landslide.evaluation.run import evaluate as run
        from elm_landslide.model import file as model_file

        found = run(sites, model or model_file.SHIPPED, out, train_sites, trigger, lhasa, console.progress)
        print(json.dumps(found, indent=2)) if as_json else console.print_evaluation(found, out)

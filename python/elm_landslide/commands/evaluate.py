"""The command line of `elm-landslide evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from elm_landslide.commands import terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.errors import UserError
from elm_landslide.extras import need


def evaluate_command(
    out: Annotated[Path, typer.Option(help="Folder for evaluation.json, scores.csv and the figures.")],
    sites: Annotated[Path | None, typer.Option(help="Site table to score (see elm-landslide sites).")] = None,
    hillslopes: Annotated[
        Path | None, typer.Option(help="Ensemble of elm-landslide simulate to score, best one with --alike.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model file; the shipped one by default.")] = None,
    train_sites: Annotated[
        Path | None, typer.Option(help="Site table for fitting the comparators that need it.")
    ] = None,
    trigger: Annotated[Literal["rain", "all"], typer.Option(help="Landslides that count.")] = "all",
    lhasa: Annotated[
        Path | None,
        typer.Option(help="XGBoost weights of LHASA v2.1 (lhasa_v2.1_model.json); needs elm-landslide[lhasa]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Score the sites of a table and compare the model with current methods.

    Landslides are compared with other days of their sites and with random places. Rows in blocks that the model was
    trained on are left out and counted. Nothing is tuned to the table: only its share of landslides enters, as a
    property of the sampling; it shifts probabilities but changes no ranking.

        elm-landslide sites convert GLAS_HELD_OUT --out held_out.csv
        elm-landslide evaluate --sites held_out.csv --train-sites sites.csv --trigger rain --out evaluation

    Or simulated hillslopes, on which the failing share is judged as a distribution:

        elm-landslide simulate --members 1024 --alike 16 --seed 2 --out alike.nc
        elm-landslide evaluate --hillslopes alike.nc --out evaluation

    The keys of evaluation.json are listed in elm_landslide/evaluation/report.py.
    """
    with one_line_errors():
        need("evaluate", "evaluate")
        from elm_landslide.evaluation.run import evaluate
        from elm_landslide.model.model_file import SHIPPED

        if sites is None and hillslopes is None:
            raise UserError("evaluate: give --sites, --hillslopes or both")
        if sites is None and (train_sites or lhasa):
            raise UserError("evaluate: --train-sites and --lhasa compare scores of --sites: give it too")
        result = evaluate(sites, model or SHIPPED, out, train_sites, trigger, lhasa, terminal.progress, hillslopes)
        print(json.dumps(result, indent=2)) if as_json else _print_evaluation(result, out)


def _print_evaluation(result: dict, out: Path) -> None:
    """The report of evaluation.report."""
    written = ["evaluation.json"]
    if "auc" in result:
        _print_sites(result)
        written += ["scores.csv", "roc.png", "reliability.png"]
    if "hillslopes" in result:
        _print_hillslopes(result["hillslopes"])
        written.append("hillslopes.png")
    print(f"written     {out}: {', '.join(written)}")


def _print_hillslopes(of: dict) -> None:
    print(f"hillslopes  {of['states']} states of {of['members']} members; {of['outside']} members outside the domain")
    known = f", of hillslopes alike {of['crps_alike']:.4f}" if "crps_alike" in of else ""
    print(
        f"            CRPS of the failing share {of['crps']:.4f}; of all shares {of['crps_climate']:.4f}, "
        f"of the mean alone {of['crps_point']:.4f}{known}"
    )
    print(
        f"            calibration error {of['ece']:.4f}; {of['coverage']:.1%} in the {of['interval']:.0%} interval; "
        f"spread {of['spread']:.3f}, error {of['error']:.3f}"
    )


def _print_sites(result: dict) -> None:
    from elm_landslide.evaluation import report

    rows = [report.HEADER[1:], *(row[1:] for row in report.table(result))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    against = [""] + [row[0] for row in report.table(result)]
    for i, row in enumerate(rows):
        if i and against[i] != against[i - 1]:
            print(f"against {against[i]}")
        cells = (
            f"{cell:<{w}}" if k == 0 else f"{cell:>{w}}" for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "  ".join(cells).rstrip())
    print(f"rows        {', '.join(f'{name} {n}' for name, n in result['rows'].items())}")
    print(f"fitted on   {result['fitted_on']}")
    for name in result["prevalence"]:
        share, brier, skill, ece = (result[key][name] for key in ("prevalence", "brier", "brier_skill", "ece_by"))
        print(
            f"{name:<12}prevalence {share:.3f}, Brier score {brier:.4f}, skill {skill:.3f}, calibration error {ece:.3f}"
        )
        field = result["field"][name]
        print(
            f"{'':<12}field alone: Brier score {field['brier']:.4f}, skill {field['brier_skill']:.3f}, "
            f"calibration error {field['ece']:.3f}"
        )
    for name, reason in result["left_out"].items():
        print(f"left out    {name}: {reason}")

"""The command line of `elm-landslide bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.errors import UserError
from elm_landslide.extras import need


def bench_command(
    out: Annotated[Path, typer.Option(help="The JSON file to write.")] = Path("bench.json"),
    model: options.Model = None,
    instruction_set: options.InstructionSet = "auto",
    quick: Annotated[bool, typer.Option("--quick", help="A few calls only, to see that it works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of the table.")] = False,
) -> None:
    """Measure speed and memory of the engines and of the simulator, and compare them with the aims.

    Compiles the bridge with E3SM's flags (compiler: CXX, else c++). The engines take turns, call by call, so that both
    see the same machine; it should be otherwise idle.

        elm-landslide bench --out bench.json
    """
    with one_line_errors():
        need("bench", "simulate")
        from elm_landslide.bench.run import run, write

        if not out.absolute().parent.is_dir():
            raise UserError(f"{out}: its folder does not exist; make it first")
        figures = run(model, instruction_set, quick, progress=terminal.say)
        write(figures, out)
        print(json.dumps(figures, indent=1)) if as_json else _print_bench(figures, out)


def _print_bench(figures: dict, out: Path) -> None:
    """Tables of what bench.run gives."""
    from rich.console import Console
    from rich.table import Table

    from elm_landslide.bench.run import BATCHES, ENGINES, aims

    console = Console()
    table = Table("columns", "tile", "p95", "a column", "torchscript", "p95", "ratio", header_style="")
    table.title = "microseconds per call"
    for n in BATCHES:
        if f"ratio.{n}" in figures:
            tile, torch = (
                [figures[f"{kind}_per_call.{engine}.{n}"] for kind in ("us", "p95_us")] for engine in ENGINES
            )
            values = (*tile, tile[0] / n, *torch, figures[f"ratio.{n}"])
            table.add_row(f"{n}", *(f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" for value in values))
    console.print(table)
    shares = {key.split(".")[1]: value for key, value in figures.items() if key.startswith("operation_share.")}
    most = sorted(shares, key=lambda name: -shares[name])[:12]
    print(f"tile's time  {', '.join(f'{name} {shares[name]:.0%}' for name in most)}, ...")
    table = Table("aim", "measured", "wanted", "met", header_style="")
    for text, value, wanted, met in aims(figures):
        table.add_row(text, f"{value:.3g}", wanted, "yes" if met else "no")
    console.print(table)
    print(f"torchscript takes {figures['rss_mb.torchscript']:.0f} MB")
    print(f"machine     {figures['cpu']}, {figures['instruction_set']}, {figures['compiler']}")
    print(f"written     {out}")

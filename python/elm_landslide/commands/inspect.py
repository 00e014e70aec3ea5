"""The command line of `elm-landslide inspect`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.extras import need


def inspect_command(
    model: Annotated[Path | None, typer.Argument(help="Model file; the shipped one by default.")] = None,
    engine: options.Engine = "tile",
    weights: Annotated[bool, typer.Option("--weights", help="Show its tensors too; needs torch.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a model file holds: schema, provenance, golden rows, checksum.

    The file is opened as for a run: what an engine would refuse is refused here, for the same reason.

        elm-landslide inspect landslide.pt --json
    """
    with one_line_errors():
        from elm_landslide.model.model_file import SHIPPED
        from elm_landslide.runtime.description import describe

        model = model or SHIPPED
        description = describe(model, engine)
        if weights:
            need("inspect --weights", "torch")
            from elm_landslide.model.export import weights_of

            description["weights"] = weights_of(model)
        if as_json:
            print(json.dumps(description, indent=2))
        else:
            _print_description(description)


def _print_description(description: dict) -> None:
    """A table of what `describe` gives, and another of the tensors if it gives them."""
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, emoji=False)  # the text is the file's
    table = Table("entry", "value", header_style="")
    for key, value in terminal.flat({name: value for name, value in description.items() if name != "weights"}):
        table.add_row(key, value)
    console.print(table)
    if "weights" in description:
        table = Table("tensor", "shape", "smallest", "mean", "largest", header_style="")
        for name, tensor in description["weights"].items():
            shape = " x ".join(map(str, tensor["shape"])) or "scalar"
            values = (tensor[key] for key in ("min", "mean", "max"))
            table.add_row(name, shape, *("-" if value is None else f"{value:.4g}" for value in values))
        console.print(table)

"""The command line of `elm-landslide replay`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import one_line_errors

if TYPE_CHECKING:
    from elm_landslide.runtime.replay import Replay


def replay_command(
    files: Annotated[list[Path], typer.Argument(help="landslide_record*.bin in a run's directory.")],
    model: options.Model = None,
    engine: options.Engine = "tile",
    instruction_set: options.InstructionSet = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run columns that ELM recorded through the offline component and compare the results bit for bit.

    ELM records them where landslide_in says landslide_record = .true. (short runs only). Exit status 1 where a
    result differs.

        elm-landslide replay RUNDIR/landslide_record*.bin --model RUNDIR/landslide.pt
    """
    with one_line_errors():
        from elm_landslide.runtime.replay import replay

        result = replay(files, model, engine, instruction_set, progress=terminal.records)
        if as_json:
            print(json.dumps(asdict(result), indent=2))
        else:
            _print_replay(result)
        if any(result.different.values()):
            raise typer.Exit(1)


def _print_replay(result: Replay) -> None:
    print(f"replayed    {result.column_steps} column steps of {result.steps} records in {result.files} file(s)")
    print(f"model       sha256 {result.model_sha256[:16]}..., engine {result.engine}, {result.instruction_set}")
    different = {name: n for name, n in result.different.items() if n}
    if different:
        print(f"different   {', '.join(f'{name} {n}' for name, n in different.items())}")
        print("            (another model file, engine or version than the run's?)")
    else:
        print("different   none: every output and flag has the same bits")

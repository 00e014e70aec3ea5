"""The command line of `elm-landslide train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from elm_landslide import ranks
from elm_landslide.commands import terminal
from elm_landslide.commands.exit import on_all_ranks, one_line_errors
from elm_landslide.errors import UserError
from elm_landslide.extras import need


def train_command(
    out: Annotated[Path, typer.Option(help="The model file to write.")],
    preset: Annotated[
        Literal["quick", "full"],
        typer.Option(help="Which training: quick takes minutes; full is that of the shipped model."),
    ] = "quick",
    ensemble: Annotated[
        Path | None, typer.Option(help="File of elm-landslide simulate: stage 1 learns from its hillslopes too.")
    ] = None,
    sites: Annotated[
        Path | None,
        typer.Option(help="Site table (see elm-landslide sites): stages 2 and 3 learn from its landslides."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file with changes to the preset; unknown keys are refused.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed; the preset's own by default.")] = None,
    control: Annotated[
        Literal["permuted-labels", "no-simulations", "no-sites"] | None,
        typer.Option(help="A training that must come out worse."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Train a model and write its file.

    Stage 1 fits the network to columns over all of ELM's states and, with --ensemble, to simulated hillslopes. Stage 2,
    with --sites, fits levels of its latents and the observation model to landslides, and stage 3 the hazard, which ELM
    writes; their scores are out of fold.

        elm-landslide train --preset quick --out landslide.pt --json > scores.json

    The shipped model; under mpirun -n 2 two ranks share every batch:

        elm-landslide sites convert GLAS --catalogue GLC.csv --out sites.csv
        mpirun -n 3 elm-landslide simulate --members 10000 --seed 1 --out ensemble.nc
        elm-landslide train --preset full \\
            --ensemble ensemble.nc --sites sites.csv --out landslide.pt

    After an interruption the same command resumes from OUT.checkpoint. Other settings:

        [network]
        epochs = 10
        [sites]
        members = 3
    """
    with one_line_errors():
        comm = ranks.world()

    def act():
        need("train", "simulate" if ensemble or sites else "torch")
        from elm_landslide.training import run
        from elm_landslide.training.config import DEFAULT_SEED, read_config

        settings = read_config(preset, config)
        incomplete = (ensemble is None and control != "no-simulations") or (sites is None and control != "no-sites")
        if preset == "full" and incomplete:
            raise UserError(
                "train: preset full learns from --ensemble and --sites: give both, or the --control that leaves one out"
            )
        if control == "permuted-labels" and sites is None:
            raise UserError("train: control permuted-labels permutes the labels of --sites: give it")
        first = DEFAULT_SEED if seed is None else seed
        with terminal.stages() if comm.rank == 0 else ranks.silent() as report:
            return run.train(settings, out, first, comm, report, preset, ensemble, sites, control or "")

    scores = on_all_ranks(comm, act)
    if comm.rank == 0:
        if as_json:
            print(json.dumps({"out": str(out), "metrics": scores}, indent=2))
            return
        for name, value in terminal.flat(scores):
            print(f"{name:<45}{value}")
        print(f"{'written':<45}{out}")

"""The command line of `elm-landslide run`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elm_landslide import extras, files, ranks
from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import on_all_ranks, one_line_errors
from elm_landslide.commands.interrupt import removing_on_interrupt
from elm_landslide.errors import UserError
from elm_landslide.fields import BASE_RATE

if TYPE_CHECKING:
    from elm_landslide.offline.driver import Summary


def run_command(
    history: options.History = None,
    constants: options.Constants = None,
    rain: options.Rain = None,
    surface: options.Surface = None,
    out: Annotated[Path, typer.Option(help="The netCDF file to write.")] = Path("landslide.nc"),
    sample: options.Sample = None,
    model: options.Model = None,
    engine: options.Engine = "tile",
    instruction_set: options.InstructionSet = "auto",
    override: options.Override = None,
    base_rate: options.BaseRate = BASE_RATE,
    static: options.Static = None,
    landuse: options.LandUse = None,
    disturbance: options.Disturbance = None,
    moisture_offset: options.MoistureOffset = None,
    rain_factor: options.RainFactor = None,
    scenario: options.Scenario = None,
    state: options.State = None,
    write_state: options.WriteState = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Step a model over ELM history files and write the landslide history file.

    Runs on one process, or on the ranks of mpirun with the columns split over them:

        mpirun -n 2 elm-landslide run --history case.elm.h1.*.nc \\
            --constants case.elm.h0.*.nc --surface surfdata.nc --out landslide.nc

    A part of a longer run takes the earlier rain from the files of the previous part:

        elm-landslide run --history h0.2002*.nc --rain h0.2001*.nc \\
            --constants h0.2001-01.nc --surface surfdata.nc --out 2002.nc

    What the history files do not hold is derived by rules that the output file lists. An ablation:

        elm-landslide run --sample steep \\
            --set root_strength_left=0 --out no_roots.nc

    Roots hold for years after the trees are gone, and come back over decades. With --landuse, --disturbance or --state
    the run remembers them, and writes LANDSLIDE_ROOTS. In parts it gives the bits of the whole:

        elm-landslide run ... --disturbance cuts.nc --write-state 2001.state.nc
        elm-landslide run ... --disturbance cuts.nc --state 2001.state.nc

    What if: a TOML file with, say, [[rain]] and factor = 1.2 in it, against the same run without:

        elm-landslide run --sample steep --scenario wetter.toml --out wetter.nc
    """
    with one_line_errors():
        comm = ranks.world()

    def act():
        from elm_landslide.offline.driver import run

        inputs = options.inputs(
            sample,
            history,
            constants,
            rain,
            surface,
            override,
            landuse=landuse,
            disturbance=disturbance,
            state=state,
            static=static,
            moisture_offset=moisture_offset,
            rain_factor=rain_factor,
            scenario=scenario,
        )
        perturb = None
        if scenario:
            extras.need("run --scenario", "simulate")
            if write_state:
                raise UserError(
                    f"--write-state {write_state}: a state does not hold the water of a scenario: run it whole"
                )
            from elm_landslide.scenario.perturbation import perturb as perturbation

            perturb = perturbation(inputs, terminal.columns if comm.rank == 0 else ranks.silent)
        with removing_on_interrupt(files.part_of(out), speak=comm.rank == 0):
            return run(
                inputs,
                out,
                model,
                engine,
                overwrite,
                progress=terminal.records,
                instruction_set=instruction_set,
                command=shlex.join(["elm-landslide", *sys.argv[1:]]),
                base_rate=base_rate,
                write_state=write_state,
                perturb=perturb,
            )

    summary = on_all_ranks(comm, act)
    if comm.rank == 0:
        print(summary.as_json()) if as_json else _print_summary(summary)


def _print_summary(summary: Summary) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("output", "smallest", "largest", header_style="")
    for name, limits in summary.ranges.items():
        table.add_row(name, *(("none valid", "") if limits is None else (f"{v:.4g}" for v in limits)))
    console.print(table)
    print(f"flags       {', '.join(f'{name} {n}' for name, n in summary.flags.items())}")
    if summary.outside:
        named = ", ".join(f"{name} {n}" for name, n in summary.outside.items())
        print(f"outside     {named} (column steps, by the input beyond the training)")
    print(f"columns     {summary.n_columns} x {summary.n_records} records on {summary.n_ranks} rank(s)")
    if summary.microseconds_per_column_step is not None:
        print(
            f"component   {summary.microseconds_per_column_step:.1f} microseconds per column and step "
            f"({summary.engine}, {summary.instruction_set})"
        )
    print(f"model       {summary.model}, sha256 {summary.model_sha256[:16]}...")
    if summary.overrides:
        print(f"overrides   {', '.join(f'{name}={value:g}' for name, value in summary.overrides.items())}")
    for i, line in enumerate(summary.derived):
        print(f"{'derived' if i == 0 else '':<12}{line.replace(': derived as ', ' = ')}")
    for line in summary.notes:
        print(f"note        {line}")
    if summary.absent:
        print(f"default     {', '.join(summary.absent)}")
    print(f"written     {summary.out}")

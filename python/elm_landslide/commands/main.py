"""The command line. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from elm_landslide import __version__
from elm_landslide.commands import e3sm, sites
from elm_landslide.commands import evaluate as evaluation
from elm_landslide.commands import inputs as arguments
from elm_landslide.commands import plugin as plugin_command
from elm_landslide.commands import simulate as simulator
from elm_landslide.commands import terminal as console
from elm_landslide.commands import train as training
from elm_landslide.commands.exit import Commands, clear_errors, on_all_ranks
from elm_landslide.errors import UserError
from elm_landslide.extras import need

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Landslide probability from the output of the E3SM Land Model (ELM).",
)
app.add_typer(e3sm.app, name="e3sm")
app.add_typer(sites.app, name="sites")
app.add_typer(plugin_command.app, name="plugin")


def _version(wanted: bool):
    if wanted:
        print(f"elm-landslide {__version__}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
):
    pass


# What run and profile share.
_History = Annotated[
    list[str] | None, typer.Option(help="ELM history files with the states (h1, or h0), or quoted patterns.")
]
_Constants = Annotated[
    list[str] | None, typer.Option(help="ELM history files with the soil constants and daily mean rain (h0).")
]
_Rain = Annotated[
    list[str] | None,
    typer.Option(help="Further history files with time means of RAIN, for the antecedent rain of 1, 3 and 7 days."),
]
_Surface = Annotated[Path | None, typer.Option(help="ELM surface dataset (fsurdat).")]
_Sample = Annotated[
    Literal["susquehanna", "steep"] | None, typer.Option(help="Take a sample of the package instead of files.")
]
_Model = Annotated[Path | None, typer.Option(help="Model file; the shipped one by default.")]
_Override = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Use one value for an input field everywhere; may be repeated."),
]
_Engine = Annotated[
    Literal["tile", "torchscript"],
    typer.Option(help="Engine that runs the network; torchscript needs torch and elm-landslide plugin build."),
]
_InstructionSet = Annotated[
    Literal["auto", "baseline", "avx2", "avx512"], typer.Option(help="Of the tile engine. The results are the same.")
]


@app.command("run", cls=arguments.ListOptions)
def run_command(
    history: _History = None,
    constants: _Constants = None,
    rain: _Rain = None,
    surface: _Surface = None,
    out: Annotated[Path, typer.Option(help="The netCDF file to write.")] = Path("landslide.nc"),
    sample: _Sample = None,
    model: _Model = None,
    engine: _Engine = "tile",
    instruction_set: _InstructionSet = "auto",
    override: _Override = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
):
    """Step a model over ELM history files and write the landslide history file.

    Runs on one process, or on the ranks of mpirun with the columns split over them:

        mpirun -n 2 elm-landslide run --history case.elm.h1.*.nc \\
            --constants case.elm.h0.*.nc --surface surfdata.nc --out landslide.nc

    A part of a longer run takes the rain before it from the files of the part before:

        elm-landslide run --history h0.2002*.nc --rain h0.2001*.nc \\
            --constants h0.2001-01.nc --surface surfdata.nc --out 2002.nc

    What the history files lack is derived by stated rules, which are listed in the output file. An ablation:

        elm-landslide run --sample steep \\
            --set root_strength_left=0 --out no_roots.nc
    """
    from elm_landslide.commands import interrupt
    from elm_landslide.offline import run as driver
    from elm_landslide.offline.output import temporary

    with clear_errors():
        comm = driver.world()

    def act():
        states, soil, more_rain, static = arguments.inputs(sample, history, constants, rain, surface)
        with interrupt.leaves_nothing(temporary(out), speak=comm.rank == 0):
            return driver.run(
                states,
                static,
                out,
                soil,
                model,
                engine,
                overwrite,
                arguments.overrides(override or []),
                more_rain,
                progress=console.records,
                instruction_set=instruction_set,
                command=shlex.join(["elm-landslide", *sys.argv[1:]]),
            )

    summary = on_all_ranks(comm, act)
    if comm.rank == 0:
        print(summary.as_json()) if as_json else console.print_summary(summary)


app.command("simulate", cls=arguments.ListOptions)(simulator.simulate)


@app.command("plot")
def plot_command(
    files: Annotated[list[Path], typer.Argument(help="Files of run, of ELM (CASE.elm.h0.*.nc), or of simulate.")],
    inputs: Annotated[
        list[Path] | None,
        typer.Option(help="Folder with the run's input files, for rain and water table; the sample's is known."),
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--label", help="Label of each series of files in turn; by default its name.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the figures.")] = Path("."),
):
    """Draw time series, maps and flags of landslide history files, offline ones or of ELM itself.

    Of a file of elm-landslide simulate: a hillslope as it fails, how it came to that, and the sizes of all landslides.

    For what one probability rests on, see elm-landslide profile.

        elm-landslide plot out/landslide.nc out/steep.nc \\
            --label "Susquehanna" --label "steep, wet site" --out out
    """
    with clear_errors():
        need("plot", "plot")
        from elm_landslide import plots

        for path in plots.draw(files, out, labels or [], inputs or []):
            print(path)


@app.command("profile", cls=arguments.ListOptions)
def profile_command(
    history: _History = None,
    constants: _Constants = None,
    rain: _Rain = None,
    surface: _Surface = None,
    out: Annotated[Path, typer.Option(help="The figure to write; its ending tells the format.")] = Path("profile.png"),
    sample: _Sample = None,
    model: _Model = None,
    override: _Override = None,
    cell: Annotated[
        str | None, typer.Option(metavar="INDEX|LAT,LON", help="The column: its place in the files, or the nearest.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="The record nearest to a date; by default that of the highest probability.")
    ] = None,
    landslide: Annotated[
        Path | None, typer.Option(help="File that run made of this input: gives the cell and time at highest risk.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="Name of the site for the title.")] = None,
):
    """Draw what one probability rests on: the factor of safety of one column at one time, by slope and depth.

    Beside it stands what holds the soil and what drives it, with depth, at the 90th percentile of slope.

        elm-landslide profile --sample steep --time 2001-12-01 --out profile.png

        elm-landslide profile --history case.elm.h1.*.nc --constants case.elm.h0.*.nc \\
            --surface surfdata.nc --cell 41.25,-76.75
    """
    with clear_errors():
        need("profile", "plot", "torch")
        from elm_landslide.plots import profile_input as case

        history, constants, rain, surface = arguments.inputs(sample, history, constants, rain, surface)
        changes = arguments.overrides(override or [])
        name = label or sample or ""
        case.draw(history, surface, out, constants, model, changes, rain, cell, time, landslide, name, tell=console.say)
        print(out)


@app.command("inspect")
def inspect_command(
    model: Annotated[Path | None, typer.Argument(help="Model file; the shipped one by default.")] = None,
    engine: _Engine = "tile",
    weights: Annotated[bool, typer.Option("--weights", help="Show its tensors too; needs torch.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    """Say what a model file holds: schema, provenance, golden rows, checksum.

    The file is opened as for a run: what an engine would refuse is refused here, for the same reason.

        elm-landslide inspect landslide.pt --json
    """
    with clear_errors():
        from elm_landslide.model import file as model_file

        model = model or model_file.SHIPPED
        found = model_file.describe(model, engine)
        if weights:
            need("inspect --weights", "torch")
            from elm_landslide.model.export import weights_of

            found["weights"] = weights_of(model)
        if as_json:
            print(json.dumps(found, indent=2))
        else:
            console.print_description(found)


@app.command("replay")
def replay_command(
    files: Annotated[list[Path], typer.Argument(help="landslide_record*.bin of a run's directory.")],
    model: _Model = None,
    engine: _Engine = "tile",
    instruction_set: _InstructionSet = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    """Run columns that ELM recorded through the offline component and compare the results bit for bit.

    ELM records them where landslide_in says landslide_record = .true. (short runs only). Exit status 1 where a
    result differs.

        elm-landslide replay RUNDIR/landslide_record*.bin --model RUNDIR/landslide.pt
    """
    with clear_errors():
        from dataclasses import asdict

        from elm_landslide.runtime import replay as record

        found = record.replay(files, model, engine, instruction_set, progress=console.records)
        if as_json:
            print(json.dumps(asdict(found), indent=2))
        else:
            console.print_replay(found)
        if any(found.different.values()):
            raise typer.Exit(1)


@app.command("bench")
def bench_command(
    out: Annotated[Path, typer.Option(help="The JSON file to write.")] = Path("bench.json"),
    model: _Model = None,
    instruction_set: _InstructionSet = "auto",
    quick: Annotated[bool, typer.Option("--quick", help="A few calls only: to see that it works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what is written instead of the table.")] = False,
):
    """Measure speed and memory of the engines and of the simulator, and set the aims beside them.

    Compiles the bridge with the flags of E3SM by the compiler at hand (CXX, else c++). The engines take turns, call by
    call, so that both meet the same machine; it should have nothing else to do.

        elm-landslide bench --out bench.json
    """
    with clear_errors():
        need("bench", "simulate")
        from elm_landslide.bench import run as bench

        if not out.absolute().parent.is_dir():
            raise UserError(f"{out}: its folder does not exist; make it first")
        found = bench.run(model, instruction_set, quick, progress=console.say)
        bench.write(found, out)
        print(json.dumps(found, indent=1)) if as_json else console.print_bench(found, out)


app.command("train")(training.train)
app.command("evaluate")(evaluation.evaluate)


def main() -> None:
    app()


if __name__ == "__main__":
    main()

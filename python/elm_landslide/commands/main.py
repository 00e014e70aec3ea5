"""The command line. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

from typing import Annotated

import typer

from elm_landslide import __version__
from elm_landslide.commands import e3sm, options, plugin, sites
from elm_landslide.commands.assimilate import assimilate_command
from elm_landslide.commands.bench import bench_command
from elm_landslide.commands.compare import compare_command
from elm_landslide.commands.convergence import convergence_command
from elm_landslide.commands.evaluate import evaluate_command
from elm_landslide.commands.exit import Commands
from elm_landslide.commands.inspect import inspect_command
from elm_landslide.commands.plot import plot_command
from elm_landslide.commands.posterior import posterior_command
from elm_landslide.commands.profile import profile_command
from elm_landslide.commands.recovery import recovery_command
from elm_landslide.commands.replay import replay_command
from elm_landslide.commands.run import run_command
from elm_landslide.commands.signs import signs_command
from elm_landslide.commands.simulate import simulate_command
from elm_landslide.commands.static import static_command
from elm_landslide.commands.train import train_command

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Landslide probability from the output of the E3SM Land Model (ELM).",
)
app.add_typer(e3sm.app, name="e3sm")
app.add_typer(sites.app, name="sites")
app.add_typer(plugin.app, name="plugin")
app.command("run", cls=options.ListOptions)(run_command)
app.command("assimilate", cls=options.ListOptions)(assimilate_command)
app.command("simulate", cls=options.ListOptions)(simulate_command)
app.command("static")(static_command)
app.command("compare")(compare_command)
app.command("plot")(plot_command)
app.command("profile", cls=options.ListOptions)(profile_command)
app.command("recovery", cls=options.ListOptions)(recovery_command)
app.command("inspect")(inspect_command)
app.command("replay")(replay_command)
app.command("bench")(bench_command)
app.command("train")(train_command)
app.command("evaluate")(evaluate_command)
app.command("posterior")(posterior_command)
app.command("convergence")(convergence_command)
app.command("signs")(signs_command)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"elm-landslide {__version__}")
        raise typer.Exit()


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    app()


if __name__ == "__main__":
    main()

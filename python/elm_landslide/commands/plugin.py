"""The command line of `elm-landslide plugin`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elm_landslide.commands.exit import one_line_errors

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="The torchscript engine: a plug-in for the installed torch.",
)


@app.command("build")
def build_command(
    out: Annotated[
        Path | None, typer.Option(help="The file to write; by default where --engine torchscript finds it.")
    ] = None,
) -> None:
    """Compile the plug-in against the torch of this Python, any build of it (CPU, CUDA, ROCm), and print its path.

    Needs a C++20 compiler: CXX, else c++ or g++. Run it again after installing another torch.

        pip install 'elm-landslide[torch]' && elm-landslide plugin build
    """
    with one_line_errors():
        from elm_landslide.runtime import plugin

        print(plugin.build(out))


@app.command("path")
def path_command() -> None:
    """Print the path of the plug-in for the torch of this Python; exit status 2 if it is not built.

    ELM takes it as landslide_plugin in user_nl_landslide, another host in the setting plugin=PATH.
    """
    with one_line_errors():
        from elm_landslide.runtime import plugin

        print(plugin.path())

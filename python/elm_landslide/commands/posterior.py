"""The command line of `elm-landslide posterior`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from elm_landslide import files
from elm_landslide.commands import terminal
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.extras import need


def posterior_command(
    site_file: Annotated[Path, typer.Option("--sites", help="Site table (see elm-landslide sites).")],
    trigger: Annotated[Literal["rain", "all"], typer.Option(help="Landslides that count.")] = "rain",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the batches and of the groups of blocks.")] = 1,
    out: Annotated[Path | None, typer.Option(help="JSON file to write, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what reported landslides make of the textbook priors of strength and water.

    The most probable values are the constants of an untrained network and the priors of the simulator: change them
    there, simulate and train anew. About ten minutes.

        elm-landslide posterior --sites sites.csv --out posterior.json
    """
    with one_line_errors():
        need("posterior", "simulate")
        from elm_landslide.observation import designs
        from elm_landslide.sites import site_table
        from elm_landslide.training.config import SiteSettings
        from elm_landslide.training.fitting import one_thread
        from elm_landslide.training.posterior import posterior
        from elm_landslide.training.run import check_rows

        sites = site_table.read(site_file)
        sites = sites.select(designs.rows_of_trigger(sites, trigger))
        check_rows(sites, site_file)
        with terminal.progress("row", sites.n) as advance:
            table = designs.site_rows(sites, advance=advance)
        with terminal.stages() as report, one_thread():
            found = posterior(table, SiteSettings(), seed, report)
        if out is not None:
            with files.whole(out) as part:
                part.write_text(json.dumps(found, indent=1) + "\n")
        print(json.dumps(found, indent=1)) if as_json else _print(found)


def _print(found: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("level", "unit", "prior: median (5 to 95 %)", "most probable (standard error)", header_style="")
    for of in found.values():
        median, low, high = of["prior"]
        value, sd = of["posterior"]
        table.add_row(of["long_name"], of["unit"], f"{median:.3g} ({low:.3g} to {high:.3g})", f"{value:.3g} ({sd:.2g})")
    (Console() if Console().is_terminal else Console(width=140)).print(table)

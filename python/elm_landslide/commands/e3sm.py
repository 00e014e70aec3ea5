"""The command line of `elm-landslide e3sm`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from elm_landslide import __version__
from elm_landslide.commands.exit import one_line_errors
from elm_landslide.e3sm import manifest, namelists, plan, transaction
from elm_landslide.e3sm.case import Case

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Put ELM-Landslide into a case of E3SM, see whether it is in place, take it out.",
)

_Caseroot = Annotated[Path, typer.Option(help="The case directory.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would change, as a diff, and write nothing.")]
_Force = Annotated[bool, typer.Option("--force", help="Discard edits to files that enable wrote.")]


def _carry_out(edits: plan.Plan, dry_run: bool, message: str) -> None:
    if dry_run:
        print(transaction.diff(edits), end="")
    else:
        transaction.make(edits)
        for line in _summary(edits):
            print(line)
    for name, _, new in edits.variables if not dry_run else []:
        print(f"set      {name} = {new}")
    for note in edits.notes:
        print(f"note     {note}", file=sys.stderr)
    if not edits.changes and not edits.variables:
        print("nothing to change")
    elif not dry_run:
        print(message)


def _summary(edits: plan.Plan) -> list[str]:
    """A line for each file, or for the sources together."""
    names: dict[tuple[str, str], list[str]] = {}
    for change in edits.changes:
        verb = "removed" if change.new is None else "written" if change.old is None else "changed"
        names.setdefault((verb, change.item), []).append(edits.case.name(change.path))
    return [
        f"{verb:<9}{group[0] if len(group) == 1 else f'{len(group)} files: {item}'}"
        for (verb, item), group in names.items()
    ]


@app.command("enable")
def enable_command(
    caseroot: _Caseroot,
    model: Annotated[
        Path | None, typer.Option(help="Model file; the one in the case, else the shipped one, by default.")
    ] = None,
    dry_run: _DryRun = False,
    force: _Force = False,
) -> None:
    """Put the component, its hooks, its settings and a history tape into a case.

    Run it before ./case.build, and again after an update of ELM-Landslide or of the checkout. Nothing outside the case
    changes.

        elm-landslide e3sm enable --caseroot CASE --dry-run
    """
    with one_line_errors():
        edits = plan.enable(Case(caseroot), model, force)
        _carry_out(edits, dry_run, "ELM-Landslide is in the case: settings in user_nl_landslide; next ./case.build")


@app.command("disable")
def disable_command(caseroot: _Caseroot, dry_run: _DryRun = False, force: _Force = False) -> None:
    """Take out everything that enable put in; the case is then as it was, with your edits since. Example:

    elm-landslide e3sm disable --caseroot CASE
    """
    with one_line_errors():
        _carry_out(plan.disable(Case(caseroot), force), dry_run, "ELM-Landslide is out of the case; next ./case.build")


@app.command("scenario")
def scenario_command(
    caseroot: _Caseroot,
    scenario: Annotated[
        Path | None, typer.Option(help="TOML file; landslide_scenario.toml of the case by default.")
    ] = None,
    surface: Annotated[
        Path | None, typer.Option(help="Surface dataset of the run; fsurdat of CaseDocs/lnd_in by default.")
    ] = None,
) -> None:
    """Put the disturbances of a scenario into a case: trees cut, burned or uprooted, by region and day.

    The file is the one of `elm-landslide run --scenario`; here it may have [[disturbance]] only. It writes
    landslide_disturbance.nc on the cells of the surface dataset, and names it in user_nl_landslide.

        cd CASE && ./case.setup && ./preview_namelists
        elm-landslide e3sm scenario --caseroot .
    """
    with one_line_errors():
        from elm_landslide.e3sm import disturbances

        for line in disturbances.put_into(Case(caseroot), scenario, surface):
            print(line)


@app.command("check")
def check_command(caseroot: _Caseroot) -> None:
    """Say whether each part is in place, stale or missing. Exit status 1 unless all are in place. Example:

    elm-landslide e3sm check --caseroot CASE
    """
    with one_line_errors():
        case = Case(caseroot)
        states = state(case)
        for item, text in states.items():
            print(f"{item:<22}{text}")
        if any(text != "in place" for text in states.values()):
            print("not everything is in place: run elm-landslide e3sm enable", file=sys.stderr)
            raise typer.Exit(1)


def state(case: Case) -> dict[str, str]:
    """State of each part: what enable would do to it now."""
    target = plan.enable(case, force=True)
    old = manifest.read(case.sourcemods)
    states = dict.fromkeys((item for item in target.items if item != "manifest"), "in place")
    for change in target.changes:
        if change.item == "manifest":
            continue
        if change.old is None:
            text = "missing"
        elif old is not None and old.version != __version__:
            text = f"stale: written by ELM-Landslide {old.version}, this is {__version__}"
        elif change.like is not None:
            text = "stale: the checkout's file or the hooks have changed"
        else:
            text = f"stale: {change.path.name} differs"
        states[change.item] = text if states[change.item] == "in place" else states[change.item]
    for name, value, _ in target.variables:
        if name == "PRERUN_SCRIPT":
            states[name] = f"missing: it is '{value}'"
    for path in sorted(case.root.glob("user_nl_elm*")):
        text = path.read_text(errors="replace")
        tape = namelists.tape_of(text)
        if tape and namelists.without_comments(text).lower().count(f"hist_fincl{tape}") > 1:
            states[path.name] = f"stale: hist_fincl{tape} is set again below and replaces the tape"
    return states

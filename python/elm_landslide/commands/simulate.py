"""The command line of `elm-landslide simulate`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elm_landslide import files, ranks
from elm_landslide.commands import options, terminal
from elm_landslide.commands.exit import on_all_ranks, one_line_errors
from elm_landslide.errors import UserError
from elm_landslide.extras import need

if TYPE_CHECKING:
    from elm_landslide.simulator.ensemble import Ensemble
    from elm_landslide.simulator.validation.check import Check


def simulate_command(
    out: Annotated[Path, typer.Option(help="The netCDF file to write.")] = Path("ensemble.nc"),
    members: Annotated[int, typer.Option(help="Hillslope storms to simulate.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the design and of all that is random.")] = 1,
    rows: Annotated[int, typer.Option(help="Cells down the hillslope.")] = 32,
    columns: Annotated[int, typer.Option(help="Cells across it.")] = 32,
    cell_size: Annotated[
        float | None, typer.Option(help="Side of a cell (m); 5 by default, with --dem the grid's.", show_default=False)
    ] = None,
    hours: Annotated[int, typer.Option(help="Length of the event; a drawn storm starts 12 hours into it.")] = 72,
    substeps: Annotated[int, typer.Option(help="Steps of the hillslope in an hour.")] = 1,
    weather: Annotated[
        Path | None,
        typer.Option(help="Site table with real days (precipN ... precip0, tempN ... temp0) in place of drawn storms."),
    ] = None,
    dem: Annotated[
        Path | None, typer.Option(help="ESRI ASCII grid whose tiles are the terrain, in place of drawn hillslopes.")
    ] = None,
    dem_size: Annotated[
        float | None, typer.Option(help="Side of the grid's cells (m), where it is in degrees.")
    ] = None,
    alike: Annotated[
        int,
        typer.Option(help="Members in groups of this many look alike to ELM: same weather, soil, cover, mean slope."),
    ] = 1,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PARAMETER=VALUE",
            help="Use one value of a drawn parameter for all members; may be repeated.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output file.")] = False,
    validate: Annotated[
        bool, typer.Option("--validate", help="Check the simulator instead; exit status 0 only if all checks hold.")
    ] = False,
    draws: Annotated[int, typer.Option(help="With --validate: draws of the priors.")] = 400,
    history: Annotated[
        list[str] | None, typer.Option(help="With --validate: daily means of ELM (h0) to compare with.")
    ] = None,
    surface: Annotated[Path | None, typer.Option(help="With --validate: the surface dataset of that run.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Simulate storms on hillslopes, from rain to rupture, and the ELM-like column above each.

    The file lists what is drawn, and from which distribution (parameter_*).

    After an interruption the same command resumes. With several ranks the first hands out the work:

        mpirun -n 3 elm-landslide simulate --members 20000 --out ensemble.nc

    Real weather, real terrain, one cover (0 is trees):

        elm-landslide simulate --weather landslides.csv --dem srtm.asc --dem-size 90 --set cover=0

    The checks against theory, TRIGRS and, if its files are given, the genuine ELM:

        mpirun -n 3 elm-landslide simulate --validate \\
            --history case.elm.h0.*.nc --surface surfdata.nc

    Figures: elm-landslide plot ensemble.nc
    """
    with one_line_errors():
        comm = ranks.world()

    def act():
        need("simulate", "simulate")
        if validate:
            history_files = [Path(p) for p in options.expand(history or [])]
            return _validate(comm, draws, history_files, surface, as_json)
        return _simulate(
            comm,
            out,
            overwrite,
            as_json,
            members=members,
            seed=seed,
            fixed=tuple(sorted(options.overrides(override or []).items())),
            weather=str(weather or ""),
            dem=str(dem or ""),
            dem_size=dem_size,
            cell_size=cell_size,
            alike=alike,
            settings=dict(rows=rows, columns=columns, hours=hours, substeps=substeps),
        )

    if not on_all_ranks(comm, act):
        raise typer.Exit(1)


def _simulate(
    comm: ranks.Communicator,
    out: Path,
    overwrite: bool,
    as_json: bool,
    cell_size: float | None,
    settings: dict,
    **choices: Any,
) -> bool:
    from elm_landslide.simulator import ensemble, ensemble_file, member

    if choices["dem"]:
        if cell_size is not None:
            raise UserError("simulate: --cell-size: the grid of --dem has its own; for one in degrees give --dem-size")
        cell_size = ensemble.open_grid(choices["dem"], choices["dem_size"]).size
    if cell_size is not None:
        settings["size"] = cell_size
    spec = ensemble.Ensemble(settings=member.Settings(**settings), **choices)
    firsts = ranks.together(comm, _prepare, comm, spec, out, overwrite)
    with ensemble.workers(comm) as run_map:
        if run_map is None:
            return True
        start = time.perf_counter()
        try:
            with terminal.progress("member", spec.members) as advance:
                ensemble.run(spec, out, run_map, firsts, advance)
        except KeyboardInterrupt:
            terminal.say("finished members are kept: the same command resumes from there")
            raise
        seconds = time.perf_counter() - start
    counts = ensemble_file.write(spec, out, "elm-landslide simulate")
    ensemble.forget(out)
    size = spec.settings
    counts["cell_hours"] = size.rows * size.columns * size.hours
    members = sum(min(ensemble.PARCEL, spec.members - first) for first in firsts)
    counts["seconds_per_member"] = seconds * max(comm.size - 1, 1) / members if members else None
    print(json.dumps({"out": str(out), **counts}, indent=2)) if as_json else _print_ensemble(counts, out)
    return True


def _prepare(comm: ranks.Communicator, spec: Ensemble, out: Path, overwrite: bool) -> list[int]:
    from elm_landslide.simulator import ensemble

    if comm.rank:
        return []
    files.check_out(out, overwrite, [p for p in (spec.weather, spec.dem) if p])
    return ensemble.prepare(spec, out)


def _validate(comm: ranks.Communicator, draws: int, history: list[Path], surface: Path | None, as_json: bool) -> bool:
    from elm_landslide.simulator import ensemble, validation

    if draws < 1:
        raise UserError(f"simulate: draws: {draws}; must be at least 1")
    if bool(history) != bool(surface):
        raise UserError("simulate: --history and --surface go together: give both, or neither")
    with ensemble.workers(comm) as run_map:
        if run_map is None:
            return True
        with terminal.progress("draw", draws) as advance:
            checks = []
            for check in validation.run(run_map, draws, history, surface, advance):
                checks.append(check)
                if not as_json:
                    _print_check(check)
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    return all(check.holds is not False for check in checks)


def _print_ensemble(counts: dict, out: Path) -> None:
    """What simulator.ensemble_file.write counted."""
    print(f"members     {counts['members']}, {counts['with_landslides']} with landslides, {counts['failed']} unsolved")
    print(f"landslides  {counts['landslides']}")
    print(f"balance     water closes within {counts['balance']:.1e} of the input")
    if counts["seconds_per_member"]:
        print(
            f"time        {counts['seconds_per_member']:.3f} s per member on each working rank, "
            f"{1e6 * counts['seconds_per_member'] / counts['cell_hours']:.2f} us per cell and hour"
        )
    print(f"written     {out}")


def _print_check(check: Check) -> None:
    state = {True: "holds", False: "FAILS", None: "not run"}[check.holds]
    print(f"{state:<8}{check.name}: {check.figure}; wanted: {check.wanted}", flush=True)

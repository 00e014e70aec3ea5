"""Ensembles of hillslope storms over MPI ranks, in one netCDF file; finished members survive a kill.

Members are run in parcels. A finished parcel is one file in a folder beside the output, `.NAME.parts`, written under
another name first; a restarted run uses the parcels that exist. At the end they are joined, in order,
so the file does not depend on ranks or on interruptions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from elm_landslide import __version__, files
from elm_landslide.errors import UserError, with_unit
from elm_landslide.simulator import member, weather
from elm_landslide.simulator.dem import Grid, read_grid
from elm_landslide.simulator.prior import LIMITS, PRIORS, design, limits
from elm_landslide.simulator.scene import scene as draw_scene
from elm_landslide.simulator.terrain import Terrain, check_slopes, tile

PARCEL = 20  # members
EVENTS = ("event_time", "event_area", "event_volume", "event_depth", "event_initial")


@dataclass(frozen=True)
class Ensemble:
    """members, seed; settings of each member; weather: a site table whose real days replace drawn storms; dem: an ESRI
    ASCII grid that gives the terrain, tile by tile; dem_size: side of its cells (m), if it is in degrees; fixed:
    parameters that have one value in all members; alike: members in groups of this many look alike to ELM: same
    weather, soil and cover, and the same slope but for its random relief, but not the same wetness of it."""

    members: int
    seed: int = 1
    settings: member.Settings = field(default_factory=member.Settings)
    weather: str = ""
    dem: str = ""
    dem_size: float | None = None
    fixed: tuple[tuple[str, float], ...] = ()
    alike: int = 1

    def __post_init__(self):
        if self.members < 1:
            raise UserError(f"simulate: members: {self.members}; must be at least 1")
        if not 1 <= self.alike <= self.members:
            raise UserError(f"simulate: alike: {self.alike}; must be from 1 to the {self.members} members")
        if self.members % self.alike:
            raise UserError(f"simulate: alike: {self.alike}; must divide the {self.members} members into whole groups")
        if self.alike > 1 and self.dem:
            raise UserError("simulate: alike: tiles of a DEM are not alike: leave out one or the other")
        for name, value in self.fixed:
            if name not in PRIORS:
                raise UserError(f"simulate: {name}: no such parameter; the parameters are {', '.join(PRIORS)}")
            low, high = limits(name)
            if not (low <= value <= high and np.isfinite(value)):
                text, what = with_unit(f"{value:g}", PRIORS[name].unit), PRIORS[name].long_name
                raise UserError(f"simulate: {name}: {text} ({what}); must be from {low:g} to {high:g}")

    def design(self) -> np.ndarray:
        """Parameters [member, len(PRIORS)]."""
        return design(self.members, self.seed, dict(self.fixed), self.alike)

    def identity(self) -> dict:
        """What the numbers of a member depend on, inputs by their content."""
        inputs = {n: files.digest(getattr(self, n)) for n in ("weather", "dem") if getattr(self, n)}
        priors = {name: [*asdict(prior).values()][:3] for name, prior in PRIORS.items()}
        return {
            "version": __version__,
            "seed": self.seed,
            "settings": asdict(self.settings),
            "inputs": inputs,
            "dem_size": self.dem_size,
            "fixed": dict(self.fixed),
            "alike": self.alike,
            "priors": priors,
            "limits": {name: list(limits) for name, limits in LIMITS.items()},
        }


def open_grid(path: str, size: float | None) -> Grid:
    """The grid of a file, whose errors become a UserError that names the file."""
    try:
        grid = read_grid(path, size)
        check_slopes(grid)
    except ValueError as error:
        message = str(error)
        raise UserError(message if message.startswith(path) else f"{path}: {message}") from None
    return grid


class Runner:
    """Runs members of an ensemble; made once on every rank, because it reads the inputs."""

    def __init__(self, ensemble: Ensemble):
        import torch

        torch.set_num_threads(1)  # ranks share the cores
        self.ensemble = ensemble
        self._design = ensemble.design()
        self._weather = weather.daily_sequences(ensemble.weather) if ensemble.weather else None
        self._dem = open_grid(ensemble.dem, ensemble.dem_size) if ensemble.dem else None

    def parameters(self, i: int) -> dict[str, float]:
        return dict(zip(PRIORS, self._design[i].tolist(), strict=True))

    def scene(self, i: int, parameters: dict[str, float] | None = None, **changes) -> member.Scene:
        """The scene of member i; parameters and changes replace its own, its random numbers stay."""
        first = i // self.ensemble.alike * self.ensemble.alike
        rng = np.random.default_rng([self.ensemble.seed, first, 0])
        days = None
        if self._weather is not None:
            site = int(rng.integers(len(self._weather[0])))
            days = self._weather[0][site], self._weather[1][site]
        land = self._land(self._dem, rng) if self._dem is not None else None
        seeds = [self.ensemble.seed, first, 1], [self.ensemble.seed, i, 1]
        return draw_scene(parameters or self.parameters(i), seeds, self.ensemble.settings, days, land, **changes)

    def _land(self, grid: Grid, rng: np.random.Generator) -> Terrain:
        settings = self.ensemble.settings
        try:
            return tile(grid, settings.rows, settings.columns, rng)
        except ValueError as error:
            raise UserError(f"{self.ensemble.dem}: {error}") from None

    def run(self, i: int, **changes) -> dict[str, np.ndarray]:
        """Member i as member.run gives it, with `failed` 1 if its equations cannot be solved (then without a state)."""
        scene = self.scene(i, **changes)
        try:
            return {**member.run(scene, self.ensemble.settings), "failed": np.array(0.0)}
        except ArithmeticError:
            return {"failed": np.array(1.0)}

    def parcel(self, first: int) -> dict[str, np.ndarray]:
        """PARCEL members from `first` on, stacked; events follow each other, `event_count` [member] says how many."""
        members = range(first, min(first + PARCEL, self.ensemble.members))
        runs = [self.run(i) for i in members]
        whole = next((r for r in runs if not r["failed"]), None)
        if whole is None:
            return {"failed": np.ones(len(runs))}
        out = {"failed": np.array([r["failed"] for r in runs])}
        for name in whole.keys() - set(EVENTS) - {"failed"}:
            nothing = np.full(whole[name].shape, np.nan)
            out[name] = np.stack([r.get(name, nothing) for r in runs])
        for name in EVENTS:
            out[name] = np.concatenate([r.get(name, np.zeros(0)) for r in runs])
        out["event_count"] = np.array([len(r.get(EVENTS[0], ())) for r in runs])
        return out


_runner: Runner | None = None


def _work(ensemble: Ensemble, first: int) -> dict[str, np.ndarray]:
    """A parcel, on a rank that keeps its Runner for the next."""
    global _runner
    if _runner is None or _runner.ensemble != ensemble:
        _runner = Runner(ensemble)
    return _runner.parcel(first)


@contextmanager
def workers(comm: Any) -> Iterator[Callable | None]:
    """On rank 0 a `map(function, *iterables)` that hands out work to the other ranks and gives results in order; with
    one rank, Python's own map. On the other ranks None, once the work is done."""
    if comm.size == 1:
        yield map
        return
    from mpi4py.futures import MPICommExecutor

    pool: Any  # not of the class that mpi4py's stub says
    with MPICommExecutor(comm, root=0) as pool:
        yield None if pool is None else pool.map


def parts_folder(out: Path) -> Path:
    return out.with_name(f".{out.name}.parts")


def prepare(ensemble: Ensemble, out: Path) -> list[int]:
    """First members of the parcels still to do; makes the folder of the parts. Raises UserError if it holds those of
    another ensemble, and for inputs that cannot be used."""
    Runner(ensemble).scene(0)
    folder, identity = parts_folder(out), json.dumps(ensemble.identity(), indent=1)
    try:
        folder.mkdir(exist_ok=True)
        identity_file = folder / "ensemble.json"
        if identity_file.exists() and identity_file.read_text() != identity:
            raise UserError(
                f"{folder}: holds parts of an ensemble with other settings, inputs or version; remove it to start "
                "again, or give another --out"
            )
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror})") from None
    with files.whole(identity_file) as part:
        part.write_text(identity)
    return [first for first in range(0, ensemble.members, PARCEL) if not _parcel_file(folder, ensemble, first).exists()]


def _parcel_file(folder: Path, ensemble: Ensemble, first: int) -> Path:
    # The last parcel may be short: with more members it is a different one.
    return folder / f"{first:08d}-{min(first + PARCEL, ensemble.members):08d}.npz"


def run(ensemble: Ensemble, out: Path, run_map: Callable, firsts: list[int], advance: Callable[[int], None]) -> None:
    """Run the parcels that begin with the members `firsts`, and keep each; rank 0 only. advance(n): n more are done."""
    folder = parts_folder(out)
    advance(sum(min(PARCEL, ensemble.members - f) for f in range(0, ensemble.members, PARCEL) if f not in set(firsts)))
    # Results come in order: a slow parcel delays the writing of later ones, but not their running.
    for first, results in zip(firsts, run_map(_work, [ensemble] * len(firsts), firsts), strict=True):
        path = _parcel_file(folder, ensemble, first)
        try:
            with files.whole(path) as part, part.open("wb") as file:
                np.savez(file, **results)
        except UserError as error:
            raise UserError(f"{error}; finished members are kept") from None
        advance(min(PARCEL, ensemble.members - first))


def parcels(ensemble: Ensemble, out: Path) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
    """Finished parcels in order, with the members they hold."""
    for first in range(0, ensemble.members, PARCEL):
        path = _parcel_file(parts_folder(out), ensemble, first)
        try:
            with np.load(path) as results:
                yield slice(first, first + len(results["failed"])), dict(results)
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{path}: cannot be read ({error}); remove it and run again") from None


def forget(out: Path) -> None:
    """Remove the parts."""
    shutil.rmtree(parts_folder(out))

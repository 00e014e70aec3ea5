"""Figures of landslide history files, of what one column rests on, and of simulated hillslopes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from elm_landslide.errors import UserError
from elm_landslide.extras import need
from elm_landslide.offline import netcdf
from elm_landslide.offline.samples import sample_folder
from elm_landslide.plots.flags import differs_outside, draw_flags, draw_outside
from elm_landslide.plots.grouping import series_of
from elm_landslide.plots.maps import draw_cells
from elm_landslide.plots.run_output import read
from elm_landslide.plots.series import draw_series, panels_of


def _is_simulated(path: Path) -> bool:
    with netcdf.open_dataset(path) as file:
        return "event_area" in file.variables


def draw(
    files: Iterable[Path | str],
    out: Path | str,
    labels: Sequence[str] = (),
    inputs: Sequence[Path | str] = (),
) -> list[Path]:
    """Draw landslide history files, or those of elm-landslide simulate; returns the figures written into `out`.

    Files that follow each other in time are one series (grouping.py). labels: one for each series in turn, by default
    its name. inputs: folders with the runs' input files, from which rain and water table are drawn; the package's
    samples are searched too.
    """
    paths, out = [Path(f) for f in files], Path(out)
    if any(simulated := [_is_simulated(f) for f in paths]):
        _check_names([f.stem for f in paths])
        if not all(simulated) or labels or inputs:
            raise UserError("files of simulate are drawn alone: without other files, --label and --inputs")
        need("plot of simulated hillslopes", "plot", "simulate")
        from elm_landslide.plots.ensemble import draw_ensemble  # compiles, which takes seconds

        out.mkdir(parents=True, exist_ok=True)
        return [figure for f in paths for figure in draw_ensemble(f, out)]
    groups = series_of(paths)
    names = [one.name for one in groups]
    _check_names(names)
    if len(labels) > len(groups):
        raise UserError(f"{len(labels)} labels for {len(groups)} series of files: {', '.join(names)}")
    folders = [*map(Path, inputs), sample_folder()]
    labels = [*labels, *names[len(labels) :]]
    runs = [read(one.files, label, folders) for one, label in zip(groups, labels, strict=True)]
    panels = panels_of(runs)
    for first, *others in panels:
        for run in others:
            run.show(first.cell, folders)
    out.mkdir(parents=True, exist_ok=True)
    figures = [draw_series(panels, out / "timeseries.png")]
    for name, run in zip(names, runs, strict=True):
        if run.n_cells > 1:
            figures.append(draw_cells(run, out / f"{name}_cells.png"))
        figures.append(draw_flags(run, out / f"{name}_flags.png"))
        if run.n_cells > 1 and differs_outside(run):
            figures.append(draw_outside(run, out / f"{name}_outside.png"))
    return figures


def _check_names(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise UserError("two of the files have the same name, and so would their figures: rename one")

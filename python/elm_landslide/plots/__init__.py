"""Figures of landslide history files, of what one column rests on, and of simulated hillslopes."""

from __future__ import annotations

from pathlib import Path

from elm_landslide.data import netcdf
from elm_landslide.data.cut_sample import sample_folder
from elm_landslide.errors import UserError
from elm_landslide.extras import need

from .flags import draw_flags
from .maps import draw_cells
from .run import read
from .series import draw_series


def _is_simulated(path: Path) -> bool:
    with netcdf.open_dataset(path) as file:
        return "event_area" in file.variables


def draw(files, out, labels=(), inputs=()) -> list[Path]:
    """Draw landslide history files, or those of elm-landslide simulate; returns the figures written into `out`.

    labels: one for each file in turn, its name where there is none. inputs: folders where the runs' input files lie,
    from which rain and water table are drawn; the package's sample is searched too.
    """
    files, out = [Path(f) for f in files], Path(out)
    if len(labels) > len(files):
        raise UserError(f"{len(labels)} labels for {len(files)} files")
    if len({f.stem for f in files}) < len(files):
        raise UserError("two of the files have one name, and so would their figures: rename one")
    if any(simulated := [_is_simulated(f) for f in files]):
        if not all(simulated) or labels or inputs:
            raise UserError("files of simulate are drawn by themselves: without others, --label and --inputs")
        need("plot of simulated hillslopes", "plot", "simulate")
        from . import hillslopes  # compiles, which takes seconds

        out.mkdir(parents=True, exist_ok=True)
        return [figure for f in files for figure in hillslopes.draw(f, out)]
    folders = [*map(Path, inputs), sample_folder()]
    labels = [*labels, *(f.stem for f in files[len(labels) :])]
    runs = [read(f, label, folders) for f, label in zip(files, labels, strict=True)]
    out.mkdir(parents=True, exist_ok=True)
    figures = [draw_series(runs, out / "timeseries.png")]
    for path, run in zip(files, runs, strict=True):
        if run.n_cells > 1:
            figures.append(draw_cells(run, out / f"{path.stem}_cells.png"))
        figures.append(draw_flags(run, out / f"{path.stem}_flags.png"))
    return figures

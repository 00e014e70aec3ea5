"""Figures of landslide history files: time series beside their drivers, and cells on a map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import netCDF4
import numpy as np
from matplotlib.ticker import MaxNLocator

from elm_landslide.data import netcdf
from elm_landslide.data.cut_sample import sample_folder
from elm_landslide.data.elm_history import HistoryFiles
from elm_landslide.data.netcdf import Places
from elm_landslide.errors import UserError

# Okabe and Ito's colours, told apart by colour-blind readers.
_BLUE, _VERMILION, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#555555"
_DAY = 86400.0


@dataclass
class _Run:
    """What is drawn of one file; arrays (time, cells), NaN where missing. cell: the one with the lowest FoS.

    synthetic: the surface dataset says so of itself.
    """

    label: str
    dates: list[datetime]
    lat: np.ndarray
    lon: np.ndarray
    probability: np.ndarray
    fos: np.ndarray
    fos_median: np.ndarray
    cell: int
    synthetic: bool
    water_table: tuple[list[datetime], np.ndarray] | None
    rain: tuple[list[datetime], np.ndarray, np.ndarray] | None  # starts, mm/day, lengths in days


def draw(files, out, labels=(), inputs=()) -> list[Path]:
    """Draw landslide history files; returns the figures written into the folder `out`.

    labels: one for each file in turn, its name where there is none. inputs: folders where the runs' input files lie,
    from which rain and water table are drawn; the package's sample is searched too.
    """
    if len(labels) > len(files):
        raise UserError(f"{len(labels)} labels for {len(files)} files")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    folders = [*map(Path, inputs), sample_folder()]
    labels = [*labels, *(Path(f).stem for f in list(files)[len(labels) :])]
    runs = [_read(Path(f), label, folders) for f, label in zip(files, labels, strict=True)]
    figures = [_draw_series(runs, out / "timeseries.png")]
    for path, run in zip(files, runs, strict=True):
        if run.lat.size > 1:
            figures.append(_draw_cells(run, out / f"{Path(path).stem}_cells.png"))
    return figures


def _read(path: Path, label: str, folders) -> _Run:
    with netcdf.open_dataset(path) as dataset:
        if "LANDSLIDE_PROB" not in dataset.variables:
            raise UserError(f"{path}: no variable LANDSLIDE_PROB: not a file of elm-landslide run")
        layout = netcdf.layout_of(dataset, path, "LANDSLIDE_PROB")

        def read(name: str) -> np.ndarray:
            values = netcdf.filled(dataset[name][:])
            return np.where(netcdf.is_missing(values), np.nan, values).reshape(len(values), -1)

        fos = read("LANDSLIDE_FOS")
        valid = np.isfinite(fos).any(axis=0)
        if not valid.any():
            raise UserError(f"{path}: no valid value of LANDSLIDE_FOS to draw")
        dates = _dates(dataset["time"][:], dataset["time"].units, dataset["time"].calendar)
        cells = np.flatnonzero(valid)
        cell = int(np.argmin(np.nanmin(fos[:, cells], axis=0)))
        names = str(getattr(dataset, "input_files", "")).split()
        synthetic = "synthetic" in str(getattr(dataset, "surface_source", ""))
        probability, fos_median = read("LANDSLIDE_PROB")[:, cells], read("LANDSLIDE_FOS_MEDIAN")[:, cells]
    found = [p for name in names for p in [next((d / name for d in folders if (d / name).exists()), None)] if p]
    flat = int(cells[cell])
    water_table, rain = _drivers(found, layout, flat)
    return _Run(
        label,
        dates,
        layout.lat[cells],
        layout.lon[cells],
        probability,
        fos[:, cells],
        fos_median,
        cell,
        synthetic,
        water_table,
        rain,
    )


def _dates(values, units, calendar) -> list[datetime]:
    """Dates for matplotlib; ELM's calendars (noleap, gregorian) have no date that datetime lacks."""
    return [
        datetime(d.year, d.month, d.day, d.hour, d.minute, d.second) for d in netCDF4.num2date(values, units, calendar)
    ]


def _drivers(paths, layout, flat: int):
    """Water table and daily rain at place `flat` of the layout, each None where no input file has it."""
    water_table = rain = None
    for path in paths:
        with netcdf.open_dataset(path) as dataset:
            has = {n for n in ("ZWT", "RAIN") if n in dataset.variables and "time" in dataset[n].dimensions}
        if not has:
            continue
        files = HistoryFiles([path])
        for name in has:
            source = files.layout(name)
            if source.dims == layout.dims and source.same_places(layout):
                place = flat
            else:
                place = int(netcdf.locate(source, path, layout.lat[[flat]], layout.lon[[flat]])[0])
            places = Places(source, [place])
            if name == "ZWT" or files.is_mean(name):
                values = np.array([files.read(r, name, places)[0] for r in files.records])
                values[netcdf.is_missing(values)] = np.nan
            if name == "ZWT" and water_table is None:
                water_table = _dates([r.time for r in files.records], files.time_units, files.calendar), values
            if name == "RAIN" and files.is_mean(name) and files.records[0].bounds:
                bounds = np.array([r.bounds for r in files.records])
                days = (bounds[:, 1] - bounds[:, 0]) * files.seconds_per_unit / _DAY
                rain = _dates(bounds[:, 0], files.time_units, files.calendar), values * _DAY, days
        files.close()
    return water_table, rain


def _draw_series(runs: list[_Run], path: Path) -> Path:
    rows = ["rain", "water_table", "probability", "fos"]
    rows = [r for r in rows if r in ("probability", "fos") or any(getattr(run, r) is not None for run in runs)]
    figure, axes = plt.subplots(
        len(rows),
        len(runs),
        squeeze=False,
        sharex="col",
        layout="constrained",
        figsize=(6.0 * len(runs) + 0.5, 2.1 * len(rows) + 0.8),
    )
    for column, run in zip(axes.T, runs, strict=True):
        lat, lon = run.lat[run.cell], (run.lon[run.cell] + 180.0) % 360.0 - 180.0
        where = f"{abs(lat):.2f} {'N' if lat >= 0 else 'S'}, {abs(lon):.2f} {'E' if lon >= 0 else 'W'}"
        shown = f"cell with the lowest FoS of {run.lat.size} ({where})" if run.lat.size > 1 else where
        note = "; slopes and cover synthetic" if run.synthetic else ""
        column[0].set_title(f"{run.label}\n{shown}{note}", fontsize=10)
        for axis, row in zip(column, rows, strict=True):
            _ROWS[row](axis, run)
            axis.grid(alpha=0.3)
        column[0].set_xlim(run.dates[0], run.dates[-1])
        column[-1].xaxis.set_major_locator(mdates.AutoDateLocator(minticks=3, maxticks=6))
        column[-1].xaxis.set_major_formatter(mdates.DateFormatter("%d %b\n%Y"))
    probability = axes[list(rows).index("probability")]
    for axis in probability:  # one scale, so that sites and runs compare at a glance
        axis.set_ylim(0.0, max(a.get_ylim()[1] for a in probability))
    _save(figure, path)
    return path


def _draw_rain(axis, run: _Run) -> None:
    axis.set_ylabel("rain\n(mm/day)")
    if run.rain is None:
        return _say(axis, "no time means of rain")
    starts, rain, days = run.rain
    axis.bar(starts, rain, width=days, align="edge", color=_BLUE)


def _draw_water_table(axis, run: _Run) -> None:
    axis.set_ylabel("water table\ndepth (m)")
    if run.water_table is None:
        return _say(axis, "input files not found")
    axis.plot(*run.water_table, color=_BLUE)
    axis.invert_yaxis()


def _draw_probability(axis, run: _Run) -> None:
    axis.set_ylabel("landslide\nprobability (1)")
    _band(axis, run, run.probability)
    axis.plot(run.dates, run.probability[:, run.cell], color=_VERMILION, label="cell shown")
    axis.set_ylim(0.0, max(1.15 * np.nanmax(run.probability), 0.01))
    if run.lat.size > 1:
        axis.legend(fontsize=8, ncols=2, loc="upper right")


def _draw_fos(axis, run: _Run) -> None:
    axis.set_ylabel("factor of\nsafety (1)")
    axis.plot(run.dates, run.fos_median[:, run.cell], color=_GREEN, label="median slope")
    axis.plot(run.dates, run.fos[:, run.cell], color=_VERMILION, label="90th percentile of slope")
    axis.axhline(1.0, color=_GREY, linestyle="--", linewidth=1, label="failure (1)")
    top = np.nanmax(run.fos_median[:, run.cell])
    axis.set_ylim(0.0, 1.45 * max(top, 1.0))  # room for the legend
    axis.legend(fontsize=8, ncols=3, loc="upper center")


_ROWS = {"rain": _draw_rain, "water_table": _draw_water_table, "probability": _draw_probability, "fos": _draw_fos}


def _band(axis, run: _Run, values) -> None:
    if run.lat.size > 1:
        axis.fill_between(
            run.dates,
            np.nanmin(values, axis=1),
            np.nanmax(values, axis=1),
            color=_GREY,
            alpha=0.25,
            linewidth=0,
            label="range of all cells",
        )


def _say(axis, text: str) -> None:
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", color=_GREY)


def _draw_cells(run: _Run, path: Path) -> Path:
    """The largest probability and the lowest factor of safety of every cell."""
    figure, axes = plt.subplots(1, 2, sharey=True, layout="constrained", figsize=(11.0, 4.6))
    largest = np.nanmax(run.probability, axis=0)
    panels = (
        (axes[0], largest, "viridis", "largest probability (1)", (0.0, max(np.nanmax(largest), 0.01))),
        (
            axes[1],
            np.nanmin(run.fos, axis=0),
            "cividis",
            "lowest factor of safety (1),\n90th percentile of slope",
            (None, None),
        ),
    )
    lon = (run.lon + 180.0) % 360.0 - 180.0
    size = float(np.clip(6000.0 / run.lat.size, 4.0, 220.0))
    for axis, values, colours, label, (low, high) in panels:
        points = axis.scatter(
            lon,
            run.lat,
            c=values,
            cmap=colours,
            vmin=low,
            vmax=high,
            s=size,
            marker="s",
            edgecolors="white",
            linewidths=0.3,
        )
        figure.colorbar(points, ax=axis, label=label)
        axis.set_xlabel("longitude (degrees east)")
        axis.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.margins(0.08)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("latitude (degrees north)")
    figure.suptitle(f"{run.label}: {run.dates[0]:%Y-%m-%d} to {run.dates[-1]:%Y-%m-%d}", fontsize=11)
    _save(figure, path)
    return path


def _save(figure, path: Path) -> None:
    figure.savefig(path, dpi=130)
    plt.close(figure)

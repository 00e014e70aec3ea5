"""What is drawn of one landslide history file, reduced over time in blocks: no file is loaded whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from elm_landslide.data import netcdf, places
from elm_landslide.data.elm_history import HistoryFiles
from elm_landslide.data.places import Layout, Places
from elm_landslide.errors import UserError
from elm_landslide.fields import FLAGS

from .style import dates

_DAY = 86400.0
_BLOCK_VALUES = 1_000_000  # of one variable in memory at a time
_NO_FLAG = 255  # where no column was run
_ELM_SHARES = ["inside", "outside"]  # of a history file of ELM


@dataclass
class Run:
    """One file. Arrays by place lie on the flattened layout, NaN where no record is valid.

    cell: the place with the lowest FoS, of which probability, fos and fos_median (time,) are drawn; ELM's further
    history tapes may lack the last. flag_share: by name of the flag (time,), of the places run; in ELM's history, which
    has no flags but the share of time outside, of the valid places: "inside" and "outside". synthetic: the surface
    dataset says so of itself.
    """

    label: str
    times: np.ndarray  # as in the file
    dates: list[datetime]
    layout: Layout
    lat: np.ndarray
    lon: np.ndarray
    largest_probability: np.ndarray  # by place
    largest_at: np.ndarray  # by place, record of that
    lowest_fos: np.ndarray  # by place
    share_outside: np.ndarray  # by place, share of its valid records
    probability_range: np.ndarray  # (time, 2)
    flag_share: dict[str, np.ndarray]
    cell: int
    probability: np.ndarray
    fos: np.ndarray
    fos_median: np.ndarray | None
    synthetic: bool
    overrides: str
    water_table: tuple[list[datetime], np.ndarray] | None = None
    rain: tuple[list[datetime], np.ndarray, np.ndarray] | None = None  # starts, mm/day, lengths in days

    @property
    def n_cells(self) -> int:
        """Places with a valid record."""
        return int(np.isfinite(self.lowest_fos).sum())


def read(path: Path, label: str, folders=()) -> Run:
    """Read a file of elm-landslide run or a history file of ELM with the component on.

    folders: where the input files of elm-landslide run may lie, for rain and water table; ELM's history has its own.
    """
    with netcdf.open_dataset(path) as dataset:
        for name in ("LANDSLIDE_PROB", "LANDSLIDE_FOS"):
            if name not in dataset.variables:
                raise UserError(f"{path}: no variable {name}: not a file of elm-landslide run or of ELM with it on")
        from_elm = "LANDSLIDE_FLAG" not in dataset.variables
        if from_elm and "LANDSLIDE_OUTSIDE" not in dataset.variables:
            raise UserError(f"{path}: neither LANDSLIDE_FLAG nor LANDSLIDE_OUTSIDE: what can be trusted is not known")
        layout = places.layout_of(dataset, path, "LANDSLIDE_PROB")
        n_times = len(dataset.dimensions["time"])
        step = max(_BLOCK_VALUES // layout.size, 1)
        blocks = [slice(i, min(i + step, n_times)) for i in range(0, n_times, step)]
        reduced = _reduce(dataset, blocks, layout.size, n_times)
        lowest = reduced["lowest_fos"]
        if not np.isfinite(lowest).any():
            raise UserError(f"{path}: no valid value of LANDSLIDE_FOS to draw")
        cell = int(np.nanargmin(lowest))
        place = Places(layout, [cell])
        series = {
            name: np.concatenate([_nan(place.read(dataset[variable], block))[:, 0] for block in blocks])
            for name, variable in (
                ("probability", "LANDSLIDE_PROB"),
                ("fos", "LANDSLIDE_FOS"),
                ("fos_median", "LANDSLIDE_FOS_MEDIAN"),
            )
            if variable in dataset.variables
        }
        time = dataset["time"]
        times = np.concatenate([np.asarray(time[block], dtype=np.float64) for block in blocks])
        run = Run(
            label=label,
            times=times,
            dates=dates(times, time.units, getattr(time, "calendar", "standard")),
            layout=layout,
            lat=layout.lat,
            lon=layout.lon,
            cell=cell,
            synthetic="synthetic" in str(getattr(dataset, "surface_source", "")),
            overrides=str(getattr(dataset, "overrides", "none")),
            **reduced,
            **{"fos_median": None, **series},
        )
        names = str(getattr(dataset, "input_files", "")).split()
    found = [p for name in names for p in [next((d / name for d in folders if (d / name).exists()), None)] if p]
    if from_elm:
        found = [path]
    run.water_table, run.rain = _drivers(found, layout, cell)
    return run


def _nan(values) -> np.ndarray:
    return np.where(netcdf.is_missing(values), np.nan, values)


def _reduce(dataset, blocks, size: int, n_times: int) -> dict[str, np.ndarray]:
    """One pass over the records: extremes by place, range over the places and shares of the flags by record."""
    largest, at, lowest = np.full(size, -np.inf), np.zeros(size, dtype=int), np.full(size, np.inf)
    names = list(FLAGS) if "LANDSLIDE_FLAG" in dataset.variables else _ELM_SHARES
    flags = np.zeros((n_times, len(names)))
    outside, valid = np.zeros(size), np.zeros(size)
    extent = np.full((n_times, 2), np.nan)
    for block in blocks:

        def values(name, block=block):
            return _nan(netcdf.filled(dataset[name][block])).reshape(block.stop - block.start, -1)

        probability = values("LANDSLIDE_PROB")
        filled = np.where(np.isnan(probability), -np.inf, probability)
        peak = filled.max(axis=0)
        at = np.where(peak > largest, block.start + filled.argmax(axis=0), at)
        largest = np.maximum(largest, peak)
        low = np.where(np.isnan(probability), np.inf, probability).min(axis=1)
        extent[block] = np.stack([low, filled.max(axis=1)], axis=1)
        lowest = np.fmin(lowest, np.fmin.reduce(values("LANDSLIDE_FOS"), axis=0))
        if names is _ELM_SHARES:
            share = values("LANDSLIDE_OUTSIDE")
            counts = [1.0 - share, share]
        else:
            flag = np.ma.filled(np.ma.asarray(dataset["LANDSLIDE_FLAG"][block]).astype(int), _NO_FLAG)
            flag = flag.reshape(block.stop - block.start, -1)
            counts = [flag == value for value in FLAGS.values()]
        flags[block] = np.stack([np.nansum(count, axis=1) for count in counts], axis=1)
        outside += np.nansum(counts[names.index("outside")], axis=0)
        valid += np.isfinite(probability).sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0/0 is NaN, as wanted
        return {
            "largest_probability": np.where(np.isfinite(largest), largest, np.nan),
            "largest_at": at,
            "lowest_fos": np.where(np.isfinite(lowest), lowest, np.nan),
            "share_outside": outside / valid,
            "probability_range": np.where(np.isfinite(extent), extent, np.nan),
            "flag_share": dict(zip(names, (flags / flags.sum(axis=1, keepdims=True)).T, strict=True)),
        }


def _drivers(paths, layout: Layout, place: int):
    """Water table and daily rain at a place of the layout, each None where no input file has it."""
    water_table = rain = None
    for path in paths:
        with netcdf.open_dataset(path) as dataset:
            has = {n for n in ("ZWT", "RAIN") if n in dataset.variables and "time" in dataset[n].dimensions}
        if not has:
            continue
        files = HistoryFiles([path])
        for name in has:
            source = files.layout(name)
            at = Places(source, places.locate(source, path, layout, [place]))
            if name == "ZWT" or files.is_mean(name):
                values = _nan(np.array([files.read(r, name, at)[0] for r in files.records]))
            if name == "ZWT" and water_table is None:
                water_table = dates([r.time for r in files.records], files.axis.units, files.axis.calendar), values
            if name == "RAIN" and files.is_mean(name) and files.records[0].bounds:
                bounds = np.array([r.bounds for r in files.records])
                days = (bounds[:, 1] - bounds[:, 0]) * files.axis.seconds / _DAY
                rain = dates(bounds[:, 0], files.axis.units, files.axis.calendar), values * _DAY, days
        files.close()
    return water_table, rain

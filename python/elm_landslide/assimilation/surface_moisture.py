"""The soil moisture of ELM that a satellite sees: the layers within 0.05 m, on days without ice and snow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide.assimilation.days import NO_DAY, days_of
from elm_landslide.assimilation.regrid import Cells, cells_of
from elm_landslide.assimilation.series import Collector, Daily
from elm_landslide.errors import UserError
from elm_landslide.offline import netcdf, places, surface, variables
from elm_landslide.offline.history_files import (
    HistoryFiles,
    Record,
    check_level_axis,
    missing_variable,
    read_constants,
)
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Layout, Places
from elm_landslide.physics.constants import ICE_DENSITY, SECONDS_PER_DAY, WATER_DENSITY

DEPTH = 0.05  # m that an L-band satellite sees (Entekhabi et al. 2010, doi:10.1109/JPROC.2010.2043918)
_ROUNDING = 1e-3  # m, of interfaces
_ICE = 1e-3  # m3/m3 above which soil counts as frozen
_SNOW = 1.0  # mm of water above which snow covers the soil
_WEIGHT = "cols1d_wtgcell"


@dataclass(frozen=True)
class Surface:
    """layout: all cells of the surface dataset; index: those with a series [n], as boxes `cells`; daily: the series
    (m3/m3)."""

    layout: Layout
    index: np.ndarray
    cells: Cells
    daily: Daily


def read(history: Sequence[Path | str], constants: Sequence[Path | str], surface_path: Path | str) -> Surface:
    """Daily surface soil moisture of the cells of a surface dataset: SOILLIQ / (1000 DZSOI), else H2OSOI, mean over
    the layers that end within DEPTH and over the records of the day; of soil columns by their weights in the cell.

    The day of a mean is that of the middle of its interval. A day with ice in these layers or snow in any record is
    missing. Raises UserError for files that do not hold it, means longer than a day, and water that cannot be.
    """
    files = HistoryFiles(history)
    try:
        name = next((n for n in ("SOILLIQ", "H2OSOI") if n in files.variables), None)
        if name is None:
            raise missing_variable(files.file_without("H2OSOI"), "H2OSOI", "which says the moisture of the surface")
        layout = files.layout(name)
        run = np.flatnonzero(layout.active)
        at = Places(layout, run)
        soil = read_constants([*constants, *files.paths], layout, at)
        dz = soil.values["DZSOI"]
        known = ~is_missing(dz).any(axis=0)
        base = np.cumsum(dz[:, known][:, :1], axis=0)[:, 0] if known.any() else np.zeros(0)
        levels = int((base <= DEPTH + _ROUNDING).sum())
        if not levels:
            raise UserError(f"{soil.path}: DZSOI: no layer ends within {DEPTH} m of the surface")
        for path in files.paths:
            dataset = files.dataset(path)
            level = variables.level_dimension(dataset[name], layout.dims, len(dz))
            check_level_axis(dataset, path, name, level, soil)
        seen = dz[:levels]
        with netcdf.open_dataset(surface_path) as dataset:
            for needed in ("LATIXY", "LONGXY"):
                if needed not in dataset.variables:
                    raise UserError(f"{surface_path}: no variable {needed}: not an ELM surface dataset")
            cells = surface.cells_of(dataset, surface_path)
            place_cell = places.locate(cells, surface_path, layout, run)
            index, owner = np.unique(place_cell, return_inverse=True)
            boxes = cells_of(dataset, surface_path, cells, index)
        weight = _weights(files, at, run.size, index.size < run.size)
        collector = Collector(index.size)
        unseen: dict[int, np.ndarray] = {}
        ice, snow = "SOILICE" in files.variables, "H2OSNO" in files.variables
        for record in files.records:
            day = _day(files, record, name)
            if day == NO_DAY:
                continue
            water = files.read(record, name, at, levels)
            missing = is_missing(water).any(axis=0) | is_missing(seen).any(axis=0)
            safe = np.where(is_missing(seen), 1.0, seen)
            content = water / (WATER_DENSITY * safe) if name == "SOILLIQ" else water
            moisture = np.where(missing, np.nan, (content * safe).sum(axis=0) / safe.sum(axis=0))
            wrong = (moisture < 0.0) | (moisture > 1.0)
            lat, lon = layout.lat[run], layout.lon[run]
            surface.refuse(record.path, f"moisture from {name}", wrong, moisture, lat, lon, "wanted 0 to 1 m3/m3")
            hidden = np.zeros(run.size, dtype=bool)
            if ice:
                frozen = files.read(record, "SOILICE", at, levels) / (ICE_DENSITY * safe)
                hidden |= (frozen > _ICE).any(axis=0)
            if snow:
                hidden |= files.read(record, "H2OSNO", at) > _SNOW
            total = np.bincount(owner, weights=np.where(missing, np.nan, weight * moisture), minlength=index.size)
            collector.add(day, total / np.bincount(owner, weights=weight, minlength=index.size))
            covered = np.bincount(owner, weights=hidden & (weight > 0.0), minlength=index.size) > 0
            unseen[day] = unseen[day] | covered if day in unseen else covered
    finally:
        files.close()
    what = "SOILLIQ / (1000 DZSOI)" if name == "SOILLIQ" else "H2OSOI"
    notes = [f"ELM: mean of {what} over {levels} layers to {base[levels - 1]:.3g} m"]
    notes += [
        f"ELM: {variable} is not in the files: days with {noun} are left out where the product flags them only"
        for variable, noun, there in (("SOILICE", "frozen soil", ice), ("H2OSNO", "snow", snow))
        if not there
    ]
    return Surface(cells, index, boxes, collector.series(notes, unseen))


def _day(files: HistoryFiles, record: Record, name: str) -> int:
    """The day of a record since 1970-01-01. Raises UserError for a mean over more than a day."""
    time = record.time
    if not files.is_instant(name):
        seconds = files.axis.seconds
        if record.bounds and (record.bounds[1] - record.bounds[0]) * seconds > SECONDS_PER_DAY * 1.01:
            length = (record.bounds[1] - record.bounds[0]) * seconds / SECONDS_PER_DAY
            raise UserError(
                f"{record.path}: {name} is a mean over {length:.4g} days, wanted a day or less: set hist_nhtfrq = -24 "
                "for this tape"
            )
        # A mean without bounds ends at its time.
        time = sum(record.bounds) / 2.0 if record.bounds else record.time - 1.0 / seconds
    return int(days_of(np.array([time]), files.axis)[0])


def _weights(files: HistoryFiles, at: Places, n: int, shared: bool) -> np.ndarray:
    """Weights of the places in their cells [n]; shared: whether some cell has several."""
    dataset = files.dataset(files.paths[0])
    if not shared:
        return np.ones(n)
    if _WEIGHT not in dataset.variables:
        raise UserError(
            f"{files.paths[0]}: no variable {_WEIGHT}: several soil columns share a cell; give history by cell"
        )
    weight = at.read(dataset[_WEIGHT])
    return np.where(is_missing(weight), 0.0, weight)

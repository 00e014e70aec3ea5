"""What a run remembers of roots, kept between the parts of a long run: a netCDF file on the places that were run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide import __version__
from elm_landslide.errors import UserError
from elm_landslide.fields import ROOT_VERSION, SPVAL
from elm_landslide.offline import netcdf, places
from elm_landslide.offline.places import Layout
from elm_landslide.offline.times import TimeAxis, calendar_of
from elm_landslide.runtime.root_memory import cohorts, states

_ROUNDING = 1e-6  # by which areas may exceed cover


@dataclass(frozen=True)
class State:
    """time: on the axis of the run; values: (n, root_memory.states()) of the places asked for."""

    time: float
    values: np.ndarray


def write(path: Path, time: float, axis: TimeAxis, layout: Layout, run: np.ndarray, values: np.ndarray) -> None:
    """values: (n, root_memory.states()) of the places run, positions in the layout [n], at a time on the axis.

    path: as it is, not by way of a temporary name. Raises what netCDF4 raises.
    """
    with netCDF4.Dataset(str(path), "w") as out:
        out.setncatts({"title": "What ELM-Landslide remembers of roots", "source": f"ELM-Landslide {__version__}"})
        out.landslide_root_version = ROOT_VERSION
        out.createDimension("place", len(run))
        out.createDimension("number", values.shape[1])
        stamp = out.createVariable("time", "f8")
        stamp.units, stamp.calendar = axis.units, axis.calendar
        stamp[...] = time
        for name, of, units in (("lat", layout.lat, "degrees_north"), ("lon", layout.lon, "degrees_east")):
            variable = out.createVariable(name, "f8", ("place",), fill_value=SPVAL)
            variable.units = units
            variable[:] = of[run]
        if layout.landunit is not None:
            out.createVariable("landunit", "i4", ("place",))[:] = layout.landunit[run]
        roots = out.createVariable("roots", "f8", ("place", "number"), zlib=True)
        roots.long_name = "memory of roots, see fortran/landslide_roots.F90"
        roots[:] = values


def read(path: Path | str, axis: TimeAxis, layout: Layout, run: np.ndarray, index: np.ndarray) -> State:
    """The state of some places, positions in the layout [n], of a run on the places `run`.

    Raises UserError for a file of another schema, calendar or grid, and for numbers that no run wrote.
    """
    with netcdf.open_dataset(path) as dataset:
        version = str(getattr(dataset, "landslide_root_version", ""))
        needed = {"roots", "time", "lat", "lon"}
        if version != ROOT_VERSION or not needed <= dataset.variables.keys():
            what = f"is of version {version!r}" if version not in ("", ROOT_VERSION) else "is no state of ELM-Landslide"
            raise UserError(f"{path}: {what}, wanted one of {ROOT_VERSION!r}, as run --write-state makes it")
        own = TimeAxis.of(dataset["time"], path)
        if not own.same_days(axis):
            raise UserError(
                f"{path}: is of the calendar {calendar_of(own.calendar)!r}, the history of "
                f"{calendar_of(axis.calendar)!r}: give the state of a run in the same calendar"
            )
        time = float(own.to(axis, np.array(float(dataset["time"][...]))))
        lat, lon = (netcdf.filled(dataset[name][:]) for name in ("lat", "lon"))
        landunit = dataset["landunit"][:].filled(-1) if "landunit" in dataset.variables else None
        here = None if layout.landunit is None else layout.landunit[run]
        same = lat.size == run.size and (landunit is None) == (here is None)
        if same:
            apart = (np.abs(lat - layout.lat[run]) > places.ROUNDING) | (
                places.lon_distance(lon, layout.lon[run]) > places.ROUNDING
            )
            unknown = netcdf.is_missing(lat) & netcdf.is_missing(layout.lat[run])
            same = not (apart & ~unknown).any() and (here is None or bool((landunit == here).all()))
        if not same:
            raise UserError(
                f"{path}: has {lat.size} places, not the {run.size} of this run, or others: give the state of a run "
                "on the same grid"
            )
        values = np.asarray(dataset["roots"][:].filled(np.nan), dtype=np.float64)
    _check(path, time, values)
    return State(time, values[np.searchsorted(run, index)])


def _check(path: Path | str, time: float, values: np.ndarray) -> None:
    """A damaged file must not go on as a landslide probability."""
    sound = values.ndim == 2 and values.shape[1] == states() and np.isfinite(values).all() and np.isfinite(time)
    if sound:
        cover, ground = values[:, :2], cohorts(values)
        unknown = cover >= SPVAL
        areas = ground[..., 0].sum(axis=2)  # [n, kind]
        sound = (
            (unknown | ((cover >= 0.0) & (cover <= 1.0))).all()
            and (ground >= 0.0).all()
            and (unknown | (areas[:, :2] <= cover + _ROUNDING)).all()
            and (areas.sum(axis=1) <= 1.0 + _ROUNDING).all()
        )
    if not sound:
        raise UserError(f"{path}: its numbers are no state of roots: the file is damaged; copy it again")

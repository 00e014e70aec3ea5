"""What a run remembers of roots, kept between the parts of a long run: a netCDF file on the places that were run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide import __version__
from elm_landslide.errors import UserError
from elm_landslide.fields import ROOTS, SCHEMA_VERSION, SPVAL
from elm_landslide.offline import netcdf, places
from elm_landslide.offline.places import Layout
from elm_landslide.offline.times import TimeAxis, calendar_of
from elm_landslide.runtime.root_memory import states

# Of the numbers in a state: another schema may hold the same numbers for something else.
_SCHEMA = f"{SCHEMA_VERSION}.{ROOTS['cohorts']}"


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
        out.landslide_schema = _SCHEMA
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
        schema = str(getattr(dataset, "landslide_schema", ""))
        if schema != _SCHEMA or "roots" not in dataset.variables:
            what = f"has the schema {schema!r}" if schema else "is no state of ELM-Landslide"
            raise UserError(
                f"{path}: {what}, wanted {_SCHEMA!r}: start again without it, or use the version of its run"
            )
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
    cohorts = values[:, 5:].reshape(len(values), 3, -1, 5) if values.shape[1:] == (states(),) else np.full((1, 1), -1.0)
    areas = cohorts[..., 0].sum(axis=-1) if cohorts.ndim == 4 else cohorts
    if not (np.isfinite(values).all() and np.isfinite(time) and (cohorts >= 0.0).all() and (areas <= 1.0 + 1e-6).all()):
        raise UserError(f"{path}: its numbers are no state of roots: the file is damaged; copy it again")

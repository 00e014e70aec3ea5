"""The output: a CF netCDF history file on the places of the input."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from elm_landslide import __version__, files
from elm_landslide.errors import UserError
from elm_landslide.fields import CHANCE, FLAGS, OUTPUTS, OUTSIDE, SCHEMA_VERSION, SPVAL, STEEP, Output
from elm_landslide.offline import output_places
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import STATE, Record
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import short_way
from elm_landslide.offline.times import num2date

NO_FLAG = -127  # of the byte flag, where no column is run
_SUMMARY = (
    "Expected fraction of the hillslope area of each soil column on which the factor of safety is below 1, by a "
    "network with the infinite-slope equation in its structure, from states of the E3SM Land Model and statistics of "
    "its hillslopes."
)
WRITTEN = (*OUTPUTS.values(), OUTSIDE, CHANCE)  # numbers of a column, by their index
# What a reader might take for an error.
_COMMENTS = {
    "LANDSLIDE_FOS": {
        "comment": "may lie above LANDSLIDE_FOS_MEDIAN: soil thins with slope, and thin soil holds on steeper slopes"
    },
}


def _coverage(columns: Columns) -> dict[str, str | float]:
    """Where and when, as ACDD names it."""
    first, last, axis = columns.records[0], columns.records[-1], columns.files.axis
    start, end = num2date([first.time, last.time], axis.units, axis.calendar)
    attributes = {"time_coverage_start": start.isoformat(), "time_coverage_end": end.isoformat()}
    lat, lon = columns.layout.lat[columns.run], columns.layout.lon[columns.run]
    known = ~is_missing(lat) & ~is_missing(lon)
    if known.any():
        west, east = _span(lon[known])
        attributes |= {"geospatial_lat_min": float(lat[known].min()), "geospatial_lat_max": float(lat[known].max())}
        attributes |= {"geospatial_lon_min": west, "geospatial_lon_max": east}
    return attributes


def _span(lon: np.ndarray) -> tuple[float, float]:
    """Longitudes (-180 to 180) between which all lie, outside the widest gap: the first is larger across the date
    line."""
    lon = np.unique(short_way(lon))
    gaps = np.append(np.diff(lon), lon[0] + 360.0 - lon[-1])
    at = int(np.argmax(gaps)) if gaps[-1] < gaps.max() else lon.size - 1
    return float(lon[(at + 1) % lon.size]), float(lon[at])


def _writing(method: Callable) -> Callable:
    """What netCDF4 raises when it cannot write (no right, no space) becomes a UserError that names the file."""

    @wraps(method)
    def wrapped(self, *arguments):
        try:
            return method(self, *arguments)
        except (OSError, RuntimeError) as error:
            raise UserError(f"{self.path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error

    return wrapped


class OutputFile:
    """Writes under a temporary name; the file gets its own name in `finish`, so it is whole or absent."""

    def __init__(
        self,
        path: Path | str,
        columns: Columns,
        attributes: dict[str, str],
        command: str,
        base_rate: float,
        written: tuple[Output, ...] = WRITTEN,
    ):
        """columns: the input, any rank's: layout, time axis, cell methods and history are taken from it. command: the
        line that made the file. base_rate: as in offline.chance. written: the numbers of a column, WRITTEN at least."""
        self._written = written
        self.path = Path(path)
        self._part = files.part_of(self.path)
        self._layout, self._run = columns.layout, columns.run
        self._n = 0
        self._base_rate = base_rate
        self._out: netCDF4.Dataset = self._create_file()
        try:
            self._define(columns, attributes, command)
        except BaseException:
            self.discard()
            raise

    @_writing
    def _create_file(self) -> netCDF4.Dataset:
        return netCDF4.Dataset(str(self._part), "w", format="NETCDF4")

    @_writing
    def _define(self, columns: Columns, attributes: dict[str, str], command: str) -> None:
        source = columns.files.dataset(columns.files.paths[0])
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        before = str(getattr(source, "history", "")).strip()
        provenance = {name: str(getattr(source, name)) for name in ("case", "institution") if hasattr(source, name)}
        self._out.setncatts(
            {
                "Conventions": "CF-1.8, ACDD-1.3",
                "title": "Landslide probability from the E3SM Land Model",
                "summary": _SUMMARY,
                "keywords": "landslides, slope stability, factor of safety, land model, E3SM, ELM",
                "source": f"ELM-Landslide {__version__}",
                "history": "\n".join(line for line in (f"{now} {command}", before) if line),
                "date_created": now,
                **_coverage(columns),
                **provenance,
                "schema_version": np.int32(SCHEMA_VERSION),
                **attributes,
            }
        )
        self._define_time(columns)
        self._coordinates = output_places.define(self._out, source, self._layout)
        self._define_outputs(columns.files.attribute(STATE, "cell_methods"))

    def _define_time(self, columns: Columns) -> None:
        files = columns.files
        self._out.createDimension("time", None)
        time = self._out.createVariable("time", "f8", ("time",))
        time.setncatts(
            {
                "standard_name": "time",
                "long_name": "time",
                "units": files.axis.units,
                "calendar": files.axis.calendar,
                "axis": "T",
            }
        )
        self._has_bounds = all(record.bounds for record in columns.records)
        if self._has_bounds:
            self._out.createDimension("hist_interval", 2)
            time.bounds = "time_bounds"
            self._out.createVariable("time_bounds", "f8", ("time", "hist_interval"), chunksizes=(512, 2))

    def _define_outputs(self, cell_methods: str) -> None:
        dims = ("time", *self._layout.dims)
        common = {**self._coordinates, "coverage_content_type": "modelResult"}
        methods = {"cell_methods": cell_methods} if cell_methods else {}
        rate = {"base_rate": self._base_rate, "base_rate_units": "km-2 year-1", "steep_gradient": STEEP}
        more: dict[str, dict[str, Any]] = {**_COMMENTS, CHANCE.history: rate}
        for output in self._written:
            attributes = {**common, **methods, **more.get(output.history, {})}
            self._create(output.history, output.long_name, output.unit, dims, attributes)
        flag = self._out.createVariable("LANDSLIDE_FLAG", "i1", dims, fill_value=np.int8(NO_FLAG), zlib=True)
        flag.set_var_chunk_cache(1)
        flag.setncatts(
            {
                "long_name": "status of the column",
                "flag_values": np.array(list(FLAGS.values()), np.int8),
                "flag_meanings": " ".join(FLAGS),
                **common,
            }
        )

    def _create(self, name: str, long_name: str, units: str, dims: tuple[str, ...], attributes: dict[str, Any]) -> None:
        variable = self._out.createVariable(name, "f8", dims, fill_value=SPVAL, zlib=True, complevel=4)
        variable.set_var_chunk_cache(1)  # a record is written once: keep none; the default is 64 MB for each variable
        variable.setncatts({"long_name": long_name, "units": units, "missing_value": SPVAL, **attributes})

    @_writing
    def write(self, record: Record, values: np.ndarray, flag: np.ndarray) -> None:
        """Append a record. values: (n_run, len(written)) and flag: (n_run,) of the columns run, in the order of
        Columns.run."""
        n, self._n = self._n, self._n + 1
        self._out["time"][n] = record.time
        if self._has_bounds:
            self._out["time_bounds"][n] = record.bounds
        for output in self._written:
            self._out[output.history][n] = self._spread(values[:, output.index], SPVAL)
        self._out["LANDSLIDE_FLAG"][n] = self._spread(flag, NO_FLAG).astype(np.int8)

    def _spread(self, values: np.ndarray, fill: float) -> np.ndarray:
        """Values of the columns run, put on the whole layout."""
        whole = np.full(self._layout.size, fill, dtype=np.float64)
        whole[self._run] = values
        return whole.reshape(self._layout.shape)

    @_writing
    def finish(self, attributes: dict[str, str]) -> None:
        """Add the attributes known at the end, close, and give the file its name."""
        self._out.setncatts(attributes)
        self._out.close()
        self._part.replace(self.path)

    def discard(self) -> None:
        """Remove what was written; does nothing after `finish`."""
        try:
            if self._out.isopen():
                self._out.close()
        except RuntimeError:  # what could not be written cannot be closed either, and has been reported
            pass
        finally:
            self._part.unlink(missing_ok=True)

"""Synthetic soil moisture on the six cells of elm_files: ELM's history, and satellite products by their conventions."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from support import elm_files
from support.elm_files import DZ, LAT, LON, N

EPOCH = np.datetime64("1970-01-01", "D")
FIRST = (np.datetime64("2001-01-01", "D") - EPOCH).astype(int)  # day of the synthetic series
# Quarter-degree centres around the cells, north first, west of Greenwich below 0: four to a cell.
CCI_LAT, CCI_LON = np.arange(41.375, 39.5, -0.25), np.arange(-77.875, -75.5, 0.25)
MISSING = -9999.0


def red(draw, days: int, cells: int, memory: float) -> np.ndarray:
    """Autoregressive noise of variance 1, [day, cell]; memory: correlation of neighbouring days."""
    noise = draw.normal(size=(days, cells))
    noise[1:] *= np.sqrt(1.0 - memory**2)
    for i in range(1, days):
        noise[i] += memory * noise[i - 1]
    return noise


def dates(days: int) -> np.ndarray:
    """Days since 1970-01-01 of a series in years without leap days, from FIRST [day]."""
    found = np.arange(FIRST, FIRST + days + days // 365 + 2)
    day = found.astype("datetime64[D]")
    leap = (day - day.astype("datetime64[M]")).astype(int) == 28
    february = day.astype("datetime64[M]").astype(int) % 12 == 1
    return found[~(leap & february)][:days]


def write_history(path: Path, moisture: np.ndarray, kind: str = "unstructured", mean: bool = True, **more) -> Path:
    """Daily ELM history from 2001-01-01 with the constants; moisture of the upper layers [day, cell] (m3/m3). more:
    further variables, [day, cell] or [day, level, cell]; one that is None is left out; step in days."""
    step = more.pop("step", 1.0)
    liquid = np.repeat(moisture[:, None], 15, axis=1)
    liquid[:, 2:] = 0.3  # which a satellite does not see
    fields = {
        "SOILLIQ": (liquid * 1000 * DZ[:, None]).astype("f4"),
        "SOILICE": np.zeros_like(liquid, "f4"),
        "H2OSNO": np.zeros_like(moisture, "f4"),
        **more,
        **elm_files.constants(),
    }
    ends = 366.0 + step * np.arange(len(moisture)) + (step if mean else 0.5 * step)  # noleap: 365 days to 2001
    bounds = np.stack([ends - step, ends], axis=1)
    fields = {name: values for name, values in fields.items() if values is not None}
    ends, bounds = ends - 1.0, bounds - 1.0
    return elm_files.write_history(path, kind, fields, ends, bounds, mean)


def on_quarters(values: np.ndarray) -> np.ndarray:
    """[day, lat, lon] of a quarter-degree product, from those of the six cells [day, cell]; nan around them."""
    grid = np.full((len(values), CCI_LAT.size, CCI_LON.size), np.nan)
    for cell in range(N):
        rows = np.abs(CCI_LAT - LAT[cell // LON.size]) < 0.25
        columns = np.abs(CCI_LON + 360.0 - LON[cell % LON.size]) < 0.25
        grid[:, rows[:, None] & columns] = values[:, cell, None]
    return grid


def write_cci(path: Path, days: np.ndarray, grid: np.ndarray, flag=None, lat=CCI_LAT, lon=CCI_LON, **changes) -> Path:
    """As ESA CCI: sm(time, lat, lon) with a fill value, flag, days since 1970. grid [day, lat, lon], nan is missing.
    changes: name, units, time (None: no such variable), packed."""
    name = changes.get("name", "sm")
    with netCDF4.Dataset(str(path), "w") as out:
        for dim, size in (("time", None), ("lat", len(lat)), ("lon", len(lon))):
            out.createDimension(dim, size)
        if changes.get("time", True):
            time = out.createVariable("time", "f8", ("time",))
            time.setncatts({"units": "days since 1970-01-01 00:00:00 UTC", "calendar": "standard"})
            time[:] = days
        for coordinate, values in (("lat", lat), ("lon", lon)):
            out.createVariable(coordinate, "f8", (coordinate,))[:] = values
        if changes.get("packed"):
            sm = out.createVariable(name, "i2", ("time", "lat", "lon"), fill_value=-9999)
            sm.scale_factor, sm.add_offset = 0.0001, 0.0
        else:
            sm = out.createVariable(name, "f4", ("time", "lat", "lon"), fill_value=changes.get("fill", MISSING))
        if changes.get("units", "m3 m-3") is not None:
            sm.units = changes.get("units", "m3 m-3")
        sm[:] = np.ma.array(np.nan_to_num(grid), mask=np.isnan(grid))
        if flag is not None:
            marks = out.createVariable("flag", "i1", ("time", "lat", "lon"), fill_value=127)
            marks[:] = flag
    return path


def write_smap(
    path: Path, day: int, lat: np.ndarray, lon: np.ndarray, values: np.ndarray, quality=None, **changes
) -> Path:
    """As SMAP L3: groups of the morning and the evening, 2-D coordinates, -9999, the day in Metadata/Extent. lat, lon,
    values [y, x]; changes: time (None: nowhere), evening (values of the PM group)."""
    with netCDF4.Dataset(str(path), "w") as out:
        if changes.get("time", True):
            extent = out.createGroup("Metadata").createGroup("Extent")
            extent.rangeBeginningDateTime = f"{EPOCH + int(day)}T00:00:00.000Z"
        for group, suffix, sm in (("AM", "", values), ("PM", "_pm", changes.get("evening", values + 0.1))):
            inner = out.createGroup(f"Soil_Moisture_Retrieval_Data_{group}")
            for dim, size in zip(("phony_dim_0", "phony_dim_1"), lat.shape, strict=True):
                inner.createDimension(dim, size)
            hidden = np.isnan(sm)
            for name, array in (("latitude", lat), ("longitude", lon), ("soil_moisture", sm)):
                variable = inner.createVariable(f"{name}{suffix}", "f4", inner.dimensions, fill_value=MISSING)
                variable[:] = np.where(hidden, MISSING, array)
                variable.units = "cm**3/cm**3" if name == "soil_moisture" else "degrees"
            marks = inner.createVariable(f"retrieval_qual_flag{suffix}", "u2", inner.dimensions, fill_value=65534)
            marks[:] = np.zeros(lat.shape) if quality is None else quality
    return path


def write_smap_l4(path: Path, seconds: float, lat: np.ndarray, lon: np.ndarray, values: np.ndarray) -> Path:
    """As SMAP L4: Geophysical_Data/sm_surface(y, x), with cell_lat and cell_lon and the time above it."""
    with netCDF4.Dataset(str(path), "w") as out:
        for dim, size in (("y", lat.shape[0]), ("x", lat.shape[1]), ("time", 1)):
            out.createDimension(dim, size)
        time = out.createVariable("time", "f8", ("time",))
        time.units = "seconds since 2000-01-01 11:58:55.816"
        time[:] = seconds
        for name, array in (("cell_lat", lat), ("cell_lon", lon)):
            out.createVariable(name, "f4", ("y", "x"), fill_value=MISSING)[:] = array
        group = out.createGroup("Geophysical_Data")
        sm = group.createVariable("sm_surface", "f4", ("y", "x"), fill_value=MISSING)
        sm.setncatts({"units": "m3 m-3", "valid_min": np.float32(0.0), "valid_max": np.float32(0.9)})
        sm[:] = np.ma.masked_invalid(values)
    return path

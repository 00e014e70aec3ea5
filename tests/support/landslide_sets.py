"""Daily output of several years, as `elm-landslide run` writes it, of a made climate."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.fields import SPVAL

LAT = np.array([10.0, 10.0, 45.0, 45.0, 60.0, 60.0])
LON = np.array([5.0, 6.0, 5.0, 6.0, 359.0, 6.0])
N = LAT.size
AREA = np.array([100.0, 200.0, 100.0, 50.0, 10.0, 40.0])  # km2
RATE = 3e-5
MODEL = "a" * 64
DAYS = 365


def probabilities(rng: np.random.Generator, years: int, factor: float = 1.0, cells: int = N) -> np.ndarray:
    """[day, cell]: storms on a tenth of the days, of exponential size; the last cell is flat."""
    storms = (rng.random((years * DAYS, cells)) < 0.1) * rng.exponential(0.02, (years * DAYS, cells))
    storms[:, -1] = 0.0
    return np.clip(factor * storms, 0.0, 1.0)


def write(path: Path, values: np.ndarray, first: int = 2001, steps: int = 1, **changes) -> Path:
    """values [record, cell], `steps` records a day from the first of January on. changes: calendar, model (None: not
    said), lat, rate (None), point (states at instants)."""
    values = np.asarray(values, dtype=float)
    n, lat = values.shape[1], changes.get("lat", LAT)
    with netCDF4.Dataset(str(path), "w") as out:
        out.createDimension("time", None)
        out.createDimension("lndgrid", n)
        time = out.createVariable("time", "f8", ("time",))
        time.units, time.calendar = f"days since {first:04d}-01-01 00:00:00", changes.get("calendar", "noleap")
        ends = (np.arange(len(values)) + 1.0) / steps
        point = changes.get("point", False)
        time[:] = ends - 1.0 / steps if point else ends
        if not point:
            time.bounds = "time_bounds"
            out.createDimension("hist_interval", 2)
            out.createVariable("time_bounds", "f8", ("time", "hist_interval"))[:] = np.stack(
                [ends - 1.0 / steps, ends], 1
            )
        for name, array, units in (("lat", lat, "degrees_north"), ("lon", LON, "degrees_east"), ("area", AREA, "km^2")):
            v = out.createVariable(name, "f8", ("lndgrid",))
            v.units, v[:] = units, np.resize(array, n)
        for name, array in (("LANDSLIDE_PROB", values), ("LANDSLIDE_CHANCE", -np.expm1(-0.01 * values))):
            v = out.createVariable(name, "f8", ("time", "lndgrid"), fill_value=SPVAL)
            v.cell_methods = "time: point" if point else "time: maximum"
            v[:] = np.ma.masked_invalid(array)
            if name == "LANDSLIDE_CHANCE" and changes.get("rate", RATE) is not None:
                v.base_rate = changes.get("rate", RATE)
        if changes.get("model", MODEL) is not None:
            out.model_sha256 = changes.get("model", MODEL)
        out.source = "ELM-Landslide test"
    return path

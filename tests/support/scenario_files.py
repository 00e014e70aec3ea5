"""A case with weather for scenarios on the six cells of elm_files: three steep ones, three flat ones."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from support import elm_files
from support.elm_files import LAT, N

DAYS, FIRST, RECORDS = 14, 3, 44  # of daily means from 2000-01-01; day of the first record; six-hourly instants
STEEP = LAT.repeat(N // LAT.size) < 40.5  # [cell]
SLOPES = np.where(STEEP, np.tan(np.radians(np.linspace(27.0, 45.0, 11)))[:, None], np.linspace(0.0, 0.01, 11)[:, None])


class WeatherCase(elm_files.Case):
    """Daily means of RAIN, SNOW and TBOT from the first day on; states, which do not change, from the fourth day on."""

    def __init__(
        self, folder: Path, temperature: float = 15.0, rain=None, snow: float = 0.0, drop=(), mean: bool = False
    ):
        """temperature: degrees C; rain: mm [day], or one for all; snow: mm a day; drop: variables left out."""
        folder.mkdir(exist_ok=True)
        super().__init__(folder)
        times, bounds = elm_files.hourly(RECORDS, FIRST + 0.25 * mean)
        still = {name: np.repeat(values[:1], RECORDS, axis=0) for name, values in elm_files.states(1).items()}
        dz = elm_files.DZ[:, None]
        still["SOILLIQ"] = np.broadcast_to((0.3 * 1000.0 * dz).astype("f4"), (RECORDS, 15, N))
        still["SOILICE"] = np.zeros((RECORDS, 15, N), "f4")
        still["ZWT_PERCH"] = still["FROST_TABLE"] = np.full((RECORDS, N), 80.0, "f4")
        del still["RAIN"]
        self.h1 = elm_files.write_history(folder / "still.elm.h1.nc", "unstructured", still, times, bounds, mean=mean)
        self.daily = np.broadcast_to(np.arange(1.0, DAYS + 1) if rain is None else rain, (DAYS,)).astype(float)
        fields = {
            "RAIN": np.broadcast_to(self.daily[:, None] / 86400.0, (DAYS, N)).astype("f4"),
            "SNOW": np.full((DAYS, N), snow / 86400.0, "f4"),
            "TBOT": np.full((DAYS, N), temperature + 273.15, "f4"),
            "HKSAT": np.full((15, N), 5e-3, "f4"),
        }
        fields = {name: values for name, values in fields.items() if name not in drop}
        ends, days = elm_files.hourly(DAYS, 1.0, 1.0)
        constants = {**elm_files.constants(), **fields}
        self.h0 = elm_files.write_history(folder / "day.elm.h0.nc", "unstructured", constants, ends, days, mean=True)
        self.surface = elm_files.write_surface(folder / "surface.nc", change={"SLP_P10": SLOPES})


def write_toml(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def read(path: Path) -> dict[str, np.ndarray]:
    with netCDF4.Dataset(str(path)) as file:
        file.set_auto_mask(False)
        return {name: file[name][:] for name in file.variables if "time" in file[name].dimensions}

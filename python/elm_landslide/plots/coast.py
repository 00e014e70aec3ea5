"""Coastlines: the edge of the land in the mask that the package global-land-mask ships (NOAA's GLOBE, about 1 km)."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from importlib import util
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

_FILE = "globe_combined_mask_compressed.npz"
_MOST = 1800  # cells across a map: no finer than a figure shows


def draw_coast(axis: Axes, colour: str) -> None:
    """Coastlines within the limits of an axis in degrees east and north; nothing without the package."""
    window = _window(axis.get_xlim(), axis.get_ylim())
    mask = find_mask()
    land = _land(mask, *window) if mask else None
    if land is None or not 0.0 < land.mean() < 1.0:
        return
    west, _, south, north = window
    step = (north - south) / len(land)
    lon, lat = west + step * (np.arange(land.shape[1]) + 0.5), north - step * (np.arange(len(land)) + 0.5)
    limits = axis.get_xlim(), axis.get_ylim()
    axis.contour(lon, lat, land, levels=[0.5], colors=colour, linewidths=0.5)
    axis.set(xlim=limits[0], ylim=limits[1])


def find_mask() -> Path | None:
    """The file of the mask. The package is not imported, which would unpack it whole, 930 MB."""
    package = util.find_spec("global_land_mask")
    folders = package.submodule_search_locations if package else None
    path = Path(folders[0], _FILE) if folders else None
    return path if path and path.exists() else None


def _window(x: tuple[float, float], y: tuple[float, float]) -> tuple[int, int, int, int]:
    """West, east, south, north in whole degrees around the limits."""
    west, east = int(np.floor(min(x))), int(np.ceil(max(x)))
    return west, min(east, west + 360), max(int(np.floor(min(y))), -90), min(int(np.ceil(max(y))), 90)


@lru_cache(maxsize=8)
def _land(mask: Path, west: int, east: int, south: int, north: int) -> np.ndarray:
    """Share of land [row, column] of cells from north to south and from west (of any turn around the globe) to east.

    The mask is unpacked a band of rows at a time, down to the south: a second or two for the globe, and little memory.
    """
    with zipfile.ZipFile(mask) as archive, archive.open("mask.npy") as file:
        np.lib.format.read_magic(file)
        (n_rows, n_columns), _, kind = np.lib.format.read_array_header_1_0(file)
        each = n_rows // 180  # of a degree
        factors = [n for n in range(1, each + 1) if each % n == 0]
        factor = next((n for n in factors if (east - west) * each <= _MOST * n), factors[-1])
        take = np.arange((west + 180) * each, (east + 180) * each) % n_columns
        for _ in range((90 - north) * each // factor):
            file.read(factor * n_columns)
        rows = []
        for _ in range((north - south) * each // factor):
            sea = np.frombuffer(file.read(factor * n_columns), dtype=kind).reshape(factor, n_columns)
            by_column = sea.sum(axis=0, dtype=np.uint8)  # factor is at most 120
            rows.append(1.0 - by_column[take].reshape(-1, factor).mean(axis=1) / factor)
    return np.array(rows)

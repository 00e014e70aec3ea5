"""Maps and ELM grids made for tests of elm-landslide static."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pyproj
import rasterio
from rasterio.transform import from_origin

UTM = "EPSG:32613"  # its middle is 105 W
MIDDLE = (500_000.0, 4_000_000.0)  # m, on that map
STEP = 30.0  # m


def write_map(path: Path, values, crs: str | None = UTM, corner=None, step=STEP, **options) -> str:
    """A GeoTIFF of values [row, column], or [band, row, column]; its middle at MIDDLE unless a corner is given."""
    values = np.atleast_3d(np.asarray(values).T).T  # [band, row, column]
    rows, columns = values.shape[1:]
    units = options.pop("units", None)
    if corner is None:
        corner = MIDDLE[0] - columns * step / 2, MIDDLE[1] + rows * step / 2
    transform = from_origin(*corner, step, step)
    options = {"driver": "GTiff", "dtype": values.dtype.name, "crs": crs, "transform": transform, **options}
    with rasterio.open(path, "w", height=rows, width=columns, count=len(values), **options) as file:
        file.write(values)
        if units:
            file.units = [units] * len(values)
    return str(path)


def places(n: int, step: float = STEP):
    """x, y (m, from the middle, y to the north) of the cells of an n x n map."""
    y, x = np.mgrid[0:n, 0:n] + 0.5
    return (x - n / 2) * step, (n / 2 - y) * step


def degrees(x, y):
    """Longitude and latitude of places on the map, from its middle."""
    transformer = pyproj.Transformer.from_crs(UTM, "EPSG:4326", always_xy=True)
    return transformer.transform(MIDDLE[0] + np.asarray(x), MIDDLE[1] + np.asarray(y))


def write_grid(path: Path, size: float = 0.05, rows: int = 2, columns: int = 2, shift=(0.0, 0.0)) -> str:
    """An ELM surface dataset of cells of `size` degrees around the middle of the map, with their places alone."""
    lon, lat = degrees(0.0, 0.0)
    lats = lat + shift[1] + size * (np.arange(rows) - (rows - 1) / 2)
    lons = lon + shift[0] + size * (np.arange(columns) - (columns - 1) / 2)
    with netCDF4.Dataset(str(path), "w") as out:
        out.createDimension("lsmlat", rows)
        out.createDimension("lsmlon", columns)
        for name, values in (("LATIXY", np.repeat(lats, columns)), ("LONGXY", np.tile(lons, rows) % 360.0)):
            out.createVariable(name, "f8", ("lsmlat", "lsmlon"))[:] = values.reshape(rows, columns)
    return str(path)


def inside(grid: str, i: int, j: int, size: float, x, y):
    """Which places on the map lie in a cell of write_grid."""
    with netCDF4.Dataset(grid) as file:
        lat, lon = float(file["LATIXY"][i, j]), float(file["LONGXY"][i, j])
    east, north = degrees(x, y)
    return (np.abs((east - lon + 180.0) % 360.0 - 180.0) < size / 2) & (np.abs(north - lat) < size / 2)


def content(path: Path) -> dict[str, np.ndarray]:
    with netCDF4.Dataset(str(path)) as file:
        return {name: np.ma.filled(variable[:].astype(float), np.nan) for name, variable in file.variables.items()}


def hills(n: int, seed: int = 0, width: float = 6.0, height: float = 2000.0) -> np.ndarray:
    """Smooth random ground (m)."""
    from scipy import ndimage

    noise = np.random.default_rng(seed).normal(size=(n, n))
    return 1500.0 + height * ndimage.gaussian_filter(noise, width)

"""Maps: what GDAL opens, read window by window, with what their numbers mean checked before the first is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from elm_landslide import files
from elm_landslide.errors import UserError

METRES = {"m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0}
FEET = {
    **dict.fromkeys(("ft", "foot", "feet", "international foot", "international feet"), 0.3048),
    **dict.fromkeys(("us survey foot", "us survey feet", "us-ft", "ftus", "foot_us"), 1200.0 / 3937.0),
}
LOWEST, HIGHEST = -1000.0, 9000.0  # m; beyond them there is no land
DEGREES = 0.1  # a cell smaller than this, with coordinates of the globe, is in degrees


@dataclass(frozen=True)
class Raster:
    """A map on a grid of cells along the axes of its coordinate reference system (CRS); rows from the north down.

    shape: rows and columns. x0, y0: upper left corner, dx, dy: size of a cell (both positive), in the unit of the CRS.
    unit: metres (or degrees) of that unit. bands: how many. nodata: what means missing, besides nan and what the file
    itself masks. factor: from the file's numbers to the unit that is wanted. rising: the file's rows go north;
    file_rows: how many it has. block: cells of the file along a side of one of these, whose number is their mean.
    """

    path: str
    shape: tuple[int, int]
    x0: float
    y0: float
    dx: float
    dy: float
    crs: CRS
    bands: int
    nodata: float | None = None
    factor: float = 1.0
    rising: bool = False
    file_rows: int = 0
    block: int = 1

    @property
    def geographic(self) -> bool:
        return self.crs.is_geographic

    @property
    def unit(self) -> float:
        """Metres (or degrees) of one unit of the CRS."""
        return 1.0 if self.geographic else float(self.crs.axis_info[0].unit_conversion_factor)

    def coarser(self, block: int) -> Raster:
        """The same map in cells of block x block; what does not fill one at the end is left out."""
        shape = self.shape[0] // block, self.shape[1] // block
        return replace(self, shape=shape, dx=block * self.dx, dy=block * self.dy, block=block)

    def read(self, row: int, column: int, rows: int, columns: int, band: int = 1) -> np.ndarray:
        """float64 [rows, columns] from a corner on, which may lie outside; nan where nothing is known."""
        if self.block > 1:
            k = self.block
            fine = replace(self, shape=(k * self.shape[0], k * self.shape[1]), block=1)  # but for what fills no block
            values = fine.read(k * row, k * column, k * rows, k * columns, band)
            return values.reshape(rows, k, columns, k).mean(axis=(1, 3))
        out = np.full((rows, columns), np.nan)
        top, left = max(row, 0), max(column, 0)
        bottom, right = min(row + rows, self.shape[0]), min(column + columns, self.shape[1])
        if top >= bottom or left >= right:
            return out
        first = self.file_rows - bottom if self.rising else top
        window = Window(left, first, right - left, bottom - top)
        with _opened(self.path) as dataset:
            try:
                values = dataset.read(band, window=window, masked=True)
            except RasterioError as error:
                raise UserError(f"{self.path}: rows {top} to {bottom} cannot be read ({error})") from None
            scale, offset = dataset.scales[band - 1], dataset.offsets[band - 1]
        numbers = out[top - row : bottom - row, left - column : right - column]
        numbers[:] = values.data[::-1] if self.rising else values.data
        missing = ~np.isfinite(numbers)
        if values.mask is not np.ma.nomask:
            missing |= np.ma.getmaskarray(values)[::-1] if self.rising else np.ma.getmaskarray(values)
        if self.nodata is not None:
            missing |= numbers == self.nodata
        if (scale, offset, self.factor) != (1.0, 0.0, 1.0):
            numbers[:] = (numbers * scale + offset) * self.factor
        numbers[missing] = np.nan
        return out


def open_raster(path: str, crs: str | None = None, nodata: float | None = None, otherwise: str | None = None) -> Raster:
    """A map; crs: of the grid, whatever the file says; otherwise: if it does not say.

    Raises UserError for a file that GDAL cannot read, without a CRS, with a rotated grid, or whose coordinates
    contradict its CRS.
    """
    with _opened(path) as dataset:
        if not dataset.count:
            names = ", ".join(dataset.subdatasets) or "none"
            raise UserError(f"{path}: holds several maps; give one of them by its name: {names}")
        transform, shape, bands = dataset.transform, dataset.shape, dataset.count
        wkt = dataset.crs.to_wkt() if dataset.crs else ""
        bounds = dataset.bounds
    if transform == rasterio.Affine.identity():
        raise UserError(
            f"{path}: no coordinates: its cells have no place; give a georeferenced file (gdal_translate -a_ullr)"
        )
    if transform.b or transform.d or transform.a <= 0:
        raise UserError(f"{path}: its rows do not run east: warp it to a grid along its axes first (gdalwarp)")
    globe = (
        abs(bounds.left) <= 360
        and abs(bounds.right) <= 360.5
        and abs(bounds.top) <= 90.5
        and abs(bounds.bottom) <= 90.5
    )
    system = _crs(path, crs or (None if wkt else otherwise), wkt, globe and transform.a < DEGREES)
    if system.is_geographic and not globe:
        raise UserError(
            f"{path}: its CRS is {system.name}, in degrees, but its coordinates reach {_largest(bounds):g}: metres? "
            "give the CRS with --crs"
        )
    if not system.is_geographic and globe and transform.a < DEGREES:
        raise UserError(
            f"{path}: its CRS is {system.name}, in {system.axis_info[0].unit_name}, but its cells of {transform.a:g} "
            "and coordinates are degrees: give --crs EPSG:4326"
        )
    rising = transform.e > 0
    y0 = transform.f + (shape[0] * transform.e if rising else 0.0)
    size = transform.a, abs(transform.e)
    return Raster(path, shape, transform.c, y0, *size, system, bands, nodata, rising=rising, file_rows=shape[0])


def open_dem(path: str, crs: str | None = None, nodata: float | None = None, unit: str | None = None) -> Raster:
    """A map of elevation, whose numbers become metres. unit: m, ft or us-ft, if the file does not say.

    Feet are never guessed: a file that says feet, or whose CRS is in feet and that says nothing of its elevations, is
    refused without `unit`.
    """
    raster = open_raster(path, crs, nodata)
    with _opened(path) as dataset:
        says = (dataset.units[0] or "").strip().lower()
    vertical = next((a for a in raster.crs.axis_info if a.direction in ("up", "down")), None)
    if not says and vertical is not None:
        says = vertical.unit_name.lower()
    if unit is not None:
        return replace(raster, factor={**METRES, **FEET}[unit])
    if says in METRES:
        return raster
    if says:
        raise UserError(
            f"{path}: its elevations are in {says!r}, wanted metres: give --elevation-unit "
            f"{'ft or us-ft' if says in FEET else 'm, ft or us-ft'}"
        )
    if not raster.geographic and not 0.9 < raster.unit < 1.1:
        name = raster.crs.axis_info[0].unit_name
        raise UserError(
            f"{path}: its CRS is in {name}; say the unit of its elevations with --elevation-unit m, ft or us-ft"
        )
    return raster


def check_elevation(raster: Raster, values: np.ndarray, row: int, column: int) -> None:
    """Refuse what cannot be an elevation of land; values [rows, columns] (m) from a corner of the raster on."""
    beyond = (values < LOWEST) | (values > HIGHEST)
    if beyond.any():
        i, j = np.unravel_index(int(beyond.argmax()), beyond.shape)
        raise UserError(
            f"{raster.path}: the elevation in row {row + i + 1}, column {column + j + 1} is {values[i, j]:g} m, which "
            "is none of land: name the value that means missing with --nodata, or feet with --elevation-unit ft"
        )


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    import warnings

    if Path(path).exists():
        files.regular(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said in our own words
        try:
            with rasterio.open(path) as dataset:
                yield dataset
        except RasterioError as error:
            reason = re.sub(r"\s+", " ", str(error))
            raise UserError(f"{path}: cannot be read as a map ({reason})") from None


def _crs(path: str, given: str | None, wkt: str, degrees: bool) -> CRS:
    if not given and not wkt:
        hint = ": its coordinates look like degrees: --crs EPSG:4326" if degrees else ", for example --crs EPSG:32613"
        raise UserError(f"{path}: no projection: the file does not say its CRS; give it with --crs{hint}")
    try:
        system = CRS.from_user_input(given or wkt)
    except CRSError as error:
        raise UserError(f"{path}: CRS {given or wkt[:40]!r} is not known ({str(error)[:80]})") from None
    horizontal = next((s for s in system.sub_crs_list if s.is_geographic or s.is_projected), system)
    if not (horizontal.is_geographic or horizontal.is_projected):
        raise UserError(f"{path}: CRS {system.name!r} has no place on the Earth; give one that has with --crs")
    if horizontal.is_geographic and abs(horizontal.axis_info[0].unit_conversion_factor - np.pi / 180.0) > 1e-9:
        raise UserError(f"{path}: CRS {system.name!r} is not in degrees; warp it to EPSG:4326 first (gdalwarp)")
    return system


def _largest(bounds) -> float:
    return max(abs(v) for v in bounds)

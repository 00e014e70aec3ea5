"""Regions of a comparison: boxes, and polygons of a shapefile or GeoJSON. A cell belongs to one by its centre."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elm_landslide.comparison.sets import Cells
from elm_landslide.errors import UserError
from elm_landslide.offline.places import short_way
from elm_landslide.offline.region import Region

WHOLE = "all cells"


def regions_of(cells: Cells, boxes: list[str], path: Path | None) -> dict[str, np.ndarray]:
    """By name, which cells belong to it [cell] (bool): all of them first, then boxes NAME=SOUTH,NORTH,WEST,EAST
    (degrees), then the polygons of a file, named by its column `name`. Raises UserError for a region without a cell,
    one that cannot be read, and two of one name."""
    found = {WHOLE: np.ones(cells.lat.size, dtype=bool)}
    for name, inside in [*(_box(text, cells) for text in boxes), *(_polygons(path, cells) if path else [])]:
        if name in found:
            raise UserError(f"region {name}: given twice")
        found[name] = inside
    return with_values(found, found[WHOLE])


def with_values(regions: dict[str, np.ndarray], valid: np.ndarray) -> dict[str, np.ndarray]:
    """The regions' cells that are valid [cell] (bool). Raises UserError for a region without one."""
    for name, inside in regions.items():
        if not (inside & valid).any():
            raise UserError(f"region {name}: no cell with a value has its centre in it")
    return {name: inside & valid for name, inside in regions.items()}


def _box(text: str, cells: Cells) -> tuple[str, np.ndarray]:
    name, _, numbers = text.partition("=")
    try:
        south, north, west, east = (float(part) for part in numbers.split(","))
    except ValueError:
        raise UserError(f"--region {text}: wanted NAME=SOUTH,NORTH,WEST,EAST in degrees") from None
    if not name or not -90.0 <= south < north <= 90.0:
        raise UserError(f"--region {text}: wanted a name, and latitudes from south to north within -90 to 90")
    return name, Region(south, north, west, east).holds(cells.lat, cells.lon)


def _polygons(path: Path, cells: Cells) -> list[tuple[str, np.ndarray]]:
    import geopandas

    try:
        frame = geopandas.read_file(path)
    except (OSError, RuntimeError, ValueError) as error:  # of GDAL, by way of pyogrio, RuntimeError
        raise UserError(f"--regions {path}: cannot be read as regions ({str(error).splitlines()[0]})") from None
    if "name" not in frame.columns:
        raise UserError(f"--regions {path}: no column `name`; it has {', '.join(map(str, frame.columns))}")
    if frame.crs is not None:
        frame = frame.to_crs(4326)
    points = geopandas.GeoSeries(geopandas.points_from_xy(short_way(cells.lon), cells.lat), crs=4326)
    return [
        (str(name), points.within(shape).to_numpy()) for name, shape in zip(frame["name"], frame.geometry, strict=True)
    ]

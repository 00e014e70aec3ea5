"""The cells of an ELM grid as polygons, from a domain file or a surface dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.offline import netcdf, places, surface, variables
from elm_landslide.offline.netcdf import is_missing

_ROUNDING = 1e-3  # of the spacing, by which cells may be off a lattice


@dataclass(frozen=True)
class ElmGrid:
    """n cells, flattened: dims and shape as in a surface dataset; lat, lon [n] (degrees) of their centres; corners
    [n, k, 2]: longitude (near that of the centre) and latitude, around the cell; active [n]: which have land."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    lat: np.ndarray
    lon: np.ndarray
    corners: np.ndarray
    active: np.ndarray

    @property
    def size(self) -> int:
        return self.lat.size


def read_grid(path: Path | str, cell_size: float | None = None) -> ElmGrid:
    """The cells of a domain file (xc, yc and, if it has them, xv, yv) or of a surface dataset (LATIXY, LONGXY).

    Without corners the cells are boxes between the middles of their centres; cell_size (degrees): of a file with one
    cell. Raises UserError for any other file, and for cells without corners that are not on a lattice.
    """
    with netcdf.open_dataset(path) as dataset:
        if {"LATIXY", "LONGXY"} <= dataset.variables.keys():
            cells = surface.cells_of(dataset, path)
            dims, shape, lat, lon, corners = cells.dims, cells.shape, cells.lat, cells.lon, None
            own, mask = dims, "LANDFRAC_PFT"
        elif {"xc", "yc"} <= dataset.variables.keys():
            dims, shape, lat, lon, corners = _domain(dataset, path)
            own, mask = dataset["xc"].dimensions, "mask"
        else:
            raise UserError(
                f"{path}: neither LATIXY and LONGXY nor xc and yc: give an ELM surface dataset or domain file"
            )
        active = np.ones(lat.size, dtype=bool)
        if mask in dataset.variables:
            active = variables.read(dataset[mask], own).ravel() > 0
    unknown = is_missing(lat) | is_missing(lon)
    if unknown.any() or (np.abs(lat) > 90.0).any() or (np.abs(lon) > 360.0).any():
        raise UserError(f"{path}: a cell has no latitude and longitude in degrees")
    if corners is None:
        corners = _boxes(path, lat, lon, cell_size)
    corners[..., 0] = lon[:, None] + places.short_way(corners[..., 0] - lon[:, None])
    return ElmGrid(dims, shape, lat, lon, corners, active)


def _domain(dataset: netCDF4.Dataset, path: Path | str):
    dims = dataset["xc"].dimensions
    size = [len(dataset.dimensions[d]) for d in dims]
    flat = sum(n > 1 for n in size) < 2  # ELM names an unstructured grid, one cell too, by one dimension
    names = ("gridcell",) if flat else ("lsmlat", "lsmlon")
    shape = (int(np.prod(size)),) if flat else tuple(size)
    lat, lon = (variables.read(dataset[name], dims).ravel() for name in ("yc", "xc"))
    corners = None
    if {"xv", "yv"} <= dataset.variables.keys():
        corner = next((d for d in dataset["xv"].dimensions if d not in dims), None)
        if corner is None or len(dataset.dimensions[corner]) < 3:
            raise UserError(f"{path}: xv has dimensions {dataset['xv'].dimensions}, wanted three corners or more")
        corners = np.stack(
            [variables.read(dataset[name], (*dims, corner)).reshape(lat.size, -1) for name in ("xv", "yv")], axis=-1
        )
        if is_missing(corners).any():
            raise UserError(f"{path}: xv or yv is missing for a cell")
    return names, shape, lat, lon, corners


def _boxes(path: Path | str, lat: np.ndarray, lon: np.ndarray, cell_size: float | None) -> np.ndarray:
    """[n, 4, 2] of cells on a lattice of rows and columns."""
    if cell_size is not None:
        half_lat = half_lon = np.full(lat.size, 0.5 * cell_size)
        edges = [lat - half_lat, lat + half_lat], [lon - half_lon, lon + half_lon]
    else:
        edges = _edges(path, lat, "latitude"), _edges(path, lon % 360.0, "longitude")
    (south, north), (west, east) = edges
    south, north = np.maximum(south, -90.0), np.minimum(north, 90.0)
    return np.stack(
        [np.stack(pair, axis=-1) for pair in ((west, south), (east, south), (east, north), (west, north))], axis=1
    )


def _edges(path: Path | str, centre: np.ndarray, what: str) -> list[np.ndarray]:
    """Lower and upper edge of each cell on one axis, whose centres are apart by multiples of one spacing."""
    levels = np.unique(np.round(centre, 6))
    if levels.size < 2:
        raise UserError(
            f"{path}: its cells have one {what} alone, which leaves their size open: give a domain file with corners "
            "(xv, yv), or --cell-size in degrees"
        )
    spacing = np.diff(levels).min()
    steps = np.diff(levels) / spacing
    if (np.abs(steps - np.rint(steps)) > _ROUNDING * np.rint(steps)).any():
        raise UserError(f"{path}: its cells are no lattice in {what}: give a domain file with their corners (xv, yv)")
    return [centre - 0.5 * spacing, centre + 0.5 * spacing]

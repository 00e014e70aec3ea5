"""An ELM surface dataset: texture, slope percentiles and vegetation cover of the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, LAYER_INTERFACES, N_LAYERS, SLOPE_PERCENTILES, SPVAL
from elm_landslide.offline import netcdf, places, variables
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Layout, Places
from elm_landslide.physics import root_profile

_ROUNDING = 0.01  # %, by which shares may exceed 100
_WHOLE = 1.0  # %, by which sand and clay together may exceed it: both are whole numbers in many datasets
DEFAULT_BEDROCK = round(LAYER_INTERFACES[-1], 1)  # m, that of ELM without data, 3.8 in the output
_PFTS = {f"{cover}_cover": list(pfts) for cover, pfts in root_profile.PFTS.items()}
_NEEDED = ("LATIXY", "LONGXY", "PCT_SAND", "PCT_CLAY", "SLP_P10", "PCT_NAT_PFT", "PCT_NATVEG", "PCT_CROP")


@dataclass(frozen=True)
class SurfaceFields:
    """Static fields of n places: arrays (n,) or (n, layers), named as in fields.toml; how each was derived."""

    values: dict[str, np.ndarray]
    derived: list[str]
    assumed: dict[str, np.ndarray]  # by field, where it is unknown and ELM's default replaces it [n]
    source: str  # the dataset's own global attribute
    area: np.ndarray  # km2, land of the cell, nan where unknown
    weights: tuple[np.ndarray, np.ndarray]  # of the natural-vegetation and the crop landunit (1) [n]


def read_surface(path: Path | str, layout: Layout, index: np.ndarray, slopes: bool = True) -> SurfaceFields:
    """Static fields at some places of a layout, index [n].

    Columns take the cover of their landunit (1 soil, 2 crop); of cells the natural-vegetation and crop landunits are
    averaged by PCT_NATVEG and PCT_CROP. slopes: whether the slopes must be there, and are not SPVAL without.
    """
    path = Path(path)
    with netcdf.open_dataset(path) as dataset:
        for name in _NEEDED:
            if name not in dataset.variables and (slopes or name != "SLP_P10"):
                hint = ", which elm-landslide static makes of a DEM for --static" if name == "SLP_P10" else ""
                raise UserError(
                    f"{path}: no variable {name}: not an ELM surface dataset with hillslope percentiles{hint}"
                )
        # Adapted surface datasets often have no units, and ELM itself does not read them.
        without_units = netcdf.check_units(dataset, path, may_lack=True)
        cells = cells_of(dataset, path)
        at = Places(cells, places.locate(cells, path, layout, index))
        lat, lon = layout.lat[index], layout.lon[index]

        def read(name: str, wanted: range | None = None) -> np.ndarray:
            """Values at the places [n], or [n, level] with one of the wanted numbers of levels."""
            if wanted is None:
                return at.read(dataset[name])
            level = variables.level_dimension(dataset[name], cells.dims, wanted[0])
            size = len(dataset.dimensions[level])
            if size not in wanted:
                most = f" to {wanted[-1]}" if len(wanted) > 1 else ""
                raise UserError(f"{path}: {name} has {size} values along {level}, wanted {wanted[0]}{most}")
            return at.read(dataset[name], levels=size).T

        def exactly(n: int) -> range:
            return range(n, n + 1)

        def percent(name: str, wanted: range | None = None) -> np.ndarray:
            """As read; a value outside 0 to 100 is a UserError that names its place."""
            values = read(name, wanted)
            wrong = ~is_missing(values) & ((values < 0.0) | (values > 100.0 + _ROUNDING))
            refuse(path, name, wrong, values, lat, lon, "wanted 0 to 100")
            return values

        source = str(getattr(dataset, "source", ""))
        area = land_area(dataset, at, "AREA", "LANDFRAC_PFT")
        values = {
            "sand": percent("PCT_SAND", exactly(N_LAYERS)),
            "clay": percent("PCT_CLAY", exactly(N_LAYERS)),
            "slope": np.full((len(index), len(SLOPE_PERCENTILES)), SPVAL),
        }
        if "SLP_P10" in dataset.variables:
            values["slope"] = read("SLP_P10", exactly(len(SLOPE_PERCENTILES)))
        _check_soil(path, values, lat, lon)
        pft = percent("PCT_NAT_PFT", range(root_profile.PFTS["crop"].start, root_profile.N_PFT + 1))
        natural, crop = percent("PCT_NATVEG"), percent("PCT_CROP")
        check_cover(path, pft, natural, lat, lon)
        landunit = None if layout.landunit is None else layout.landunit[index]
        weights = _weights(natural, crop, landunit)
        cover = pft_cover(pft, *weights)
        derived = [
            f"{name}: the surface dataset states no units, taken as {netcdf.UNITS[name][0]}" for name in without_units
        ]
        values["bedrock_depth"], assumed = np.full(len(index), DEFAULT_BEDROCK), {}
        if "aveDTB" in dataset.variables:
            depth = read("aveDTB")
            unknown = is_missing(depth)
            refuse(path, "aveDTB", ~unknown & (depth < 0.0), depth, lat, lon, "wanted 0 m or more")
            values["bedrock_depth"] = np.where(unknown, DEFAULT_BEDROCK, depth)
            assumed["bedrock_depth"] = unknown
            derived.append("bedrock_depth: derived as aveDTB of the surface dataset")
        else:
            derived.append(f"bedrock_depth: derived as ELM's default {DEFAULT_BEDROCK} m")
    values |= cover_fields(cover)
    by = "PCT_NAT_PFT and PCT_CROP of the surface dataset"
    derived += [f"{name}: derived as the share of its PFTs in {by}" for name in _PFTS]
    derived.append(f"root_fraction: derived as Zeng's (2001) profile with ELM's PFT parameters, averaged over {by}")
    return SurfaceFields(values, derived, assumed, source, area, weights)


def cover_fields(cover: np.ndarray) -> dict[str, np.ndarray]:
    """Covers [n] and root_fraction [n, layer] from the fraction under each PFT, cover [n, N_PFT]; SPVAL where a cell
    has neither natural vegetation nor crop landunit, or where its cover is unknown (nan)."""
    values = {name: cover[:, pfts].sum(axis=1) for name, pfts in _PFTS.items()}
    values["root_fraction"] = root_profile.root_fraction(cover, LAYER_INTERFACES)
    no_soil = ~(cover.sum(axis=1) > 0)
    for name in values:
        values[name][no_soil] = SPVAL
    return values


def land_area(dataset: netCDF4.Dataset, at: Places, area: str, share: str) -> np.ndarray:
    """Land (km2) of the cells at some places: their area times their share of land, nan where the file does not say.

    Remapping leaves areas in other units, which are unknown here.
    """
    units = str(getattr(dataset.variables.get(area), "units", "")).replace("^", "").strip()
    if units not in ("km2", "square kilometers"):
        return np.full(at.index.size, np.nan)
    parts = [at.read(dataset[name]) for name in (area, share) if name in dataset.variables]
    known = [np.where(is_missing(values) | ~(values >= 0.0), np.nan, values) for values in parts]
    return np.prod(known, axis=0)


def read_constant_fields(
    path: Path | str, names: Sequence[str], layout: Layout, index: np.ndarray
) -> dict[str, np.ndarray]:
    """Further variables of a surface dataset at some places of a layout, each [n]; missing is SPVAL."""
    with netcdf.open_dataset(path) as dataset:
        for name in (*_NEEDED[:2], *names):
            if name not in dataset.variables:
                raise UserError(f"{path}: no variable {name}; give the surface dataset of the run")
        cells = cells_of(dataset, path)
        at = Places(cells, places.locate(cells, path, layout, index))
        return {name: at.read(dataset[name]) for name in names}


def cells_of(dataset: netCDF4.Dataset, path: Path | str) -> Layout:
    """The cells: LATIXY on (gridcell) or (lsmlat, lsmlon), and dimensions of length 1."""
    dims = dataset["LATIXY"].dimensions
    horizontal = next((h for h in (("gridcell",), ("lsmlat", "lsmlon")) if set(h) <= set(dims)), None)
    if horizontal is None:
        raise UserError(f"{path}: LATIXY has dimensions {dims}, wanted (gridcell) or (lsmlat, lsmlon)")
    lat, lon = places.coordinates(dataset, path, ("LATIXY", "LONGXY"), horizontal, "the cells")
    shape = tuple(len(dataset.dimensions[d]) for d in horizontal)
    return Layout(horizontal, shape, lat, lon, np.ones(lat.size, dtype=bool))


def _check_soil(path: Path | str, values: dict[str, np.ndarray], lat: np.ndarray, lon: np.ndarray) -> None:
    """Refuse impossible texture and slopes: other units, another order, or undeclared fill values."""
    sand, clay, slope = (np.where(is_missing(values[n]), np.nan, values[n]) for n in ("sand", "clay", "slope"))
    both = sand + clay
    refuse(path, "PCT_SAND and PCT_CLAY together", both > 100.0 + _WHOLE, both, lat, lon, "wanted 100 or less")
    if both.size and np.nanmax(both, initial=-np.inf) <= 1.0 and np.nanmax(both, initial=-np.inf) > 0.0:
        raise UserError(f"{path}: PCT_SAND and PCT_CLAY are 1 together at most: fractions, wanted %")
    low, high = FIELDS["slope"].valid
    refuse(path, "SLP_P10", (slope < low) | (slope > high), slope, lat, lon, f"wanted {low:g} to {high:g} m/m")
    falls = np.diff(slope, axis=1) < 0.0
    refuse(path, "SLP_P10", falls, slope[:, 1:], lat, lon, "below its predecessor: wanted rising percentiles")


def check_cover(path: Path | str, pft: np.ndarray, natural: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> None:
    """Refuse PFTs that do not sum to 100 where there is natural vegetation; what is missing stays missing."""
    known = ~is_missing(pft).any(axis=1) & ~is_missing(natural)
    total = pft.sum(axis=1)
    refuse(
        path,
        "PCT_NAT_PFT",
        known & (natural > 0) & (np.abs(total - 100.0) > 0.1),
        total,
        lat,
        lon,
        "summed, wanted 100",
    )


def refuse(
    path: Path | str, name: str, wrong: np.ndarray, values: np.ndarray, lat: np.ndarray, lon: np.ndarray, wanted: str
) -> None:
    """UserError for the first place, of [n] or [n, level], with a wrong value."""
    if wrong.any():
        i = int(np.argmax(wrong.reshape(len(wrong), -1).any(axis=1)))
        value = values[i][wrong[i]][0] if values.ndim > 1 else values[i]
        raise UserError(f"{path}: {name} is {value:g} at lat {lat[i]:g}, lon {lon[i]:g}, {wanted}")


def _weights(natural: np.ndarray, crop: np.ndarray, landunit: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the natural-vegetation and the crop landunit in each place: they sum to 1, or to 0 without
    either, and are nan if one is missing."""
    if landunit is not None:
        return (landunit == 1) * 1.0, (landunit == 2) * 1.0
    natural, crop = (np.where(is_missing(share), np.nan, share) for share in (natural, crop))
    total = natural + crop
    return natural / np.where(total > 0, total, 1.0), crop / np.where(total > 0, total, 1.0)


def pft_cover(pft: np.ndarray, natural: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """Fraction of each place under each natural PFT, shape (n, N_PFT); crop PFTs count as the first of them.
    nan where the cover is not known."""
    cover = np.zeros((pft.shape[0], root_profile.N_PFT))
    with_plants = natural[:, None] > 0  # elsewhere their shares do not matter, given or not
    known = np.where(is_missing(pft), np.nan, pft) / 100.0
    cover[:, : pft.shape[1]] = np.where(with_plants | np.isnan(natural[:, None]), known * natural[:, None], 0.0)
    # Every PFT of the crop landunit (PCT_CFT) has the root parameters of the first crop, so their shares do not matter.
    cover[:, root_profile.PFTS["crop"].start] += crop
    return cover

"""An ELM surface dataset: texture, slope percentiles and vegetation cover of the cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide.data import netcdf
from elm_landslide.data.netcdf import Layout, Places, is_missing
from elm_landslide.errors import UserError
from elm_landslide.fields import LAYER_INTERFACES, N_LAYERS, SLOPE_PERCENTILES, SPVAL
from elm_landslide.physics import root_profile

DEFAULT_BEDROCK = 3.8  # m, ELM's depth of the hydrologically active soil
# ELM's natural PFTs by kind; further PFTs are crops.
COVERS = {
    "tree_cover": slice(1, 9),
    "shrub_cover": slice(9, 12),
    "grass_cover": slice(12, 15),
    "crop_cover": slice(15, None),
}
_NEEDED = ("LATIXY", "LONGXY", "PCT_SAND", "PCT_CLAY", "SLP_P10", "PCT_NAT_PFT", "PCT_NATVEG", "PCT_CROP")


@dataclass(frozen=True)
class SurfaceFields:
    """Static fields of n places: arrays (n,) or (n, layers), named as in fields.toml; how each was derived."""

    values: dict[str, np.ndarray]
    derived: list[str]
    source: str  # the dataset's own global attribute


def read_surface(path, lat, lon, landunit=None) -> SurfaceFields:
    """Static fields at the places.

    lat, lon: degrees, shape (n,). landunit: ELM's landunit type of each column (1 soil, 2 crop), or None for cells,
    whose natural-vegetation and crop landunits are averaged by PCT_NATVEG and PCT_CROP.
    """
    path = Path(path)
    with netcdf.open_dataset(path) as dataset:
        for name in _NEEDED:
            if name not in dataset.variables:
                raise UserError(f"{path}: no variable {name}: not an ELM surface dataset with hillslope percentiles")
        # Adapted surface datasets often lack units, and ELM itself does not look at them.
        without_units = netcdf.check_units(dataset, path, may_lack=True)
        cells = _layout(dataset, path)
        places = Places(cells, netcdf.locate(cells, path, lat, lon))

        def read(name: str, levels: int | None = None) -> np.ndarray:
            variable = dataset[name]
            if (
                variable.ndim != len(cells.dims) + (levels is not None)
                or (levels and variable.shape[0] != levels)
                or variable.dimensions[-len(cells.dims) :] != cells.dims
            ):
                raise UserError(
                    f"{path}: {name} has dimensions {variable.dimensions} {variable.shape}, "
                    f"wanted {levels or ''} values on {cells.dims}"
                )
            return places.read(variable, slice(None)).T if levels else places.read(variable)

        source = str(getattr(dataset, "source", ""))
        values = {
            "sand": read("PCT_SAND", N_LAYERS),
            "clay": read("PCT_CLAY", N_LAYERS),
            "slope": read("SLP_P10", len(SLOPE_PERCENTILES)),
        }
        n_pft = dataset["PCT_NAT_PFT"].shape[0]
        if n_pft > root_profile.N_PFT:
            raise UserError(f"{path}: PCT_NAT_PFT has {n_pft} PFTs, wanted at most {root_profile.N_PFT}")
        pft = read("PCT_NAT_PFT", n_pft) / 100.0
        natural, crop = read("PCT_NATVEG"), read("PCT_CROP")
        _check_cover(path, pft, natural, lat, lon)
        cover = _cover(pft, *_weights(natural, crop, landunit))
        derived = [
            f"{name}: the surface dataset states no units, taken as {netcdf.UNITS[name][0]}" for name in without_units
        ]
        if "aveDTB" in dataset.variables:
            depth = read("aveDTB")
            values["bedrock_depth"] = np.where(is_missing(depth), DEFAULT_BEDROCK, depth)
            derived.append(f"bedrock_depth: derived as aveDTB of the surface dataset, or {DEFAULT_BEDROCK} m")
        else:
            values["bedrock_depth"] = np.full(np.size(lat), DEFAULT_BEDROCK)
            derived.append(f"bedrock_depth: derived as ELM's default {DEFAULT_BEDROCK} m")
    for name, pfts in COVERS.items():
        values[name] = cover[:, pfts].sum(axis=1)
    values["root_fraction"] = root_profile.root_fraction(cover, LAYER_INTERFACES)
    by = "PCT_NAT_PFT and PCT_CROP of the surface dataset"
    derived += [f"{name}: derived as the share of its PFTs in {by}" for name in COVERS]
    derived.append(f"root_fraction: derived as Zeng's (2001) profile with ELM's PFT parameters, averaged over {by}")
    no_soil = cover.sum(axis=1) == 0  # a cell without natural vegetation or crop landunit
    for name in (*COVERS, "root_fraction"):
        values[name][no_soil] = SPVAL
    return SurfaceFields(values, derived, source)


def _layout(dataset, path) -> Layout:
    dims = dataset["LATIXY"].dimensions
    if dims not in (("gridcell",), ("lsmlat", "lsmlon")):
        raise UserError(f"{path}: LATIXY has dimensions {dims}, wanted (gridcell) or (lsmlat, lsmlon)")
    lat, lon = (netcdf.filled(dataset[name][:]).ravel() for name in ("LATIXY", "LONGXY"))
    return Layout(dims, dataset["LATIXY"].shape, lat, lon, np.ones(lat.size, dtype=bool))


def _check_cover(path, pft, natural, lat, lon) -> None:
    total = 100.0 * pft.sum(axis=1)
    wrong = (natural > 0) & (np.abs(total - 100.0) > 0.1)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise UserError(f"{path}: PCT_NAT_PFT sums to {total[i]:g} at lat {lat[i]:g}, lon {lon[i]:g}, wanted 100")


def _weights(natural, crop, landunit):
    """Weights of the natural-vegetation and the crop landunit in each place, summing to 1, or 0 where there is none."""
    if landunit is not None:
        return (landunit == 1) * 1.0, (landunit == 2) * 1.0
    total = natural + crop
    return natural / np.where(total > 0, total, 1.0), crop / np.where(total > 0, total, 1.0)


def _cover(pft, natural, crop) -> np.ndarray:
    """Fraction of each place under each natural PFT, shape (n, N_PFT); crop PFTs count as the first of them."""
    cover = np.zeros((pft.shape[0], root_profile.N_PFT))
    cover[:, : pft.shape[1]] = pft * natural[:, None]
    # Every PFT of the crop landunit (PCT_CFT) has the root parameters of the first crop, so their shares do not matter.
    cover[:, root_profile.FIRST_CROP] += crop
    return cover

"""Cuts the samples of the package from our own ELM runs.

    python -m support.cut_sample SOURCE_DIR OUT_DIR  # in tests/

SOURCE_DIR holds susquehanna32.elm.h{0,1}.*.nc and steepstorm1.elm.h{0,1}.*.nc. The variables that the readers use
are copied as they are. The surface files are drawn here: nothing is taken from any surface dataset.
"""

from __future__ import annotations

import sys
from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.fields import SLOPE_PERCENTILES
from elm_landslide.offline.history_files import CONSTANTS
from elm_landslide.offline.samples import SITES
from elm_landslide.physics import pedotransfer

SYNTHETIC = "synthetic, drawn by the ELM-Landslide project"
SEED = 20240607
_PLACES = ("lat", "lon", "landmask", "area")
_TIME = ("time", "time_bounds", "mcdate", "mcsec")
_STATES = (
    "SOILLIQ",
    "SOILICE",
    "ZWT",
    "ZWT_PERCH",
    "FROST_TABLE",
    "QOVER",
    "QDRAI",
    "QDRAI_PERCH",
    "QINFL",
    "TLAI",
    "RAIN",
)
_MEANS = ("RAIN", "SNOW", "TBOT")
_MORE_CONSTANTS = ("HKSAT",)


def cut(source: Path, out: Path, names) -> None:
    """Copy the named variables of a history file, with their dimensions and attributes, compressed."""
    with netCDF4.Dataset(str(source)) as old, netCDF4.Dataset(str(out), "w") as new:
        new.setncatts({a: old.getncattr(a) for a in old.ncattrs()})
        new.comment = "cut of an ELM run by the ELM-Landslide project: some variables, values as written by ELM"
        for name in names:
            variable = old[name]
            for dim in variable.dimensions:
                if dim not in new.dimensions:
                    new.createDimension(dim, None if old.dimensions[dim].isunlimited() else len(old.dimensions[dim]))
            copy = new.createVariable(
                name,
                variable.dtype,
                variable.dimensions,
                zlib=True,
                complevel=9,
                shuffle=True,
                fill_value=getattr(variable, "_FillValue", None),
                chunksizes=variable.shape or None,
            )
            copy.setncatts({a: variable.getncattr(a) for a in variable.ncattrs() if a != "_FillValue"})
            copy[:] = variable[:]


def draw_surface(site: str, constants: Path, out: Path) -> None:
    """Draw a surface file for the cells of a history file; texture is what its soil constants imply."""
    with netCDF4.Dataset(str(constants)) as history:
        lat, lon = history["lat"][:], history["lon"][:]
        # The deepest layer holds no organic matter.
        sand, clay = pedotransfer.texture(history["WATSAT"][-1].astype(float), history["BSW"][-1].astype(float))
    draw = np.random.default_rng(SEED)
    slope = _steep_slopes(len(lat)) if site == "steep" else _gentle_slopes(draw, len(lat))
    with netCDF4.Dataset(str(out), "w") as new:
        new.title = f"ELM surface dataset of the sample site {site}: {SYNTHETIC}"
        new.source = SYNTHETIC
        for dim, size in (("gridcell", len(lat)), ("nlevsoi", 10), ("nlevslp", len(SLOPE_PERCENTILES)), ("natpft", 17)):
            new.createDimension(dim, size)

        def add(name, dims, values, units, long_name):
            variable = new.createVariable(name, "f8", dims, zlib=True)
            variable.setncatts({"long_name": f"{long_name} ({SYNTHETIC})", "units": units})
            variable[:] = values

        cells = ("gridcell",)
        add("LATIXY", cells, lat, "degrees north", "latitude")
        add("LONGXY", cells, lon, "degrees east", "longitude")
        add("PCT_SAND", ("nlevsoi", *cells), np.tile(np.rint(sand), (10, 1)), "unitless", "percent sand")
        add("PCT_CLAY", ("nlevsoi", *cells), np.tile(np.rint(clay), (10, 1)), "unitless", "percent clay")
        add("SLP_P10", ("nlevslp", *cells), slope.T, "km km^-1", "slope at the percentiles 0, 10, ..., 100")
        add(
            "PCT_NAT_PFT",
            ("natpft", *cells),
            _cover(site, draw, len(lat)).T,
            "unitless",
            "percent plant functional type on the natural vegetation landunit",
        )
        add("PCT_NATVEG", cells, np.full(len(lat), 100.0), "unitless", "percent natural vegetation landunit")
        add("PCT_CROP", cells, np.zeros(len(lat)), "unitless", "percent crop landunit")


def _quantiles(median, p90, top) -> np.ndarray:
    """Slopes (m/m) at the 11 percentiles: smooth up to the 90th, then a tail to the steepest; angles in degrees."""
    share = np.array(SLOPE_PERCENTILES[:-1]) / 100.0
    power = np.log(p90 / median) / np.log(0.9 / 0.5)
    angle = np.append(p90 * (share / 0.9) ** power, top)
    return np.tan(np.radians(angle))


def _gentle_slopes(draw, n: int) -> np.ndarray:
    """Gentle hills, shape (n, 11): median 4 to 6 degrees, 90th percentile 8 to 17, steepest 20 to 38."""
    return np.array([_quantiles(draw.uniform(4, 6), draw.uniform(8, 17), draw.uniform(20, 38)) for _ in range(n)])


def _steep_slopes(n: int) -> np.ndarray:
    """A steep mountain side, shape (n, 11): median 30 degrees, 90th percentile 44, steepest 52."""
    return np.tile(_quantiles(30.0, 44.0, 52.0), (n, 1))


def _cover(site: str, draw, n: int) -> np.ndarray:
    """Percent of the 17 natural PFTs, shape (n, 17), whole numbers that sum to 100."""
    cover = np.zeros((n, 17))
    if site == "steep":
        cover[:, [1, 7, 13]] = 75.0, 15.0, 10.0  # needleleaf, broadleaf deciduous, grass
        return cover
    cover[:, 0] = draw.integers(0, 4, n)
    cover[:, 1] = draw.integers(5, 16, n)
    cover[:, 7] = draw.integers(20, 61, n)
    cover[:, 13] = draw.integers(8, 18, n)
    cover[:, 15] = 100.0 - cover.sum(axis=1)
    return cover


def main(source: Path, out: Path) -> None:
    """Cut both sites of the sample from the runs in `source` into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    for site, case in SITES.items():
        for tape, names in (("h1", _STATES), ("h0", (*CONSTANTS, *_MORE_CONSTANTS, *_MEANS))):
            path = next(source.glob(f"{case}.elm.{tape}.*.nc"))
            cut(path, out / path.name, (*_TIME, *_PLACES, *names))
        draw_surface(site, next(out.glob(f"{case}.elm.h0.*.nc")), out / f"surface_{site}.nc")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m support.cut_sample SOURCE_DIR OUT_DIR")
    main(Path(sys.argv[1]), Path(sys.argv[2]))

# %% [markdown]
# # From a DEM to a map of landslide probability
#
# Each `# %%` is a cell: open this file as a notebook in an editor that supports them, or run it:
#
#     python docs/land_surface.py srtm_boulder_90m.asc EPSG:4326
#
# It takes any DEM of some kilometres. The weather is the same everywhere, that of the steep sample, so that the map
# shows what terrain alone does. It writes `static.nc`, `landslide.nc`, `land_surface.png` and `resolution.json` to the
# current folder. `pip install '.[plot,static]' xarray`.

# %% Imports
import json
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import LightSource, LogNorm

from elm_landslide.offline import driver
from elm_landslide.offline.samples import sample_inputs
from elm_landslide.static.build import Sources, build
from elm_landslide.static.pixels import pixels
from elm_landslide.static.rasters import open_dem
from elm_landslide.static.terrain import at_resolution
from elm_landslide.static.windows import cell_size

DEM, CRS, CELL = sys.argv[1], sys.argv[2], 0.01  # degrees, of the ELM grid

# %% An ELM grid
# Yours is a surface dataset or a domain file. Here: small cells over the DEM, with the soil and the vegetation of the
# sample and no slopes.
dem = open_dem(DEM, CRS)
assert dem.geographic, "this example takes a DEM in degrees"
west, south = dem.x0, dem.y0 - dem.shape[0] * dem.dy
lon = west + CELL * (np.arange(int(dem.shape[1] * dem.dx / CELL)) + 0.5)
lat = south + CELL * (np.arange(int(dem.shape[0] * dem.dy / CELL)) + 0.5)
sample = sample_inputs("steep")


def everywhere(path, cell: str, to: tuple[str, str]) -> xr.Dataset:
    """The one cell of a file of the sample, on all cells of the grid."""
    one = xr.open_dataset(path, decode_times=False).drop_vars(["lat", "lon"], errors="ignore")
    cells = dict(zip(to, (lat.size, lon.size), strict=True))
    spread = {
        name: values.isel({cell: 0}).expand_dims(cells, axis=(-2, -1)) if cell in values.dims else values
        for name, values in one.data_vars.items()
    }
    return xr.Dataset(spread, attrs=one.attrs)


surface = everywhere(sample.surface, "gridcell", ("lsmlat", "lsmlon")).drop_vars("SLP_P10")
surface["LATIXY"] = ("lsmlat", "lsmlon"), np.repeat(lat[:, None], lon.size, axis=1)
surface["LONGXY"] = ("lsmlat", "lsmlon"), np.repeat(lon[None] % 360, lat.size, axis=0)
surface.to_netcdf("surface.nc")

# %% The static fields
# The command line does the same:
#
#     elm-landslide static --grid surface.nc --dem srtm_boulder_90m.asc --crs EPSG:4326 --out static.nc
result = build(Sources("surface.nc", DEM, crs=CRS), Path("static.nc"), lambda *stage: None, overwrite=True)
print(*result.notes, sep="\n")

# %% A run with them
history = []
for number, path in enumerate((*sample.history, *sample.constants)):
    tape = everywhere(path, "lndgrid", ("lat", "lon"))
    tape["lat"], tape["lon"] = ("lat", lat), ("lon", lon % 360)
    tape.to_netcdf(f"history{number}.nc")
    history.append(f"history{number}.nc")
inputs = replace(sample, history=history[:1], constants=history[1:], surface="surface.nc", static="static.nc")
summary = driver.run(inputs, "landslide.nc", overwrite=True)
print(f"{summary.n_columns} cells, {summary.n_records} records, flags {summary.flags}")

# %% Figures
# Slope and wetness of every cell of the DEM, and the highest probability of each cell of the grid on a hillshade.
ground, landslide = pixels(dem), xr.open_dataset("landslide.nc")
highest = landslide.LANDSLIDE_PROB.where(landslide.LANDSLIDE_FLAG < 2).max("time").values
shade = LightSource(azdeg=315, altdeg=45).hillshade(ground.elevation, dx=90, dy=90, vert_exag=2)
figure, axes = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained", sharey=True)
panels = (
    ("slope (m/m)", ground.slope, ground.extent, {"cmap": "YlOrBr", "vmax": 0.8, "alpha": 1.0}),
    ("wetness index (ln m)", ground.wetness, ground.extent, {"cmap": "YlGnBu", "vmin": 4, "vmax": 12, "alpha": 1.0}),
    (
        "highest LANDSLIDE_PROB",
        highest[::-1],
        (west, west + CELL * lon.size, south, south + CELL * lat.size),
        {"cmap": "inferno_r", "norm": LogNorm(1e-4, 0.3), "alpha": 0.6},
    ),
)
for axis, (title, values, extent, style) in zip(axes, panels, strict=True):
    axis.imshow(shade, cmap="gray", extent=ground.extent, aspect=1 / np.cos(np.radians(lat.mean())))
    image = axis.imshow(values, extent=extent, aspect=1 / np.cos(np.radians(lat.mean())), **style)
    figure.colorbar(image, ax=axis, label=title, shrink=0.85)
    axis.set(xlabel="longitude", xlim=ground.extent[:2], ylim=ground.extent[2:])
axes[0].set_ylabel("latitude")
figure.savefig("land_surface.png", dpi=110)

# %% How slopes depend on the map
# The same ground in coarser cells: its slopes over those of the finest, as they are and corrected to its resolution.
quantiles = np.linspace(0.1, 0.9, 9)


def slopes(block: int) -> np.ndarray:
    return np.nanquantile(pixels(dem.coarser(block) if block > 1 else dem).slope, quantiles)


finest, size, table = slopes(1), cell_size(dem), {}
for block in (2, 3):
    own, twice = slopes(block), slopes(2 * block)
    corrected = at_resolution(own, twice, block * size, size)
    table[f"{block * size:.0f} m"] = {
        "over the finest": np.round(own / finest, 3).tolist(),
        "corrected": np.round(corrected / finest, 3).tolist(),
    }
content = {"map": Path(DEM).name, "cell": round(size, 1), "quantiles": quantiles.round(1).tolist(), "slopes": table}
Path("resolution.json").write_text(json.dumps(content, indent=1) + "\n")
print(json.dumps(content, indent=1))

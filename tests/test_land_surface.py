"""docs/land_surface.py goes from a DEM to a map: of the shared SRTM where that is there, else of made ground."""

import json
import runpy
import sys
from pathlib import Path

import netCDF4
import numpy as np

from support import maps

ROOT = Path(__file__).parents[1]
SCRIPT, SHARED = ROOT / "docs" / "land_surface.py", ROOT.parent / "shared" / "data" / "landlab" / "srtm_boulder_90m.asc"


def test_the_example_of_the_land_surface(tmp_path, monkeypatch):
    dem = str(SHARED)
    if not SHARED.exists():
        relief = np.linspace(0.05, 1.0, 120)  # from plains in the west to mountains in the east
        ground = 1500.0 + relief * (maps.hills(120, width=4.0, height=3000.0) - 1500.0)
        dem = maps.write_map(tmp_path / "dem.tif", ground, "EPSG:4326", (-105.55, 40.21), 1 / 1200)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), dem, "EPSG:4326"])
    runpy.run_path(str(SCRIPT))
    assert Path("land_surface.png").stat().st_size > 10_000
    with netCDF4.Dataset("landslide.nc") as out, netCDF4.Dataset("static.nc") as static:
        highest = np.ma.max(out["LANDSLIDE_PROB"][:], axis=0)
        steep = static["SLP_P10"][9]
        assert highest.shape == steep.shape
        order = np.corrcoef(np.log(highest.ravel() + 1e-6), np.log(steep.ravel()))[0, 1]
        assert order > 0.8  # the weather is the same everywhere: the terrain decides
        assert "slope: derived as SLP_P10 of static.nc" in out.derived
    table = json.loads(Path("resolution.json").read_text())["slopes"]
    for row in table.values():
        assert np.mean(row["over the finest"]) < 1.0  # coarser maps are gentler
    if SHARED.exists():  # real ground, whose figures are in the README
        for row in table.values():
            plain, corrected = (np.abs(np.array(row[name]) - 1.0).mean() for name in ("over the finest", "corrected"))
            assert corrected < 0.5 * plain
        wanted = json.loads((ROOT / "docs" / "results" / "resolution.json").read_text())
        assert table == wanted["slopes"]

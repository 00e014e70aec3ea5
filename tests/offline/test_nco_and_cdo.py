"""The output as the tools of the ecosystem read it: NCO (ncra, ncwa, ncremap), CDO and xarray."""

import shutil
import subprocess

import netCDF4
import numpy as np
import pytest

from elm_landslide.offline import driver
from elm_landslide.offline.samples import sample_inputs
from support import elm_files

NAMES = ("LANDSLIDE_PROB", "LANDSLIDE_FOS", "LANDSLIDE_HAZARD")
WEST, EAST, SOUTH, NORTH = 282.5, 284.0, 40.0, 41.0  # of the six cells of elm_files


def tool(*words):
    """Runs a program, which is skipped where it is not installed."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed (Debian packages nco and cdo)")
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(path, name="LANDSLIDE_PROB"):
    with netCDF4.Dataset(str(path)) as file:
        return np.ma.filled(file[name][:].astype(float), np.nan)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The sample of ELM's own output: 32 cells with areas, 480 records."""
    out = tmp_path_factory.mktemp("real") / "landslide.nc"
    driver.run(sample_inputs("susquehanna"), out)
    return out


@pytest.fixture(scope="module")
def gridded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gridded")
    driver.run(elm_files.Case(folder, "gridded").inputs(), folder / "out.nc")
    return folder / "out.nc"


@pytest.mark.parametrize("name", NAMES)
def test_means_over_time(real, tmp_path, name):
    """ncra, of which ncclimo makes climatologies."""
    tool("ncra", "-O", "-v", name, real, tmp_path / "mean.nc")
    np.testing.assert_allclose(read(tmp_path / "mean.nc", name)[0], np.nanmean(read(real, name), axis=0), rtol=1e-12)


def test_means_over_the_area(real, tmp_path):
    """By the area of the cells, which cell_measures names."""
    wanted = (read(real) * read(real, "area")).sum(1) / read(real, "area").sum()
    tool("ncwa", "-O", "-a", "lndgrid", "-w", "area", "-v", "LANDSLIDE_PROB", real, tmp_path / "nco.nc")
    np.testing.assert_allclose(read(tmp_path / "nco.nc"), wanted, rtol=1e-12)
    tool("cdo", "-s", "-O", "fldmean", "-selname,LANDSLIDE_PROB", real, tmp_path / "cdo.nc")
    np.testing.assert_allclose(read(tmp_path / "cdo.nc").ravel(), wanted, rtol=1e-6)  # area is in single precision


def test_days_and_months(real, tmp_path):
    """By the calendar of the file; a state at midnight belongs to the day that begins."""
    with netCDF4.Dataset(str(real)) as file:
        dates = netCDF4.num2date(file["time"][:], file["time"].units, file["time"].calendar)
    days, months = (np.array([getattr(d, name) for d in dates]) for name in ("dayofyr", "month"))
    for operator, group, best in (("daymax", days, np.max), ("ymonmean", months, np.mean)):
        tool("cdo", "-s", "-O", operator, "-selname,LANDSLIDE_PROB", real, tmp_path / f"{operator}.nc")
        wanted = [best(read(real)[group == k], axis=0) for k in np.unique(group)]
        np.testing.assert_allclose(read(tmp_path / f"{operator}.nc"), wanted, rtol=1e-12)


def test_conservative_regridding(gridded, tmp_path):
    """Onto one cell that holds all six: the mean over the sphere."""
    weight = np.diff(np.sin(np.radians([SOUTH, 40.5, NORTH])))[:, None] * np.ones(3)
    wanted = (read(gridded) * weight).sum((1, 2)) / weight.sum()
    grid, out = tmp_path / "grid.nc", tmp_path / "nco.nc"
    tool("ncremap", "--no_stdin", "-g", grid, "-G", f"latlon=1,1#snwe={SOUTH},{NORTH},{WEST},{EAST}")
    tool("ncremap", "--no_stdin", "-a", "nco_con", "-i", gridded, "-g", grid, "-o", out)
    np.testing.assert_allclose(read(out).ravel(), wanted, rtol=1e-9)
    lines = [
        "gridtype = lonlat",
        "xsize = 1",
        "ysize = 1",
        "xfirst = 283.25",
        "xinc = 1.5",
        "yfirst = 40.5",
        "yinc = 1",
    ]
    lines += [f"xbounds = {WEST} {EAST}", f"ybounds = {SOUTH} {NORTH}"]
    (tmp_path / "grid.txt").write_text("\n".join(lines))
    remap = f"remapcon,{tmp_path / 'grid.txt'}"
    tool("cdo", "-s", "-O", remap, "-selname,LANDSLIDE_PROB", gridded, tmp_path / "cdo.nc")
    np.testing.assert_allclose(read(tmp_path / "cdo.nc").ravel(), wanted, rtol=1e-9)


def test_xarray_opens_it(real, gridded):
    """With times decoded, coordinates found and missing values masked."""
    xarray = pytest.importorskip("xarray", reason="xarray is not installed")
    for path, dims in ((real, ("time", "lndgrid")), (gridded, ("time", "lat", "lon"))):
        with xarray.open_dataset(path) as ds:
            assert ds.LANDSLIDE_PROB.dims == dims
            assert {"lat", "lon", "time"} <= set(ds.LANDSLIDE_PROB.coords)
            assert ds.indexes["time"].is_monotonic_increasing
            np.testing.assert_array_equal(ds.LANDSLIDE_PROB.values, read(path))

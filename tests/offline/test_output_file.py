"""The file that a run writes: what conventions ask, and what a reader needs to know of its making."""

import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from elm_landslide.fields import SPVAL
from elm_landslide.offline import driver, output
from support import elm_files


def made(case, out, **options):
    driver.run(case.inputs(), out, **options)
    return out


def with_area(case, dims):
    for path in (case.h0, case.h1):
        with netCDF4.Dataset(str(path), "a") as file:
            shape = [len(file.dimensions[d]) for d in dims]
            file.createVariable("area", "f4", dims, fill_value=np.float32(1e36))[...] = np.full(shape, 2500.0)
            file["area"].units = "km^2"


@pytest.mark.parametrize("kind", ["unstructured", "gridded", "column"])
def test_cf_and_acdd(tmp_path, kind):
    """By the checker of IOOS: nothing against CF; of ACDD what it highly recommends, but for standard names, which CF
    does not have for these quantities."""
    case = elm_files.Case(tmp_path, kind)
    if kind != "column":
        with_area(case, {"unstructured": ("lndgrid",), "gridded": ("lat", "lon")}[kind])
    out = made(case, tmp_path / "out.nc")
    checker = Path(sys.executable).with_name("compliance-checker")
    cf = subprocess.run([checker, "-t", "cf:1.8", out], capture_output=True, text=True)
    assert "All tests passed!" in cf.stdout, cf.stdout
    acdd = subprocess.run([checker, "-t", "acdd", out], capture_output=True, text=True).stdout
    highly = acdd.split("Highly Recommended")[1].split("Recommended\n")[0]
    for word in ("Conventions", "keywords", "summary", "title"):
        assert word not in highly, highly
    with netCDF4.Dataset(str(out)) as file:
        assert not any("_FillValue" in file[d].ncattrs() for d in file.dimensions if d in file.variables)


def test_a_file_that_the_checker_would_refuse(tmp_path):
    """The checker sees what CF forbids: the test above can fail."""
    out = made(elm_files.Case(tmp_path, "gridded"), tmp_path / "out.nc")
    bad = elm_files.rewrite(out, elm_files.with_attributes("lat", _FillValue=np.float32(1e36)), tmp_path / "bad.nc")
    checker = Path(sys.executable).with_name("compliance-checker")
    assert (
        "All tests passed!" not in subprocess.run([checker, "-t", "cf:1.8", bad], capture_output=True, text=True).stdout
    )


def test_cells_of_a_grid_have_bounds_and_areas(tmp_path):
    case = elm_files.Case(tmp_path, "gridded")
    with_area(case, ("lat", "lon"))
    with netCDF4.Dataset(str(made(case, tmp_path / "out.nc"))) as file:
        np.testing.assert_allclose(file["lat_bnds"][:], [[40.0, 40.5], [40.5, 41.0]])
        np.testing.assert_allclose(file["lon_bnds"][:], [[282.5, 283.0], [283.0, 283.5], [283.5, 284.0]])
        assert (file["lat"].bounds, file["lon"].bounds) == ("lat_bnds", "lon_bnds")
        assert file["LANDSLIDE_PROB"].cell_measures == "area: area"
        assert file["area"].standard_name == "cell_area"


def test_latitudes_end_at_the_poles(tmp_path):
    case = elm_files.Case(tmp_path, "gridded")
    for path in (case.h0, case.h1):
        with netCDF4.Dataset(str(path), "a") as file:
            file["lat"][:] = [90.0, 0.0]
    elm_files.write_surface(case.surface, gridded=True, change={"LATIXY": np.repeat([90.0, 0.0], 3)})
    with netCDF4.Dataset(str(made(case, tmp_path / "out.nc"))) as file:
        np.testing.assert_allclose(file["lat_bnds"][:], [[90.0, 45.0], [45.0, -45.0]])


def test_what_made_the_file_is_kept(tmp_path):
    """The command, the history of the input and its case."""
    case = elm_files.Case(tmp_path)
    with netCDF4.Dataset(str(case.h1), "a") as file:
        file.setncatts({"history": "2025 ncks -d time,0,8\n2024 ELM", "case": "steep.i", "institution": "a centre"})
    out = tmp_path / "out.nc"
    words = [str(w) for w in case.run(out)]
    subprocess.run([sys.executable, "-m", "elm_landslide.commands.main", *words], check=True, capture_output=True)
    with netCDF4.Dataset(str(out)) as file:
        first, *before = file.history.split("\n")
        assert first.split(maxsplit=1)[1] == " ".join(["elm-landslide", *words])
        assert before == ["2025 ncks -d time,0,8", "2024 ELM"]
        assert (file.case, file.institution) == ("steep.i", "a centre")
        assert (file.time_coverage_start, file.time_coverage_end) == ("2000-01-11T06:00:00", "2000-01-13T00:00:00")
        assert "soil thins with slope" in file["LANDSLIDE_FOS"].comment


def test_a_mask_with_missing_values_is_copied(tmp_path):
    case = elm_files.Case(tmp_path)
    for path in (case.h0, case.h1):
        with netCDF4.Dataset(str(path), "a") as file:
            file.createVariable("landmask", "i4", ("lndgrid",), fill_value=-9999)[:] = np.ma.masked_equal(
                [9, 1, 1, 1, 1, 0], 9
            )
    with netCDF4.Dataset(str(made(case, tmp_path / "out.nc"))) as file:
        assert file["landmask"][:].tolist() == [None, 1, 1, 1, 1, 0]
        file.set_auto_mask(False)
        assert (file["LANDSLIDE_PROB"][:, [0, 5]] == SPVAL).all()
        assert (file["LANDSLIDE_PROB"][:, 1:5] < 1).all()


def test_a_series_plots_as_the_readme_shows(tmp_path):
    """xarray on ELM's noleap calendar, with nc-time-axis."""
    import matplotlib

    matplotlib.use("agg")
    out = made(elm_files.Case(tmp_path), tmp_path / "out.nc")
    with xr.open_dataset(out) as ds:
        (line,) = ds.LANDSLIDE_PROB.isel(lndgrid=0).plot()
        assert len(line.get_xdata()) == 8
        assert ds.LANDSLIDE_PROB.where(ds.LANDSLIDE_FLAG < 2).resample(time="1D").max().sizes["time"] == 3


def test_packed_places_are_written_whole(tmp_path):
    """i2 with scale_factor and add_offset, as ncpdq leaves them: the places are those that were read."""
    case = elm_files.Case(tmp_path)

    def edit(name, dims, data, attributes):
        if name not in ("lat", "lon"):
            return dims, data, attributes
        offset = float(data.mean())
        return dims, np.rint((data - offset) / 0.25).astype("i2"), {"scale_factor": 0.25, "add_offset": offset}

    for path in (case.h0, case.h1):
        elm_files.rewrite(path, edit)
    with netCDF4.Dataset(str(made(case, tmp_path / "out.nc"))) as file:
        np.testing.assert_allclose(file["lat"][:], np.repeat(elm_files.LAT, 3))
        np.testing.assert_allclose(file["lon"][:], np.tile(elm_files.LON, 2))


def test_a_byte_mask_with_a_missing_value_is_copied(tmp_path):
    case = elm_files.Case(tmp_path)
    for path in (case.h0, case.h1):
        with netCDF4.Dataset(str(path), "a") as file:
            file.createVariable("landmask", "i1", ("lndgrid",), fill_value=-1)[:] = np.array([1, 1, 1, 1, 1, -1])
    with netCDF4.Dataset(str(made(case, tmp_path / "out.nc"))) as file:
        assert file["landmask"][:].tolist() == [1, 1, 1, 1, 1, None]


@pytest.mark.parametrize(
    ("lon", "west", "east"),
    [
        ([10.0, 20.0], 10.0, 20.0),
        ([179.0, 181.0, 183.0], 179.0, -177.0),
        ([5.0], 5.0, 5.0),
        ([359.0, 1.0], -1.0, 1.0),
    ],
)
def test_the_span_of_longitudes(lon, west, east):
    assert output._span(np.array(lon)) == (west, east)

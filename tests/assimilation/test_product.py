"""Satellite files by the conventions of ESA CCI and SMAP: which values are read, and on which day and place."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.assimilation import product, series
from elm_landslide.assimilation.days import days_of
from elm_landslide.assimilation.regrid import Cells
from elm_landslide.errors import UserError
from support import satellite_files as made
from support.elm_files import LAT, LON, N

DAYS = made.FIRST + np.array([0, 1, 2])
LAT2, LON2 = (a.ravel() for a in np.meshgrid(LAT, LON, indexing="ij"))
CELLS = Cells(LAT2, LON2, np.full(N, 0.25), np.full(N, 0.25))
TRUTH = 0.1 + 0.1 * np.arange(3)[:, None] + 0.01 * np.arange(N)  # [day, cell]


def read(*paths, name=None):
    daily, number = series.read_product(list(paths), CELLS, "surfdata.nc", name)
    return daily, number


def test_esa_cci(tmp_path):
    """Fill values and flags are missing; the north comes first, longitudes are below 0; four cells to one."""
    grid = made.on_quarters(TRUTH)
    flag = np.zeros(grid.shape)
    flag[1, made.CCI_LAT < 40.5] = 1  # snow or frost on the second day in the south
    daily, number = read(made.write_cci(tmp_path / "cci.nc", DAYS, grid, flag))
    assert daily.days.tolist() == DAYS.tolist()
    np.testing.assert_allclose(daily.values[[0, 2]], TRUTH[[0, 2]], rtol=1e-6)
    assert np.isnan(daily.values[1, LAT2 < 40.5]).all()
    np.testing.assert_allclose(daily.values[1, LAT2 > 40.5], TRUTH[1, LAT2 > 40.5], rtol=1e-6)
    assert (number == 4).all()
    assert "6 cells, 6 of them means of up to 4 cells" in daily.notes[0]


@pytest.mark.parametrize("change", ["south first", "0 to 360", "packed", "days in files", "turned"])
def test_the_same_product_in_other_ways(tmp_path, change):
    grid, lat, lon = made.on_quarters(TRUTH), made.CCI_LAT, made.CCI_LON
    paths = [tmp_path / "cci.nc"]
    if change == "south first":
        made.write_cci(paths[0], DAYS, grid[:, ::-1], lat=lat[::-1])
    elif change == "0 to 360":
        made.write_cci(paths[0], DAYS, grid, lon=lon + 360.0)
    elif change == "packed":
        made.write_cci(paths[0], DAYS, grid, packed=True)
    elif change == "days in files":
        paths = [made.write_cci(tmp_path / f"{d}.nc", DAYS[i : i + 1], grid[i : i + 1]) for i, d in enumerate(DAYS)]
        paths = paths[::-1]
    else:
        made.write_cci(paths[0], DAYS, grid)
        with netCDF4.Dataset(str(paths[0])) as old, netCDF4.Dataset(str(tmp_path / "turned.nc"), "w") as new:
            for name, dim in old.dimensions.items():
                new.createDimension(name, len(dim))
            for name in ("time", "lat", "lon", "sm"):
                dims = old[name].dimensions[::-1]
                fill = getattr(old[name], "_FillValue", None)
                copy = new.createVariable(name, old[name].dtype, dims, fill_value=fill)
                copy.setncatts({a: old[name].getncattr(a) for a in old[name].ncattrs() if a != "_FillValue"})
                copy[...] = old[name][...].transpose()
        paths = [tmp_path / "turned.nc"]
    np.testing.assert_allclose(read(*paths)[0].values, TRUTH, atol=1e-4 if change == "packed" else 1e-6)


def ease():
    """Centres [y, x] of a grid whose rows and columns are not those of the cells."""
    return np.meshgrid(np.linspace(41.5, 39.5, 17), np.linspace(-78.0, -75.5, 21), indexing="ij")


def smap_values(truth, lat, lon):
    """[y, x] of the cell in which a centre lies, nan elsewhere."""
    values = np.full(lat.shape, np.nan)
    for cell in range(N):
        inside = (np.abs(lat - LAT2[cell]) < 0.25) & (np.abs(lon + 360.0 - LON2[cell]) < 0.25)
        values[inside] = truth[cell]
    return values


def test_smap_granules(tmp_path):
    """A file a day: the morning's group, 2-D coordinates that are missing with the values, bit 0 of the quality flag,
    the day from the metadata."""
    lat, lon = ease()
    paths = []
    for i, day in enumerate(DAYS):
        values = smap_values(TRUTH[i], lat, lon)
        bad = np.arange(lat.shape[1]) % 2 == 0
        quality = np.where(bad, 9, 8) * np.ones(lat.shape)  # bit 0: not recommended; 8 is another bit
        values[0] = np.nan
        values[:, bad] += 0.3
        paths.append(made.write_smap(tmp_path / f"SMAP_{i}.h5", day, lat, lon, values, quality))
    daily, number = read(*paths)
    assert daily.days.tolist() == DAYS.tolist()
    np.testing.assert_allclose(daily.values, TRUTH, rtol=1e-6)
    assert (number > 0).all()
    evening, _ = read(*paths, name="Soil_Moisture_Retrieval_Data_PM/soil_moisture_pm")
    np.testing.assert_allclose(evening.values, TRUTH + 0.1, rtol=1e-6)
    assert (number >= 4).all()


def test_images_of_one_day_are_averaged(tmp_path):
    """SMAP L4 every three hours: each hour counts; the variable is a group below its coordinates."""
    lat, lon = ease()
    start = (
        (np.datetime64("2001-01-01T01:30") - np.datetime64("2000-01-01T11:58:56")).astype("timedelta64[s]").astype(int)
    )
    paths = []
    for i in range(16):
        values = smap_values(TRUTH[i // 8] + (0.05 if i % 2 else -0.05), lat, lon)
        paths.append(made.write_smap_l4(tmp_path / f"{i}.h5", float(start + 10800 * i), lat, lon, values))
    daily, _ = read(*paths)
    assert daily.days.tolist() == DAYS[:2].tolist()
    np.testing.assert_allclose(daily.values, TRUTH[:2], rtol=1e-5)


def test_a_leap_day_is_a_day_of_the_satellite_only():
    from elm_landslide.offline.times import TimeAxis

    world = TimeAxis.named("days since 1970-01-01", "standard")
    model = TimeAxis.named("days since 2000-01-01", "noleap")
    leap = (np.datetime64("2004-02-28") - made.EPOCH).astype(int)
    ours = days_of(np.array([4 * 365 + 58.0, 4 * 365 + 59.0]), model)
    assert ours.tolist() == [leap, leap + 2]  # the 28th of February and the 1st of March
    assert days_of(np.array([leap + 1.0]), world).tolist() == [leap + 1]


def bad(tmp_path, **changes):
    grid = changes.pop("grid", made.on_quarters(TRUTH))
    return made.write_cci(tmp_path / "bad.nc", changes.pop("days", DAYS), grid, **changes)


BAD = {
    "saturation": ({"units": "percent"}, "sm has units 'percent', wanted 'm3 m-3'"),
    "no units": ({"units": None}, "sm has units '', wanted 'm3 m-3'"),
    "no time": ({"time": None}, "no time axis: no variable time for sm"),
    "another name": (
        {"name": "wetness"},
        "no variable sm, soil_moisture, sm_surface, sm_surface_analysis or ssm: name",
    ),
    "above 1": ({"grid": made.on_quarters(100.0 * TRUTH)}, "sm is 13 at lat 40.875, lon -77.375, wanted 0 to 1 m3/m3"),
    "no fill value": (
        {"fill": -1.0, "grid": np.nan_to_num(made.on_quarters(TRUTH), nan=-9999.0)},
        "sm is -9999 at lat",
    ),
    "elsewhere": ({"lat": made.CCI_LAT - 20.0}, "no overlap; give the product of that region"),
    "months": (
        {"days": made.FIRST + np.array([0, 31, 59])},
        "its images lie 29.5 days apart: wanted those of single days",
    ),
    "no latitude": ({"lat": np.full(8, np.nan)}, "it has no cell, those of surfdata.nc at"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_what_is_no_daily_soil_moisture_is_refused(tmp_path, changes, message):
    path = bad(tmp_path, **changes)
    with pytest.raises(UserError) as refused:
        read(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_granule_without_a_day_is_refused(tmp_path):
    lat, lon = ease()
    path = made.write_smap(tmp_path / "smap.h5", DAYS[0], lat, lon, smap_values(TRUTH[0], lat, lon), time=None)
    with pytest.raises(UserError, match="nor rangeBeginningDateTime in Metadata/Extent"):
        read(path)


def test_a_variable_that_is_not_there_names_those_that_are(tmp_path):
    path = bad(tmp_path, name="wetness")
    with pytest.raises(UserError, match=r"no variable soil: name one with --variable; it has wetness$"):
        list(product.images(path, "soil"))
    assert len(list(product.images(path, "wetness"))) == 3

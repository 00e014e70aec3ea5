"""Files that people have and that are as good as the plain ones: fill values, formats, tapes, calendars."""

import netCDF4
import numpy as np
import pytest

from elm_landslide import plots
from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, FLAGS, OUTPUTS, SPVAL
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.offline import driver
from elm_landslide.offline.columns import Columns
from elm_landslide.runtime.fortran import FortranModel
from elm_landslide.training.sampling import sample_columns
from support import elm_files
from support.elm_files import x_of


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("attribute", ["_FillValue", "missing_value", None])
@pytest.mark.parametrize("value", [1e36, -9999.0, 9.96921e36, 1e20, np.nan, np.inf])
def test_every_fill_value(tmp_path, kind, attribute, value):
    """Declared in either way, ELM's own, netCDF's own, or not finite: missing; what is not declared is a number."""
    case = elm_files.Case(tmp_path)
    plain = x_of(case)

    def edit(name, dims, data, attributes):
        if name != "TLAI":
            return dims, data, attributes
        data = data.astype(kind)
        data[3, 2] = value
        own = {"units": attributes["units"]}
        return dims, data, own | ({attribute: np.dtype(kind).type(value)} if attribute else {})

    elm_files.rewrite(case.h1, edit)
    found, at = x_of(case), FIELDS["leaf_area_index"].offset
    if attribute is None and abs(value) < 1e35:
        assert found[3, 2, at] == np.dtype(kind).type(value)
    else:
        assert found[3, 2, at] == SPVAL
    found[3, 2, at] = plain[3, 2, at]
    np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4", "zstd"])
def test_formats(tmp_path, form):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    options = {"compression": "zstd", "shuffle": True} if form == "zstd" else {}
    if options and not netCDF4.__has_zstandard_support__:
        pytest.skip("netCDF4 is built without zstandard")
    for path in (case.h0, case.h1, case.surface):
        with netCDF4.Dataset(str(path)) as old:
            old.set_auto_maskandscale(False)
            with netCDF4.Dataset(str(tmp_path / "new.nc"), "w", format="NETCDF4" if options else form) as new:
                for name, dim in old.dimensions.items():
                    new.createDimension(name, None if dim.isunlimited() else len(dim))
                for name, variable in old.variables.items():
                    fill = getattr(variable, "_FillValue", None)
                    copy = new.createVariable(name, variable.dtype, variable.dimensions, fill_value=fill, **options)
                    copy.set_auto_maskandscale(False)
                    copy.setncatts({a: variable.getncattr(a) for a in variable.ncattrs() if a != "_FillValue"})
                    copy[...] = variable[...]
        (tmp_path / "new.nc").replace(path)
    np.testing.assert_array_equal(x_of(case), plain)


def test_packed_numbers(tmp_path):
    """scale_factor and add_offset, as ncpdq -P leaves them, within half a step."""
    case = elm_files.Case(tmp_path)
    plain = x_of(case)

    def edit(name, dims, data, attributes):
        if name != "ZWT":
            return dims, data, attributes
        low, step = data.min(), np.ptp(data) / 60000.0
        packed = np.rint((data - low) / step - 30000.0).astype("i2")
        return dims, packed, {"units": "m", "scale_factor": step, "add_offset": low + 30000.0 * step}

    elm_files.rewrite(case.h1, edit)
    np.testing.assert_allclose(x_of(case), plain, atol=3e-5)


def test_latitudes_that_fall_and_longitudes_to_360(tmp_path):
    """The surface from south to north and -180 to 180, the history from north to south and 0 to 360."""
    case = elm_files.Case(tmp_path, "gridded")
    plain = x_of(case)
    for path in (case.h0, case.h1):
        elm_files.rewrite(path, lambda n, d, x, a: (d, np.flip(x, d.index("lat")) if "lat" in d else x, a))
    with netCDF4.Dataset(str(case.surface), "a") as file:
        file["LONGXY"][:] -= 360.0
    np.testing.assert_array_equal(x_of(case).reshape(8, 2, 3, -1)[:, ::-1].reshape(plain.shape), plain)


def test_a_column_tape_with_six_kinds_of_landunit(tmp_path):
    """Soil, crop, ice, lake, wetland and town side by side in each cell: the first two are run, each with its cover."""
    case = elm_files.Case(tmp_path, "column")

    def edit(name, dims, data, attributes):
        if "column" in dims:
            axis = dims.index("column")
            soil = np.take(data, range(0, 12, 2), axis=axis)
            data = np.repeat(soil, 6, axis=axis)
            if name == "cols1d_itype_lunit":
                data = np.tile([1, 2, 3, 5, 6, 8], 6)
        return dims, data, attributes

    for path in (case.h0, case.h1):
        elm_files.rewrite(path, edit)
    with netCDF4.Dataset(str(case.surface), "a") as file:
        file["PCT_NATVEG"][:], file["PCT_CROP"][:] = 60.0, 40.0
    source = Columns(case.inputs())
    assert source.index.tolist() == [6 * cell + kind for cell in range(6) for kind in (0, 1)]
    assert not source.notes
    x = source.x(source.records[0])
    np.testing.assert_array_equal(x[::2, FIELDS["tree_cover"].offset], 0.4)
    np.testing.assert_array_equal(x[1::2, FIELDS["crop_cover"].offset], 1.0)
    np.testing.assert_array_equal(x[::2, FIELDS["slope"].columns], x[1::2, FIELDS["slope"].columns])


@pytest.mark.parametrize("bounds", ["none", "of no length"])
def test_instants_without_bounds(tmp_path, bounds):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    if bounds == "none":
        elm_files.rewrite(case.h1, elm_files.with_attributes("time", bounds=None))
    else:
        with netCDF4.Dataset(str(case.h1), "a") as file:
            file["time_bounds"][:, 0] = file["time_bounds"][:, 1]
    np.testing.assert_array_equal(x_of(case), plain)


def test_the_same_states_twice_are_refused(tmp_path):
    case = elm_files.Case(tmp_path)
    with pytest.raises(UserError, match="does not come after"):
        Columns(case.inputs(history=[case.h1, case.h1]))


@pytest.fixture(scope="module")
def columns():
    """Columns with rain, well inside the domain."""
    x = np.asarray(sample_columns(4000, seed=3), order="F")
    for name in ("rain_1d", "rain_3d", "rain_7d"):
        x = x[x[:, FIELDS[name].offset] < SPVAL]
    with FortranModel(SHIPPED, "tile") as model:
        return x[model.run(x)[1] < FLAGS["outside"]]


def probability(x):
    with FortranModel(SHIPPED, "tile") as model:
        y, flag = model.run(np.asfortranarray(x))
    return y[:, OUTPUTS["probability"].index], flag


def test_later_rain_is_at_least_as_dangerous(columns):
    """60 mm in the week: on the last day, on the two before, or earlier."""
    found = []
    for one, three in ((60.0, 60.0), (0.0, 60.0), (0.0, 0.0)):
        x = columns.copy()
        for name, value in (("rain_1d", one), ("rain_3d", three), ("rain_7d", 60.0), ("snowmelt", 0.0)):
            x[:, FIELDS[name].offset] = value
        p, flag = probability(x)
        found.append(np.where(flag < FLAGS["outside"], p, np.nan))
    latest, middle, earliest = found
    known = np.isfinite(found).all(axis=0)
    assert known.sum() > 300
    assert (latest >= middle)[known].all()
    assert (middle >= earliest)[known].all()
    assert (latest > earliest)[known].any()


def test_slopes_of_zero(columns):
    x = columns.copy()
    x[:, FIELDS["slope"].columns] = 0.0
    p, flag = probability(x)
    assert (flag < FLAGS["invalid"]).all()
    assert np.isfinite(p).all()
    assert (p < 1e-12).all()


@pytest.mark.parametrize("units", ["days since 2000-01-01", "days since 0000-01-01"])
@pytest.mark.parametrize(
    "calendar", ["noleap", "gregorian", "standard", "proleptic_gregorian", "julian", "360_day", "all_leap"]
)
def test_calendars_through_run_and_plot(tmp_path, calendar, units):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    for path in (case.h0, case.h1):
        elm_files.rewrite(path, elm_files.with_attributes("time", calendar=calendar, units=units))
    np.testing.assert_array_equal(x_of(case), plain)
    driver.run(case.inputs(), tmp_path / "out.nc")
    with netCDF4.Dataset(str(tmp_path / "out.nc")) as file:
        assert (file["time"].calendar, file["time"].units) == (calendar, units)
        assert file.time_coverage_start[:4] == units[11:15]
    assert [p.name for p in plots.draw([tmp_path / "out.nc"], tmp_path)][0] == "timeseries.png"

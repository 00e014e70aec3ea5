"""The driver on one process, with a stand-in for the component."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import LandslideError, UserError
from elm_landslide.fields import OUTPUTS, SCHEMA_VERSION, SPVAL
from elm_landslide.offline import driver
from support import elm_files
from support.offline_runs import StandIn

pytestmark = pytest.mark.usefixtures("stand_in")


def run(case, model, out, **options):
    return driver.run(case.inputs(), out, model, **options)


def test_history_file(tmp_path, case, model):
    """Cells 0..5 have sand 30..35; the third is outside, the fourth invalid."""
    summary = run(case, model, tmp_path / "out.nc")
    with netCDF4.Dataset(str(tmp_path / "out.nc")) as out:
        out.set_auto_mask(False)
        for output in OUTPUTS.values():
            values = out[output.history]
            expected = 100.0 * output.index + np.array([30, 31, 32, SPVAL, 34, 35])
            expected[3] = SPVAL
            np.testing.assert_array_equal(values[:], np.tile(expected, (8, 1)))
            assert (values.dtype, values.units, values.long_name) == (np.float64, output.unit, output.long_name)
            assert values._FillValue == SPVAL
            assert values.cell_methods == "time: point"
            assert values.dimensions == ("time", "lndgrid")
            assert values.coordinates == "lat lon"
        np.testing.assert_array_equal(out["LANDSLIDE_OUTSIDE"][0], [0, 0, 1, SPVAL, 0, 0])
        np.testing.assert_array_equal(out["LANDSLIDE_FLAG"][0], [0, 1, 2, 3, 0, 1])
        assert out["LANDSLIDE_FLAG"].flag_meanings == "ok filled outside invalid"
        assert out["LANDSLIDE_FLAG"].flag_values.tolist() == [0, 1, 2, 3]
        times, bounds = elm_files.hourly(8)
        np.testing.assert_array_equal(out["time"][:], times)
        np.testing.assert_array_equal(out[out["time"].bounds][:], bounds)
        assert (out["time"].units, out["time"].calendar) == ("days since 2000-01-01 00:00:00", "noleap")
        assert out.flag_counts == "ok 16, filled 16, outside 8, invalid 8"
        # sha256 of b"model", by sha256sum
        assert out.model_sha256 == "9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4"
        assert out.input_files.split() == [p.name for p in (case.h1, case.h0, case.surface)]
        assert "root_fraction: derived as" in out.derived
        assert out.overrides == "none"
        assert (out.Conventions, out.schema_version) == ("CF-1.8, ACDD-1.3", SCHEMA_VERSION)
        assert (out.engine, out.instruction_set) == ("tile", "avx2")
    assert summary.flags == {"ok": 16, "filled": 16, "outside": 8, "invalid": 8}
    assert summary.ranges["LANDSLIDE_PROB"] == (30.0, 35.0)
    assert (summary.n_columns, summary.n_records, summary.n_ranks) == (6, 8, 1)


@pytest.mark.parametrize(("kind", "dims"), [("gridded", ("time", "lat", "lon")), ("column", ("time", "column"))])
def test_output_lies_as_the_input(tmp_path, model, kind, dims):
    run(elm_files.Case(tmp_path, kind), model, tmp_path / "out.nc")
    with netCDF4.Dataset(str(tmp_path / "out.nc")) as out:
        values = out["LANDSLIDE_PROB"]
        assert values.dimensions == dims
        cells = np.ma.filled(values[0], SPVAL).ravel()
        if kind == "column":
            np.testing.assert_array_equal(out["cols1d_itype_lunit"][:], [1, 5] * 6)
            assert (cells[1::2] == SPVAL).all()
            assert out["LANDSLIDE_FLAG"][0, 1] is np.ma.masked
            assert values.coordinates == "cols1d_lat cols1d_lon"
            cells = cells[::2]
        else:
            np.testing.assert_array_equal(out["lat"][:], elm_files.LAT)
        np.testing.assert_array_equal(cells, [30, 31, 32, SPVAL, 34, 35])


def test_overrides_are_recorded(tmp_path, case, model):
    summary = driver.run(case.inputs(overrides={"root_fraction": 0.0}), tmp_path / "out.nc", model)
    with netCDF4.Dataset(str(tmp_path / "out.nc")) as out:
        assert out.overrides == "root_fraction=0"
        assert "root_fraction" not in out.derived
    assert summary.overrides == {"root_fraction": 0.0}


def test_where_the_engine_names_no_instruction_set(tmp_path, case, model):
    run(case, model, tmp_path / "out.nc", engine="torchscript")
    with netCDF4.Dataset(str(tmp_path / "out.nc")) as out:
        assert (out.engine, out.instruction_set) == ("torchscript", "chosen by libtorch")


def test_an_existing_output_is_replaced_when_asked(tmp_path, case, model):
    out = tmp_path / "out.nc"
    out.write_text("not wanted any more")
    run(case, model, out, overwrite=True)
    with netCDF4.Dataset(str(out)) as replaced:
        assert "LANDSLIDE_PROB" in replaced.variables


@pytest.mark.parametrize("error", [LandslideError(5, "landslide_run: failed"), RuntimeError("a bug")])
def test_a_failing_run_leaves_nothing(tmp_path, case, model, monkeypatch, error):
    calls = []

    def fail(self, x):
        calls.append(1)
        if len(calls) == 3:
            raise error
        return StandIn.run(self, x)

    monkeypatch.setattr("elm_landslide.runtime.fortran.FortranModel", type("Failing", (StandIn,), {"run": fail}))
    before = set(tmp_path.iterdir())
    with pytest.raises((UserError, RuntimeError), match=str(error)):
        run(case, model, tmp_path / "out.nc")
    assert set(tmp_path.iterdir()) == before

"""The surface moisture of ELM: which layers, which days, which cells."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.assimilation import surface_moisture
from elm_landslide.errors import UserError
from support import elm_files
from support import satellite_files as made
from support.elm_files import DZ, N

MOISTURE = 0.2 + 0.01 * np.arange(4)[:, None] + 0.001 * np.arange(N)  # [day, cell]


def read(tmp_path, kind="unstructured", moisture=MOISTURE, **more):
    history = made.write_history(tmp_path / "h0.nc", moisture, kind, **more)
    surface = elm_files.write_surface(tmp_path / "surface.nc", gridded=kind == "gridded")
    return surface_moisture.read([history], [], surface)


@pytest.mark.parametrize("kind", ["gridded", "unstructured", "column"])
def test_the_layers_that_a_satellite_sees(tmp_path, kind):
    """Two layers, to 0.045 m; what is deeper does not count. A daily mean belongs to the day that it is of."""
    found = read(tmp_path, kind)
    assert found.daily.days.tolist() == (made.FIRST + np.arange(4)).tolist()
    np.testing.assert_allclose(found.daily.values, MOISTURE, rtol=1e-6)
    assert "2 layers to 0.0451 m" in found.daily.notes[0]


def test_layers_count_by_their_thickness(tmp_path):
    liquid = np.full((4, 15, N), 0.3)
    liquid[:, 0], liquid[:, 1] = 0.1, 0.25
    found = read(tmp_path, SOILLIQ=(liquid * 1000 * DZ[:, None]).astype("f4"))
    wanted = (0.1 * DZ[0] + 0.25 * DZ[1]) / (DZ[0] + DZ[1])
    np.testing.assert_allclose(found.daily.values, wanted, rtol=1e-6)


def test_total_water_where_there_is_no_liquid(tmp_path):
    water = np.repeat(MOISTURE[:, None], 15, axis=1).astype("f4")
    found = read(tmp_path, SOILLIQ=None, H2OSOI=water)
    np.testing.assert_allclose(found.daily.values, MOISTURE, rtol=1e-6)
    assert "H2OSOI" in found.daily.notes[0]


def test_frozen_and_snowy_days_are_left_out(tmp_path):
    """Ice in the second layer of a cell on one day, snow on another; ice further down is not seen."""
    ice, snow = np.zeros((4, 15, N), "f4"), np.zeros((4, N), "f4")
    ice[1, 1, 2] = 917 * DZ[1] * 0.01
    ice[:, 5, 3] = 50.0
    snow[3, 4], snow[2, 5] = 5.0, 0.5
    found = read(tmp_path, SOILICE=ice, H2OSNO=snow)
    missing = np.zeros((4, N), bool)
    missing[1, 2] = missing[3, 4] = True
    assert (np.isnan(found.daily.values) == missing).all()


def test_a_day_with_frost_in_one_of_its_records_is_left_out(tmp_path):
    """Six-hourly instants are averaged over the day."""
    moisture = np.repeat(MOISTURE, 4, axis=0) + np.tile([-0.03, 0.01, 0.01, 0.01], 4)[:, None]
    ice = np.zeros((16, 15, N), "f4")
    ice[6, 0, 1] = 1.0
    found = read(tmp_path, moisture=moisture, step=0.25, mean=False, SOILICE=ice)
    assert found.daily.days.tolist() == (made.FIRST + np.arange(4)).tolist()
    assert np.isnan(found.daily.values[1, 1])
    known = np.isfinite(found.daily.values)
    assert known.sum() == 4 * N - 1
    np.testing.assert_allclose(found.daily.values[known], MOISTURE[known], rtol=1e-5)


def test_without_ice_and_snow_in_the_files_it_says_so(tmp_path):
    found = read(tmp_path, SOILICE=None, H2OSNO=None)
    np.testing.assert_allclose(found.daily.values, MOISTURE, rtol=1e-6)
    assert sum("left out where the product flags them only" in note for note in found.daily.notes) == 2


def test_columns_of_a_cell_count_by_their_weights(tmp_path):
    """Soil and crop columns of the same cells: three quarters and one."""
    history = made.write_history(tmp_path / "h0.nc", MOISTURE, "column")
    with netCDF4.Dataset(str(history), "a") as file:
        file["cols1d_itype_lunit"][:] = np.tile([1, 2], N)
        file["SOILLIQ"][:, :, 1::2] = file["SOILLIQ"][:, :, ::2] + 100.0 * DZ[:, None]
        file["SOILICE"][:, :, 1::2] = 0.0
        file["H2OSNO"][:, 1::2] = 0.0
        for name in ("DZSOI", "WATSAT", "SUCSAT", "BSW"):
            file[name][:, 1::2] = file[name][:, ::2]
    surface = elm_files.write_surface(tmp_path / "surface.nc")
    with pytest.raises(UserError, match="no variable cols1d_wtgcell: several soil columns share a cell"):
        surface_moisture.read([history], [], surface)
    with netCDF4.Dataset(str(history), "a") as file:
        file.createVariable("cols1d_wtgcell", "f8", ("column",))[:] = np.tile([0.75, 0.25], N)
    found = surface_moisture.read([history], [], surface)
    np.testing.assert_allclose(found.daily.values, MOISTURE + 0.025, rtol=1e-5)


def test_months_and_water_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"SOILLIQ is a mean over 30 days, wanted a day or less: set hist_nhtfrq = -24"):
        read(tmp_path, step=30.0)
    with pytest.raises(UserError, match=r"moisture from SOILLIQ is 1.2 at lat 40.25, lon 282.75, wanted 0 to 1"):
        read(tmp_path, moisture=MOISTURE + 1.0)
    with pytest.raises(
        UserError, match="no variable H2OSOI, which says the moisture of the surface; add it in user_nl"
    ):
        read(tmp_path, SOILLIQ=None)

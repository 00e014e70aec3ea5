import re

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import LAYER_INTERFACES, SPVAL
from elm_landslide.offline import netcdf
from elm_landslide.offline.places import Layout
from elm_landslide.offline.surface import read_surface as read_surface_of
from elm_landslide.physics.root_profile import root_fraction, root_profiles
from support import elm_files

LAT, LON = (a.ravel() for a in np.meshgrid(elm_files.LAT, elm_files.LON, indexing="ij"))


def read_surface(path, lat, lon, landunit=None):
    """As of columns or cells at these places alone."""
    everywhere = np.ones(len(lat), dtype=bool)
    return read_surface_of(path, Layout(("lndgrid",), lat.shape, lat, lon, everywhere, landunit), np.arange(len(lat)))


def test_root_profile_is_zengs():
    """Needleleaf trees: a = 7, b = 2; the fraction below z is (exp(-7 z) + exp(-2 z)) / 2."""
    profile = root_profiles(LAYER_INTERFACES)
    z1, z9 = 0.0175128, 2.2961212
    assert profile[1, 0] == pytest.approx(1 - 0.5 * (np.exp(-7 * z1) + np.exp(-2 * z1)), rel=1e-12)
    assert profile[1, 9] == pytest.approx(0.5 * (np.exp(-7 * z9) + np.exp(-2 * z9)), rel=1e-12)
    np.testing.assert_allclose(profile[1:].sum(axis=1), 1.0, rtol=1e-12)
    assert (profile[0] == 0).all()
    assert (profile[1:] > 0).all()


def test_a_column_half_bare_has_half_the_roots():
    cover = np.zeros((1, 17))
    cover[0, [0, 13]] = 0.5
    fraction = root_fraction(cover, LAYER_INTERFACES)
    assert fraction.sum() == pytest.approx(0.5)
    np.testing.assert_allclose(fraction[0], 0.5 * root_profiles(LAYER_INTERFACES)[13])


def test_cells_are_found_in_any_order_and_by_any_longitude(tmp_path):
    path = elm_files.write_surface(tmp_path / "s.nc", gridded=True)
    order = [4, 0, 5, 2]
    there = read_surface(path, LAT[order], LON[order]).values
    west = read_surface(path, LAT[order], LON[order] - 360.0).values
    for name in there:
        np.testing.assert_array_equal(there[name], west[name])
    np.testing.assert_array_equal(there["sand"][:, 0], 30.0 + np.array(order))


@pytest.mark.parametrize(("shift", "found"), [(0.0009, True), (0.002, False)])
def test_tolerance_of_a_cell(tmp_path, shift, found):
    path = elm_files.write_surface(tmp_path / "s.nc")
    if found:
        np.testing.assert_array_equal(read_surface(path, LAT + shift, LON).values["sand"][:, 0], 30.0 + np.arange(6))
    else:
        with pytest.raises(UserError, match="no cell at lat 40.252, lon 282.75"):
            read_surface(path, LAT + shift, LON)


def test_longitudes_meet_at_the_meridian(tmp_path):
    """Cells just east and west of 0 are found across the seam."""
    lon = np.array([0.0002, 359.9998, 10.0, 20.0, 30.0, 40.0])
    path = elm_files.write_surface(tmp_path / "s.nc", change={"LATIXY": np.arange(6.0), "LONGXY": lon})
    values = read_surface(path, np.array([0.0, 1.0]), np.array([359.9999, 0.0001])).values
    np.testing.assert_array_equal(values["sand"][:, 0], [30.0, 31.0])


def test_landunits_are_averaged_by_their_share(tmp_path):
    """60 % natural vegetation and 20 % crop: weights 3/4 and 1/4."""
    change = {"PCT_NATVEG": np.full(6, 60.0), "PCT_CROP": np.full(6, 20.0)}
    path = elm_files.write_surface(tmp_path / "s.nc", change=change)
    values = read_surface(path, LAT, LON).values
    np.testing.assert_allclose(values["tree_cover"], 0.75 * 0.4)
    np.testing.assert_allclose(values["crop_cover"], 0.75 * 0.2 + 0.25)
    np.testing.assert_allclose(values["root_fraction"].sum(axis=1), 0.75 * 0.9 + 0.25)
    by_column = read_surface(path, LAT, LON, landunit=np.array([1, 2, 1, 2, 1, 2])).values
    np.testing.assert_allclose(by_column["crop_cover"], [0.2, 1.0] * 3)
    np.testing.assert_allclose(by_column["tree_cover"], [0.4, 0.0] * 3)


def test_depth_to_bedrock_is_read_where_it_is_there(tmp_path):
    path = elm_files.write_surface(tmp_path / "s.nc", change={"aveDTB": np.array([1.0, 2.0, 1e36, 4.0, 5.0, 6.0])})
    fields = read_surface(path, LAT, LON)
    np.testing.assert_array_equal(fields.values["bedrock_depth"], [1.0, 2.0, 3.8, 4.0, 5.0, 6.0])


def test_a_missing_weight_leaves_the_cover_unknown(tmp_path):
    """1e36 / 1e36 is 1: what is missing must not weigh. Cover and roots of the cell are missing, of no other."""
    for name in ("PCT_NATVEG", "PCT_CROP"):
        for value in (1e36, np.nan):
            share = np.array([50.0] * 6)
            share[3] = value
            path = elm_files.write_surface(tmp_path / "s.nc", change={name: share})
            values = read_surface(path, LAT, LON).values
            for field in ("tree_cover", "shrub_cover", "grass_cover", "crop_cover", "root_fraction"):
                missing = (values[field] == SPVAL).reshape(6, -1)
                np.testing.assert_array_equal(missing.all(axis=1), np.arange(6) == 3)
                np.testing.assert_array_equal(missing.any(axis=1), np.arange(6) == 3)
            assert (values["sand"] < SPVAL).all()


def test_missing_pfts_matter_where_they_grow(tmp_path):
    pft = np.zeros((17, 6))
    pft[1] = 100.0
    pft[2, [1, 4]] = np.nan
    natural, crop = np.full(6, 100.0), np.zeros(6)
    natural[4], crop[4] = 0.0, 100.0
    change = {"PCT_NAT_PFT": pft, "PCT_NATVEG": natural, "PCT_CROP": crop}
    values = read_surface(elm_files.write_surface(tmp_path / "s.nc", change=change), LAT, LON).values
    np.testing.assert_array_equal(values["tree_cover"], [1.0, SPVAL, 1.0, 1.0, 0.0, 1.0])
    np.testing.assert_array_equal(values["crop_cover"], [0.0, SPVAL, 0.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("name", "at"), [("PCT_NATVEG", 2), ("PCT_CROP", 2), ("PCT_SAND", (4, 2)), ("PCT_NAT_PFT", (1, 2))]
)
@pytest.mark.parametrize("value", [-999.0, 9999.0])
def test_a_share_that_is_none_is_refused_by_name_and_cell(tmp_path, name, at, value):
    """Fill values that are not declared as such."""
    path = elm_files.write_surface(tmp_path / "s.nc")
    with netCDF4.Dataset(str(path), "a") as file:
        file[name][at] = value
    with pytest.raises(UserError, match=rf"{name} is {value:g} at lat 40.25, lon 283.75, wanted 0 to 100"):
        read_surface(path, LAT, LON)


def test_bedrock_says_where_it_is_assumed(tmp_path):
    depth = np.array([2.0, 1e36, 3.0, np.nan, 1.0, 1.0])
    fields = read_surface(elm_files.write_surface(tmp_path / "s.nc", change={"aveDTB": depth}), LAT, LON)
    np.testing.assert_array_equal(fields.values["bedrock_depth"], [2.0, 3.8, 3.0, 3.8, 1.0, 1.0])
    np.testing.assert_array_equal(fields.assumed["bedrock_depth"], [0, 1, 0, 1, 0, 0])


def test_which_pfts_are_which_cover(tmp_path):
    """ELM's natural PFTs (pftcon): 0 bare, 1 to 8 trees, 9 to 11 shrubs, 12 to 14 grass, 15 and 16 crops."""
    kinds = [""] + ["tree"] * 8 + ["shrub"] * 3 + ["grass"] * 3 + ["crop"] * 2
    for first in range(0, 17, 6):
        pft = np.zeros((17, 6))
        alone = [min(first + i, 16) for i in range(6)]
        pft[alone, range(6)] = 100.0
        values = read_surface(elm_files.write_surface(tmp_path / "s.nc", change={"PCT_NAT_PFT": pft}), LAT, LON).values
        for kind in ("tree", "shrub", "grass", "crop"):
            np.testing.assert_array_equal(
                values[f"{kind}_cover"], [float(kinds[i] == kind) for i in alone], err_msg=kind
            )


OTHER_SCALE = {"m": "mm", "mm": "m", "mm/s": "mm/day", "kg/m2": "g/m2", "gC/m^2": "kgC/m^2", "mm3/mm3": "%"}
OTHER_SCALE |= {"1": "%", "unitless": "1", "km km^-1": "degrees"}


@pytest.mark.parametrize("name", netcdf.UNITS)
def test_units_of_another_scale_are_refused(tmp_path, name):
    """Each spelling that is read is of one scale: no number passes that is a thousand times another."""
    path = tmp_path / "u.nc"
    for unit in (OTHER_SCALE[netcdf.UNITS[name][0]], None, ""):
        with netCDF4.Dataset(str(path), "w") as file:
            file.createVariable(name, "f4", ())
            if unit is not None:
                file[name].units = unit
        with (
            netCDF4.Dataset(str(path)) as file,
            pytest.raises(UserError, match=re.escape(f"{name} has units {unit!r}, wanted")),
        ):
            netcdf.check_units(file, path)


@pytest.mark.parametrize(
    ("name", "at", "value", "message"),
    [
        ("SLP_P10", (4, 2), -9999.0, "SLP_P10 is -9999 at lat 40.25, lon 283.75, wanted 0 to 6 m/m"),
        ("SLP_P10", (10, 2), 45.0, "SLP_P10 is 45 at lat 40.25, lon 283.75, wanted 0 to 6 m/m"),
        ("SLP_P10", (5, 2), 0.0, "SLP_P10 is 0 at .*, below its predecessor: wanted rising percentiles"),
        (
            "PCT_SAND",
            (4, 2),
            90.0,
            "PCT_SAND and PCT_CLAY together is 116 at lat 40.25, lon 283.75, wanted 100",
        ),
        ("aveDTB", 2, -9999.0, "aveDTB is -9999 at lat 40.25, lon 283.75, wanted 0 m or more"),
    ],
)
def test_soil_and_slopes_that_cannot_be(tmp_path, name, at, value, message):
    path = elm_files.write_surface(tmp_path / "s.nc", change={"aveDTB": np.full(6, 2.0)})
    with netCDF4.Dataset(str(path), "a") as file:
        file[name][at] = value
    with pytest.raises(UserError, match=message):
        read_surface(path, LAT, LON)


def test_texture_as_fractions_is_refused(tmp_path):
    change = {"PCT_SAND": np.full((10, 6), 0.4), "PCT_CLAY": np.full((10, 6), 0.3)}
    with pytest.raises(UserError, match="PCT_SAND and PCT_CLAY are 1 together at most: fractions, wanted %"):
        read_surface(elm_files.write_surface(tmp_path / "s.nc", change=change), LAT, LON)

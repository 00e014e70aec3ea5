"""A variable is read by the names of its dimensions: the same columns, however a tool has left the file."""

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, SPVAL
from support import elm_files
from support.elm_files import x_of

PLACES = ("lndgrid", "lat", "lon", "column", "gridcell", "lsmlat", "lsmlon")
STATES = [n for n in elm_files.states(1) if n not in ("H2OSOI", "RAIN")]
SURFACE = ("PCT_SAND", "PCT_CLAY", "SLP_P10", "PCT_NAT_PFT", "PCT_NATVEG", "PCT_CROP", "LATIXY", "LONGXY")


def reversed_dimensions(name, dims, data, attributes):
    """As numpy's transpose or a Fortran writer leaves everything with two or more dimensions."""
    return dims[::-1], np.transpose(data), attributes


def swapped(first, second):
    def edit(name, dims, data, attributes):
        if first in dims and second in dims:
            i, j = dims.index(first), dims.index(second)
            order = list(range(len(dims)))
            order[i], order[j] = j, i
            return tuple(dims[k] for k in order), np.transpose(data, order), attributes
        return dims, data, attributes

    return edit


def with_dimension(dimension, size, names):
    """An edit that repeats variables along a further, first dimension."""

    def edit(name, dims, data, attributes):
        if name in names and dimension not in dims:
            return (dimension, *dims), np.repeat(np.asarray(data)[None], size, 0), attributes
        return dims, data, attributes

    return edit


@pytest.mark.parametrize("kind", ["unstructured", "gridded", "column"])
@pytest.mark.parametrize("which", [("h1",), ("h0",), ("surface",), ("h1", "h0", "surface")])
@pytest.mark.parametrize("n_records", [8, 2, 15])
def test_any_order(tmp_path, kind, which, n_records):
    """With 2 and 15 records, for a time as long as another dimension hides what is read by position."""
    case = elm_files.Case(tmp_path, kind, n_records)
    plain = x_of(case)
    for name in which:
        elm_files.rewrite(getattr(case, name), reversed_dimensions)
    np.testing.assert_array_equal(x_of(case), plain)


@pytest.mark.parametrize("pair", [("time", "levgrnd"), ("levgrnd", "lndgrid"), ("time", "lndgrid")])
def test_two_dimensions_swapped(tmp_path, pair):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    elm_files.rewrite(case.h1, swapped(*pair))
    np.testing.assert_array_equal(x_of(case), plain)


@pytest.mark.parametrize("kind", ["unstructured", "gridded", "column"])
def test_constants_with_a_time_axis(tmp_path, kind):
    """xarray's concat and ncrcat give one to everything: coordinates, masks, soil constants, the surface dataset."""
    case = elm_files.Case(tmp_path, kind)
    plain = x_of(case)
    if kind != "column":
        dims = {"unstructured": ("lndgrid",), "gridded": ("lat", "lon")}[kind]
        mask = np.ones([2, 3] if kind == "gridded" else [6], "i4")
        for tape in (case.h0, case.h1):
            add(tape, "landmask", dims, mask)
    names = ("lat", "lon", "landmask", *elm_files.constants(), "cols1d_lat", "cols1d_lon", "cols1d_itype_lunit")
    for tape, n in ((case.h0, 14), (case.h1, 8)):
        elm_files.rewrite(tape, with_dimension("time", n, names))
    elm_files.rewrite(case.surface, with_dimension("time", 3, SURFACE))
    np.testing.assert_array_equal(x_of(case), plain)


def add(path, name, dims, values):
    import netCDF4

    with netCDF4.Dataset(str(path), "a") as file:
        file.createVariable(name, values.dtype, dims)[...] = values


def changing(name_wanted):
    """An edit that makes a variable change along time."""

    def edit(name, dims, data, attributes):
        if name == name_wanted:
            data = np.repeat(np.asarray(data, float)[None], 4, 0)
            data[2].flat[-1] += 0.5
            return ("time", *dims), data, attributes
        return dims, data, attributes

    return edit


@pytest.mark.parametrize("name", ["PCT_NATVEG", "PCT_NAT_PFT", "SLP_P10", "LATIXY"])
def test_a_constant_that_changes_is_refused(tmp_path, name):
    """A land-use time series is no surface dataset: which year is meant cannot be told."""
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.surface, changing(name))
    with pytest.raises(UserError, match=rf"{name} changes along time \(record 2 differs from the first\)"):
        x_of(case)


@pytest.mark.parametrize(
    ("tape", "names"), [("h1", STATES), ("h0", [*elm_files.constants(), "RAIN"]), ("surface", SURFACE)]
)
def test_dimensions_of_length_1(tmp_path, tape, names):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    elm_files.rewrite(getattr(case, tape), with_dimension("member", 1, names))
    np.testing.assert_array_equal(x_of(case), plain)


@pytest.mark.parametrize(
    ("tape", "name"), [("h1", "ZWT"), ("h1", "SOILLIQ"), ("h0", "WATSAT"), ("h0", "RAIN"), ("surface", "PCT_CROP")]
)
def test_further_dimensions_are_refused(tmp_path, tape, name):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(getattr(case, tape), with_dimension("member", 2, [name]))
    with pytest.raises(
        UserError, match=rf"{name} \(member = 2, .*\) has .*member.* beside time and (lndgrid|gridcell), wanted"
    ):
        x_of(case)


def squeezed(name, dims, data, attributes):
    """isel(time=0)."""
    return (dims[1:], data[0], attributes) if dims[:1] == ("time",) else (dims, data, attributes)


def test_one_record_without_a_time_dimension(tmp_path):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    elm_files.rewrite(case.h1, squeezed)
    np.testing.assert_array_equal(x_of(case), plain[:1])


def test_a_state_without_time_beside_others_is_refused(tmp_path):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h1, lambda n, *parts: squeezed(n, *parts) if n == "TLAI" else parts)
    with pytest.raises(UserError, match="h1.nc: TLAI has no time axis, but the file holds several times"):
        x_of(case)


@pytest.mark.parametrize("name", ["SOILLIQ", "TLAI"])
def test_a_variable_without_places_is_refused(tmp_path, name):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h1, lambda n, d, x, a: (d[:-1], x[..., 0], a) if n == name else (d, x, a))
    with pytest.raises(UserError, match=rf"h1.nc: {name} has dimensions"):
        x_of(case)


# m: levgrnd of ELM's history, its nodes; levsoi of CLM5, the middles of its layers.
DEPTHS = np.array(
    [
        0.0071,
        0.0279,
        0.0623,
        0.1189,
        0.2122,
        0.3661,
        0.6198,
        1.0380,
        1.7276,
        2.8646,
        4.7392,
        7.8298,
        12.93,
        21.33,
        35.18,
    ]
)
CLM5 = np.array([0.01, 0.04, 0.09, 0.16, 0.26, 0.40, 0.58, 0.80, 1.06, 1.36, 1.70, 2.08, 2.50, 2.99, 3.58])


def on_levels(names, dimension, depths, coordinate=True):
    """An edit that moves variables to another level axis, with or without its depths."""

    def edit(name, dims, data, attributes):
        if name in names:
            axis = dims.index("levgrnd")
            data = np.repeat(data, [1] * 14 + [max(len(depths) - 14, 1)], axis=axis)
            data = np.take(data, range(len(depths)), axis=axis)
            dims = tuple(dimension if d == "levgrnd" else d for d in dims)
        return dims, data, attributes

    def both(path):
        elm_files.rewrite(path, edit)
        if coordinate:
            add(path, dimension, (dimension,), np.asarray(depths))

    return both


@pytest.mark.parametrize("name", ["SOILLIQ", "SOILICE"])
@pytest.mark.parametrize(
    ("dimension", "depths", "message"),
    [
        ("levsoi", CLM5[:12], "lies on levels at 0.01, 0.04, .* but the layers of DZSOI in .* end at 0.0175"),
        ("levgrnd2", CLM5, "lies on levels at 0.01"),
        ("levgrnd2", DEPTHS * 100.0, "lies on levels at 0.71"),  # cm
        ("levgrnd2", DEPTHS[::-1], "lies on levels at 35"),
        ("levgrnd2", DEPTHS + 0.005, "lies on levels at 0.0121"),  # half a centimetre off
        ("levdcmp", np.arange(15.0), "lies on levels at 0, 1"),
        ("levgrnd2", DEPTHS[:9], "has levgrnd2 beside time and lndgrid, wanted 10 levels or more"),
    ],
)
def test_levels_that_are_not_the_soil_layers(tmp_path, name, dimension, depths, message):
    case = elm_files.Case(tmp_path)
    on_levels([name], dimension, depths)(case.h1)
    with pytest.raises(UserError, match=rf"h1.nc: {name} .*{message}"):
        x_of(case)


@pytest.mark.parametrize("n", [15, 20, 25])
@pytest.mark.parametrize("dimension", ["levgrnd2", "levdcmp"])
def test_levels_without_depths_are_known_by_their_axis_alone(tmp_path, dimension, n):
    """25 levels of levgrnd beside 15 of the constants, or another axis."""
    case = elm_files.Case(tmp_path)
    on_levels(["SOILLIQ"], dimension, np.arange(n), coordinate=False)(case.h1)
    with pytest.raises(
        UserError, match=rf"SOILLIQ has {n} levels along {dimension}, whose depths the file does not give"
    ):
        x_of(case)


def test_the_soil_layers_by_their_depths(tmp_path):
    """ELM's nodes, or the middles of its layers, under any name; more levels below do no harm."""
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    middles = np.cumsum(elm_files.DZ) - elm_files.DZ / 2
    for dimension, depths in (
        ("levsoi", DEPTHS[:10]),
        ("levsoi2", middles[:12]),
        ("levdcmp", DEPTHS),
        ("levgrnd2", DEPTHS + 0.0005),
    ):
        case = elm_files.Case(tmp_path)
        on_levels(["SOILLIQ", "SOILICE"], dimension, depths)(case.h1)
        np.testing.assert_array_equal(x_of(case), plain)
    assert (plain[:, :, FIELDS["liquid_water"].columns] < SPVAL).all()


def test_constants_on_other_levels(tmp_path):
    case = elm_files.Case(tmp_path)
    add(case.h0, "levgrnd", ("levgrnd",), CLM5)
    with pytest.raises(UserError, match="h0.nc: DZSOI lies on levels at 0.01"):
        x_of(case)
    case = elm_files.Case(tmp_path)
    on_levels(["BSW"], "levdcmp", DEPTHS)(case.h0)
    with pytest.raises(UserError, match="h0.nc: BSW lies on levdcmp, DZSOI on levgrnd"):
        x_of(case)


@pytest.mark.parametrize("which", ["h1", "h0", "surface"])
def test_what_is_no_regular_file_is_not_waited_for(tmp_path, which):
    import os

    case = elm_files.Case(tmp_path)
    path = getattr(case, which)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UserError, match=rf"{path.name}: is a named pipe; give a regular file"):
        x_of(case)

"""Which places a file's values belong to: matched once, never guessed; masks, and what they leave out."""

import elm_files
import netCDF4
import numpy as np
import pytest

from elm_landslide.data.columns import Columns
from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS


def x_of(case, **options):
    source = Columns([case.h1], [case.h0], case.surface, **options)
    try:
        return np.array([source.x(record) for record in source.records])
    finally:
        source.close()


def repeated(places, cell=2):
    """An edit that stores one cell once more, at the end."""

    def edit(name, dims, data, attributes):
        if places in dims:
            data = np.concatenate([data, np.take(data, [cell], axis=dims.index(places))], axis=dims.index(places))
        return dims, data, attributes

    return edit


def all_repeated(case):
    for path in (case.h0, case.h1):
        elm_files.rewrite(path, repeated("lndgrid"))
    elm_files.rewrite(case.surface, repeated("gridcell"))


def test_two_cells_at_one_place_by_position(tmp_path):
    """Each has its own slope, where all files have the same cells in order; whatever share of them a rank runs."""
    case = elm_files.Case(tmp_path)
    all_repeated(case)
    with netCDF4.Dataset(str(case.surface), "a") as file:
        file["SLP_P10"][:, 6] = 0.3 * file["SLP_P10"][:, 2]
    x = x_of(case)
    slope = x[:, :, FIELDS["slope"].columns]
    np.testing.assert_array_equal(slope[:, 6], 0.3 * slope[:, 2])
    np.testing.assert_array_equal(x_of(case, rank=1, size=2), x[:, 3:])


@pytest.mark.parametrize("which, noun", [("surface", "cell"), ("h0", "cell")])
def test_two_cells_at_one_place_in_one_file_alone(tmp_path, which, noun):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(getattr(case, which), repeated("lndgrid" if which == "h0" else "gridcell"))
    with pytest.raises(UserError, match=rf"several {noun}s at lat 40.25, lon 283.75 \(1 of 6 places so\)"):
        x_of(case)


def test_two_cells_in_another_order(tmp_path):
    """Positions do not agree, places are not unique: refused, though the sizes are the same."""
    case = elm_files.Case(tmp_path)
    all_repeated(case)
    elm_files.rewrite(
        case.surface, lambda n, d, x, a: (d, np.flip(x, d.index("gridcell")) if "gridcell" in d else x, a)
    )
    with pytest.raises(UserError, match="several cells at lat 40.25, lon 283.75"):
        x_of(case)


def test_cells_in_another_order_are_matched_by_place(tmp_path):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    elm_files.rewrite(
        case.surface, lambda n, d, x, a: (d, np.flip(x, d.index("gridcell")) if "gridcell" in d else x, a)
    )
    np.testing.assert_array_equal(x_of(case), plain)


@pytest.mark.parametrize("columns", [1, 2])
def test_rain_by_column_for_cells(tmp_path, columns):
    """One soil column at a place is the cell's; of two it cannot be told which is meant."""
    case, tape = elm_files.Case(tmp_path), tmp_path / "r.elm.h2.nc"
    ends, bounds = elm_files.hourly(14, 1.0, 1.0)
    rain = {"RAIN": np.full((14, elm_files.N), 1e-5, "f4")}
    elm_files.write_history(tape, "column", rain, ends, bounds, mean=True)
    if columns == 2:
        with netCDF4.Dataset(str(tape), "a") as file:
            file["cols1d_itype_lunit"][1] = 2
        with pytest.raises(UserError, match="several soil columns at lat 40.25, lon 282.75"):
            x_of(case, rain=[tape])
    else:
        case.h0 = elm_files.rewrite(case.h0, lambda n, *parts: None if n == "RAIN" else parts)
        x = x_of(case, rain=[tape])
        np.testing.assert_allclose(x[:, :, FIELDS["rain_1d"].offset], 0.864, rtol=1e-6)


def masked(case, values, dtype="f4"):
    for path in (case.h0, case.h1):
        with netCDF4.Dataset(str(path), "a") as file:
            file.createVariable("landmask", dtype, ("lndgrid",), fill_value=1e20 if dtype == "f4" else None)[:] = values


@pytest.mark.parametrize(
    "mask, run",
    [([0.97] * 6, 6), ([1e-3, 0, 1, 0.5, 0, 0.97], 4), ([1e20, 1, 1, 1, 1, 1], 5), ([1, 1, 1, 1, 1, -1], 5)],
)
def test_a_mask_of_shares(tmp_path, mask, run):
    """As remapping leaves it: what has land is run; the summary says how many cells with data are not."""
    case = elm_files.Case(tmp_path)
    masked(case, mask)
    source = Columns([case.h1], [case.h0], case.surface)
    assert source.run.size == run
    assert source.notes == ([f"landmask leaves out {6 - run} of 6 cells that have ZWT"] if run < 6 else [])


def test_cells_without_data_are_not_missed(tmp_path):
    case = elm_files.Case(tmp_path)
    masked(case, [0, 0, 1, 1, 1, 1], "i4")
    with netCDF4.Dataset(str(case.h1), "a") as file:
        file["ZWT"][:, 0] = 1e36
    assert Columns([case.h1], [case.h0], case.surface).notes == ["landmask leaves out 1 of 5 cells that have ZWT"]


@pytest.mark.parametrize("kind, mask", [("unstructured", "landmask"), ("column", "cols1d_itype_lunit")])
def test_no_column_is_an_error(tmp_path, kind, mask):
    case = elm_files.Case(tmp_path, kind)
    if kind == "column":
        with netCDF4.Dataset(str(case.h1), "a") as file:
            file["cols1d_itype_lunit"][:] = 5
    else:
        masked(case, 0)
    with pytest.raises(UserError, match=rf"h1.nc: no column to run: {mask} takes none of"):
        x_of(case)

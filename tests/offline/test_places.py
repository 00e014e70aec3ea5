"""Which places a file's values belong to: matched once, never guessed; masks, and what they leave out."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS
from elm_landslide.offline.columns import Columns
from support import elm_files
from support.elm_files import x_of


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


@pytest.mark.parametrize(("which", "noun"), [("surface", "cell"), ("h0", "cell")])
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
    ("mask", "run"),
    [([0.97] * 6, 6), ([1e-3, 0, 1, 0.5, 0, 0.97], 4), ([1e20, 1, 1, 1, 1, 1], 5), ([1, 1, 1, 1, 1, -1], 5)],
)
def test_a_mask_of_shares(tmp_path, mask, run):
    """As remapping leaves it: what has land is run; the summary says how many cells with data are not."""
    case = elm_files.Case(tmp_path)
    masked(case, mask)
    source = Columns(case.inputs())
    assert source.run.size == run
    assert source.notes == ([f"landmask leaves out {6 - run} of 6 cells that have ZWT"] if run < 6 else [])


def test_cells_without_data_are_not_missed(tmp_path):
    case = elm_files.Case(tmp_path)
    masked(case, [0, 0, 1, 1, 1, 1], "i4")
    with netCDF4.Dataset(str(case.h1), "a") as file:
        file["ZWT"][:, 0] = 1e36
    assert Columns(case.inputs()).notes == ["landmask leaves out 1 of 5 cells that have ZWT"]


@pytest.mark.parametrize(("kind", "mask"), [("unstructured", "landmask"), ("column", "cols1d_itype_lunit")])
def test_no_column_is_an_error(tmp_path, kind, mask):
    case = elm_files.Case(tmp_path, kind)
    if kind == "column":
        with netCDF4.Dataset(str(case.h1), "a") as file:
            file["cols1d_itype_lunit"][:] = 5
    else:
        masked(case, 0)
    with pytest.raises(UserError, match=rf"h1.nc: no column to run: {mask} takes none of"):
        x_of(case)


@pytest.mark.parametrize("apart", [2e-4, 5e-4, 9e-4])
def test_neighbours_within_the_tolerance_are_told_apart(tmp_path, apart):
    """Cells closer than the tolerance, in another order: each the nearest, not the first."""
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    lon = 283.0 + apart * np.arange(6)

    def there(name, dims, data, attributes):
        return dims, {"lon": lon, "lat": np.full(6, 40.0)}.get(name, data), attributes

    for path in (case.h0, case.h1):
        elm_files.rewrite(path, there)
    with netCDF4.Dataset(str(case.surface), "a") as file:
        file["LATIXY"][:], file["LONGXY"][:] = 40.0, lon
    elm_files.rewrite(
        case.surface, lambda n, d, x, a: (d, np.flip(x, d.index("gridcell")) if "gridcell" in d else x, a)
    )
    np.testing.assert_array_equal(x_of(case), plain)


def second_file(case, edit=lambda name, *parts: parts):
    times, bounds = elm_files.hourly(8, 12.25)
    path = case.h1.with_name("b.elm.h1.nc")
    elm_files.write_history(path, "unstructured", elm_files.states(8), times, bounds)
    return elm_files.rewrite(path, edit)


def test_masks_that_differ_between_files(tmp_path):
    """A cell is run where it is active in some file; it is said, and where it lacks data it is missing."""
    case = elm_files.Case(tmp_path)
    second = second_file(case)
    for path, mask in ((case.h1, [1, 1, 1, 1, 0, 0]), (second, [0, 1, 1, 1, 1, 0])):
        with netCDF4.Dataset(str(path), "a") as file:
            file.createVariable("landmask", "i4", ("lndgrid",))[:] = mask
    for order in ([case.h1, second], [second, case.h1]):
        source = Columns(case.inputs(history=order))
        assert source.run.tolist() == [0, 1, 2, 3, 4]
        assert source.notes[0] == "landmask differs between the files: a place is run where it is active in one of them"


def test_means_beside_instants_are_refused(tmp_path):
    case = elm_files.Case(tmp_path)
    second = second_file(case, elm_files.with_attributes("TLAI", cell_methods="time: mean"))
    with pytest.raises(UserError, match="b.elm.h1.nc: TLAI is an instant here or in .*, and a mean in the other"):
        Columns(case.inputs(history=[case.h1, second]))


@pytest.mark.parametrize("method", ["maximum", "minimum", "sum"])
def test_extremes_and_sums_are_no_states(tmp_path, method):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h1, elm_files.with_attributes("ZWT", cell_methods=f"time: {method}"))
    with pytest.raises(UserError, match=f"h1.nc: ZWT is a {method} over time, wanted means or instants"):
        x_of(case)


@pytest.mark.parametrize(("name", "tape"), [("lat", "h1"), ("ZWT", "h1"), ("WATSAT", "h0"), ("time", "h1")])
def test_text_in_place_of_numbers(tmp_path, name, tape):
    case = elm_files.Case(tmp_path)
    units = {"time": "days since 2000-01-01"} | elm_files.UNITS
    elm_files.rewrite(
        getattr(case, tape),
        lambda n, d, x, a: (d, np.full(x.shape, b"x"), {"units": units.get(n, "")}) if n == name else (d, x, a),
    )
    with pytest.raises(UserError, match=f"{tape}.nc: {name} holds text or structures, wanted numbers"):
        x_of(case)

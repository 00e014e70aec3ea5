"""Time axes that differ in spelling, unit or origin are one; those with other days are not."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import HistoryFiles
from elm_landslide.offline.times import TimeAxis, date2num, num2date
from support import elm_files
from support.elm_files import x_of

TIMES = ("time", "time_bounds")


def on_axis(units, calendar="noleap", scale=1.0, shift=0.0, names=TIMES):
    """An edit that states the times of a file, in days, on another axis."""

    def edit(name, dims, data, attributes):
        if name in names:
            attributes = {**attributes, "units": units, "calendar": calendar}
            data = (np.asarray(data, float) + shift) * scale
        return dims, data, attributes

    return edit


@pytest.mark.parametrize(
    ("units", "calendar", "scale", "shift"),
    [
        ("days since 2000-01-01", "noleap", 1.0, 0.0),
        ("days since 2000-1-1 0:0:0", "365_day", 1.0, 0.0),
        ("days since 2000-01-01 00:00:00", "NO_LEAP", 1.0, 0.0),
        ("hours since 2000-01-01", "noleap", 24.0, 0.0),
        ("seconds since 2000-01-01", "noleap", 86400.0, 0.0),
        ("days since 1999-01-01", "noleap", 1.0, 365.0),
        ("days since 2001-01-01", "noleap", 1.0, -365.0),
        ("days since 1999-12-31 12:00:00", "noleap", 1.0, 0.5),
    ],
)
@pytest.mark.parametrize("tape", ["h0", "h1"])
def test_one_axis_in_other_words(tmp_path, units, calendar, scale, shift, tape):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    elm_files.rewrite(getattr(case, tape), on_axis(units, calendar, scale, shift))
    np.testing.assert_array_equal(x_of(case), plain)
    assert (plain[:, :, FIELDS["rain_7d"].offset] < SPVAL).all()


def test_history_files_on_several_axes(tmp_path):
    """A branch run counts from its own year; the first file's axis is that of the records."""
    case = elm_files.Case(tmp_path)
    times, bounds = elm_files.hourly(2, 12.25)
    later = elm_files.write_history(tmp_path / "b.nc", "unstructured", elm_files.states(2), times, bounds)
    elm_files.rewrite(later, on_axis("hours since 2001-01-01", scale=24.0, shift=-365.0))
    files = HistoryFiles([case.h1, later])
    assert [r.time for r in files.records[-2:]] == times.tolist()
    assert files.records[-1].bounds == (12.25, 12.5)
    assert files.axis.units == "days since 2000-01-01 00:00:00"


def test_bounds_with_units_of_their_own(tmp_path):
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    elm_files.rewrite(case.h0, on_axis("hours since 2000-01-01", "365_day", 24.0, names=("time_bounds",)))
    np.testing.assert_array_equal(x_of(case), plain)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_an_interval_ends_at_its_end(tmp_path, share):
    """Wherever the stamp stands in it: the rain up to the end of the record's interval, of which the states are means;
    what cell_methods do not say is taken for means."""
    case = elm_files.Case(tmp_path)
    plain = x_of(case)
    methods = "time: mean" if share else None

    def of_means(name, dims, data, attributes):
        if name != "RAIN" and "time" in dims and "cell_methods" in attributes:
            attributes = {k: v for k, v in attributes.items() if k != "cell_methods"}
            attributes |= {"cell_methods": methods} if methods else {}
        return dims, data, attributes

    elm_files.rewrite(case.h1, of_means)
    for tape in (case.h0, case.h1):
        with netCDF4.Dataset(str(tape), "a") as file:
            bounds = file["time_bounds"][:]
            file["time"][:] = bounds[:, 0] + share * (bounds[:, 1] - bounds[:, 0])
    np.testing.assert_array_equal(x_of(case), plain)


def test_an_instant_is_taken_at_its_time(tmp_path):
    """Instants stamped at noon, whatever their bounds: the rain up to noon, as of the same file without bounds."""
    case = elm_files.Case(tmp_path)
    with netCDF4.Dataset(str(case.h1), "a") as file:
        end = file["time"][:].astype(float)
        file["time_bounds"][:] = np.stack([end - 0.5, end + 0.5], axis=1)[:1] + np.arange(len(end))[:, None]
        file["time"][:] = end[0] + np.arange(len(end))
    source = Columns(case.inputs())
    assert source.notes == ["the states are instants; each is taken at its time, wherever that lies within its bounds"]
    source.close()
    with_bounds = x_of(case)
    elm_files.rewrite(case.h1, elm_files.with_attributes("time", bounds=None))
    np.testing.assert_array_equal(with_bounds, x_of(case))


@pytest.mark.parametrize("tape", ["h0", "h1"])
@pytest.mark.parametrize(
    "bounds", [lambda b: b + 3.0, lambda b: b[:, ::-1], lambda b: b * np.nan, lambda b: b * 24.0, lambda b: b - 0.3]
)
def test_every_time_lies_in_its_bounds(tmp_path, tape, bounds):
    case = elm_files.Case(tmp_path)
    with netCDF4.Dataset(str(getattr(case, tape)), "a") as file:
        file["time_bounds"][:] = bounds(file["time_bounds"][:])
    with pytest.raises(UserError, match=rf"{tape}.nc: time .* of record \d lies outside its time_bounds"):
        x_of(case)


def test_the_last_bit_of_single_precision_is_no_fault(tmp_path):
    """ELM's times are single precision: 60000.3 days is off by minutes."""
    case = elm_files.Case(tmp_path)
    for tape in (case.h0, case.h1):
        with netCDF4.Dataset(str(tape), "a") as file:
            bounds = file["time_bounds"][:] + 60000.3
            file["time_bounds"][:] = bounds
            file["time"][:] = bounds[:, 1].astype("f4")
    assert abs(float(np.float32(60011.3)) - 60011.3) * 86400.0 > 60.0
    assert (x_of(case)[:, :, FIELDS["rain_7d"].offset] < SPVAL).all()


@pytest.mark.parametrize("calendar", ["standard", "360_day", "julian", "all_leap"])
@pytest.mark.parametrize("how", ["constants", "rain", "history"])
def test_calendars_with_other_days_stop_the_run(tmp_path, calendar, how):
    case = elm_files.Case(tmp_path)
    other = elm_files.rewrite(case.h0, on_axis("days since 2000-01-01", calendar), tmp_path / "other.elm.h0.nc")
    with pytest.raises(UserError, match=f"other.elm.h0.nc: its calendar is '{calendar}', that of the history 'noleap'"):
        if how == "history":
            HistoryFiles([case.h1, other])
        else:
            Columns(case.inputs(**{how: [other]}))


def test_the_calendars_of_the_world_are_one(tmp_path):
    """xarray writes proleptic_gregorian for ELM's gregorian; from 0001-01-01 their counts differ by two days."""
    case = elm_files.Case(tmp_path)
    for tape in (case.h0, case.h1):
        elm_files.rewrite(tape, on_axis("days since 2000-01-01", "gregorian"))
    plain = x_of(case)
    days = date2num(
        num2date(0, "days since 2000-01-01", "proleptic_gregorian"), "days since 0001-01-01", "proleptic_gregorian"
    )
    elm_files.rewrite(case.h0, on_axis("days since 0001-01-01", "proleptic_gregorian", shift=float(days)))
    np.testing.assert_array_equal(x_of(case), plain)
    origins = [
        TimeAxis.of(type("V", (), {"name": "time", "units": "days since 0001-01-01", "calendar": c}), "f").origin
        for c in ("standard", "proleptic_gregorian")
    ]
    assert (origins[0] - origins[1]) / 86400.0 == -2.0


@pytest.mark.parametrize("calendar", ["standard", "gregorian", "julian", "noleap", "360_day", "all_leap", "366_day"])
def test_axes_that_start_with_the_year_0(calendar):
    date = num2date(400.25, "days since 0000-01-01", calendar)
    assert date.year == 1
    assert date.hour == 6
    assert date2num(date, "days since 0000-01-01", calendar) == 400.25


@pytest.mark.parametrize(
    "attributes",
    [
        {"units": None},
        {"units": "1"},
        {"units": "months since 2000-01-01"},
        {"calendar": "mayan"},
        {"units": "days since x"},
        {"units": "days since 2000"},
        {"units": "days since 20000101"},
    ],
)
def test_an_axis_that_is_none(tmp_path, attributes):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h1, elm_files.with_attributes("time", **attributes))
    with pytest.raises(UserError, match=r"h1.nc: time has units .* and calendar .*, wanted 'days since"):
        x_of(case)


def test_bounds_that_are_named_but_not_there(tmp_path):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h0, lambda n, *parts: None if n == "time_bounds" else parts)
    with pytest.raises(UserError, match="h0.nc: no variable time_bounds, which time names as its bounds"):
        x_of(case)


def test_a_mean_year_is_no_series(tmp_path):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h1, elm_files.with_attributes("time", bounds=None, climatology="time_bounds"))
    with pytest.raises(UserError, match="h1.nc: time has climatology 'time_bounds'"):
        x_of(case)


def test_bounds_the_other_way_round(tmp_path):
    """(2, time), as a transposition leaves them; twice two records, so that the shape alone does not tell."""
    case = elm_files.Case(tmp_path, n_records=2)
    plain = x_of(case)

    def edit(name, dims, data, attributes):
        return (dims[::-1], data.T, attributes) if name == "time_bounds" else (dims, data, attributes)

    elm_files.rewrite(case.h1, edit)
    np.testing.assert_array_equal(x_of(case), plain)


@pytest.mark.parametrize(("seconds", "refused"), [(0.9, False), (5.0, True)])
def test_how_far_bounds_may_be_off(tmp_path, seconds, refused):
    """A second: for a time outside its bounds, for intervals that overlap, for a gap in the rain."""
    off = seconds / 86400.0

    def doubles(edit):
        def both(name, dims, data, attributes):
            data = np.asarray(data, float) if name == "time" else data
            return edit(name, dims, data, attributes)

        return both

    def late(name, dims, data, attributes):
        return dims, data + off if name == "time" else data, attributes

    def overlapping(name, dims, data, attributes):
        if name == "time_bounds":
            data = data - off * np.array([1.0, 0.0])
        return dims, data, attributes

    def gaping(name, dims, data, attributes):
        if name == "time_bounds":
            data = data + off * np.array([1.0, 0.0])
        return dims, data, attributes

    for edit, message in ((late, "lies outside its time_bounds"), (overlapping, "or their time bounds overlap")):
        case = elm_files.Case(tmp_path)
        elm_files.rewrite(case.h1, doubles(edit))
        if refused:
            with pytest.raises(UserError, match=message):
                HistoryFiles([case.h1])
        else:
            assert len(HistoryFiles([case.h1]).records) == 8
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h0, doubles(gaping))
    assert (x_of(case)[:, :, FIELDS["rain_1d"].offset] == SPVAL).all() == refused

"""Dates of ELM's calendars and others on the axes of figures, from year 0 on."""

import numpy as np
import pytest

from elm_landslide import plots
from elm_landslide.errors import UserError
from elm_landslide.plots import calendars, profile_input
from support import elm_files, landslide_files

CALENDARS = ["noleap", "360_day", "all_leap", "julian", "proleptic_gregorian", "gregorian", "standard"]


@pytest.mark.parametrize("calendar", CALENDARS)
@pytest.mark.filterwarnings("error")
def test_figures_from_year_0(tmp_path, figures, calendar):
    path = landslide_files.write_elm(tmp_path / "a.elm.h0.nc", units="days since 0000-02-18", calendar=calendar)
    plots.draw([path], tmp_path)
    series, cells, flags = figures()[:3]
    last = {"noleap": "0000-03-04", "360_day": "0000-03-02"}.get(calendar, "0000-03-03")
    assert cells.get_suptitle() == f"a.elm.h0: 0000-02-28 to {last}"
    labels = [label.get_text() for label in series.axes[-1].get_xticklabels()]
    # Days are drawn at noon, so their midnights lie between the first and the last.
    assert len(labels) == 4
    assert labels[-1] == f"{int(last[-2:]):02d} Mar\n0000"
    if calendar == "360_day":
        assert labels[:2] == ["29 Feb\n0000", "30 Feb\n0000"]
    assert [label.get_text() for label in flags.axes[0].get_xticklabels()] == labels


def test_days_of_a_day():
    assert calendars.days([0.0, 36.0], "hours since 2000-01-02 12:00", "noleap").tolist() == [1.5, 3.0]
    assert calendars.days([0.0], "days since 1999-02-28", "noleap") == [-307.0]
    assert calendars.days([0.0], "days since 2000-03-01", "all_leap") == calendars.days(
        [0.0], "days since 2000-03-01", "gregorian"
    )


def test_a_date_in_the_units_of_an_axis():
    assert calendars.number("0000-02-30T06:00", "days since 0000-01-01", "360_day") == 59.25
    assert calendars.number("2001-12-01", "hours since 2001-11-30", "gregorian") == 24.0
    for text, words in {
        "0000-02-30": "day out of range|invalid day",
        "soon": "not an ISO date",
        "2001-13-01": "month",
        "2001-1-1": "not an ISO date",
    }.items():
        with pytest.raises(ValueError, match=words):
            calendars.number(text, "days since 0000-01-01", "noleap")


@pytest.mark.parametrize("span", [0.3, 1.5, 4.0, 20.0, 55.0, 90.0, 370.0, 900.0, 4000.0, 70000.0])
def test_ticks(span):
    """Some, but not many; evenly by the calendar; within the limits."""
    first = 100.3
    at = calendars.ticks(first, first + span, "noleap")
    assert 2 <= len(at) <= 8
    assert first <= at[0]
    assert at[-1] <= first + span
    if span > 60.0:
        dates = calendars.num2date(at, "days since 2000-01-01", "noleap")
        assert {(date.day, date.hour) for date in dates} == {(1, 0)}
        months = np.diff([12 * date.year + date.month for date in dates])
        assert len(set(months.tolist())) == 1


@pytest.mark.parametrize("calendar", CALENDARS)
def test_the_profile_of_a_day_of_the_year_0(tmp_path, calendar):
    made = elm_files.Case(tmp_path)
    for path in (made.h0, made.h1):
        edit = elm_files.with_attributes("time", calendar=calendar, units="days since 0000-01-01")
        elm_files.rewrite(path, edit)
    out = tmp_path / "profile.png"
    profile_input.draw(made.inputs(), out, cell="0", time="0000-01-12")
    assert out.stat().st_size > 10_000
    with pytest.raises(UserError, match="--time 0001-01-12: the history files go from 0000-01-11 to 0000-01-13"):
        profile_input.draw(made.inputs(), out, cell="0", time="0001-01-12")

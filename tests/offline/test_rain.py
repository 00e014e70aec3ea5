import numpy as np
import pytest

from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.offline.columns import Columns
from support import elm_files


def rain(source, record, name):
    return source.x(source.records[record])[:, FIELDS[name].offset]


def test_windows_by_hand(tmp_path):
    """Day k (from k-1 to k) brings k mm, the same everywhere; records at 10.25, 10.5, 10.75, 11.0, ..."""
    case = elm_files.Case(tmp_path)
    source = Columns(case.inputs())
    np.testing.assert_allclose(rain(source, 3, "rain_1d"), 11.0, rtol=1e-6)
    np.testing.assert_allclose(rain(source, 3, "rain_3d"), 9.0 + 10.0 + 11.0, rtol=1e-6)
    np.testing.assert_allclose(rain(source, 3, "rain_7d"), sum(range(5, 12)), rtol=1e-6)
    np.testing.assert_allclose(rain(source, 0, "rain_1d"), 0.75 * 10.0 + 0.25 * 11.0, rtol=1e-6)
    np.testing.assert_allclose(rain(source, 0, "rain_3d"), 0.75 * 8 + 9 + 10 + 0.25 * 11.0, rtol=1e-6)


def test_a_window_that_is_not_covered_is_missing(tmp_path):
    case = elm_files.Case(tmp_path, days=11)  # rain ends with day 11; records go on to 12.0
    source = Columns(case.inputs())
    assert (rain(source, 3, "rain_1d") < SPVAL).all()
    assert (rain(source, 4, "rain_1d") == SPVAL).all()
    early = elm_files.write_history(
        tmp_path / "early.elm.h1.nc", "unstructured", elm_files.states(1), [5.0], [[4.75, 5.0]]
    )
    source = Columns(case.inputs(history=[early]))
    np.testing.assert_allclose(rain(source, 0, "rain_3d"), 3 + 4 + 5, rtol=1e-6)
    assert (rain(source, 0, "rain_7d") == SPVAL).all()


def test_a_gap_leaves_the_window_missing(tmp_path):
    case = elm_files.Case(tmp_path)
    ends, bounds = elm_files.hourly(12, 1.0, 1.0)
    keep = ends != 9.0  # day 9 is not there
    fields = {**elm_files.constants(), "RAIN": np.full((keep.sum(), elm_files.N), 1e-5, "f4")}
    gap = elm_files.write_history(
        tmp_path / "gap.elm.h0.nc", "unstructured", fields, ends[keep], bounds[keep], mean=True
    )
    source = Columns(case.inputs(constants=[gap]))
    np.testing.assert_allclose(rain(source, 3, "rain_1d"), 0.864, rtol=1e-6)
    assert (rain(source, 3, "rain_3d") == SPVAL).all()


def test_a_mean_longer_than_the_window_is_not_its_rain(tmp_path):
    """Means of four days say nothing about the rain of one or three, but all about that of seven."""
    case = elm_files.Case(tmp_path)
    ends, bounds = elm_files.hourly(3, 4.0, 4.0)
    fields = {**elm_files.constants(), "RAIN": np.full((3, elm_files.N), 1e-5, "f4")}
    long = elm_files.write_history(tmp_path / "long.elm.h0.nc", "unstructured", fields, ends, bounds, mean=True)
    source = Columns(case.inputs(constants=[long]))
    for name in ("rain_1d", "rain_3d"):
        assert (rain(source, 3, name) == SPVAL).all()
    np.testing.assert_allclose(rain(source, 3, "rain_7d"), 7 * 0.864, rtol=1e-6)


def test_instantaneous_rain_is_never_summed(tmp_path):
    case = elm_files.Case(tmp_path)
    ends, bounds = elm_files.hourly(12, 1.0, 1.0)
    fields = {**elm_files.constants(), "RAIN": np.full((12, elm_files.N), 1e-5, "f4")}
    point = elm_files.write_history(tmp_path / "point.elm.h0.nc", "unstructured", fields, ends, bounds, mean=False)
    source = Columns(case.inputs(constants=[point]))
    for record in range(8):
        for name in ("rain_1d", "rain_3d", "rain_7d"):
            assert (rain(source, record, name) == SPVAL).all()
    reason = "missing, unstructured.elm.h1.nc: RAIN is instantaneous (cell_methods 'time: point')"
    assert [line for line in source.derived() if line.startswith("rain")] == [
        f"{name}: {reason}" for name in ("rain_1d", "rain_3d", "rain_7d")
    ]


def test_rain_of_a_tape_of_means_itself(tmp_path):
    """States and rain on one tape of daily means: the window ends with the record's interval."""
    case = elm_files.Case(tmp_path)
    ends, bounds = elm_files.hourly(8, 1.0, 1.0)
    fields = {**elm_files.constants(), **elm_files.states(8)}
    fields["RAIN"] = np.repeat(np.arange(1.0, 9.0)[:, None], elm_files.N, 1).astype("f4") / np.float32(86400)
    means = elm_files.write_history(tmp_path / "all.elm.h0.nc", "unstructured", fields, ends, bounds, mean=True)
    source = Columns(case.inputs(history=[means], constants=[]))
    np.testing.assert_allclose(rain(source, 7, "rain_7d"), sum(range(2, 9)), rtol=1e-6)
    assert rain(source, 5, "rain_7d") == pytest.approx(SPVAL)


def one_tape(folder, name, kind, first, step, values, mean=True):
    """A file with RAIN alone: values in mm a day, one a record, from day `first` on; a record lasts `step` days."""
    ends, bounds = elm_files.hourly(len(values), first + step, step)
    rates = np.repeat(np.asarray(values)[:, None], elm_files.N, 1) / 86400.0
    return elm_files.write_history(folder / name, kind, {"RAIN": rates.astype("f4")}, ends, bounds, mean=mean)


def test_rain_is_gathered_from_every_file(tmp_path):
    """Days 1 to 4 from --rain (by column), 5 to 9 from --constants, 10 and 11 from --rain."""
    case = elm_files.Case(tmp_path, days=9)  # day k brings k mm
    before = one_tape(tmp_path, "before.elm.h2.nc", "column", 0.0, 1.0, [10.0, 20.0, 30.0, 40.0])
    after = one_tape(tmp_path, "after.elm.h2.nc", "gridded", 9.0, 1.0, [50.0, 60.0])
    source = Columns(case.inputs(rain=[after, before, after]))
    np.testing.assert_allclose(rain(source, 3, "rain_7d"), 5 + 6 + 7 + 8 + 9 + 50 + 60, rtol=1e-6)
    early = elm_files.write_history(
        tmp_path / "early.elm.h1.nc", "unstructured", elm_files.states(1), [7.0], [[6.75, 7.0]]
    )
    # --rain and --constants both hold days 1 to 4, in equal intervals: what --rain says counts.
    source = Columns(case.inputs(history=[early], rain=[before]))
    np.testing.assert_allclose(rain(source, 0, "rain_7d"), 10 + 20 + 30 + 40 + 5 + 6 + 7, rtol=1e-6)


def test_the_shortest_interval_counts_where_they_overlap(tmp_path):
    """Days 1 to 14 bring k mm; quarters of a day from 9.5 to 10.5 bring rain at 100, 200, 300, 400 mm a day."""
    case = elm_files.Case(tmp_path)
    quarters = one_tape(tmp_path, "quarters.elm.h2.nc", "unstructured", 9.5, 0.25, [100.0, 200.0, 300.0, 400.0])
    source = Columns(case.inputs(rain=[quarters]))
    # The day up to 11.0: 300 and 400 for a quarter each, then half of day 11.
    np.testing.assert_allclose(rain(source, 3, "rain_1d"), 75 + 100 + 5.5, rtol=1e-6)
    # The three days before: day 9, half of day 10, all quarters, half of day 11.
    np.testing.assert_allclose(rain(source, 3, "rain_3d"), 9 + 5 + 250 + 5.5, rtol=1e-6)

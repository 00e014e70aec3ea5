import elm_files
import numpy as np
import pytest

from elm_landslide.data.columns import Columns
from elm_landslide.fields import FIELDS, SPVAL


def rain(source, record, name):
    return source.x(source.records[record])[:, FIELDS[name].offset]


def test_windows_by_hand(tmp_path):
    """Day k (from k-1 to k) brings k mm, the same everywhere; records at 10.25, 10.5, 10.75, 11.0, ..."""
    case = elm_files.Case(tmp_path)
    source = Columns([case.h1], [case.h0], case.surface)
    np.testing.assert_allclose(rain(source, 3, "rain_1d"), 11.0, rtol=1e-6)
    np.testing.assert_allclose(rain(source, 3, "rain_3d"), 9.0 + 10.0 + 11.0, rtol=1e-6)
    np.testing.assert_allclose(rain(source, 3, "rain_7d"), sum(range(5, 12)), rtol=1e-6)
    np.testing.assert_allclose(rain(source, 0, "rain_1d"), 0.75 * 10.0 + 0.25 * 11.0, rtol=1e-6)
    np.testing.assert_allclose(rain(source, 0, "rain_3d"), 0.75 * 8 + 9 + 10 + 0.25 * 11.0, rtol=1e-6)


def test_a_window_that_is_not_covered_is_missing(tmp_path):
    case = elm_files.Case(tmp_path, days=11)  # rain ends with day 11; records go on to 12.0
    source = Columns([case.h1], [case.h0], case.surface)
    assert (rain(source, 3, "rain_1d") < SPVAL).all()
    assert (rain(source, 4, "rain_1d") == SPVAL).all()
    early = elm_files.write_history(
        tmp_path / "early.elm.h1.nc", "unstructured", elm_files.states(1), [5.0], [[4.75, 5.0]]
    )
    source = Columns([early], [case.h0], case.surface)
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
    source = Columns([case.h1], [gap], case.surface)
    np.testing.assert_allclose(rain(source, 3, "rain_1d"), 0.864, rtol=1e-6)
    assert (rain(source, 3, "rain_3d") == SPVAL).all()


def test_instantaneous_rain_is_never_summed(tmp_path):
    case = elm_files.Case(tmp_path)
    ends, bounds = elm_files.hourly(12, 1.0, 1.0)
    fields = {**elm_files.constants(), "RAIN": np.full((12, elm_files.N), 1e-5, "f4")}
    point = elm_files.write_history(tmp_path / "point.elm.h0.nc", "unstructured", fields, ends, bounds, mean=False)
    source = Columns([case.h1], [point], case.surface)
    for record in range(8):
        for name in ("rain_1d", "rain_3d", "rain_7d"):
            assert (rain(source, record, name) == SPVAL).all()
    assert not any(line.startswith("rain") for line in source.derived)


def test_rain_of_a_tape_of_means_itself(tmp_path):
    """States and rain on one tape of daily means: the window ends with the record's interval."""
    case = elm_files.Case(tmp_path)
    ends, bounds = elm_files.hourly(8, 1.0, 1.0)
    fields = {**elm_files.constants(), **elm_files.states(8)}
    fields["RAIN"] = np.repeat(np.arange(1.0, 9.0)[:, None], elm_files.N, 1).astype("f4") / np.float32(86400)
    means = elm_files.write_history(tmp_path / "all.elm.h0.nc", "unstructured", fields, ends, bounds, mean=True)
    source = Columns([means], [], case.surface)
    np.testing.assert_allclose(rain(source, 7, "rain_7d"), sum(range(2, 9)), rtol=1e-6)
    assert rain(source, 5, "rain_7d") == pytest.approx(SPVAL)

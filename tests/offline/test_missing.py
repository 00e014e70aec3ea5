"""What was missing is counted as the run goes, by field and reason, and said when it is over."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import FLAGS
from elm_landslide.offline import cell_methods, driver
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.missing import Missing
from support import elm_files


def counted(case, rank: int = 0, size: int = 1, **inputs):
    source = Columns(case.inputs(**inputs), rank, size)
    for record in source.records:
        source.x(record)
    source.close()
    return source


def rain_means(case, ends, bounds):
    """The case with other means of RAIN."""
    fields = {**elm_files.constants(), "RAIN": np.full((len(ends), elm_files.N), 1e-5, "f4")}
    elm_files.write_history(case.h0, "unstructured", fields, ends, bounds, mean=True)
    return case


def test_counts_of_several_ranks():
    parts = [Missing(4), Missing(4)]
    parts[0].add(0, "rain_1d", "gap", 2)
    parts[1].add(0, "rain_1d", "gap", 3)
    parts[1].add(3, "rain_1d", "gap", 1)
    parts[1].add(3, "snowmelt", "none", 0)
    whole = Missing.merged(parts)
    assert whole.by_field() == {"rain_1d": {"gap": {"records": 2, "column_steps": 6}}}
    assert whole.statement("rain_1d", 5) == ("missing in 2 of 4 records, 6 of 20 column steps (gap)", False)
    assert whole.statement("snowmelt", 5) == ("", False)
    for record in range(4):
        whole.add(record, "rain_3d", "edge" if record else "gap", 5)
    text = "missing in 3 of 4 records (edge); in 1 of 4 records (gap)"
    assert whole.statement("rain_3d", 5) == (text, True)


@pytest.mark.parametrize(
    ("first", "step", "n", "reasons"),
    [
        (30.0, 30.0, 1, {"rain_7d": ("means of RAIN over longer than the window", 8)}),
        (
            11.0,
            1.0,
            4,
            {"rain_1d": ("before the first mean of RAIN", 3), "rain_7d": ("before the first mean of RAIN", 8)},
        ),
        (1.0, 1.0, 11, {"rain_1d": ("after the last mean of RAIN", 4), "rain_7d": ("after the last mean of RAIN", 4)}),
    ],
)
def test_why_there_is_no_rain(tmp_path, first, step, n, reasons):
    """Records at 10.25, 10.5, ... 12.0."""
    case = rain_means(elm_files.Case(tmp_path), *elm_files.hourly(n, first, step))
    source = counted(case)
    for name, (reason, records) in reasons.items():
        assert source.missing.by_field()[name] == {reason: {"records": records, "column_steps": 6 * records}}
        line = next(line for line in source.derived() if line.startswith(name))
        assert f"{records} of 8 records ({reason})" in line
        assert ("derived as" in line) == (records < 8)


def test_a_gap_is_told_from_the_edges(tmp_path):
    ends, bounds = elm_files.hourly(14, 1.0, 1.0)
    keep = ends != 9.0
    source = counted(rain_means(elm_files.Case(tmp_path), ends[keep], bounds[keep]))
    assert source.missing.by_field()["rain_3d"] == {"a gap in the means of RAIN": {"records": 7, "column_steps": 42}}
    assert "rain_1d" not in source.missing.by_field()


def test_missing_values_are_counted_by_column(tmp_path):
    case = elm_files.Case(tmp_path)
    with netCDF4.Dataset(str(case.h0), "a") as file:
        file["RAIN"][10, 4] = 1e36  # of the day up to 11.0
    with netCDF4.Dataset(str(case.h1), "a") as file:
        file["ZWT_PERCH"][3, 1] = np.nan
        file["TLAI"][5, :] = 1e36
    source = counted(case)
    found = source.missing.by_field()
    assert found["rain_1d"] == {"RAIN is missing": {"records": 7, "column_steps": 7}}  # all but that at 12.0
    assert found["perched_water_table_depth"] == {"missing in the input": {"records": 1, "column_steps": 1}}
    assert found["leaf_area_index"] == {"missing in the input": {"records": 1, "column_steps": 6}}
    lines = [line for line in source.derived() if line.startswith("leaf_area_index")]
    assert lines == ["leaf_area_index: missing in 1 of 8 records (missing in the input)"]


def test_snowmelt_that_nobody_gives(tmp_path):
    """Its default, nothing, is right only where nothing can melt."""
    case = elm_files.Case(tmp_path)
    with netCDF4.Dataset(str(case.h1), "a") as file:
        file["SOILICE"][:] = 0.0
        file["SOILICE"][2, 3, 1] = 0.5
    found = counted(case).missing.by_field()["snowmelt"]
    assert found == {"not in the files, while the soil holds ice": {"records": 1, "column_steps": 1}}


def test_the_summary_the_file_and_the_flags_agree(tmp_path):
    """Days of rain end with day 11: what the run says is what the flags count."""
    case = elm_files.Case(tmp_path, days=11)
    out = tmp_path / "out.nc"
    summary = driver.run(case.inputs(), out)
    assert summary.missing["rain_7d"] == {"after the last mean of RAIN": {"records": 4, "column_steps": 24}}
    with netCDF4.Dataset(str(out)) as file:
        flag = file["LANDSLIDE_FLAG"][:]
        assert (flag[4:] >= FLAGS["filled"]).all()
        assert (flag[:4] != FLAGS["filled"]).all()
        assert "rain_7d: 4 records, 24 column steps (after the last mean of RAIN)" in file.missing_fields
        assert "; missing in 4 of 8 records (after the last mean of RAIN)" in file.derived


def test_means_longer_than_the_windows_are_said(tmp_path):
    case = elm_files.Case(tmp_path)
    times, bounds = elm_files.hourly(3, 12.0, 2.0)
    elm_files.write_history(case.h1, "unstructured", elm_files.states(3), times, bounds, mean=True)
    notes = counted(case).notes
    assert notes == [
        "the states are means over up to 2 days, longer than the windows of rain_1d: a mean state has no wettest day"
    ]
    elm_files.rewrite(case.h1, lambda n, d, x, a: (d, x, {**a, "cell_methods": "time: point"} if n == "ZWT" else a))
    assert counted(case).notes == []
    elm_files.write_history(case.h1, "unstructured", elm_files.states(3), times, bounds, mean=True)
    elm_files.rewrite(case.h1, elm_files.with_attributes("time", bounds=None))
    assert counted(case).notes == ["the states are time means without bounds; each is taken to end at its time"]


@pytest.mark.parametrize(
    ("methods", "mean"),
    [
        ("time: mean", True),
        ("area: mean time: mean", True),
        ("time: mean (interval: 1 hour comment: point by point)", True),
        ("time: lat: lon: mean", True),
        ("lat: lon: mean time: mean", True),
        ("time: point", False),
        ("area: mean time: point", False),
        ("time: mean time: point", False),
        ("time: point area: time: mean", False),
        ("time: maximum", False),
        ("time: sum", False),
        ("area: mean", False),
        ("", False),
    ],
)
def test_what_a_mean_is(tmp_path, methods, mean):
    assert cell_methods.is_time_mean(methods) == mean
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h0, elm_files.with_attributes("RAIN", cell_methods=methods))
    line = next(line for line in counted(case).derived() if line.startswith("rain_1d"))
    assert ("derived as" in line) == mean
    if not mean:
        with pytest.raises(
            UserError, match="--rain wants time means of RAIN: in user_nl_elm add 'RAIN:A' to hist_fincl1"
        ):
            counted(case, rain=[case.h0])


def test_each_reason_has_its_own_advice(tmp_path):
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h0, elm_files.with_attributes("time", bounds=None))
    with pytest.raises(
        UserError, match="RAIN has no time bounds; --rain wants time means of RAIN: give files whose time"
    ):
        counted(case, rain=[case.h0])


def test_what_no_file_gives_is_counted_where_it_matters(tmp_path):
    """Rain and the perched table raise the flag; carbon and what was never disturbed do not."""
    case = elm_files.Case(tmp_path, drop=("ZWT_PERCH", "RAIN"))
    elm_files.rewrite(case.h0, lambda n, *parts: None if n == "RAIN" else parts)
    source = counted(case)
    everywhere = {"records": 8, "column_steps": 48}
    found = source.missing.by_field()
    assert found["perched_water_table_depth"] == {"not in the files": everywhere}
    assert found["rain_3d"] == {"unstructured.elm.h1.nc: no variable RAIN": everywhere}
    assert set(found) == {"perched_water_table_depth", "rain_1d", "rain_3d", "rain_7d", "snowmelt"}


def test_bedrock_that_is_assumed_is_counted_on_all_ranks(tmp_path):
    case = elm_files.Case(tmp_path)
    elm_files.write_surface(case.surface, change={"aveDTB": np.array([1.0, 2.0, 3.0, 4.0, np.nan, np.nan])})
    parts = [counted(case, rank=rank, size=3) for rank in range(3)]
    whole = Missing.merged(part.missing for part in parts)
    line = "bedrock_depth: derived as aveDTB of the surface dataset; replaced in 8 of 8 records, 16 of 48 column steps"
    assert f"{line} (taken as ELM's default)" in parts[0].derived(whole)


def test_values_outside_their_range_are_counted(tmp_path):
    """A fill value that is not declared is a number beyond its range, which raises the flag outside: said why."""
    case = elm_files.Case(tmp_path)
    with netCDF4.Dataset(str(case.h1), "a") as file:
        file["ZWT"][2, 3] = -9999.0
    found = counted(case).missing.by_field()
    assert found["water_table_depth"] == {"outside 0 to 80 m, moved to the edge": {"records": 1, "column_steps": 1}}
    whole = Missing(1)
    whole.add(0, "water_table_depth", "outside 0 to 80 m, moved to the edge", 2)
    assert whole.statement("water_table_depth", 2) == (
        "replaced in 1 of 1 records (outside 0 to 80 m, moved to the edge)",
        False,
    )

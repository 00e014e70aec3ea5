"""A run over several files is the runs over each, joined; memory does not grow with the number of records."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.fields import N_OUT
from elm_landslide.offline import driver
from support import elm_files
from support.offline_runs import launch


def series(folder, n, cuts, mean):
    """A six-hourly tape of n records from day 0 on, with RAIN, written in files that end at `cuts`."""
    times, bounds = elm_files.hourly(n, 0.25)
    state = elm_files.states(n)
    paths = []
    for start, stop in zip((0, *cuts), (*cuts, n), strict=True):
        fields = {name: values[start:stop] for name, values in state.items()}
        path = folder / f"part{start:04}.elm.h1.nc"
        part = slice(start, stop)
        paths.append(elm_files.write_history(path, "unstructured", fields, times[part], bounds[part], mean=mean))
    return paths


def read(path):
    with netCDF4.Dataset(str(path)) as file:
        file.set_auto_mask(False)
        return {name: file[name][:] for name in file.variables if "time" in file[name].dimensions}


@pytest.mark.parametrize("given", ["rain", "constants"])
@pytest.mark.parametrize("mean", [True, False])
def test_runs_over_parts_join_to_the_run_over_all(tmp_path, mean, given):
    """56 records are 14 days. Cut in day 10, in the middle of many windows of 7 days, and again one record later.

    The tape itself holds the means of RAIN, or the daily tape of the constants does.
    """
    case = elm_files.Case(tmp_path)
    paths = series(tmp_path, 56, (38, 39), mean)
    driver.run(case.inputs(history=paths[::-1]), tmp_path / "all.nc")
    parts = []
    for i, path in enumerate(paths):
        before = paths[:i] if mean else []
        options = (
            {"constants": [case.h0, *before]} if given == "constants" else {"constants": [case.h0], "rain": before}
        )
        out = tmp_path / f"out{i}.nc"
        summary = driver.run(case.inputs(history=[path], **options), out)
        assert summary.n_records == (38, 1, 17)[i]
        parts.append(read(out))
    whole = read(tmp_path / "all.nc")
    assert len(whole) == N_OUT + 5  # time, its bounds, outside, chance, flag
    assert whole["LANDSLIDE_PROB"].shape == (56, elm_files.N)
    for name in whole:
        joined = np.concatenate([part[name] for part in parts])
        assert joined.tobytes() == whole[name].tobytes(), name


def test_the_rain_before_counts(tmp_path):
    """Without the means of the first part the second begins with missing windows, so the test above can fail."""
    case = elm_files.Case(tmp_path)
    first, second = series(tmp_path, 56, (38,), True)
    constants = elm_files.write_history(
        tmp_path / "constants.elm.h0.nc", "unstructured", elm_files.constants(), [1.0], [[0.0, 1.0]]
    )
    results = []
    for i, rain in enumerate(([first], [])):
        driver.run(case.inputs(history=[second], constants=[constants], rain=rain), tmp_path / f"{i}.nc")
        results.append(read(tmp_path / f"{i}.nc")["LANDSLIDE_PROB"])
    assert (results[0] != results[1]).any()


MEASURED = """
import resource, sys
from elm_landslide.commands.main import app
app(sys.argv[1:], standalone_mode=False)
print("peak KiB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.long
def test_memory_does_not_grow_with_the_records(tmp_path):
    """Ten files of 400 records take at most 20 MiB more than one of them: no record is kept but its time and bounds.

    What grows is HDF5's index of the output's chunks, up to a bound of its own. The inputs of all records (125 doubles
    for each of 6 cells) would take 21 MiB beside it.
    """
    case = elm_files.Case(tmp_path)
    paths = series(tmp_path, 4000, range(400, 4000, 400), True)
    peaks = []
    for history in (paths[:1], paths):
        done = launch(
            0, "run", "--history", *history, "--constants", case.h0, "--surface", case.surface,
            "--out", tmp_path / f"{len(history)}.nc", code=MEASURED,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "4000 of 4000" in done.stderr or len(history) == 1
        peaks.append(int(done.stdout.split("peak KiB")[1]))
    assert peaks[1] - peaks[0] < 20 * 1024, peaks

"""The same numbers for any window, any number of workers, and after a run that was killed."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.static import drainage, windows, workers
from elm_landslide.static.build import Sources, build
from elm_landslide.static.windows import BLOCK, MARGIN
from support import maps


def silent(stage, done, total):
    pass


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Rough ground with a void and a slope along the edges of windows, and its fields from one window."""
    folder = tmp_path_factory.mktemp("windows")
    n = 700
    x, y = maps.places(n)
    z = maps.hills(n, height=600.0) + 0.02 * x + 0.05 * y
    z[300:340, 250:270] = np.nan
    sources = Sources(maps.write_grid(folder / "grid.nc", 0.06, 3, 3), maps.write_map(folder / "dem.tif", z))
    result = build(sources, folder / "whole.nc", silent, window=768)
    assert result.terrain.windows == 1
    return folder, sources, maps.content(folder / "whole.nc")


def same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, values in found.items():
        np.testing.assert_array_equal(values.view(np.int64), wanted[name].view(np.int64), err_msg=name)


@pytest.mark.parametrize("window", [256, 384, 640])
def test_any_window(case, window):
    folder, sources, wanted = case
    result = build(sources, folder / f"{window}.nc", silent, window=window)
    assert result.terrain.windows > 1
    assert result.terrain.routed > 0  # water does come in over the edges
    same(maps.content(folder / f"{window}.nc"), wanted)


def test_several_workers(case):
    folder, sources, wanted = case
    build(sources, folder / "workers.nc", silent, window=256, workers=2)
    same(maps.content(folder / "workers.nc"), wanted)


def test_a_scheduler_of_ones_own(case):
    from distributed import LocalCluster

    folder, sources, wanted = case
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, processes=False) as cluster:
        build(sources, folder / "cluster.nc", silent, window=384, scheduler=cluster.scheduler_address)
    same(maps.content(folder / "cluster.nc"), wanted)


def test_no_scheduler_there(case, monkeypatch):
    monkeypatch.setattr(workers, "ANSWER", 1)
    folder, sources, _ = case
    with pytest.raises(UserError, match=r"--scheduler tcp://127.0.0.1:1: no dask scheduler answers there"):
        build(sources, folder / "no.nc", silent, scheduler="tcp://127.0.0.1:1")
    assert not (folder / "no.nc").exists()


def test_a_killed_run_goes_on_where_it_was(case, monkeypatch):
    folder, sources, wanted = case
    out = folder / "killed.nc"
    command = [sys.executable, "-m", "elm_landslide.commands.main", "static", "--grid", sources.grid]
    command += ["--dem", sources.dem, "--out", str(out), "--window", "256", "--workers", "1"]
    work = folder / ".killed.nc.windows"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not list(work.glob("slopes-0-2.npz")) and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not out.exists()
    done = {path.name: path.stat().st_mtime_ns for path in work.glob("slopes-*.npz")}
    assert 3 <= len(done) < 9
    again = []
    survey = windows.relief.count_slopes
    monkeypatch.setattr(windows.relief, "count_slopes", lambda *args: again.append(1) or survey(*args))
    build(sources, out, silent, window=256)
    assert len(again) == 9 - len(done)
    same(maps.content(out), wanted)
    assert not work.exists()


def test_results_of_other_maps_are_not_used(case):
    """After a run was cut short, the same output from another map starts anew."""
    folder, sources, _ = case
    work = folder / ".other.nc.windows"
    work.mkdir()
    (work / "input.sha256").write_text("of something else")
    (work / "slopes-0-0.npz").write_text("nothing")
    build(sources, folder / "other.nc", silent, window=768)


def test_a_line_that_the_neighbour_takes_lies_in_the_window():
    assert MARGIN < 2 * BLOCK  # the least window


def test_the_ends_of_a_line_are_handed_on_whatever_lies_across_the_corner():
    """Of cells none of whose neighbours in the window is lower, only those at the ends may have one beyond it."""
    z = np.full((300, 300), 5.0)
    found = windows._handed(z, np.full((300, 300), 7.0), "top")
    assert found[0] == found[-1] == 7.0
    assert (found[1:-1] == 0.0).all()


def test_areas_are_those_of_the_simulated_hillslopes():
    """Quinn's routing on the whole of a map, written for the simulator."""
    from elm_landslide.simulator.terrain import terrain

    z = maps.hills(60, seed=3, width=5.0)
    hill = terrain(z, 30.0)
    upslope = np.full(hill.n + 1, 900.0)
    for i in range(hill.n):
        for k in range(8):
            upslope[hill.receivers[i, k]] += hill.weights[i, k] * upslope[i]
    wanted = hill.grid(upslope[:-1])
    ratio = np.ones(64)
    ring = np.pad(z, 2, constant_values=np.nan)
    conducts = drainage.conductance(ratio)
    inverse, higher, _ = drainage.partition(ring, ratio, conducts)
    found = drainage.upslope_area(
        ring, conducts, inverse, higher, np.full(60, 900.0), np.ones((1, 1)), np.zeros((62, 62))
    )
    # The simulator lets water leave over the edge of the map, this does not: away from it they are the same, but for
    # the width of the contour, 0.354 there and exactly 0.25 times the diagonal here.
    inner = slice(12, -12)
    np.testing.assert_allclose(np.log(found[1:-1, 1:-1][inner, inner]), np.log(wanted[inner, inner]), atol=0.2)
    close = np.abs(found[1:-1, 1:-1] / wanted - 1.0) < 0.01
    assert close[inner, inner].mean() > 0.8


def test_no_water_is_lost():
    """On ground without a hollow, all that falls leaves over the edge of the map: what the lowest row gathers."""
    n = 50
    x, y = maps.places(n)
    z = np.pad(500.0 + 0.2 * y + 0.1 * np.abs(x), 2, constant_values=np.nan)
    ratio = np.ones(n + 4)
    conducts = drainage.conductance(ratio)
    inverse, higher, _ = drainage.partition(z, ratio, conducts)
    upslope = drainage.upslope_area(
        z, conducts, inverse, higher, np.ones(n), np.ones((1, 1)), np.zeros((n + 2, n + 2))
    )[1:-1, 1:-1]
    ends = inverse[1:-1, 1:-1] == 0  # the two lowest cells, and none but them
    assert upslope[ends].sum() == pytest.approx(n * n, rel=1e-12)

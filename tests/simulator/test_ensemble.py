"""Ensembles: the same numbers on any number of ranks and after a kill, a file that tells what it is, clear refusals."""

import json
import signal
import subprocess
import sys
import time

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, SPVAL, WETNESS_FIELDS
from elm_landslide.simulator import ensemble, ensemble_file, member
from elm_landslide.simulator.ensemble import PARCEL, Ensemble
from elm_landslide.simulator.prior import HIDDEN, PRIORS
from support.offline_runs import launch

SMALL = dict(rows=8, columns=8, hours=24)
WORDS = ("--rows", "8", "--columns", "8", "--hours", "24")
ONE = dict(settings=member.Settings(**SMALL), seed=3)


def bits(path) -> dict[str, bytes]:
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        return {name: variable[:].tobytes() for name, variable in file.variables.items()}


def make(made: Ensemble, out, run_map=map) -> list[int]:
    """Run an ensemble as the command does; the members that it told of, parcel by parcel."""
    told = []
    ensemble.run(made, out, run_map, ensemble.prepare(made, out), told.append)
    ensemble_file.write(made, out, "test")
    ensemble.forget(out)
    return told


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """50 members, which is two parcels and a half, by one process."""
    out = tmp_path_factory.mktemp("whole") / "whole.nc"
    assert make(Ensemble(50, **ONE), out) == [0, PARCEL, PARCEL, 10]
    return out


@pytest.mark.parametrize("ranks", [2, pytest.param(3, marks=pytest.mark.long)])
def test_ranks_change_nothing(whole, tmp_path, ranks):
    done = launch(ranks, "simulate", "--members", 50, "--seed", 3, *WORDS, "--out", tmp_path / "ranks.nc", "--json")
    assert done.returncode == 0, done.stderr
    assert bits(tmp_path / "ranks.nc") == bits(whole)
    assert json.loads(done.stdout)["failed"] == 0
    assert [p.name for p in tmp_path.iterdir()] == ["ranks.nc"]


def test_kill_and_go_on(whole, tmp_path):
    """SIGKILL after the first parcel; the second run does the others only, and the file is the same to the bit."""
    command = [
        sys.executable,
        "-m",
        "elm_landslide.commands.main",
        "simulate",
        "--members",
        "50",
        "--seed",
        "3",
        *WORDS,
    ]
    parts = tmp_path / ".out.nc.parts"
    with subprocess.Popen([*command, "--out", str(tmp_path / "out.nc")], stderr=subprocess.DEVNULL) as process:
        limit = time.monotonic() + 120
        while not list(parts.glob("[0-9]*.npz")) and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    kept = {p.name: p.stat().st_mtime_ns for p in parts.glob("[0-9]*.npz")}
    assert kept
    assert not (tmp_path / "out.nc").exists()

    made = Ensemble(50, **ONE)
    left = ensemble.prepare(made, tmp_path / "out.nc")
    assert len(left) == 3 - len(kept)
    ensemble.run(made, tmp_path / "out.nc", map, left, lambda n: None)
    assert all((parts / name).stat().st_mtime_ns == at for name, at in kept.items())
    ensemble_file.write(made, tmp_path / "out.nc", "test")
    assert bits(tmp_path / "out.nc") == bits(whole)


def test_interrupt_says_that_it_goes_on(tmp_path, monkeypatch, capsys):
    """Ctrl-C after the first parcel: status 130, the parcel is kept."""
    from elm_landslide.commands.main import main

    real, calls = ensemble.Runner.parcel, []

    def parcel(self, first):
        if calls:
            raise KeyboardInterrupt
        calls.append(first)
        return real(self, first)

    monkeypatch.setattr(ensemble.Runner, "parcel", parcel)
    words = ["simulate", "--members", "50", *WORDS, "--out", str(tmp_path / "out.nc")]
    monkeypatch.setattr(sys, "argv", ["elm-landslide", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "finished members are kept: the same command resumes from there" in capsys.readouterr().err
    assert len(list((tmp_path / ".out.nc.parts").glob("[0-9]*.npz"))) == 1
    assert not (tmp_path / "out.nc").exists()


def test_more_members_leave_the_first_as_they_are(whole, tmp_path):
    make(Ensemble(20, **ONE), tmp_path / "few.nc")
    with netCDF4.Dataset(whole) as many, netCDF4.Dataset(tmp_path / "few.nc") as few:
        for name in ("parameter_sand", "liquid_water", "hillslope_fos", "event_count"):
            assert np.array_equal(many[name][:20], few[name][:])
        n = int(few["event_count"][:].sum())
        assert n == len(few["event_area"])
        assert np.array_equal(many["event_area"][:n], few["event_area"][:])


def test_file_tells_what_it_is(whole):
    with netCDF4.Dataset(whole) as file:
        assert all(v.units and v.long_name for v in file.variables.values())
        identity = json.loads(file.ensemble)
        assert identity["settings"]["rows"] == 8
        assert identity["seed"] == file.seed == 3
        assert set(identity["priors"]) == set(PRIORS)
        assert file["parameter_thickness"].prior == "log_normal(1.4, 0.4)"
        assert file["time"][:].tolist() == [-6.0, 0.0, 6.0, 12.0]
        for field in FIELDS.values():
            assert file[field.name].units == field.unit
            values = file[field.name][:]
            if field.required:
                assert not np.ma.is_masked(values)
                assert values.min() >= field.valid[0], field.name
                assert values.max() <= field.valid[1], field.name
            assert file[field.name]._FillValue == np.float32(SPVAL)
        # Landslides lie one member after the other.
        owner = file["event_member"][:]
        assert (np.diff(owner) >= 0).all()
        assert np.array_equal(np.bincount(owner, minlength=50), file["event_count"][:])
        cells = file["event_area"][:] / file.cell_area
        assert np.array_equal(cells, np.rint(cells))
        assert cells.min() >= 1
        assert cells.max() <= 64
        np.testing.assert_allclose(file["event_volume"][:], file["event_area"][:] * file["event_depth"][:], rtol=1e-5)
        assert file["hillslope_balance"][:].max() < 1e-9


def test_read_gives_the_ensemble_again(whole):
    made, found = ensemble_file.read(whole)
    assert made == Ensemble(50, **ONE)
    again = ensemble.Runner(made).run(17)
    np.testing.assert_array_equal(found["hillslope_fos"][17], again["fos"].astype(np.float32))


def test_fixed_parameters(tmp_path):
    made = Ensemble(20, **ONE, fixed=(("cover", 0.0), ("gradient", 0.5)))
    make(made, tmp_path / "fixed.nc")
    with netCDF4.Dataset(tmp_path / "fixed.nc") as file:
        assert (file["parameter_gradient"][:] == 0.5).all()
        assert (file["tree_cover"][:] == 1.0).all()
    assert ensemble_file.read(tmp_path / "fixed.nc")[0] == made


def test_unsolved_members_are_told(tmp_path, monkeypatch):
    """A member without a solution is counted and empty; the others are as they were."""
    real = member.run

    def run(made, settings):
        if made.static["sand"][0] > 60.0:
            raise ArithmeticError("no solution")
        return real(made, settings)

    monkeypatch.setattr(member, "run", run)
    made = Ensemble(20, **ONE)
    left = ensemble.prepare(made, tmp_path / "some.nc")
    ensemble.run(made, tmp_path / "some.nc", map, left, lambda n: None)
    counts = ensemble_file.write(made, tmp_path / "some.nc", "test")
    with netCDF4.Dataset(tmp_path / "some.nc") as file:
        sandy = file["parameter_sand"][:] > 60.0
        assert 0 < sandy.sum() < 20
        assert counts["failed"] == sandy.sum()
        assert np.array_equal(file["hillslope_failed"][:] == 1.0, sandy)
        assert np.ma.getmaskarray(file["liquid_water"][:])[sandy].all()
        assert not np.ma.getmaskarray(file["liquid_water"][:])[~sandy].any()
        assert file["event_count"][:][sandy].sum() == 0


DAYS = ",".join(f"precip{k},temp{k}" for k in range(6, -1, -1))
DRY = "0,15," * 4
SITES = f"id,{DAYS}\n" + "".join(f"{i},{DRY}{i},15,20,15,{10 * i},14\n" for i in range(9))


def test_real_weather_and_terrain(tmp_path):
    """The table's last days are the event; the grid's tiles are the terrain."""
    (tmp_path / "sites.csv").write_text(SITES)
    rng = np.random.default_rng(0)
    grid = 0.4 * 10.0 * np.arange(30)[::-1, None] + rng.normal(0, 0.2, (30, 25))
    header = "ncols 25\nnrows 30\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9999\n"
    (tmp_path / "dem.asc").write_text(header + "\n".join(" ".join(f"{z:.3f}" for z in row) for row in grid))
    out = tmp_path / "real.nc"
    words = ("--weather", tmp_path / "sites.csv", "--dem", tmp_path / "dem.asc", *WORDS, "--members", 20)
    done = launch(0, "simulate", *words, "--out", out)
    assert done.returncode == 0, done.stderr
    with netCDF4.Dataset(out) as file:
        assert file.cell_area == 100.0
        np.testing.assert_allclose(file["slope"][:, 0, 5].mean(), 0.4, rtol=0.05)
        last_day = file["rain_1d"][:, -1]
        assert len(set(np.rint(last_day))) > 3
        assert set(np.rint(last_day)) <= {10.0 * i for i in range(9)}


def write_dem(path, text="", rows=10, cellsize="10", **changes) -> None:
    grid = 3.0 * np.arange(rows)[::-1, None] + np.zeros((1, 10))
    for (row, column), value in changes.get("at", {}).items():
        grid[row, column] = value
    header = f"ncols 10\nnrows {rows}\nxllcorner 0\nyllcorner 0\ncellsize {cellsize}\nNODATA_value -9999\n"
    path.write_text(text or header + "\n".join(" ".join(map(str, row)) for row in grid))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--members", "0"], "members: 0; must be at least 1"),
        (["--rows", "2"], "rows: 2; must be at least 3"),
        (["--hours", "6"], "hours: 6"),
        (["--cell-size", "-5"], "cell size: -5.0 m; it must be positive"),
        (["--set", "thickness=-1"], "thickness: -1 m (soil thickness on level ground); must be from 0.3 to 3"),
        (["--set", "thinning=inf"], "thinning: inf (decrease of thickness with gradient); must be from 0 to inf"),
        (["--set", "gradient=5.7"], "gradient: 5.7 m/m (mean gradient); must be from 0.2 to 1.1"),
        (["--set", "depth=1"], "depth: no such parameter; the parameters are wet_after_dry"),
        (["--set", "gradient"], "wanted FIELD=NUMBER"),
        (["--weather", "none.csv"], "none.csv: No such file"),
        (["--weather", "gap.csv"], "gap.csv: row 3, column precip1: an empty cell is no number"),
        (["--weather", "negative.csv"], "negative.csv: row 2, column precip0: '-3' is outside 0 to 2000 mm/day"),
        (["--dem", "none.asc"], "none.asc: No such file"),
        (["--dem", "hole.asc"], "hole.asc: terrain: no tile of 8 x 8 cells is without a missing cell; take fewer"),
        (["--dem", "degrees.asc"], "degrees.asc: cellsize is 0.001, in degrees"),
        (["--dem", "steep.asc"], "above 80 there is no soil to fail"),
        (["--dem", "flat.asc", "--rows", "20"], "a tile of 20 x 8 does not fit"),
        (["--dem", "flat.asc", "--cell-size", "5"], "--cell-size: the grid of --dem has its own"),
        (["--dem", "text.asc"], "text.asc: not an ESRI ASCII grid"),
        (["--out", "there.nc"], "there.nc: exists; use --overwrite"),
        (["--out", "no/folder.nc"], "its folder does not exist"),
        (["--validate", "--surface", "x.nc"], "--history and --surface go together"),
        (["--validate", "--draws", "0"], "draws: 0; must be at least 1"),
        (["--validate", "--history", "x.nc", "--surface", "y.nc"], "x.nc"),
    ],
)
def test_bad_input(tmp_path, monkeypatch, capsys, words, message):
    """One line that names what is wrong, status 2, nothing written."""
    monkeypatch.chdir(tmp_path)
    lines = f"id,{DAYS}\n1,0,15,{DRY}2,15,{{}},15\n2,0,15,{DRY}{{}},15,4,15\n"
    (tmp_path / "gap.csv").write_text(lines.format(3, ""))
    (tmp_path / "negative.csv").write_text(lines.format(-3, 1))
    write_dem(tmp_path / "flat.asc")
    write_dem(tmp_path / "hole.asc", at={(4, 4): -9999.0})
    write_dem(tmp_path / "degrees.asc", cellsize="0.001")
    write_dem(tmp_path / "steep.asc", at={(4, 4): 900.0})
    write_dem(tmp_path / "text.asc", text="slope and depth\n")
    (tmp_path / "there.nc").write_text("mine")
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}

    from elm_landslide.commands.main import main

    small = [w for pair in zip(WORDS[::2], WORDS[1::2], strict=True) if pair[0] not in words for w in pair]
    monkeypatch.setattr(sys, "argv", ["elm-landslide", "simulate", *small, *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.splitlines()) == 1
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_bad_input_on_ranks(tmp_path):
    done = launch(2, "simulate", "--members", 0, "--out", tmp_path / "x.nc")
    assert done.returncode == 2
    assert done.stderr.count("elm-landslide: simulate: members: 0; must be at least 1") == 1


def test_parts_of_another_ensemble_are_refused(tmp_path):
    out = tmp_path / "out.nc"
    ensemble.prepare(Ensemble(20, **ONE), out)
    with pytest.raises(UserError, match=r"\.out\.nc\.parts: holds parts of an ensemble with other settings"):
        ensemble.prepare(Ensemble(20, settings=member.Settings(**SMALL), seed=4), out)
    assert ensemble.prepare(Ensemble(40, **ONE), out) == [0, 20]  # more members are no other settings


def test_damaged_part_is_named(tmp_path):
    out, made = tmp_path / "out.nc", Ensemble(20, **ONE)
    ensemble.prepare(made, out)
    (ensemble.parts_folder(out) / "00000000-00000020.npz").write_bytes(b"PK not a zip")
    with pytest.raises(UserError, match=r"00000000-00000020\.npz: cannot be read .*remove it and run again"):
        ensemble_file.write(made, out, "test")
    assert [path.name for path in tmp_path.iterdir()] == [".out.nc.parts"]


def test_members_that_are_alike(tmp_path):
    """Groups share weather and all that ELM knows but slope and wetness of the terrain; what is hidden differs."""
    make(Ensemble(8, **ONE, alike=4), tmp_path / "alike.nc")
    found, variables = ensemble_file.read(tmp_path / "alike.nc")
    assert found.alike == 4
    for name in PRIORS:
        groups = variables[f"parameter_{name}"].reshape(2, 4)
        same = (groups == groups[:, :1]).all()
        assert same == (name not in HIDDEN), name
    for field in FIELDS.values():
        values = np.nan_to_num(variables[field.name].reshape(2, 4, -1))
        # Drainage follows the mean slope of the terrain.
        if field.name not in ("slope", "subsurface_drainage", *WETNESS_FIELDS):
            np.testing.assert_allclose(
                values, np.broadcast_to(values[:, :1], values.shape), atol=2e-2, err_msg=field.name
            )
    assert (np.diff(variables["hillslope_fos"].reshape(2, 4, -1)[:, :, 0], axis=1) != 0).all()
    rain = variables["rain_7d"].reshape(2, 4, -1)
    np.testing.assert_array_equal(rain, np.broadcast_to(rain[:, :1], rain.shape))
    assert (rain[0] != rain[1]).any()


def test_one_alike_is_as_before(tmp_path):
    alone, group = (ensemble.Runner(Ensemble(4, **ONE, alike=alike)) for alike in (1, 2))
    for first in (0, 2):
        assert alone.parameters(first) == group.parameters(first)
        np.testing.assert_array_equal(alone.run(first)["x"], group.run(first)["x"])
    with pytest.raises(UserError, match="alike: 5; must be from 1 to the 4 members"):
        Ensemble(4, **ONE, alike=5)

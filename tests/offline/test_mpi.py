"""The command line with the shipped model and the Fortran component, on ranks of MPI."""

import json

import netCDF4
import numpy as np
import pytest

from elm_landslide.fields import CHANCE, N_OUT, OUTPUTS, SPVAL
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.offline.columns import Columns
from elm_landslide.runtime.fortran import FortranModel
from support import elm_files
from support.offline_runs import launch


def outputs(path):
    with netCDF4.Dataset(str(path)) as file:
        file.set_auto_mask(False)
        return {name: file[name][:] for name in file.variables if name.startswith("LANDSLIDE_")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same small case on 1, 2 and 3 ranks and on more ranks than columns."""
    folder = tmp_path_factory.mktemp("runs")
    case = elm_files.Case(folder)
    area = np.append(np.full(5, 2000.0), np.nan)  # the last column, of the last rank, lacks it
    elm_files.write_surface(case.surface, change={"AREA": area})
    with netCDF4.Dataset(str(case.surface), "a") as surface:
        surface["AREA"].units = "km^2"
    for n_ranks in (1, 2, 3, 8):
        done = launch(
            n_ranks,
            *case.run(folder / f"{n_ranks}.nc"),
            "--json",
        )
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        assert (summary["n_ranks"], summary["n_columns"], summary["n_records"]) == (n_ranks, 6, 8)
    return folder, case


@pytest.mark.parametrize("n_ranks", [2, 3, 8])
def test_ranks_give_the_same_bits(runs, n_ranks):
    folder, _ = runs
    one, many = outputs(folder / "1.nc"), outputs(folder / f"{n_ranks}.nc")
    assert one.keys() == many.keys()
    assert len(one) == N_OUT + 3  # outside, chance and flag
    for name in one:
        assert many[name].tobytes() == one[name].tobytes(), name


def test_an_area_that_one_rank_lacks(runs):
    """Missing there alone, and the note is in every file."""
    folder, _ = runs
    for n_ranks in (1, 2, 3, 8):
        chance = outputs(folder / f"{n_ranks}.nc")[CHANCE.history]
        assert (chance[:, :5] < 1.0).all()
        assert (chance[:, 5] == SPVAL).all()
        with netCDF4.Dataset(str(folder / f"{n_ranks}.nc")) as file:
            assert f"{CHANCE.history} is missing where no file gives the area" in file.notes


def test_file_holds_what_the_component_gives(runs):
    folder, case = runs
    columns = Columns(case.inputs())
    written = outputs(folder / "1.nc")
    with FortranModel(SHIPPED) as component:
        for i, record in enumerate(columns.records):
            y, flag = component.run(columns.x(record))
            for output in OUTPUTS.values():
                np.testing.assert_allclose(written[output.history][i], y[:, output.index], rtol=1e-12, atol=1e-12)
            np.testing.assert_array_equal(written["LANDSLIDE_FLAG"][i], flag)


@pytest.mark.parametrize(("site", "n_columns"), [("susquehanna", 32), ("steep", 1)])
def test_sample_on_two_ranks(tmp_path, site, n_columns):
    done = launch(2, "run", "--sample", site, "--out", tmp_path / "out.nc", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["n_columns"], summary["n_records"]) == (n_columns, 480)
    assert summary["flags"]["invalid"] == 0
    assert sum(summary["flags"].values()) == 480 * n_columns
    low, high = summary["ranges"]["LANDSLIDE_PROB"]
    assert 0 <= low <= high <= 1


def test_run_does_not_import_torch(tmp_path):
    code = "import sys; from elm_landslide.commands.main import app; app(standalone_mode=False); "
    code += "sys.exit('torch' in sys.modules)"
    done = launch(0, "run", "--sample", "steep", "--out", tmp_path / "out.nc", code=code)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.nc").exists()


FAILING = """
import os, signal
from mpi4py import MPI
from elm_landslide.runtime import fortran
from elm_landslide.errors import LandslideError
from elm_landslide.commands.main import main
whole, calls = fortran.FortranModel.run, []
def run(self, x):
    calls.append(1)
    if len(calls) == 3 and MPI.COMM_WORLD.rank == {rank}:
        {action}
    return whole(self, x)
fortran.FortranModel.run = run
main()
"""


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_an_error_on_one_rank_ends_all(tmp_path, rank):
    case = elm_files.Case(tmp_path)
    before = set(tmp_path.iterdir())
    code = FAILING.format(rank=rank, action="raise LandslideError(5, 'landslide_run: engine failed')")
    done = launch(
        3,
        *case.run(tmp_path / "out.nc"),
        code=code,
    )
    assert done.returncode == 2
    ours = [line for line in done.stderr.splitlines() if line.startswith("elm-landslide:")]
    assert ours == [f"elm-landslide: {f'rank {rank}: ' if rank else ''}landslide_run: engine failed"]
    assert set(tmp_path.iterdir()) == before


def test_a_bug_on_one_rank_ends_all(tmp_path):
    case = elm_files.Case(tmp_path)
    code = FAILING.format(rank=1, action="raise ZeroDivisionError('a bug')")
    done = launch(
        2,
        *case.run(tmp_path / "out.nc"),
        code=code,
    )
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "rank 1: ZeroDivisionError: a bug" in done.stderr
    assert not (tmp_path / "out.nc").exists()


def files_of_a_run(folder):
    """Arguments of a run into the folder `out`, which is made."""
    case = elm_files.Case(folder)
    (folder / "out").mkdir()
    return case.run(folder / "out" / "out.nc")


@pytest.mark.parametrize("n_ranks", [0, 2])
def test_a_killed_run_leaves_no_output_under_its_name(tmp_path, n_ranks):
    arguments = files_of_a_run(tmp_path)
    code = FAILING.format(rank=0, action="os.kill(os.getpid(), signal.SIGKILL)")
    assert launch(n_ranks, *arguments, code=code).returncode != 0
    left = [path.name for path in (tmp_path / "out").iterdir()]
    # mpirun ends the other rank by SIGTERM, which tidies up.
    assert left == [".out.nc.part"] or (n_ranks and left == [])
    assert launch(n_ranks, *arguments).returncode == 0  # what the killed run left is not in the way
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["out.nc"]


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interrupted_run_leaves_nothing(tmp_path, name, status):
    arguments = files_of_a_run(tmp_path)
    code = FAILING.format(rank=0, action=f"os.kill(os.getpid(), signal.{name}); signal.pause(); signal.pause()")
    done = launch(0, *arguments, code=code)
    assert done.returncode == status
    assert done.stderr.splitlines()[-1] == "elm-landslide: interrupted; nothing is written"
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("target", ["os.getpid()", "os.getppid()"])
@pytest.mark.parametrize("rank", [0, 1])
def test_ranks_that_are_interrupted_leave_nothing(tmp_path, name, target, rank):
    """A signal to one rank, while the other waits for it in MPI, or to mpirun, which passes on what it gets."""
    arguments = files_of_a_run(tmp_path)
    action = f"os.kill({target}, signal.{name}); signal.pause(); signal.pause()"
    done = launch(2, *arguments, code=FAILING.format(rank=rank, action=action))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").iterdir())


def test_without_an_mpi_library_it_runs_on_one_process(tmp_path, monkeypatch):
    """mpi4py's wheel opens the MPI library at run time and may find none."""
    monkeypatch.setenv("MPI4PY_LIBMPI", "/nonexistent/libmpi.so")
    done = launch(0, "run", "--sample", "steep", "--out", tmp_path / "out.nc", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_ranks"] == 1

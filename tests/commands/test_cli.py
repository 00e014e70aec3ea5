import json
import subprocess
import sys
from importlib.metadata import version

import netCDF4
import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide import plots
from elm_landslide.commands.main import app
from elm_landslide.errors import UserError
from elm_landslide.offline import driver
from elm_landslide.offline.samples import sample_inputs
from support import elm_files
from support.offline_runs import launch


def invoke(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.mark.parametrize("command", ["run", "plot", "profile", "inspect", "replay", "bench", "train"])
def test_help_teaches_by_example(command):
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert f"elm-landslide {command}" in result.output


def test_version():
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"elm-landslide {version('elm-landslide')}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_options(shell):
    """The script for the shell, and what the program answers when the shell asks."""
    code = "import sys; sys.argv[0] = 'elm-landslide'; from elm_landslide.commands.main import main; main()"
    done = launch(0, code=code, environment={"_ELM_LANDSLIDE_COMPLETE": f"source_{shell}"})
    assert done.returncode == 0
    assert "_ELM_LANDSLIDE_COMPLETE" in done.stdout
    asked = {
        "_ELM_LANDSLIDE_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "elm-landslide run --ov",
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": "elm-landslide run --ov",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = launch(0, code=code, environment=asked)
    assert "--overwrite" in done.stdout
    assert "--out" not in done.stdout.split()


def test_train_prints_its_scores_as_json(tmp_path, monkeypatch):
    from elm_landslide.training import run

    scores = {"stage_1": {"columns": {"fos_r2": 0.5, "columns": 3}}}
    monkeypatch.setattr(run, "train", lambda *_: scores)
    result = invoke("train", "--out", tmp_path / "m.pt", "--json")
    assert json.loads(result.stdout) == {"out": str(tmp_path / "m.pt"), "metrics": scores}
    assert "stage_1.columns.fos_r2" in invoke("train", "--out", tmp_path / "m.pt").stdout


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (("inspect",), "elm_landslide.runtime.description.describe"),
        (("train", "--out", "model.pt"), "elm_landslide.training.run.train"),
        (("plot", "run.nc"), "elm_landslide.plots.draw"),
    ],
)
def test_ctrl_c_is_one_line(monkeypatch, arguments, place):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (130, "", "elm-landslide: interrupted")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from elm_landslide.commands.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'netCDF4', 'torch', 'matplotlib', 'mpi4py') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.usefixtures("stand_in")
def test_words_of_a_shell_pattern_belong_to_their_option(tmp_path, model):
    case = elm_files.Case(tmp_path)
    times, bounds = elm_files.hourly(8)
    parts = [
        elm_files.write_history(
            tmp_path / f"part{i}.elm.h1.nc",
            "unstructured",
            {k: v[s] for k, v in elm_files.states(8).items()},
            times[s],
            bounds[s],
        )
        for i, s in enumerate((slice(0, 3), slice(3, 8)))
    ]
    rest = ("--constants", case.h0, "--surface", case.surface, "--model", model, "--json")
    for name, history in (("words", parts), ("pattern", [tmp_path / "part*.elm.h1.nc"])):
        result = invoke("run", "--history", *history, *rest, "--out", tmp_path / f"{name}.nc")
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["n_records"] == 8


@pytest.mark.usefixtures("stand_in")
def test_summary_names_ranges_flags_and_rules(tmp_path, case, model):
    result = invoke(
        "run",
        "--history",
        case.h1,
        "--constants",
        case.h0,
        "--surface",
        case.surface,
        "--model",
        model,
        "--out",
        tmp_path / "out.nc",
    )
    assert result.exit_code == 0
    for text in (
        "LANDSLIDE_PROB",
        "ok 16, filled 16, outside 8, invalid 8",
        "6 x 8 records on 1 rank",
        "water_input = QINFL + QOVER",
        "microseconds per column and step",
    ):
        assert text in result.stdout


def test_inspect_prints_json():
    done = launch(0, "inspect", "--json")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)


@pytest.mark.usefixtures("stand_in")
def test_plot_draws_series_and_cells(tmp_path, model):
    inputs = sample_inputs("susquehanna")
    driver.run(inputs, tmp_path / "a.nc", model)
    result = invoke("plot", tmp_path / "a.nc", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    for name in ("timeseries.png", "a_cells.png"):
        assert (tmp_path / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    # What is drawn: the rain of the run's own h0 file, in mm/day, and the water table of its h1 file.
    drawn = plots.read([tmp_path / "a.nc"], "a", [inputs.constants[0].parent])
    with netCDF4.Dataset(inputs.constants[0]) as h0, netCDF4.Dataset(inputs.history[0]) as h1:
        cell = np.flatnonzero((h0["lat"][:] == drawn.lat[drawn.cell]) & (h0["lon"][:] == drawn.lon[drawn.cell]))[0]
        np.testing.assert_allclose(drawn.rain[1], h0["RAIN"][:, cell] * 86400.0, rtol=1e-6)
        np.testing.assert_allclose(drawn.water_table[1], h1["ZWT"][:, cell], rtol=1e-6)
    assert drawn.synthetic


def test_plot_refuses_another_file(tmp_path):
    with pytest.raises(UserError, match="not a file of elm-landslide run"):
        plots.draw([sample_inputs("steep").history[0]], tmp_path)

import json
import subprocess
import sys

import elm_files
import netCDF4
import numpy as np
import pytest
from driver_support import launch
from typer.testing import CliRunner

from elm_landslide import cli, driver, plots
from elm_landslide.data.cut_sample import sample_files
from elm_landslide.errors import UserError


def invoke(*arguments):
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


@pytest.mark.parametrize("command", ["run", "plot", "inspect", "train"])
def test_help_teaches_by_example(command):
    result = invoke(command, "--help")
    assert result.exit_code == 0 and f"elm-landslide {command}" in result.output


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from elm_landslide.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'netCDF4', 'torch', 'matplotlib', 'mpi4py') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments, text",
    [
        ((), "give --history and --surface"),
        (("--sample", "alps"), "--sample alps: wanted one of susquehanna, steep"),
        (("--sample", "steep", "--surface", "s.nc"), "give one or the other"),
        (("--sample", "steep", "--set", "roots=0"), "--set roots: no such field"),
        (("--sample", "steep", "--set", "root_fraction"), "wanted FIELD=NUMBER"),
        (("--history", "no_*.nc", "--surface", "s.nc"), "no_*.nc: no such file"),
        (("--history", "no.nc", "--surface", "s.nc"), "no.nc: cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_status_2(tmp_path, arguments, text):
    result = invoke("run", *arguments, "--out", tmp_path / "out.nc")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1 and text in result.stderr and result.stdout == ""
    assert not list(tmp_path.iterdir())


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
    history, constants, surface = sample_files("susquehanna")
    driver.run(history, surface, tmp_path / "a.nc", constants, model)
    result = invoke("plot", tmp_path / "a.nc", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    for name in ("timeseries.png", "a_cells.png"):
        assert (tmp_path / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    # What is drawn: the rain of the run's own h0 file, in mm/day, and the water table of its h1 file.
    drawn = plots._read(tmp_path / "a.nc", "a", [constants[0].parent])
    with netCDF4.Dataset(str(constants[0])) as h0, netCDF4.Dataset(str(history[0])) as h1:
        cell = np.flatnonzero((h0["lat"][:] == drawn.lat[drawn.cell]) & (h0["lon"][:] == drawn.lon[drawn.cell]))[0]
        np.testing.assert_allclose(drawn.rain[1], h0["RAIN"][:, cell] * 86400.0, rtol=1e-6)
        np.testing.assert_allclose(drawn.water_table[1], h1["ZWT"][:, cell], rtol=1e-6)
    assert drawn.synthetic


def test_plot_refuses_another_file(tmp_path):
    with pytest.raises(UserError, match="not a file of elm-landslide run"):
        plots.draw([sample_files("steep")[0][0]], tmp_path)

"""`elm-landslide assimilate` on synthetic truth: what it finds, what it writes, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.assimilation.days import months_of
from elm_landslide.commands.main import app
from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.inputs import Inputs
from support import elm_files
from support import satellite_files as made
from support.elm_files import N
from support.offline_runs import refusal

YEARS = 2
OFFSET = "soil_moisture_offset"


class Truth:
    """Soil moisture of the six cells over YEARS, and series of it with known errors and biases, [day, cell]."""

    def __init__(self, seed: int = 1):
        self.draw = np.random.default_rng(seed)
        self.days = made.dates(365 * YEARS)
        self.values = 0.25 + 0.04 * made.red(self.draw, self.days.size, N, 0.95)
        self.month = months_of(self.days)

    def series(self, error: float, bias=0.0, memory: float = 0.3) -> np.ndarray:
        """With a random error and a bias [month, cell]."""
        bias = np.broadcast_to(bias, (12, N))[self.month - 1]
        return self.values + bias + error * made.red(self.draw, self.days.size, N, memory)


class Files:
    """The files of a call that works; a case spoils them."""

    def __init__(self, folder, model, satellite, third=None, gridded=False):
        truth_days = made.dates(len(model))
        self.folder, self.out = folder, folder / "offset.nc"
        kind = "gridded" if gridded else "unstructured"
        self.history = made.write_history(folder / "case.elm.h0.nc", model, kind)
        self.surface = elm_files.write_surface(folder / "surfdata.nc", gridded)
        grid = made.on_quarters(satellite)
        self.satellite = made.write_cci(folder / "cci.nc", truth_days, grid)
        self.more = []
        if third is not None:
            path = made.write_cci(folder / "ascat.nc", truth_days, made.on_quarters(third), name="ssm", units="percent")
            self.more = ["--third", path]

    def arguments(self, *more):
        files = ("--history", self.history, "--surface", self.surface, "--satellite", self.satellite)
        return [str(word) for word in ("assimilate", *files, "--out", self.out, *self.more, *more)]

    def run(self, *more):
        done = CliRunner().invoke(app, self.arguments(*more))
        assert done.exit_code == 0, done.output
        with netCDF4.Dataset(str(self.out)) as file:
            file.set_auto_mask(False)
            return {name: file[name][:] for name in file.variables}, done.stdout


def test_a_known_offset_is_found_within_its_error(tmp_path):
    """Another bias in each cell and month; the satellite has no bias and is said to have none."""
    truth = Truth()
    lacks = truth.draw.normal(0.0, 0.05, (12, N))
    found, _ = Files(tmp_path, truth.series(0.01, -lacks), truth.series(0.02)).run("--satellite-error", 0)
    offset, error = found[OFFSET], found[f"{OFFSET}_error"]
    within = np.abs(offset - lacks) < 1.96 * error
    assert within.mean() >= 0.9  # of 72
    assert np.median(error) < 0.006
    assert np.corrcoef(offset.ravel(), lacks.ravel())[0, 1] > 0.98
    assert (found["pairs"] == np.array([62, 56, 62, 60, 62, 60, 62, 62, 60, 62, 60, 62])[:, None]).all()
    assert (found["satellite_cells"] == 4).all()


def test_with_equal_errors_half_of_the_difference_is_the_models(tmp_path):
    truth = Truth()
    found, _ = Files(tmp_path, truth.series(0.01, -0.08), truth.series(0.01)).run()
    np.testing.assert_allclose(found["difference"], 0.08, atol=0.012)
    np.testing.assert_allclose(found[OFFSET], 0.04, atol=0.007)
    np.testing.assert_allclose(found[f"{OFFSET}_error"], 0.04 / np.sqrt(2.0), rtol=0.1)
    assert (np.abs(found[OFFSET] - 0.08) < 1.96 * found[f"{OFFSET}_error"]).all()


def test_a_perfect_model_gets_none(tmp_path):
    """Under a satellite without bias: exactly 0 in about 95 % of cells and months, and little in the rest."""
    truth = Truth()
    found, said = Files(tmp_path, truth.values, truth.series(0.03)).run("--satellite-error", 0)
    assert (found[OFFSET] == 0.0).mean() >= 0.88  # of 72
    assert np.abs(found[OFFSET]).max() < 0.02
    assert np.abs(found["difference"]).min() > 0.0
    assert f"{(found[OFFSET] != 0.0).sum()} of them other than 0" in said


def test_a_satellite_that_is_the_model_gives_exactly_none(tmp_path):
    truth = Truth()
    model = truth.series(0.02).astype("f4")
    files = Files(tmp_path, model, model)
    found, _ = files.run("--satellite-error", 0)
    assert np.abs(found["difference"]).max() < 1e-7
    assert (np.abs(found[OFFSET]) <= np.abs(found["difference"])).all()


def test_a_third_series_tells_a_perfect_model_from_a_biased_satellite(tmp_path):
    """Triple collocation finds no error in the model: the bias of 0.06 is the satellite's."""
    truth = Truth()
    third = 50.0 + 300.0 * (truth.series(0.02) - 0.25)
    found, said = Files(tmp_path, truth.values, truth.series(0.03, 0.06), third).run("--model-error", 0.2)
    assert (found["triple_collocation"] == 1).all()
    assert np.abs(found["difference"]).min() > 0.04
    assert np.abs(found[OFFSET]).max() < 0.012
    np.testing.assert_allclose(found["satellite_error"], 0.03, rtol=0.2)
    assert "triple collocation in 6 cells" in said


def test_a_third_series_says_how_much_of_the_difference_is_the_models(tmp_path):
    """Errors of 0.04 and 0.02: four fifths. The third is in percent of another range."""
    truth = Truth()
    third = 50.0 + 300.0 * (truth.series(0.03) - 0.25)
    found, _ = Files(tmp_path, truth.series(0.04), truth.series(0.02, 0.1), third).run()
    np.testing.assert_allclose(found["model_error"], 0.04, rtol=0.2)
    np.testing.assert_allclose(found["satellite_error"], 0.02, rtol=0.35)
    assert np.median(found[OFFSET] / found["difference"]) == pytest.approx(0.8, abs=0.06)
    assert (found["triplets"] == 365 * YEARS).all()


def test_where_triple_collocation_does_not_say_the_stated_errors_are_taken(tmp_path):
    truth = Truth()
    third = truth.series(0.03)
    third[100:, 2] = np.nan
    third[99:, 4] = np.nan
    found, said = Files(tmp_path, truth.series(0.04), truth.series(0.02, 0.1), third).run("--model-error", 0.07)
    assert found["triple_collocation"].tolist() == [1, 1, 1, 1, 0, 1]
    assert found["model_error"][4] == 0.07
    assert found["satellite_error"][4] == 0.04
    assert "1 cells take the stated errors" in said


@pytest.mark.parametrize("gridded", [False, True])
def test_a_run_reads_the_file(tmp_path, gridded):
    """The cells of the surface dataset, a month without pairs missing; what a run adds is what was found."""
    truth = Truth()
    lacks = 0.06 + 0.002 * np.arange(N)
    satellite = truth.series(0.01)
    satellite[(truth.month >= 11) | (truth.month <= 3), 5] = np.nan
    files = Files(tmp_path, truth.series(0.01, -lacks), satellite, gridded=gridded)
    found, _ = files.run("--satellite-error", 0)
    offset = found[OFFSET].reshape(12, N)
    assert (offset[[11, 0, 1], 5] == SPVAL).all()
    assert (offset[3:9] < SPVAL).all()
    case = elm_files.Case(tmp_path, "gridded" if gridded else "unstructured")
    columns = Columns(Inputs([case.h1], case.surface, [case.h0], moisture_offset=files.out))
    try:
        x = columns.x(columns.records[-1])[:, FIELDS[OFFSET].offset]  # 2000-01-13
    finally:
        columns.close()
    share = 12.5 / 31 + 0.5
    np.testing.assert_allclose(x[:5], (1 - share) * offset[11, :5] + share * offset[0, :5], rtol=1e-12)
    assert x[5] == SPVAL
    with netCDF4.Dataset(str(files.out)) as file, netCDF4.Dataset(str(files.surface)) as surface:
        for name in ("LATIXY", "LONGXY"):
            assert file[name].dimensions == surface[name].dimensions
            np.testing.assert_array_equal(file[name][:], surface[name][:])
        assert file[OFFSET].units == "m3 m-3"
        assert file.input_files == "case.elm.h0.nc surfdata.nc cci.nc"
        assert file.history.split(" ", 1)[1].startswith("elm-landslide")
        assert (file.time_coverage_start, file.time_coverage_end) == ("2001-01-01", "2002-12-31")
        assert all(hasattr(variable, "long_name") for variable in file.variables.values())
    checker = Path(sys.executable).with_name("compliance-checker")
    checked = subprocess.run([checker, "-t", "cf:1.8", files.out], capture_output=True, text=True)
    assert "All tests passed!" in checked.stdout, checked.stdout
    assert not list(tmp_path.glob(".*.part"))


def test_the_summary_as_json(tmp_path):
    truth = Truth()
    files = Files(tmp_path, truth.series(0.01, -0.08), truth.series(0.01))
    found, said = files.run("--json")
    summary = json.loads(said)
    assert summary["cell_months"] == 72
    assert summary["highest"] == pytest.approx(found[OFFSET].max())
    assert summary["out"] == str(files.out)


@pytest.fixture
def files(tmp_path):
    truth = Truth()
    return Files(tmp_path, truth.series(0.01, -0.05), truth.series(0.01))


def rewritten(**changes):
    """The product with other days, coordinates, units or values."""

    def spoil(files):
        truth = Truth()
        values = made.on_quarters(truth.values) * changes.pop("times", 1.0) + changes.pop("plus", 0.0)
        files.satellite = made.write_cci(
            files.folder / "bad.nc", truth.days + changes.pop("later", 0), values, **changes
        )

    return spoil


def option(**options):
    def spoil(files):
        for name, value in options.items():
            setattr(files, name, files.folder / value)

    return spoil


def arguments(*words):
    def spoil(files):
        files.more = list(words)

    return spoil


def existing(files):
    files.out.write_bytes(b"mine")


BAD = {
    "grids that do not overlap": (rewritten(lat=made.CCI_LAT - 40.0), ["bad.nc", "lat -0.375", "no overlap", "give"]),
    "no day in common": (rewritten(later=4000), ["bad.nc", "2011-12-15 to 2013-12-13", "2001-01-01 to", "same years"]),
    "wrong units": (rewritten(units="%"), ["bad.nc", "sm has units '%'", "wanted 'm3 m-3'"]),
    "fractions above 1": (rewritten(times=100.0), ["bad.nc: sm is ", " at lat ", "wanted 0 to 1 m3/m3"]),
    "no time axis": (rewritten(time=None), ["bad.nc: no time axis", "give each image its time"]),
    "another variable": (rewritten(name="wetness"), ["bad.nc: no variable sm", "--variable", "wetness"]),
    "saturation as a fraction": (rewritten(plus=0.55), ["bad.nc: is +0.", "in month 1", "is it saturation"]),
    "no pairs": (arguments("--pairs", "2000"), ["no cell has 2000 days with both in a month", "fewer --pairs"]),
    "no such file": (option(satellite="none.nc"), ["none.nc"]),
    "no netCDF": (option(satellite="surfdata.nc", history="nothing"), ["nothing"]),
    "no surface dataset": (option(surface="cci.nc"), ["cci.nc: no variable LATIXY: not an ELM surface dataset"]),
    "no history": (option(history="surfdata.nc"), ["surfdata.nc: no variable time"]),
    "no third variable": (arguments("--third", "{folder}/surfdata.nc"), ["surfdata.nc: no variable sm"]),
    "a negative error": (arguments("--model-error", "-0.1"), ["--model-error: -0.1", "between 0 and 1"]),
    "no error at all": (arguments("--model-error", "0", "--satellite-error", "0"), ["both 0", "state one"]),
    "one pair": (arguments("--pairs", "1"), ["--pairs: 1; wanted 2 or more"]),
    "no folder": (option(out="nowhere/offset.nc"), ["nowhere/offset.nc: its folder does not exist"]),
    "the output is an input": (option(out="cci.nc"), ["cci.nc: is one of the inputs"]),
    "exists": (existing, ["offset.nc: exists; use --overwrite"]),
}


@pytest.mark.parametrize(("spoil", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_leaves_nothing(files, spoil, words):
    spoil(files)
    files.more = [str(word).format(folder=files.folder) for word in files.more]
    before = {path: path.read_bytes() for path in files.folder.iterdir()}
    done = CliRunner().invoke(app, files.arguments())
    assert done.exit_code == 2, done.output
    lines = [line for line in done.stderr.splitlines() if not line.startswith("cell ")]  # progress
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("elm-landslide: ")
    for word in words:
        assert word in lines[0], lines[0]
    assert done.stdout == ""
    assert {path: path.read_bytes() for path in files.folder.iterdir()} == before


def test_nothing_given_says_what_to_give():
    done = CliRunner().invoke(app, ["assimilate"])
    assert done.exit_code == 2
    assert done.stderr == "elm-landslide: give --history, --surface and --satellite\n"


def test_as_a_process_it_ends_likewise(files):
    rewritten(units="%")(files)
    assert "sm has units '%'" in refusal(*files.arguments())
    assert not files.out.exists()


def test_a_frozen_month_has_no_offset(tmp_path):
    """ELM's soil holds ice in January and February, whatever the satellite says."""
    truth = Truth()
    files = Files(tmp_path, truth.series(0.01, -0.08), truth.series(0.01))
    ice = np.zeros((truth.days.size, 15, N), "f4")
    ice[truth.month <= 2, 0] = 2.0
    files.history = made.write_history(tmp_path / "frozen.nc", truth.series(0.01, -0.08), SOILICE=ice)
    found, _ = files.run("--pairs", 40)
    assert (found[OFFSET][0] == SPVAL).all()  # with 15 days of December on one side
    assert (found["pairs"][0] == 30).all()
    assert (found[OFFSET][2:] < SPVAL).all()

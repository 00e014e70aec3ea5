"""What is installed and what needs it: the extras of pyproject.toml, the imports, and commands without an extra."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from elm_landslide import extras
from support.offline_runs import launch

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULE_OF = {"scikit-learn": "sklearn", "xgboost-cpu": "xgboost"}  # where it is not the package's own name
DATA = {"global-land-mask"}  # its file is read, nothing is imported, and a map can do without
WITH_ANOTHER = {"cftime", "threadpoolctl"}  # of netCDF4 and scikit-learn


def modules(requirements) -> set[str]:
    """Modules of requirements, those of this project's extras among them."""
    found = set()
    for text in requirements:
        name, more = re.match(r"([\w-]+)(?:\[(.*)\])?", text).groups()
        if name != PROJECT["name"] and name not in DATA:
            found.add(MODULE_OF.get(name, name))
        for extra in (more or "").split(",") if more else ():
            found |= modules(PROJECT["optional-dependencies"][extra])
    return found


def imported() -> set[str]:
    """Modules of others that the package imports, anywhere."""
    found = set()
    for path in (ROOT / "python").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"elm_landslide", "fields"}


CORE = modules(PROJECT["dependencies"])
EVERYTHING = modules([*PROJECT["dependencies"], "elm-landslide[all,lhasa]"])


def test_the_table_is_that_of_pyproject():
    for extra, wanted in extras.MODULES.items():
        assert set(wanted) == modules(PROJECT["optional-dependencies"][extra]), extra


def test_what_is_imported_is_declared_and_the_other_way_round():
    assert imported() - WITH_ANOTHER == EVERYTHING


def test_torch_has_bounds_and_the_training_a_version():
    (torch,) = PROJECT["optional-dependencies"]["torch"]
    assert re.fullmatch(r"torch>=[\d.]+,<[\d.]+", torch)
    assert any(re.fullmatch(r"torch==[\d.]+", text) for text in PROJECT["optional-dependencies"]["train"])


def without(absent, *arguments, n_ranks=0):
    """The command where some modules are not installed."""
    code = f"import sys; sys.modules.update(dict.fromkeys({sorted(absent)}))"
    code += "\nfrom elm_landslide.commands.main import main; main()"
    return launch(n_ranks, *arguments, code=code)


@pytest.fixture
def run_file(tmp_path):
    """A landslide history file of a run with the core alone."""
    out = tmp_path / "steep.nc"
    done = without(EVERYTHING - CORE, "run", "--sample", "steep", "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def test_the_core_runs_inspects_and_prepares_a_case(run_file, tmp_path):
    absent = EVERYTHING - CORE
    done = without(absent, "inspect", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["schema_matches"]
    for words in (("replay", tmp_path / "none.bin"), ("e3sm", "check", "--caseroot", tmp_path / "none")):
        done = without(absent, *words)
        assert done.returncode == 2
        assert "none" in done.stderr
        assert "installed" not in done.stderr
    done = without(absent | {"matplotlib"}, "plot", run_file, "--out", tmp_path)
    assert done.returncode == 2
    done = without(absent - {"matplotlib"}, "plot", run_file, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "timeseries.png").exists(), done.stderr


@pytest.mark.parametrize(
    ("extra", "modules_missing", "words"),
    [
        ("plot", "matplotlib", ("plot", "a.nc")),
        ("plot,torch", "matplotlib, torch", ("profile", "--sample", "steep")),
        ("torch", "torch", ("inspect", "--weights")),
        ("torch", "torch", ("train", "--out", "m.pt")),
        ("simulate", "torch, numba, scipy", ("train", "--out", "m.pt", "--sites", "s.csv")),
        ("simulate", "torch, numba, scipy", ("simulate", "--members", "1")),
        ("simulate", "torch, numba, scipy", ("bench",)),
        ("evaluate", "matplotlib, torch, numba, scipy, sklearn", ("evaluate", "--sites", "s.csv", "--out", "e")),
    ],
)
def test_a_command_names_its_extra(tmp_path, monkeypatch, extra, modules_missing, words):
    monkeypatch.chdir(tmp_path)
    done = without(EVERYTHING - CORE, *words)
    assert (done.returncode, done.stdout) == (2, "")
    name = f"inspect {words[1]}" if words[0] == "inspect" else words[0]
    wanted = f"elm-landslide: {name}: {modules_missing} not installed: pip install 'elm-landslide[{extra}]'\n"
    assert done.stderr == wanted
    assert not list(tmp_path.iterdir())


def test_a_training_on_columns_needs_torch_alone():
    """The modules that it imports, all of them, without numba, scipy and the rest."""
    absent = sorted(EVERYTHING - CORE - {"torch"})
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({absent})); from elm_landslide.training import run; print('in')"
    )
    assert launch(0, code=code).stdout == "in\n"


@pytest.mark.parametrize("launcher", ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"])
@pytest.mark.parametrize("words", [("run", "--sample", "steep"), ("simulate",), ("train", "--out", "m.pt")])
def test_several_processes_without_mpi4py_are_refused(tmp_path, monkeypatch, launcher, words):
    """Each would do the whole work and write its file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(launcher, "2")
    done = without({"mpi4py"}, *words)
    assert done.returncode == 2
    assert not list(tmp_path.iterdir())
    (line,) = done.stderr.splitlines()
    assert line.startswith("elm-landslide: 2 processes, which cannot find each other: pip install 'elm-landslide[mpi]'")


def test_figures_leave_the_users_backend_alone():
    """pyplot, whose backend is chosen by a notebook or a window, is not touched."""
    code = (
        "import matplotlib, sys; matplotlib.use('svg'); import elm_landslide.plots, elm_landslide.plots.profile_input;"
        "import elm_landslide.evaluation.figures, elm_landslide.plots.ensemble;"
        "print(matplotlib.get_backend(), 'matplotlib.pyplot' in sys.modules)"
    )
    assert launch(0, code=code).stdout == "svg False\n"


@pytest.mark.parametrize(
    "module", ["elm_landslide.extras", "elm_landslide.runtime.plugin", "elm_landslide.runtime.compiler"]
)
def test_what_answers_without_extras_imports_none(module):
    code = f"import sys, {module}; print([m for m in sys.modules if m in {sorted(EVERYTHING)}])"
    assert launch(0, code=code).stdout == "[]\n"

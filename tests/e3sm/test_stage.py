"""The staging script, as CIME runs it: called as a Python function of the file's name, or executed."""

import importlib.machinery
import importlib.util
import re
import shutil
import subprocess

import pytest


@pytest.fixture
def stage(e3sm, case, tmp_path):
    e3sm("enable")

    def run(root=case, status=0):
        script = root / "SourceMods" / "src.elm" / "landslide_stage"
        done = subprocess.run(["sh", "-c", f"{script} {root}"], capture_output=True, text=True, cwd=root)
        assert done.returncode == status, done
        return done.stdout + done.stderr

    return run


def staged(tmp_path):
    return {path.name: path.read_text(errors="replace") for path in (tmp_path / "run").iterdir()}


def test_one_instance(stage, case, tmp_path):
    stage()
    files = staged(tmp_path)
    assert set(files) == {"landslide_in", "landslide.pt"}
    assert files["landslide_in"] == (case / "user_nl_landslide").read_text()
    assert (tmp_path / "run/landslide.pt").read_bytes() == (case / "SourceMods/src.elm/landslide.pt").read_bytes()


def test_an_edit_reaches_the_next_run(stage, case, tmp_path):
    stage()
    (case / "user_nl_landslide").write_text("edited")
    stage()
    assert staged(tmp_path)["landslide_in"] == "edited"


def test_several_instances(stage, case, tmp_path, variable):
    stage()
    variable("NINST_LND", "3")
    (case / "user_nl_landslide_0002").write_text("second")
    stage()
    files = staged(tmp_path)
    assert set(files) == {"landslide_in_0001", "landslide_in_0002", "landslide_in_0003", "landslide.pt"}
    assert files["landslide_in_0002"] == "second"
    assert files["landslide_in_0001"] == files["landslide_in_0003"] == (case / "user_nl_landslide").read_text()
    variable("NINST_LND", "1")
    stage()
    assert set(staged(tmp_path)) == {"landslide_in", "landslide.pt"}


@pytest.mark.parametrize("lost", ["user_nl_landslide", "SourceMods/src.elm/landslide.pt"])
def test_what_is_missing_stops_the_run(lost, stage, case):
    (case / lost).unlink()
    said = stage(status=1)
    assert lost in said
    assert "enable" in said
    assert "Traceback" not in said


def test_without_run_directory(stage, tmp_path):
    (tmp_path / "run").rmdir()
    assert "case.setup" in stage(status=1)


def test_cime_calls_it_as_a_function(stage, case, tmp_path):
    """case_run.py: the file has a line `def landslide_stage(`, so CIME imports it and passes the case's root."""
    script = case / "SourceMods" / "src.elm" / "landslide_stage"
    assert re.search(r"^def\s+landslide_stage\s*\(", script.read_text(), re.MULTILINE)
    loader = importlib.machinery.SourceFileLoader("landslide_stage", str(script))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("landslide_stage", loader))
    loader.exec_module(module)
    module.landslide_stage(str(case))
    assert "landslide_in" in staged(tmp_path)


def test_pythons_cache_goes_with_it(stage, case, e3sm):
    cache = case / "SourceMods" / "src.elm" / "__pycache__"
    cache.mkdir()
    (cache / "landslide_stage.cpython-311.pyc").write_bytes(b"")
    e3sm("disable")
    assert not cache.exists()


SHELL = "#!/bin/sh\necho before $1 > $1/../run/before\n"
PYTHON = "def mine(caseroot):\n    open(caseroot + '/../run/before', 'w').write('before ' + caseroot + '\\n')\n"


@pytest.mark.parametrize("text", [SHELL, PYTHON])
@pytest.mark.parametrize("place", ["$CASEROOT/mine.any", "$USERS/case/mine.any", "$ENV{HERE}/mine.any"])
def test_the_cases_own_script_runs_first(text, place, stage, case, e3sm, variable, tmp_path, monkeypatch):
    monkeypatch.setenv("HERE", str(case))
    (case / "mine.any").write_text(text)
    (case / "mine.any").chmod(0o755)
    variable("PRERUN_SCRIPT", place)
    e3sm("enable")
    stage()
    assert staged(tmp_path)["before"] == f"before {case}\n"
    assert "landslide_in" in staged(tmp_path)


def test_a_clone_runs_its_own(stage, case, e3sm, variable, tmp_path):
    (case / "mine").write_text(SHELL)
    (case / "mine").chmod(0o755)
    variable("PRERUN_SCRIPT", "$CASEROOT/mine")
    e3sm("enable")
    clone = tmp_path / "clone"
    shutil.copytree(case, clone)
    (clone / "user_nl_landslide").write_text("the clone's")
    stage(root=clone)
    assert staged(tmp_path)["before"] == f"before {clone}\n"
    assert staged(tmp_path)["landslide_in"] == "the clone's"


def test_a_failing_script_of_the_case_stops_the_run(stage, case, e3sm, variable, tmp_path):
    (case / "mine").write_text("#!/bin/sh\nexit 3\n")
    (case / "mine").chmod(0o755)
    variable("PRERUN_SCRIPT", "$CASEROOT/mine")
    e3sm("enable")
    assert "failed" in stage(status=1)
    assert not staged(tmp_path)

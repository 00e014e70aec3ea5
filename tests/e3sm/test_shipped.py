"""What the tool ships: the same from a checkout and from a wheel; templates that say what the code says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import elm_landslide
from elm_landslide.e3sm import hooks, namelists, sources
from elm_landslide.fields import BASE_RATE

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "cime_config"
FORTRAN = ROOT / "fortran" / "elm"


def written():
    """FortranModel sources of the checkout."""
    host_free = (f"fortran/landslide{end}.F90" for end in ("", "_bridge", "_root_curves", "_root_ground", "_roots"))
    paths = [*FORTRAN.glob("*.F90"), *(ROOT / path for path in host_free)]
    paths += [path for path in (ROOT / "bridge").glob("landslide*.*") if path.suffix in (".h", ".hpp", ".cpp")]
    return {path.name: path.read_bytes() for path in paths if path.name != "landslide_torch_engine.cpp"}


def test_the_sources_are_the_checkouts():
    found = sources.component()
    assert set(found) - set(written()) == {"landslide_fields.h", "landslide_fields.F90"}
    assert {name: found[name] for name in written()} == written()


def test_every_include_is_among_them():
    found = sources.component()
    for name, text in found.items():
        for header in re.findall(rb'^#include "(.*)"', text, re.MULTILINE):
            assert header.decode() in found, (name, header)


def test_a_wheel_needs_no_checkout(tmp_path):
    """Files where CMakeLists.txt installs them."""
    rules = (ROOT / "CMakeLists.txt").read_text()
    assert "install(DIRECTORY bridge bench fortran cime_config DESTINATION ${LANDSLIDE_INSTALL}/src" in rules
    package = tmp_path / "elm_landslide"
    shutil.copytree(Path(elm_landslide.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "lib"))
    shutil.rmtree(package / "src", ignore_errors=True)
    for folder in ("bridge", "fortran", "cime_config"):
        shutil.copytree(ROOT / folder, package / "src" / folder)
    script = (
        "from elm_landslide.e3sm import hooks, namelists, sources; files = sources.component(); hooks.read();"
        "print(sources.data_file('hooks.toml'), len(files), len(sources.model(None)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, text=True,
        capture_output=True,
    )  # fmt: skip
    assert done.stdout.split()[:2] == [str(package / "src/cime_config/hooks.toml"), str(len(written()) + 2)], done


def test_the_calls_have_the_components_arguments():
    text = (FORTRAN / "LandslideMod.F90").read_text()
    for entry in (entry for group in hooks.read()[0].values() for entry in group):
        called = re.search(r"call (Landslide\w+)\((.*)\)", re.sub(r"&\n\s*", "", entry.text))
        if not called:
            continue
        name, given = called.groups()
        wanted = re.search(rf"^  subroutine {name}\((.*)\)", text, re.MULTILINE).group(1)
        count = len(re.findall(r",", given)) if given else -1
        assert count == (len(re.findall(r",", wanted)) if wanted else -1), entry
        assert re.search(rf"^  public :: {name}\b", text, re.MULTILINE)


def test_the_template_has_the_components_settings_and_defaults():
    text = (FORTRAN / "LandslideControlMod.F90").read_text()
    declared = dict(re.findall(r"public, protected :: (\w+)\s*= ([^!\n]*)", text))
    given = dict(re.findall(r"^ (\w+) = (.*)$", (CONFIG / "landslide_in.template").read_text(), re.MULTILINE))
    assert declared.pop("use_landslide").strip() == ".false."
    assert given.pop("use_landslide") == ".true."
    assert declared.pop("landslide_base_rate").strip() == "landslide_default_base_rate"
    assert float(given.pop("landslide_base_rate")) == BASE_RATE
    assert given == {name: value.strip() for name, value in declared.items()}


def test_the_templates_form_is_what_the_component_reads():
    """One setting a line; the / that ends the group alone on its line; no / outside quotes and comments."""
    lines = [line.split("!")[0].strip() for line in (CONFIG / "landslide_in.template").read_text().splitlines()]
    lines = [line for line in lines if line]
    assert lines[0] == "&landslide_inparm"
    assert lines[-1] == "/"
    assert all(re.fullmatch(r"\w+ = ('[^']*'|\.\w+\.|[\de.-]+)", line) for line in lines[1:-1])


@pytest.mark.parametrize("cwd", ["case", "elsewhere"])
def test_user_mods(cwd, case, tmp_path):
    """CIME appends the lines to CASEROOT/shell_commands, makes it executable and runs it by its path."""
    words = tmp_path / "bin" / "elm-landslide"
    words.parent.mkdir()
    words.write_text(f'#!/bin/sh\nexec {sys.executable} -m elm_landslide.commands.main "$@"\n')
    words.chmod(0o755)
    script = case / "shell_commands"
    script.write_text((CONFIG / "usermods_dirs/landslide/shell_commands").read_text() + "touch $(dirname $0)/after\n")
    script.chmod(0o777)
    where = case if cwd == "case" else tmp_path
    path = f"{words.parent}:{os.environ['PATH']}"
    done = subprocess.run([script], cwd=where, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done
    assert (case / "user_nl_landslide").exists()
    assert (case / "after").exists()
    done = subprocess.run([script], cwd=where, env={**os.environ, "PATH": "/usr/bin:/bin"}, capture_output=True)
    assert done.returncode == 2
    assert b"not on PATH" in done.stderr


def test_test_mods_include_the_user_mods():
    folder = CONFIG / "testdefs/testmods_dirs/elm/landslide"
    included = (folder / "include_user_mods").read_text().strip()
    assert (folder / included).resolve() == CONFIG / "usermods_dirs/landslide"
    assert "LANDSLIDE_PROB" in (folder / "user_nl_elm").read_text()


def test_test_mods_name_the_file_with_the_slopes(case):
    (case / "user_nl_landslide").write_text(namelists.settings("0" * 64))
    (case / "xmlquery").write_text("#!/bin/sh\necho /data\n")
    subprocess.run(["sh", CONFIG / "testdefs/testmods_dirs/elm/landslide/shell_commands"], cwd=case, check=True)
    static = namelists.setting((case / "user_nl_landslide").read_text(), "landslide_static")
    assert static.startswith("/data/lnd/clm2/surfdata_map/surfdata_360x720cru")

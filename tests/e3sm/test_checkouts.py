"""The hooks in genuine checkouts of E3SM, which ELM_LANDSLIDE_E3SM names (several with : between them)."""

import os
import re
from pathlib import Path

import pytest

from elm_landslide.e3sm import hooks

CHECKOUTS = [Path(path) for path in os.environ.get("ELM_LANDSLIDE_E3SM", "").split(os.pathsep) if path]
FILES, MODULES = hooks.read()

pytestmark = pytest.mark.skipif(not CHECKOUTS, reason="ELM_LANDSLIDE_E3SM names no checkout of E3SM")


@pytest.fixture(params=CHECKOUTS, ids=lambda path: path.name)
def elm(request):
    return request.param / "components" / "elm"


def hooked(elm, name):
    (file,) = (file for file in FILES if file.endswith(name))
    text = (elm / file).read_bytes().decode("utf-8", "surrogateescape")
    return text, hooks.insert(text, FILES[file], file)


@pytest.mark.parametrize("name", [file.rsplit("/", 1)[-1] for file in FILES])
def test_hooks_go_in_and_come_out(elm, name):
    text, new = hooked(elm, name)
    assert new.count(hooks.BEGIN) == sum(len(entries) for file, entries in FILES.items() if file.endswith(name))
    assert hooks.strip(new, name) == text


def place(text, *words):
    """Where the words stand, each after the one before."""
    at = 0
    for word in words:
        found = re.search(word, text[at:])
        assert found, word
        at += found.end()


def test_the_run_stands_in_the_loop_over_clumps(elm):
    _, new = hooked(elm, "elm_driver.F90")
    place(
        new, r"PARALLEL DO PRIVATE \(nc,l,c", "call HydrologyDrainage", "call VegStructUpdate", "call LandslideRun",
        "call ColWaterBalanceCheck", "END PARALLEL DO", "call LandslideReport", "call hist_update_hbuf",
    )  # fmt: skip
    start = new.rindex("!$OMP PARALLEL DO", 0, new.index("call LandslideRun"))
    assert "END PARALLEL DO" not in new[start : new.index("call LandslideRun")]
    before = new[: new.index("call LandslideReport")]
    assert before.count("!$OMP PARALLEL DO") == before.count("!$OMP END PARALLEL DO")


def test_what_the_calls_name_is_known_there(elm):
    text, _ = hooked(elm, "elm_driver.F90")
    for name in ("canopystate_vars", "soilhydrology_vars", "soilstate_vars"):
        assert re.search(rf"^\s*use elm_instMod\s*, only : {name}", text, re.MULTILINE)
    assert re.search(r"^\s*use filterMod\s*, only : filter\b", text, re.MULTILINE)
    text, _ = hooked(elm, "elm_initializeMod.F90")
    assert re.search(r"call get_proc_bounds\(\s*bounds_proc\s*\)", text)


def test_init_is_serial_and_early_enough(elm):
    _, new = hooked(elm, "elm_initializeMod.F90")
    place(new, "subroutine initialize2", "call LandslideInit", "call restFile_read", "call hist_htapes_build")
    before = new[: new.index("call LandslideInit")]
    assert before.count("!$OMP PARALLEL DO") == before.count("!$OMP END PARALLEL DO")


def test_restart_has_each_of_the_three(elm):
    _, new = hooked(elm, "restFileMod.F90")
    place(
        new, "subroutine restFile_write", r"LandslideRestart\(bounds, ncid, flag='define'", "restFile_enddef",
        r"LandslideRestart\(bounds, ncid, flag='write'", "subroutine restFile_read",
        r"LandslideRestart\(bounds, ncid, flag='read'",
    )  # fmt: skip


def test_final_closes_at_its_end(elm):
    _, new = hooked(elm, "elm_finalizeMod.F90")
    place(
        new, r"subroutine final\(", "use LandslideMod", "implicit none", "call LandslideFinal", "end subroutine final"
    )


def test_an_older_module_is_one_of_the_two(elm):
    for module in MODULES:
        text = (elm / module["file"]).read_text()
        assert re.search(rf"^module ({module['name']}|{module['older']})\s*$", text, re.MULTILINE)

"""enable, disable and check on a miniature case."""

import json
import shutil

import pytest

from elm_landslide.e3sm import hooks, namelists, sources
from elm_landslide.model import model_file

MARK = hooks.BEGIN


def src(case):
    return case / "SourceMods" / "src.elm"


def test_everything_is_in_place(e3sm, case, variable):
    e3sm("enable")
    names = {path.name for path in src(case).iterdir()}
    assert names >= {"LandslideMod.F90", "LandslideType.F90", "LandslideControlMod.F90", "landslide.F90"}
    assert names >= {"landslide_bridge.F90", "landslide.h", "landslide.cpp", "landslide_tile_engine.cpp"}
    assert names >= {"landslide_fields.h", "landslide_fields.F90", "landslide.pt", "landslide_stage"}
    assert "landslide_torch_engine.cpp" not in names
    assert "landslide_wrap.F90" not in names
    assert (src(case) / "landslide.pt").read_bytes() == model_file.SHIPPED.read_bytes()
    assert (src(case) / "landslide_stage").stat().st_mode & 0o111 == 0o111
    assert variable("PRERUN_SCRIPT") == "$CASEROOT/SourceMods/src.elm/landslide_stage"
    assert "missing" not in e3sm("check").output


def test_the_calls_stand_where_they_belong(e3sm, case):
    e3sm("enable")
    order = {
        "elm_driver.F90": [
            "use VegStructUpdateMod",
            "use LandslideMod",
            "contains",
            "call VegStructUpdate(",
            "end if",
            "call t_startf('landslide')",
            "call LandslideRun(bounds_clump, filter(nc)%num_soilc, filter(nc)%soilc, &\n"
            "            canopystate_vars, soilhydrology_vars, soilstate_vars)",
            "call t_stopf('landslide')",
            "call t_startf('balchk')",
            "!$OMP END PARALLEL DO",
            "call LandslideReport(bounds_proc)",
            "call hist_update_hbuf",
        ],
        "elm_initializeMod.F90": [
            "use LandslideMod",
            "call elm_inst_biogeochem",
            "call LandslideInit(bounds_proc)",
            "call restFile_read",
            "call hist_htapes_build",
        ],
        "restFileMod.F90": [
            "use LandslideMod",
            "call LandslideRestart(bounds, ncid, flag='define')",
            "flag='write')",
            "call LandslideRestart(bounds, ncid, flag='write')",
            "flag='read')",
            "call LandslideRestart(bounds, ncid, flag='read')",
        ],
        "elm_finalizeMod.F90": [
            "use elm_varctl",
            "use LandslideMod",
            "implicit none",
            "call LandslideFinal()",
            "end subroutine final",
        ],
    }
    for name, wanted in order.items():
        text = (src(case) / name).read_text(encoding="latin-1")
        at = 0
        for line in wanted:
            assert line in text[at:], (name, line)
            at = text.index(line, at) + len(line)
        assert text.count(MARK) == text.count(hooks.END) > 0


def test_disable_restores_every_byte(e3sm, case, content):
    before = content(case)
    e3sm("enable")
    assert content(case) != before
    e3sm("disable")
    after = content(case)
    assert [before.pop("env_run.xml")[0].split()] == [after.pop("env_run.xml")[0].split()]
    assert after == before
    assert "nothing to change" in e3sm("disable").output


def test_twice_changes_nothing(e3sm, case, content):
    e3sm("enable")
    once = content(case)
    assert "nothing to change" in e3sm("enable").output
    assert content(case) == once


def test_dry_run_shows_all_and_writes_nothing(e3sm, case, content):
    before = content(case)
    shown = e3sm("enable", "--dry-run").output
    assert content(case) == before
    for line in (
        "+    call LandslideFinal()",
        "+++ SourceMods/src.elm/elm_driver.F90",
        "+++ SourceMods/src.elm/landslide.cpp",
        "Binary files /dev/null and SourceMods/src.elm/landslide.pt differ",
        "+hist_fincl2 = 'LANDSLIDE_PROB:X'",
        "+$CASEROOT/SourceMods/src.elm/landslide_stage",
    ):
        assert line in shown
    assert "-    call hist_update_hbuf" not in shown
    e3sm("enable")
    enabled = content(case)
    assert "-    call LandslideFinal()" in e3sm("disable", "--dry-run").output
    assert content(case) == enabled


@pytest.mark.parametrize("times", [0, 2])
def test_a_pattern_that_is_missing_or_twice_there_changes_nothing(times, e3sm, case, checkout, content):
    path = checkout / "src/main/elm_initializeMod.F90"
    line = "    call elm_inst_biogeochem(bounds_proc)\n"
    path.write_text(path.read_text().replace(line, line * times))
    before = content(case)
    said = e3sm("enable", status=2).stderr
    assert str(path) in said
    assert "elm_inst_biogeochem" in said
    assert "hooks.toml" in said
    assert said.count("\n") == 1
    assert content(case) == before


def test_a_continued_line_is_not_torn(e3sm, checkout):
    path = checkout / "src/main/elm_finalizeMod.F90"
    path.write_bytes(path.read_bytes().replace(b"only : iulog", b"only : iulog, &\n       use_cn"))
    assert "is continued" in e3sm("enable", status=2).stderr


def test_the_users_own_copy_is_hooked_and_comes_back(e3sm, case, checkout):
    own = (checkout / "src/main/restFileMod.F90").read_bytes().replace(b"contains", b"! mine\r\ncontains") + b"! no end"
    (src(case) / "restFileMod.F90").write_bytes(own)
    e3sm("enable")
    hooked = (src(case) / "restFileMod.F90").read_bytes()
    assert b"! mine\r\n" in hooked
    assert b"LandslideRestart" in hooked
    e3sm("disable")
    assert (src(case) / "restFileMod.F90").read_bytes() == own


def test_a_copy_edited_since_keeps_the_edit(e3sm, case):
    e3sm("enable")
    path = src(case) / "elm_driver.F90"
    path.write_text(path.read_text().replace("! Balance", "! Balance, mine"))
    e3sm("enable")
    assert "! Balance, mine" in path.read_text()
    assert MARK in path.read_text()
    assert "it was edited" in e3sm("disable").output
    assert "! Balance, mine" in path.read_text()
    assert MARK not in path.read_text()


def test_an_edited_source_is_not_lost(e3sm, case, content):
    e3sm("enable")
    path = src(case) / "LandslideMod.F90"
    path.write_text("mine")
    edited = content(case)
    for command in ("enable", "disable"):
        assert "LandslideMod.F90 was edited" in e3sm(command, status=2).stderr
        assert content(case) == edited
    assert "stale" in e3sm("check", status=1).output
    e3sm("disable", "--force")
    assert not path.exists()


def test_a_changed_checkout_is_stale_then_taken_up(e3sm, case, checkout):
    e3sm("enable")
    path = checkout / "src/main/elm_driver.F90"
    path.write_text(path.read_text().replace("! Balance", "! Balance, new"))
    assert "elm_driver.F90        stale" in e3sm("check", status=1).output
    e3sm("enable")
    assert "! Balance, new" in (src(case) / "elm_driver.F90").read_text()
    e3sm("check")
    e3sm("disable")
    assert not (src(case) / "elm_driver.F90").exists()


def test_check_names_another_version_and_what_is_missing(e3sm, case):
    assert "missing" in e3sm("check", status=1).output
    e3sm("enable")
    path = src(case) / ".landslide.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": "0.0.1"}))
    (src(case) / "landslide.cpp").write_text("old")
    (src(case) / "landslide.pt").unlink()
    said = e3sm("check", status=1).output
    assert "component sources     stale: written by ELM-Landslide 0.0.1" in said
    assert "model file            missing" in said


def test_the_model_is_pinned_and_kept(e3sm, case, toy_file):
    settings = case / "user_nl_landslide"
    e3sm("enable")
    assert namelists.setting(settings.read_text(), "landslide_sha256") == model_file.sha256(model_file.SHIPPED)
    settings.write_text(settings.read_text().replace("'flag'", "'stop'"))
    e3sm("enable", "--model", toy_file)
    e3sm("enable")
    assert (src(case) / "landslide.pt").read_bytes() == toy_file.read_bytes()
    text = settings.read_text()
    assert namelists.setting(text, "landslide_sha256") == model_file.sha256(toy_file)
    assert namelists.setting(text, "landslide_invalid") == "stop"
    e3sm("check")
    assert "user_nl_landslide stays" in e3sm("disable").output  # it was edited
    assert settings.read_text() == text


def test_a_lost_model_of_ones_own_is_not_replaced_in_silence(e3sm, case, toy_file):
    e3sm("enable", "--model", toy_file)
    (src(case) / "landslide.pt").unlink()
    assert "--model again" in e3sm("enable", status=2).stderr
    assert "model file            missing" in e3sm("check", status=1).output
    e3sm("enable", "--force")
    assert (src(case) / "landslide.pt").read_bytes() == model_file.SHIPPED.read_bytes()


def test_settings_that_were_there_come_back(e3sm, case):
    text = "&landslide_inparm\n use_landslide = .true.\n landslide_sha256 = '00'\n/"
    (case / "user_nl_landslide").write_text(text)
    e3sm("enable")
    assert "'00'" not in (case / "user_nl_landslide").read_text()
    e3sm("disable")
    assert (case / "user_nl_landslide").read_text() == text


def test_an_own_pin_is_left(e3sm, case):
    text = "&landslide_inparm\n landslide_model = '/my/model.pt'\n landslide_sha256 = '00'\n/\n"
    (case / "user_nl_landslide").write_text(text)
    e3sm("enable")
    assert (case / "user_nl_landslide").read_text() == text


def test_a_model_that_is_none_is_refused(e3sm, case, tmp_path, content):
    (tmp_path / "no.pt").write_text("no")
    before = content(case)
    assert "no.pt" in e3sm("enable", "--model", tmp_path / "no.pt", status=2).stderr
    assert content(case) == before


def test_the_prerun_script_of_the_case_comes_back(e3sm, variable):
    variable("PRERUN_SCRIPT", "$CASEROOT/mine.sh")
    e3sm("enable")
    e3sm("enable")
    e3sm("disable")
    assert variable("PRERUN_SCRIPT") == "$CASEROOT/mine.sh"


def test_a_built_case_has_to_be_built_again(e3sm, variable):
    e3sm("enable")
    variable("BUILD_COMPLETE", "TRUE")
    e3sm("enable")
    assert variable("BUILD_COMPLETE") == "TRUE"  # nothing changed
    e3sm("disable")
    assert variable("BUILD_COMPLETE") == "FALSE"


@pytest.mark.parametrize("refused", ["PRERUN_SCRIPT", "BUILD_COMPLETE"])
def test_a_failure_midway_takes_all_back(refused, e3sm, case, variable, content, monkeypatch):
    variable("BUILD_COMPLETE", "TRUE")
    (src(case) / "elm_finalizeMod.F90").write_text("subroutine final\n use elm_varctl\n end subroutine final\n")
    before = content(case)
    monkeypatch.setenv("REFUSED_VARIABLE", refused)
    assert "cannot be changed" in e3sm("enable", status=2).stderr
    assert content(case) == before


def test_a_file_that_cannot_be_written_takes_all_back(e3sm, case, content, monkeypatch):
    from elm_landslide.e3sm import transaction

    real = transaction._put

    def full(path, new):
        if path.name == "restFileMod.F90" and new is not None:
            raise OSError(28, "No space left on device", str(path))
        real(path, new)

    before = content(case)
    monkeypatch.setattr(transaction, "_put", full)
    assert "No space left" in e3sm("enable", status=2).stderr
    assert content(case) == before


def test_a_clone_stands_alone(e3sm, case, tmp_path, content):
    e3sm("enable")
    clone = tmp_path / "clone"
    shutil.copytree(case, clone)
    shutil.rmtree(case / "SourceMods")
    assert "nothing to change" in e3sm("enable", root=clone).output
    e3sm("check", root=clone)
    e3sm("disable", root=clone)
    assert set(content(clone)) == {
        "xmlquery",
        "xmlchange",
        "env_case.xml",
        "env_run.xml",
        "SourceMods/src.elm/README",
    }


def test_a_clone_that_shares_sourcemods_does_not_change_them(e3sm, case, tmp_path, content):
    e3sm("enable")
    clone = tmp_path / "clone"
    shutil.copytree(case, clone, ignore=shutil.ignore_patterns("SourceMods"))
    (clone / "SourceMods").symlink_to(case / "SourceMods")
    before = content(case)
    e3sm("check", root=clone)
    assert "is a link" in e3sm("disable", root=clone, status=2).stderr
    assert content(case) == before


def test_a_linked_file_is_not_written_through(e3sm, case, checkout):
    (src(case) / "elm_driver.F90").symlink_to(checkout / "src/main/elm_driver.F90")
    assert "is a link" in e3sm("enable", status=2).stderr
    assert MARK not in (checkout / "src/main/elm_driver.F90").read_text()


def test_an_older_name_of_a_module_is_passed_on(e3sm, case, checkout):
    (checkout / "src/utils/elm_time_manager.F90").write_text("module clm_time_manager\nend module clm_time_manager\n")
    e3sm("enable")
    assert "use clm_time_manager" in (src(case) / "landslide_elm_time_manager.F90").read_text()


def test_what_is_no_case_is_refused(e3sm, case, tmp_path, variable, checkout):
    assert "not a case directory" in e3sm("enable", root=tmp_path, status=2).stderr
    shutil.rmtree(checkout)
    assert "not a checkout" in e3sm("check", status=2).stderr
    (case / "env_case.xml").write_text('<file><entry id="COMP_LND" value="dlnd" /></file>')
    assert "'dlnd'" in e3sm("enable", status=2).stderr


def test_broken_marks_are_not_guessed_at(e3sm, case):
    e3sm("enable")
    path = src(case) / "elm_driver.F90"
    whole = path.read_text()
    for text in (whole.replace(hooks.END, "!", 1), whole.replace(hooks.END, "!", 1) + f"{hooks.END}\n"):
        path.write_text(text)
        assert "counterpart" in e3sm("disable", status=2).stderr
        assert path.read_text() == text


def test_a_lost_manifest_is_told(e3sm, case, content):
    e3sm("enable")
    (src(case) / ".landslide.json").unlink()
    before = content(case)
    assert "enable --force" in e3sm("disable", status=2).stderr
    assert content(case) == before
    e3sm("enable", "--force")
    e3sm("disable", "--force")
    assert not any(name.startswith("SourceMods/src.elm/landslide") for name in content(case))


def test_digest():
    assert sources.digest(model_file.SHIPPED.read_bytes()) == model_file.sha256(model_file.SHIPPED)

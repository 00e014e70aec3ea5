"""A miniature checkout and case: hand-written, with as much of ELM and CIME as the tool looks at."""

import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from elm_landslide.e3sm import command

ELM = {
    "src/main/elm_driver.F90": """\
module elm_driver
  use VegStructUpdateMod   , only : VegStructUpdate
contains
  subroutine elm_drv()
    !$OMP PARALLEL DO
    do nc = 1,nclumps
       if (use_cn .and. doalb) then
           call VegStructUpdate(filter(nc)%num_soilp, &
                canopystate_vars)
       end if

       ! Balance
       call t_startf('balchk')
       call t_stopf('balchk')
    end do
    !$OMP END PARALLEL DO
    call t_startf('hbuf')
    call hist_update_hbuf(bounds_proc)
  end subroutine elm_drv
end module elm_driver
""",
    "src/main/elm_initializeMod.F90": """\
module elm_initializeMod
  use elm_instMod
contains
  subroutine initialize2( )
    call elm_inst_biogeochem(bounds_proc)
    call restFile_read(bounds_proc)
    call hist_htapes_build()
  end subroutine initialize2
end module elm_initializeMod
""",
    "src/main/restFileMod.F90": """\
module restFileMod
  use LakeStateType        , only : lakestate_type
contains
    call lakestate_vars%restart (bounds, ncid, flag='define')
    call lakestate_vars%restart (bounds, ncid, flag='write')
    call lakestate_vars%restart (bounds, ncid, flag='read')
end module restFileMod
""",
    "src/main/elm_finalizeMod.F90": """\
module elm_finalizeMod
contains
  subroutine final( )
    ! M\u00fcll
    use elm_varctl             , only : use_vsfm
    implicit none

  end subroutine final
end module elm_finalizeMod
""",
    "src/utils/elm_time_manager.F90": "module elm_time_manager\nend module elm_time_manager\n",
    "cime_config/user_nl_elm": "! Users add their settings below\n",
}


@pytest.fixture
def checkout(tmp_path):
    """components/elm of a checkout."""
    elm = tmp_path / "E3SM" / "components" / "elm"
    for name, text in ELM.items():
        path = elm / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))  # not UTF-8, as some files of ELM
    return elm


@pytest.fixture
def case(tmp_path, checkout):
    root = tmp_path / "case"
    (root / "SourceMods" / "src.elm").mkdir(parents=True)
    (root / "SourceMods" / "src.elm" / "README").write_text("Put source mods here\n")
    for tool in ("xmlquery", "xmlchange"):
        text = Path(__file__).with_name("xml_stand_in.py").read_text()
        (root / tool).write_text(f"#!{sys.executable} -SE\n{text}")  # as it starts fastest
        (root / tool).chmod(0o755)
    (tmp_path / "run").mkdir()
    variables = {
        "env_case.xml": {"COMP_LND": "elm", "SRCROOT": str(checkout.parents[1]), "USERS": str(tmp_path)},
        "env_run.xml": {
            "PRERUN_SCRIPT": "",
            "BUILD_COMPLETE": "FALSE",
            "NINST_LND": "1",
            "RUNDIR": str(tmp_path / "run"),
            "ELM_NAMELIST_OPTS": "",
            "ELM_NML_USE_CASE": "UNSET",
        },
    }
    for file, values in variables.items():
        entries = "".join(f'<entry id="{name}" value="{value}" />' for name, value in values.items())
        (root / file).write_text(f"<file>{entries}</file>")
    return root


@pytest.fixture
def e3sm(case):
    """Run `elm-landslide e3sm WORDS --caseroot CASE`."""

    def run(*words, root=case, status=0):
        done = CliRunner().invoke(command.app, [*map(str, words), "--caseroot", str(root)])
        assert done.exit_code == status, (done.output, done.exception)
        return done

    return run


@pytest.fixture
def variable(case):
    """Read or set an XML variable of the case."""
    from elm_landslide.e3sm.case import Case

    def access(name, value=None, root=case):
        if value is None:
            return Case(root).query(name, resolved=False)
        Case(root).change(name, value)

    return access


@pytest.fixture
def content():
    """Every file of a folder with its bytes and whether it can be executed."""

    def read(root: Path):
        paths = (path for path in sorted(root.rglob("*")) if path.is_file())
        return {str(path.relative_to(root)): (path.read_bytes(), os.access(path, os.X_OK)) for path in paths}

    return read

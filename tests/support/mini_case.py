"""A miniature case of a miniature checkout: as much of CIME and ELM as the tool looks at."""

import shutil
import sys
from pathlib import Path

STUBS = Path(__file__).parents[1] / "elm_stubs"


def make_checkout(root: Path) -> Path:
    """A copy of the stand-in ELM, to be changed; gives its components/elm."""
    shutil.copytree(STUBS / "components", root / "components")
    elm = root / "components" / "elm"
    with (elm / "src/main/elm_finalizeMod.F90").open("ab") as file:
        file.write("! M\u00fcll\n".encode("latin-1"))  # not UTF-8, as some files of ELM
    return elm


def make_case(root: Path, checkout: Path = STUBS) -> Path:
    """A case directory; its run directory lies beside it."""
    (root / "SourceMods" / "src.elm").mkdir(parents=True)
    (root / "SourceMods" / "src.elm" / "README").write_text("Put source mods here\n")
    for tool in ("xmlquery", "xmlchange"):
        text = Path(__file__).with_name("xml_stand_in.py").read_text()
        (root / tool).write_text(f"#!{sys.executable} -SE\n{text}")  # as it starts fastest
        (root / tool).chmod(0o755)
    rundir = root.parent / "run"
    rundir.mkdir()
    variables = {
        "env_case.xml": {"COMP_LND": "elm", "SRCROOT": str(checkout), "USERS": str(root.parent)},
        "env_run.xml": {
            "PRERUN_SCRIPT": "",
            "BUILD_COMPLETE": "FALSE",
            "NINST_LND": "1",
            "RUNDIR": str(rundir),
            "ELM_NAMELIST_OPTS": "",
            "ELM_NML_USE_CASE": "UNSET",
        },
    }
    for file, values in variables.items():
        entries = "".join(f'<entry id="{name}" value="{value}" />' for name, value in values.items())
        (root / file).write_text(f"<file>{entries}</file>")
    return root

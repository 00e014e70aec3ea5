"""A case directory of E3SM."""

from __future__ import annotations

import subprocess
from pathlib import Path

from elm_landslide.errors import UserError


class Case:
    """root, checkout and XML variables of a case whose land model is ELM; anything else is a UserError."""

    def __init__(self, root: Path):
        self.root = Path(root).absolute()
        for needed in ("xmlquery", "xmlchange", "env_case.xml", "env_run.xml", "SourceMods"):
            if not (self.root / needed).exists():
                raise UserError(f"{root} is not a case directory: it has no {needed}; create_newcase makes one")
        land = self.query("COMP_LND")
        if land != "elm":
            raise UserError(f"{root}: the land model of this case is '{land}'; ELM-Landslide needs elm")
        self.sourcemods = self.root / "SourceMods" / "src.elm"
        if not self.sourcemods.is_dir():
            raise UserError(f"{self.sourcemods} does not exist; create_newcase makes it for a case with ELM")
        self.elm = Path(self.query("SRCROOT")) / "components" / "elm"
        if not self.elm.is_dir():
            raise UserError(f"{self.elm} does not exist: SRCROOT of {root} is not a checkout of E3SM")

    def name(self, path: Path) -> str:
        """A path as messages show it: from the case's root."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def query(self, variable: str, resolved: bool = True) -> str:
        """Value of an XML variable; its own variables stay as they are if `resolved` is false."""
        return self._call("xmlquery", "--value", *([] if resolved else ["--no-resolve"]), variable)

    def change(self, variable: str, value: str) -> None:
        """Set an XML variable. Its text is kept: $CASEROOT stays $CASEROOT."""
        self._call("xmlchange", "--id", variable, f"--val={value}")

    def _call(self, tool: str, *words: str) -> str:
        command = [str(self.root / tool), "--caseroot", str(self.root), *words]
        try:
            done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        except OSError as error:
            raise UserError(f"{command[0]} cannot be run: {error.strerror}") from None
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())
            raise UserError(f"{tool} {' '.join(words)} failed in {self.root}: {said}")
        return done.stdout.strip()

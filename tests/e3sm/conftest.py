import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from elm_landslide.commands import e3sm as command
from support import mini_case


@pytest.fixture
def checkout(tmp_path):
    """components/elm of a checkout."""
    return mini_case.make_checkout(tmp_path / "E3SM")


@pytest.fixture
def case(tmp_path, checkout):
    return mini_case.make_case(tmp_path / "case", checkout.parents[1])


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
        return None

    return access


@pytest.fixture
def content():
    """Every file of a folder with its bytes and whether it can be executed."""

    def read(root: Path):
        paths = (path for path in sorted(root.rglob("*")) if path.is_file())
        return {str(path.relative_to(root)): (path.read_bytes(), os.access(path, os.X_OK)) for path in paths}

    return read

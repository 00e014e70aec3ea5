"""Fixtures of several rooms."""

import pytest

from support import elm_files, toy
from support.offline_runs import StandIn


@pytest.fixture(scope="session")
def toy_bytes() -> bytes:
    return toy.model_bytes()


@pytest.fixture(scope="session")
def toy_file(toy_bytes, tmp_path_factory):
    path = tmp_path_factory.mktemp("toy") / "toy.pt"
    path.write_bytes(toy_bytes)
    return path


@pytest.fixture
def stand_in(monkeypatch):
    """Replaces the component in this process; gives the class, to be changed further."""
    monkeypatch.setattr("elm_landslide.runtime.fortran.FortranModel", StandIn)
    return StandIn


@pytest.fixture
def case(tmp_path):
    return elm_files.Case(tmp_path)


@pytest.fixture
def model(tmp_path):
    """Bytes in place of a model file, for the stand-in."""
    path = tmp_path / "stand_in.pt"
    path.write_bytes(b"model")
    return path

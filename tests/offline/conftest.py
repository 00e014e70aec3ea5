import pytest

from support import elm_files
from support.offline_runs import StandIn


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

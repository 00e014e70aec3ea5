import elm_files
import pytest
from driver_support import StandIn


@pytest.fixture
def stand_in(monkeypatch):
    """Replaces the component in this process; gives the class, to be changed further."""
    monkeypatch.setattr("elm_landslide.component.Component", StandIn)
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

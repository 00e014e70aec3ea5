import pytest

from bridge import toy
from elm_landslide.bridge import Bridge
from elm_landslide.component import Component


@pytest.fixture(scope="session")
def toy_bytes() -> bytes:
    return toy.model_bytes()


@pytest.fixture(scope="session")
def toy_file(toy_bytes, tmp_path_factory):
    path = tmp_path_factory.mktemp("toy") / "toy.pt"
    path.write_bytes(toy_bytes)
    return path


@pytest.fixture(params=[Bridge, Component])
def door(request):
    """Each of the two doors to the component."""
    return request.param


@pytest.fixture
def model(door, toy_bytes):
    with door(toy_bytes) as opened:
        yield opened

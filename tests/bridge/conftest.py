import pytest

from elm_landslide.bridge import Bridge
from elm_landslide.component import Component


@pytest.fixture(params=[Bridge, Component])
def door(request):
    """Each of the two doors to the component."""
    return request.param


@pytest.fixture
def model(door, toy_bytes):
    with door(toy_bytes) as opened:
        yield opened

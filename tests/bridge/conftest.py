import pytest

from elm_landslide.runtime.c_abi import Bridge
from elm_landslide.runtime.fortran import Component


@pytest.fixture(params=[Bridge, Component])
def door(request):
    """Each of the two doors to the component."""
    return request.param


@pytest.fixture(params=["tile", "torchscript"])
def engine(request):
    return request.param


@pytest.fixture
def model(door, engine, toy_bytes):
    with door(toy_bytes, engine) as opened:
        yield opened

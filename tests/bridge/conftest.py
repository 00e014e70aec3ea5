import pytest

from elm_landslide.runtime.c_abi import CModel
from elm_landslide.runtime.fortran import FortranModel


@pytest.fixture(params=[CModel, FortranModel])
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

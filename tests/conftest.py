"""Fixtures of several rooms."""

import pytest

from support import toy


@pytest.fixture(scope="session")
def toy_bytes() -> bytes:
    return toy.model_bytes()


@pytest.fixture(scope="session")
def toy_file(toy_bytes, tmp_path_factory):
    path = tmp_path_factory.mktemp("toy") / "toy.pt"
    path.write_bytes(toy_bytes)
    return path

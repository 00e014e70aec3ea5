"""ELM's pedotransfer by hand, and back."""

import pytest

from elm_landslide.physics import pedotransfer


def test_values_by_hand():
    """Sand 51 %, clay 30 %, the deepest layer of a Susquehanna cell: .42474, 7.68, 162.89 in the output of ELM."""
    assert pedotransfer.porosity(51.0) == pytest.approx(0.42474, abs=1e-9)
    assert pedotransfer.bsw(30.0) == pytest.approx(7.68, abs=1e-9)
    assert pedotransfer.sucsat(51.0) == pytest.approx(162.892, abs=1e-3)


def test_texture_is_the_inverse():
    assert pedotransfer.texture(0.42474, 7.68) == pytest.approx((51.0, 30.0))

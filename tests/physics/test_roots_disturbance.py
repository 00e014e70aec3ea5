"""Roots after clearing (Sidle 1991, 1992), and bundles of roots, against calculus and values by hand."""

import pytest
import torch

from elm_landslide.physics import roots

YEARS = torch.linspace(0.0, 200.0, 20001, dtype=torch.float64)


def d(value):
    return torch.as_tensor(value, dtype=torch.float64)


def test_strength_before_clearing():
    """Year 0 is 1 but for the published regrowth, 1 / (.952 + 19.05) - .05 = -5e-6."""
    assert roots.root_strength_left(d(0.0)).item() == pytest.approx(1.0, abs=6e-6)
    assert roots.root_strength_left(d(-3.0)).item() == roots.root_strength_left(d(0.0)).item()


@pytest.mark.parametrize(("years", "expected"), [(1.0, 0.61987), (5.0, 0.30413), (20.0, 0.88725)])
def test_strength_left_by_hand(years, expected):
    """At 5: exp(-.5 * 5^.73) = .19811, 1 / (.952 + 19.05 exp(-1.25)) - .05 = .10601."""
    assert roots.root_strength_left(d(years)).item() == pytest.approx(expected, abs=1e-5)


def test_least_strength_is_3_to_15_years_after_clearing():
    left = roots.root_strength_left(YEARS)
    at = left.argmin()
    assert 3.0 <= YEARS[at] <= 15.0
    assert (left[: at + 1].diff() <= 0.0).all()
    assert (left[at:].diff() >= 0.0).all()
    assert left[at] < 0.5


def test_strength_comes_back_and_is_never_more_than_before():
    left = roots.root_strength_left(YEARS)
    assert (left <= 1.0).all()
    assert (left > 0.0).all()
    assert left[YEARS >= 50.0].min() > 0.99


def test_what_is_kept_raises_strength():
    kept = [roots.root_strength_left(YEARS, share) for share in (0.0, 0.2, 0.5, 0.9, 1.0)]
    for less, more in zip(kept[:-1], kept[1:], strict=True):
        assert (more >= less).all()
        assert (more[100:2000] > less[100:2000]).all()
    assert (kept[-1] == 1.0).all()
    torch.testing.assert_close(kept[2][500], 0.5 + 0.5 * kept[0][500])

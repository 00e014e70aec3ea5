"""Roots after clearing (Sidle 1991, 1992), and bundles of roots, against calculus and values by hand."""

import math

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
    assert (left[: at + 1].diff() <= 0.0).all() and (left[at:].diff() >= 0.0).all()
    assert left[at] < 0.5


def test_strength_comes_back_and_is_never_more_than_before():
    left = roots.root_strength_left(YEARS)
    assert (left <= 1.0).all() and (left > 0.0).all()
    assert left[YEARS >= 50.0].min() > 0.99


def test_what_is_kept_raises_strength():
    kept = [roots.root_strength_left(YEARS, share) for share in (0.0, 0.2, 0.5, 0.9, 1.0)]
    for less, more in zip(kept[:-1], kept[1:], strict=True):
        assert (more >= less).all() and (more[100:2000] > less[100:2000]).all()
    assert (kept[-1] == 1.0).all()
    torch.testing.assert_close(kept[2][500], 0.5 + 0.5 * kept[0][500])


def test_wu_waldron_by_hand():
    """.5 * 1.2 * (20 MPa * 1e-4 + 10 MPa * 2e-4) = 2400 Pa."""
    strength, ratio = d([[20e6, 10e6], [30e6, 0.0]]), d([[1e-4, 2e-4], [1e-4, 1.0]])
    torch.testing.assert_close(roots.wu_waldron(strength, ratio), d([2400.0, 1800.0]))
    torch.testing.assert_close(roots.wu_waldron(strength, ratio, 0.4), d([1920.0, 1440.0]))


@pytest.mark.parametrize(("scale", "shape"), [(1.05, 2.0), (1.0, 1.0), (1.2, 4.0)])
def test_most_that_a_bundle_carries(scale, shape):
    """dF/dx = 0 where (x / (scale x_d))^shape = 1 / shape; there F = N k x exp(-1 / shape)."""
    number, stiffness, longest = d([12.0]), d([4e3]), d([0.05])
    at = scale * 0.05 * shape ** (-1.0 / shape)
    peak = 12.0 * 4e3 * at * math.exp(-1.0 / shape)
    x = torch.linspace(0.0, 0.5, 50001, dtype=torch.float64)
    force = roots.bundle_force(x, number, stiffness, longest, scale, shape)
    assert x[force.argmax()].item() == pytest.approx(at, abs=1e-5)
    assert force.max().item() == pytest.approx(peak, rel=1e-6)
    exactly = d([at]).requires_grad_()
    roots.bundle_force(exactly, number, stiffness, longest, scale, shape).backward()
    assert exactly.grad.item() == pytest.approx(0.0, abs=1e-9 * 12.0 * 4e3)


def test_classes_of_a_bundle_add_up():
    x = torch.linspace(0.0, 0.2, 21, dtype=torch.float64)
    classes = [(d([10.0]), d([2e3]), d([0.03])), (d([3.0]), d([9e3]), d([0.06]))]
    both = roots.bundle_force(x, *(torch.cat(pair) for pair in zip(*classes, strict=True)))
    torch.testing.assert_close(both, sum(roots.bundle_force(x, *one) for one in classes))

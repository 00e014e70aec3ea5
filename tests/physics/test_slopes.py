"""Quantile function of slope and its quadrature, against SciPy's monotone interpolant and fine sums."""

import numpy as np
import pytest
import torch

from elm_landslide.fields import FIELDS, SPVAL, WETNESS_FIELDS
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.physics import convergence, slopes
from elm_landslide.training.sampling import sample_columns


def percentiles(n):
    return sample_columns(n, 11)[:, FIELDS["slope"].columns]


def test_quantile_function_is_pchip():
    interpolate = pytest.importorskip("scipy.interpolate", reason="SciPy is not installed")
    q = np.linspace(0, 1, 301)
    p = percentiles(50)
    ours = slopes.gradients(p, slopes.hermite_matrices(q))
    theirs = interpolate.PchipInterpolator(np.linspace(0, 1, 11), p.numpy(), axis=1)(q)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_quantile_function_is_monotone_and_passes_through_the_percentiles():
    p = percentiles(500)
    curve = slopes.gradients(p, slopes.hermite_matrices(np.linspace(0, 1, 1001)))
    assert (curve.diff() >= -1e-15).all()
    torch.testing.assert_close(curve[:, ::100], p, rtol=0, atol=1e-14)


def test_classes():
    nodes, weights = slopes.quadrature()
    assert weights.sum() == pytest.approx(1.0, abs=1e-15)
    assert (nodes > 0.8).sum() >= 8


def test_quadrature_has_converged():
    """Share of area failing against 2000 midpoints: the convergence stated in slopes.quadrature."""
    x = sample_columns(400, 12)
    for name in WETNESS_FIELDS:  # tests/physics/test_convergence.py has these
        x[:, FIELDS[name].columns] = SPVAL
    network = LandslideNetwork(members=1)
    coarse = network.run_members(*_member_input(network, x))[0]
    middle = (np.arange(2000) + 0.5) / 2000
    network.hermite = slopes.hermite_matrices([*middle, 0.9, 0.5])
    network.wetness = convergence.point_matrix([*middle, 0.9, 0.5], [0.5] * 2002)
    network.n_classes = 2000
    network.weights = torch.full((2000,), 1 / 2000, dtype=torch.float64)
    fine = network.run_members(*_member_input(network, x))[0]
    error = (coarse - fine).abs()
    assert error.max() < 2.5e-2
    assert error.mean() < 4e-4


def _member_input(network, x):
    with torch.no_grad():
        prepared = network.prepare(x)
        return prepared, network.latents(prepared, network.members)[0]

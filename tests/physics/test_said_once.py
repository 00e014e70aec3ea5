"""What several parts of the package call: the soil's water retention and the log-normal."""

import numpy as np
import pytest
import torch
from scipy import stats

from elm_landslide.offline.places import short_way
from elm_landslide.physics import clapp_hornberger
from elm_landslide.physics.constants import WATER_WEIGHT
from elm_landslide.physics.log_normal import log_normal
from elm_landslide.physics.suction import RESIDUAL_SATURATION, clapp_hornberger_suction_stress
from elm_landslide.simulator import hydraulics


def test_saturation_is_the_inverse_of_head():
    saturation = np.linspace(0.05, 1.0, 20)
    head = clapp_hornberger.head(saturation, 0.2, 5.5)
    assert head[-1] == -0.2
    assert (np.diff(head) > 0).all()
    np.testing.assert_allclose(clapp_hornberger.saturation(head, 0.2, 5.5), saturation, rtol=1e-14)


def test_the_three_forms_are_one_curve():
    """That of the network, as suction stress, and that of the simulator's loop."""
    sucsat, bsw, porosity = 0.15, 4.0, 0.45
    saturation = np.linspace(0.2, 1.0, 17)
    head = clapp_hornberger.head(saturation, sucsat, bsw)
    layer = np.array([hydraulics.CLAPP_HORNBERGER, porosity, 0.0, 1e-6, sucsat, bsw, hydraulics.SPECIFIC_STORAGE])
    compiled = [hydraulics.head_and_conductivity(s * porosity, layer)[0] for s in saturation]
    np.testing.assert_allclose(compiled, head, rtol=1e-12)
    effective = (saturation - RESIDUAL_SATURATION) / (1.0 - RESIDUAL_SATURATION)
    one = torch.ones(len(saturation), dtype=torch.float64)
    stress = clapp_hornberger_suction_stress(torch.from_numpy(saturation), sucsat * one, bsw * one)
    np.testing.assert_allclose(stress, WATER_WEIGHT * effective * (-head - sucsat), rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("cv", [0.1, 0.4, 1.5])
def test_log_normal_has_the_mean_and_the_variation(cv):
    """Against scipy's distribution, at its quantiles; arrays and tensors give the same."""
    u = (np.arange(1000) + 0.5) / 1000.0
    sigma = np.sqrt(np.log(1.0 + cv**2))
    values = log_normal(3.0, cv, stats.norm.ppf(u))
    distribution = stats.lognorm(sigma, scale=3.0 / np.sqrt(1.0 + cv**2))
    np.testing.assert_allclose(values, distribution.ppf(u), rtol=1e-11)
    assert distribution.mean() == pytest.approx(3.0)
    assert distribution.std() == pytest.approx(3.0 * cv)
    tensor = log_normal(3.0, cv, torch.from_numpy(stats.norm.ppf(u)))
    np.testing.assert_allclose(tensor.numpy(), values, rtol=1e-14)


def test_the_short_way_round():
    given = np.array([0.0, 179.0, 180.0, 181.0, 359.0, 360.0, -180.0, -181.0, 720.0 + 90.0])
    np.testing.assert_array_equal(short_way(given), [0.0, 179.0, -180.0, -179.0, -1.0, 0.0, -180.0, 179.0, 90.0])

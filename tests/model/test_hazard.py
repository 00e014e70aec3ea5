"""The hazard: its signs, whatever its weights; what it does not see; its form by hand."""

import math

import numpy as np
import pytest
import torch

from elm_landslide.fields import FIELDS, FLAGS, OUTPUTS, SPVAL
from elm_landslide.model import hazard as module
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.model.hazard import Hazard, HazardInputs
from elm_landslide.model.network import N_STATE
from elm_landslide.training.sampling import sample_columns


def random_hazard(seed):
    torch.manual_seed(seed)
    hazard = Hazard(N_STATE, members=2, width=6).requires_grad_(False)
    for parameter in hazard.parameters():
        parameter += 1.5 * torch.randn_like(parameter)
    hazard.trained.fill_(True)
    return hazard


def inputs(n=400, seed=1):
    rng = np.random.default_rng(seed)
    failing = 10.0 ** rng.uniform(-8, 0, n)
    waters = rng.exponential(40.0, (n, 3)) * (rng.random((n, 3)) < 0.6)
    return HazardInputs(*map(torch.from_numpy, (failing, waters, rng.normal(0.0, 2.0, (n, N_STATE)))))


@pytest.mark.parametrize("seed", range(5))
def test_never_falls_with_the_failing_share_or_with_water(seed):
    hazard, columns = random_hazard(seed), inputs()
    before = hazard.log(columns)
    more = HazardInputs((columns.failing * 1.3).clamp(max=1.0), columns.waters, columns.state)
    assert (hazard.log(more) >= before).all()
    assert (hazard.log(more) > before).any()
    for window in range(3):
        waters = columns.waters.clone()
        waters[:, window] += 20.0
        assert (hazard.log(HazardInputs(columns.failing, waters, columns.state)) > before).all()
    later = columns.waters.clone()  # the same water, a day of the week before moved to the last day
    later[:, 0], later[:, 2] = later[:, 0] + later[:, 2], 0.0
    assert (hazard.log(HazardInputs(columns.failing, later, columns.state)) >= before - 1e-12).all()


def test_what_acts_beside_the_failing_share():
    """e^gain + sum of e^out + sum of squares of the state's weights: of two members on average."""
    hazard = Hazard(2, members=2, width=3)
    with torch.no_grad():
        hazard.gain.copy_(torch.log(torch.tensor([1.0, 3.0])))
        hazard.out.fill_(math.log(0.5))
        hazard.state_out.copy_(torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
    assert hazard.besides().item() == pytest.approx((1.0 + 1.5 + 5.0 + 3.0 + 1.5) / 2)


def test_by_hand():
    """One member without hidden units: powers of the failing share and of the index of water."""
    hazard = Hazard(N_STATE, members=1, width=1).requires_grad_(False)
    hazard.out.fill_(-math.inf)
    p, waters = 0.02, (30.0, 20.0, 10.0)
    weights = torch.exp(hazard.recession[0]).tolist()
    index = weights[0] * 30.0 + weights[1] * 50.0 + weights[2] * 60.0 + math.exp(float(hazard.least[0]))
    power = math.exp(float(hazard.sensitivity[0])) / module.SCALE
    wanted = power * (math.log(p + module.FLOOR) - module.MIDDLE) + math.exp(float(hazard.gain[0])) * math.log(index)
    columns = HazardInputs(*map(torch.from_numpy, (np.array([p]), np.array([waters]), np.zeros((1, N_STATE)))))
    assert hazard.log(columns).item() == pytest.approx(wanted, rel=1e-12)
    assert hazard(columns).item() == SPVAL  # nothing was learned yet
    hazard.trained.fill_(True)
    assert hazard(columns).item() == pytest.approx(math.exp(wanted), rel=1e-12)


def test_a_state_far_from_the_training_acts_no_more():
    hazard, columns = random_hazard(3), inputs()
    columns.state[:, 2] = module.LARGEST
    far = HazardInputs(columns.failing, columns.waters, columns.state.clone())
    far.state[:, 2] = 50.0
    assert torch.equal(hazard(far), hazard(columns))


@pytest.fixture(scope="module")
def shipped():
    return load_eager(model_file.SHIPPED)


@pytest.fixture(scope="module")
def columns(shipped):
    """3,000 columns in the domain, with the rain of three windows."""
    x = sample_columns(6000, seed=5)
    rain = torch.from_numpy(np.random.default_rng(2).exponential(25.0, (len(x), 3)).cumsum(1))
    for k, name in enumerate(("rain_1d", "rain_3d", "rain_7d")):
        x[:, FIELDS[name].columns] = rain[:, k : k + 1]
    x = x[shipped(x)[:, -1] < FLAGS["outside"]]
    assert len(x) > 3000
    return x[:3000]


def hazard_of(network, x):
    return network(x)[:, OUTPUTS["hazard"].index]


def test_more_rain_and_lost_roots_never_lower_it(shipped, columns):
    """7 % more rain, as of one kelvin; roots lost by half."""
    before, wetter, cleared = hazard_of(shipped, columns), columns.clone(), columns.clone()
    for name in ("rain_1d", "rain_3d", "rain_7d"):
        wetter[:, FIELDS[name].columns] *= 1.07
    cleared[:, FIELDS["root_strength_left"].columns] *= 0.5
    assert (hazard_of(shipped, wetter) > before).all()
    assert (hazard_of(shipped, cleared) >= before * (1.0 - 1e-12)).all()
    assert (hazard_of(shipped, cleared) > before * 1.001).any()


@pytest.mark.parametrize("name", ["slope", "leaf_area_index", "grass_cover", "soil_moisture_offset"])
def test_what_is_in_no_state_acts_through_the_failing_share_alone(shipped, columns, name):
    """Slope, and vegetation, which is where rain and people are, cannot be learned as signs of landslides."""
    changed = columns.clone()
    changed[:, FIELDS[name].columns] = changed[:, FIELDS[name].columns].flip(0)
    prepared, other = shipped.prepare(columns), shipped.prepare(changed)
    assert torch.equal(prepared.state, other.state)
    assert all(map(torch.equal, prepared.column.waters, other.column.waters))

"""Where water gathers on the slopes of a column, by their topographic wetness."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from elm_landslide.fields import FIELDS, FLAGS, N_OUT, OUTPUTS, RAIN_WINDOWS, SPVAL, WETNESS_FIELDS
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.physics import convergence, slopes
from elm_landslide.training.sampling import sample_columns

CLASSES = np.arange(10.0)
P = OUTPUTS["probability"].index


def fields_with(low, median, high):
    """[1, 30] of values by class."""
    return torch.from_numpy(np.concatenate([low, median, high])[None])


def test_the_index_of_a_point():
    """Linear between the middles of classes; normal between and beyond the percentiles; constant beyond the classes."""
    middle = 5.0 + CLASSES
    index = fields_with(middle - 1.2815515655446004, middle, middle + 2.0 * 1.2815515655446004)
    points = [(0.05, 0.5, 5.0), (0.95, 0.5, 14.0), (0.3, 0.5, 7.5), (0.0, 0.5, 5.0), (1.0, 0.5, 14.0)]
    points += [(0.05, 0.1, 5.0 - 1.2815515655446004), (0.05, 0.022750131948179195, 3.0)]
    points += [(0.05, 0.9772498680518208, 9.0), (0.5, 0.8413447460685429, 11.5)]
    slope, wetness, wanted = zip(*points, strict=True)
    found = index @ convergence.point_matrix(slope, wetness)
    np.testing.assert_allclose(found[0], wanted, atol=1e-9)


def test_levels_stand_for_the_whole_range():
    """Of each segment: the middles of stretches as long as the weights, in the order 0, 4, 2, 1, 3; so the weighted
    mean is one half."""
    weights = np.array([0.4, 0.4, 0.1, 0.2, 0.3, 0.1, 0.2])
    levels = convergence.wetness_levels(weights, [2, 5])
    np.testing.assert_allclose(levels[:2], [0.25, 0.75])
    np.testing.assert_allclose(levels[2:], np.array([0.05, 0.7, 0.45, 0.85, 0.2]) / 0.9)
    for part in (slice(0, 2), slice(2, 7)):
        assert weights[part] @ levels[part] / weights[part].sum() == pytest.approx(0.5)


def test_water_is_conserved_and_follows_the_power_law():
    """Two points of equal weight whose upslope areas differ by 4: 4^p, of mean 1."""
    index = torch.tensor([[math.log(4.0), 0.0, math.log(2.0)]], dtype=torch.float64) + 7.0
    water = convergence.gathering(index, torch.tensor([0.5, 0.5], dtype=torch.float64), 0.5)
    torch.testing.assert_close(water, torch.tensor([[4.0, 2.0, 2.0 * math.sqrt(2.0)]], dtype=torch.float64) / 3.0)


def test_a_river_gathers_no_more_than_the_limit():
    index = torch.tensor([[0.0, 0.0, 0.0, 100.0]], dtype=torch.float64)
    water = convergence.gathering(index, torch.full((4,), 0.25, dtype=torch.float64))
    assert float(water[0, 3] / water[0, 0]) == pytest.approx(math.exp(2.0 * convergence.LIMIT))


def test_the_network_integrates_over_slope_and_wetness():
    """Its few points against many on both axes; index linear in the quantile of slope, normal within slopes alike."""
    nodes, weights = slopes.quadrature()
    levels = convergence.wetness_levels(weights, [count for *_, count in slopes.SEGMENTS])
    matrix = convergence.point_matrix(nodes, levels)
    median = 8.0 - 0.3 * CLASSES
    index = fields_with(median - 1.2815515655446004, median, median + 1.2815515655446004)
    points = index @ matrix
    fine = [(q, w) for q in (np.arange(100) + 0.5) / 100 for w in (np.arange(100) + 0.5) / 100]
    truth = (index @ convergence.point_matrix(*zip(*fine, strict=True)))[0]
    for power in (0.0, 0.5, 0.75):
        # Mean of a smooth function of the index and of the slope.
        got = (torch.exp(power * (points[0] - 7.0)) * torch.from_numpy(nodes * weights)).sum()
        wanted = (torch.exp(power * (truth - 7.0)) * torch.tensor([q for q, _ in fine], dtype=torch.float64)).mean()
        assert float(got / wanted) == pytest.approx(1.0, abs=0.05)


@pytest.fixture(scope="module")
def network():
    return load_eager(model_file.SHIPPED)


@pytest.fixture(scope="module")
def steep(network):
    """Columns without wetness, inside the domain, of which some fails, and nearly nothing without the rain."""
    x = sample_columns(4000, seed=31)
    for name in WETNESS_FIELDS:
        x[:, FIELDS[name].columns] = SPVAL
    y = network(x)
    dry = x.clone()
    for name in (*RAIN_WINDOWS, "snowmelt"):
        dry[:, FIELDS[name].columns] = 0.0
    without_rain = network(dry)[:, P]
    x = x[(y[:, N_OUT] < FLAGS["outside"]) & (y[:, P] > 0.02) & (y[:, P] < 0.3) & (without_rain < 0.01)]
    assert len(x) > 30
    return x


def with_wetness(x, median, spread=0.8):
    x = x.clone()
    for name, deviate in zip(WETNESS_FIELDS, (-1.28, 0.0, 1.28), strict=True):
        x[:, FIELDS[name].columns] = torch.as_tensor(median + deviate * spread)
    return x


def test_hollows_on_steep_slopes_fail_more(network, steep):
    """The same water, where slopes are steep or where they are gentle. (Where steep slopes fail without it, it does
    more harm on gentle ones.)"""
    on_steep = network(with_wetness(steep, 5.0 + 0.3 * CLASSES))[:, P]
    on_gentle = network(with_wetness(steep, 7.7 - 0.3 * CLASSES))[:, P]
    more = on_steep - on_gentle
    assert float(more.mean()) > 0.005
    assert float((more > 0.0).double().mean()) > 0.65


def test_more_water_at_a_point_never_fails_less(network, steep):
    """The sign that mechanics demands, whatever the network learned."""
    prepared = network.prepare(with_wetness(steep, 7.7 - 0.3 * CLASSES))
    latents, _ = network.latents(prepared, network.members)
    before = network.run_members(prepared, latents)[0]
    for k in range(network.n_classes):
        more = prepared.gathering.clone()
        more[:, k] *= 2.0
        after = network.run_members(dataclasses.replace(prepared, gathering=more), latents)[0]
        assert (after >= before).all()
    assert (after > before).any()


def test_what_is_alike_everywhere_changes_nothing(network, steep):
    """A wetness without variation is as none but for rounding; one of another cell size is as it was."""
    even = network(with_wetness(steep, np.full(10, 6.0), spread=0.0))
    torch.testing.assert_close(even, network(steep), rtol=1e-10, atol=1e-12)
    fine, coarse = (network(with_wetness(steep, 5.0 + shift - 0.2 * CLASSES)) for shift in (0.0, 1.5))
    torch.testing.assert_close(fine, coarse, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("lacking", WETNESS_FIELDS)
def test_without_one_of_them_the_bits_are_those_of_none(network, steep, lacking):
    x = with_wetness(steep, 5.0 + 0.3 * CLASSES)
    x[:, FIELDS[lacking].offset + 3] = SPVAL
    wanted = network(steep)
    assert torch.equal(network(x).view(torch.int64), wanted.view(torch.int64))


def test_the_exponent_is_the_one_that_was_found():
    """In docs/results/convergence.json, which the command wrote, within its interval; held-out members agree."""
    found = json.loads((Path(__file__).parents[2] / "docs/results/convergence.json").read_text())
    value, low, high = found["drawn"]["exponent"]
    assert low <= convergence.EXPONENT <= high
    assert value == pytest.approx(convergence.EXPONENT, abs=0.03)
    for of in found.values():
        for score in ("error", "error_known", "cross_entropy_known"):
            assert of["held_out"]["all"][f"{score}_change"][2] < 0.0

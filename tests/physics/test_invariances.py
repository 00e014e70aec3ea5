"""Signs that mechanics demands, for every draw of the priors."""

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from elm_landslide.fields import FIELDS, LAYER_INTERFACES, SPVAL
from elm_landslide.physics import layers, roots
from elm_landslide.physics.column import NO_TABLE, perched_table, soil_column
from elm_landslide.physics.infinite_slope import factor_of_safety
from elm_landslide.physics.root_profile import root_profiles
from elm_landslide.physics.stability import minimum_factor_of_safety, standard_planes
from elm_landslide.training.sampling import draw_strengths, fields_of, sample_columns

PLANES = standard_planes(12)
N, DRAWS = 600, 40


@pytest.fixture(scope="module")
def case():
    x = sample_columns(N, 21)
    strengths = draw_strengths(x, DRAWS, torch.Generator().manual_seed(1))
    gradient = torch.rand(N, DRAWS, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 1.5 + 0.05
    return x, strengths, gradient


def fos(x, strengths, gradient):
    return minimum_factor_of_safety(soil_column(*fields_of(x)), gradient, strengths, PLANES)[0][0]


def changed(x, name, value):
    x = x.clone()
    columns = FIELDS[name].columns
    x[:, columns] = value(x[:, columns]) if callable(value) else value
    return x


def test_never_rises_as_the_water_table_rises(case):
    x, strengths, gradient = case
    before = fos(x, strengths, gradient)
    for share in (0.9, 0.5, 0.1, 0.0):
        after = fos(changed(x, "water_table_depth", lambda z, s=share: s * z), strengths, gradient)
        assert (after <= before + 1e-12).all()
        before = after
    assert (after < fos(x, strengths, gradient) - 1e-3).any()


@pytest.mark.parametrize("stretch", [0, 1, 2])
def test_never_rises_with_the_water_of_days(case, stretch):
    x, strengths, gradient = case
    column = soil_column(*fields_of(x))
    before = minimum_factor_of_safety(column, gradient, strengths, PLANES)[0][0]
    waters = list(column.waters)
    waters[stretch] = waters[stretch] + 0.1
    column.waters = tuple(waters)
    after = minimum_factor_of_safety(column, gradient, strengths, PLANES)[0][0]
    assert (after <= before + 1e-12).all()
    assert (after < before - 1e-3).any()


@pytest.fixture(scope="module")
def rained(case):
    """The columns with rain of a day, of three and of seven, 150 mm or less in each."""
    daily = torch.rand(N, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 150.0
    x = changed(case[0], "rain_1d", daily[:, :1])
    x = changed(x, "rain_3d", daily[:, :2].sum(-1, keepdim=True))
    return changed(x, "rain_7d", daily.sum(-1, keepdim=True))


@pytest.mark.parametrize(("days", "limit"), [(1, "rain_3d"), (3, "rain_7d"), (7, None)])
def test_never_rises_with_rain(case, rained, days, limit):
    """Rain of one sum moves nearer to the present, the others held: more of it is left."""
    _, strengths, gradient = case
    before = first = fos(rained, strengths, gradient)
    name = f"rain_{days}d"
    for share in (0.3, 0.7, 1.0):
        most = rained[:, FIELDS[limit].columns] if limit else rained[:, FIELDS[name].columns] + 200.0
        after = fos(changed(rained, name, lambda r, m=most, s=share: r + s * (m - r)), strengths, gradient)
        assert (after <= before + 1e-12).all()
        before = after
    assert (after < first - 1e-3).any()


@pytest.mark.parametrize("days", [1, 3, 7])
def test_more_rain_never_strengthens(case, rained, days):
    """Up to the records of the world, and of a day, three or a week."""
    _, strengths, gradient = case
    names = [f"rain_{n}d" for n in (1, 3, 7) if n >= days]

    def with_rain(mm):
        x = rained
        for name in ("rain_1d", "rain_3d", "rain_7d", "snowmelt"):
            x = changed(x, name, mm if name in names else 0.0)
        return fos(x, strengths, gradient)

    series = [with_rain(mm) for mm in (0.0, 50.0, 450.0, 1000.0, 1800.0)]
    for less, more in pairwise(series):
        assert (more <= less + 1e-12).all()
    assert (series[-1] < series[-2]).any()


@pytest.mark.parametrize("name", ["rain_3d", "rain_7d"])
def test_missing_rain_before_the_last_day_never_lowers(case, rained, name):
    _, strengths, gradient = case
    known, missing = fos(rained, strengths, gradient), fos(changed(rained, name, SPVAL), strengths, gradient)
    assert (missing >= known - 1e-12).all()
    assert (missing > known + 1e-3).any()
    sooner = "rain_1d" if name == "rain_3d" else "rain_3d"
    none = changed(rained, "rain_7d", rained[:, FIELDS[sooner].columns])
    none = changed(none, "rain_3d", none[:, FIELDS[sooner].columns])
    torch.testing.assert_close(missing, fos(none, strengths, gradient), rtol=1e-12, atol=0)


def test_never_rises_with_what_is_kept_of_water(case, rained):
    _, strengths, gradient = case
    low, high = (dataclasses.replace(strengths, water_kept=share * strengths.water_kept) for share in (0.5, 1.0))
    less, more = fos(rained, low, gradient), fos(rained, high, gradient)
    assert (more <= less + 1e-12).all()
    assert (more < less - 1e-3).any()


def test_the_present_input_stands_in_for_the_rain_of_a_day(case, rained):
    """A missing rain_1d: the input held for a day, whatever is known of the days before."""
    _, strengths, gradient = case
    rate = changed(rained, "water_input", rained[:, FIELDS["rain_1d"].columns] / 86400.0)
    rate = changed(rate, "rain_1d", SPVAL)
    day = changed(changed(changed(rained, "snowmelt", 0.0), "rain_3d", SPVAL), "rain_7d", SPVAL)
    torch.testing.assert_close(fos(rate, strengths, gradient), fos(day, strengths, gradient), rtol=1e-9, atol=0)


def test_never_rises_with_saturation_at_fixed_weight(case):
    x, strengths, gradient = case
    dry = soil_column(*fields_of(changed(x, "liquid_water", lambda w: 0.8 * w)))
    wet = soil_column(*fields_of(x))
    dry.weight_density = wet.weight_density
    drier = minimum_factor_of_safety(dry, gradient, strengths, PLANES)[0][0]
    wetter = minimum_factor_of_safety(wet, gradient, strengths, PLANES)[0][0]
    assert (wetter <= drier + 1e-12).all()
    assert (wetter < drier - 1e-3).any()


def test_rises_with_root_cohesion_on_steep_slopes(case):
    """At every plane FoS rises; the least over planes rises too unless it is at the cap or where no roots reach."""
    x, strengths, _ = case
    gradient = torch.full((N, DRAWS), 0.4663076582, dtype=torch.float64)  # tan 25 degrees
    for steeper in (1.0, 1.5, 2.5):
        before = fos(x, strengths, steeper * gradient)
        rooted = (x[:, FIELDS["root_fraction"].columns].sum(-1) > 0) & (
            x[:, FIELDS["root_strength_left"].offset] > 0.05
        )
        stronger = dataclasses.replace(strengths, root_cohesion=(strengths.root_cohesion[0] + 5000.0,))
        after = fos(x, stronger, steeper * gradient)
        free = (before < 100.0) & (before > 0.01) & rooted.view(-1, 1, 1)
        assert free.double().mean() > 0.5
        assert (after[free] > before[free]).all()
        assert (after >= before).all()


def test_kinds_of_cover_and_members_stand_apart(case):
    """Bare ground is ground whose roots hold nothing; one kind, member or located class does not see the others."""
    x, strengths, gradient = case
    column = soil_column(*fields_of(x))
    nothing = torch.zeros_like(strengths.root_cohesion[0])
    kinds = dataclasses.replace(strengths, root_cohesion=(strengths.root_cohesion[0], nothing, None))
    rooted, zero, bare = minimum_factor_of_safety(column, gradient, kinds, PLANES)
    assert torch.equal(rooted[0], fos(x, strengths, gradient))
    assert (rooted[0] > bare[0]).any()
    assert torch.equal(zero[0], bare[0])
    assert torch.equal(zero[1], bare[1])

    other = dataclasses.replace(strengths, thickness=0.5 * strengths.thickness, cohesion=2.0 * strengths.cohesion)
    fields = (field.name for field in dataclasses.fields(strengths) if field.name != "root_cohesion")
    both = {name: torch.cat([getattr(strengths, name), getattr(other, name)], dim=1) for name in fields}
    both = dataclasses.replace(strengths, **both)
    together, depth = minimum_factor_of_safety(column, gradient, both, PLANES, located=slice(3, 5))[0]
    for i, alone in enumerate((strengths, other)):
        expected, expected_depth = minimum_factor_of_safety(column, gradient, alone, PLANES)[0]
        # Not to the bit: torch rounds exp by the place in memory.
        torch.testing.assert_close(together[:, i : i + 1], expected, rtol=1e-12, atol=0)
        torch.testing.assert_close(depth[:, i : i + 1], expected_depth[..., 3:5], rtol=1e-12, atol=0)


def test_falls_with_slope_and_rises_with_cohesion(case):
    x, strengths, _ = case
    column = soil_column(*fields_of(x))
    weight = (column.surcharge + column.weight_density @ PLANES.integration)[:, -1:].unsqueeze(1)
    tan_friction = torch.tan(torch.deg2rad(strengths.friction))
    # Without pore pressure and on slopes below 45 degrees, where 1/(sin cos) falls too.
    gentle = factor_of_safety(
        torch.tensor(0.4, dtype=torch.float64), tan_friction, strengths.cohesion, torch.zeros(1), weight
    )
    steep = factor_of_safety(
        torch.tensor(0.8, dtype=torch.float64), tan_friction, strengths.cohesion, torch.zeros(1), weight
    )
    assert (steep < gentle).all()
    more = factor_of_safety(
        torch.tensor(0.8, dtype=torch.float64), tan_friction, strengths.cohesion + 1000, torch.zeros(1), weight
    )
    assert (more > steep).all()


def test_perched_table_counts_only_when_it_is_one():
    nodes = layers.NODES
    half = float(nodes[4] / 2)
    cases = [  # perched, frost table, water table, expected
        (float(nodes[-1]), float(nodes[-1]), 8.0, NO_TABLE),  # the sentinel at the last node
        (float(nodes[4]), float(nodes[4]), 8.0, NO_TABLE),  # the sentinel at the frost table
        (float(nodes[4]), NO_TABLE, 8.0, NO_TABLE),  # the same with the frost table unknown
        (half, float(nodes[4]), 8.0, half),  # a table
        (half, NO_TABLE, 8.0, half),
        (half, float(nodes[4]), 0.05, NO_TABLE),  # the regional table lies above it
        (half, 0.05, 8.0, NO_TABLE),  # the frost table lies above it
        (half, half + 5e-4, 8.0, half),  # half a millimetre above the frost table: a table
        (half, half + 5e-5, 8.0, NO_TABLE),  # within the rounding of single precision
    ]
    depth, frost, water, expected = (
        torch.tensor(v, dtype=torch.float64).unsqueeze(-1) for v in zip(*cases, strict=True)
    )
    assert torch.equal(perched_table(depth, water, frost), expected)


def test_a_sentinel_perched_table_adds_no_pressure(case):
    x, strengths, gradient = case
    none = changed(changed(x, "perched_water_table_depth", SPVAL), "frost_table_depth", SPVAL)
    sentinel = changed(none, "perched_water_table_depth", float(layers.NODES[-1]))
    frozen = changed(
        changed(none, "perched_water_table_depth", float(layers.NODES[3])), "frost_table_depth", float(layers.NODES[3])
    )
    expected = fos(none, strengths, gradient)
    assert torch.equal(fos(sentinel, strengths, gradient), expected)
    assert torch.equal(fos(frozen, strengths, gradient), expected)
    real = changed(changed(none, "perched_water_table_depth", 0.3), "frost_table_depth", float(layers.NODES[8]))
    assert (fos(real, strengths, gradient) < expected - 1e-3).any()


def test_interfaces_are_those_of_elms_nodes():
    """initVerticalMod: interfaces midway between nodes; the last is half of that layer's thickness below its node."""
    nodes = torch.cat(
        [layers.NODES, torch.tensor([0.025], dtype=torch.float64) * (torch.exp(torch.tensor(5.25).double()) - 1)]
    )
    middle = 0.5 * (nodes[1:] + nodes[:-1])
    torch.testing.assert_close(torch.tensor(LAYER_INTERFACES[1:], dtype=torch.float64), middle, rtol=0, atol=1e-6)


def test_integrate_and_interpolate_by_hand():
    ones = torch.ones(1, 10, dtype=torch.float64)
    depth = torch.tensor([0.3, 1.0, 9.0], dtype=torch.float64)
    torch.testing.assert_close(
        2 * ones @ layers.integration_matrix(depth), torch.tensor([[0.6, 2.0, 2 * LAYER_INTERFACES[-1]]]).double()
    )
    linear = layers.NODES.unsqueeze(0)
    torch.testing.assert_close(
        linear @ layers.interpolation_matrix(depth), torch.tensor([[0.3, 1.0, float(layers.NODES[-1])]]).double()
    )


def test_interpolation_is_numpys_also_where_values_differ_by_orders_of_magnitude():
    """From the layer at 0.2 m on, too, and with two axes of depths; 1e13 Pa above must not blur the kPa below."""
    depth = torch.linspace(0.2, 4.0, 24, dtype=torch.float64).view(1, 4, 6)
    values = 10.0 ** torch.linspace(13.0, 1.0, 10, dtype=torch.float64).unsqueeze(0)
    expected = np.interp(depth.numpy(), layers.NODES.numpy(), values[0].numpy())
    for first in (0, 3):
        got = layers.weigh(layers.interpolation_weights(depth, first), values[:, first:])
        np.testing.assert_allclose(got[:, 0], expected, rtol=1e-12)


def test_integration_by_whole_and_cut_layers():
    depth = torch.linspace(0.2, 4.0, 24, dtype=torch.float64).view(1, 4, 6)
    density = torch.linspace(1.0, 5.0, 10, dtype=torch.float64).unsqueeze(0)
    mass = density * layers.THICKNESS
    expected = np.interp(depth.numpy(), LAYER_INTERFACES, np.concatenate([[0.0], mass[0].cumsum(0)]))
    for first in (0, 4):
        cut = layers.weigh(layers.integration_weights(depth, first), mass[:, first:])
        np.testing.assert_allclose(cut[:, 0] + float(mass[0, :first].sum()), expected, rtol=1e-12)


def test_root_profile_by_hand():
    """Roots spread evenly to a depth have the reference density everywhere; deep roots alone are bounded."""
    even = (layers.THICKNESS * 0.25).unsqueeze(0)
    torch.testing.assert_close(roots.relative_density(even), torch.ones(1, 10, dtype=torch.float64))
    # Zeng (2001) with a 7, b 2 per metre: between 0.8289 and 1.3828 m, over the mean of the upper half metre.
    left = [0.5 * (math.exp(-7 * z) + math.exp(-2 * z)) for z in (0.8288927, 1.3828311, 0.5)]
    expected = (left[0] - left[1]) / (1.3828311 - 0.8288927) / ((1 - left[2]) / 0.5)
    pft_1 = torch.from_numpy(root_profiles(LAYER_INTERFACES)[1:2])
    # 2e-3: within the layer that holds half a metre, ELM's density is a mean.
    assert roots.relative_density(pft_1)[0, 7].item() == pytest.approx(expected, rel=2e-3)
    deep = torch.zeros(1, 10, dtype=torch.float64)
    deep[0, 9] = 1.0
    assert roots.relative_density(deep).max() == 3.0  # what is not extrapolated
    assert (roots.relative_density(torch.zeros(1, 10, dtype=torch.float64)) == 0).all()

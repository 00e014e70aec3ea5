"""The least factor of safety of a whole column against sums done by hand."""

import math

import pytest
import torch

from elm_landslide.fields import FIELDS, LAYER_INTERFACES, SPVAL, pack
from elm_landslide.physics import roots
from elm_landslide.physics.column import MAX_INPUT, soil_column
from elm_landslide.physics.layers import NODES
from elm_landslide.physics.stability import Strength, minimum_factor_of_safety, standard_planes
from elm_landslide.training.sampling import fields_of

T, PHI, COHESION, H = 0.7, 32.0, 4000.0, 1.2
VALUES = {
    "porosity": 0.45,
    "sucsat": 200.0,
    "bsw": 5.0,
    "liquid_water": 0.45,
    "ice": 0.0,
    "tree_cover": 0.5,
    "vegetation_carbon": 6.0,
    "water_table_depth": 80.0,
    "bedrock_depth": 10.0,
    "perched_water_table_depth": 80.0,
    "frost_table_depth": 80.0,
    "root_strength_left": 1.0,
    "vegetation_left": 1.0,
}


def column(**values):
    """A uniform column; None leaves a field out."""
    values = {name: value for name, value in {**VALUES, **values}.items() if value is not None}

    def field(name):
        value = values.get(name, 0.0)
        return torch.as_tensor(value, dtype=torch.float64).expand(1, FIELDS[name].layers).clone()

    def has(name):
        return torch.tensor([[name in values]])

    return soil_column(field, has)


def least(thinning=0.0, gathered=0.0, kept=0.0, stored=0.0, root_cohesion=0.0, cap=0.0, **values):
    """(FoS, depth) of a uniform column; H is the thickness on level ground."""
    d = {
        "cohesion": COHESION,
        "friction": PHI,
        "thickness": H,
        "thinning": thinning,
        "water_gathered": gathered,
        "water_kept": kept,
        "water_stored": stored,
        "suction_cap": cap,
    }
    strength = Strength(
        **{name: torch.tensor([[[value]]], dtype=torch.float64) for name, value in d.items()},
        root_cohesion=(torch.tensor([[[root_cohesion]]], dtype=torch.float64),),
    )
    gradient = torch.tensor([[T]], dtype=torch.float64)
    fos, depth = minimum_factor_of_safety(column(**values), gradient, strength, standard_planes(8))[0]
    return fos.item(), depth.item()


def by_hand(depth, head=0.0, suction=0.0, cohesion=COHESION, water=450.0, ice=0.0):
    """tan(phi)/t + [c - (u - suction) tan(phi)] (1 + t^2)/(W t); trees of 6 kg C/m2 weigh 4 times that."""
    weight = 9.81 * (0.55 * 2700 + water + 917 * ice) * depth + 9.81 * 4 * 6
    u = 9810 * head / (1 + T * T)
    tan_phi = math.tan(math.radians(PHI))
    return tan_phi / T + (cohesion - (u - suction) * tan_phi) * (1 + T * T) / (weight * T)


def test_dry_side():
    assert least() == pytest.approx((by_hand(H), H))


def test_regional_table_at_the_surface():
    assert least(water_table_depth=0.0) == pytest.approx((by_hand(H, head=H), H))


def test_regional_table_within_the_soil():
    assert least(water_table_depth=0.9) == pytest.approx((by_hand(H, head=0.3), H))


def test_perched_table_ends_at_the_frost_table():
    """Planes: 0.2 (15)^(k/8); the deepest one above the frost table at 0.8 m is the fifth, 0.7745 m."""
    plane = 0.2 * 15 ** (4 / 8)
    fos, depth = least(perched_water_table_depth=0.1, frost_table_depth=0.8)
    assert (fos, depth) == pytest.approx((by_hand(plane, head=plane - 0.1), plane))
    fos, depth = least(perched_water_table_depth=0.1, frost_table_depth=1.3)
    assert (fos, depth) == pytest.approx((by_hand(H, head=H - 0.1), H))


def test_ice_has_weight_and_takes_pore_space():
    """Ice fills pores and the liquid what is left: saturated, no suction."""
    fos, _ = least(liquid_water=0.25, ice=0.2, cap=1e9)
    assert fos == pytest.approx(by_hand(H, water=250.0, ice=0.2))


def test_suction_and_its_cap():
    saturation = 0.27 / 0.45
    stress = 9810 * (saturation - 0.1) / 0.9 * 0.2 * (saturation**-5 - 1)
    kwargs = {"liquid_water": 0.27}
    assert least(cap=1e9, **kwargs)[0] == pytest.approx(by_hand(H, suction=stress, water=270.0))
    assert least(cap=3000.0, **kwargs)[0] == pytest.approx(by_hand(H, suction=3000.0, water=270.0))
    below = least(cap=1e9, water_table_depth=1.0, **kwargs)[0]
    assert below == pytest.approx(by_hand(H, head=0.2, water=270.0))


def head_of(water):
    """Head (m) of water (m) that would stand 1 / 0.15 times as high in soil without an end, in that of thickness H."""
    return 1.0 / (1.0 / H + 0.15 / water)


def test_head_of_the_water_gathered_on_the_base():
    """Twice 40 mm; suction of 9.81 times the head is taken away."""
    head = head_of(0.080)
    fos, _ = least(gathered=2.0, rain_1d=40.0, liquid_water=0.27, cap=3000.0)
    assert fos == pytest.approx(by_hand(H, head=head, suction=max(3000.0 - 9810 * head, 0.0), water=270.0))
    present_rate = least(gathered=2.0, water_input=40.0 / 86400, liquid_water=0.27, cap=3000.0)[0]
    assert present_rate == pytest.approx(fos)
    little, _ = least(gathered=0.25, rain_1d=4.0, liquid_water=0.27, cap=3000.0)  # leaves some of the suction
    head = head_of(0.001)
    assert little == pytest.approx(by_hand(H, head=head, suction=3000.0 - 9810 * head, water=270.0))


def test_the_head_stays_below_the_surface():
    flood, _ = least(gathered=10.0, rain_1d=2000.0, cap=3000.0)
    assert flood > by_hand(H, head=H)
    assert flood == pytest.approx(by_hand(H, head=H), abs=0.02)


def heads(**values):
    """Water (mm) of the last day, of the second and third, of the fourth to seventh."""
    return [1000.0 * water.item() for water in column(liquid_water=0.27, **values).waters]


def test_water_of_three_stretches_of_days():
    """10 mm in a day, 30 in three, 70 in seven: 10, 20 and 40; melt is of the last day."""
    assert heads(rain_1d=10.0, rain_3d=30.0, rain_7d=70.0) == pytest.approx([10.0, 20.0, 40.0])
    melt = heads(rain_1d=10.0, rain_3d=30.0, rain_7d=70.0, snowmelt=5.0 / 86400)
    assert melt == pytest.approx([15.0, 20.0, 40.0])


def test_missing_rain_is_no_more_water():
    assert heads(rain_1d=10.0, rain_3d=30.0) == pytest.approx([10.0, 20.0, 0.0])
    assert heads(rain_1d=10.0, rain_7d=70.0) == pytest.approx([10.0, 0.0, 0.0])
    assert heads(rain_1d=10.0) == pytest.approx([10.0, 0.0, 0.0])
    assert heads(rain_1d=10.0, rain_3d=8.0, rain_7d=5.0) == pytest.approx([10.0, 0.0, 0.0])  # less than in a day


def test_without_the_rain_of_a_day_the_present_input_lasts_a_day():
    """Also where that of three and seven days is known, which cannot be split without it."""
    assert heads(water_input=12.0 / 86400) == pytest.approx([12.0, 0.0, 0.0])
    more = heads(water_input=12.0 / 86400, rain_3d=30.0, rain_7d=70.0, snowmelt=5.0 / 86400)
    assert more == pytest.approx([12.0, 0.0, 0.0])
    assert heads(water_input=-1.0) == [0.0, 0.0, 0.0]


def test_a_present_rate_is_no_more_than_half_a_metre_a_day():
    """It may be that of an hour; rain that was summed counts whole."""
    most = 1000.0 * MAX_INPUT
    assert heads(rain_1d=most + 1.0, rain_3d=4.0 * most, rain_7d=8.0 * most)[0] == pytest.approx(most + 1.0)
    assert heads(water_input=2.0 * most / 86400) == pytest.approx([most, 0.0, 0.0])
    assert heads(rain_1d=10.0, snowmelt=2.0 * most / 86400)[0] == pytest.approx(most + 10.0)


def test_head_of_a_week():
    """Half is kept of two days, and of that a quarter of what is older: 10 + 10 + 5 mm."""
    rain = {"rain_1d": 10.0, "rain_3d": 30.0, "rain_7d": 70.0}
    head = head_of(0.25 * 0.025)
    fos, _ = least(gathered=0.25, kept=0.5, stored=0.25, liquid_water=0.27, cap=3000.0, **rain)
    assert fos == pytest.approx(by_hand(H, head=head, suction=3000.0 - 9810 * head, water=270.0))
    for kept, stored, water in ((0.0, 1.0, 10.0), (1.0, 0.0, 30.0), (1.0, 1.0, 70.0)):  # 70: an index of seven days
        in_a_day = least(gathered=0.25, liquid_water=0.27, cap=3000.0, rain_1d=water)
        week = least(gathered=0.25, kept=kept, stored=stored, liquid_water=0.27, cap=3000.0, **rain)
        assert week == pytest.approx(in_a_day)


def test_roots_add_their_cohesion_at_the_plane():
    """Evenly spread roots: the cohesion of the upper half metre everywhere."""
    even = torch.tensor(LAYER_INTERFACES, dtype=torch.float64).diff() / LAYER_INTERFACES[-1]
    fos, _ = least(root_cohesion=2000.0, root_fraction=even)
    assert fos == pytest.approx(by_hand(H, cohesion=COHESION + 2000.0))
    half, _ = least(root_cohesion=2000.0, root_fraction=even, root_strength_left=0.5)
    assert half == pytest.approx(by_hand(H, cohesion=COHESION + 1000.0))


def test_soil_thins_with_slope_down_to_bedrock():
    assert least(thinning=1.0)[1] == pytest.approx(0.3 + 0.9 * math.exp(-T))
    assert least(bedrock_depth=0.5)[1] == pytest.approx(0.5)


def test_weight_of_trees_without_carbon():
    """SP mode: half trees of 8 kg C/m2 weigh as much as 4 given."""
    assert least(vegetation_carbon=None)[0] == pytest.approx(least(vegetation_carbon=4.0)[0])
    # A quarter of them left is 1; with carbon given it says nothing.
    assert least(vegetation_carbon=None, vegetation_left=0.25)[0] == pytest.approx(least(vegetation_carbon=1.0)[0])
    assert least(vegetation_carbon=4.0, vegetation_left=0.25) == least(vegetation_carbon=4.0)


def test_melt_joins_the_rain_of_the_day():
    """30 mm of rain and 10 mm of melt are the 40 mm of the test above."""
    expected = least(gathered=0.25, rain_1d=40.0, liquid_water=0.27, cap=3000.0)
    melt = least(gathered=0.25, rain_1d=30.0, snowmelt=10.0 / 86400, liquid_water=0.27, cap=3000.0)
    assert melt == pytest.approx(expected)
    # A known moisture offset is soil water that falls with depth.
    below = [0.25 + 0.02 * math.exp(-z / 0.6) for z in NODES.tolist()]
    expected = least(gathered=0.25, rain_1d=40.0, liquid_water=below, cap=3000.0)
    offset = least(gathered=0.25, rain_1d=40.0, liquid_water=0.25, soil_moisture_offset=0.02, cap=3000.0)
    assert offset == pytest.approx(expected)


def test_ground_shares_by_hand():
    """Grass of 1.5 kPa counts as 0.375 shrubs of 4 kPa, crop of 0.5 kPa as 0.125; shares above 1 are scaled."""
    cover = torch.tensor([[0.2, 0.1, 0.4, 0.2], [1.0, 0.0, 1.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[0.2, 0.275, 0.525], [0.5, 0.1875, 0.3125]], dtype=torch.float64)
    torch.testing.assert_close(roots.ground_shares(cover), expected)


def test_no_ground_share_rounds_below_nothing():
    """1 - 0.9 - 0.1 and 1 - 0.8 - 0.2 are less than 0 in double precision."""
    cover = torch.tensor([[0.9, 0.1, 0.0, 0.0], [0.8, 0.2, 0.0, 0.0]], dtype=torch.float64)
    assert (1.0 - cover[:, 0] - cover[:, 1] < 0.0).all()
    assert (roots.ground_shares(cover) >= 0.0).all()


def scale_of(**given):
    """Root cohesion over that typical of half trees, half grass, with the fields given, each of some columns."""
    n = len(next(iter(given.values())))
    cover = {"tree_cover": [0.5] * n, "shrub_cover": [0.0] * n, "grass_cover": [0.5] * n, "crop_cover": [0.0] * n}
    x = torch.from_numpy(pack({**cover, **given}, (n,)))
    return roots.ground(*fields_of(x))[1]


def column_of(*values):
    return torch.tensor(values, dtype=torch.float64).unsqueeze(-1)


def test_root_carbon_scales_cohesion_where_it_is_known():
    """Typical roots of half trees, half grass: 1.15 kg C/m2; bounded to 0.2-2."""
    scale = scale_of(root_carbon=[2.3, 0.575, 50.0, 0.0, SPVAL])
    torch.testing.assert_close(scale, column_of(2.0, 0.5, 2.0, 0.2, 1.0))


def test_leaf_area_scales_cohesion_where_carbon_is_not_known():
    """In proportion, bounded to 0.5-1.5; carbon goes first."""
    scale = scale_of(leaf_area_ratio=[1.0, 1.2, 0.0, 20.0, SPVAL, 1.2], root_carbon=[SPVAL] * 5 + [2.3])
    torch.testing.assert_close(scale, column_of(1.0, 1.2, 0.5, 1.5, 1.0, 2.0))

"""Hillslopes on a grid: planes are exact, water goes downhill, bad tiles are refused; random fields."""

import math

import numpy as np
import pytest

from elm_landslide.simulator.terrain import NEIGHBOURS, SHAPES, hillslope, random_field, terrain


def plane(rows=9, columns=7, size=10.0):
    """Falls by .3 towards the bottom and .4 towards the left: a gradient of .5."""
    return 0.3 * size * np.arange(rows)[::-1, None] + 0.4 * size * np.arange(columns)


def rough(seed=0):
    """A plane with hollows and summits; no two cells are level."""
    rng = np.random.default_rng(seed)
    return terrain(plane(20, 15) + 5.0 * rng.standard_normal((20, 15)), 10.0)


LANDS = {
    "plane": lambda: terrain(plane(), 10.0),
    "rough": rough,
    "hollow": lambda: hillslope("convergent", 0.6, 12, 9, 5.0, 0.02),
}


def test_gradient_of_a_plane_is_exact():
    assert terrain(plane(), 10.0).gradient == pytest.approx(np.full(63, 0.5), rel=1e-13)
    np.testing.assert_allclose(hillslope("planar", 0.7, 6, 5, 2.5).gradient, 0.7, rtol=1e-13)


@pytest.mark.parametrize("cut", ["sides", "corner", "round"])
def test_gradient_and_outflow_at_edges_of_missing_values(cut):
    z, (row, column) = plane(), np.mgrid[:9, :7]
    outside = {
        "sides": (row > 6) | (column < 1),
        "corner": row - column > 5,
        "round": np.hypot(row - 4, column - 3) > 4,
    }
    land = terrain(np.where(outside[cut], np.nan, z), 10.0)
    np.testing.assert_allclose(land.gradient, 0.5, rtol=1e-13)
    np.testing.assert_allclose(land.weights.sum(1), 1.0, rtol=1e-13)


def test_shares_of_a_plane_by_hand():
    """Quinn et al. (1991): .5 down, .354 / sqrt(2) = .250316 over each lower corner, of 1.000632."""
    land = hillslope("planar", 0.3, 5, 5, 10.0)
    cell = land.grid(np.arange(land.n), -1)[2, 2]
    expected = [0.0, 0.0, 0.0, 0.0, 0.0, 0.250158, 0.499684, 0.250158]
    np.testing.assert_allclose(land.weights[cell], expected, atol=1e-6)


@pytest.mark.parametrize("make", LANDS.values(), ids=LANDS)
def test_shares_add_up_and_go_down(make):
    land = make()
    total = land.weights.sum(1)
    height = np.append(land.elevation, -np.inf)
    lowest_around = height[land.receivers].min(1)
    np.testing.assert_allclose(total[lowest_around < land.elevation], 1.0, rtol=1e-13)
    assert (np.isclose(total, 1.0, rtol=1e-13) | (total == 0.0)).all()
    assert (land.weights >= 0.0).all()
    assert (height[land.receivers] < land.elevation[:, None])[land.weights > 0.0].all()


@pytest.mark.parametrize("make", LANDS.values(), ids=LANDS)
def test_order_is_from_the_top(make):
    """So what leaves a cell arrives at one that comes later."""
    land = make()
    assert (np.diff(land.elevation) <= 0.0).all()
    assert (land.receivers > np.arange(land.n)[:, None])[land.weights > 0.0].all()
    assert (land.down > np.arange(land.n)).all()
    np.testing.assert_array_equal(land.grid(land.elevation)[land.row, land.column], land.elevation)


def test_neighbours_are_mutual_and_down_is_the_lowest():
    land = rough()
    for cell in range(land.n):
        for k, other in enumerate(land.sides[cell]):
            if other < land.n:
                assert land.sides[other, 3 - k] == cell
                step = (land.row[other] - land.row[cell], land.column[other] - land.column[cell])
                assert step == ((-1, 0), (0, -1), (0, 1), (1, 0))[k]
        around = [other for other in land.sides[cell] if other < land.n]
        lowest = min(around, key=lambda other: land.elevation[other])
        assert land.down[cell] == (lowest if land.elevation[lowest] < land.elevation[cell] else land.n)


def test_pits_keep_their_water_and_lean_on_nothing():
    z = plane()
    z[4, 3] -= 50.0
    land = terrain(z, 10.0)
    pit = land.grid(np.arange(land.n), -1)[4, 3]
    assert land.weights[pit].sum() == 0.0
    assert land.down[pit] == land.n


def to_the_middle(land):
    """Mean shift of the water of a cell towards the middle column, in cells, [n]."""
    sideways = np.array([b for _, b in NEIGHBOURS])
    return -np.sign(land.column - 0.5 * (land.shape[1] - 1)) * (land.weights @ sideways)


@pytest.mark.parametrize(("shape", "sign"), [("planar", 0), ("convergent", 1), ("divergent", -1)])
def test_water_gathers_where_contours_bend(shape, sign):
    land = hillslope(shape, 0.5, 12, 9, 5.0, 0.02)
    shift = to_the_middle(land)[land.column != 4]
    assert abs(shift).max() < 1e-12 if sign == 0 else (sign * shift > 0.0).all()
    area = np.ones(land.n + 1)
    for cell in range(land.n):
        np.add.at(area, land.receivers[cell], land.weights[cell] * area[cell])
    lowest = land.grid(area[:-1])[-1]
    np.testing.assert_allclose(lowest, lowest[::-1], rtol=1e-12)
    if sign:
        # Of the strip that is far from the sides, over which water is lost.
        assert sign * (lowest[4] - lowest[2]) > 0.0


def test_mean_gradient_and_bend():
    """On the axis the fall is the mean gradient; across, the second difference is bend times gradient."""
    for shape, sign in zip(SHAPES, (0.0, 1.0, -1.0), strict=True):
        z = hillslope(shape, 0.5, 8, 7, 4.0, 0.01)
        z = z.grid(z.elevation)
        np.testing.assert_allclose(-np.diff(z, axis=0) / 4.0, 0.5, rtol=1e-12)
        np.testing.assert_allclose(np.diff(z, 2, axis=1) / 16.0, sign * 0.01 * 0.5, atol=1e-13)


def with_a_hole():
    z = plane()
    z[4, 5] = np.nan
    return z


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: terrain(with_a_hole(), 10.0), r"1 values are missing inside the tile, the first in row 4, column 5"),
        (lambda: hillslope("planar", 6.0, 5, 5, 10.0), r"slope: 81 degrees in row \d, column \d; above 80"),
        (lambda: terrain(plane(), 0.0), r"size of a cell: 0.0 m; it must be positive"),
        (lambda: terrain(plane(), -5.0), r"size of a cell: -5.0 m"),
        (lambda: terrain(plane(), math.nan), r"size of a cell: nan m"),
        (lambda: terrain(plane(2, 9), 10.0), r"elevation: \(2, 9\) with 18 values; at least 3 x 3"),
        (lambda: terrain(np.full((5, 5), np.nan), 10.0), r"elevation: \(5, 5\) with 0 values"),
        (lambda: hillslope("concave", 0.5, 5, 5, 10.0), r"shape: 'concave'; one of planar, convergent, divergent"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_steepest_slope_allowed():
    land = hillslope("planar", math.tan(math.radians(79.9)), 5, 5, 10.0)
    np.testing.assert_allclose(np.degrees(np.arctan(land.gradient)), 79.9)


@pytest.mark.parametrize("length", [3, 5])
def test_random_field(length):
    """Unit variance, and exp(-(r / length)^2) along both axes, within 4 standard errors over 200 fields."""
    rng = np.random.default_rng(3)
    fields = [random_field(rng, (48, 65), float(length)) for _ in range(200)]

    def check(products, expected):
        samples = np.array([p.mean() for p in products])
        error = samples.std(ddof=1) / math.sqrt(len(samples))
        assert error < 0.02
        assert samples.mean() == pytest.approx(expected, abs=4.0 * error)

    check(fields, 0.0)
    check([f * f for f in fields], 1.0)
    for axis in (0, 1):
        check([f * np.roll(f, length, axis) for f in fields], math.exp(-1.0))
        check([f * np.roll(f, 2 * length, axis) for f in fields], math.exp(-4.0))
    check([f * np.roll(f, (3, 4), (0, 1)) for f in fields], math.exp(-((5.0 / length) ** 2)))


def test_random_field_without_correlation():
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    np.testing.assert_array_equal(random_field(rng, (4, 5), 0.0), same.standard_normal((4, 5)))

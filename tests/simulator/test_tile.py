"""Tiles of a larger terrain."""

import math

import numpy as np
import pytest

from elm_landslide.simulator.dem import Grid
from elm_landslide.simulator.terrain import STEEPEST, check_slopes, terrain, tile


def parent(rows=20, columns=15):
    """No two cells are of one height."""
    rng = np.random.default_rng(7)
    return 4.0 * np.arange(rows)[::-1, None] + rng.standard_normal((rows, columns))


def places(z, rows, columns, n, seed=1):
    """Upper left corners of n tiles, by their heights."""
    rng, found = np.random.default_rng(seed), []
    land = terrain(z, 5.0)
    for _ in range(n):
        one = tile(land, rows, columns, rng)
        assert (one.shape, one.size, one.n) == ((rows, columns), 5.0, rows * columns)
        got = one.grid(one.elevation)
        ((row, column),) = np.argwhere(z == got[0, 0])
        np.testing.assert_array_equal(got, z[row : row + rows, column : column + columns])
        found.append((int(row), int(column)))
    return found


def test_tiles_are_cut_from_the_parent_anywhere():
    found = places(parent(8, 7), 5, 4, 400)
    assert set(found) == {(row, column) for row in range(4) for column in range(4)}
    assert places(parent(8, 7), 5, 4, 20) == found[:20]


def test_a_tile_has_no_missing_cell():
    z = parent()
    z[:6, :7] = np.nan
    z[15:, 12:] = np.nan
    found = places(z, 5, 6, 300)
    whole = {(r, c) for r in range(16) for c in range(10) if np.isfinite(z[r : r + 5, c : c + 6]).all()}
    assert set(found) <= whole
    assert len(set(found)) > 0.9 * len(whole)


def test_tiles_that_do_not_fit_are_refused():
    land = terrain(parent(8, 7), 5.0)
    rng = np.random.default_rng(1)
    assert tile(land, 8, 7, rng).n == 56
    for rows, columns in ((9, 7), (8, 8)):
        with pytest.raises(ValueError, match=rf"\(8, 7\) cells; a tile of {rows} x {columns} does not fit"):
            tile(land, rows, columns, rng)
    z = parent(8, 7)
    z[np.add.outer(np.arange(8), np.arange(7)) > 8] = np.nan
    with pytest.raises(ValueError, match="no tile of 8 x 6 cells is without a missing cell; take fewer"):
        tile(terrain(z, 5.0), 8, 6, rng)


def test_tiles_lie_beside_voids():
    """Places are drawn from those that are whole, in the order of rows, each as likely as the others."""
    z = parent(30, 25)
    z[12, 11] = z[13, 11] = z[3, 20] = np.nan
    grid = Grid(z, 5.0)
    rng, again = np.random.default_rng(4), np.random.default_rng(4)
    whole = [(r, c) for r in range(24) for c in range(18) if np.isfinite(z[r : r + 7, c : c + 8]).all()]
    assert 0 < len(whole) < 24 * 18
    for _ in range(50):
        one = tile(grid, 7, 8, rng)
        row, column = whole[again.integers(len(whole))]
        np.testing.assert_array_equal(one.grid(one.elevation), z[row : row + 7, column : column + 8])
    places = grid.places(7, 8)
    assert [places[k] for k in range(places.n)] == whole


def test_without_voids_the_draw_is_that_of_a_whole_terrain():
    z = parent(12, 11)
    one, two = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(20):
        a, b = tile(Grid(z, 5.0), 4, 5, one), tile(terrain(z, 5.0), 4, 5, two)
        for name, value in vars(a).items():
            np.testing.assert_array_equal(value, getattr(b, name))
    assert tuple(np.argwhere(np.ones((9, 7)))[40]) == Grid(z, 5.0).places(4, 5)[40]


def test_a_grid_where_no_tile_fits():
    z = parent(8, 7)
    z[4, 3] = np.nan
    with pytest.raises(ValueError, match="no tile of 5 x 4 cells is without a missing cell; take fewer"):
        tile(Grid(z, 5.0), 5, 4, np.random.default_rng(1))
    assert tile(Grid(z, 5.0), 4, 3, np.random.default_rng(1)).n == 12
    with pytest.raises(ValueError, match=r"\(8, 7\) cells; a tile of 9 x 4 does not fit"):
        tile(Grid(z, 5.0), 9, 4, np.random.default_rng(1))


@pytest.mark.parametrize("strip", [1, 4, 5, 512])
@pytest.mark.parametrize("height", [0.0, 40.0, 80.0, 200.0])
def test_slopes_are_refused_as_those_of_the_whole(monkeypatch, strip, height):
    """Strip by strip, with missing cells or without."""
    monkeypatch.setattr("elm_landslide.simulator.terrain._STRIP", strip)
    for cut in (None, (slice(0, 3), slice(0, 4)), (slice(6, 12), slice(5, None))):
        z = parent(12, 9)
        z[5, 4] += height
        if cut:
            z[cut] = np.nan
        said = []
        for look in (lambda z: check_slopes(Grid(z, 5.0)), lambda z: terrain(z, 5.0)):
            try:
                look(z)
                said.append("")
            except ValueError as error:
                said.append(str(error))
        assert said[0] == said[1] if strip > 12 else bool(said[0]) == bool(said[1])
        steepest = math.degrees(math.atan(height / 10.0))
        assert ("above 80" in said[0]) == (steepest > STEEPEST - 3.0)

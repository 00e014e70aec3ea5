"""Tiles of a larger terrain."""

import numpy as np
import pytest

from elm_landslide.simulator.terrain import terrain, tile


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
    assert set(found) <= whole and len(set(found)) > 0.9 * len(whole)


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

"""Counts of the cells of an ELM grid, added up over the windows and let go as soon as a cell is complete."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elm_landslide.static.coverage import Polygons


class Accounts:
    """Adds up arrays by cell; `finish(cell, *sums)` is called when the last window that may see a cell is in."""

    def __init__(self, polygons: Polygons, side: int, shape: tuple[int, int], finish: Callable, joins: tuple):
        """joins: how each array of a cell is joined to the one of another window: np.add, np.minimum, np.maximum."""
        self._finish, self._joins = finish, joins
        self._sums: dict[int, list[np.ndarray]] = {}
        self._cells: dict[tuple[int, int], set[int]] = {}
        self._open: dict[int, int] = {}
        last = [-(-n // side) - 1 for n in shape]
        seen: dict[int, set[tuple[int, int]]] = {}
        for cell, corners in zip(polygons.cell.tolist(), polygons.corners, strict=True):
            columns, rows = (
                range(max(int(values.min() // side), 0), min(int(values.max() // side), most) + 1)
                for values, most in zip(corners.T, last[::-1], strict=True)
            )
            seen.setdefault(cell, set()).update((i, j) for i in rows for j in columns)
        for cell, windows in seen.items():
            self._open[cell] = len(windows)
            for window in windows:
                self._cells.setdefault(window, set()).add(cell)

    def add(self, window: tuple[int, int], cells: np.ndarray, *arrays: np.ndarray) -> None:
        """arrays [cell of the window, ...]."""
        for k, cell in enumerate(cells.tolist()):
            parts = [np.array(values[k]) for values in arrays]
            if cell in self._sums:
                parts = [join(a, b) for join, a, b in zip(self._joins, self._sums[cell], parts, strict=True)]
            self._sums[cell] = parts
        for cell in self._cells.pop(window, ()):
            self._open[cell] -= 1
            if not self._open[cell] and cell in self._sums:
                self._finish(cell, *self._sums.pop(cell))

"""The simulator's column from ELM's state through two weathers: what a scenario changes of a run's water.

ELM's own states are not replaced: the difference of the two runs is added to them. Where the column errs alike in both,
the error cancels; what remains is that of its answer to the change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from elm_landslide import ranks
from elm_landslide.offline.times import SLACK
from elm_landslide.scenario.weather import Weather
from elm_landslide.simulator import column

LONGEST_PIECE, LONGEST_STEP = 10800.0, 1800.0  # s: over which results are means, and of the solution
SHORTER = 8  # steps in place of one where there is no solution
# Fields of x from results of the column, and what takes them to their units.
FIELDS_OF = {
    "liquid_water": ("liquid_water", 1.0),
    "water_table_depth": ("water_table", 1.0),
    "surface_runoff": ("surface_runoff", 1000.0),
    "subsurface_drainage": ("baseflow", 1000.0),
    "water_input": ("water_input", 1000.0),
    "snowmelt": ("snowmelt", 1000.0),
}


@dataclass(frozen=True)
class Pieces:
    """The time of a run in pieces of an interval of its weather. edges (s) [p + 1]; interval [p] of each."""

    edges: np.ndarray
    interval: np.ndarray

    @classmethod
    def of(cls, weather: Weather, begin: float, end: float) -> Pieces:
        edges, interval = [begin], []
        for i, (first, last) in enumerate(zip(weather.edges[:-1], weather.edges[1:], strict=True)):
            first, last = max(first, begin), min(last, end)
            if last - first > SLACK:
                n = int(np.ceil((last - first) / LONGEST_PIECE - 1e-6))
                edges += [first + (last - first) * (k + 1) / n for k in range(n)]
                interval += [i] * n
        return cls(np.array(edges), np.array(interval, dtype=int))

    @property
    def seconds(self) -> np.ndarray:
        return np.diff(self.edges)

    def means(self, times: Sequence[tuple[float, float]]) -> csr_array:
        """Matrix [time, p] that takes values of the pieces to means over times, from and to (s); to an instant, that of
        the piece that ends there or holds it; to 0 before the first piece."""
        shares, at, rows = [], [], [0]
        for first, last in times:
            low, high = (int(i) for i in np.searchsorted(self.edges, [first + SLACK, last - SLACK]))
            low, high = max(low - 1, 0), min(high, len(self.interval))
            if last <= first:
                low, part = max(high - 1, 0), np.ones(min(high, 1))
            else:
                edges = np.clip(self.edges[low : high + 1], first, last)
                part = np.diff(edges) / (last - first)
            shares.append(part)
            at.append(low + np.arange(len(part)))
            rows.append(rows[-1] + len(part))
        return csr_array((np.concatenate(shares), np.concatenate(at), rows), shape=(len(times), len(self.interval)))


@dataclass(frozen=True)
class Case:
    """One column: soils by time, each from a piece on; the state at the start, of which water is not changed."""

    soils: Sequence[tuple[int, column.Soil]]
    water_table: float
    liquid: np.ndarray
    snow: float


def run(case: Case, forcing: np.ndarray, seconds: np.ndarray) -> dict[str, np.ndarray]:
    """Results of the column over p pieces, each [p] or [p, 10], by the names of column.run.

    forcing [4, p]: rows of column.FORCING; seconds [p]. Raises ArithmeticError if there is no solution.
    """
    starts = [at for at, _ in case.soils]
    cuts = np.flatnonzero(np.abs(np.diff(seconds)) > 1e-3) + 1
    bounds = sorted({0, len(seconds), *(int(cut) for cut in cuts), *starts})
    for shorter in (1, SHORTER):
        water = column.state_from_table(case.soils[0][1], case.water_table, case.liquid)
        water.snow = case.snow
        try:
            parts = []
            for first, last in zip(bounds[:-1], bounds[1:], strict=True):
                soil = case.soils[int(np.searchsorted(starts, first, side="right")) - 1][1]
                substeps = shorter * int(np.ceil(seconds[first] / LONGEST_STEP))
                parts.append(column.run(soil, water, forcing[:, first:last], float(seconds[first]), substeps))
        except ArithmeticError:
            if shorter == SHORTER:
                raise
            continue
        break
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def forcing(weather: Weather, at: int, lat: float, pieces: Pieces) -> np.ndarray:
    """[4, p] of one column, the rows of column.FORCING."""
    temperature = weather.temperature[:, at]
    potential = column.potential_evaporation(temperature, weather.day_of_year, lat)
    rows = np.stack([weather.rain[:, at] / 1000.0, weather.snow[:, at] / 1000.0, temperature, potential])
    return rows[:, pieces.interval]


def each(function: Callable[[int], object], n: int, advance: Callable) -> None:
    """Call a function for every column, in threads."""

    def one(i: int) -> None:
        function(i)
        advance()

    with ThreadPoolExecutor(max((os.cpu_count() or 1) // ranks.processes(), 1)) as pool:
        list(pool.map(one, range(n)))

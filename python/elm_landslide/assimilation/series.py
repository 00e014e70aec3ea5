"""Daily series on the cells of ELM: of a satellite product, and of ELM's own surface soil."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide.assimilation import product, regrid
from elm_landslide.assimilation.days import NO_DAY, days_of
from elm_landslide.assimilation.regrid import Cells
from elm_landslide.errors import UserError

_RAREST = 7  # days between images beyond which a product is none of days


@dataclass(frozen=True)
class Daily:
    """values [t, n], single precision, nan is missing, on days [t] since 1970-01-01, rising; notes: how they came."""

    days: np.ndarray
    values: np.ndarray
    notes: list[str]

    def on(self, days: np.ndarray) -> np.ndarray:
        """The values on other days [t], nan where there are none."""
        found = np.full((len(days), self.values.shape[1]), np.nan)
        at = np.searchsorted(self.days, days)
        there = (at < len(self.days)) & (self.days[np.minimum(at, len(self.days) - 1)] == days)
        found[there] = self.values[at[there]]
        return found


class Collector:
    """Means of a day, from images that come in any order."""

    def __init__(self, n: int):
        self._n = n
        self._sums: dict[int, list[np.ndarray]] = {}

    def add(self, day: int, values: np.ndarray) -> None:
        """values [n], nan is missing."""
        total = self._sums.setdefault(day, [np.zeros(self._n, np.float32), np.zeros(self._n, np.uint16)])
        known = np.isfinite(values)
        total[0][known] += values[known].astype(np.float32)
        total[1][known] += 1

    def series(self, notes: Iterable[str], unless: dict[int, np.ndarray] | None = None) -> Daily:
        """unless: by day, where it counts as missing [n]."""
        days = np.array(sorted(self._sums), dtype=np.int64)
        values = np.full((len(days), self._n), np.nan, dtype=np.float32)
        for i, day in enumerate(days.tolist()):
            total, count = self._sums[day]
            there = count > 0
            if unless and day in unless:
                there &= ~unless[day]
            values[i, there] = total[there] / count[there]
        return Daily(days, values, list(notes))


def read_product(
    paths: Sequence[Path | str], cells: Cells, surface: Path | str, name: str | None, volumetric: bool = True
) -> tuple[Daily, np.ndarray]:
    """The daily series of a product on cells [n], and how many of its cells each takes [n].

    Images of one day are averaged: a product stamps them with the day, in UTC. Raises UserError for a product that
    nowhere overlaps with the cells, and one of monthly or ten-day means.
    """
    collector, mapper = Collector(cells.lat.size), regrid.Mapper(cells)
    for path in paths:
        for image in product.images(path, name, volumetric):
            mapped = mapper.of(image.lat, image.lon, image.spacing)
            day = int(days_of(np.array([image.time]), image.axis)[0])
            if day != NO_DAY:
                collector.add(day, mapped.mean(image.values))
    number = mapper.number
    if not number.any():
        where = f"its cells lie at {mapper.extent}" if mapper.extent else "it has no cell"
        raise UserError(
            f"{paths[0]}: {where}, those of {surface} at {cells.extent}: no overlap; give the product of that region"
        )
    several, nearest = number > 1, mapper.nearest & (number == 1)
    notes = [
        f"{Path(paths[0]).name}: {int((number > 0).sum())} cells, {int(several.sum())} of them means of up to "
        f"{number.max()} cells of the product whose centres lie in them, {int(nearest.sum())} the nearest one"
    ]
    series = collector.series(notes)
    if len(series.days) > 1 and np.median(np.diff(series.days)) > _RAREST:
        raise UserError(
            f"{paths[0]}: its images lie {np.median(np.diff(series.days)):g} days apart: wanted those of single days, "
            "not means of a month or ten days"
        )
    return series, number

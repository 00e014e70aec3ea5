"""One pass over the records of a member: what each year gives by cell. Only a few years are in memory at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dask
import numpy as np
import xarray as xr

from elm_landslide.comparison.sets import PROBABILITY, Member, Set
from elm_landslide.errors import UserError
from elm_landslide.fields import CHANCE, OUTSIDE
from elm_landslide.static.workers import Each

SEASONS = {"DJF": (12, 1, 2), "MAM": (3, 4, 5), "JJA": (6, 7, 8), "SON": (9, 10, 11)}  # of one calendar year
WHOLE = 0.98  # of the days of a year; one with fewer is left out, and so is a cell with values on fewer


@dataclass
class Annual:
    """By sample, a year of a member, and cell: days of exceedance [threshold, sample, cell], the highest daily
    probability of the year [sample, cell] and of the seasons [season, sample, cell], expected reports [sample, cell]
    (None without LANDSLIDE_CHANCE); nan where a cell has no value. member, year [sample]. left_out: years that are not
    whole; days: of the one broken year of a run that has no whole one, else None. outside: share of the values outside
    the training domain, None where the files do not say."""

    exceedance: np.ndarray
    maximum: np.ndarray
    seasonal: np.ndarray
    expected: np.ndarray | None
    member: np.ndarray
    year: np.ndarray
    left_out: list[int]
    days: int | None
    outside: float | None


def annual(of: Set, thresholds: tuple[float, ...], each: Each, report: Callable[[str, int, int], None]) -> Annual:
    """Raises UserError for a set without a whole year, unless it has only one that is not, which then counts."""
    parts, members, years, left_out = [], [], [], []
    days: int | None = None
    for number, member in enumerate(of.members):
        whole, broken = _years(member)
        left_out += broken
        count = len(np.unique(member.days[np.isin(member.years, whole)]))
        days = count if len(whole) == 1 and count < WHOLE * 365 else days
        found = {}
        for k, (year, part) in enumerate(each(_measures, thresholds, [_Year.of(member, year) for year in whole]), 1):
            found[year] = part
            report(f"years of {of.name}, member {number + 1}", k, len(whole))
        parts += [found[year] for year in whole]
        members += [number] * len(whole)
        years += whole
    if not parts:
        raise UserError(f"--set {of.name}: no whole year: give files of one calendar year or more")
    stack = {name: [part[name] for part in parts] for name in parts[0]}
    expected = None if any(e is None for e in stack["expected"]) else np.stack(stack["expected"])
    outside = [o for o in stack["outside"] if o is not None]
    return Annual(
        np.stack(stack["exceedance"], axis=1),
        np.stack(stack["maximum"]),
        np.stack(stack["seasonal"], axis=1),
        expected,
        np.array(members),
        np.array(years),
        sorted(set(left_out)),
        days,
        float(np.mean(outside)) if outside else None,
    )


def _years(member: Member) -> tuple[list[int], list[int]]:
    """Whole years, and those that are not. Of a run that has no whole year, its one broken year counts."""
    whole: list[int] = []
    broken: list[int] = []
    for year in np.unique(member.years):
        days = len(np.unique(member.days[member.years == year]))
        (whole if days >= WHOLE * 365 else broken).append(int(year))
    if not whole and len(broken) == 1:
        return broken, []
    return whole, broken


@dataclass
class _Year:
    """The records of one year of a member, lazily."""

    year: int
    data: xr.Dataset
    days: np.ndarray
    months: np.ndarray

    @classmethod
    def of(cls, member: Member, year: int) -> _Year:
        at = np.flatnonzero(member.years == year)
        rows = slice(int(at[0]), int(at[-1]) + 1)
        return cls(year, member.data.isel(time=rows), member.days[rows], member.months[rows])

    def read(self, name: str) -> np.ndarray | None:
        """[time, cell], cells flattened."""
        if name not in self.data:
            return None
        with dask.config.set(scheduler="synchronous"):  # workers share the cores
            values = self.data[name].transpose("time", ...).values
        return values.reshape(len(values), -1)


def _measures(thresholds: tuple[float, ...], of: _Year) -> tuple[int, dict]:
    """Of one year."""
    starts = np.flatnonzero(np.diff(of.days, prepend=of.days[0] - 1))
    probability, chance, outside = (of.read(name) for name in (PROBABILITY, CHANCE.history, OUTSIDE.history))
    assert probability is not None
    daily = _by_day(np.fmax, probability, starts)
    known = np.isfinite(daily).mean(0) >= WHOLE
    month = of.months[starts]
    found: dict[str, Any] = {
        "exceedance": np.stack([np.where(known, (daily > t).sum(0), np.nan) for t in thresholds]).astype("f4"),
        "maximum": np.where(known, np.fmax.reduce(daily, axis=0), np.nan).astype("f4"),
        "seasonal": np.stack([_maximum(daily[np.isin(month, season)]) for season in SEASONS.values()]).astype("f4"),
        "expected": None,
        "outside": None,
    }
    if chance is not None:
        # -ln(1 - chance) is the expected number of a day.
        number = _by_day(np.add, -np.log1p(-np.clip(chance.astype(float), 0.0, 1.0 - 1e-12)), starts)
        number = number / np.diff(starts, append=len(of.days))[:, None]
        found["expected"] = np.where(np.isfinite(number).mean(0) >= WHOLE, np.nansum(number, axis=0), np.nan)
    if outside is not None and np.isfinite(outside).any():
        found["outside"] = float(np.nanmean(outside))
    return of.year, found


def _by_day(join: np.ufunc, values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return values if len(starts) == len(values) else join.reduceat(values, starts, axis=0)


def _maximum(daily: np.ndarray) -> np.ndarray:
    return np.fmax.reduce(daily, axis=0) if len(daily) else np.full(daily.shape[1:], np.nan)

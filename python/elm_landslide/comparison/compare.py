"""The comparison of sets: by cell and by region, against the first of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from elm_landslide.comparison import extremes, significance
from elm_landslide.comparison.annual import SEASONS, Annual, annual
from elm_landslide.comparison.regions import regions_of, with_values
from elm_landslide.comparison.sets import Cells, Set, cells_of, open_sets
from elm_landslide.errors import UserError
from elm_landslide.offline.chance import check_rate
from elm_landslide.static.workers import pool

THRESHOLDS = (0.001, 0.01, 0.1)
PERIODS = (2.0, 10.0, 50.0)  # years
CELL_DRAWS = 100  # of the intervals of return levels by cell; regions take significance.DRAWS
_CELLS = 2048  # at once
Report = Callable[[str, int, int], None]


@dataclass
class Change:
    """Of one quantity between two sets, by cell: mean of the reference, change of the mean, p of the test [cell]."""

    reference: np.ndarray
    change: np.ndarray
    p: np.ndarray
    significant: np.ndarray

    @classmethod
    def of(cls, one: np.ndarray, other: np.ndarray) -> Change:
        """Samples [sample, cell] of both sets."""
        p = significance.p_values(one, other)
        mean = one.mean(0, dtype=float)
        return cls(mean, other.mean(0, dtype=float) - mean, p, significance.significant(p))


@dataclass
class Levels:
    """Return levels by cell [period, cell] of the reference, their change with its interval, and how often (years) the
    other set exceeds the level of the reference."""

    reference: np.ndarray
    change: np.ndarray
    low: np.ndarray
    high: np.ndarray
    period: np.ndarray


@dataclass
class Row:
    """A line of a table of regions: a quantity there, its mean in the reference, its change with the interval."""

    region: str
    quantity: str
    unit: str
    reference: float
    change: float
    low: float
    high: float

    @property
    def interval(self) -> str:
        return f"{self.low:+.3g} to {self.high:+.3g}" if np.isfinite(self.low) else "too few years"


@dataclass
class Against:
    """One set against the reference. changes by name: exceedance_THRESHOLD, maximum, maximum_SEASON, expected."""

    name: str
    changes: dict[str, Change]
    levels: Levels | None
    rows: list[Row]


@dataclass
class Comparison:
    """sets: with what is known of them; cells; annual by set; against the first: each further set."""

    sets: list[Set]
    cells: Cells
    annual: list[Annual]
    regions: dict[str, np.ndarray]
    thresholds: tuple[float, ...]
    periods: tuple[float, ...]
    against: list[Against]
    notes: list[str] = field(default_factory=list)
    base_rate: float | None = None

    def over(self, region: str, samples: np.ndarray) -> np.ndarray:
        """Means over the area of a region [sample] of samples [sample, cell]."""
        inside = self.regions[region]
        weight = self.cells.weight[inside]
        return samples[:, inside].astype(float) @ (weight / weight.sum())


def compare(
    named: Sequence[tuple[str, Sequence[Path]]],
    report: Report,
    thresholds: tuple[float, ...] = THRESHOLDS,
    periods: tuple[float, ...] = PERIODS,
    boxes: list[str] | None = None,
    regions: Path | None = None,
    base_rate: float | None = None,
    other_models: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
) -> Comparison:
    """named: as of open_sets; periods in years; base_rate as of chance.py. Raises UserError for what cannot be
    compared, before the records are read."""
    if not thresholds or any(not 0.0 < t < 1.0 for t in thresholds):
        raise UserError(f"--threshold: {', '.join(f'{t:g}' for t in thresholds)}: wanted probabilities between 0 and 1")
    if any(not 1.0 < period <= 1000.0 for period in periods):
        raise UserError(f"--period: {', '.join(f'{p:g}' for p in periods)}: wanted years above 1 to 1,000")
    if base_rate is not None:
        check_rate(base_rate)
    sets = open_sets(named, other_models)
    everywhere = regions_of(cells_of(sets[0].members[0]), boxes or [], regions)
    with pool(workers, scheduler) as each:
        years = [annual(of, thresholds, each, report) for of in sets]
    valid = np.all([np.isfinite(of.maximum).all(0) for of in years], axis=0)
    if not valid.any():
        raise UserError(f"--set {sets[0].name}: no cell has a value of LANDSLIDE_PROB in every year of every set")
    cells = cells_of(sets[0].members[0], valid)
    found = Comparison(sets, cells, years, with_values(everywhere, valid), thresholds, tuple(sorted(periods)), [])
    _note(found)
    _expected(found, base_rate)
    for k in range(1, len(sets)):
        found.against.append(_against(found, k, report))
    return found


def _note(found: Comparison) -> None:
    if not found.cells.knows_area:
        found.notes.append("regions are weighted by the cosine of latitude: no file has the area of all cells")
    for of, years in zip(found.sets, found.annual, strict=True):
        if years.left_out:
            left = ", ".join(map(str, years.left_out))
            found.notes.append(f"set {of.name}: {left} left out: not whole years")
        if years.days is not None:
            found.notes.append(
                f"set {of.name}: no whole year: days and numbers of a year are those of {years.days} days"
            )
        if years.outside:
            found.notes.append(
                f"set {of.name}: {100.0 * years.outside:.2g} % of the values lie outside the training domain"
            )
        for what, least in (
            ("test and no interval", significance.LEAST_SAMPLES),
            ("return levels", extremes.LEAST_YEARS),
        ):
            if len(years.year) < least:
                found.notes.append(f"set {of.name}: {len(years.year)} years of members: no {what}; {least} are needed")
        unknown = [m for m in of.members if m.model is None]
        if unknown:
            found.notes.append(f"set {of.name}: its files do not say which model made them")


def _expected(found: Comparison, wanted: float | None) -> None:
    """Bring expected reports to one base rate: the one wanted, else that of the files if they agree."""
    rates = {m.base_rate for of in found.sets for m in of.members}
    if any(years.expected is None for years in found.annual):
        if wanted is not None:
            raise UserError("--base-rate: not every file has LANDSLIDE_CHANCE, which expected reports are made of")
        return
    if None in rates and (wanted is not None or len(rates) > 1):
        raise UserError(
            "--base-rate: a file does not say with which base rate its LANDSLIDE_CHANCE was made (ELM's history does "
            "not): leave --base-rate out, and set landslide_base_rate alike in all runs"
        )
    if None in rates:
        found.notes.append("expected reports: for landslide_base_rate of the runs, which must be the same in all")
        return
    found.base_rate = wanted if wanted is not None else next(iter(rates)) if len(rates) == 1 else None
    if found.base_rate is None:
        raise UserError(
            f"LANDSLIDE_CHANCE was made with different base rates ({rates}): give the one wanted by --base-rate"
        )
    for of, years in zip(found.sets, found.annual, strict=True):
        own = np.array([of.members[m].base_rate for m in years.member], dtype=float)
        assert years.expected is not None
        years.expected = years.expected * (found.base_rate / own)[:, None]


def quantities(found: Comparison, years: Annual) -> dict[str, tuple[np.ndarray, str, str]]:
    """By name: samples [sample, cell], unit, and what it is."""
    out = {
        f"exceedance_{t:g}": (years.exceedance[k], "days/year", f"days of a year with a probability above {t:g}")
        for k, t in enumerate(found.thresholds)
    }
    out["maximum"] = (years.maximum, "1", "highest daily probability of the year")
    for k, season in enumerate(SEASONS):
        out[f"maximum_{season}"] = (years.seasonal[k], "1", f"highest daily probability of {season}")
    if years.expected is not None:
        out["expected"] = (years.expected, "1/year", "expected reports of rain-triggered landslides in the cell")
    return out


def _against(found: Comparison, k: int, report: Report) -> Against:
    one, other = (quantities(found, found.annual[i]) for i in (0, k))
    name, valid = found.sets[k].name, found.cells.valid
    changes = {}
    for n, quantity in enumerate(one, 1):
        a, b = (np.where(valid, of[quantity][0], np.nan) for of in (one, other))
        changes[quantity] = Change.of(a, b)
        report(f"changes of {name}", n, len(one))
    enough = min(len(found.annual[i].year) for i in (0, k)) >= extremes.LEAST_YEARS
    levels = _levels(found, k, report) if enough and found.periods else None
    return Against(name, changes, levels, _rows(found, k, one, other, enough))


def _levels(found: Comparison, k: int, report: Report) -> Levels:
    one, other = (found.annual[i].maximum for i in (0, k))
    shape = (len(found.periods), one.shape[1])
    out = Levels(*(np.full(shape, np.nan) for _ in range(5)))
    cells = np.flatnonzero(found.cells.valid)
    for first in range(0, len(cells), _CELLS):
        at = cells[first : first + _CELLS]
        a, b = one[:, at].astype(float), other[:, at].astype(float)
        of_a, of_b = extremes.fit(a), extremes.fit(b)
        out.reference[:, at] = [of_a.level(t) for t in found.periods]
        out.change[:, at] = np.array([of_b.level(t) for t in found.periods]) - out.reference[:, at]
        out.period[:, at] = [of_b.period(level) for level in out.reference[:, at]]
        out.low[:, at], out.high[:, at] = significance.interval(a, b, _level_of(found.periods), CELL_DRAWS)
        report(f"return levels of {found.sets[k].name}", min(first + _CELLS, len(cells)), len(cells))
    return out


def _level_of(periods: Sequence[float]) -> Callable[[np.ndarray], np.ndarray]:
    def statistic(samples: np.ndarray) -> np.ndarray:
        fitted = extremes.fit(samples)
        return np.array([fitted.level(t) for t in periods])

    return statistic


def _rows(found: Comparison, k: int, one: dict, other: dict, enough: bool) -> list[Row]:
    """Means over the area of the regions; of expected reports, sums over the cells that have them."""
    rows = []
    for region, inside in found.regions.items():
        for quantity, (samples, unit, what) in one.items():
            both = samples, other[quantity][0]
            if quantity == "expected":
                known = np.all([np.isfinite(values[:, inside]).all(0) for values in both], axis=0)
                if not known.all():
                    without = f"{(~known).sum()} of {known.size} cells"
                    found.notes.append(f"region {region}: expected reports without {without}, of which none are known")
                a, b = (values[:, inside][:, known].sum(1) for values in both)
                what = f"{what.removesuffix(' in the cell')} in the region"
            else:
                a, b = (found.over(region, values) for values in both)
            if not np.isfinite([*a, *b]).all():  # a season that a short run does not have
                continue
            low, high = significance.interval(a, b, lambda s: s.mean(0))
            rows.append(Row(region, what, unit, a.mean(), b.mean() - a.mean(), float(low), float(high)))
            if quantity == "maximum" and enough:
                a_levels, b_levels = (_level_of(found.periods)(values) for values in (a, b))
                lows, highs = significance.interval(a, b, _level_of(found.periods))
                for t, level, after, low_t, high_t in zip(found.periods, a_levels, b_levels, lows, highs, strict=True):
                    text = f"level of the mean probability that a year in {t:g} exceeds"
                    rows.append(Row(region, text, "1", float(level), float(after - level), float(low_t), float(high_t)))
    return rows

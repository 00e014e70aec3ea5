"""The TOML file of a scenario: what changes, where and when. README.md, "What if", has an example.

Every entry may have `region = [south, north, west, east]` (degrees; west may lie beyond east, across the date line):
the cells whose centre lies in it, by default all. Rain and warming may have `months` (1 to 12) and `years` (first,
last).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from elm_landslide import files
from elm_landslide.errors import UserError
from elm_landslide.fields import DISTURBANCES
from elm_landslide.offline.land_cover import BARE
from elm_landslide.offline.region import Region
from elm_landslide.physics.root_profile import COVERS

WATERS = ("column", "elm")
MOST_FACTOR, MOST_WARMING = 10.0, 20.0  # 1, K: more is a mistake


@dataclass(frozen=True)
class Period:
    """Months (1 to 12) and years (first, last); any where empty."""

    months: tuple[int, ...] = ()
    years: tuple[int, ...] = ()

    def holds(self, year: int, month: int) -> bool:
        return (not self.months or month in self.months) and (not self.years or self.years[0] <= year <= self.years[1])

    def __str__(self) -> str:
        parts = [f"months {', '.join(map(str, self.months))}"] if self.months else []
        parts += [f"years {self.years[0]} to {self.years[1]}"] if self.years else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Entry:
    """number: its place among the entries of its kind, from 1."""

    region: Region
    number: int


@dataclass(frozen=True)
class Rain(Entry):
    """Rain and snow times `factor`: always, or on the days of each cell above a quantile of its wet days. keep_mean:
    the other days have so much less that the sum stays."""

    period: Period
    factor: float
    above_quantile: float | None = None
    keep_mean: bool = False

    def __str__(self) -> str:
        days = "" if self.above_quantile is None else f" on days above the quantile {self.above_quantile:g} of wet days"
        kept = ", less on the others so that the sum stays" if self.keep_mean else ""
        return f"rain and snow times {self.factor:g}{days}{kept}"


@dataclass(frozen=True)
class Warming(Entry):
    """Air warmer by `degrees` (K)."""

    period: Period
    degrees: float

    def __str__(self) -> str:
        return f"air {self.degrees:+g} K"


@dataclass(frozen=True)
class Cover(Entry):
    """A fraction of one cover becomes another on the first of January of a year."""

    source: str
    target: str
    fraction: float
    year: int

    def __str__(self) -> str:
        return f"{self.fraction:g} of {self.source} cover becomes {self.target} in {self.year}"


@dataclass(frozen=True)
class Disturbance(Entry):
    """A fraction of the trees (in a fire, and shrubs) dies on a day, as in a file of disturbances."""

    kind: str
    fraction: float
    date: date

    def __str__(self) -> str:
        return f"{self.kind} of {self.fraction:g} on {self.date}"


@dataclass(frozen=True)
class Scenario:
    """What a file says. water: "column", or "elm" where ELM's states of water are to stay as they are."""

    path: Path
    sha256: str
    water: str = "column"
    rain: tuple[Rain, ...] = ()
    warming: tuple[Warming, ...] = ()
    cover: tuple[Cover, ...] = ()
    disturbance: tuple[Disturbance, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        return [*self.rain, *self.warming, *self.cover, *self.disturbance]

    def refuse(self, entry: Entry, what: str) -> UserError:
        """The error about one entry."""
        return UserError(f"{self.path}: [[{type(entry).__name__.lower()}]] number {entry.number}: {what}")


def read(path: Path | str) -> Scenario:
    """The scenario of a file. Raises UserError for a file that is no TOML, an unknown key, and an impossible value."""
    table, digest = files.read_toml(path)
    known = [f.name for f in fields(Scenario) if f.name not in ("path", "sha256")]
    _only(f"{path}", table, known)
    water = table.get("water", WATERS[0])
    if water not in WATERS:
        raise UserError(f"{path}: water is {water!r}, wanted one of {', '.join(WATERS)}")
    kinds = {name: _entries(path, name, table.get(name, []), make) for name, make in _MAKERS.items()}
    return Scenario(Path(path), digest, water, **kinds)


def _only(where: str, table: dict, known: list[str]) -> None:
    for key in table:
        if key not in known:
            raise UserError(f"{where}: unknown key {key}; known are {', '.join(known)}")


class _Table:
    """One entry, whose values are checked as they are taken."""

    def __init__(self, where: str, table: dict):
        self.where, self._table = where, table

    def refuse(self, key: str, wanted: str) -> UserError:
        return UserError(f"{self.where}: {key} is {self._table[key]!r}, wanted {wanted}")

    def _value(self, key: str, example: str) -> Any:
        if key not in self._table:
            raise UserError(f"{self.where}: no {key}: give one, for example {key} = {example}")
        return self._table[key]

    def number(self, key: str, low: float, high: float, example: str, unit: str = "") -> float:
        value = self._value(key, example)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.refuse(key, f"a number from {low:g} to {high:g}{unit}")
        return float(value)

    def year(self, key: str, example: str) -> int:
        value = self._value(key, example)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 9999:
            raise self.refuse(key, "a whole year from 0 to 9999")
        return value

    def word(self, key: str, words: tuple[str, ...], example: str) -> str:
        value = self._value(key, example)
        if value not in words:
            raise self.refuse(key, f"one of {', '.join(words)}")
        return value

    def day(self, key: str, example: str) -> date:
        value = self._value(key, example)
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.refuse(key, f"a date without quotes, as {example}")
        return value

    def truth(self, key: str) -> bool:
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise self.refuse(key, "true or false")
        return value

    def has(self, key: str) -> bool:
        return key in self._table

    def region(self) -> Region:
        values = self._table.get("region", [-90.0, 90.0, -180.0, 180.0])
        numbers = isinstance(values, list) and all(type(v) in (int, float) for v in values)
        if not (numbers and len(values) == 4 and -90.0 <= values[0] <= values[1] <= 90.0):
            raise self.refuse("region", "[south, north, west, east] in degrees, south below north")
        if not all(-360.0 <= v <= 360.0 for v in values[2:]):
            raise self.refuse("region", "longitudes from -360 to 360")
        return Region(*map(float, values))

    def period(self) -> Period:
        months, years = (self._table.get(key, []) for key in ("months", "years"))
        if not (isinstance(months, list) and all(type(m) is int and 1 <= m <= 12 for m in months)):
            raise self.refuse("months", "a list of months from 1 to 12")
        if not (isinstance(years, list) and all(type(y) is int for y in years) and len(years) in (0, 2)):
            raise self.refuse("years", "[first, last]")
        if years and years[0] > years[1]:
            raise self.refuse("years", "[first, last], the first not after the last")
        return Period(tuple(months), tuple(years))


def _rain(table: _Table, number: int) -> Rain:
    quantile = table.number("above_quantile", 0.0, 0.999, "0.95") if table.has("above_quantile") else None
    keep = table.truth("keep_mean")
    if keep and quantile is None:
        raise table.refuse("keep_mean", "true only beside above_quantile: without it all rain has one factor")
    factor = table.number("factor", 0.0, MOST_FACTOR, "1.2")
    return Rain(table.region(), number, table.period(), factor, quantile, keep)


def _warming(table: _Table, number: int) -> Warming:
    degrees = table.number("degrees", -MOST_WARMING, MOST_WARMING, "2.0", " K")
    return Warming(table.region(), number, table.period(), degrees)


def _cover(table: _Table, number: int) -> Cover:
    source = table.word("from", COVERS, '"tree"')
    target = table.word("to", (*(c for c in COVERS if c != source), BARE), '"grass"')
    fraction = table.number("fraction", 0.0, 1.0, "1.0") if table.has("fraction") else 1.0
    return Cover(table.region(), number, source, target, fraction, table.year("year", "2001"))


def _disturbance(table: _Table, number: int) -> Disturbance:
    kind = table.word("kind", tuple(DISTURBANCES), '"cut"')
    fraction = table.number("fraction", 0.0, 1.0, "0.5")
    return Disturbance(table.region(), number, kind, fraction, table.day("date", "2001-07-01"))


_KEYS = {
    _rain: ["region", "months", "years", "factor", "above_quantile", "keep_mean"],
    _warming: ["region", "months", "years", "degrees"],
    _cover: ["region", "from", "to", "fraction", "year"],
    _disturbance: ["region", "kind", "fraction", "date"],
}
_MAKERS: dict[str, Callable] = {
    "rain": _rain,
    "warming": _warming,
    "cover": _cover,
    "disturbance": _disturbance,
}


def _entries(path: Path | str, name: str, tables: Any, make: Callable) -> tuple:
    if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        raise UserError(f"{path}: {name} is no list of tables: begin each entry with [[{name}]]")
    found = []
    for number, table in enumerate(tables, 1):
        where = f"{path}: [[{name}]] number {number}"
        _only(where, table, _KEYS[make])
        found.append(make(_Table(where, table), number))
    return tuple(found)

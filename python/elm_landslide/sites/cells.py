"""Columns that the site table shares with tables of other sources: place, weather, slope, lithology."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.sites.csv_table import Table

WEATHER = ("precip", "temp", "humidity", "wind", "pressure")
UNITS = ("mm/day", "degrees C", "%", "km/h", "hPa")
NEEDED_WEATHER = WEATHER[:2]
LIMITS = ((0, 2000), (-90, 60), (0, 100), (0, 450), (300, 1100))  # the records of the Earth; beyond: another unit
LEAST_DAYS = 7
# GLiM, first level.
LITHOLOGIES = ("su", "vb", "ss", "pb", "sm", "sc", "va", "mt", "pa", "vi", "wb", "py", "pi", "ev", "nd", "ig")
NO_DATA = "nd"  # of GLiM
ABSENT_SLOPE = 9999.0  # what GLAS writes for a missing slope


def places(table: Table) -> dict[str, np.ndarray]:
    """lat and lon of a table (degrees) [n]."""
    advice = "give degrees north and east, or leave out the row"
    return {
        "lat": table.numbers("lat", -90, 90, "degrees", needed=True, advice=advice),
        "lon": table.numbers("lon", -180, 180, "degrees", needed=True, advice=advice),
    }


def slopes(table: Table, absent: float = np.nan) -> np.ndarray:
    """Slope (degrees) [n], nan missing; absent: a number that means a missing value in this source, nan: none."""
    values = table.numbers("slope")
    values[values == absent] = np.nan
    for i in np.flatnonzero(values == ABSENT_SLOPE):
        raise table.error(i, "slope", "is a missing value of the source: leave the cell empty")
    for i in np.flatnonzero((values < 0) | (values > 90)):
        raise table.error(i, "slope", "is outside 0 to 90 degrees; leave the cell empty where nothing is known")
    return values


def lithologies(table: Table) -> np.ndarray:
    """Code of GLiM [n], or ''."""
    codes = table.choices("lithology", LITHOLOGIES, "code of GLiM")
    return np.where(codes == NO_DATA, "", codes)


def weather(table: Table, names: Sequence[str] = WEATHER) -> np.ndarray:
    """Weather [n, variable of WEATHER, day] of a table; names: what it calls the variables.

    Raises UserError for missing or superfluous columns, for a gap in precipitation or temperature, and for
    values beyond LIMITS.
    """
    days = _days(table, names[0])
    values = np.full((table.n, len(WEATHER), days), np.nan)
    for v, (name, (low, high), unit) in enumerate(zip(names, LIMITS, UNITS, strict=True)):
        needed = WEATHER[v] in NEEDED_WEATHER
        present = _numbered(table, name)
        if not present and not needed:
            continue
        table.need(f"{name}{k}" for k in reversed(range(days)) if k not in present)
        if max(present) >= days:
            raise UserError(
                f"{table.path}: column {name}{max(present)}: {names[0]} begins with {names[0]}{days - 1}; all "
                "variables have the same days"
            )
        advice = f"{name} is in {unit}" + (": fill the gap or leave out the row" if needed else ", or an empty cell")
        for day in range(days):
            column = f"{name}{days - 1 - day}"
            values[:, v, day] = table.numbers(column, low, high, unit, needed, advice)
    return values


def flags(table: Table, column: str, needed: bool = False) -> np.ndarray:
    """1 or 0 [n], nan where the cell is empty."""
    advice = "wanted 1 or 0" if needed else "wanted 1, 0 or an empty cell"
    values = table.numbers(column, 0, 1, needed=needed, advice=advice)
    for i in np.flatnonzero((values > 0) & (values < 1)):
        raise table.error(i, column, f"is neither; {advice}")
    return values


def _numbered(table: Table, name: str) -> set[int]:
    """The numbers of the columns name0, name1, ..."""
    ends = [column.removeprefix(name) for column in table.columns if column.startswith(name)]
    return {int(end) for end in ends if end.isascii() and end.isdigit() and len(end) < 6 and str(int(end)) == end}


def _days(table: Table, name: str) -> int:
    present = _numbered(table, name)
    if not present:
        raise UserError(f"{table.path}: has no columns {name}N ... {name}0 (N is {LEAST_DAYS - 1} or more)")
    days = max(present) + 1
    if days < LEAST_DAYS:
        raise UserError(
            f"{table.path}: column {name}{days - 1}: is the oldest of {days} days; wanted at least {LEAST_DAYS}, "
            f"{name}{LEAST_DAYS - 1} to {name}0"
        )
    return days

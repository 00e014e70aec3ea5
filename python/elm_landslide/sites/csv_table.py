"""CSV tables as columns. An error names the file, the row as a spreadsheet shows it (2 is the first below the header),
the column, the value, and what to do."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import SupportsIndex

import numpy as np

from elm_landslide import files
from elm_landslide.errors import UserError

LONGEST = 200  # characters of a name: an array takes the length of the longest one for every row
UNKNOWN = ("unknown", "...")  # what sources write where nothing is known
FORMS = {  # of dates
    "YYYY-MM-DD": re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII),
    "M/D/YY": re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d\d)", re.ASCII),
    "M/D/YYYY h:mm": re.compile(
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})( \d{1,2}:\d\d(:\d\d)?( [AP]M)?)?", re.ASCII
    ),
}
_CENTURY = 70  # two-digit years below it are in the 2000s


class Table:
    """Cells of a CSV file as text, without surrounding blanks.

    path; columns: cells by name of the column in lower case; rows: number of each row in the file; n: rows. Rows
    without any cell are left out, but counted. Columns without a name are left out.
    """

    def __init__(self, path: Path | str, needed: Iterable[str] = ()):
        """Raises UserError for a file that cannot be read, is no table, is empty, or does not have a needed column."""
        self.path = Path(path)
        try:
            with files.opened(self.path, files.TABLE) as file:
                text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
                lines = [(row, cells) for row, cells in enumerate(csv.reader(text), start=1) if _filled(cells)]
        except UnicodeDecodeError:
            raise UserError(f"{path}: is not UTF-8 text; save the table as CSV (UTF-8)") from None
        except csv.Error as error:
            raise UserError(f"{path}: {error}") from None
        if not lines:
            raise UserError(f"{path}: is empty; wanted a CSV table with a header")
        header = [name.strip().lower() for name in lines.pop(0)[1]]
        for name in header:
            if name and header.count(name) > 1:
                raise UserError(f"{path}: has the column {name} {header.count(name)} times")
        self._header = header
        self.need(needed)
        if not lines:
            raise UserError(f"{path}: has no row below the header")
        for row, cells in lines:
            if len(cells) != len(header):
                raise UserError(
                    f"{path}: row {row}: {len(cells)} cells, but the header has {len(header)}; put a cell with a "
                    "comma in double quotes"
                )
        self.rows = [row for row, _ in lines]
        self.n = len(self.rows)
        columns = zip(*(cells for _, cells in lines), strict=True)
        self.columns = {
            name: [cell.strip() for cell in column] for name, column in zip(header, columns, strict=True) if name
        }

    def need(self, names: Iterable[str]) -> None:
        """Raises UserError for the columns that the table does not have."""
        lacking = [name for name in names if name not in self._header]
        if lacking:
            hint = "; cells are separated by commas" if len(self._header) == 1 else ""
            raise UserError(f"{self.path}: has no column{'s' * (len(lacking) > 1)} {', '.join(lacking)}{hint}")

    def error(self, i: SupportsIndex, column: str, what: str) -> UserError:
        """The error of a cell; i: index of its row, from 0; what: the sentence after its value."""
        value = self.columns[column][i] if column in self.columns else ""
        quote = repr(value if len(value) <= 40 else f"{value[:37]}...") if value else "an empty cell"
        return UserError(f"{self.path}: row {self.rows[i]}, column {column}: {quote} {what}")

    def text(self, column: str) -> np.ndarray:
        """Cells of a column [n], all '' if the table has no such column."""
        cells = self.columns.get(column, [""] * self.n)
        for i, cell in enumerate(cells):
            if len(cell) > LONGEST:
                raise self.error(i, column, f"has {len(cell)} characters; at most {LONGEST}")
        return np.array(cells, dtype=np.str_)

    def names(self, column: str) -> np.ndarray:
        """Cells of a column [n] in lower case, '' where nothing is known or the column is absent."""
        lower = np.strings.lower(self.text(column))
        return np.where(np.isin(lower, UNKNOWN), "", lower)

    def choices(self, column: str, allowed: Sequence[str], noun: str, needed: bool = False) -> np.ndarray:
        """Cells of a column [n] in lower case; '' where one is empty or the column is absent.

        Raises UserError for a cell that is not allowed and, if `needed`, for an empty one.
        """
        lower = np.strings.lower(self.text(column))
        for i in np.flatnonzero(~np.isin(lower, [*allowed, *([] if needed else [""])])):
            raise self.error(i, column, f"is no {noun}; wanted one of {', '.join(allowed)}")
        return lower

    def keys(self, column: str) -> np.ndarray:
        """Cells of a column [n] that identifies each row. Raises UserError for an empty or repeated one."""
        keys = self.text(column)
        seen: dict[str, int] = {}
        for i, key in enumerate(keys.tolist()):
            if not key:
                raise self.error(i, column, "identifies no row; give each row a unique name")
            if key in seen:
                raise self.error(i, column, f"is in row {self.rows[seen[key]]} already; give each row a unique name")
            seen[key] = i
        return keys

    def numbers(
        self,
        column: str,
        low: float = -np.inf,
        high: float = np.inf,
        unit: str = "",
        needed: bool = False,
        advice: str = "leave the cell empty where nothing is known",
    ) -> np.ndarray:
        """Numbers of a column [n], nan where the cell is empty or the column is absent.

        Raises UserError for text, for numbers outside low to high, for nan and infinite ones and, if `needed`, for
        empty cells; advice: what to do then.
        """
        if column not in self.columns:
            return np.full(self.n, np.nan)
        cells = self.columns[column]
        try:
            values = np.array([number(cell) if cell else np.nan for cell in cells])
        except ValueError:
            i = next(i for i, cell in enumerate(cells) if cell and not _is_number(cell))
            raise self.error(i, column, f"is no number; {advice}") from None
        bad = ~((values >= low) & (values <= high) & np.isfinite(values))
        if not needed and bad.any():
            bad &= np.array([cell != "" for cell in cells])
        for i in np.flatnonzero(bad).tolist():
            if not np.isfinite(values[i]):
                raise self.error(i, column, f"is no number; {advice}")
            limits = f"{low:g} to {high:g}" if high < np.inf else f"{low:g} and more"
            raise self.error(i, column, f"is outside {limits}{unit and ' '}{unit}; {advice}")
        return values

    def dates(self, column: str, form: str, needed: bool = False) -> np.ndarray:
        """Dates of a column, datetime64[D] [n], NaT where the cell is empty or the column is absent.

        form: one of FORMS; all cells have it. A time of day is left out. Raises UserError for another form, for days
        that no calendar has and, if `needed`, for empty cells.
        """
        cells = self.columns.get(column, [""] * self.n)
        iso = []
        for i, cell in enumerate(cells):
            match = FORMS[form].fullmatch(cell)
            if match:
                year = int(match["year"])
                if len(match["year"]) == 2:
                    year += 2000 if year < _CENTURY else 1900
                iso.append(f"{year:04}-{int(match['month']):02}-{int(match['day']):02}")
            elif cell or needed:
                raise self.error(i, column, self._other_form(column, form, cell))
            else:
                iso.append("NaT")
        try:
            return np.array(iso, dtype="datetime64[D]")
        except ValueError:
            i = next(i for i, text in enumerate(iso) if not _is_day(text))
            raise self.error(i, column, f"is no day of the calendar; wanted a date {form}") from None

    def _other_form(self, column: str, form: str, cell: str) -> str:
        own = next((name for name, pattern in FORMS.items() if pattern.fullmatch(cell)), None)
        like = next((i for i, other in enumerate(self.columns[column]) if FORMS[form].fullmatch(other)), None)
        if own is None:
            return f"is no date {form}"
        if like is None:
            return f"is a date {own}; write all dates as {form}"
        return (
            f"is a date {own}, that of row {self.rows[like]} is a date {form}: both formats occur in this column; "
            f"write all as {form}"
        )


def _filled(cells: list[str]) -> bool:
    return any(cell.strip() for cell in cells)


def number(text: str) -> float:
    """As float, without the forms that only Python reads: 1_0, digits of other scripts."""
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def _is_number(text: str) -> bool:
    try:
        number(text)
    except ValueError:
        return False
    return True


def _is_day(text: str) -> bool:
    try:
        np.datetime64(text, "D")
    except ValueError:
        return False
    return True

"""Elevations of an ESRI ASCII grid, and the places on it where a tile without a missing cell fits."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from elm_landslide import files
from elm_landslide.sites.csv_table import number

COUNTS, CELLS = ("ncols", "nrows"), ("cellsize", "dx", "dy")
CORNERS = ("xllcorner", "xllcenter", "yllcorner", "yllcenter")
NODATA = "nodata_value"
KEYWORDS = (*COUNTS, *CORNERS, *CELLS, NODATA)
USUAL_NODATA = -9999.0  # if the header names none
SQUARE = 1e-6  # relative difference of dx and dy that is rounding
DEGREES = 0.1  # a smaller cell is in degrees
LOWEST, HIGHEST = -1000.0, 9000.0  # m; beyond them there is no land
ROUNDED = 1e-4  # relative; large values of a file may have fewer digits than its header
_LARGE = 1e5
_CHUNK, _BATCH = 1 << 20, 1 << 16  # characters and values read at a time
_LONGEST = 100  # characters of a word


class Grid:
    """elevation (m) [row, column], rows from the top of the page down, nan where missing; size (m): of a cell."""

    def __init__(self, elevation: np.ndarray, size: float):
        self.elevation, self.size = elevation, size
        self.places = lru_cache(maxsize=1)(self._places)  # tiles of one size are drawn repeatedly

    @property
    def shape(self) -> tuple[int, int]:
        return self.elevation.shape

    @cached_property
    def _missing(self) -> np.ndarray | None:
        missing = np.isnan(self.elevation)
        return missing if missing.any() else None

    def _places(self, rows: int, columns: int) -> Places:
        high, wide = (n - k + 1 for n, k in zip(self.shape, (rows, columns), strict=True))
        if self._missing is None:
            return Places(high, wide)
        # Missing cells under each tile: sums over windows, first down, then across.
        down = np.pad(self._missing.cumsum(0, dtype=np.int32), ((1, 0), (0, 0)))
        across = np.pad((down[rows:] - down[:-rows]).cumsum(1, dtype=np.int32), ((0, 0), (1, 0)))
        return Places(high, wide, across[:, columns:] == across[:, :-columns])


class Places:
    """Upper left corners where a tile fits, counted row by row; free [row, column]: which ones, by default all."""

    def __init__(self, rows: int, columns: int, free: np.ndarray | None = None):
        self._columns = columns
        self._free = None if free is None else (free, free.sum(1).cumsum())  # and how many there are down to each row
        self.n = rows * columns if self._free is None else int(self._free[1][-1])

    def __getitem__(self, k: int) -> tuple[int, int]:
        if self._free is None:
            return divmod(int(k), self._columns)
        free, ends = self._free
        row = int(np.searchsorted(ends, k, side="right"))
        before = int(ends[row - 1]) if row else 0
        return row, int(np.flatnonzero(free[row])[k - before])


def read_grid(path: Path | str, size: float | None = None) -> Grid:
    """The grid of an ESRI ASCII file; size: of a cell (m), if the file gives it in degrees.

    The header is what GDAL and ESRI write: KEYWORDS in any case and order, dx and dy in place of cellsize. Values may
    be wrapped over lines: they are counted. Raises ValueError for anything else, UserError for a file that cannot be
    read or is too large.
    """
    with files.opened(path, files.GRID) as file:
        words = _words(file)
        try:
            header, first = _header(words)
            shape, cell, nodata = _read_header(header)
            if 2 * shape[0] * shape[1] > os.fstat(file.fileno()).st_size + 1:  # a value takes a digit and a blank
                raise ValueError(f"the header says {shape[0]} x {shape[1]} values, more than the file can hold")
            elevation = _values(chain([first], words), shape)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    if size is not None and not 0.0 < size < np.inf:
        raise ValueError(f"{path}: size of a cell: {size} m; it must be positive")
    if size is None and cell < DEGREES:
        raise ValueError(f"{path}: cellsize is {cell}, in degrees; project the grid to metres, or give the cell size")
    _take_out(elevation, nodata, path)
    return Grid(elevation, cell if size is None else size)


def _words(file: BinaryIO) -> Iterator[str]:
    """The words of a text, which is never in memory whole."""
    decoder, rest = codecs.getincrementaldecoder("utf-8-sig")(), ""
    try:
        while chunk := file.read(_CHUNK):
            text = rest + decoder.decode(chunk)
            parts = text.split()
            rest = parts.pop() if parts and not text[-1].isspace() else ""
            if len(rest) > _LONGEST:
                raise ValueError("not an ESRI ASCII grid: it has no blanks or line ends")
            yield from parts
        rest += decoder.decode(b"", True)
    except UnicodeDecodeError:
        raise ValueError("not an ESRI ASCII grid: it is not text") from None
    if rest:
        yield rest


def _header(words: Iterator[str]) -> tuple[dict[str, str], str]:
    """Keywords in lower case with their words, and the first value. It comes where a keyword could, but is a number;
    nan counts as one."""
    header: dict[str, str] = {}
    for word in words:
        if _number(word) is not None:
            return header, word
        name = word.lower()
        if name not in KEYWORDS:
            what = "not an ESRI ASCII grid" if not header else "header"
            raise ValueError(f"{what}: {_shown(word)} is not one of the keywords {', '.join(KEYWORDS)}")
        if name in header:
            raise ValueError(f"header: has {name} twice; keep one")
        header[name] = next(words, "")
    raise ValueError("not an ESRI ASCII grid: it has no values below the header")


def _read_header(header: dict[str, str]) -> tuple[tuple[int, int], float, float]:
    """(rows, columns), size of a cell, the value that means missing."""
    numbers: dict[str, float] = {}
    for name, word in header.items():
        value = _number(word)
        if value is None:
            raise ValueError(f"header: {name} is {_shown(word)}, which is not a number")
        if name in CORNERS and not np.isfinite(value):
            raise ValueError(f"header: {name} is {_shown(word)}; it must be finite")
        numbers[name] = value
    for axis in "xy":
        if {f"{axis}llcorner", f"{axis}llcenter"} <= numbers.keys():
            raise ValueError(f"header: has {axis}llcorner and {axis}llcenter; keep one")
    for name in COUNTS:
        if name not in numbers:
            raise ValueError(f"header: has no {name}")
        if not 1 <= numbers[name] < 2**31 or numbers[name] % 1:
            raise ValueError(f"header: {name} is {_shown(header[name])}; it must be a whole number above 0")
    return (int(numbers["nrows"]), int(numbers["ncols"])), _cell(numbers), numbers.get(NODATA, USUAL_NODATA)


def _cell(number: dict[str, float]) -> float:
    """The side of a cell, from whichever of CELLS is given."""
    sides = {name: number[name] for name in CELLS if name in number}
    if not sides:
        raise ValueError("header: has no cellsize, or dx and dy")
    for name, value in sides.items():
        if not 0.0 < value < np.inf:
            raise ValueError(f"header: {name} is {value}; it must be positive")
    for name, other in (("dx", "dy"), ("dy", "dx")):
        if name in sides and other not in sides and "cellsize" not in sides:
            raise ValueError(f"header: has {name} without {other}; give both, or cellsize")
    side = next(iter(sides.values()))
    if max(sides.values()) - min(sides.values()) > SQUARE * side:
        text = ", ".join(f"{name} {value}" for name, value in sides.items())
        raise ValueError(
            f"header: {text}: the cells are not square; resample the grid to square ones, in metres (gdalwarp -tr)"
        )
    return side


def _values(words: Iterator[str], shape: tuple[int, int]) -> np.ndarray:
    rows, columns = shape
    values, n = np.empty(rows * columns), 0
    while batch := list(islice(words, _BATCH)):
        try:
            text = "".join(batch)
            numbers = list(map(float if text.isascii() and "_" not in text else number, batch))
        except ValueError:
            k, word = next((k, word) for k, word in enumerate(batch) if _number(word) is None)
            place = f"row {(n + k) // columns + 1}, column {(n + k) % columns + 1}"
            raise ValueError(f"the value of {place} is {_shown(word)}, which is not a number") from None
        values[n : n + len(batch)] = numbers[: max(values.size - n, 0)]
        n += len(batch)
    if n != values.size:
        raise ValueError(f"has {n} values, but the header says {rows} x {columns} = {values.size}")
    return values.reshape(shape)


def _take_out(elevation: np.ndarray, nodata: float, path: Path | str) -> None:
    """Replace missing values by nan, in place; refuse what cannot be an elevation."""
    rounding = ROUNDED if _LARGE < abs(nodata) < np.inf else 0.0
    for row, values in enumerate(elevation):  # row by row: no second grid in memory
        missing = values == nodata
        if rounding:
            missing |= np.abs(values / nodata - 1.0) <= rounding
        values[missing] = np.nan
        beyond = (values < LOWEST) | (values > HIGHEST)
        if beyond.any():
            column = int(beyond.argmax())
            raise ValueError(
                f"{path}: the value of row {row + 1}, column {column + 1} is {values[column]:g} m, which is not an "
                "elevation of land; if it means a missing value, name it as NODATA_value in the header"
            )


def _number(word: str) -> float | None:
    try:
        return number(word)
    except ValueError:
        return None


def _shown(word: str) -> str:
    return repr(word if len(word) <= 40 else f"{word[:37]}...") if word else "missing"

"""The site table: days with and without a landslide at places, with the weather before them. One CSV file.

| column | needed | |
|---|---|---|
| id | yes | name of the row, unique |
| pair | of same_site | id of the landslide at whose site the row is; a landslide's own id; empty for random rows |
| block | no | what a split never divides; by default the block of 5 degrees, as N45E010 (south-west corner) |
| lat, lon | yes | degrees, -90 to 90 and -180 to 180 |
| landslide | yes | 1 or 0 |
| kind | yes | landslide; same_site: the site of a landslide on another day; random: another place and day |
| trigger | no | of the landslide, and of a same_site row's landslide: downpour, rain, earthquake, ... |
| accuracy_km | no | radius about the point within which the landslide was (km) |
| date | no | YYYY-MM-DD, of the report, and for a same_site row of its landslide: **never a driver**, see below |
| slope | no | degrees, 0 to 90 |
| lithology | no | two-letter code of GLiM (Hartmann and Moosdorf 2012): su, vb, ...; nd (no data) is missing |
| vegetated | no | 1 where the source saw tree cover or its loss, 0 where not |
| missing | no | columns whose cell is empty, separated by ";": for people; it must not contradict the cells |
| precipN ... precip0 | yes | daily precipitation (mm/day); precip0 is the day of the row, precip1 the day before, ... |
| tempN ... temp0 | yes | daily temperature (degrees C) |
| humidityN ... humidity0 | no | daily relative humidity (%) |
| windN ... wind0 | no | daily wind speed (km/h) |
| pressureN ... pressure0 | no | daily air pressure (hPa), at sea level in GLAS |

N is 6 or more (7 days) and the same for all variables. Empty cells are missing values, except in needed columns.
Other columns are ignored. Columns that are not needed may be absent. The case of letters does not matter.

The date says when a landslide was reported, so it exists where people report, in years when they did. It is kept to
find events again in the catalogue. A same_site row's weather is of another day than its date. A model that sees the
date learns the reporting; the season is in the temperature.

A split into training and test sets goes by block: rows of one site, and near ones, share their weather and terrain.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from elm_landslide import files
from elm_landslide.errors import UserError
from elm_landslide.offline.places import short_way
from elm_landslide.sites import cells
from elm_landslide.sites.catalogue import RAIN_TRIGGERS
from elm_landslide.sites.cells import NEEDED_WEATHER, WEATHER
from elm_landslide.sites.csv_table import Table

BAG = 3  # days a report may stand for: its own and the two before
LEAST_DAYS = BAG + 7  # each day of the bag needs the rain of a week
KINDS = ("landslide", "same_site", "random")
NEEDED = ("id", "lat", "lon", "landslide", "kind")
CELLS = [
    "id",
    "pair",
    "block",
    "lat",
    "lon",
    "landslide",
    "kind",
    "trigger",
    "accuracy_km",
    "date",
    "slope",
    "lithology",
    "vegetated",
    "missing",
]
_REPORTED = ("trigger", "accuracy_km", "date")  # what only a landslide has


@dataclass
class Sites:
    """Rows [n] of a site table; the columns are described at the top of this module.

    id, pair, block, kind, trigger, lithology: text, '' where nothing is known; lat, lon (degrees); landslide (bool);
    accuracy (km), slope (degrees), vegetated (1 or 0): nan where unknown; date (datetime64[D], or NaT), **never a
    driver**; weather [n, variable of WEATHER, day] in UNITS, the oldest day first, the day of the row last, nan where
    unknown (never in NEEDED_WEATHER).
    """

    id: np.ndarray
    pair: np.ndarray
    block: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    landslide: np.ndarray
    kind: np.ndarray
    trigger: np.ndarray
    accuracy: np.ndarray
    date: np.ndarray
    weather: np.ndarray
    slope: np.ndarray
    lithology: np.ndarray
    vegetated: np.ndarray

    @property
    def n(self) -> int:
        return len(self.id)

    @property
    def n_days(self) -> int:
        return self.weather.shape[2]

    def select(self, mask: np.ndarray) -> Sites:
        """The rows of a mask [n], or of indices in their order."""
        return Sites(**{field.name: getattr(self, field.name)[mask] for field in fields(self)})

    def empty(self) -> dict[str, np.ndarray]:
        """Masks [n] of what is not known, by column; of a variable of the weather: on any of its days."""
        gaps = np.isnan(self.weather).any(axis=2)
        return {
            "trigger": self.trigger == "",
            "accuracy_km": np.isnan(self.accuracy),
            "date": np.isnat(self.date),
            "slope": np.isnan(self.slope),
            "lithology": self.lithology == "",
            "vegetated": np.isnan(self.vegetated),
            **{name: gaps[:, v] for v, name in enumerate(WEATHER) if name not in NEEDED_WEATHER},
        }

    def gaps(self) -> dict[str, np.ndarray]:
        """Masks [n] of what is missing: as `empty`, but trigger, accuracy and date only of landslides."""
        return {name: mask & self.landslide if name in _REPORTED else mask for name, mask in self.empty().items()}

    def missing(self) -> list[list[str]]:
        """Names of the columns that are missing in each row [n]."""
        gaps = self.gaps()
        rows = np.array(list(gaps.values())).T
        return [[name for name, gap in zip(gaps, row, strict=True) if gap] for row in rows.tolist()]


def block_of(lat: ArrayLike, lon: ArrayLike, degrees: int = 5) -> np.ndarray:
    """Names of blocks of so many degrees (a divisor of 90), of latitudes and longitudes (degrees), of their shape.

    A block is named after its south-west corner, which belongs to it: N45E010. The pole belongs to the last block, and
    180 east is 180 west.
    """
    if degrees < 1 or 90 % degrees:
        raise ValueError(f"blocks of {degrees} degrees: wanted a divisor of 90")
    lat, lon = np.broadcast_arrays(np.asarray(lat, dtype=float), np.asarray(lon, dtype=float))
    south = np.minimum(np.floor(lat / degrees) * degrees, 90 - degrees).astype(int)
    west = np.floor(short_way(lon) / degrees).astype(int) * degrees
    corners = zip(south.ravel().tolist(), west.ravel().tolist(), strict=True)
    names = [f"{'NS'[s < 0]}{abs(s):02}{'EW'[w < 0]}{abs(w):03}" for s, w in corners]
    return np.array(names, dtype="<U7").reshape(lat.shape)


def read(path: Path | str) -> Sites:
    """The sites of a table. Raises UserError, with row and column, for whatever is not as stated in this module."""
    table = Table(path, NEEDED)
    sites = Sites(
        id=table.keys("id"),
        pair=table.text("pair"),
        block=table.text("block"),
        **cells.places(table),
        landslide=cells.flags(table, "landslide", needed=True) == 1,
        kind=table.choices("kind", KINDS, "kind", needed=True),
        trigger=table.names("trigger"),
        accuracy=table.numbers("accuracy_km", 0, unit="km"),
        date=table.dates("date", "YYYY-MM-DD"),
        weather=cells.weather(table),
        slope=cells.slopes(table),
        lithology=cells.lithologies(table),
        vegetated=cells.flags(table, "vegetated"),
    )
    for i in np.flatnonzero((sites.kind == "landslide") != sites.landslide):
        raise table.error(i, "landslide", f"contradicts the kind {sites.kind[i]}; 1 goes with landslide, 0 with others")
    sites.pair = np.where((sites.pair == "") & sites.landslide, sites.id, sites.pair)
    sites.block = np.where(sites.block == "", block_of(sites.lat, sites.lon), sites.block)
    check_pairs(sites, table.error)
    _check_missing(sites, table)
    return sites


def write(sites: Sites, path: Path | str) -> None:
    """Write a table that `read` gives back bit for bit, whole or not at all. Raises UserError if it cannot."""
    path = Path(path)
    cells = [
        sites.id.tolist(),
        sites.pair.tolist(),
        sites.block.tolist(),
        _texts(sites.lat),
        _texts(sites.lon),
        _texts(sites.landslide),
        sites.kind.tolist(),
        sites.trigger.tolist(),
        _texts(sites.accuracy),
        ["" if np.isnat(day) else str(day) for day in sites.date],
        _texts(sites.slope),
        sites.lithology.tolist(),
        _texts(sites.vegetated),
        [";".join(names) for names in sites.missing()],
    ]
    header = list(CELLS)
    for v, name in enumerate(WEATHER):
        header += [f"{name}{sites.n_days - 1 - day}" for day in range(sites.n_days)]
        cells += [_texts(sites.weather[:, v, day]) for day in range(sites.n_days)]
    with files.whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(header)
        lines.writerows(zip(*cells, strict=True))


def concatenate(parts: Sequence[Sites]) -> Sites:
    """The rows of several tables. Raises ValueError if their days differ or a row is in two."""
    if len({part.n_days for part in parts}) != 1:
        raise ValueError(f"sites: wanted the same days, found {', '.join(str(part.n_days) for part in parts)}")
    joined = Sites(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Sites)})
    if len(np.unique(joined.id)) < joined.n:
        raise ValueError("sites: an id is in two parts")
    return joined


def rain_triggered(sites: Sites) -> np.ndarray:
    """Mask [n] of the rows for a model of rain as the trigger.

    Landslides whose trigger is one of RAIN_TRIGGERS, their same-site rows (by their own trigger where their landslide
    is not in the table), and all random rows.
    """
    rain = np.isin(sites.trigger, RAIN_TRIGGERS)
    slides = sites.kind == "landslide"
    known = np.isin(sites.pair, sites.id[slides])
    same = np.where(known, np.isin(sites.pair, sites.id[slides & rain]), rain)
    return np.select([slides, sites.kind == "same_site"], [rain, same], True)


def need_both_classes(sites: Sites, path: Path | str) -> None:
    """Raises UserError if all rows have a landslide, or none has: nothing can be trained or scored on them."""
    classes = np.unique(sites.landslide)
    if len(classes) < 2:
        what = "no row" if not len(classes) else f"only {int(classes[0])} in {sites.n} rows"
        raise UserError(f"{path}: column landslide: {what}; wanted rows with 1 and rows with 0")


def check_pairs(sites: Sites, error: Callable[[int, str, str], UserError]) -> None:
    """Raises error(row, column, what) for a row whose pair is not a landslide, or is in another block."""
    place = {name: i for i, name in enumerate(sites.id.tolist())}
    for i, (pair, kind) in enumerate(zip(sites.pair.tolist(), sites.kind.tolist(), strict=True)):
        if kind == "same_site" and not pair:
            raise error(i, "pair", "names no landslide; give the id of the landslide at this site")
        if kind == "random" and pair:
            raise error(i, "pair", "belongs to a random row; leave the cell empty")
        if kind == "landslide" and pair != sites.id[i]:
            raise error(i, "pair", f"is not the row's id {sites.id[i]}; give that, or leave the cell empty")
        other = place.get(pair)
        if kind == "same_site" and other is not None:
            if not sites.landslide[other]:
                raise error(i, "pair", f"is a row of kind {sites.kind[other]}; give the id of a landslide")
            if sites.block[other] != sites.block[i]:
                raise error(
                    i, "pair", f"is in block {sites.block[other]}, this row in {sites.block[i]}; give both one block"
                )


def _check_missing(sites: Sites, table: Table) -> None:
    empty = sites.empty()
    for i, cell in enumerate(table.columns.get("missing", [])):
        for name in filter(None, (word.strip().lower() for word in cell.split(";"))):
            if name not in empty:
                raise table.error(i, "missing", f"names {name}; wanted some of {', '.join(empty)}")
            if not empty[name][i]:
                raise table.error(i, "missing", f"names {name}, whose cell is filled; empty one of the two")


def _texts(values: np.ndarray) -> list[str]:
    """The shortest text of each number that gives it back, '' for nan."""
    return ["" if value != value else repr(value).removesuffix(".0") for value in values.astype(float).tolist()]

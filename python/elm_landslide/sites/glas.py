"""The site table from the three files of GLAS: real weather before landslides of NASA's catalogue, MIT licence.

| file | |
|---|---|
| landslides.csv | landslides of the catalogue, with the weather up to the day of the report |
| nonLandslideSame.csv | the same places on another day without a report; `id` names the landslide |
| random.csv | places and days drawn at random |

Columns that are read: id, date (M/D/YY), lat, lon, trigger, slope (degrees, 9999 is missing), lithology (GLiM), forest,
landslide (if present, to check that the files are not mixed up), and for each day, 0 the last, precip (mm), temp
(degrees C), air (pressure at sea level, hPa), humidity (%), wind (km/h).

`forest` is 1 where the source saw tree cover or its loss; it is the table's `vegetated`, and no measure of cover.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.sites import cells, site_table
from elm_landslide.sites.catalogue import Catalogue, locate
from elm_landslide.sites.csv_table import Table
from elm_landslide.sites.site_table import Sites

FILES = ("landslides.csv", "nonLandslideSame.csv", "random.csv")
_NEEDED = ("id", "date", "lat", "lon", "trigger", "slope", "lithology", "forest")
_WEATHER = ("precip", "temp", "humidity", "wind", "air")  # their names for site_table.WEATHER
_PREFIXES = ("landslide", "same", "random")  # of the ids


def of_glas(folder: Path | str, catalogue: Catalogue | None = None) -> Sites:
    """The rows of the three files.

    Ids are landslide-<id>, same-<id> and random-<id>. Only the dates of landslides are kept: a same-site row has the
    date of its landslide, not of its weather, and a random row's date is not that of a report. A same-site row has the
    trigger of its landslide. With a catalogue, landslides and same-site rows have the accuracy of the event of that day
    and place, and same-site rows whose landslide is not in the files its trigger.

    Raises UserError with file, row and column.
    """
    tables = [Table(Path(folder) / name, _NEEDED) for name in FILES]
    parts = [_rows(table, kind, catalogue) for table, kind in zip(tables, site_table.KINDS, strict=True)]
    slides, same, _ = parts
    place = {name: i for i, name in enumerate(slides.id.tolist())}
    match = np.array([place.get(pair, -1) for pair in same.pair.tolist()])
    same.trigger = np.where(match >= 0, slides.trigger[match], same.trigger)
    for table, part in zip(tables, parts, strict=True):
        if part.n_days != slides.n_days:
            raise UserError(f"{table.path}: has {part.n_days} days of weather, {tables[0].path} has {slides.n_days}")
    joined = site_table.concatenate(parts)
    site_table.check_pairs(joined, lambda i, column, what: _error(tables, i, column, what))
    return joined


def _rows(table: Table, kind: str, catalogue: Catalogue | None) -> Sites:
    ids = table.keys("id")
    dates = table.dates("date", "M/D/YY", needed=kind != "random")
    place = cells.places(table)
    flags = table.numbers("landslide", 0, 1)
    for i in np.flatnonzero(flags == (kind != "landslide")):
        raise table.error(i, "landslide", f"is not of {table.path.name}; are the files mixed up?")
    trigger, accuracy = table.names("trigger"), np.full(table.n, np.nan)
    if catalogue is not None and kind != "random":
        events = zip(place["lat"], place["lon"], dates, strict=True)
        at = np.array([locate(catalogue, *event) for event in events])
        accuracy = np.where(at >= 0, catalogue.accuracy_km[at], np.nan)
        if kind == "same_site":
            trigger = np.where(at >= 0, catalogue.trigger[at], "")
    return Sites(
        id=_name(kind, ids),
        pair=np.full(table.n, "") if kind == "random" else _name("landslide", ids),
        block=site_table.block_of(place["lat"], place["lon"]),
        **place,
        landslide=np.full(table.n, kind == "landslide"),
        kind=np.full(table.n, kind),
        trigger=trigger,
        accuracy=accuracy,
        date=dates if kind == "landslide" else np.full(table.n, "NaT", dtype="datetime64[D]"),
        weather=cells.weather(table, _WEATHER),
        slope=cells.slopes(table, absent=cells.ABSENT_SLOPE),
        lithology=cells.lithologies(table),
        vegetated=cells.flags(table, "forest"),
    )


def _name(kind: str, ids: np.ndarray) -> np.ndarray:
    return np.strings.add(f"{_PREFIXES[site_table.KINDS.index(kind)]}-", ids)


def _error(tables: list[Table], i: int, column: str, what: str) -> UserError:
    """The error of row i of all; a pair is given by the column id."""
    for table in tables:
        if i < table.n:
            return table.error(i, "id" if column == "pair" else column, what)
        i -= table.n
    raise IndexError(i)

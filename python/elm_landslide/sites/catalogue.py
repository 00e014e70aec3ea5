"""NASA's Global Landslide Catalog (Kirschbaum et al. 2010, 2015): reader of its CSV export.

The catalogue holds landslides that were reported, mostly in the news: where nothing is reported, nothing is known.

| column of the export | |
|---|---|
| event_id | name of the event, unique |
| event_date | M/D/YYYY h:mm; the day is kept, the time of day is often that of the report |
| latitude, longitude | degrees |
| location_accuracy | radius about the point: exact, 1km ... 250km, or unknown |
| landslide_trigger, landslide_category, landslide_size | downpour, mudslide, small, ...; or unknown |

Other columns are ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide.offline.places import short_way
from elm_landslide.sites.csv_table import UNKNOWN, Table

RAIN_TRIGGERS = ("downpour", "rain", "continuous_rain", "tropical_cyclone", "monsoon")
EXACT = 0.1  # km, what stands for "exact"
SAME_PLACE = 1.0  # km between two reports of one event
TOLERANCE = 0.01  # degrees, about 1 km, between an event and where another source puts it
_KM_PER_DEGREE = 111.2
_NEEDED = (
    "event_id",
    "event_date",
    "latitude",
    "longitude",
    "location_accuracy",
    "landslide_trigger",
    "landslide_category",
    "landslide_size",
)


@dataclass
class Catalogue:
    """Events [n] in the order of the file, without duplicates.

    event_id (text); date (datetime64[D]); lat, lon (degrees); accuracy_km (km, nan unknown); trigger, category, size
    (text in lower case, '' unknown). duplicates: how many rows were dropped as second reports of an event.
    """

    event_id: np.ndarray
    date: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    accuracy_km: np.ndarray
    trigger: np.ndarray
    category: np.ndarray
    size: np.ndarray
    duplicates: int = 0

    @property
    def n(self) -> int:
        return len(self.event_id)


def read_catalogue(path: Path | str) -> Catalogue:
    """The catalogue of a CSV export.

    Two rows are one event if they are of the same day, less than 1 km apart, and of the same known trigger or the same
    known category. The one with the better known accuracy stays, of equals the earlier.

    Raises UserError, with row and column, for a date, a coordinate or an accuracy that cannot be read and for an
    event_id that comes twice.
    """
    table = Table(path, _NEEDED)
    events = Catalogue(
        table.keys("event_id"),
        table.dates("event_date", "M/D/YYYY h:mm", needed=True),
        table.numbers("latitude", -90, 90, "degrees", needed=True, advice="correct it, or leave out the row"),
        table.numbers("longitude", -180, 180, "degrees", needed=True, advice="correct it, or leave out the row"),
        _accuracy(table),
        table.names("landslide_trigger"),
        table.names("landslide_category"),
        table.names("landslide_size"),
    )
    keep = ~_duplicates(events)
    columns = {name: values[keep] for name, values in vars(events).items() if isinstance(values, np.ndarray)}
    return Catalogue(**columns, duplicates=int((~keep).sum()))


def locate(catalogue: Catalogue, lat: float, lon: float, date: np.datetime64) -> int:
    """Index of the nearest event of that day within 0.01 degree in latitude and longitude (degrees), or -1."""
    same_day = np.flatnonzero(catalogue.date == date)
    north, east = np.abs(catalogue.lat[same_day] - lat), np.abs(short_way(catalogue.lon[same_day] - lon))
    # Half of the last digit that sources write, so that a distance of exactly 0.01 degree counts in any precision.
    near = np.maximum(north, east) <= TOLERANCE + 5e-9
    if not near.any():
        return -1
    distance = np.hypot(north, east * np.cos(np.radians(lat)))
    return int(same_day[np.argmin(np.where(near, distance, np.inf))])


def _accuracy(table: Table) -> np.ndarray:
    """Accuracy of the place (km), nan unknown."""
    values = np.full(table.n, np.nan)
    for i, text in enumerate(table.columns["location_accuracy"]):
        number = re.fullmatch(r"(\d{1,4})\s*km", text.lower(), re.ASCII)
        if number:
            values[i] = float(number[1])
        elif text.lower() == "exact":
            values[i] = EXACT
        elif text and text.lower() not in UNKNOWN:
            raise table.error(i, "location_accuracy", "is no accuracy; wanted exact, 1km, 5km, ... or unknown")
    return values


def _duplicates(events: Catalogue) -> np.ndarray:
    """Mask [n] of the rows that report an event again."""
    drop = np.zeros(events.n, dtype=bool)
    order = np.lexsort((np.arange(events.n), events.accuracy_km, events.date))  # by day, best known first, unknown last
    days = np.split(order, np.flatnonzero(np.diff(events.date[order]).astype(int)) + 1)
    for day in days:
        for place, i in enumerate(day[:-1]):
            if drop[i]:
                continue
            later = day[place + 1 :]
            north = events.lat[later] - events.lat[i]
            east = short_way(events.lon[later] - events.lon[i]) * np.cos(np.radians(events.lat[i]))
            near = _KM_PER_DEGREE * np.hypot(north, east) < SAME_PLACE
            alike = np.zeros(len(later), dtype=bool)
            for kind in (events.trigger, events.category):
                alike |= (kind[later] == kind[i]) & (kind[i] != "")
            drop[later[near & alike]] = True
    return drop

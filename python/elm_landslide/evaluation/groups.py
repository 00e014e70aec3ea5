"""Groups of rows: by how well the landslide is located, and by region."""

from __future__ import annotations

import numpy as np

from elm_landslide.offline.places import short_way

ACCURACIES = (("up to 1 km", 1.0), ("1 to 5 km", 5.0), ("5 to 25 km", 25.0), ("above 25 km", np.inf))  # upper limit, km
UNKNOWN = "unknown"
OTHER = "other"

# Boxes of latitude and longitude (south, north, west, east; degrees), continents as well as boxes can tell: a place
# belongs to the first that holds it. Greenland and Central America are North America, Turkey, the Caucasus
# and all Russia east of 60 E are Asia, New Guinea, Hawaii and Polynesia are Oceania.
REGIONS = (
    ("Oceania", -60.0, 0.0, 131.0, 180.0),
    ("Oceania", -60.0, -10.9, 110.0, 131.0),
    ("Oceania", 0.0, 25.0, 141.0, 180.0),
    ("Oceania", -60.0, 25.0, -180.0, -150.0),
    ("Oceania", -60.0, 7.0, -150.0, -92.0),
    ("South America", -60.0, 7.2, -92.0, -32.0),
    ("South America", 7.2, 12.6, -77.2, -32.0),
    ("North America", 7.0, 84.0, -170.0, -32.0),
    ("Africa", -40.0, 12.0, -26.0, 60.0),
    ("Africa", 12.0, 35.9, -26.0, 11.5),
    ("Africa", 35.9, 37.4, 0.0, 11.5),
    ("Africa", 12.0, 31.0, 11.5, 34.3),
    ("Africa", 31.0, 33.0, 11.5, 30.0),
    ("Africa", 12.0, 18.0, 34.3, 42.0),
    ("Africa", 18.0, 24.0, 34.3, 37.5),
    ("Europe", 34.5, 82.0, -32.0, 26.0),
    ("Europe", 42.0, 82.0, 26.0, 40.0),
    ("Europe", 43.5, 82.0, 40.0, 60.0),
    ("Asia", -11.0, 82.0, 26.0, 180.0),
    ("Asia", 60.0, 82.0, -180.0, -169.0),
)


def regions(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Name of the region [n] of places lat, lon (degrees, east from -180 or from 0) [n]."""
    lon = short_way(lon)
    names = np.full(len(lat), OTHER, dtype=object)
    for name, south, north, west, east in reversed(REGIONS):
        names[(lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)] = name
    return names


def accuracies(accuracy: np.ndarray, landslide: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """Class [n] of the location accuracy (km, NaN unknown) [n] of the landslide a row belongs to.

    A row without a landslide belongs to the one at its site, which has its `pair`; without one, as for random sites,
    its class is '', and it is compared with the landslides of every class.
    """
    limits = np.array([limit for _, limit in ACCURACIES])
    names = np.array([*(name for name, _ in ACCURACIES), UNKNOWN], dtype=object)
    own = names[np.searchsorted(limits, accuracy)]  # NaN sorts last
    at_site = {p: name for p, name, slid in zip(pair, own, landslide, strict=True) if slid and p}
    return np.array(
        [n if s else at_site.get(p, "") for n, s, p in zip(own, landslide, pair, strict=True)], dtype=object
    )

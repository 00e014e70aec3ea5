"""Regions and classes of location accuracy."""

import numpy as np
import pytest

from elm_landslide.evaluation import groups

PLACES = {
    "North America": [(45.5, -122.7), (19.4, -99.1), (9.9, -84.1), (9.0, -79.5), (18.5, -72.3), (61.2, -149.9)],
    "South America": [(-22.9, -43.2), (6.2, -75.6), (10.5, -66.9), (-33.4, -70.7), (-0.7, -90.5), (10.5, -61.3)],
    "Europe": [(47.1, 13.8), (36.7, -4.4), (64.1, -21.9), (35.2, 24.8), (43.8, 27.9), (55.8, 37.6), (38.6, -28.0)],
    "Africa": [(36.8, 3.1), (30.0, 31.2), (9.0, 38.7), (-33.9, 18.4), (19.6, 37.2), (-21.1, 55.5), (0.3, 32.6)],
    "Asia": [(27.7, 85.3), (-7.8, 110.4), (41.7, 44.8), (15.4, 44.2), (35.7, 139.7), (31.8, 35.2), (14.6, 121.0)],
    "Oceania": [(-41.3, 174.8), (-6.3, 143.9), (-18.1, 178.4), (19.7, -155.1), (-14.3, -170.7), (13.4, 144.8)],
    "other": [(-47.4, 37.7), (-80.0, 0.0)],
}


@pytest.mark.parametrize("name", PLACES)
def test_regions(name):
    lat, lon = np.array(PLACES[name]).T
    assert list(groups.regions(lat, lon)) == [name] * len(lat)
    assert list(groups.regions(lat, lon + 360.0)) == [name] * len(lat)


def test_accuracies():
    """A limit belongs to its class; a same-site row is with its landslide, a random row with none."""
    km = np.array([0.5, 1.0, 1.1, 5.0, 25.0, 26.0, np.nan, 50.0, 5.0, np.nan])
    landslide = np.array([True] * 7 + [False] * 3)
    pair = np.array(["a", "b", "c", "d", "e", "f", "g", "b", "no such", ""])
    wanted = ["up to 1 km", "up to 1 km", "1 to 5 km", "1 to 5 km", "5 to 25 km", "above 25 km", "unknown"]
    assert list(groups.accuracies(km, landslide, pair)) == [*wanted, "up to 1 km", "", ""]

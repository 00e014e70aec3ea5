"""Rows whose weather is in the training table too.

In case-control tables several sites may have been given the same day. Their weather is nearly the same across hundreds
of kilometres, and a split by block leaves such twins on both sides: a learner that remembers weather then looks better
than it is. Scores without those rows show what it is worth on new days.
"""

from __future__ import annotations

import numpy as np

from elm_landslide.sites.cells import WEATHER
from elm_landslide.sites.site_table import Sites

ALIKE = 0.95  # correlation of the course of a variable over the days
COMPARED = ("pressure", "temp")  # smooth in space; both must be alike


def repeated(sites: Sites, train: Sites) -> np.ndarray:
    """Which rows [n] have a twin of the same label in `train`: the same course of pressure and temperature.

    The last days of both tables are compared, as many as both have; a variable with gaps matches none.
    """
    days = min(sites.n_days, train.n_days)
    alike = np.ones((sites.n, train.n), dtype=bool)
    for name in COMPARED:
        ours, theirs = (_course(table.weather[:, WEATHER.index(name), -days:]) for table in (sites, train))
        alike &= ours @ theirs.T > ALIKE
    alike &= sites.landslide[:, None] == train.landslide[None]
    return np.asarray(alike.any(1))


def _course(values: np.ndarray) -> np.ndarray:
    """Departures from the mean, of length 1 [n, day]; 0 where a day is missing or nothing changes."""
    departure = values - values.mean(1, keepdims=True)
    length = np.sqrt((departure**2).sum(1, keepdims=True))
    known = np.isfinite(length) & (length > 0)
    return np.where(known, departure / np.where(known, length, 1.0), 0.0)

"""The base rate of reports: landslides of a catalogue per km2 of steep land and year where the hazard is 1.

    rate = reports per year / (land * mean of steep share times hazard over random places and days)

so that the numbers expected over all that land and a year add up to the reports of a year.
"""

from __future__ import annotations

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.sites.catalogue import RAIN_TRIGGERS, Catalogue

YEARS = (2007, 2017)  # of whole years of NASA's catalogue


def base_rate(catalogue: Catalogue, steep_hazard: float, land: float) -> dict:
    """reports of rain-triggered landslides in YEARS; years; land (km2); steep_hazard: the mean of the model; rate (per
    km2 and year). Raises UserError if there is no such report, or no land."""
    if not 0.0 < land < np.inf:
        raise UserError(f"sites: land: {land:g} km2; must be positive")
    year = catalogue.date.astype("datetime64[Y]").astype(int) + 1970
    reports = int((np.isin(catalogue.trigger, RAIN_TRIGGERS) & (year >= YEARS[0]) & (year <= YEARS[1])).sum())
    if not reports:
        raise UserError(f"sites: the catalogue has no rain-triggered landslide in {YEARS[0]} to {YEARS[1]}")
    years = YEARS[1] - YEARS[0] + 1
    rate = reports / years / (land * steep_hazard)
    return {"reports": reports, "years": years, "land": land, "steep_hazard": steep_hazard, "rate": rate}

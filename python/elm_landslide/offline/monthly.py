"""Values by month of the year on the cells of a surface dataset, with LATIXY and LONGXY: VARIABLE(month, gridcell) or
(month, lsmlat, lsmlon), 12 months.

Between the middles of two months they change in proportion to time, by the rule of ELM's monthly vegetation
(biogeophys/SatellitePhenologyMod.F90).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError, with_unit
from elm_landslide.fields import MONTH_DAYS, SPVAL
from elm_landslide.offline import netcdf, places, surface, variables
from elm_landslide.offline.places import Layout, Places
from elm_landslide.offline.times import TimeAxis, num2date

_HALF_SECOND = timedelta(seconds=0.5)  # what a time in days may be off, as a fraction of a day


class Monthly:
    """Values at some places of a layout: values [month, n], missing is SPVAL."""

    def __init__(
        self,
        path: Path | str,
        name: str,
        units: Sequence[str],
        valid: tuple[float, float],
        what: str,
        layout: Layout,
        index: np.ndarray,
        axis: TimeAxis,
    ):
        """name: of the variable; units: the spellings accepted; valid: lowest and highest value; what: the file should
        be, for a file without the variable. index: positions in the layout [n]; axis: of the times that `at` takes.
        Raises UserError for a file on other cells, without 12 months, in other units, or with values that cannot be."""
        self._axis = axis
        with netcdf.open_dataset(path) as dataset:
            for needed in ("LATIXY", "LONGXY", name):
                if needed not in dataset.variables:
                    raise UserError(f"{path}: no variable {needed}: not {what}")
            variable = dataset[name]
            found = str(getattr(variable, "units", ""))
            if found not in units:
                raise UserError(f"{path}: {name} has units {found!r}, wanted {units[0]!r}")
            cells = surface.cells_of(dataset, path)
            at = Places(cells, places.locate(cells, path, layout, index))
            months = len(MONTH_DAYS)
            level = variables.level_dimension(variable, cells.dims, months)
            if len(dataset.dimensions[level]) != months:
                raise UserError(
                    f"{path}: {name} has {len(dataset.dimensions[level])} values along {level}, wanted {months}, one a "
                    "month"
                )
            values = at.read(variable, levels=months)
        missing = netcdf.is_missing(values)
        wrong = ~missing & ((values < valid[0]) | (values > valid[1]))
        wanted = with_unit(f"wanted {valid[0]:g} to {valid[1]:g}", units[0])
        surface.refuse(path, name, wrong.T, values.T, layout.lat[index], layout.lon[index], wanted)
        self.values = np.where(missing, SPVAL, values)

    def at(self, time: float, neutral: float) -> np.ndarray:
        """Values [n] at a time on the axis. A missing month counts as `neutral` beside one that is not, so that a value
        fades and does not jump; between two that are missing there is none: SPVAL."""
        date = num2date(time, self._axis.units, self._axis.calendar) + _HALF_SECOND
        before, after, weight = between(date.month, date.day)
        first, second = self.values[before], self.values[after]
        none = netcdf.is_missing(first) & netcdf.is_missing(second)
        first, second = (np.where(netcdf.is_missing(v), neutral, v) for v in (first, second))
        return np.where(none, SPVAL, weight * first + (1.0 - weight) * second)


def between(month: int, day: int) -> tuple[int, int, float]:
    """The months (from 0) between whose middles a day (both from 1) lies, and the weight of the first.

    As in ELM's interpMonthlyVeg: a day is its middle, and the leap day counts as the one after the 28th.
    """
    t = (day - 0.5) / MONTH_DAYS[month - 1]
    before = int(t + 0.5)
    weight = (before + 0.5) - t
    first = month - 1 + before - 1
    return first % 12, (first + 1) % 12, weight

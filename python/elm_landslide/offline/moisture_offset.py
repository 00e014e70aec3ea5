"""A file of offsets of soil moisture by month of the year: remotely sensed less modelled, added to the liquid water.

On the cells of a surface dataset, with LATIXY and LONGXY, as `elm-landslide assimilate` writes it:

    soil_moisture_offset(month, gridcell) or (month, lsmlat, lsmlon)    m3/m3, 12 months; missing is no offset

Between the middles of two months it changes in proportion to time, by the rule of ELM's monthly vegetation
(biogeophys/SatellitePhenologyMod.F90). The component in ELM reads the same file (fortran/elm/LandslideMoistureMod.F90).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, MONTH_DAYS, SPVAL
from elm_landslide.offline import netcdf, places, surface, variables
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.places import Layout, Places
from elm_landslide.offline.times import TimeAxis, num2date

NAME = "soil_moisture_offset"
UNITS = ("m3/m3", "m3 m-3")
_HALF_SECOND = timedelta(seconds=0.5)  # what a time in days may be off, as a fraction of a day


class MoistureOffset:
    """The offsets at some places of a layout. derived: one line on what they are."""

    @classmethod
    def of_run(cls, inputs: Inputs, layout: Layout, index: np.ndarray, axis: TimeAxis) -> MoistureOffset | None:
        """Those that the inputs name, if any; the rest as for the class."""
        if not inputs.moisture_offset:
            return None
        if NAME in inputs.overrides:
            raise UserError(f"--set {NAME}: --moisture-offset says what it is: leave one of them out")
        return cls(inputs.moisture_offset, layout, index, axis)

    def __init__(self, path: Path | str, layout: Layout, index: np.ndarray, axis: TimeAxis):
        """index: positions in the layout [n]; axis: of the times that `at` takes. Raises UserError for a file on other
        cells, without 12 months, in other units, or with offsets that cannot be."""
        self._axis = axis
        name = Path(path).name
        self.derived = f"{NAME}: derived as the offsets by month of {name}, in proportion to time between"
        with netcdf.open_dataset(path) as dataset:
            for name in ("LATIXY", "LONGXY", NAME):
                if name not in dataset.variables:
                    raise UserError(
                        f"{path}: no variable {name}: not a file of soil moisture offsets; elm-landslide assimilate "
                        "writes one"
                    )
            variable = dataset[NAME]
            units = str(getattr(variable, "units", ""))
            if units not in UNITS:
                raise UserError(f"{path}: {NAME} has units {units!r}, wanted {UNITS[0]!r}")
            cells = surface.cells_of(dataset, path)
            at = Places(cells, places.locate(cells, path, layout, index))
            months = len(MONTH_DAYS)
            level = variables.level_dimension(variable, cells.dims, months)
            if len(dataset.dimensions[level]) != months:
                raise UserError(
                    f"{path}: {NAME} has {len(dataset.dimensions[level])} values along {level}, wanted {months}, one a "
                    "month"
                )
            self.values = at.read(variable, levels=months)  # [month, n]
        low, high = FIELDS[NAME].valid
        missing = netcdf.is_missing(self.values)
        wrong = ~missing & ((self.values < low) | (self.values > high))
        wanted = f"wanted {low:g} to {high:g} m3/m3"
        surface.refuse(path, NAME, wrong.T, self.values.T, layout.lat[index], layout.lon[index], wanted)
        self.values = np.where(missing, SPVAL, self.values)

    def at(self, time: float) -> np.ndarray:
        """Offsets (m3/m3) [n] at a time on the axis. A month without an offset counts as 0 beside one that has it, so
        that an offset fades and does not jump; between two without there is none: SPVAL."""
        date = num2date(time, self._axis.units, self._axis.calendar) + _HALF_SECOND
        before, after, weight = between(date.month, date.day)
        first, second = self.values[before], self.values[after]
        none = netcdf.is_missing(first) & netcdf.is_missing(second)
        first, second = (np.where(netcdf.is_missing(v), 0.0, v) for v in (first, second))
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

"""A file of offsets of soil moisture by month of the year: remotely sensed less modelled, added to the liquid water.

On the cells of a surface dataset, with LATIXY and LONGXY, as `elm-landslide assimilate` writes it:

    soil_moisture_offset(month, gridcell) or (month, lsmlat, lsmlon)    m3/m3, 12 months; missing is no offset

Between the months as monthly.py says. The component in ELM reads the same file (fortran/elm/LandslideMonthlyMod.F90).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.monthly import Monthly
from elm_landslide.offline.places import Layout
from elm_landslide.offline.times import TimeAxis

NAME = "soil_moisture_offset"
UNITS = ("m3/m3", "m3 m-3")
_WHAT = "a file of soil moisture offsets; elm-landslide assimilate writes one"


class MoistureOffset:
    """The offsets at some places of a layout. derived: one line on what they are; values [month, n]."""

    @classmethod
    def of_run(cls, inputs: Inputs, layout: Layout, index: np.ndarray, axis: TimeAxis) -> MoistureOffset | None:
        """Those that the inputs name, if any; the rest as for the class."""
        if not inputs.moisture_offset:
            return None
        if NAME in inputs.overrides:
            raise UserError(f"--set {NAME}: --moisture-offset says what it is: leave one of them out")
        return cls(inputs.moisture_offset, layout, index, axis)

    def __init__(self, path: Path | str, layout: Layout, index: np.ndarray, axis: TimeAxis):
        """index, axis and errors: as of Monthly."""
        name = Path(path).name
        self.derived = f"{NAME}: derived as the offsets by month of {name}, in proportion to time between"
        self._monthly = Monthly(path, NAME, UNITS, FIELDS[NAME].valid, _WHAT, layout, index, axis)
        self.values = self._monthly.values

    def at(self, time: float) -> np.ndarray:
        """Offsets (m3/m3) [n] at a time on the axis; SPVAL between two months without one."""
        return self._monthly.at(time, 0.0)

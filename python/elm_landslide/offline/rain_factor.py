"""A file of the intensity of rain where it falls, over that of the cell, by month of the year.

A cell of ELM has one rain; a storm covers a part of it, and falls the harder there. On the cells of a surface dataset,
with LATIXY and LONGXY, from any downscaling or product of extremes, one of:

    rain_factor(month, gridcell) or (month, lsmlat, lsmlon)     1, 12 months; missing is 1
    rain_fraction                                               1, share of the cell under rain: the factor is 1 over it

The antecedent rain, which gathers on the base of the soil, is multiplied by it; where there is none, the water that
reaches the soil, which then takes its place. What the network says is then for the land under the rain. Between the
months as monthly.py says. The component in ELM reads the same file (fortran/elm/LandslideMonthlyMod.F90).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, LARGEST_RAIN_FACTOR, MISSING, RAIN_WINDOWS
from elm_landslide.offline import netcdf
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.monthly import Monthly
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Layout
from elm_landslide.offline.times import TimeAxis

FACTOR, FRACTION = "rain_factor", "rain_fraction"
UNITS = ("1", "unitless")


class RainFactor:
    """The factors at some places of a layout. derived: one line on what they are."""

    @classmethod
    def of_run(cls, inputs: Inputs, layout: Layout, index: np.ndarray, axis: TimeAxis) -> RainFactor | None:
        """Those that the inputs name, if any; the rest as for the class."""
        if not inputs.rain_factor:
            return None
        for name in RAIN_WINDOWS:
            if name in inputs.overrides:
                raise UserError(f"--set {name}: --rain-factor changes it: leave one of them out")
        return cls(inputs.rain_factor, layout, index, axis)

    def __init__(self, path: Path | str, layout: Layout, index: np.ndarray, axis: TimeAxis):
        """index, axis and errors: as of Monthly; a file that has both variables is refused too."""
        with netcdf.open_dataset(path) as dataset:
            there = [name for name in (FACTOR, FRACTION) if name in dataset.variables]
        if len(there) > 1:
            raise UserError(f"{path}: has {FACTOR} and {FRACTION}: give one of them")
        name = there[0] if there else FACTOR
        valid = (0.0, LARGEST_RAIN_FACTOR) if name == FACTOR else (1.0 / LARGEST_RAIN_FACTOR, 1.0)
        what = f"a file of the intensity of rain; it has {FACTOR} or {FRACTION}"
        self._monthly = Monthly(path, name, UNITS, valid, what, layout, index, axis)
        if name == FRACTION:
            share = self._monthly.values
            self._monthly.values = np.where(is_missing(share), share, 1.0 / share)
        means = f"{name} by month of {Path(path).name}"
        self.derived = (
            f"{', '.join(RAIN_WINDOWS)}: {'times' if name == FACTOR else 'over'} {means}, in proportion to time "
            "between; where they are missing, water_input; the outputs are of the land under the rain"
        )

    def put(self, time: float, x: np.ndarray) -> None:
        """Multiply the rain in x (n, N_IN), in place, at a time on the axis."""
        factor = self._monthly.at(time, 1.0)
        factor = np.where(is_missing(factor), 1.0, factor)
        without = ~(np.abs(x[:, FIELDS["rain_1d"].offset]) < MISSING)
        for name in (*RAIN_WINDOWS, "water_input"):
            values = x[:, FIELDS[name].offset]
            acts = (np.abs(values) < MISSING) & (without | (name != "water_input"))
            x[:, FIELDS[name].offset] = np.where(acts, values * factor, values)

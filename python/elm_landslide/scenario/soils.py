"""The simulator's soils of a run's columns, from what ELM's files say of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elm_landslide.fields import FIELDS, MISSING
from elm_landslide.offline import netcdf
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import read_constants
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Places
from elm_landslide.offline.surface import read_constant_fields
from elm_landslide.physics import pedotransfer
from elm_landslide.simulator import column

_STATES = ("liquid_water", "water_table_depth", "porosity", "sucsat", "bsw", "root_fraction", "sand")


class Soils:
    """Soils of n columns. known, differ [n]: whether there is all that a column needs, and whether the scenario changes
    its roots or leaves; assumed: what no file gives."""

    def __init__(self, inputs: Inputs, columns: Columns, first: np.ndarray, cover: Callable[[float, np.ndarray], None]):
        """first: x of the first record (n, N_IN), without the scenario; cover: changes x, in place, to a time's."""
        self._first, self._cover = first, cover
        here = Places(columns.layout, columns.index)
        soil = read_constants([*inputs.constants, *columns.files.paths], columns.layout, here, more=("HKSAT",))
        self.assumed = []
        if "HKSAT" in soil.values:
            self._ks = soil.values["HKSAT"].T / 1000.0
        else:
            self._ks = pedotransfer.ks(first[:, FIELDS["sand"].columns])
            self.assumed.append("HKSAT: from the sand content (Cosby et al. 1984), no file has it")
        self._surface = self._of_surface(inputs, columns)
        leaves = np.array([columns.files.read(record, "TLAI", here) for record in columns.records])
        self._leaves = np.where(is_missing(leaves).any(axis=0), np.nan, leaves.mean(axis=0))
        values = np.concatenate([first[:, FIELDS[name].columns] for name in _STATES], axis=1)
        self.known = (np.abs(values) < MISSING).all(axis=1) & np.isfinite(self._leaves)
        self.known &= (np.abs(self._ks) < MISSING).all(axis=1) & np.isfinite(list(self._surface.values())).all(axis=0)
        changed = first.copy(order="F")
        cover(np.inf, changed)
        self.differ = (changed != first).any(axis=1)

    def _of_surface(self, inputs: Inputs, columns: Columns) -> dict[str, np.ndarray]:
        default = column.Soil(*(np.zeros(1),) * 5)
        values = {"FMAX": default.most_saturated, "SLOPE": default.slope}
        with netcdf.open_dataset(inputs.surface) as dataset:
            there = [name for name in values if name in dataset.variables]
        found = read_constant_fields(inputs.surface, there, columns.layout, columns.index) if there else {}
        for name in values:
            if name not in found:
                self.assumed.append(f"{name}: {values[name]:g}, the surface dataset does not have it")
        n = len(columns.index)
        return {name: found.get(name, np.full(n, value)) for name, value in values.items()}

    def of(self, x: np.ndarray) -> list[column.Soil]:
        """Soils with the roots of x, and the mean leaves of the run in proportion to those of x."""
        leaf = FIELDS["leaf_area_index"].offset
        ratio = x[:, leaf] / np.where(self._first[:, leaf] > 0.0, self._first[:, leaf], 1.0)
        same = x[:, leaf] == self._first[:, leaf]
        leaves = self._leaves * np.where(same, 1.0, ratio)
        return [
            column.Soil(
                self._first[i, FIELDS["porosity"].columns],
                self._ks[i],
                self._first[i, FIELDS["sucsat"].columns] / 1000.0,
                self._first[i, FIELDS["bsw"].columns],
                x[i, FIELDS["root_fraction"].columns],
                float(leaves[i]),
                float(self._surface["FMAX"][i]),
                float(self._surface["SLOPE"][i]),
            )
            for i in range(len(x))
        ]

    def at(self, time: float) -> list[column.Soil]:
        """Soils with the cover of a time on the axis of the history."""
        x = self._first.copy(order="F")
        self._cover(time, x)
        return self.of(x)

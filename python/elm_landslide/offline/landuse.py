"""Cover by year: ELM's flanduse_timeseries, and what it says at a time.

Like ELM (dyn_subgrid/dynpftFileMod.F90), the cover of a year is that of its first of January, and between two years it
changes in proportion to time; before the first year and after the last it stays.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.offline import netcdf, places, surface, variables
from elm_landslide.offline.places import Layout, Places
from elm_landslide.offline.times import TimeAxis, date, date2num
from elm_landslide.physics import root_profile


class LandUse:
    """PCT_NAT_PFT(time) by YEAR(time) at some places of a layout.

    crops_change: whether the file has a share of crops by year, which is not read.
    """

    def __init__(
        self,
        path: Path | str,
        layout: Layout,
        index: np.ndarray,
        weights: tuple[np.ndarray, np.ndarray],
        axis: TimeAxis,
        start: float,
        end: float,
    ):
        """index: positions in the layout [n]. weights: of the landunits, as SurfaceFields.weights. axis: of the times
        that `at` takes, between `start` and `end`. Raises UserError for a file that is not on these cells, or whose
        years do not rise."""
        with netcdf.open_dataset(path) as dataset:
            for name in ("LATIXY", "LONGXY", "PCT_NAT_PFT", "YEAR"):
                if name not in dataset.variables:
                    raise UserError(f"{path}: no variable {name}: not ELM's flanduse_timeseries")
            netcdf.check_units(dataset, path, may_lack=True)
            years = np.ma.filled(variables.single_axis(dataset["YEAR"], "time", path).astype(float), np.nan)
            whole = np.isfinite(years).all() and (years == np.rint(years)).all()
            if not (whole and len(years) and (np.diff(years) > 0.0).all()):
                raise UserError(f"{path}: YEAR {years.tolist()} does not rise in whole years: give each year once")
            variable = dataset["PCT_NAT_PFT"]
            if variables.TIME not in variable.dimensions:
                raise UserError(f"{path}: PCT_NAT_PFT has no dimension time: not ELM's flanduse_timeseries")
            cells = surface.cells_of(dataset, path)
            at = Places(cells, places.locate(cells, path, layout, index))
            level = variables.level_dimension(variable, cells.dims, root_profile.PFTS["crop"].start)
            size = len(dataset.dimensions[level])
            if size > root_profile.N_PFT:
                raise UserError(f"{path}: PCT_NAT_PFT has {size} values along {level}, at most {root_profile.N_PFT}")
            days = [date(int(year), 1, 1, calendar=axis.calendar) for year in years]
            times = np.atleast_1d(date2num(days, axis.units, axis.calendar)).astype(float)
            # The years around the run: a century of a globe takes gigabytes.
            first = max(int(np.searchsorted(times, start, side="right")) - 1, 0)
            last = min(int(np.searchsorted(times, end, side="left")), len(times) - 1)
            self._times = times[first : last + 1]
            by_year = [at.read(variable, record=i, levels=size).T for i in range(first, last + 1)]
            self.crops_change = variables.TIME in getattr(dataset.variables.get("PCT_CROP"), "dimensions", ())
        lat, lon = layout.lat[index], layout.lon[index]
        for pft in by_year:
            wrong = ~netcdf.is_missing(pft) & ((pft < 0.0) | (pft > 100.01))
            surface.refuse(path, "PCT_NAT_PFT", wrong, pft, lat, lon, "wanted 0 to 100")
            surface.check_cover(path, pft, weights[0], lat, lon)
        self._cover = np.array([surface.pft_cover(pft, *weights) for pft in by_year])

    def at(self, time: float) -> dict[str, np.ndarray]:
        """Covers and root_fraction at a time on the axis, as surface.cover_fields gives them."""
        after = int(np.searchsorted(self._times, time, side="right"))
        if after in (0, len(self._times)):
            return surface.cover_fields(self._cover[min(after, len(self._times) - 1)])
        before = after - 1
        share = (time - self._times[before]) / (self._times[after] - self._times[before])
        one, two = self._cover[before], self._cover[after]
        return surface.cover_fields(two + (1.0 - share) * (one - two))

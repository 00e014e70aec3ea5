"""The disturbances of a scenario in a case: the file of landslide_disturbance, from the TOML of `run --scenario`.

So one file says what happens offline and in ELM. Its other entries act in a coupled run by other means: cover by
flanduse_timeseries, rain and warming by DATM.
"""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide import __version__, files
from elm_landslide.e3sm import namelists
from elm_landslide.e3sm.case import Case
from elm_landslide.errors import UserError
from elm_landslide.fields import DISTURBANCES
from elm_landslide.offline import netcdf, surface
from elm_landslide.scenario import scenario_file
from elm_landslide.scenario.scenario_file import Disturbance, Scenario

SCENARIO = "landslide_scenario.toml"  # in a case, as the user mods write it
FILE = "landslide_disturbance.nc"  # in a case
_ELSEWHERE = {
    "rain": "a coupled run takes rain from DATM",
    "warming": "a coupled run takes temperature from DATM",
    "cover": "a coupled run takes cover from flanduse_timeseries",
}


def put_into(case: Case, path: Path | None = None, on: Path | None = None) -> list[str]:
    """Write the file of disturbances into a case and name it in its settings; returns a line on each thing done.

    path: the scenario, by default SCENARIO of the case; on: the surface dataset of the run, by default the fsurdat of
    its namelists. Raises UserError for a case without the component, a scenario with other entries or none, a region
    without cells, a date that the calendar of the case does not have, and fractions of one day and kind above 1.
    """
    settings = sorted(case.root.glob("user_nl_landslide*"))
    if not settings:
        raise UserError(f"{case.root} has no user_nl_landslide: run elm-landslide e3sm enable first")
    scenario = _read(path or case.root / SCENARIO)
    fsurdat = on or _fsurdat(case)
    texts = {p: namelists.with_setting(p.read_text(), "landslide_disturbance", str(case.root / FILE)) for p in settings}
    cells = _write(scenario, fsurdat, case.root / FILE, case.query("CALENDAR") == "NO_LEAP")
    for place, text in texts.items():
        with files.whole(place) as part:
            part.write_text(text)
    lines = [f"{entry} ({entry.region}): {count} cells" for entry, count in cells]
    return [*lines, f"written  {FILE}", *(f"changed  {p.name}: landslide_disturbance" for p in settings)]


def _read(path: Path) -> Scenario:
    scenario = scenario_file.read(path)
    for name, why in _ELSEWHERE.items():
        if getattr(scenario, name):
            raise UserError(f"{path}: has [[{name}]]: {why}; leave these entries out of the file of a case")
    if not scenario.disturbance:
        raise UserError(f"{path}: has no [[disturbance]], and nothing else of a scenario can be put into a case")
    return scenario


def _fsurdat(case: Case) -> Path:
    """The surface dataset that the namelists of the case name."""
    places = [case.root / "CaseDocs" / "lnd_in", case.root / "CaseDocs" / "lnd_in_0001"]
    text = next((place.read_text(errors="replace") for place in places if place.is_file()), "")
    found = namelists.setting(text, "fsurdat")
    if not found:
        raise UserError(f"{places[0]}: names no fsurdat: run ./preview_namelists first, or give --surface")
    return Path(found)


def _write(scenario: Scenario, fsurdat: Path, out: Path, no_leap: bool) -> list[tuple[Disturbance, int]]:
    """Write the events on the cells of the surface dataset; returns the entries with their numbers of cells."""
    with netcdf.open_dataset(fsurdat) as dataset:
        lacking = {"LATIXY", "LONGXY"} - set(dataset.variables)
        if lacking:
            raise UserError(f"{fsurdat}: no variable {min(lacking)}: not an ELM surface dataset")
        cells = surface.cells_of(dataset, fsurdat)
    entries = sorted(scenario.disturbance, key=lambda entry: entry.date)
    fraction = np.zeros((len(entries), cells.size))
    for k, entry in enumerate(entries):
        if no_leap and (entry.date.month, entry.date.day) == (2, 29):
            raise scenario.refuse(entry, f"{entry.date} is no day of the calendar of the case, NO_LEAP")
        inside = entry.region.holds(cells.lat, cells.lon)
        if not inside.any():
            raise scenario.refuse(entry, f"region {entry.region}: no cell of {fsurdat} lies in it")
        fraction[k] = np.where(inside, entry.fraction, 0.0)
        same_day = [i for i in range(k + 1) if entries[i].date == entry.date]
        if (fraction[same_day].sum(0) > 1.0 + 1e-6).any():
            raise scenario.refuse(entry, f"the fractions of {entry.date} sum to more than 1 in a cell")
    struck = fraction > 0.0
    kinds = np.array([DISTURBANCES[entry.kind] for entry in entries])[:, None] * struck
    dates = np.array([int(f"{entry.date:%Y%m%d}") for entry in entries])[:, None] * struck
    with files.whole(out, RuntimeError) as part, netCDF4.Dataset(str(part), "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.setncatts(
            {
                "title": "Disturbances for ELM-Landslide",
                "source": f"ELM-Landslide {__version__}",
                "scenario": scenario.path.name,
                "scenario_sha256": scenario.sha256,
            }
        )
        file.createDimension("event", len(entries))
        for name, size in zip(cells.dims, cells.shape, strict=True):
            file.createDimension(name, size)
        for name, values, what in (("LATIXY", cells.lat, "latitude"), ("LONGXY", cells.lon, "longitude")):
            place = file.createVariable(name, "f8", cells.dims)
            place.setncatts({"long_name": what, "units": "degrees_north" if what == "latitude" else "degrees_east"})
            place[:] = values.reshape(cells.shape)
        for name, kind, values, what in (
            ("FRACTION", "f8", fraction, "fraction of the trees, and in a fire of the shrubs, that die"),
            ("KIND", "i4", kinds, "1 cut, 2 fire, 3 uprooted"),
            ("DATE", "i4", dates, "yyyymmdd; 0 where there is no event"),
        ):
            variable = file.createVariable(name, kind, ("event", *cells.dims))
            variable.long_name = what
            variable[:] = values.reshape(-1, *cells.shape)
    return [(entry, int(part.sum())) for entry, part in zip(entries, struck, strict=True)]

"""Rain, snow and temperature over a run from ELM's history, and what a scenario makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.offline import netcdf, places
from elm_landslide.offline.cell_methods import is_time_mean
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import HistoryFiles, Record, tape_number
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Places
from elm_landslide.offline.times import SLACK, num2date
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.scenario.scenario_file import Rain, Scenario, Warming
from elm_landslide.simulator import column

FREEZING = 273.15  # K
MOST_HELD = 2 * SECONDS_PER_DAY  # by which the files may end before the run: tapes of ELM do not end together
WET_DAY = 1.0  # mm, the wet day of the indices of climate extremes (ETCCDI)
_UNITS = {"RAIN": netcdf.UNITS["RAIN"], "SNOW": netcdf.UNITS["RAIN"], "TBOT": ("K",)}


@dataclass(frozen=True)
class Weather:
    """Means over m intervals that follow each other, of n columns. edges (s) [m + 1] on the axis of the history; year,
    month and day of year of their middles, [m]; rain, snow (mm/s) and temperature (degrees C) [m, n], nan where
    missing, snow and temperature 0 where not read. held: how long (s) before the run the files end, for which the last
    interval is longer."""

    edges: np.ndarray
    year: np.ndarray
    month: np.ndarray
    day_of_year: np.ndarray
    rain: np.ndarray
    snow: np.ndarray
    temperature: np.ndarray
    held: float = 0.0

    @property
    def seconds(self) -> np.ndarray:
        return np.diff(self.edges)

    def differs(self, other: Weather) -> np.ndarray:
        """The columns whose weather is another at some time, [n]."""
        pairs = ((self.rain, other.rain), (self.snow, other.snow), (self.temperature, other.temperature))
        return np.any([((one != two) & ~np.isnan(one)).any(axis=0) for one, two in pairs], axis=0)


def span(columns: Columns) -> tuple[float, float]:
    """Begin and end (s, on the axis of the history) of a run: states that are means begin with their first interval."""
    first, last, seconds = columns.records[0], columns.records[-1], columns.files.axis.seconds
    begin = first.bounds[0] if first.bounds and not columns.instants else first.time
    return begin * seconds, (last.time if columns.instants else last.end) * seconds


def read(inputs: Inputs, columns: Columns, scenario: Scenario, names: Sequence[str]) -> Weather:
    """The weather of a run: the time means of RAIN (and SNOW, TBOT) in the first of its history files, files of --rain
    and of --constants that have all. Raises UserError where none has, for a gap, an end more than MOST_HELD before the
    run's, and means over more than a day."""
    paths = _paths(inputs, scenario, names)
    files = HistoryFiles(paths, columns.files.axis)
    try:
        layout = files.layout("RAIN")
        same = layout.same_places(columns.layout)
        index = columns.index if same else places.locate(layout, paths[0], columns.layout, columns.index)
        at = Places(layout, index)
        begin, end = span(columns)
        seconds = files.axis.seconds
        used = [r for r in files.records if r.bounds and _overlaps(r, begin, end, seconds)]
        _check_cover(files, used, begin, end, names)
        values = {name: np.array([files.read(r, name, at) for r in used]) for name in names}
    finally:
        files.close()
    values = {name: np.where(is_missing(v), np.nan, v) for name, v in values.items()}
    bounds = np.array([r.bounds for r in used]) * seconds
    held = max(end - bounds[-1, 1], 0.0)
    edges = np.append(bounds[:, 0], bounds[-1, 1] + held)
    middles = num2date((edges[1:] + edges[:-1]) / 2.0 / seconds, files.axis.units, files.axis.calendar)
    nothing = np.zeros_like(values["RAIN"])
    return Weather(
        edges,
        np.array([day.year for day in middles]),
        np.array([day.month for day in middles]),
        np.array([day.dayofyr for day in middles]),
        np.maximum(values["RAIN"], 0.0),
        np.maximum(values.get("SNOW", nothing), 0.0),
        values["TBOT"] - FREEZING if "TBOT" in values else nothing,
        held if held > SLACK else 0.0,
    )


def _overlaps(record: Record, begin: float, end: float, seconds: float) -> bool:
    assert record.bounds is not None
    first, last = (bound * seconds for bound in record.bounds)
    return last > begin + SLACK and first < end - SLACK


def _paths(inputs: Inputs, scenario: Scenario, names: Sequence[str]) -> list[Path]:
    reasons: list[tuple[Path, str]] = []
    for group in (inputs.history, inputs.rain, inputs.constants):
        lacks = {Path(path): _lack(path, names) for path in group}
        if whole := [path for path, lack in lacks.items() if not lack]:
            return whole
        reasons += lacks.items()
    path, lack = reasons[-1]  # of the constants, or of what there is
    raise UserError(
        f"{path}: {lack}, of which {scenario.path} needs means over a day or less: in user_nl_elm add "
        f"{', '.join(repr(f'{name}:A') for name in names)} to hist_fincl{tape_number(path)}"
        + ("" if list(names) == ["RAIN"] else ', or leave ELM\'s water as it is with water = "elm"')
    )


def _lack(path: Path | str, names: Sequence[str]) -> str:
    """Why a file does not give the weather, '' if it does."""
    with netcdf.open_dataset(path) as dataset:
        for name in names:
            if name not in dataset.variables:
                return f"no variable {name}"
            if not is_time_mean(str(getattr(dataset[name], "cell_methods", ""))):
                return f"{name} is no time mean"
            units = str(getattr(dataset[name], "units", ""))
            if units not in _UNITS[name]:
                raise UserError(f"{path}: {name} has units {units!r}, wanted {_UNITS[name][0]!r}")
        time = dataset.variables.get("time")
        return "" if time is not None and getattr(time, "bounds", None) else "no bounds of time"


def _check_cover(files: HistoryFiles, used: list[Record], begin: float, end: float, names: Sequence[str]) -> None:
    seconds = files.axis.seconds
    bounds = [(r.bounds[0] * seconds, r.bounds[1] * seconds) for r in used if r.bounds]
    gap = any(abs(after[0] - before[1]) > SLACK for before, after in pairwise(bounds))
    if not bounds or gap or bounds[0][0] > begin + SLACK or bounds[-1][1] < end - MOST_HELD - SLACK:
        first, last = (
            num2date(t / seconds, files.axis.units, files.axis.calendar).strftime("%Y-%m-%d %H:%M")
            for t in (begin, end)
        )
        raise UserError(
            f"{files.paths[0]}: the means of {', '.join(names)} do not cover the run from {first} to {last} without a "
            "gap: give their files with --rain"
        )
    longest = max(last - first for first, last in bounds)
    if longest > SECONDS_PER_DAY + SLACK:
        raise UserError(
            f"{files.paths[0]}: RAIN is a mean over {longest / SECONDS_PER_DAY:.3g} days, wanted a day or less"
        )


def perturbed(weather: Weather, scenario: Scenario, columns: Columns) -> Weather:
    """The weather under a scenario. Raises UserError for an entry that changes no interval, and one that takes more
    rain from the other days than they have."""
    lat, lon = columns.layout.lat[columns.index], columns.layout.lon[columns.index]
    for entry in scenario.warming:
        weather = _warmed(weather, entry, _when(weather, entry, scenario), entry.region.holds(lat, lon))
    factor = np.ones_like(weather.rain)
    for rain in scenario.rain:
        when, where = _when(weather, rain, scenario), rain.region.holds(lat, lon)
        factor *= np.where(when[:, None] & where, _factor(weather, rain, when, scenario, where, lat, lon), 1.0)
    return replace(weather, rain=weather.rain * factor, snow=weather.snow * factor)


def _when(weather: Weather, entry: Rain | Warming, scenario: Scenario) -> np.ndarray:
    """The intervals of an entry, [m]."""
    when = np.array([entry.period.holds(y, m) for y, m in zip(weather.year, weather.month, strict=True)])
    if not when.any():
        first, last = (f"{weather.year[i]:04d}-{weather.month[i]:02d}" for i in (0, -1))
        raise scenario.refuse(entry, f"{entry.period}: not in the run, which goes from {first} to {last}")
    return when


def _warmed(weather: Weather, entry: Warming, when: np.ndarray, where: np.ndarray) -> Weather:
    """Warmer air, in which the share of the snow falls as rain that the simulator's partition by temperature turns;
    in colder air, rain as snow."""
    change = np.where(when[:, None] & where, entry.degrees, 0.0)
    ones = np.ones_like(weather.rain)
    before, after = (column.partition(ones, t)[0] for t in (weather.temperature, weather.temperature + change))
    melts = weather.snow * np.clip((after - before) / np.where(before < 1.0, 1.0 - before, 1.0), 0.0, 1.0)
    freezes = weather.rain * np.clip((before - after) / np.where(before > 0.0, before, 1.0), 0.0, 1.0)
    turned = melts - freezes
    return replace(
        weather,
        rain=np.where(turned != 0.0, weather.rain + turned, weather.rain),
        snow=np.where(turned != 0.0, weather.snow - turned, weather.snow),
        temperature=weather.temperature + change,
    )


def _factor(
    weather: Weather,
    entry: Rain,
    when: np.ndarray,
    scenario: Scenario,
    where: np.ndarray,
    lat: np.ndarray,
    lon: np.ndarray,
) -> np.ndarray:
    """Of rain and snow [m, n] in the intervals `when` [m]."""
    if entry.above_quantile is None:
        return np.full_like(weather.rain, entry.factor)
    _, day = np.unique(weather.year * 1000 + weather.day_of_year, return_inverse=True)
    fallen = (weather.rain + weather.snow) * weather.seconds[:, None]
    total = np.zeros((day.max() + 1, fallen.shape[1]))
    np.add.at(total, day, fallen)
    chosen = np.unique(day[when])
    threshold = np.full(fallen.shape[1], np.inf)
    for i in range(fallen.shape[1]):
        wet = total[chosen, i][total[chosen, i] >= WET_DAY]
        if wet.size:
            threshold[i] = np.quantile(wet, entry.above_quantile)
    above = total[day] > threshold
    factor = np.where(above, entry.factor, 1.0)
    if not entry.keep_mean:
        return factor
    heavy = np.where(above & when[:, None], fallen, 0.0).sum(axis=0)
    other = np.where(~above & when[:, None], fallen, 0.0).sum(axis=0)
    rest = 1.0 - (entry.factor - 1.0) * heavy / np.where(other > 0.0, other, np.inf)
    wrong = where & ((rest < 0.0) | ((other == 0.0) & (heavy > 0.0) & (entry.factor != 1.0)))
    if wrong.any():
        i = int(np.argmax(wrong))
        raise scenario.refuse(
            entry,
            f"keep_mean: the days above the quantile bring {heavy[i]:.4g} mm at lat {lat[i]:g}, lon {lon[i]:g}, the "
            f"others {other[i]:.4g} mm, less than the factor {entry.factor:g} adds: take a smaller factor",
        )
    return np.where(above, entry.factor, rest)

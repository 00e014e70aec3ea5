"""Sets of output: files of `elm-landslide run` or of ELM's history, opened lazily, and whether they can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from elm_landslide.errors import UserError
from elm_landslide.fields import CHANCE, OUTPUTS, OUTSIDE
from elm_landslide.offline.cell_methods import along_time

PROBABILITY = OUTPUTS["probability"].history
_WANTED = (PROBABILITY, CHANCE.history, OUTSIDE.history)
_PLACES = ("lat", "lon", "area", "landfrac")
_BOUNDS = ("time_bounds", "time_bnds")
DAY = 86400.0  # s
_SAME = 1e-3  # degrees, by which places may differ
RECORDS = 365  # of a file, in a chunk


@dataclass
class Member:
    """One run. data: time and cells; days [time]: number of the day of each record since the year 0 of the calendar;
    years, months [time]; base_rate: of LANDSLIDE_CHANCE, None where the files do not say; model: SHA-256, likewise."""

    paths: list[Path]
    data: xr.Dataset
    years: np.ndarray
    months: np.ndarray
    days: np.ndarray
    base_rate: float | None
    model: str | None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass
class Set:
    """Runs that differ by chance only."""

    name: str
    members: list[Member]


@dataclass(frozen=True)
class Cells:
    """The cells of all sets, flattened: lat, lon (degrees), area of land (km2, nan where unknown), those with values;
    dims and shape as in the files."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    lat: np.ndarray
    lon: np.ndarray
    area: np.ndarray
    valid: np.ndarray

    @property
    def weight(self) -> np.ndarray:
        """Of means over the area: the area of land, or, if it is not known of every cell with values, the cosine of
        latitude."""
        return self.area if self.knows_area else np.cos(np.radians(self.lat))

    @property
    def knows_area(self) -> bool:
        return bool(np.isfinite(self.area[self.valid]).all())


def open_sets(named: Sequence[tuple[str, Sequence[Path]]], other_models: bool = False) -> list[Set]:
    """Sets from (name, files of a member), in the order of the names; members of one name follow each other.

    Raises UserError for files that cannot be read as such, that overlap in time, or that differ in grid, calendar or,
    unless other_models, model.
    """
    sets: dict[str, Set] = {}
    for name, paths in named:
        sets.setdefault(name, Set(name, [])).members.append(_member(name, [Path(p) for p in paths]))
    if len(sets) < 2:
        raise UserError(f"--set: {len(sets)} set: give two or more, as --set control=ctl.nc --set scenario=scn.nc")
    members = [(s.name, m) for s in sets.values() for m in s.members]
    first_name, first = members[0]
    for name, other in members[1:]:
        _check_same(first_name, first, name, other, other_models)
    return list(sets.values())


def cells_of(member: Member, valid: np.ndarray | None = None) -> Cells:
    """valid [cell]: those with a value; by default all."""
    data = member.data
    dims = _dims(data)
    shape = tuple(data.sizes[d] for d in dims)
    lat, lon = _places(data)
    area = np.full(lat.size, np.nan)
    if "area" in data and set(data["area"].dims) == set(dims):
        area = data["area"].transpose(*dims).values.ravel().astype(float)
        if "landfrac" in data and set(data["landfrac"].dims) == set(dims):
            area = area * data["landfrac"].transpose(*dims).values.ravel()
    return Cells(dims, shape, lat, lon, area, np.ones(lat.size, dtype=bool) if valid is None else valid)


def _dims(data: xr.Dataset) -> tuple[str, ...]:
    return tuple(str(d) for d in data[PROBABILITY].dims if d != "time")


def _places(data: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of every cell, flattened."""
    dims = _dims(data)
    on_cells = [xr.DataArray(np.zeros(data.sizes[d]), dims=d) for d in dims]
    lat, lon = (xr.broadcast(data[name], *on_cells)[0].transpose(*dims) for name in ("lat", "lon"))
    return lat.values.ravel().astype(float), lon.values.ravel().astype(float)


def _member(name: str, paths: list[Path]) -> Member:
    """Files in order of their first time."""
    if not paths:
        raise UserError(f"--set {name}: no files")
    parts = sorted(((_part(path), path) for path in paths), key=lambda part: part[0]["time"].values[0])
    for (before, one), (after, other) in zip(parts, parts[1:], strict=False):
        if after["time"].values[0] <= before["time"].values[-1]:
            raise UserError(
                f"--set {name}: {other} begins at {after['time'].values[0]}, before {one} ends: files of one member "
                "must not overlap; give members apart, each with its own --set of the same name"
            )
    data = xr.concat([part for part, _ in parts], "time", data_vars="minimal", coords="minimal", compat="override")
    first = parts[0][0]
    times = data["middle"].values
    years, months = (np.array([getattr(t, part) for t in times]) for part in ("year", "month"))
    days = np.array([t.year * 1000 + t.dayofyr for t in times])
    _check_daily(name, parts[0][1], data["time"].values)
    rates = {part[CHANCE.history].attrs.get("base_rate") for part, _ in parts if CHANCE.history in part}
    models = {part.attrs.get("model_sha256") for part, _ in parts}
    for what, said in (("models", models), ("base rates of LANDSLIDE_CHANCE", rates)):
        if len(said) > 1:
            raise UserError(f"--set {name}: the files from {parts[0][1]} on are of different {what}: run them alike")
    rate, model = next(iter(rates), None), next(iter(models))
    facts = {
        k: str(first.attrs[k]) for k in ("case", "source", "model_sha256", "engine", "scenario") if k in first.attrs
    }
    return Member([p for _, p in parts], data, years, months, days, None if rate is None else float(rate), model, facts)


def _part(path: Path) -> xr.Dataset:
    """One file, lazily: what the comparison reads, with `middle`, the time of each record within its interval."""
    try:
        coder = xr.coders.CFDatetimeCoder(use_cftime=True)
        data = xr.open_dataset(path, decode_times=coder, chunks={"time": RECORDS}, decode_timedelta=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as netCDF ({error})") from None
    if PROBABILITY not in data or "time" not in data[PROBABILITY].dims:
        raise UserError(
            f"{path}: no variable {PROBABILITY} by time: not output of elm-landslide run or of ELM with it on"
        )
    if not {"lat", "lon"} <= set(data.variables):
        raise UserError(f"{path}: no lat and lon: columns of a 1-d tape cannot be compared; give a gridded one")
    if not data.sizes["time"]:
        raise UserError(f"{path}: has no record")
    point = "point" in along_time(str(data[PROBABILITY].attrs.get("cell_methods", "")))
    bounds = next((data[n] for n in _BOUNDS if n in data.variables), None)
    times = data["time"].values
    if point or bounds is None:
        middle = times
    else:
        ends = bounds.values
        middle = ends[:, 0] + (ends[:, 1] - ends[:, 0]) / 2
    names = [n for n in (*_WANTED, *_PLACES) if n in data.variables]
    return data[names].assign(middle=("time", middle))


def _check_daily(name: str, path: Path, times: np.ndarray) -> None:
    if len(times) > 1:
        step = np.median([(b - a).total_seconds() for a, b in zip(times[:50], times[1:51], strict=False)])
        if step > 1.01 * DAY:
            raise UserError(
                f"--set {name}: {path}: records are {step / DAY:.3g} days apart: days of exceedance need daily records "
                "or shorter ones"
            )


def _check_same(one: str, first: Member, two: str, other: Member, other_models: bool) -> None:
    a, b = first.data, other.data
    dims = [_dims(data) for data in (a, b)]
    sizes = [[data.sizes[d] for d in of] for data, of in zip((a, b), dims, strict=True)]
    where = f"{other.paths[0]} (set {two}) and {first.paths[0]} (set {one})"
    same = dims[0] == dims[1] and sizes[0] == sizes[1]
    if same:
        places = [_places(data) for data in (a, b)]
        same = all(np.allclose(p, q, atol=_SAME) for p, q in zip(*places, strict=True))
    if not same:
        raise UserError(f"{where} lie on different grids: regrid one of them first (ncremap, cdo)")
    calendars = [data["time"].values[0].calendar for data in (a, b)]
    if calendars[0] != calendars[1]:
        raise UserError(
            f"{where} have different calendars, {calendars[1]} and {calendars[0]}: years cannot be compared"
        )
    if first.model and other.model and first.model != other.model and not other_models:
        raise UserError(
            f"{where} are of different models (SHA-256 {other.model[:12]} and {first.model[:12]}): the change would be "
            "of the model, too; run one again, or give --other-models"
        )

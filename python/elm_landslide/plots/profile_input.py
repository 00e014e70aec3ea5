"""Which column at which time: the inputs of one profile, read as elm-landslide run reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from matplotlib.backend_bases import FigureCanvasBase

from elm_landslide.errors import UserError
from elm_landslide.fields import FLAGS, LAYER_INTERFACES, LAYER_TOLERANCE, OUTPUTS
from elm_landslide.model.export import load_eager
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import HistoryFiles, Record
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.places import Layout, lon_distance
from elm_landslide.offline.times import num2date
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.plots.calendars import number
from elm_landslide.plots.profile import Profile, explain
from elm_landslide.plots.profile_figure import draw_profile
from elm_landslide.plots.run_output import RunOutput, read
from elm_landslide.plots.style import where
from elm_landslide.runtime.description import describe

_BLOCK = 256  # records evaluated at a time
_KM_PER_DEGREE = 111.19  # of a great circle, radius 6371 km
_REACH = 3.2  # degrees, from the centre to a corner of the coarsest cell of ELM (4 x 5 degrees)


def draw(
    inputs: Inputs,
    out: Path | str,
    model: Path | str | None = None,
    cell: str | None = None,
    time: str | None = None,
    landslide: Path | str | None = None,
    label: str = "",
    tell: Callable[[str], object] = lambda line: None,
) -> Profile:
    """Draw the profile of one column at one time into the file `out`; returns what was drawn.

    inputs, model: as for offline.driver.run. cell: a place in the files (from 0), or
    "LAT,LON" for the nearest; may be left out if there is one column. time: an ISO date, the nearest record is
    taken; by default the record with the highest probability. landslide: a file that driver.run made from the same
    input; gives the cell and time with the highest probability, so that the records need not be run again. tell: called
    with how far from LAT,LON the column is.
    """
    out = Path(out)
    if not out.absolute().parent.is_dir():
        raise UserError(f"{out}: its folder does not exist")
    if out.suffix[1:].lower() not in FigureCanvasBase.filetypes:
        raise UserError(f"{out}: unknown format; wanted for example {out.stem}.png or {out.stem}.pdf")
    network = open_network(model)
    files = HistoryFiles(inputs.history)
    layout = files.layout()
    files.close()
    run = read([Path(landslide)], "") if landslide else None
    if run and not run.layout.same_places(layout):
        raise UserError(f"{landslide}: is on other cells than the history files: give the file made from them")
    given = ", ".join(f"{name}={value:g}" for name, value in inputs.overrides.items()) or "none"
    if run and run.overrides != given:
        raise UserError(f"{landslide}: was run with --set {run.overrides}, here {given}: give the same")
    active = np.flatnonzero(layout.active)
    place = choose_cell(cell, layout, active, run, tell)
    rank = int(np.searchsorted(active, place))
    columns = Columns(inputs, rank, active.size)  # a share of one column
    try:
        _check_layers(columns)
        record = _choose_record(columns, network, time, run, place)
        profile = explain(network, columns.x(record)[0])
        date = num2date([record.time], columns.files.axis.units, columns.files.axis.calendar)[0]
    finally:
        columns.close()
    place_name = where(layout.lat[place], layout.lon[place])
    name = f"{label} ({place_name})" if label else place_name
    draw_profile(profile, f"{name}, {date:%Y-%m-%d %H:%M}", out)
    return profile


def _check_layers(columns: Columns) -> None:
    """As the component checks for a run."""
    if columns.interfaces is None:
        return
    gap = np.abs(columns.interfaces - LAYER_INTERFACES).max()
    if gap > LAYER_TOLERANCE:
        raise UserError(f"the soil layers of the history files differ from the schema's by {gap:.3g} m")


def open_network(model: Path | str | None = None) -> LandslideNetwork:
    """The eager network of a model file, the shipped one by default."""
    path = Path(model) if model else SHIPPED
    describe(path)  # what the component refuses is refused here
    return load_eager(path)


def choose_cell(
    cell: str | None,
    layout: Layout,
    active: np.ndarray,
    run: RunOutput | None,
    tell: Callable[[str], object] = lambda line: None,
) -> int:
    """The place in the layout that is meant; see `draw`."""
    if cell is None:
        if run:
            return int(np.nanargmax(run.largest_probability))
        if active.size == 1:
            return int(active[0])
        raise UserError(f"{active.size} columns: choose one by --cell INDEX, --cell LAT,LON or --landslide FILE")
    try:
        values = [float(word) for word in str(cell).split(",")]
    except ValueError:
        values = []
    if len(values) == 1 and values[0].is_integer():
        if values[0] not in active:
            raise UserError(f"--cell {cell}: no soil column; they lie from {active[0]} to {active[-1]}")
        return int(values[0])
    if len(values) != 2 or not np.isfinite(values).all() or abs(values[0]) > 90.0:
        raise UserError(f"--cell {cell}: wanted an index or LAT,LON, for example --cell 41.25,-76.75")
    distance = _angles(layout.lat[active], layout.lon[active], *values)
    nearest = int(np.argmin(distance))
    place = int(active[nearest])
    at = layout.lat[place], layout.lon[place]
    answer = f"the nearest soil column, at {where(*at)}, is {_KM_PER_DEGREE * distance[nearest]:.0f} km away"
    if distance[nearest] > _REACH:
        raise UserError(f"--cell {cell}: {answer}, beyond any cell of ELM; give a place where the files have columns")
    tell(f"--cell {cell}: {answer}")
    return place


def _angles(lat: np.ndarray, lon: np.ndarray, at_lat: float, at_lon: float) -> np.ndarray:
    """Great-circle distances (degrees) of places from a point, by the haversine formula."""
    lat, across = np.radians(lat), np.radians(lon_distance(lon, at_lon))
    at = np.radians(at_lat)
    half = np.sin((lat - at) / 2.0) ** 2 + np.cos(lat) * np.cos(at) * np.sin(across / 2.0) ** 2
    return np.degrees(2.0 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def _choose_record(
    columns: Columns, network: LandslideNetwork, time: str | None, run: RunOutput | None, place: int
) -> Record:
    records, files = columns.records, columns.files
    times = np.array([record.time for record in records])
    if time is None:
        if run is None:
            return records[_most_probable(columns, network)]
        if not np.isfinite(run.largest_probability[place]):
            raise UserError("the cell has no valid record in the landslide file")
        target = run.times[run.largest_at[place]]
    else:
        try:
            target = number(time, files.axis.units, files.axis.calendar)
        except ValueError as error:
            raise UserError(f"--time {time}: wanted a date such as 2001-12-01 or 2001-12-01T06:00 ({error})") from None
    day = SECONDS_PER_DAY / files.axis.seconds
    if time is not None and not times[0] - day <= target <= times[-1] + day:
        first, last = num2date(times[[0, -1]], files.axis.units, files.axis.calendar)
        raise UserError(f"--time {time}: the history files go from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    return records[int(np.argmin(np.abs(times - target)))]


def _most_probable(columns: Columns, network: LandslideNetwork) -> int:
    """Index of the record with the highest probability of the one column."""
    best, index = -np.inf, None
    for start in range(0, len(columns.records), _BLOCK):
        x = np.concatenate([columns.x(record) for record in columns.records[start : start + _BLOCK]])
        with torch.no_grad():
            y = network(torch.from_numpy(np.ascontiguousarray(x))).numpy()
        valid = y[:, -1] < FLAGS["invalid"]
        probability = np.where(valid, y[:, OUTPUTS["probability"].index], -np.inf)
        if probability.max() > best:
            best, index = probability.max(), start + int(probability.argmax())
    if index is None:
        raise UserError("the column is invalid in every record: a required field is missing")
    return index

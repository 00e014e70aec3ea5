"""The column against output of the genuine ELM: started from its state, driven by its rain, snow and temperature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import LAYER_INTERFACES, N_LAYERS
from elm_landslide.offline.history_files import HistoryFiles, missing_variable, read_constants
from elm_landslide.offline.places import Places
from elm_landslide.offline.surface import read_constant_fields, read_surface
from elm_landslide.offline.times import num2date
from elm_landslide.physics.constants import SECONDS_PER_DAY
from elm_landslide.simulator import column
from elm_landslide.simulator.validation.check import Check

NEEDED = ("ZWT", "SOILLIQ", "RAIN", "SNOW", "TBOT", "TLAI")
SURFACE = ("SLOPE", "FMAX")
FREEZING = 273.15  # K
_STILL = 1e-4  # m or m3/m3: a series that varies less has no meaningful correlation


@dataclass
class Comparison:
    """Of n cells: correlation in time and bias (ours less ELM's) of the water table (m) [n] and of the liquid water of
    the layers (m3/m3) [n, 10]; NaN where ELM's hardly varies."""

    table_r: np.ndarray
    table_bias: np.ndarray
    water_r: np.ndarray
    water_bias: np.ndarray


def checks(history: list[Path] | None, surface: Path | None) -> Iterator[Check]:
    requirement = "median correlation >= 0.9"
    if not history or not surface:
        reason = "not run: give --history (daily means of ELM, h0) and --surface"
        yield Check("columns against the genuine ELM", reason, requirement, None)
        return
    scores = compare(history, surface)
    median = np.nanmedian(scores.table_r)
    yield Check(
        "water table against the genuine ELM",
        f"median r {median:.3f} of {np.isfinite(scores.table_r).sum()} cells, least {np.nanmin(scores.table_r):.3f}, "
        f"median bias {np.median(scores.table_bias):+.3f} m",
        requirement,
        bool(median >= 0.9),
    )
    by_layer = np.nanmedian(scores.water_r, axis=0)
    yield Check(
        "liquid water of the layers against the genuine ELM",
        f"median r {np.nanmedian(scores.water_r):.3f}, by layer {' '.join(f'{r:.2f}' for r in by_layer)}, median bias "
        f"{np.median(scores.water_bias):+.3f} m3/m3",
        requirement,
        bool(np.nanmedian(scores.water_r) >= 0.9),
    )


def compare(history: list[Path], surface: Path) -> Comparison:
    """Run every cell of ELM's daily means and compare. Raises UserError for files without what is needed."""
    files = HistoryFiles(history)
    for name in NEEDED:
        if name not in files.variables:
            raise missing_variable(files.paths[0], name, "which the comparison needs as daily means")
    first = files.records[0]
    if not first.bounds or not files.is_mean("RAIN"):
        raise UserError(f"{files.paths[0]}: RAIN is not a time mean; give the tape of daily means (h0)")
    step = (first.bounds[1] - first.bounds[0]) * files.axis.seconds
    layout = files.layout()
    places = Places(layout, np.flatnonzero(layout.active))
    lat = layout.lat[places.index]
    soil = read_constants(files.paths, layout, places, more=("HKSAT",))
    constants = soil.values
    if "HKSAT" not in constants:
        raise UserError(f"{soil.path}: no variable HKSAT, which ELM writes beside WATSAT")
    static = read_constant_fields(surface, SURFACE, layout, places.index)
    roots = read_surface(surface, layout, places.index).values["root_fraction"]
    levels = {name: N_LAYERS if name == "SOILLIQ" else None for name in NEEDED}
    series = {name: np.stack([files.read(r, name, places, n) for r in files.records], -1) for name, n in levels.items()}
    first_day = _day_of_year(files, first.time)
    files.close()
    runs = [
        _run(
            {name: values[..., i] for name, values in constants.items()},
            {name: values[..., i, :] for name, values in series.items()},
            {name: values[i] for name, values in static.items()},
            roots[i],
            float(lat[i]),
            first_day,
            step,
        )
        for i in range(len(lat))
    ]
    return Comparison(*(np.array(part) for part in zip(*runs, strict=True)))


def _day_of_year(files: HistoryFiles, time: float) -> int:
    return int(num2date(time, files.axis.units, files.axis.calendar).dayofyr)


def _run(constants, series, static, roots, lat: float, first_day: int, seconds: float):
    """(correlation, bias) of the water table and of the layers of one cell; the first mean is the start."""
    thickness = np.diff(LAYER_INTERFACES)
    soil = column.Soil(
        constants["WATSAT"],
        constants["HKSAT"] / 1000.0,
        constants["SUCSAT"] / 1000.0,
        constants["BSW"],
        roots,
        float(series["TLAI"].mean()),
        float(static["FMAX"]),
        float(static["SLOPE"]),
    )
    liquid = series["SOILLIQ"] / 1000.0 / thickness[:, None]
    temperature = series["TBOT"] - FREEZING
    days = first_day + np.arange(temperature.size) * seconds / SECONDS_PER_DAY
    potential = column.potential_evaporation(temperature, days, lat)
    forcing = np.stack([series["RAIN"] / 1000.0, series["SNOW"] / 1000.0, temperature, potential])[:, 1:]
    start = column.state_from_table(soil, float(series["ZWT"][0]), liquid[:, 0])
    run = column.run(soil, start, forcing, seconds, substeps=max(int(seconds / 1800.0), 1))
    table, table_bias = _agreement(run["water_table"], series["ZWT"][1:])
    layers = [_agreement(run["liquid_water"][:, i], liquid[i, 1:]) for i in range(len(thickness))]
    return table, table_bias, [r for r, _ in layers], [bias for _, bias in layers]


def _agreement(ours: np.ndarray, elm: np.ndarray) -> tuple[float, float]:
    varies = min(ours.std(), elm.std()) > _STILL
    return (float(np.corrcoef(ours, elm)[0, 1]) if varies else np.nan), float((ours - elm).mean())

"""Satellite product and ELM's history to the file of offsets: read, match, weigh, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from elm_landslide import files
from elm_landslide.assimilation import damping, matching, offset_file, series, surface_moisture, triple_collocation
from elm_landslide.assimilation.days import text
from elm_landslide.assimilation.matching import MONTHS, Matched
from elm_landslide.assimilation.series import Daily
from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS
from elm_landslide.offline.moisture_offset import NAME
from elm_landslide.ranks import Progress, silent

ERROR = 0.04  # m3/m3 of either by default: the accuracy required of SMAP (Entekhabi et al. 2010)
FEWEST = 30  # pairs
_BLOCK = 200  # cells at a time


@dataclass(frozen=True)
class Sources:
    """history, constants, surface: as of offline.inputs. satellite, third: files of a product, and variable and
    third_variable their names where those of product.NAMES are not meant."""

    history: Sequence[Path | str]
    surface: Path | str
    satellite: Sequence[Path | str]
    constants: Sequence[Path | str] = ()
    third: Sequence[Path | str] = ()
    variable: str | None = None
    third_variable: str | None = None

    @property
    def paths(self) -> list[Path | str]:
        return [*self.history, *self.constants, self.surface, *self.satellite, *self.third]


@dataclass
class Summary:
    """What was found: cells with an offset in some month, cell months with one and those where it is significant; range
    and medians (m3/m3) over these; cells whose errors are of triple collocation."""

    out: str
    cells: int
    cells_with_offset: int
    cell_months: int
    significant: int
    lowest: float
    highest: float
    median_difference: float
    median_error: float
    triple_collocation: int
    model_error: float  # median
    satellite_error: float
    first_day: str
    last_day: str
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        return asdict(self)


def assimilate(
    sources: Sources,
    out: Path | str,
    model_error: float = ERROR,
    satellite_error: float = ERROR,
    fewest: int = FEWEST,
    overwrite: bool = False,
    command: str = "elm-landslide assimilate",
    progress: Progress = silent,
) -> Summary:
    """Write the offsets of every cell and month to `out`, and say what they are.

    model_error, satellite_error: of the mean of either (m3/m3), where triple collocation does not say. fewest: pairs
    that a month needs. progress: takes the number of cells and gives a function to call with those done. Raises
    UserError for input from which no offset follows; then nothing is written.
    """
    out = Path(out)
    _check_options(model_error, satellite_error, fewest)
    files.check_out(out, overwrite, sources.paths)
    elm = surface_moisture.read(sources.history, sources.constants, sources.surface)
    satellite, number = series.read_product(sources.satellite, elm.cells, sources.surface, sources.variable)
    third = None
    if sources.third:
        third, _ = series.read_product(
            sources.third, elm.cells, sources.surface, sources.third_variable, volumetric=False
        )
    days = _common_days(elm.daily, satellite, sources)
    n = elm.index.size
    stated = np.array([[model_error], [satellite_error]]) * np.ones(n)
    errors, triplets, parts = np.full((2, n), np.nan), np.zeros(n, dtype=np.int64), []
    with progress(n) as advance:
        for start in range(0, n, _BLOCK):
            cut = slice(start, min(start + _BLOCK, n))
            one, two = (_part(daily, cut).on(days) for daily in (elm.daily, satellite))
            parts.append(matching.match(days, one, two, fewest))
            if third is not None:
                found = triple_collocation.errors(days, one, two, _part(third, cut).on(days))
                errors[:, cut], triplets[cut] = (found.model, found.satellite), found.triplets
            advance(cut.stop - cut.start)
    matched = Matched(
        **{name: np.concatenate([getattr(p, name) for p in parts], axis=-1) for name in Matched.__dataclass_fields__}
    )
    collocated = np.isfinite(errors).all(axis=0)
    errors = np.where(collocated, errors, stated)
    if not np.isfinite(matched.difference).any():
        raise UserError(
            f"{sources.satellite[0]}: no cell has {fewest} days with both in a month or near it, at most "
            f"{matched.pairs.max()}: give longer series, or fewer --pairs"
        )
    _check_difference(matched, elm, sources)
    offset, error = damping.damp(matched.difference, matched.sampling_error, *errors)
    notes = [*elm.daily.notes, *satellite.notes, *(third.notes if third else ())]
    if third is not None and not collocated.all():
        notes.append(f"{int((~collocated).sum())} cells take the stated errors: triple collocation does not say them")
    offset_file.write(
        out,
        elm.layout,
        elm.index,
        {
            NAME: offset,
            f"{NAME}_error": error,
            "difference": matched.difference,
            "difference_error": matched.sampling_error,
            "matched_difference": matched.by_fifth,
            "pairs": matched.pairs,
            "model_error": errors[0],
            "satellite_error": errors[1],
            "triplets": triplets,
            "triple_collocation": collocated,
            "satellite_cells": number,
        },
        {
            "input_files": " ".join(Path(path).name for path in sources.paths),
            "time_coverage_start": text(days[0]),
            "time_coverage_end": text(days[-1]),
            "stated_errors": f"ELM {model_error:g}, satellite {satellite_error:g} m3/m3",
            "fewest_pairs": np.int32(fewest),
            "notes": "; ".join(notes),
        },
        command,
    )
    known = np.isfinite(offset)
    return Summary(
        out=str(out),
        cells=n,
        cells_with_offset=int(known.any(axis=0).sum()),
        cell_months=int(known.sum()),
        significant=int((known & (offset != 0.0)).sum()),
        lowest=float(offset[known].min()),
        highest=float(offset[known].max()),
        median_difference=float(np.median(matched.difference[known])),
        median_error=float(np.median(error[known])),
        triple_collocation=int(collocated.sum()),
        model_error=float(np.median(errors[0])),
        satellite_error=float(np.median(errors[1])),
        first_day=text(days[0]),
        last_day=text(days[-1]),
        notes=notes,
    )


def _check_options(model_error: float, satellite_error: float, fewest: int) -> None:
    for name, value in (("--model-error", model_error), ("--satellite-error", satellite_error)):
        if not 0.0 <= value <= 1.0:
            raise UserError(f"{name}: {value:g}; an error of soil moisture lies between 0 and 1 m3/m3")
    if model_error == satellite_error == 0.0:
        raise UserError("--model-error and --satellite-error are both 0: then their difference is; state one of them")
    if fewest < 2:
        raise UserError(f"--pairs: {fewest}; wanted 2 or more, for a mean without a sample has no error")


def _common_days(model: Daily, satellite: Daily, sources: Sources) -> np.ndarray:
    """Every day from the first that both have to the last. Raises UserError if there is none."""
    both = np.intersect1d(model.days, satellite.days)
    if both.size:
        return np.arange(both[0], both[-1] + 1)
    spans = [f"{text(d.days[0])} to {text(d.days[-1])}" if d.days.size else "no day" for d in (satellite, model)]
    raise UserError(
        f"{sources.satellite[0]}: the satellite has {spans[0]}, the history {spans[1]}: no day in common; give files "
        "of the same years"
    )


def _part(daily: Daily, cut: slice) -> Daily:
    return Daily(daily.days, daily.values[:, cut], [])


def _check_difference(matched: Matched, elm: surface_moisture.Surface, sources: Sources) -> None:
    """No soil is off by half of its volume: then the two are not the same quantity."""
    limit = FIELDS[NAME].valid[1]
    wrong = np.abs(np.nan_to_num(matched.difference)) > limit
    if wrong.any():
        month, cell = np.argwhere(wrong)[0]
        raise UserError(
            f"{sources.satellite[0]}: is {matched.difference[month, cell]:+.3g} m3/m3 from ELM at lat "
            f"{elm.cells.lat[cell]:g}, lon {elm.cells.lon[cell]:g} in month {month + 1} of {MONTHS}, wanted {limit:g} "
            "at most: is it saturation, not water content?"
        )

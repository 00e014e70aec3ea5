"""An evaluation from a site table and a model file to a report."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide import files
from elm_landslide.errors import UserError
from elm_landslide.evaluation import ablations, report
from elm_landslide.evaluation.comparators import all_comparators
from elm_landslide.evaluation.repeats import repeated
from elm_landslide.evaluation.report import Comparison, Notes
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation import designs
from elm_landslide.observation.designs import SiteRows
from elm_landslide.observation.model import DESIGNS, Observation
from elm_landslide.runtime.description import describe
from elm_landslide.sites import site_table
from elm_landslide.sites.site_table import Sites, block_of, need_both_classes
from elm_landslide.training.config import HazardSettings, SiteSettings
from elm_landslide.training.fitting import one_thread

SEED = 1  # of the fits


@dataclass
class SiteModel:
    """A model file opened for site scores."""

    network: LandslideNetwork
    observation: Observation
    settings: SiteSettings
    hazard: HazardSettings


def open_model(path: Path) -> SiteModel:
    """Raises UserError for a file that is not a model, or one that was trained without sites."""
    info = describe(path)["model"]
    try:
        with_sites = info.get("inputs", {}).get("sites") and info.get("control") != "no-sites"
        settings = SiteSettings(**info["settings"]["sites"]) if with_sites else None
        hazard = HazardSettings(**info["settings"]["hazard"]) if with_sites else HazardSettings()
    except (KeyError, TypeError, AttributeError) as error:
        what = f"has no settings of sites ({type(error).__name__}: {error}): train it again"
        raise UserError(f"{path}: entry '{model_file.INFO}' {what}") from None
    if settings is None:
        raise UserError(
            f"model file '{path}' was trained without sites: it has no observation model to give site scores"
        )
    entry = model_file.read_entry(path, model_file.OBSERVATION)
    observation = Observation.from_bytes(entry, f"{path}: entry '{model_file.OBSERVATION}'")
    return SiteModel(load_eager(path), observation, settings, hazard)


def select(sites: Sites, path: Path, trigger: str, blocks: list[str], what: str) -> tuple[Sites, dict[str, int]]:
    """Rows of a trigger outside some blocks (what they are, in words), and counts of what was left out.

    Raises UserError if nothing is left to compare.
    """
    need_both_classes(sites, path)
    triggered = designs.rows_of_trigger(sites, trigger)
    trained = np.isin(block_of(sites.lat, sites.lon), blocks)
    rows = sites.select(triggered & ~trained)
    if triggered.any() and not rows.n:
        raise UserError(f"{path}: all {int(triggered.sum())} rows lie in blocks {what}")
    need_both_classes(rows, path)
    counts = {
        "used": rows.n,
        "excluded_blocks": int((triggered & trained).sum()),
        "excluded_trigger": int((~triggered).sum()),
        "landslides": int(rows.landslide.sum()),
        "same_site": int((rows.kind == "same_site").sum()),
        "random": int((rows.kind == "random").sum()),
    }
    return rows, counts


def columns(sites: Sites, model: SiteModel, progress: Callable) -> SiteRows:
    """The columns under the rows, missing slopes filled as in the training; progress as terminal.progress, for rows."""
    with progress("row", sites.n) as advance:
        return designs.site_rows(sites, np.array(model.observation.info["slopes"]), advance)


@one_thread()
def evaluate(
    site_file: Path | None,
    model_path: Path,
    out: Path,
    train_file: Path | None,
    trigger: str,
    lhasa: Path | None,
    progress: Callable,
    hillslope_file: Path | None = None,
) -> dict:
    """Write evaluation.json, scores.csv and the figures into the folder `out`; returns the report.

    Raises UserError for bad input, before anything is written.
    """
    from elm_landslide.evaluation import figures, hillslopes

    existing = next(place for place in (out, *out.resolve().parents) if place.exists())
    if not existing.is_dir():
        raise UserError(f"{existing}: is a file; give the name of a folder for --out")
    on_hillslopes = None
    if hillslope_file is not None:
        trained_on = describe(model_path)["model"].get("inputs", {}).get("ensemble")
        on_hillslopes = hillslopes.scores(load_eager(model_path), hillslope_file, trained_on)
    result: dict = {}
    comparisons: list[Comparison] = []
    if site_file is not None:
        sites, comparisons, chances, notes = _sites(site_file, model_path, train_file, trigger, lhasa, progress)
        result = report.build(comparisons, notes)
    if on_hillslopes is not None:
        result["hillslopes"] = on_hillslopes
    try:
        out.mkdir(parents=True, exist_ok=True)
        report.write(result, out / "evaluation.json")
        if site_file is not None:
            _write_scores(sites, chances, out / "scores.csv")
        figures.draw(comparisons, result, out)
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror or error})") from None
    return result


def _sites(
    site_file: Path, model_path: Path, train_file: Path | None, trigger: str, lhasa: Path | None, progress: Callable
) -> tuple[Sites, list[Comparison], dict[str, np.ndarray], Notes]:
    """(the rows used, their comparisons, the chances of all by comparison, what the report says besides)."""
    model = open_model(model_path)
    what = "that the model was trained on; its scores out of fold are in elm-landslide inspect"
    sites, counts = select(site_table.read(site_file), site_file, trigger, model.observation.info["blocks"], what)
    model.observation.check(sites)
    present = [design for design in DESIGNS if (sites.kind == design).any()]
    comparators, left_out = all_comparators(lhasa)
    train, fitted_on = None, "nothing: no --train-sites"
    if train_file is not None:
        train = site_table.read(train_file)
        blocks = np.unique(block_of(sites.lat, sites.lon)).tolist()
        train, _ = select(train, train_file, trigger, blocks, "that are evaluated; none is left to fit on")
        model.observation.check(train)
        for design in present:
            if not (train.kind == design).any():
                raise UserError(f"{train_file}: column kind: no row is {design}; the rows evaluated are")
        fitted_on = f"{train.n} rows of {Path(train_file).name} outside the blocks evaluated"
    rows = columns(sites, model, progress)
    train_rows = None if train is None else columns(train, model, progress)
    counts["outside_domain"] = int(designs.outside(model.network, rows).sum())
    notes = Notes(rows=counts, fitted_on=fitted_on, left_out=left_out)
    comparisons, chances, blind = [], {}, None
    if train_rows is not None and present == list(DESIGNS):
        with progress("ablation of the field", 1) as advance:
            blind = ablations.field_without_physics(model.network, model.hazard, model.settings, train_rows, SEED)
            advance(1)
    else:
        notes.left_out["field_without_physics"] = "needs --train-sites, and rows of both comparisons"
    for design in present:
        comparison, at, chance = _comparison(design, model, rows, train_rows, blind, comparators, notes, progress)
        comparisons.append(comparison)
        chances[design] = np.full(sites.n, np.nan)
        chances[design][at] = chance
    return sites, comparisons, chances, notes


def _comparison(
    design: str,
    model: SiteModel,
    rows: SiteRows,
    train: SiteRows | None,
    blind: LandslideNetwork | None,
    comparators: list,
    notes: Notes,
    progress: Callable,
) -> tuple[Comparison, np.ndarray, np.ndarray]:
    """The comparison of a design, its rows in the table, and their chances."""
    at = np.flatnonzero(designs.rows_of_design(design, rows.sites))
    part = rows.rows(at)
    network, observation = model.network, model.observation
    z = designs.log_failing(network, part, design)
    logits = observation.logits(design, part.sites, z)
    chance, members = observation.probabilities(design, logits, float(part.sites.landslide.mean()))
    scores = {report.MODEL: logits.mean(1)}
    if design == "random":
        scores["without_reporting"] = observation.logits(design, part.sites, z, reporting=False).mean(1)
    scores |= ablations.unfitted(network, part, design, z)
    if blind is not None:
        scores["field_without_physics"] = designs.over_days(designs.log_hazard(blind, part, design, "physics"))
    others = None
    if train is not None:
        others = train.rows(np.flatnonzero(designs.rows_of_design(design, train.sites)))
    for comparator in comparators:
        if comparator.fitted:
            if others is None:
                notes.left_out[comparator.name] = "needs --train-sites"
                continue
            comparator.fit(others.sites)
        scores[comparator.name] = comparator.score(part.sites)
        notes.comparators[comparator.name] = comparator.description
    if others is None:
        fitted = ("without_physics", "without_macropores", "without_roots", "boosting_on_elm")
        notes.left_out |= dict.fromkeys(fitted, "needs --train-sites")
    else:
        with progress(f"ablation against {design} row", 4) as advance:
            scores |= ablations.fitted(network, observation.sizes, model.settings, others, part, design, SEED, advance)
    notes.comparators |= {name: text for name, text in ablations.DESCRIPTIONS.items() if name in scores}
    twins = None if others is None else repeated(part.sites, others.sites)
    field = observation.field_probability(design, scores[report.FIELD], float(part.sites.landslide.mean()))
    return Comparison.of(design, part.sites, scores, chance, members, field, twins), at, chance


def _write_scores(sites: Sites, chances: dict[str, np.ndarray], path: Path) -> None:
    """Chances of every row, at the share of landslides in its comparison; empty where a row is not in one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "kind", "landslide", *(f"chance_{design}" for design in chances)])
    for i in range(sites.n):
        values = ["" if np.isnan(v[i]) else f"{v[i]:.6g}" for v in chances.values()]
        writer.writerow([sites.id[i], sites.kind[i], int(sites.landslide[i]), *values])
    with files.whole(path) as part:
        part.write_text(text.getvalue())

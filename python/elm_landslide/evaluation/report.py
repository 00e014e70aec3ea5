"""The report of an evaluation: a plain dictionary, written as evaluation.json.

A comparison is `same_site` (landslides against other dates at their sites) or `random` (against random places and
dates). A score is `field` (the hazard alone, as ELM writes it), `network_alone` (the failing share alone), `model`
(with the observation model, which sees weather that ELM does not have) or the name of a comparator. *_interval: 95 %
intervals [low, high] over blocks, laid out as their measure. What has no value is null, and so are intervals if all
rows are of one block.

    rows                        what the caller counts: used, excluded_blocks (in the model's training blocks),
                                excluded_trigger, landslides, same_site, random, outside_domain
    fitted_on                   what the comparators were fitted on, in words
    draws                       of the bootstrap
    comparators.<score>         what it is, in words
    left_out.<score>            why a comparator is not here
    prevalence.<comparison>     share of landslides
    blocks.<comparison>         number of blocks
    auc, auc_interval           .<comparison>.<score>: area under the ROC curve
    pr_auc, pr_auc_interval     .<comparison>.<score>: average precision; chance gives the prevalence
    hit_rate, hit_rate_interval .<comparison>.<score>.<false-alarm rate>: '0.01', '0.05', '0.10'
    difference                  .<comparison>.<comparator>: model minus comparator on the same draws: auc, auc_interval,
                                pr_auc, pr_auc_interval
    field_difference            likewise, field minus each other score
    brier, brier_skill          .<comparison>, with *_interval: of the model; skill against saying the prevalence
    ece                         of the model, a number: the larger of its comparisons'
    ece_by, ece_by_interval     .<comparison>: of the model
    reliability.<comparison>    of the model, a list over bins of its probability: predicted, observed,
                                observed_interval, n
    spread.<comparison>         of the model's members: spearman (of spread and error), fifths (by spread: spread,
                                error, n); null with one member
    field.<comparison>          brier, brier_skill, ece, each with *_interval, and reliability, of the field
    unrepeated.<comparison>     without rows whose weather is in the training table too (see repeats.py): n,
                                landslides, auc.<score>; null without --train-sites, or with too few rows
    hillslopes                  with --hillslopes: of the failing share on simulated hillslopes, as in
                                training/distribution.py: crps (of the network's distribution), crps_climate,
                                crps_point, crps_alike (of the hillslopes alike), reliability, ece, coverage
    by_accuracy, by_region      .<comparison>.<group>, of the model: n, landslides, prevalence, and auc, pr_auc,
                                hit_rate, brier, brier_skill, ece, each with *_interval and null where there are fewer
                                than 20 landslides or 20 others
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from elm_landslide import files
from elm_landslide.errors import UserError
from elm_landslide.evaluation import groups
from elm_landslide.observation import metrics
from elm_landslide.sites.site_table import Sites

MODEL = "model"  # the network and its observation model
FIELD = "field"  # what ELM writes: LANDSLIDE_HAZARD
FIRST = (FIELD, "network_alone", MODEL)  # of the scores, in this order
_RATES = tuple(f"{rate:.2f}" for rate in metrics.FALSE_ALARM_RATES)
_BY_GROUP = ("auc", "pr_auc", "hit_rate", "brier", "brier_skill", "ece")
# hits: hit rate at that false-alarm rate; the last two: AUC of the model less that of the score
HEADER = ("against", "score", "AUC", "95 %", "PR AUC", *(f"hits {rate:.0%}" for rate in metrics.FALSE_ALARM_RATES),
          "model less", "95 %")  # fmt: skip


@dataclass
class Comparison:
    """Landslides and one kind of rows without one.

    name: same_site or random. repeated bool [n]: the weather is in the training table too, None without such a
    table. landslide bool [n]; block, pair str [n] (a landslide and its same-site rows share a pair,
    '' is none); scores {'model' and comparators: float [n]}; of the model probability [n] and members [n, member];
    field [n]: the probability by the field alone; accuracy (km, NaN unknown), lat and lon (degrees) [n].
    """

    name: str
    landslide: np.ndarray
    block: np.ndarray
    pair: np.ndarray
    scores: dict[str, np.ndarray]
    probability: np.ndarray
    members: np.ndarray
    field: np.ndarray
    accuracy: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    repeated: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        name: str,
        sites: Sites,
        scores: dict[str, np.ndarray],
        probability: np.ndarray,
        members: np.ndarray,
        field: np.ndarray,
        repeated: np.ndarray | None = None,
    ) -> Comparison:
        """Of the rows of a site_table.Sites."""
        columns = ("landslide", "block", "pair", "accuracy", "lat", "lon")
        values = {c: getattr(sites, c) for c in columns}
        return cls(
            name, **values, scores=scores, probability=probability, members=members, field=field, repeated=repeated
        )


@dataclass
class Notes:
    """What a report says besides its measures; see the keys of this module."""

    rows: dict[str, int] = field(default_factory=dict)
    fitted_on: str = ""
    comparators: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def build(comparisons: list[Comparison], notes: Notes, draws: int = 1000, seed: int = 0) -> dict:
    """The report. `draws` resamplings of blocks from `seed`."""
    result: dict[str, Any] = {
        "rows": notes.rows,
        "fitted_on": notes.fitted_on,
        "draws": draws,
        "comparators": notes.comparators,
        "left_out": notes.left_out,
    }
    for comparison in comparisons:
        for key, value in _of(comparison, draws, seed).items():
            result.setdefault(key, {})[comparison.name] = value
    result["ece"] = max(result["ece_by"].values())
    return result


def _of(c: Comparison, draws: int, seed: int) -> dict:
    """What one comparison adds under each key."""
    if c.landslide.all() or not c.landslide.any():
        raise UserError(f"{c.name}: {c.landslide.sum()} landslides among {len(c.landslide)} rows: nothing to compare")
    sample = metrics.resample(c.block, draws, seed)
    measured = {name: metrics.discrimination(c.landslide, score, sample) for name, score in c.scores.items()}
    by_score = {name: _discrimination(measured[name]) for name in sorted(measured, key=_place)}
    fits = _measures(metrics.calibration(c.landslide, c.probability, sample))
    return {
        "prevalence": float(c.landslide.mean()),
        "blocks": sample.counts.shape[1],
        **{key: {name: of[key] for name, of in by_score.items()} for key in by_score[MODEL]},
        "difference": _differences(measured, MODEL),
        "field_difference": _differences(measured, FIELD),
        **{key.replace("ece", "ece_by"): value for key, value in fits.items()},
        "reliability": metrics.reliability(c.landslide, c.probability, sample),
        "spread": metrics.spread(c.landslide, c.members),
        "field": _field(c, sample),
        "unrepeated": _unrepeated(c),
        "by_accuracy": _by_group(c, sample, groups.accuracies(c.accuracy, c.landslide, c.pair)),
        "by_region": _by_group(c, sample, groups.regions(c.lat, c.lon)),
    }


def _differences(measured: dict[str, dict[str, np.ndarray]], score: str) -> dict:
    """A score less each other one, on the same draws; nothing without it."""
    if score not in measured:
        return {}
    of = measured[score]
    return {
        name: _measures({key: of[key] - measures[key] for key in ("auc", "pr_auc")})
        for name, measures in measured.items()
        if name != score
    }


def _place(score: str) -> int:
    """Where a score stands: FIRST, then the others as they come."""
    return FIRST.index(score) if score in FIRST else len(FIRST)


def _field(c: Comparison, sample: metrics.Resampling) -> dict:
    return {
        **_measures(metrics.calibration(c.landslide, c.field, sample)),
        "reliability": metrics.reliability(c.landslide, c.field, sample),
    }


def _unrepeated(c: Comparison) -> dict | None:
    if c.repeated is None:
        return None
    rows = ~c.repeated
    landslide = c.landslide[rows]
    if min(landslide.sum(), (~landslide).sum()) < metrics.FEWEST:
        return None
    one = metrics.resample(c.block[rows], draws=0)
    auc = {name: metrics.discrimination(landslide, score[rows], one)["auc"][0] for name, score in c.scores.items()}
    return {"n": int(rows.sum()), "landslides": int(landslide.sum()), "auc": {k: float(v) for k, v in auc.items()}}


def _measures(measures: dict[str, np.ndarray]) -> dict:
    """Value and interval of each measure [1 + draws]."""
    values = {key: float(draws[0]) for key, draws in measures.items()}
    return {**values, **{f"{key}_interval": metrics.interval(draws) for key, draws in measures.items()}}


def _discrimination(measures: dict[str, np.ndarray]) -> dict:
    rates = {rate: measures[rate] for rate in _RATES}
    return {
        **_measures({key: draws for key, draws in measures.items() if key not in rates}),
        "hit_rate": {rate: float(draws[0]) for rate, draws in rates.items()},
        "hit_rate_interval": {rate: metrics.interval(draws) for rate, draws in rates.items()},
    }


def _by_group(c: Comparison, sample: metrics.Resampling, labels: np.ndarray) -> dict:
    """Measures of the model by group; rows labelled '' count in every group."""
    result = {}
    for name in sorted(set(labels) - {""}):
        rows = (labels == name) | (labels == "")
        landslide, within = c.landslide[rows], sample.rows(rows)
        n, n_landslides = len(landslide), int(landslide.sum())
        values = dict.fromkeys((*_BY_GROUP, *(f"{key}_interval" for key in _BY_GROUP)))
        if min(n_landslides, n - n_landslides) >= metrics.FEWEST:
            values |= _discrimination(metrics.discrimination(landslide, c.scores[MODEL][rows], within))
            values |= _measures(metrics.calibration(landslide, c.probability[rows], within))
        result[name] = {"n": n, "landslides": n_landslides, "prevalence": n_landslides / n, **values}
    return result


def table(result: dict) -> list[tuple[str, ...]]:
    """Rows of text under HEADER: the scores of each comparison, those of FIRST first."""

    def text(value: float | None) -> str:
        return "" if value is None or math.isnan(value) else f"{value:.3f}"

    rows = []
    for comparison, scores in result["auc"].items():
        for name in sorted(scores, key=_place):
            less = result["difference"][comparison].get(name)
            rows.append(
                (
                    comparison,
                    name,
                    text(scores[name]),
                    limits(result["auc_interval"][comparison][name]),
                    text(result["pr_auc"][comparison][name]),
                    *(text(result["hit_rate"][comparison][name][rate]) for rate in _RATES),
                    *((f"{less['auc']:+.3f}", limits(less["auc_interval"])) if less else ("", "")),
                )
            )
    return rows


def limits(pair: Sequence[float | None], digits: str = ".3f") -> str:
    """An interval in words."""
    low, high = pair
    return "none" if low is None or math.isnan(low) else f"{low:{digits}} to {high:{digits}}"


def write(result: dict, path: Path) -> None:
    """Write the report as JSON, whole or not at all; numbers to six digits, what is not finite as null."""
    with files.whole(path) as part:
        part.write_text(json.dumps(_plain(result), indent=1, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value

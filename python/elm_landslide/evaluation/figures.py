"""Figures of an evaluation: ROC curves of the field, the model and comparators, and how reliable probabilities are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from elm_landslide.evaluation.report import FIELD, MODEL, Comparison, limits
from elm_landslide.observation import metrics
from elm_landslide.plots.style import BLACK, BLUE, GREEN, GREY, LIGHT, ORANGE, PURPLE, SKY, VERMILION, new_figure, save

TITLES = {"same_site": "other dates at the sites", "random": "random sites and dates"}
# The comparators that are drawn; ablations are in the table.
DRAWN = {
    MODEL: ("with the observation model", BLACK),
    "gradient_boosting": ("gradient boosting", GREEN),
    "ari7": ("7-day rain index", ORANGE),
    "logistic_rain": ("logistic regression, rain", PURPLE),
    "lhasa_2_1": ("LHASA 2.1 (proxy)", SKY),
    "lhasa_1_1": ("LHASA 1.1 (proxy)", LIGHT),
    "network_alone": ("failing share alone", VERMILION),
}


def draw(comparisons: list[Comparison], result: dict, out: Path) -> list[Path]:
    """Figures of the comparisons and their report (report.build), into the folder `out`."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    made = []
    if comparisons:
        made += [draw_roc(comparisons, result, out / "roc.png")]
        made += [draw_reliability(comparisons, result, out / "reliability.png")]
    if "hillslopes" in result:
        made.append(draw_hillslopes(result["hillslopes"], out / "hillslopes.png"))
    return made


def draw_roc(comparisons: list[Comparison], result: dict, path: Path) -> Path:
    """Hit rate against false-alarm rate, a panel for each comparison."""
    figure = new_figure(5.6 * len(comparisons), 6.2)
    axes = figure.subplots(1, len(comparisons), sharey=True, squeeze=False)
    for axis, comparison in zip(axes[0], comparisons, strict=True):
        _draw_curves(axis, comparison, result)
    axes[0, 0].set_ylabel("hit rate")
    return save(figure, path)


def _draw_curves(axis: Axes, comparison: Comparison, result: dict) -> None:
    name, auc = comparison.name, result["auc"][comparison.name]
    landslide, weights = comparison.landslide, np.ones((1, len(comparison.landslide)))
    axis.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.0)
    main = FIELD if FIELD in auc else MODEL  # what ELM writes, where it is scored
    for score in sorted({main, *DRAWN} & auc.keys(), key=lambda score: (score != main, -auc[score])):
        _, hits, false = metrics.roc(landslide, comparison.scores[score], weights)
        false_rate, hit_rate = false[0] / false[0, -1], hits[0] / hits[0, -1]
        if score == main:
            words = "LANDSLIDE_HAZARD" if main == FIELD else "model"
            label = f"{words} {auc[score]:.3f} ({limits(result['auc_interval'][name][score])})"
            axis.plot(false_rate, hit_rate, color=BLUE, linewidth=2.8, label=label, zorder=4)
        else:
            words, colour = DRAWN[score]
            axis.plot(false_rate, hit_rate, color=colour, linewidth=1.2, label=f"{words} {auc[score]:.3f}")
    marks = {float(rate): value for rate, value in result["hit_rate"][name][main].items()}
    axis.plot(list(marks), list(marks.values()), "o", color=VERMILION, markeredgecolor="white", markersize=8, zorder=5)
    for rate, value in marks.items():
        text = f"{value:.2f} at {100.0 * rate:.0f} %"
        place: dict[str, Any] = dict(xytext=(10, -10), textcoords="offset points", fontsize=8, zorder=6)
        axis.annotate(
            text, (rate, value), color=VERMILION, bbox=dict(facecolor="white", edgecolor="none", pad=1), **place
        )
    n = int(landslide.sum())
    axis.set_title(f"against {TITLES.get(name, name)}\n{n:,} landslides, {len(landslide) - n:,} others", fontsize=11)
    axis.set_xlabel("false-alarm rate")
    axis.set_xlim(-0.01, 1.01)
    axis.set_ylim(-0.01, 1.01)
    axis.set_aspect("equal")
    axis.grid(alpha=0.3)
    axis.legend(title="area under the curve (95 % interval)", title_fontsize=8, fontsize=8, loc="lower right")


def draw_hillslopes(of: dict, path: Path) -> Path:
    """Failing share of simulated hillslopes against what the network says, in bins with equal numbers of states."""
    figure = new_figure(5.6, 5.6)
    axis = figure.subplots()
    predicted, found, _ = np.array(of["reliability"]).T
    axis.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.0)
    spread = np.sqrt(of["intraclass"] * predicted * (1.0 - predicted))
    low, high = np.clip(predicted - spread, 0.0, 1.0), np.clip(predicted + spread, 0.0, 1.0)
    axis.fill_between(
        predicted, low, high, color=SKY, alpha=0.3, linewidth=0, label="one standard deviation between hillslopes"
    )
    axis.plot(predicted, found, "o-", color=BLUE, markersize=5, linewidth=1.8, label="mean of simulated hillslopes")
    known = f"; of hillslopes alike {of['crps_alike']:.3f}" if "crps_alike" in of else ""
    lines = (
        f"calibration error {of['ece']:.3f}",
        f"CRPS {of['crps']:.3f}; of all shares {of['crps_climate']:.3f}{known}",
        f"{of['coverage']:.0%} within the central {of['interval']:.0%}",
    )
    axis.text(0.02, 0.98, "\n".join(lines), transform=axis.transAxes, va="top", fontsize=9)
    axis.set_title(f"{of['members']:,} simulated hillslopes, {of['states']:,} states", fontsize=11)
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="LANDSLIDE_PROB", ylabel="share of the area with FoS < 1")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, loc="lower right")
    return save(figure, path)


def draw_reliability(comparisons: list[Comparison], result: dict, path: Path) -> Path:
    """Observed share against predicted probability over bins, above a histogram of the probabilities."""
    figure = new_figure(5.2 * len(comparisons), 6.6)
    axes = figure.subplots(2, len(comparisons), height_ratios=(3.2, 1.0), sharex=True, sharey="row", squeeze=False)
    for (axis, below), comparison in zip(axes.T, comparisons, strict=True):
        _draw_bins(axis, comparison, result)
        slid, edges = comparison.landslide, np.linspace(0.0, 1.0, 26)
        parts = [comparison.probability[slid], comparison.probability[~slid]]
        below.hist(parts, edges, stacked=True, color=[VERMILION, SKY], label=["landslides", "others"])
        below.set_xlabel("probability of the model")
        below.grid(alpha=0.3)
    axes[0, 0].set_ylabel("share of landslides")
    axes[1, 0].set_ylabel("rows")
    axes[1, -1].legend(fontsize=8)
    return save(figure, path)


def _draw_bins(axis: Axes, comparison: Comparison, result: dict) -> None:
    name = comparison.name
    table = result["reliability"][name]
    predicted, observed = (np.array([row[key] for row in table]) for key in ("predicted", "observed"))
    intervals = np.array([row["observed_interval"] for row in table]).T
    axis.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.0)
    axis.axhline(result["prevalence"][name], color=GREY, linestyle="--", linewidth=1.0)
    axis.text(0.99, result["prevalence"][name] + 0.012, "prevalence", color=GREY, fontsize=8, ha="right")
    axis.vlines(predicted, *intervals, color=BLUE, linewidth=1.2)
    axis.plot(predicted, observed, "o-", color=BLUE, markersize=5, linewidth=1.8)
    lines = (
        f"calibration error {result['ece_by'][name]:.3f} ({limits(result['ece_by_interval'][name])})",
        f"Brier score {result['brier'][name]:.3f}, skill {result['brier_skill'][name]:.2f}",
    )
    axis.text(0.02, 0.98, "\n".join(lines), transform=axis.transAxes, va="top", fontsize=9)
    axis.set_title(f"against {TITLES.get(name, name)}", fontsize=11)
    axis.set_xlim(-0.01, 1.01)
    axis.set_ylim(-0.01, 1.01)
    axis.grid(alpha=0.3)

"""Hillslopes over draws of the priors: balances, the infinite slope as a limit, sizes of landslides, signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
from scipy import stats

from elm_landslide.physics.constants import SECONDS_PER_HOUR
from elm_landslide.simulator import member
from elm_landslide.simulator.ensemble import Ensemble, Runner
from elm_landslide.simulator.prior import LIMITS
from elm_landslide.simulator.sizes import SIZES, exponent_interval
from elm_landslide.simulator.validation.check import Check

SEED = 7
_FEWEST = 5  # pairs of draws that must differ for a sign to be judged


@cache
def _runner(members: int, settings: member.Settings) -> Runner:
    return Runner(Ensemble(members, SEED, settings))


def ensembles(
    run_map: Callable, members: int, advance: Callable[[], None], settings: member.Settings | None = None
) -> Iterator[Check]:
    """Checks over `members` draws of the priors; run_map: as map, over processes; advance: called after each draw."""
    results, settings = [], settings or member.Settings()
    for result in run_map(_experiments, range(members), [members] * members, [settings] * members):
        results.append(result)
        advance()
    worst = max(f["balance"] for f in results)
    yield Check(
        "water of columns and hillslopes", f"balances close within {worst:.1e} of the input", "1e-9", worst <= 1e-9
    )
    mismatches = sum(f["mismatches"] for f in results)
    cells, unstable = sum(f["cells"] for f in results), sum(f["unstable"] for f in results)
    yield Check(
        "without bonds and macropores: the infinite slope",
        f"{mismatches} of {cells} cells whose release differs from FoS < 1 ({unstable} are below)",
        "none, and some below",
        mismatches == 0 and unstable > 0,
    )
    yield frequency_area([f["as drawn"]["area"] for f in results])
    yield from _roots([(f["weak roots"], f["strong roots"]) for f in results])
    yield _macropores([(f["no macropores"], f["macropores"]) for f in results])


def _experiments(i: int, members: int, settings: member.Settings) -> dict:
    """Member i as it is drawn, and with one thing changed."""
    runner = _runner(members, settings)
    parameters = runner.parameters(i)
    trees = {**parameters, "cover": 0.0, "cleared": 1.0}
    most = LIMITS["macropore_share"][1]
    drawn = _landslides(runner, i, parameters)
    fine = _runner(members, replace(settings, substeps=2))  # half hours, to tell which fails first
    return {
        "as drawn": drawn,
        "balance": drawn["balance"],
        "weak roots": _landslides(runner, i, trees, root_factor=0.3),
        "strong roots": _landslides(runner, i, trees, root_factor=2.0),
        "no macropores": _landslides(fine, i, parameters, macropore_share=0.0),
        "macropores": _landslides(fine, i, parameters, macropore_share=most),
        **_infinite_slope(runner, i, parameters),
    }


def _landslides(runner: Runner, i: int, parameters: dict[str, float], **changes) -> dict:
    """Areas (cells) of the landslides of the storm, when cells slid in it (s, in order), and the balance."""
    settings = runner.ensemble.settings
    scene = runner.scene(i, parameters, **changes)
    outcome = member.run(scene, settings)
    times = scene.hill.released_at
    return {
        "area": outcome["event_area"][outcome["event_initial"] == 0.0] / settings.size**2,
        "time": np.sort(times[(times >= -settings.lead * SECONDS_PER_HOUR) & (times < np.inf)]),
        "balance": float(outcome["balance"]),
    }


def _infinite_slope(runner: Runner, i: int, parameters: dict[str, float]) -> dict[str, int]:
    """Without bonds and macropores: cells whose release differs in some hour from FoS < 1 on bedrock so far."""
    settings = runner.ensemble.settings
    scene = runner.scene(i, parameters, bonds=False, macropore_share=0.0)
    storm = member.begin(scene, settings)
    below = scene.hill.factor_of_safety()[:, -1] < 1.0
    mismatch = scene.hill.released != below
    for hour in range(settings.hours):
        member.advance(scene, storm, settings, hour)
        below |= scene.hill.factor_of_safety()[:, -1] < 1.0
        mismatch |= scene.hill.released != below
    return {"mismatches": int(mismatch.sum()), "unstable": int(below.sum()), "cells": len(below)}


def frequency_area(by_member: list[np.ndarray]) -> Check:
    """The density of areas falls as those of published models and inventories do."""
    best, low, high = exponent_interval([np.rint(a) for a in by_member])
    n = sum(len(a) for a in by_member)
    interval = f"-{high:.2f} to -{low:.2f}" if np.isfinite(low) else "none"
    return Check(
        "frequency and area of landslides",
        f"exponent -{best:.2f}, 95 % interval {interval}; {n}, {SIZES[0]} to {SIZES[1]} cells",
        "-1.0 to -2.2, the interval too",
        bool(low >= 1.0 and high <= 2.2),
    )


def _sign(more: int, less: int) -> tuple[float, bool]:
    """(p of the one-sided sign test, whether it is below 0.01 and enough draws differ)."""
    if more + less < _FEWEST:
        return np.nan, False
    p = stats.binomtest(more, more + less, 0.5, alternative="greater").pvalue
    return p, bool(p < 0.01)


def _roots(pairs: list[tuple[dict, dict]]) -> Iterator[Check]:
    requirement = "more often larger, p < 0.01"
    fewer = sum(len(strong["area"]) < len(weak["area"]) for weak, strong in pairs)
    more = sum(len(strong["area"]) > len(weak["area"]) for weak, strong in pairs)
    p, clear = _sign(fewer, more)
    yield Check(
        "stronger roots: fewer landslides",
        f"in {fewer} draws, more in {more} (p {p:.1g})",
        "more often fewer, p < 0.01",
        clear,
    )
    # Sizes have heavy tails, and a hillslope that loses all is one landslide of its size: geometric means, in pairs.
    logs = [[np.log(run["area"]).mean() for run in pair] for pair in pairs if all(len(run["area"]) for run in pair)]
    if len(logs) < _FEWEST:
        yield Check("stronger roots: larger landslides", f"{len(logs)} draws slide with both", requirement, False)
        return
    weak, strong = np.array(logs).T
    p = stats.wilcoxon(strong, weak, alternative="greater").pvalue
    yield Check(
        "stronger roots: larger landslides",
        f"geometric mean larger in {(strong > weak).sum()} draws, smaller in {(strong < weak).sum()}; "
        f"{np.exp(strong.mean()):.2f} against {np.exp(weak.mean()):.2f} cells in all (p {p:.1g})",
        requirement,
        bool(p < 0.01),
    )


def _macropores(pairs: list[tuple[dict, dict]]) -> Check:
    """Compares when half of the area has failed that fails in the run of the pair that fails less."""
    times = []
    for pair in pairs:
        half = (min(len(run["time"]) for run in pair) + 1) // 2  # cells, of the run that fails less
        times.append([run["time"][max(half, 1) - 1] if len(run["time"]) else np.inf for run in pair])
    without, with_them = np.array(times).T
    earlier, later = int((with_them < without).sum()), int((with_them > without).sum())
    p, clear = _sign(earlier, later)
    return Check(
        "macropores: failure comes earlier",
        f"in {earlier} draws, later in {later}, as early or never in {len(pairs) - earlier - later} (p {p:.1g})",
        "more often earlier, p < 0.01",
        clear,
    )

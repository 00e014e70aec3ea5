"""Which way the fields answer to lost roots, grass in place of trees and more rain, and where the model is outside.

At one state of soil water: what the change would do to ELM's own water is not in these. Without trees their load is
gone too, which makes a cohesive slope stronger; so grass can be the safer cover for a while, and a further change keeps
the load.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from elm_landslide.evaluation.climates import CLIMATES, columns
from elm_landslide.fields import FIELDS, FLAGS, MISSING, N_IN, OUTPUTS, RAIN_WINDOWS, ROOTS, SPVAL, put
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.land_cover import covers, grass_for_trees
from elm_landslide.offline.memory import HANDED
from elm_landslide.offline.outside import Outside
from elm_landslide.offline.samples import SITES, sample_inputs
from elm_landslide.runtime.description import describe
from elm_landslide.runtime.fortran import FortranModel
from elm_landslide.training.sampling import sample_columns

COUNT = 4000  # columns of a climate
SAMPLED = 3000
SEED = 20261127
TOLERANCE = 1e-9  # relative; less is rounding
MORE_RAIN = 1.07  # a kelvin of warming, by Clausius and Clapeyron


def without_roots(x: np.ndarray) -> np.ndarray:
    """Columns whose roots hold nothing."""
    changed = x.copy(order="F")
    put(changed, "root_strength_left", 0.0)
    return changed


def grass_under_the_load(x: np.ndarray) -> np.ndarray:
    """Grass where trees were, with the weight of what stood there."""
    changed = grass_for_trees(x)
    carbon = x[:, FIELDS["vegetation_carbon"].offset]
    typical = covers(x) @ np.array(ROOTS["carbon"])
    put(changed, "vegetation_carbon", np.where(np.abs(carbon) < MISSING, carbon, typical))
    return changed


def more_rain(x: np.ndarray) -> np.ndarray:
    """Columns with 7 % more rain and water that reaches the soil."""
    changed = x.copy(order="F")
    for name in (*RAIN_WINDOWS, "water_input"):
        values = x[:, FIELDS[name].columns]
        changed[:, FIELDS[name].columns] = np.where(np.abs(values) < MISSING, values * MORE_RAIN, values)
    return changed


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "roots lost": without_roots,
    "grass for trees": grass_for_trees,
    "the same, load kept": grass_under_the_load,
    "7 % more rain": more_rain,
}


def answers(component: FortranModel, domain: dict, x: np.ndarray) -> dict:
    """Counts for columns x [n, N_IN]: columns; outside, and by which input; for each change how many stay inside, and
    how many of a field fall against the sign."""
    x = np.asfortranarray(x)
    y, flag = component.run(x)
    outside = Outside(domain)
    outside.add(x, flag)
    inside = flag < FLAGS["outside"]
    counts: dict = {"columns": len(x), "outside": int((flag == FLAGS["outside"]).sum()), "by": dict(outside.counts)}
    for name, change in CHANGES.items():
        after, later = component.run(change(x))
        both = inside & (later < FLAGS["outside"])
        falls = {
            output: int((after[both, OUTPUTS[output].index] < (1.0 - TOLERANCE) * y[both, OUTPUTS[output].index]).sum())
            for output in ("hazard", "probability")
        }
        counts[name] = {"columns": int(both.sum()), **falls}
    return counts


def report(model: Path, advance: Callable[[int], None]) -> dict:
    """The counts of `answers` for every climate, for SAMPLED columns over the domain of the training and for all
    records of the samples of ELM output. advance(1) after each."""
    domain = describe(model)["model"]["domain"]
    result = {}
    with FortranModel(model) as component:

        def add(name: str, x: np.ndarray) -> None:
            result[name] = answers(component, domain, x)
            advance(1)

        for name, climate in CLIMATES.items():
            add(name, columns(climate, COUNT, SEED))
        sampled = sample_columns(SAMPLED, SEED).numpy()
        for name in HANDED:  # ground that remembers other cover answers over years (offline/recovery.py), not at once
            put(sampled, name, SPVAL)
        add("sampled over the training domain", sampled)
        for sample in SITES:
            source = Columns(sample_inputs(sample))
            try:
                x = np.concatenate([source.x(record) for record in source.records])
            finally:
                source.close()
            add(f"sample {sample}", x.reshape(-1, N_IN))
    return result


def cases() -> int:
    """How many a report has."""
    return len(CLIMATES) + 1 + len(SITES)

"""How landslide probability answers to a disturbance over the years, at equal weather."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from elm_landslide.fields import OUTPUTS, SPVAL
from elm_landslide.model.model_file import SHIPPED, sha256
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.land_cover import grass_for_trees
from elm_landslide.ranks import Progress, silent
from elm_landslide.runtime.fortran import FortranModel
from elm_landslide.runtime.root_memory import RootMemory

YEARS = np.concatenate([np.arange(0.0, 20.0, 0.5), np.arange(20.0, 51.0, 2.0)])
# Fractions of (trees, shrubs) that die, that are uprooted, and whether grass takes the place of trees.
EVENTS = {
    "all trees cut": ((1.0, 0.0), (0.0, 0.0), False),
    "half of the trees cut": ((0.5, 0.0), (0.0, 0.0), False),
    "fire": ((1.0, 1.0), (0.0, 0.0), False),
    "all trees uprooted": ((0.0, 0.0), (1.0, 0.0), False),
    "trees to grass": ((0.0, 0.0), (0.0, 0.0), True),
}


@dataclass(frozen=True)
class Curve:
    """After one event, by year: root cohesion relative to that without loss; means over the columns and records of the
    probability and the hazard, relative to those without the event."""

    roots: list[float]
    probability: list[float]
    hazard: list[float]


@dataclass(frozen=True)
class Recovery:
    """years: since the event; curves by event. probability, hazard: means without one."""

    model_sha256: str
    columns: int
    records: int
    years: list[float]
    probability: float
    hazard: float
    curves: dict[str, Curve]

    def as_dict(self) -> dict:
        return asdict(self)


def recover(inputs: Inputs, model: Path | None = None, progress: Progress = silent) -> Recovery:
    """All events, for all records of the inputs at every year since.

    progress: context manager that takes the number of steps and gives a function to call after each.
    """
    columns = Columns(inputs)
    try:
        x = np.asfortranarray(np.concatenate([columns.x(record) for record in columns.records]))
    finally:
        columns.close()
    with (
        FortranModel(model or SHIPPED) as component,
        progress(len(EVENTS) * len(YEARS)) as advance,
    ):

        def means(inputs: np.ndarray) -> np.ndarray:
            """Mean probability and hazard of the columns that are valid."""
            y, _ = component.run(inputs)
            y = y[:, [OUTPUTS["probability"].index, OUTPUTS["hazard"].index]]
            return y[(y < SPVAL).all(axis=1)].mean(axis=0)

        whole = means(x)
        curves = {}
        for name, (lost, torn, to_grass) in EVENTS.items():
            memory, after = RootMemory(len(x)), grass_for_trees(x) if to_grass else x
            memory.advance(0.0, x)
            memory.advance(0.0, after, lost, torn)
            rows = []
            for years in np.diff(YEARS, prepend=0.0):
                memory.advance(years, after)
                handed = after.copy(order="F")
                strength = memory.ground(handed).mean()
                rows.append([strength, *(means(handed) / whole)])
                advance()
            roots, probability, hazard = np.array(rows).T.tolist()
            curves[name] = Curve(roots, probability, hazard)
    probability, hazard = whole.tolist()
    return Recovery(
        sha256(model or SHIPPED), columns.run.size, len(columns.records), YEARS.tolist(), probability, hazard, curves
    )

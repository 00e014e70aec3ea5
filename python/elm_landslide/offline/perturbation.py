"""What a scenario may change in a run: the place for elm_landslide.scenario, which this folder does not know."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from elm_landslide.offline.disturbance import Losses
from elm_landslide.offline.history_files import Record


class Perturbation(Protocol):
    """Changes to the columns of one rank; what it does not change keeps every bit.

    changes_cover: whether `cover` does anything. losses: what the columns lose, in order of time, on the time axis of
    the history, at every time at which a column of any rank does, and without loss at every time at which cover
    changes; where there is one, the run remembers roots. attributes: for the output file.
    """

    changes_cover: bool
    losses: list[Losses]
    attributes: dict[str, str]

    @property
    def tally(self) -> Any:
        """What the ranks sum at the end of the run."""

    def water(self, record: Record, x: np.ndarray) -> None:
        """Change rain and states of water in x (n, N_IN), in place."""

    def cover(self, time: float, x: np.ndarray) -> None:
        """Change cover, roots, leaves and carbon in x (n, N_IN), in place, to those of a time."""

    def derived(self, tallies: list) -> list[str]:
        """Lines for the attribute `derived`; tallies: of all ranks."""

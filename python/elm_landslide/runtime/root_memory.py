"""Roots that remember, column by column: the Fortran component's own routine, as ELM calls it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from elm_landslide.fields import FIELDS, N_IN, ROOTS, SPVAL
from elm_landslide.physics.root_profile import COVERS
from elm_landslide.runtime.fortran import procedure

KINDS = ("tree", "shrub", "open")
_COVERS = [FIELDS[f"{name}_cover"].offset for name in COVERS]


def states() -> int:
    """How many numbers the memory of one column takes."""
    return int(procedure("root_states")()[0])


def cohorts(state: np.ndarray) -> np.ndarray:
    """What a state (n, states()) says of its cohorts, [n, kind (tree, shrub, open), cohort, number]; the first number
    is the area (fraction of the column)."""
    head = int(procedure("root_states")()[1])
    return state[:, head:].reshape(len(state), len(KINDS), ROOTS["cohorts"], -1)


class RootMemory:
    """What n columns have lost of their roots, and what has grown since.

    state: (n, states()) float64, all that there is to keep; fortran/landslide_roots.F90 says what is in it.
    """

    def __init__(self, n: int):
        self.state = np.zeros((n, states()), order="F")
        procedure("roots_start")(self.state)

    def advance(
        self,
        years: ArrayLike,
        x: np.ndarray | None = None,
        lost: ArrayLike = 0.0,
        torn: ArrayLike = 0.0,
        coarse_carbon: ArrayLike = SPVAL,
    ) -> None:
        """Advance to the end of a step.

        years: its length, (n) or one for all. x: (n, N_IN) inputs at its end, of which cover and root carbon are
        read; None where they are not known, and count as unchanged. lost: fractions of trees and shrubs whose roots die
        in the step, (n, 2) or what broadcasts to it; torn: fractions uprooted, likewise. coarse_carbon: of coarse roots
        of trees and shrubs (kg C/m2), likewise, SPVAL if unknown.
        """
        n = len(self.state)
        x = np.full((n, N_IN), SPVAL) if x is None else x

        def one(values: ArrayLike) -> np.ndarray:
            return np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.float64), (n,)))

        def two(values: ArrayLike) -> np.ndarray:
            return np.asfortranarray(np.broadcast_to(np.asarray(values, dtype=np.float64), (n, 2)))

        root_carbon = one(x[:, FIELDS["root_carbon"].offset])
        procedure("roots_advance")(
            self.state, one(years), self._cover(x), two(lost), two(torn), root_carbon, two(coarse_carbon)
        )

    def ground(self, x: np.ndarray) -> np.ndarray:
        """Put what is remembered into x (n, N_IN), Fortran order, in place: tree_ground, shrub_ground, vegetation_left,
        and what dead roots add to root_fraction and root_carbon; columns without loss stay as they are. Returns the
        root cohesion relative to that without loss, area mean (n)."""
        strength = np.ones(len(self.state))
        procedure("roots_ground")(self.state, self._cover(x), x, strength)
        return strength

    @staticmethod
    def _cover(x: np.ndarray) -> np.ndarray:
        return np.asfortranarray(x[:, _COVERS])

"""Checks of the simulator against theory, TRIGRS and the genuine ELM: elm-landslide simulate --validate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from elm_landslide.simulator.validation import bundles, columns, genuine_elm, hillslopes
from elm_landslide.simulator.validation.check import Check

__all__ = ["MEMBERS", "Check", "run"]
MEMBERS = 400  # draws of the priors


def run(
    run_map: Callable = map,
    members: int = MEMBERS,
    history: list[Path] | None = None,
    surface: Path | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Iterator[Check]:
    """All checks, each as it ends.

    run_map: as map, over processes; members: draws of the priors; history, surface: daily means of ELM (h0) and its
    surface dataset, without which the check against ELM is skipped; advance: called after each draw.
    """
    yield from bundles.checks()
    yield from columns.checks()
    yield from genuine_elm.checks(history, surface)
    yield from hillslopes.ensembles(run_map, members, advance)

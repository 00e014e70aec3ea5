"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """name: what is checked; figure: what was found; wanted: what must hold; holds: None where it could not be run,
    with the reason in `figure`."""

    name: str
    figure: str
    wanted: str
    holds: bool | None

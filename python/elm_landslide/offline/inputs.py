"""What a run reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Inputs:
    """The files of a run, and values that override them.

    history: ELM history files with the states; surface: an ELM surface dataset; constants: history files with the soil
    constants and daily mean rain (may be empty); rain: further history files with time means of RAIN. overrides: values
    by field name, used everywhere in place of what the files say. landuse: a file of cover by year
    (flanduse_timeseries); disturbance: a file of losses of roots by date; state: what an earlier run remembered of
    roots; moisture_offset: offsets of soil moisture by month; static: what maps say of the cells (elm-landslide
    static), in place of the surface dataset; rain_factor: intensity of rain where it falls, by month; scenario: a TOML
    file, which elm_landslide.scenario reads.
    """

    history: Sequence[Path | str]
    surface: Path | str
    constants: Sequence[Path | str] = ()
    rain: Sequence[Path | str] = ()
    overrides: Mapping[str, float] = field(default_factory=dict)
    landuse: Path | str | None = None
    disturbance: Path | str | None = None
    state: Path | str | None = None
    moisture_offset: Path | str | None = None
    static: Path | str | None = None
    rain_factor: Path | str | None = None
    scenario: Path | str | None = None

    @property
    def paths(self) -> list[Path | str]:
        return [*self.history, *self.constants, *self.rain, self.surface, *self.further]

    @property
    def further(self) -> list[Path | str]:
        """Those of the files that a run can do without and that are not ELM's history."""
        optional = (
            self.static,
            self.landuse,
            self.disturbance,
            self.state,
            self.moisture_offset,
            self.rain_factor,
            self.scenario,
        )
        return [path for path in optional if path]

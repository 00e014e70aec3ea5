"""The options that commands share, and what their values mean."""

from __future__ import annotations

import glob
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from elm_landslide.errors import UserError
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.samples import sample_inputs

History = Annotated[
    list[str] | None, typer.Option(help="ELM history files with the states (h1, or h0), or quoted patterns.")
]
Constants = Annotated[
    list[str] | None, typer.Option(help="ELM history files with the soil constants and daily mean rain (h0).")
]
Rain = Annotated[
    list[str] | None,
    typer.Option(help="Further history files with time means of RAIN, for the antecedent rain of 1, 3 and 7 days."),
]
Surface = Annotated[Path | None, typer.Option(help="ELM surface dataset (fsurdat).")]
Sample = Annotated[
    Literal["susquehanna", "steep"] | None, typer.Option(help="Use a sample of the package instead of files.")
]
Model = Annotated[Path | None, typer.Option(help="Model file; the shipped one by default.")]
Override = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Use one value for an input field everywhere; may be repeated."),
]
BaseRate = Annotated[
    float,
    typer.Option(
        help="For LANDSLIDE_CHANCE: rain-triggered landslides per km2 of steep land (over 10 degrees) and year where "
        "the hazard is 1; by default the world's news reports."
    ),
]
Static = Annotated[
    Path | None,
    typer.Option(help="What maps say of the cells (elm-landslide static), in place of the surface dataset's values."),
]
LandUse = Annotated[
    Path | None, typer.Option(help="Cover by year (flanduse_timeseries): roots follow it with their lag.")
]
Disturbance = Annotated[
    Path | None,
    typer.Option(
        help="netCDF of trees cut, burned or uprooted: FRACTION, KIND (1 cut, 2 fire, 3 uprooted) and DATE (yyyymmdd) "
        "on (event, cells of the surface dataset), with LATIXY and LONGXY."
    ),
]
MoistureOffset = Annotated[
    Path | None,
    typer.Option(
        help="netCDF of offsets of soil moisture (m3/m3) by month, which elm-landslide assimilate writes: added to the "
        "liquid water."
    ),
]
RainFactor = Annotated[
    Path | None,
    typer.Option(
        help="netCDF of rain by month where it falls, over that of the cell: rain_factor (1) on (month, cells of the "
        "surface dataset), or rain_fraction, the share of the cell under rain; with LATIXY and LONGXY."
    ),
]
Scenario = Annotated[
    Path | None,
    typer.Option(
        help="TOML file of other rain, temperature, cover or disturbances by region and time (README, What if)."
    ),
]
State = Annotated[
    Path | None, typer.Option(help="What an earlier part of the run remembered of roots (--write-state).")
]
WriteState = Annotated[
    Path | None, typer.Option(help="Write what is remembered of roots, with which the next part of the run starts.")
]
Engine = Annotated[
    Literal["tile", "torchscript"],
    typer.Option(help="Engine that runs the network; torchscript needs torch and elm-landslide plugin build."),
]
InstructionSet = Annotated[
    Literal["auto", "baseline", "avx2", "avx512"], typer.Option(help="For the tile engine; the results are the same.")
]


_LISTS = ("--history", "--constants", "--rain", "--satellite", "--third")


class ListOptions(TyperCommand):
    """Lets a list option take the words that a shell pattern expands to: --history a.nc b.nc."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spread, current = [], None
        for word in args:
            if word.startswith("-"):
                current = word if word in _LISTS else None
                if current is None:
                    spread.append(word)
            elif current:
                spread += [current, word]
            else:
                spread.append(word)
        return super().parse_args(ctx, spread)


def inputs(
    sample: str | None,
    history: list[str] | None,
    constants: list[str] | None,
    rain: list[str] | None,
    surface: Path | None,
    override: list[str] | None,
    landuse: Path | None = None,
    disturbance: Path | None = None,
    state: Path | None = None,
    static: Path | None = None,
    moisture_offset: Path | None = None,
    rain_factor: Path | None = None,
    scenario: Path | None = None,
) -> Inputs:
    """The files of a run, from a sample or as given, and the values that override them."""
    values = overrides(override or [])
    further: dict[str, Any] = {
        "landuse": landuse,
        "disturbance": disturbance,
        "state": state,
        "moisture_offset": moisture_offset,
        "static": static,
        "rain_factor": rain_factor,
        "scenario": scenario,
    }
    if sample:
        if history or constants or rain or surface:
            raise UserError("--sample takes the place of the files: give one or the other")
        files = sample_inputs(sample)
        return replace(files, overrides=values, **further)
    if not history or not surface:
        raise UserError("give --history and --surface (and --constants), or --sample susquehanna | steep")
    return Inputs(expand(history), surface, expand(constants or []), expand(rain or []), values, **further)


def expand(patterns: list) -> list[str]:
    """Files of patterns that the shell has not expanded; a pattern without a file is an error."""
    paths = []
    for pattern in map(str, patterns):
        matches = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        if not matches:
            raise UserError(f"{pattern}: no such file")
        paths += matches
    return paths


def overrides(words: list[str]) -> dict[str, float]:
    """Values by field name, from FIELD=NUMBER."""
    values = {}
    for word in words:
        name, equals, value = word.partition("=")
        try:
            values[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise UserError(f"--set {word}: wanted FIELD=NUMBER, for example --set root_strength_left=0")
    return values

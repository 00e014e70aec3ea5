"""What words on the command line stand for."""

from __future__ import annotations

import glob

from typer.core import TyperCommand

from elm_landslide.errors import UserError

_LISTS = ("--history", "--constants", "--rain")


class ListOptions(TyperCommand):
    """Lets a list option take the words that a shell pattern expands to: --history a.nc b.nc."""

    def parse_args(self, ctx, args):
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


def inputs(sample, history, constants, rain, surface):
    """History, constants, rain and surface files, of a sample or as given."""
    if sample:
        if history or constants or rain or surface:
            raise UserError("--sample takes the place of the files: give one or the other")
        from elm_landslide.offline.samples import sample_files

        history, constants, surface = sample_files(sample)
        return history, constants, [], surface
    if not history or not surface:
        raise UserError("give --history and --surface (and --constants), or --sample susquehanna | steep")
    return expand(history), expand(constants or []), expand(rain or []), surface


def expand(patterns: list) -> list[str]:
    """Files of patterns that the shell has left alone; a pattern without a file is an error."""
    paths = []
    for pattern in map(str, patterns):
        found = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        if not found:
            raise UserError(f"{pattern}: no such file")
        paths += found
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

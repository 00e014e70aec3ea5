"""What the attribute cell_methods of CF says of a variable along time."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"\([^()]*\)")
_METHOD = re.compile(r"((?:[\w.-]+\s*:\s*)+)(\w+)")


def along_time(cell_methods: str) -> list[str]:
    """The methods that concern time, in order: 'area: mean time: point' gives ['point']."""
    methods = _METHOD.findall(_COMMENT.sub(" ", cell_methods))
    return [method for names, method in methods if "time" in re.split(r"[\s:]+", names)]


def is_time_mean(cell_methods: str) -> bool:
    """Whether the values are means over the intervals of the time axis: 'mean', and nowhere 'point' or another."""
    return set(along_time(cell_methods)) == {"mean"}

"""Marked lines in the user's own ELM files. Taking them out restores the file, whatever else was edited."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from elm_landslide.e3sm import sources
from elm_landslide.errors import UserError

BEGIN, END = "! ELM-Landslide: begin", "! ELM-Landslide: end"


@dataclass(frozen=True)
class Hook:
    """Lines of cime_config/hooks.toml."""

    file: str
    pattern: str
    place: str
    text: str
    why: str


def read() -> tuple[dict[str, list[Hook]], list[dict]]:
    """Hooks by file, and the modules that have other names in older versions of ELM."""
    data = tomllib.loads(sources.data_file("hooks.toml").read_text())
    files: dict[str, list[Hook]] = {}
    for entry in data["hook"]:
        hook = Hook(**entry)
        files.setdefault(hook.file, []).append(hook)
    return files, data["module"]


def block(text: str) -> str:
    """Lines between the marks, which are indented like them."""
    text = text.strip("\n")
    margin = text[: len(text) - len(text.lstrip(" "))]
    return f"{margin}{BEGIN}\n{text}\n{margin}{END}\n"


def insert(text: str, hooks: list[Hook], name: str) -> str:
    """The text of file `name` with the hooks. UserError where a pattern does not match exactly one line."""
    lines = text.split("\n")
    source = sources.data_file("hooks.toml")
    additions = []
    for hook in hooks:
        found = [i for i, line in enumerate(lines) if re.search(hook.pattern, line.rstrip("\r"))]
        if len(found) != 1:
            count = f"{len(found)} lines match" if found else "no line matches"
            raise UserError(
                f"{name}: {count} the pattern {hook.pattern} ({hook.why}); nothing was changed. The file is of "
                f"a version of ELM that ELM-Landslide does not know, or was edited there: adapt the pattern in {source}"
            )
        after = hook.place == "after"
        at = found[0] + after
        if at > 0 and lines[at - 1].split("!")[0].rstrip().endswith("&"):
            raise UserError(f"{name}: the line at the pattern {hook.pattern} is continued; nothing was changed")
        additions.append((at, block(hook.text)))
    for at, addition in sorted(additions, key=lambda pair: pair[0], reverse=True):
        lines[at:at] = addition.rstrip("\n").split("\n")
    return "\n".join(lines)


def strip(text: str, name: str) -> str:
    """The text without the marked blocks. UserError where a mark has no counterpart."""
    kept, inside = [], False
    for line in text.split("\n"):
        mark = line.strip()
        if mark in (BEGIN, END):
            if inside == (mark == BEGIN):
                raise UserError(f"{name}: the line '{mark}' has no counterpart; repair the pair of marks")
            inside = not inside
        elif not inside:
            kept.append(line)
    if inside:
        raise UserError(f"{name}: the line '{BEGIN}' has no counterpart; repair the pair of marks")
    return "\n".join(kept)

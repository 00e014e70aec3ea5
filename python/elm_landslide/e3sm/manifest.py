"""What enable wrote and what was there before: SourceMods/src.elm/.landslide.json. Names are relative and XML values
unresolved, so it holds in a clone of the case."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from elm_landslide import __version__, files
from elm_landslide.errors import UserError

NAME = ".landslide.json"


@dataclass
class Manifest:
    version: str = __version__
    own_model: bool = False  # --model was given
    prerun: str = ""  # PRERUN_SCRIPT before
    files: dict[str, str] = field(default_factory=dict)  # written to src.elm: name, SHA-256
    hooked: dict[str, str] = field(default_factory=dict)  # ELM files: SHA-256 of the checkout's, "" where it was there
    namelists: dict[str, str] = field(default_factory=dict)  # user_nl_elm*: SHA-256 without the block, if written here
    settings: str = ""  # SHA-256 of user_nl_landslide as written
    settings_before: str | None = None  # its text before

    def to_bytes(self) -> bytes:
        return (json.dumps(asdict(self), indent=1) + "\n").encode()


def read(folder: Path) -> Manifest | None:
    """The manifest in a case's SourceMods/src.elm, or None."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        return Manifest(**json.loads(files.read(path, files.MODEL)))
    except (ValueError, TypeError, RecursionError):
        raise UserError(f"{path} is damaged: remove it, and run enable --force") from None

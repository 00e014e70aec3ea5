"""What the codes of maps of classes mean (classes.toml, or a table of a user's own)."""

from __future__ import annotations

import tomllib
from importlib import resources

from elm_landslide import files
from elm_landslide.errors import UserError
from elm_landslide.physics.root_profile import COVERS


def lithology_codes() -> dict[int, str]:
    """Short names of the Global Lithological Map by code, in rising order."""
    return dict(sorted((entry["code"], short) for short, entry in _tables()["lithology"].items()))


def cover_table(classes: str) -> dict[int, list[float]]:
    """Shares of COVERS (1) by code, in rising order. classes: a table of classes.toml, or the path of a TOML file.

    Raises UserError for a file without classes, or whose shares are not those of an area.
    """
    known = _tables()["cover"]
    if classes in known:
        return dict(sorted((int(code), shares) for code, shares in known[classes].items()))
    content, _ = files.read_toml(classes)
    try:
        table = {int(code): [float(v) for v in shares] for code, shares in content.items()}
    except (ValueError, TypeError) as error:
        raise UserError(f"{classes}: wanted lines such as 10 = [1.0, 0.0, 0.0, 0.0] ({error})") from None
    for code, shares in table.items():
        if len(shares) != len(COVERS) or min(shares) < 0.0 or sum(shares) > 1.0 + 1e-6:
            raise UserError(
                f"{classes}: class {code} has the shares {shares}, wanted those of {', '.join(COVERS)}, each 0 to 1, "
                "together 1 or less"
            )
    if not table:
        raise UserError(f"{classes}: has no class")
    return dict(sorted(table.items()))


def _tables() -> dict:
    return tomllib.loads(resources.files("elm_landslide.static").joinpath("classes.toml").read_text())

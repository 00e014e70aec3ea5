"""user_nl_elm and user_nl_landslide."""

from __future__ import annotations

import re

from elm_landslide.e3sm import hooks, sources
from elm_landslide.errors import UserError
from elm_landslide.fields import CHANCE, OUTPUTS, OUTSIDE

# Maximum, minimum or mean of a day.
_OVER_TIME = {
    OUTPUTS["probability"]: "X",
    OUTPUTS["hazard"]: "X",
    CHANCE: "X",
    OUTPUTS["fos"]: "M",
    OUTPUTS["depth"]: "A",
    OUTSIDE: "A",
}
FIELDS = tuple(f"{field.history}:{flag}" for field, flag in _OVER_TIME.items())
_TAPES = range(2, 7)


def without_comments(text: str) -> str:
    """Namelist text without its comments; a ! between quotes starts none."""
    return re.sub(r"('[^'\n]*'|\"[^\"\n]*\")|![^\n]*", lambda found: found.group(1) or "", text)


def add_tape(text: str, elsewhere: str, name: str) -> tuple[str, str]:
    """The text of user_nl_elm with a daily history tape, on the first free one, and a note for the user, or ''.

    elsewhere: further namelist text that applies to the case. The block comes first, so that what the user sets by the
    same name wins. Frequency and length of the tape are ELM's (daily, 30) or the user's.
    """
    own = without_comments(text).lower()
    both = own + "\n" + without_comments(elsewhere).lower()
    if "landslide_" in own:
        return text, f"{name} already asks for LANDSLIDE_ fields: no tape was added"
    if re.search(r"hist_empty_htapes\s*=\s*\.?t", both) and not re.search(r"\bhist_fincl1\s*=", both):
        return text, f"{name}: hist_empty_htapes leaves tape 1 empty, so ELM accepts no further tape: none was added"
    for tape in _TAPES:
        if not re.search(rf"\bhist_fincl{tape}\b", both):
            return _block(tape) + text, ""
    return text, f"{name}: hist_fincl2 to 6 are taken: no tape was added; put LANDSLIDE_PROB on one of them"


def _block(tape: int) -> str:
    names = ", ".join(f"'{field}'" for field in FIELDS)
    return hooks.block(
        f"! A further history tape, daily unless hist_nhtfrq({tape}) says otherwise: X is the largest value, M the\n"
        "! least, A the mean. The first tape has the means of all LANDSLIDE_ fields in any case.\n"
        f"hist_fincl{tape} = {names}"
    )


def tape_of(text: str) -> int | None:
    """The tape that the block takes."""
    found = re.search(rf"{hooks.BEGIN}.*?hist_fincl(\d).*?{hooks.END}", text, re.DOTALL)
    return int(found.group(1)) if found else None


def settings(pin: str) -> str:
    """user_nl_landslide from the template, with the model file's digest."""
    text, count = _PIN.subn(rf"\g<1>'{pin}'", sources.data_file("landslide_in.template").read_text())
    assert count == 1, "cime_config/landslide_in.template has no line landslide_sha256"
    return text


_PIN = re.compile(r"^(\s*landslide_sha256\s*=\s*)(?:'[^']*'|\"[^\"]*\")", re.MULTILINE | re.IGNORECASE)


def setting(text: str, name: str) -> str | None:
    """Value of a setting in user_nl_landslide, without quotes; None where it is not set."""
    found = re.findall(rf"^\s*{name}\s*=\s*(.*?)[\s,]*$", without_comments(text), re.MULTILINE | re.IGNORECASE)
    return found[-1].strip("'\" ") if found else None


def with_setting(text: str, name: str, value: str) -> str:
    """user_nl_landslide with another text of a setting. Raises UserError where it has no such setting."""
    found = list(re.finditer(rf"^(\s*{name}\s*=\s*)(?:'[^'\n]*'|\"[^\"\n]*\")", text, re.MULTILINE | re.IGNORECASE))
    if not found:
        raise UserError(f"user_nl_landslide has no line {name} = ' ': start from cime_config/landslide_in.template")
    last = found[-1]
    return f"{text[: last.start()]}{last.group(1)}'{value}'{text[last.end() :]}"


def renew_pin(text: str, pin: str, name: str) -> str:
    """The text with the digest of the model file that enable writes. A pin that the user emptied stays empty, and
    a pin of another model file is kept."""
    if "&landslide_inparm" not in text.lower():
        raise UserError(f"{name} has no group &landslide_inparm; start from cime_config/landslide_in.template")
    own = setting(text, "landslide_sha256")
    if setting(text, "landslide_model") not in (None, "landslide.pt") or not own:
        return text
    return text if own.lower() == pin else _PIN.sub(rf"\g<1>'{pin}'", text)

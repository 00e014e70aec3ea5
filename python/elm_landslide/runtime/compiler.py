"""C++ that is compiled where the package is installed: the torchscript engine against the installed torch, and the
benchmark with the compiler at hand."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from elm_landslide import fields, files
from elm_landslide.errors import UserError

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """A folder of the repository that the package carries: bridge, bench, fortran or cime_config.

    In a wheel it is in the package, put there by CMakeLists.txt; in a checkout, at the top.
    """
    for root in (_PACKAGE / "src", _PACKAGE.parents[1]):
        if (root / name).is_dir():
            return root / name
    raise UserError(f"{_PACKAGE / 'src' / name} is missing: install ELM-Landslide again (pip install .)")


def build(what: str, sources: list[Path], out: Path, flags: list[str]) -> None:
    """Compile C++ sources of bridge/ and bench/ into `out`, which appears whole or not at all.

    what: begins the message of an error. flags: of the compiler (CXX, else c++ or g++), and of the
    linker (-l, -L, -Wl). Raises UserError.
    """
    try:
        with tempfile.TemporaryDirectory() as scratch:
            _build(what, sources, out, flags, Path(scratch))
    except OSError as error:
        raise UserError(f"{what}: {out} cannot be made ({error})") from None


def _build(what: str, sources: list[Path], out: Path, flags: list[str], scratch: Path) -> None:
    """In the temporary folder `scratch`."""
    command = _command(what)
    (scratch / "landslide_fields.h").write_text(fields.c_header())
    binary = scratch / out.name
    includes = [f"-I{scratch}", f"-I{folder('bridge')}", f"-I{folder('bench')}"]
    # Libraries follow what needs them.
    words = [*command, *includes, *map(str, sources), *flags, "-o", str(binary)]
    try:
        result = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise UserError(f"{what}: {command[0]} does not run ({error.strerror})") from None
    if result.returncode:
        lines = result.stderr.strip().splitlines()
        reason = next((line for line in lines if "error" in line or "undefined" in line), "".join(lines[-1:]))
        raise UserError(f"{what}: {command[0]} fails: {reason or f'status {result.returncode}'}")
    if not binary.exists():
        raise UserError(f"{what}: {command[0]} writes nothing: is CXX a C++ compiler?")
    with files.whole(out) as part:
        shutil.copy(binary, part)


def _command(what: str) -> list[str]:
    try:
        command = shlex.split(os.environ.get("CXX", ""))
    except ValueError as error:
        raise UserError(f"{what}: CXX: {os.environ['CXX']!r} is not a command ({error})") from None
    if command:
        return command
    for name in ("c++", "g++"):
        if shutil.which(name):
            return [name]
    raise UserError(f"{what}: no C++ compiler: install one (Debian: g++), or set CXX to yours")

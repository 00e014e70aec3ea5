"""Files: what may be read, and writing that leaves a whole file or none.

A path can name a pipe that nobody writes to, a device, or a file of many gigabytes. So kind and size are checked
before the first byte is read. netCDF files have no limit here: they are read piece by piece.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from elm_landslide import fields
from elm_landslide.errors import UserError

MIB = 1 << 20
MODEL = fields.MODEL_BYTES  # as in the bridge
TABLE = 256 * MIB  # of a CSV table: a million rows of 50 cells
GRID = 1024 * MIB  # of an ASCII grid: some 100 million cells
TEXT = 1 * MIB  # of a configuration

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def regular(path: Path | str, limit: int | None = None) -> int:
    """Size (bytes) of a file that may be read. Raises UserError if it does not exist, is a folder, a pipe or a device,
    or is larger than `limit` (bytes)."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return _checked(status, limit, path)


@contextmanager
def opened(path: Path | str, limit: int | None = None) -> Iterator[BufferedReader]:
    """A file open for reading, after `regular`; a read error becomes a UserError too."""
    regular(path, limit)
    try:
        # Another file may have taken its place since: the open one is checked again, and opening does not block.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            _checked(os.fstat(file.fileno()), limit, path)
            yield file
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None


def read(path: Path | str, limit: int) -> bytes:
    """The bytes of a file; raises UserError as `regular` does, and if it cannot be read."""
    with opened(path, limit) as file:
        content = file.read(limit + 1)  # it may have grown
    if len(content) > limit:
        raise _too_large(len(content), limit, path)
    return content


def read_toml(path: Path | str) -> tuple[dict[str, Any], str]:
    """The tables of a TOML file, and its SHA-256. Raises UserError as `read` does, and for a file that is no TOML."""
    content = read(path, TEXT)
    try:
        table = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # bad text, bad TOML; a long number; deeply nested tables
        raise UserError(f"{path}: cannot be read: {error}") from None
    return table, hashlib.sha256(content).hexdigest()


def digest(path: Path | str, limit: int | None = None) -> str:
    """SHA-256 of a file, which is never held in memory whole."""
    with opened(path, limit) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_out(out: Path, overwrite: bool, inputs: Iterable[Path | str]) -> None:
    """Refuse an output file that already exists, is an input, or has no folder."""
    if out.exists() and not out.is_file():  # a folder or a device, which the rename would replace
        raise UserError(f"{out}: is not a file; give the name of one")
    if not out.absolute().parent.is_dir():
        raise UserError(f"{out}: its folder does not exist; make it first")
    if out.exists() and any(Path(path).exists() and out.samefile(path) for path in inputs):
        raise UserError(f"{out}: is one of the inputs; give another name")
    if out.exists() and not overwrite:
        raise UserError(f"{out}: exists; use --overwrite to replace it")


def part_of(path: Path) -> Path:
    """The name under which a file is written until it is whole."""
    return path.with_name(f".{path.name}.part")


@contextmanager
def whole(path: Path | str, *also: type[Exception]) -> Iterator[Path]:
    """A name beside `path` to write to; at the end the file takes the place of `path`.

    If writing fails, nothing is left behind and an existing file of that name is unchanged. Raises UserError for an
    OSError, or for one of `also` (what a library raises when it cannot write).
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")  # another process may write the same file
    kinds: tuple[type[Exception], ...] = (OSError, *also)
    try:
        yield part
        part.replace(path)
    except kinds as error:
        raise UserError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error
    finally:
        part.unlink(missing_ok=True)


def _checked(status: os.stat_result, limit: int | None, path: Path | str) -> int:
    if not stat.S_ISREG(status.st_mode):
        kind = next((kind for test, kind in _KINDS if test(status.st_mode)), "no file")
        raise UserError(f"{path}: is {kind}; give a regular file")
    if limit is not None and status.st_size > limit:
        raise _too_large(status.st_size, limit, path)
    return status.st_size


def _too_large(size: int, limit: int, path: Path | str) -> UserError:
    return UserError(f"{path}: has {size:,} bytes; at most {limit // MIB} MiB are read: is it the file you mean?")

"""Input files before they are read: what may be opened, how large it may be, and the one line that says why not.

A path can name a pipe that nobody writes to, a device, or a file of many gigabytes. So kind and size are looked at
before the first byte is read. netCDF files have no limit here: they are read piece by piece.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from elm_landslide import fields
from elm_landslide.errors import UserError

MIB = 1 << 20
MODEL = fields.MODEL_BYTES  # as the bridge has it
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
    """Size (bytes) of a file that may be read. Raises UserError where there is none, where it is a folder, a pipe or a
    device, and where it is larger than `limit` (bytes)."""
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return _checked(found, limit, path)


@contextmanager
def opened(path: Path | str, limit: int | None = None) -> Iterator[BinaryIO]:
    """A file open for reading, after `regular`; an error of reading becomes a UserError too."""
    regular(path, limit)
    try:
        # Another file may have taken its place since: the open one is looked at again, and opening does not wait.
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            _checked(os.fstat(file.fileno()), limit, path)
            yield file
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None


def read(path: Path | str, limit: int) -> bytes:
    """The bytes of a file; raises UserError as `regular` does, and where it cannot be read."""
    with opened(path, limit) as file:
        content = file.read(limit + 1)  # it may have grown
    if len(content) > limit:
        raise _too_large(len(content), limit, path)
    return content


def digest(path: Path | str, limit: int | None = None) -> str:
    """SHA-256 of a file, which is never in memory as a whole."""
    with opened(path, limit) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(found: os.stat_result, limit: int | None, path: Path | str) -> int:
    if not stat.S_ISREG(found.st_mode):
        kind = next((kind for test, kind in _KINDS if test(found.st_mode)), "no file")
        raise UserError(f"{path}: is {kind}; give a regular file")
    if limit is not None and found.st_size > limit:
        raise _too_large(found.st_size, limit, path)
    return found.st_size


def _too_large(size: int, limit: int, path: Path | str) -> UserError:
    return UserError(f"{path}: has {size:,} bytes; at most {limit // MIB} MiB are read: is it the file you mean?")

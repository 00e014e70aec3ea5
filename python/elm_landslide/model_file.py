"""The one model file: a TorchScript archive whose extra entries are the schema, golden rows, tile program and
provenance."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import fields
from .errors import UserError
from .tile_program import Program

SCHEMA, GOLDEN, TILE, INFO = "landslide_schema.txt", "landslide_golden.bin", "landslide_tile.bin", "landslide.json"
OBSERVATION = "landslide_observation.pt"  # of the site scores; not every model has one
SHIPPED = Path(__file__).with_name("models") / "landslide.pt"
_GOLDEN_MAGIC = b"LSGOLD01"


@dataclass(frozen=True)
class Golden:
    """Inputs with the outputs that an engine must reproduce: |got - want| <= atol + rtol |want|, flags exactly."""

    x: np.ndarray  # (n, N_IN)
    y: np.ndarray  # (n, N_OUT)
    flag: np.ndarray  # (n,)
    rtol: float = 1e-9
    atol: float = 1e-12

    def to_bytes(self) -> bytes:
        """Little endian: magic; int64 rows, inputs, outputs; float64 rtol, atol; x and y by column; int32 flags."""
        head = (
            np.array([*self.x.shape, self.y.shape[1]], "<i8").tobytes()
            + np.array([self.rtol, self.atol], "<f8").tobytes()
        )
        body = [self.x.astype("<f8").tobytes("F"), self.y.astype("<f8").tobytes("F"), self.flag.astype("<i4").tobytes()]
        return _GOLDEN_MAGIC + head + b"".join(body)

    @classmethod
    def from_bytes(cls, data: bytes) -> Golden:
        n, n_in, n_out = (int(v) for v in np.frombuffer(data, "<i8", 3, 8))
        rtol, atol = np.frombuffer(data, "<f8", 2, 32)
        values = np.frombuffer(data, "<f8", n * (n_in + n_out), 48)
        x, y = values[: n * n_in].reshape(n_in, n).T, values[n * n_in :].reshape(n_out, n).T
        return cls(x, y, np.frombuffer(data, "<i4", n, 48 + 8 * n * (n_in + n_out)), float(rtol), float(atol))


def write(
    scripted, program: Program, path: Path, golden: Golden, info: dict, more: dict[str, bytes] | None = None
) -> None:
    """Write a TorchScript module with its extra entries, and `more` by name; the file appears whole or not at all."""
    import torch

    extra = {
        SCHEMA: fields.schema_table(),
        GOLDEN: golden.to_bytes(),
        TILE: program.to_bytes(),
        INFO: json.dumps(info, indent=1),
        **(more or {}),
    }
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        torch.jit.save(scripted, temporary, _extra_files=extra)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_entry(path: Path, name: str) -> bytes:
    """The bytes of one extra entry; UserError names file, entry and reason."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                if entry.endswith(f"/extra/{name}"):
                    return archive.read(entry)
    except FileNotFoundError:
        raise UserError(f"model file '{path}' does not exist") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"model file '{path}' cannot be read: {error}") from None
    raise UserError(f"model file '{path}' has no entry '{name}': it is not an ELM-Landslide model")


def sha256(path: Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def describe(path: Path) -> dict:
    """What `elm-landslide inspect` shows: file, SHA-256, size, schema, golden rows and provenance."""
    path = Path(path)
    schema = read_entry(path, SCHEMA).decode()
    golden = Golden.from_bytes(read_entry(path, GOLDEN))
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "schema_version": int(schema.split()[1]),
        "schema_matches": schema == fields.schema_table(),
        "golden": {
            "rows": len(golden.flag),
            "rtol": golden.rtol,
            "atol": golden.atol,
            "flags": {name: int((golden.flag == value).sum()) for name, value in fields.FLAGS.items()},
        },
        "model": json.loads(read_entry(path, INFO)),
    }

"""The one model file: a TorchScript archive whose extra entries are the schema, golden rows, tile program and
provenance."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide import fields, files
from elm_landslide.errors import UserError
from elm_landslide.model.tile_program import Program

SCHEMA, GOLDEN, TILE, INFO = "landslide_schema.txt", "landslide_golden.bin", "landslide_tile.bin", "landslide.json"
OBSERVATION = "landslide_observation.pt"  # of the site scores; not every model has one
SHIPPED = Path(__file__).with_name("shipped") / "landslide.pt"
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
    with files.whole(path, RuntimeError) as part:
        torch.jit.save(scripted, part, _extra_files=extra)


@contextmanager
def archive(path: Path | str, content: bytes | None = None) -> Iterator[zipfile.ZipFile]:
    """The ZIP archive of a model file, or of bytes that come from it; UserError if it is none, if it is damaged, or if
    its entries would unpack to more than the size limit of a model file."""
    try:
        with (
            nullcontext(io.BytesIO(content)) if content is not None else files.opened(path, files.MODEL) as file,
            zipfile.ZipFile(file) as opened,
        ):
            unpacked = sum(entry.file_size for entry in opened.infolist())
            if unpacked > files.MODEL:
                raise UserError(
                    f"{path}: its entries unpack to {unpacked:,} bytes; at most {files.MODEL // files.MIB} MiB are "
                    "read: not a model file"
                )
            yield opened
    except UserError:
        raise
    except Exception as error:  # zipfile raises many kinds for a damaged file
        raise UserError(f"{path}: is not a model file, or damaged ({error}); copy it again") from None


def read_entry(path: Path | str, name: str) -> bytes:
    """The bytes of one extra entry; UserError names file, entry and reason.

    As in the bridge, an entry must occur once and be stored uncompressed: nothing is ever unpacked.
    """
    with archive(path) as opened:
        found = [entry for entry in opened.infolist() if entry.filename.endswith(f"/extra/{name}")]
        if not found:
            raise UserError(f"{path}: has no entry '{name}': not an ELM-Landslide model, or one made without it")
        if len(found) > 1 or found[0].compress_type != zipfile.ZIP_STORED:
            what = "is compressed; it must be stored uncompressed" if len(found) == 1 else "occurs twice"
            raise UserError(f"{path}: entry '{name}' {what}: export the model again")
        return opened.read(found[0])


def sha256(path: Path | str) -> str:
    return files.digest(path)

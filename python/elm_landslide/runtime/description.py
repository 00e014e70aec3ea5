"""A model file as the bridge reads it."""

from __future__ import annotations

from pathlib import Path

from elm_landslide import fields, files
from elm_landslide.errors import LandslideError, UserError
from elm_landslide.model.model_file import SCHEMA, read_entry
from elm_landslide.runtime.fortran import FortranModel


def open_model(path: Path | str, engine: str = "tile", settings: dict | None = None) -> FortranModel:
    """The component with a model file, or the bridge's reason for refusing the file, as a UserError."""
    content = files.read(path, files.MODEL)
    try:
        return FortranModel(content, engine, settings)
    except LandslideError as error:
        raise UserError(f"{path}: {error}") from None


def describe(path: Path | str, engine: str = "tile") -> dict:
    """What `elm-landslide inspect` shows: file, SHA-256, size, schema, golden rows and provenance.

    The bridge opens the file with that engine and tells what it has read: what it refuses in a run is refused here.
    """
    with open_model(path, engine) as component:
        report = component.describe()
    golden = report["golden"]
    return {
        "file": Path(path).name,
        "bytes": report["bytes"],
        "sha256": report["sha256"],
        "schema_version": report["schema_version"],
        "schema_matches": read_entry(path, SCHEMA) == fields.schema_table().encode(),
        "golden": {
            "rows": golden["rows"],
            "rtol": golden["rtol"],
            "atol": golden["atol"],
            "flags": {name: golden["flags"][value] for name, value in fields.FLAGS.items()},
        },
        "model": report["model"],
    }

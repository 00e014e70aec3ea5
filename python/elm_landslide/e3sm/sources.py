"""What the tool puts into a case."""

from __future__ import annotations

import hashlib
from pathlib import Path

from elm_landslide import fields, files
from elm_landslide.errors import UserError
from elm_landslide.runtime.compiler import folder

SHIPPED_MODEL = Path(__file__).parents[1] / "model" / "shipped" / "landslide.pt"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def data_file(name: str) -> Path:
    """A file of cime_config/."""
    found = folder("cime_config") / name
    if not found.exists():
        raise UserError(f"{found} is missing: install ELM-Landslide again (pip install .)")
    return found


def component() -> dict[str, bytes]:
    """Name and content of the component's source files, which ELM compiles; the torchscript engine is none of them."""
    fortran, bridge = folder("fortran"), folder("bridge")
    paths = [path for path in [*fortran.glob("elm/*.F90"), *fortran.glob("*.F90")] if path.stem != "landslide_wrap"]
    paths += [path for ending in ("h", "hpp", "cpp") for path in bridge.glob(f"landslide*.{ending}")]
    paths = [path for path in paths if path.name != "landslide_torch_engine.cpp"]
    try:
        files = {path.name: path.read_bytes() for path in paths}
    except FileNotFoundError as error:
        raise UserError(f"{error.filename} is missing: install ELM-Landslide again (pip install .)") from None
    files["landslide_fields.h"] = fields.c_header().encode()
    files["landslide_fields.F90"] = fields.fortran_module().encode()
    return dict(sorted(files.items()))


def model(path: Path | None) -> bytes:
    """Content of a model file, the shipped one by default; UserError if it is none, or of other fields."""
    path = Path(path or SHIPPED_MODEL)
    from elm_landslide.model import model_file

    if model_file.read_entry(path, model_file.SCHEMA) != fields.schema_table().encode():
        raise UserError(f"model file '{path}' has other fields than this version of ELM-Landslide; train it again")
    return files.read(path, files.MODEL)


def staging_script(before: str) -> bytes:
    """PRERUN_SCRIPT of the case, which first runs the one that the case had (`before`)."""
    text = data_file("landslide_stage").read_text()
    start, blank, end = text.partition('\nBEFORE = ""\n')
    assert blank, "cime_config/landslide_stage has no line BEFORE"
    return f"{start}\nBEFORE = {before!r}\n{end}".encode() if before else text.encode()

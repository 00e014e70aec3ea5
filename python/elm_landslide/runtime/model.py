"""What both ways to the component (c_abi.py to the C ABI, fortran.py through Fortran) have in common."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from elm_landslide.errors import LandslideError
from elm_landslide.fields import FLAGS, N_IN, N_OUT, SPVAL
from elm_landslide.runtime import plugin

PACKAGE = Path(__file__).parents[1]
MESSAGE_SIZE = 512  # LANDSLIDE_MESSAGE_SIZE
ERROR_ARGUMENT = 1  # LANDSLIDE_ERROR_ARGUMENT

Source = bytes | os.PathLike | str


def installed(name: str) -> Path:
    """The path of a library or header (such as "lib/liblandslide.so") that the build put into this package."""
    path = PACKAGE / name
    if not path.exists():
        raise LandslideError(ERROR_ARGUMENT, f"{path} is missing: build and install the package (pip install .)")
    return path


def settings_text(engine: str, settings: dict | None) -> str:
    """The settings string of landslide.h; the plug-in of torchscript is that of plugin.path by default."""
    values = {"engine": engine, **(settings or {})}
    if values["engine"] == "torchscript" and "plugin" not in values:
        values["plugin"] = plugin.path()
    items = {key: os.fsdecode(value) if isinstance(value, os.PathLike) else str(value) for key, value in values.items()}
    for key, value in items.items():
        if ";" in value or "\0" in value or ";" in key or "=" in key:
            raise LandslideError(ERROR_ARGUMENT, f"setting {key!r}: {value!r} cannot hold ';' or a null character")
    return ";".join(f"{key}={value}" for key, value in items.items())


class Model(ABC):
    """An open model. The subclasses differ only in how they reach the C ABI.

    model     the bytes of a model file, or its path
    engine    "tile" or "torchscript"
    settings  further settings of landslide.h: instruction_set, plugin, sha256, threads

    Raises LandslideError when the model is refused. Close it, or use it in a `with` statement.
    """

    n_in = N_IN
    n_out = N_OUT

    def __init__(self, model: Source, engine: str = "tile", settings: dict | None = None):
        self._handle = None  # so that close() is safe when opening fails
        text = os.fsencode(settings_text(engine, settings))
        if isinstance(model, bytes | bytearray | memoryview):
            self._handle = self._open_bytes(bytes(model), text)
        else:
            self._handle = self._open_file(os.fsencode(model), text)

    def run(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Run columns.

        x: float64 (ncol, n_in), fields as in fields.FIELDS, SPVAL or not finite where missing.
        Returns y, float64 (ncol, n_out), Fortran order, SPVAL where invalid; and flag, int32 (ncol,), as in FLAGS.
        Raises LandslideError when x has another shape, the model is closed or the engine fails.
        """
        handle = self._open_handle()
        x = np.asfortranarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != N_IN:
            raise LandslideError(ERROR_ARGUMENT, f"run: x has shape {x.shape}; give (ncol, {N_IN})")
        y = np.full((x.shape[0], N_OUT), SPVAL, order="F")
        flag = np.full(x.shape[0], FLAGS["invalid"], dtype=np.int32)
        self._run(handle, x, y, flag)
        return y, flag

    def check_layers(self, interfaces: ArrayLike) -> None:
        """Raise LandslideError unless interfaces (m, from 0 at the surface) are those of the schema."""
        values = np.ascontiguousarray(interfaces, dtype=np.float64).ravel()
        self._check_layers(self._open_handle(), values)

    def describe(self) -> dict:
        """Engine, instruction set in use ("" where libtorch chooses), plug-in, SHA-256, versions, sizes, the golden
        rows (rows, tolerances, rows with each flag) and, as "model", the provenance in the model file."""
        return json.loads(self._describe(self._open_handle()).decode(errors="replace"))

    def close(self) -> None:
        """Free the model. Closing twice is fine."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._close(handle)

    def __enter__(self):
        return self

    def __exit__(self, *exc) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()

    def _open_handle(self) -> Any:
        if self._handle is None:
            raise LandslideError(ERROR_ARGUMENT, "the model is closed; open it again")
        return self._handle

    @staticmethod
    def _check(status: int, message: bytes) -> None:
        if status != 0:
            raise LandslideError(int(status), message.decode(errors="replace").strip())

    @abstractmethod
    def _open_file(self, path: bytes, settings: bytes) -> Any: ...

    @abstractmethod
    def _open_bytes(self, model: bytes, settings: bytes) -> Any: ...

    @abstractmethod
    def _run(self, handle: Any, x: np.ndarray, y: np.ndarray, flag: np.ndarray) -> None: ...

    @abstractmethod
    def _check_layers(self, handle: Any, interfaces: np.ndarray) -> None: ...

    @abstractmethod
    def _describe(self, handle: Any) -> bytes: ...

    @abstractmethod
    def _close(self, handle: Any) -> None: ...

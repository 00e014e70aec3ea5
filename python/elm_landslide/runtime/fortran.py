"""The Fortran component: Python -> f90wrap -> landslide_wrap -> landslide -> landslide_bridge -> C ABI.

f90wrap's generated Fortran wrappers are called as they are; its Python layer on top would only add a class.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any

import numpy as np

from elm_landslide.errors import LandslideError
from elm_landslide.runtime.model import ERROR_ARGUMENT, PACKAGE, Model

try:
    from elm_landslide import _landslide_wrap  # type: ignore[attr-defined]  # built from Fortran
except ImportError as error:
    _landslide_wrap, _reason = None, str(error)


def _absence() -> str:
    """Why there is no extension: not built, built for another Python, or a library that does not load."""
    extensions = sorted(path.name for path in PACKAGE.glob("_landslide_wrap*"))
    if not extensions:
        return f"the Fortran component is not built: {PACKAGE} has no _landslide_wrap: pip install ."
    if not any(f"_landslide_wrap{suffix}" in extensions for suffix in EXTENSION_SUFFIXES):
        python = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
        return f"the Fortran component is built for another Python ({extensions[0]}), this is {python}: pip install ."
    return f"the Fortran component does not load: {_reason}"


def procedure(name: str) -> Callable:
    """Procedure wrap_<name> of module landslide_wrap."""
    if _landslide_wrap is None:
        raise LandslideError(ERROR_ARGUMENT, _absence())
    return getattr(_landslide_wrap, f"f90wrap_landslide_wrap__wrap_{name}")


class FortranModel(Model):
    """The Fortran component from Python."""

    def _open_file(self, path: bytes, settings: bytes) -> Any:
        return self._opened(*procedure("load_file")(path, settings))

    def _open_bytes(self, model: bytes, settings: bytes) -> Any:
        return self._opened(*procedure("load_bytes")(np.frombuffer(model, np.int8), settings))

    def _opened(self, handle: Any, status: int, message: bytes) -> Any:
        self._check(status, message)
        return handle

    def _run(self, handle: Any, x: np.ndarray, y: np.ndarray, flag: np.ndarray) -> None:
        self._check(*procedure("run")(handle, x, y, flag))

    def _check_layers(self, handle: Any, interfaces: np.ndarray) -> None:
        self._check(*procedure("check_layers")(handle, interfaces))

    def _describe(self, handle: Any) -> bytes:
        text = np.zeros(procedure("describe_size")(handle), np.int8)
        procedure("describe")(handle, text)
        return text.tobytes()

    def _close(self, handle: Any) -> None:
        procedure("close")(handle)

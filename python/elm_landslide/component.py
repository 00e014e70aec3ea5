"""The Fortran component: Python -> f90wrap -> landslide_wrap -> landslide -> landslide_bridge -> C ABI.

f90wrap's generated Fortran wrappers are called as they are; its Python layer on top would only add a class.
"""

from __future__ import annotations

import numpy as np

from .door import ERROR_ARGUMENT, Door
from .errors import LandslideError

try:
    from . import _landslide_wrap
except ImportError as error:  # from a source tree that is not built
    _landslide_wrap, _reason = None, str(error)


def _fortran(name: str):
    """Procedure wrap_<name> of module landslide_wrap."""
    if _landslide_wrap is None:
        raise LandslideError(ERROR_ARGUMENT, f"the Fortran component is not built ({_reason}): pip install .")
    return getattr(_landslide_wrap, f"f90wrap_landslide_wrap__wrap_{name}")


class Component(Door):
    """The Fortran component from Python."""

    def _open_file(self, path: bytes, settings: bytes):
        return self._opened(*_fortran("load_file")(path, settings))

    def _open_bytes(self, model: bytes, settings: bytes):
        return self._opened(*_fortran("load_bytes")(np.frombuffer(model, np.int8), settings))

    def _opened(self, handle, status, message):
        self._check(status, message)
        return handle

    def _run(self, handle, x, y, flag) -> None:
        self._check(*_fortran("run")(handle, x, y, flag))

    def _check_layers(self, handle, interfaces) -> None:
        self._check(*_fortran("check_layers")(handle, interfaces))

    def _describe(self, handle) -> bytes:
        text = np.zeros(_fortran("describe_size")(handle), np.int8)
        _fortran("describe")(handle, text)
        return text.tobytes()

    def _close(self, handle) -> None:
        _fortran("close")(handle)

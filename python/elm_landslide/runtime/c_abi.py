"""The component through cffi, straight on the C ABI of landslide.h."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from elm_landslide.extras import need
from elm_landslide.runtime.model import MESSAGE_SIZE, Model, installed


@cache
def _library() -> tuple[Any, Any]:
    """(ffi, library). The declarations are landslide.h itself: less its preprocessor lines and its C++ brackets."""
    need("elm_landslide.runtime.c_abi", "bridge")
    import cffi

    header = re.sub(r"#ifdef __cplusplus.*?#endif", "", installed("include/landslide.h").read_text(), flags=re.S)
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    ffi = cffi.FFI()
    ffi.cdef(re.sub(r"^\s*#.*$", "", header, flags=re.M))
    return ffi, ffi.dlopen(str(installed("lib/liblandslide.so")))


class CModel(Model):
    """The C ABI from Python. Several threads may run one CModel at a time."""

    def _open_file(self, path: bytes, settings: bytes) -> Any:
        _, lib = _library()
        return self._opened(lib.landslide_open_file, path, settings)

    def _open_bytes(self, model: bytes, settings: bytes) -> Any:
        ffi, lib = _library()
        return self._opened(lib.landslide_open_bytes, ffi.from_buffer(model), len(model), settings)

    def _opened(self, function: Callable, *arguments) -> Any:
        ffi, _ = _library()
        handle = ffi.new("landslide_model **")
        message = ffi.new("char[]", MESSAGE_SIZE)
        self._check(function(*arguments, handle, message), ffi.string(message))
        return handle

    def _run(self, handle: Any, x: np.ndarray, y: np.ndarray, flag: np.ndarray) -> None:
        ffi, lib = _library()
        message = ffi.new("char[]", MESSAGE_SIZE)
        status = lib.landslide_run(
            handle[0],
            x.shape[0],
            ffi.cast("double *", x.ctypes.data),
            ffi.cast("double *", y.ctypes.data),
            ffi.cast("int *", flag.ctypes.data),
            message,
        )
        self._check(status, ffi.string(message))

    def _check_layers(self, handle: Any, interfaces: np.ndarray) -> None:
        ffi, lib = _library()
        message = ffi.new("char[]", MESSAGE_SIZE)
        values = ffi.cast("double *", interfaces.ctypes.data)
        self._check(lib.landslide_check_layers(handle[0], interfaces.size, values, message), ffi.string(message))

    def _describe(self, handle: Any) -> bytes:
        ffi, lib = _library()
        return ffi.string(lib.landslide_describe(handle[0]))

    def _close(self, handle: Any) -> None:
        _, lib = _library()
        lib.landslide_close(handle)

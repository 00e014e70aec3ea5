"""The plug-in of the torchscript engine. No wheel holds it, because it fits one version of torch: it is compiled here,
against the installed torch, whichever build that is (CPU, CUDA, ROCm)."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from importlib import util
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from elm_landslide import fields
from elm_landslide.errors import UserError
from elm_landslide.runtime import compiler

NAME = "liblandslide_torch.so"
_PACKAGE = Path(__file__).parents[1]


def torch_version() -> str | None:
    """Version of the installed torch, without importing it; None if it is not installed."""
    try:
        return version("torch") if util.find_spec("torch") else None
    except PackageNotFoundError:
        return None


def _places(torch: str) -> list[Path]:
    """Where a plug-in for this torch may be: in the package or, if that is read-only, in the user's cache.

    The folder's name identifies what the plug-in was compiled from, so that one for another torch, other fields or an
    older source is not used.
    """
    spec = util.find_spec("torch")
    made_of = hashlib.sha256(str(spec.origin if spec else None).encode())
    made_of.update(fields.c_header().encode())
    for name in ("landslide_torch_engine.cpp", "landslide_engine.hpp", "landslide.h"):
        made_of.update((compiler.folder("bridge") / name).read_bytes())
    folder = f"torch-{torch}-{made_of.hexdigest()[:12]}"
    places = [_PACKAGE / "lib" / folder / NAME]
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        return places
    return [*places, cache / "elm-landslide" / folder / NAME]


def path() -> Path:
    """The plug-in for the installed torch. Raises UserError, which says how to get it."""
    torch = torch_version()
    if torch is None:
        raise UserError(
            "engine torchscript: torch is not installed: pip install 'elm-landslide[torch]', "
            "then elm-landslide plugin build"
        )
    for place in _places(torch):
        if place.exists():
            return place
    raise UserError(f"engine torchscript: no plug-in for torch {torch}: run elm-landslide plugin build")


def build(out: Path | None = None) -> Path:
    """Compile the plug-in; returns where it is. out: a file to write in place of the usual one. Raises UserError."""
    torch = torch_version()
    if torch is None:
        raise UserError("plugin build: torch is not installed: pip install 'elm-landslide[torch]'")
    out = out or next((place for place in _places(torch) if _writable(place.parent)), None)
    if out is None:
        raise UserError("plugin build: neither the package nor your cache can be written: give a file with --out")
    if out.is_dir():
        raise UserError(f"plugin build: {out} is a folder; give the name of a file")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"plugin build: {out.parent} cannot be made ({error.strerror})") from None
    bridge = compiler.folder("bridge")
    flags = [
        *("-shared", "-fPIC", "-O2", "-std=c++20"),  # libtorch's headers need C++20
        *("-ffp-contract=off", "-fvisibility=hidden", "-fvisibility-inlines-hidden"),
        *_torch_flags(),
        *("-Wl,--no-undefined", f"-Wl,--version-script={bridge / 'landslide.map'}"),
    ]
    compiler.build("plugin build", [bridge / "landslide_torch_engine.cpp"], out, flags)
    return out


def _writable(folder: Path) -> bool:
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _torch_flags() -> list[str]:
    """Headers, libraries and C++ ABI as torch itself tells them. TorchConfig.cmake is not used: that of a CUDA build
    fails without a CUDA toolkit, which nothing here needs."""
    try:
        import torch
    except (ImportError, OSError) as error:
        raise UserError(f"plugin build: torch does not load: {error}") from None
    root = Path(torch.__file__).parent
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it warns if there is no CUDA
    try:  # builds such as conda's keep them elsewhere
        from torch.utils import cpp_extension

        includes = [Path(path) for path in cpp_extension.include_paths()]
        libraries = [Path(path) for path in cpp_extension.library_paths()]
    except ImportError:  # it needs setuptools
        includes = [root / "include", root / "include" / "torch" / "csrc" / "api" / "include"]
        libraries = [root / "lib"]
    abi = int(getattr(torch._C, "_GLIBCXX_USE_CXX11_ABI", True))
    flags = [word for folder in includes for word in ("-isystem", str(folder))]
    for folder in libraries:
        flags += [f"-L{folder}", f"-Wl,-rpath,{folder}"]
    return [*flags, f"-D_GLIBCXX_USE_CXX11_ABI={abi}", "-ltorch_cpu", "-lc10", "-ldl"]


if __name__ == "__main__":  # the target landslide_torch of CMakeLists.txt
    try:
        build(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(str(error))

"""Optional packages: what a command needs beyond the core, by the extras of pyproject.toml that bring it."""

from __future__ import annotations

from importlib import util

from elm_landslide.errors import UserError

# Modules that an extra brings, those of the extras that it holds among them.
MODULES = {
    "mpi": ("mpi4py",),
    "plot": ("matplotlib",),
    "torch": ("torch",),
    "simulate": ("torch", "numba", "scipy"),
    "evaluate": ("matplotlib", "torch", "numba", "scipy", "sklearn"),
    "bridge": ("cffi",),
}


def need(what: str, *extras: str) -> None:
    """Raise UserError unless all modules of the extras are there; it names the missing ones and what to install.

    Nothing is imported.
    """
    modules = dict.fromkeys(module for extra in extras for module in MODULES[extra])
    missing = [module for module in modules if util.find_spec(module) is None]
    if missing:
        raise UserError(f"{what}: {', '.join(missing)} not installed: pip install 'elm-landslide[{','.join(extras)}]'")

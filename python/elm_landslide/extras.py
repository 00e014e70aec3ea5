"""Optional packages: what a command needs beyond the core, by the extras of pyproject.toml that bring it."""

from __future__ import annotations

from importlib import util

from elm_landslide.errors import UserError

# Modules that an extra brings, including those of the extras it contains.
MODULES = {
    "mpi": ("mpi4py",),
    "plot": ("matplotlib",),
    "torch": ("torch",),
    "simulate": ("torch", "numba", "scipy"),
    "evaluate": ("matplotlib", "torch", "numba", "scipy", "sklearn"),
    "bridge": ("cffi",),
    "compare": ("matplotlib", "xarray", "dask", "scipy", "distributed", "geopandas"),
    "static": ("rasterio", "pyproj", "exactextract", "numba", "distributed"),
}


def need(what: str, *extras: str) -> None:
    """Raise UserError unless all modules of the extras are installed; the message names the missing ones.

    Nothing is imported.
    """
    modules = dict.fromkeys(module for extra in extras for module in MODULES[extra])
    missing = [module for module in modules if util.find_spec(module) is None]
    if missing:
        raise UserError(f"{what}: {', '.join(missing)} not installed: pip install 'elm-landslide[{','.join(extras)}]'")

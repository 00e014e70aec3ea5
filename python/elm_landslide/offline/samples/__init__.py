"""The samples in the package: output of our own ELM runs (README.md)."""

from __future__ import annotations

from importlib.resources import files as package_files
from pathlib import Path

from elm_landslide.errors import UserError
from elm_landslide.offline.inputs import Inputs

SITES = {"susquehanna": "susquehanna32", "steep": "steepstorm1"}  # the case of each site


def sample_inputs(site: str) -> Inputs:
    """The files of a sample site."""
    if site not in SITES:
        raise UserError(f"--sample {site}: wanted one of {', '.join(SITES)}")
    folder = sample_folder()
    history, constants = (list(folder.glob(f"{SITES[site]}.elm.{tape}.*.nc")) for tape in ("h1", "h0"))
    return Inputs(history, folder / f"surface_{site}.nc", constants)


def sample_folder() -> Path:
    """Their folder in the installed package."""
    return Path(str(package_files("elm_landslide.offline") / "samples"))

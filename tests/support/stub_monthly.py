"""A file of values by month for the stand-in of ELM, whose netCDF file is a folder."""

from __future__ import annotations

import numpy as np


def write_monthly(case, name: str, values: np.ndarray, setting: str, **changes) -> None:
    """The folder `monthly` with the variable `name` [month, cell], and the setting that names it. changes: other
    contents of variables; None leaves one out."""
    folder = case.folder / "monthly"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    n = values.shape[1]
    variables = {
        name: values,
        "LATIXY": 40.0 + np.arange(n),
        "LONGXY": 280.0 + np.arange(n),
        "dim_month": [len(values)],
        "dim_gridcell": [n],
        **changes,
    }
    for variable, numbers in variables.items():
        if numbers is not None:
            np.asarray(numbers, ">f8").tofile(folder / variable)
    case.settings(use_landslide=".true.", landslide_record=".true.", **{setting: "'monthly'"})

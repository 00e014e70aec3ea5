"""Landslide history files of the six cells of elm_files with values that are easy to tell apart."""

import elm_files
import netCDF4
import numpy as np

from elm_landslide.fields import SPVAL

N_TIMES = 5
# (record, cell): the cell is in the hundredths, the record in the thousandths; FoS is lowest at record 3 of cell 4.
PROBABILITY = 0.01 * np.arange(elm_files.N) + 0.001 * np.arange(N_TIMES)[:, None]
FOS = 3.0 - 0.1 * np.arange(elm_files.N) + 0.01 * np.arange(N_TIMES)[:, None]
FOS[3, 4] = 0.5
FLAG = np.zeros((N_TIMES, elm_files.N), dtype=int)
FLAG[:, 1] = 1
FLAG[:2, 2] = 2  # cell 2 is outside in 2 of 5 records


def write(path, kind="unstructured", probability=PROBABILITY, fos=FOS, flag=FLAG):
    """Where the flag is 3, every value is missing."""
    layout = elm_files.Layout(kind)
    with netCDF4.Dataset(str(path), "w") as out:
        out.createDimension("time", None)
        layout.define(out)
        time = out.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "days since 2000-01-01 00:00:00", "calendar": "noleap"})
        time[:] = 10.0 + np.arange(N_TIMES)
        for name, values in (
            ("LANDSLIDE_PROB", probability),
            ("LANDSLIDE_FOS", fos),
            ("LANDSLIDE_FOS_MEDIAN", fos + 1.0),
        ):
            variable = out.createVariable(name, "f8", ("time", *layout.dims), fill_value=SPVAL)
            variable[:] = layout.put(np.where(flag == 3, SPVAL, values))
        variable = out.createVariable("LANDSLIDE_FLAG", "i1", ("time", *layout.dims), fill_value=np.int8(-127))
        flags = layout.put(flag.astype(float))
        variable[:] = np.where(flags >= 1e35, -127, flags).astype(np.int8)
    return path

"""Landslide history files of the six cells of elm_files with values that are easy to tell apart."""

import netCDF4
import numpy as np

from elm_landslide.fields import SPVAL
from support import elm_files

N_TIMES = 5
# (record, cell): the cell is in the hundredths, the record in the thousandths; FoS is lowest at record 3 of cell 4.
PROBABILITY = 0.01 * np.arange(elm_files.N) + 0.001 * np.arange(N_TIMES)[:, None]
FOS = 3.0 - 0.1 * np.arange(elm_files.N) + 0.01 * np.arange(N_TIMES)[:, None]
FOS[3, 4] = 0.5
FLAG = np.zeros((N_TIMES, elm_files.N), dtype=int)
FLAG[:, 1] = 1
FLAG[:2, 2] = 2  # cell 2 is outside in 2 of 5 records


RAIN = 1e-4 * (1.0 + np.arange(elm_files.N) + 0.1 * np.arange(N_TIMES)[:, None])  # mm/s
WATER_TABLE = 1.0 + np.arange(elm_files.N) + 0.1 * np.arange(N_TIMES)[:, None]  # m


UNITS = "days since 2000-01-01 00:00:00"
ALL = slice(None)


def write(
    path,
    kind="unstructured",
    probability=PROBABILITY,
    fos=FOS,
    flag=FLAG,
    records=ALL,
    units=UNITS,
    calendar="noleap",
    **attributes,
):
    """Where the flag is 3, every value is missing. records: those that are written."""
    layout = elm_files.Layout(kind)
    probability, fos, flag = probability[records], fos[records], flag[records]
    with netCDF4.Dataset(str(path), "w") as out:
        out.setncatts(attributes)
        out.createDimension("time", None)
        layout.define(out)
        time = out.createVariable("time", "f8", ("time",))
        time.setncatts({"units": units, "calendar": calendar})
        time[:] = 10.0 + np.arange(N_TIMES)[records]
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


def write_elm(
    path, kind="unstructured", flag=FLAG, records=ALL, units=UNITS, calendar="noleap", methods="mean", days=1
):
    """Daily means of ELM with the component on, in the format that E3SM writes; a further tape, so
    LANDSLIDE_FOS_MEDIAN is not in it. records: those that are written; methods: of the probability, over so many
    days."""
    layout = elm_files.Layout(kind)
    steps = np.arange(N_TIMES)[records]
    with netCDF4.Dataset(str(path), "w", format="NETCDF3_64BIT_DATA") as out:
        out.case = path.name.split(".")[0]
        out.createDimension("time", None)
        out.createDimension("hist_interval", 2)
        layout.define(out)
        time = out.createVariable("time", "f4", ("time",))
        time.setncatts({"units": units, "calendar": calendar, "bounds": "time_bounds"})
        time[:] = 10.0 + days * (1.0 + steps)
        bounds = out.createVariable("time_bounds", "f8", ("time", "hist_interval"))
        bounds[:] = 10.0 + days * (steps[:, None] + [0.0, 1.0])
        for name, values in (
            ("LANDSLIDE_PROB", PROBABILITY),
            ("LANDSLIDE_FOS", FOS),
            ("LANDSLIDE_OUTSIDE", (flag == 2).astype(float)),
            ("RAIN", RAIN),
            ("ZWT", WATER_TABLE),
        ):
            variable = out.createVariable(name, "f8", ("time", *layout.dims), fill_value=SPVAL)
            over = methods if name == "LANDSLIDE_PROB" else "mean"
            variable.setncatts({"cell_methods": f"time: {over}", "units": {"RAIN": "mm/s", "ZWT": "m"}.get(name, "1")})
            values = np.where((flag == 3) & name.startswith("LANDSLIDE"), SPVAL, values)
            variable[:] = layout.put(values[records])
    return path

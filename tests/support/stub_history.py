"""What ELM would write of a world of the stand-in: history on columns, and a surface dataset."""

from __future__ import annotations

import netCDF4
import numpy as np

from support import elm_files
from support.stub_elm import N_PFT

DTIME = 10800  # an eighth of a day, so that times in days are exact


def history_files(world, folder, use_cn: bool):
    """What ELM would write of this world, in double precision: history on columns, and a surface dataset."""
    soil = world.is_soil
    n = world.n_steps + 1
    columns = {
        "SOILLIQ": world.values["h2osoi_liq"],
        "SOILICE": world.values["h2osoi_ice"],
        "ZWT": world.values["zwt"],
        "ZWT_PERCH": world.values["zwt_perched"],
        "FROST_TABLE": world.values["frost_table"],
        "QOVER": world.values["qflx_surf"] + world.values["qflx_h2osfc_surf"],
        "QDRAI": world.values["qflx_drain"],
        "QDRAI_PERCH": world.values["qflx_drain_perched"],
        "QTOPSOIL": world.values["qflx_top_soil"],
        "QSNOMELT": world.values["qflx_snomelt"],
        "RAIN": world.values["rain"][..., world.cell],
        "TLAI": world.column_mean("tlai"),
        "ROOTFR": np.broadcast_to(world.column_mean("rootfr"), (n, 15, soil.size)),
    }
    if use_cn:
        columns["TOTVEGC"] = world.values["totvegc"]
        for name in ("FROOTC", "LIVECROOTC", "DEADCROOTC"):
            columns[name] = world.column_mean(name.lower())
    constants = {"DZSOI": "dz", "WATSAT": "watsat", "SUCSAT": "sucsat", "BSW": "bsw"}
    path = folder / "world.elm.h1.nc"
    with netCDF4.Dataset(str(path), "w") as out:
        for name, size in (("time", None), ("levgrnd", 15), ("hist_interval", 2), ("column", soil.size)):
            out.createDimension(name, size)
        places = {
            "cols1d_lat": world.values["lat"][world.cell],
            "cols1d_lon": world.values["lon"][world.cell],
            "cols1d_itype_lunit": np.where(soil, 1, 5),
        }
        for name, values in places.items():
            out.createVariable(name, "f8", ("column",))[:] = values
        time = out.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "days since 2000-01-01 00:00:00", "calendar": "noleap", "bounds": "time_bounds"})
        days = np.arange(n) * DTIME / 86400
        time[:] = days
        out.createVariable("time_bounds", "f8", ("time", "hist_interval"))[:] = np.stack(
            [np.maximum(days - DTIME / 86400, 0), days], axis=1
        )
        for name, values in columns.items():
            dims = ("time", "levgrnd", "column") if values.shape[1] > 1 else ("time", "column")
            variable = out.createVariable(name, "f8", dims, fill_value=elm_files.FILL)
            units = {"QTOPSOIL": "mm/s", "QSNOMELT": "mm/s", "ROOTFR": "proportion", "TOTVEGC": "gC/m^2"}
            variable.units = elm_files.UNITS.get(name, units.get(name, "gC/m^2"))
            variable.cell_methods = "time: mean"
            variable[:] = values.reshape([len(out.dimensions[d]) or n for d in dims])
        for name, source in constants.items():
            variable = out.createVariable(name, "f8", ("levgrnd", "column"), fill_value=elm_files.FILL)
            variable.units = elm_files.UNITS[name]
            variable[:] = world.values[source][0]
    first = np.array([np.flatnonzero(world.cell == g)[0] for g in range(len(world.soil))])
    bed = world.values["nlevbed"][first]
    texture = {
        name: np.take_along_axis(world.values[source][0][:, first], np.minimum(np.arange(10)[:, None], bed - 1), axis=0)
        for name, source in (("PCT_SAND", "cellsand"), ("PCT_CLAY", "cellclay"))
    }
    cover = np.stack([world.values["wtcol"][0, 0, world.patch_column == c] for c in first], axis=1)
    surface = folder / "surfdata.nc"
    with netCDF4.Dataset(str(surface), "w") as out:
        sizes = {"gridcell": first.size, "nlevsoi": 10, "nlevslp": 11, "natpft": N_PFT}
        for name, size in sizes.items():
            out.createDimension(name, size)
        values = {
            "LATIXY": ("gridcell", world.values["lat"]),
            "LONGXY": ("gridcell", world.values["lon"]),
            "PCT_SAND": ("nlevsoi", texture["PCT_SAND"]),
            "PCT_CLAY": ("nlevsoi", texture["PCT_CLAY"]),
            "SLP_P10": ("nlevslp", world.slope[:, 0]),
            "PCT_NAT_PFT": ("natpft", 100.0 * cover),
            "PCT_NATVEG": ("gridcell", np.full(first.size, 100.0)),
            "PCT_CROP": ("gridcell", np.zeros(first.size)),
            "aveDTB": ("gridcell", world.values["zibed"][first]),
        }
        for name, (dim, array) in values.items():
            dims = ("gridcell",) if dim == "gridcell" else (dim, "gridcell")
            variable = out.createVariable(name, "f8", dims)
            variable.units = {"SLP_P10": "km km^-1", "aveDTB": "m"}.get(name, "unitless")
            variable[:] = array
    return path, surface

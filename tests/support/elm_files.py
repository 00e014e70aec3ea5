"""Small ELM files for the tests: the same six cells written in each of ELM's layouts."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from elm_landslide.offline.inputs import Inputs

DZ = np.array(
    [
        0.0175128179162552,
        0.0275789692596763,
        0.0454700332424131,
        0.0749674110986208,
        0.123600365122585,
        0.203782554932785,
        0.335980627644188,
        0.553938412047907,
        0.913290032231675,
        1.50576070129822,
        2.4825796969813,
        4.0930811692294,
        6.7483512780057,
        11.1261502908039,
        13.8511521404163,
    ]
)
LAT, LON = np.array([40.25, 40.75]), np.array([282.75, 283.25, 283.75])
N = LAT.size * LON.size
FILL = 1e36
UNITS = {
    "SOILLIQ": "kg/m2",
    "SOILICE": "kg/m2",
    "H2OSOI": "mm3/mm3",
    "H2OSNO": "mm",
    "ZWT": "m",
    "ZWT_PERCH": "m",
    "FROST_TABLE": "m",
    "QOVER": "mm/s",
    "QDRAI": "mm/s",
    "QDRAI_PERCH": "mm/s",
    "QINFL": "mm/s",
    "TLAI": "1",
    "RAIN": "mm/s",
    "SNOW": "mm/s",
    "TBOT": "K",
    "HKSAT": "mm/s",
    "WATSAT": "mm3/mm3",
    "SUCSAT": "mm",
    "BSW": "1",
    "DZSOI": "m",
    **dict.fromkeys(("FROOTC", "LIVECROOTC", "DEADCROOTC"), "gC/m^2"),
}


def states(n_records: int) -> dict[str, np.ndarray]:
    """States of the six cells, (record, cell) or (record, level, cell), as ELM stores them (single precision)."""
    draw = np.random.default_rng(7)

    def flat(low, high):
        return draw.uniform(low, high, (n_records, N)).astype("f4")

    liquid = draw.uniform(0.15, 0.35, (n_records, 15, N))
    ice = draw.uniform(0.0, 0.05, (n_records, 15, N))
    dz = DZ[:, None]
    return {
        "SOILLIQ": (liquid * 1000 * dz).astype("f4"),
        "SOILICE": (ice * 917 * dz).astype("f4"),
        "H2OSOI": (liquid + ice).astype("f4"),
        "ZWT": flat(1, 4),
        "ZWT_PERCH": flat(2, 3),
        "FROST_TABLE": flat(2, 3),
        "QOVER": flat(0, 1e-4),
        "QDRAI": flat(0, 1e-4),
        "QDRAI_PERCH": flat(0, 1e-5),
        "QINFL": flat(0, 1e-4),
        "TLAI": flat(1, 5),
        "RAIN": flat(0, 1e-3),
    }


def constants() -> dict[str, np.ndarray]:
    """Soil constants of the six cells, (level, cell)."""
    ramp = np.linspace(0, 1, N)[None, :] + np.linspace(0, 0.1, 15)[:, None]
    return {
        "DZSOI": np.repeat(DZ[:, None], N, 1).astype("f4"),
        "WATSAT": (0.4 + 0.05 * ramp).astype("f4"),
        "SUCSAT": (100 + 50 * ramp).astype("f4"),
        "BSW": (5 + ramp).astype("f4"),
    }


class Layout:
    """How to write an array over the six cells: as lat by lon, as a list, or as columns (a lake after every cell)."""

    def __init__(self, kind: str):
        self.kind = kind
        self.dims = {"gridded": ("lat", "lon"), "unstructured": ("lndgrid",), "column": ("column",)}[kind]

    def put(self, values):
        if self.kind == "gridded":
            return values.reshape(*values.shape[:-1], LAT.size, LON.size)
        if self.kind == "column":
            columns = np.full((*values.shape[:-1], 2 * N), FILL, dtype=values.dtype)
            columns[..., ::2] = values
            return columns
        return values

    def define(self, dataset) -> None:
        lat, lon = (a.ravel() for a in np.meshgrid(LAT, LON, indexing="ij"))
        if self.kind == "gridded":
            for name, values in (("lat", LAT), ("lon", LON)):
                dataset.createDimension(name, values.size)
                dataset.createVariable(name, "f4", (name,))[:] = values
        elif self.kind == "unstructured":
            dataset.createDimension("lndgrid", N)
            for name, values in (("lat", lat), ("lon", lon)):
                dataset.createVariable(name, "f4", ("lndgrid",))[:] = values
        else:
            dataset.createDimension("column", 2 * N)
            for name, values in (("cols1d_lat", lat), ("cols1d_lon", lon)):
                dataset.createVariable(name, "f8", ("column",))[:] = np.repeat(values, 2)
            dataset.createVariable("cols1d_itype_lunit", "i4", ("column",))[:] = np.tile([1, 5], N)


def write_history(path, kind: str, fields: dict, times, bounds, mean: bool = False, units=None) -> Path:
    """Write a history file. fields: (record, [level,] cell), or (level, cell) for constants; times in days."""
    layout = Layout(kind)
    with netCDF4.Dataset(str(path), "w", format="NETCDF3_64BIT_DATA") as out:
        out.createDimension("time", None)
        out.createDimension("levgrnd", 15)
        out.createDimension("hist_interval", 2)
        layout.define(out)
        time = out.createVariable("time", "f4", ("time",))
        time.setncatts({"units": "days since 2000-01-01 00:00:00", "calendar": "noleap", "bounds": "time_bounds"})
        time[:] = times
        out.createVariable("time_bounds", "f8", ("time", "hist_interval"))[:] = bounds
        for name, values in fields.items():
            constant = name in ("DZSOI", "WATSAT", "SUCSAT", "BSW", "HKSAT")
            level = ("levgrnd",) if constant or values.ndim == 3 else ()
            dims = (*(() if constant else ("time",)), *level, *layout.dims)
            variable = out.createVariable(name, "f4", dims, fill_value=np.float32(FILL))
            variable.units = (units or {}).get(name, UNITS[name])
            if not constant:
                variable.cell_methods = "time: mean" if mean else "time: point"
            variable[:] = layout.put(values)
    return Path(path)


def write_surface(path, gridded: bool = False, change=None) -> Path:
    """Write a surface dataset of the six cells; change: values by variable name that replace the usual ones."""
    lat, lon = (a.ravel() for a in np.meshgrid(LAT, LON, indexing="ij"))
    pft = np.zeros((17, N))
    pft[1], pft[10], pft[13], pft[15], pft[0] = 40.0, 10.0, 20.0, 20.0, 10.0
    values = {
        "LATIXY": lat,
        "LONGXY": lon,
        "PCT_SAND": 30.0 + np.arange(10)[:, None] + np.arange(N),
        "PCT_CLAY": 20.0 + np.arange(10)[:, None] + np.arange(N),
        "SLP_P10": np.linspace(0.01, 0.5, 11)[:, None] * (1 + 0.1 * np.arange(N)),
        "PCT_NAT_PFT": pft,
        "PCT_NATVEG": np.full(N, 100.0),
        "PCT_CROP": np.zeros(N),
        **(change or {}),
    }
    units = {"LATIXY": "degrees north", "LONGXY": "degrees east", "SLP_P10": "km km^-1", "aveDTB": "m"}
    levels = {"PCT_SAND": "nlevsoi", "PCT_CLAY": "nlevsoi", "SLP_P10": "nlevslp", "PCT_NAT_PFT": "natpft"}
    with netCDF4.Dataset(str(path), "w") as out:
        for name, size in (("nlevsoi", 10), ("nlevslp", 11), ("natpft", 17)):
            out.createDimension(name, size)
        cells = {"lsmlat": LAT.size, "lsmlon": LON.size} if gridded else {"gridcell": N}
        for name, size in cells.items():
            out.createDimension(name, size)
        for name, array in values.items():
            dims = (*((levels[name],) if name in levels else ()), *cells)
            variable = out.createVariable(name, "f8", dims)
            variable.units = units.get(name, "unitless")
            variable[:] = np.asarray(array).reshape([len(out.dimensions[d]) for d in dims])
    return Path(path)


def hourly(n_records: int, first: float = 10.25, step: float = 0.25):
    """Times and bounds (days) of records that follow each other."""
    times = first + step * np.arange(n_records)
    return times, np.stack([times - step, times], axis=1)


class Case:
    """Files of one case in a folder: h1 (states), h0 (constants and daily mean rain) and the surface dataset."""

    def __init__(self, folder, kind: str = "unstructured", n_records: int = 8, drop=(), units=None, days: int = 14):
        times, bounds = hourly(n_records)
        fields = {k: v for k, v in states(n_records).items() if k not in drop}
        self.h1 = write_history(folder / f"{kind}.elm.h1.nc", kind, fields, times, bounds, units=units)
        days_end, days_bounds = hourly(days, 1.0, 1.0)
        rain = np.full((days, N), 1.0) * np.arange(1, days + 1)[:, None] / 86400.0  # day k brings k mm
        self.h0 = write_history(
            folder / f"{kind}.elm.h0.nc",
            kind,
            {**constants(), "RAIN": rain.astype("f4")},
            days_end,
            days_bounds,
            mean=True,
            units=units,
        )
        self.surface = write_surface(folder / f"surface_{kind}.nc", gridded=kind == "gridded")

    def inputs(self, **others) -> Inputs:
        """The case as a run reads it; others: fields of Inputs that differ."""
        return Inputs(**{"history": [self.h1], "surface": self.surface, "constants": [self.h0], **others})

    def run(self, out) -> tuple:
        """Arguments of the command line that run the case."""
        return ("run", "--history", self.h1, "--constants", self.h0, "--surface", self.surface, "--out", out)


def x_of(case, rank: int = 0, size: int = 1, **inputs) -> np.ndarray:
    """The inputs of every record of a case (record, column, field); leaves no file open."""
    from elm_landslide.offline.columns import Columns

    source = Columns(case.inputs(**inputs), rank, size)
    try:
        return np.array([source.x(record) for record in source.records])
    finally:
        source.close()


def rewrite(path, edit, to=None) -> Path:
    """Write a file anew as tools leave it. edit(name, dims, data, attributes) gives the last three, or None to leave
    the variable out; data raw."""
    path, to = Path(path), Path(to or path)
    with netCDF4.Dataset(str(path)) as old:
        old.set_auto_maskandscale(False)
        kept = {a: old.getncattr(a) for a in old.ncattrs()}
        found = [(n, v.dimensions, v[...], {a: v.getncattr(a) for a in v.ncattrs()}) for n, v in old.variables.items()]
    with netCDF4.Dataset(str(to), "w") as new:
        new.setncatts(kept)
        for name, *parts in found:
            changed = edit(name, *parts)
            if changed is None:
                continue
            dims, data, attributes = changed[0], np.asarray(changed[1]), dict(changed[2])
            for dim, size in zip(dims, data.shape, strict=True):
                if dim not in new.dimensions:
                    new.createDimension(dim, size)
            copy = new.createVariable(name, data.dtype, dims, fill_value=attributes.pop("_FillValue", None))
            copy.set_auto_maskandscale(False)
            copy.setncatts(attributes)
            copy[...] = data
    return to


def with_attributes(wanted, **attributes):
    """An edit that sets attributes of one variable; None removes one."""

    def edit(name, dims, data, found):
        if name == wanted:
            found = {k: v for k, v in {**found, **attributes}.items() if v is not None}
        return dims, data, found

    return edit

"""The places of a layout in the output file: coordinates, bounds and areas, by CF."""

from __future__ import annotations

import netCDF4
import numpy as np

from elm_landslide.errors import UserError
from elm_landslide.fields import SPVAL
from elm_landslide.offline import variables
from elm_landslide.offline.netcdf import is_missing
from elm_landslide.offline.places import Layout

_COLUMN_COORDINATES = ("cols1d_lat", "cols1d_lon")
# Variables that place the values, copied where they lie on the horizontal dimensions.
_PLACE_VARIABLES = ("lat", "lon", "area", "landfrac", "landmask")
# Attributes of the input that do not apply to the copy, which is whole and not packed.
_LOST = (
    *("_FillValue", "missing_value", "bounds", "coordinates", "cell_methods", "scale_factor", "add_offset"),
    *("valid_min", "valid_max", "valid_range", "_Unsigned"),
)
_MAY_LACK = ("area", "landfrac")  # nothing depends on them


def define(out: netCDF4.Dataset, source: netCDF4.Dataset, layout: Layout) -> dict[str, str]:
    """Define and fill what places the values; returns the attributes by which a variable refers to it."""
    dims = layout.dims
    for name, length in zip(dims, layout.shape, strict=True):
        out.createDimension(name, length)
    on_columns = dims == ("column",)
    names = [n for n in source.variables if n.startswith("cols1d_")] if on_columns else _PLACE_VARIABLES
    for name in names:
        if name in source.variables and source[name].dtype != str and source[name].dtype.kind in "iuf":
            try:
                _copy(out, source[name], dims)
            except UserError:
                if name not in _MAY_LACK:
                    raise
    for name, standard, units in (("lat", "latitude", "degrees_north"), ("lon", "longitude", "degrees_east")):
        coordinate = out[f"cols1d_{name}" if on_columns else name]
        coordinate.setncatts({"standard_name": standard, "units": units})
    attributes = {}
    if len(dims) == 2 and out["lat"].ndim == 1:
        for name in dims:
            _add_bounds(out, name)
    else:
        attributes["coordinates"] = " ".join(_COLUMN_COORDINATES if on_columns else ("lat", "lon"))
    if "area" in out.variables and out["area"].dimensions == dims:
        out["area"].standard_name = "cell_area"
        attributes["cell_measures"] = "area: area"
    return attributes


def _copy(out: netCDF4.Dataset, variable: netCDF4.Variable, dims: tuple[str, ...]) -> None:
    """A copy on those of the horizontal dimensions that the variable has, of its own kind."""
    own = tuple(d for d in dims if d in variable.dimensions)
    if not own:
        return
    values = variables.read(variable, own)
    gaps = is_missing(values)
    packed = {"scale_factor", "add_offset"} & set(variable.ncattrs())
    kind = np.dtype("f8") if packed else variable.dtype
    default = SPVAL if kind.kind == "f" else netCDF4.default_fillvals[kind.str[1:]]
    fill = kind.type(default) if gaps.any() else None
    copy = out.createVariable(variable.name, kind, own, fill_value=fill)  # CF allows no fill on a coordinate variable
    copy.setncatts({a: variable.getncattr(a) for a in variable.ncattrs() if a not in _LOST})
    if not {"long_name", "standard_name"} & set(copy.ncattrs()):
        copy.long_name = variable.name
    copy[:] = np.where(gaps, 0 if fill is None else fill, values).astype(kind)


def _add_bounds(out: netCDF4.Dataset, name: str) -> None:
    """Bounds of the cells of a grid midway between their centres; of latitudes not beyond the poles."""
    centres = out[name][:].astype(float)
    if centres.size < 2:
        return
    middles = (centres[1:] + centres[:-1]) / 2.0
    edges = np.concatenate([[2 * centres[0] - middles[0]], middles, [2 * centres[-1] - middles[-1]]])
    if name == "lat":
        edges = np.clip(edges, -90.0, 90.0)
    if "nv" not in out.dimensions:
        out.createDimension("nv", 2)
    out.createVariable(f"{name}_bnds", "f8", (name, "nv"))[:] = np.stack([edges[:-1], edges[1:]], axis=1)
    out[name].bounds = f"{name}_bnds"

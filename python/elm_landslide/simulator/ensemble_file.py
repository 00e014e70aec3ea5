"""The netCDF file of an ensemble: written from its parts, read as one object."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from elm_landslide import __version__, files
from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, OUTPUTS, SLOPE_PERCENTILES, SPVAL, unpack
from elm_landslide.simulator import member
from elm_landslide.simulator.ensemble import EVENTS, Ensemble, parcels
from elm_landslide.simulator.prior import PRIORS

_AXES = {10: "layer", 11: "percentile", 5: "quantile"}
_HOUR = "hours after the start of the storm"
# Variables hillslope_NAME: dimensions, unit, what it is. Names of fields.toml's outputs mean what they mean there.
HILLSLOPE = {
    "probability": (("member", "time"), "1", OUTPUTS["probability"].long_name.replace("expected f", "f")),
    "fos": (("member", "time"), "1", OUTPUTS["fos"].long_name),
    "fos_median": (("member", "time"), "1", OUTPUTS["fos_median"].long_name),
    "depth": (("member", "time"), "m", OUTPUTS["depth"].long_name),
    "released": (("member", "time"), "1", "fraction of the hillslope that has slid"),
    "damage": (("member", "time"), "1", "mean share of broken fibres at the bases of the cells that have not slid"),
    "fos_class": (
        ("member", "time", "slope_class", "soil_layer"),
        "1",
        "median factor of safety of a fifth of the area by gradient, on the lower faces of layers of equal thickness",
    ),
    "soil_depth": (("member", "slope_class"), "m", "median soil thickness of a fifth of the area by gradient"),
    "balance": (("member",), "1", "greatest error of the water balances, as a share of the input"),
    "failed": (("member",), "1", "1 where the equations could not be solved: the member has no state"),
}
_EVENTS = {
    "event_time": ("h", f"time of the landslide, {_HOUR}"),
    "event_area": ("m2", "area of the landslide on the map"),
    "event_volume": ("m3", "volume of the landslide"),
    "event_depth": ("m", "mean depth of the landslide"),
    "event_initial": ("1", "1 where it slid as the event began, before its storm"),
}
assert tuple(_EVENTS) == EVENTS


def read(path: Path) -> tuple[Ensemble, dict[str, np.ndarray]]:
    """(the ensemble, its variables by name) of a file. Raises UserError for another kind of file."""
    from elm_landslide.offline import netcdf

    with netcdf.open_dataset(path) as file:
        if "event_area" not in file.variables:
            raise UserError(f"{path}: not a file of elm-landslide simulate")
        lacking = [f.name for f in FIELDS.values() if f.required and f.name not in file.variables]
        if lacking:
            raise UserError(f"{path}: has no {lacking[0]}, which this version needs: simulate it again")
        identity = json.loads(file.ensemble)
        ensemble = Ensemble(
            members=len(file.dimensions["member"]),
            seed=int(file.seed),
            settings=member.Settings(**identity["settings"]),
            weather=file.weather if identity["inputs"].get("weather") else "",
            dem=file.dem if identity["inputs"].get("dem") else "",
            dem_size=identity["dem_size"],
            fixed=tuple(sorted(identity["fixed"].items())),
            alike=identity.get("alike", 1),
        )
        return ensemble, {name: netcdf.filled(v[:]) for name, v in file.variables.items() if v.dtype.kind in "fi"}


def write(ensemble: Ensemble, out: Path, command: str) -> dict:
    """Join the parts into `out`, whole or not at all; returns counts for the summary."""
    counts = {"members": ensemble.members, "failed": 0, "landslides": 0, "with_landslides": 0, "balance": 0.0}
    with files.whole(out, RuntimeError) as part, netCDF4.Dataset(str(part), "w", format="NETCDF4") as file:
        _define(file, ensemble, command)
        for name, values in zip(PRIORS, ensemble.design().T, strict=True):
            file[f"parameter_{name}"][:] = values
        for members, results in parcels(ensemble, out):
            _put(file, members, results, counts)
    return counts


def _define(file: netCDF4.Dataset, ensemble: Ensemble, command: str) -> None:
    settings = ensemble.settings
    file.setncatts(
        {
            "Conventions": "CF-1.8",
            "title": "Hillslope storms simulated with the ELM-like columns above them",
            "source": f"ELM-Landslide {__version__}",
            "history": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {command}",
            "seed": np.int64(ensemble.seed),
            "ensemble": json.dumps(ensemble.identity()),
            "weather": ensemble.weather or "drawn storms",
            "dem": ensemble.dem or "drawn hillslopes",
            "cell_area": settings.size**2,
        }
    )
    sizes = {
        "member": ensemble.members,
        "time": len(settings.times),
        **{name: size for size, name in _AXES.items()},
        "slope_class": member.SLOPE_CLASSES,
        "soil_layer": settings.layers,
        "event": None,
    }
    for name, size in sizes.items():
        file.createDimension(name, size)

    def variable(
        name: str, dims: tuple[str, ...], unit: str, long_name: str, kind: str = "f4", **options: Any
    ) -> netCDF4.Variable:
        chunks = [1024] if dims == ("event",) else None
        result = file.createVariable(name, kind, dims, zlib=True, chunksizes=chunks, **options)
        result.setncatts({"units": unit, "long_name": long_name})
        return result

    variable("time", ("time",), "h", f"time, {_HOUR}")[:] = settings.times
    variable("percentile", ("percentile",), "%", "percentile of area by gradient")[:] = SLOPE_PERCENTILES
    for name, prior in PRIORS.items():
        parameter = variable(f"parameter_{name}", ("member",), prior.unit, f"drawn: {prior.long_name}", "f8")
        parameter.prior = f"{prior.kind}({prior.a:g}, {prior.b:g})"
    for field in FIELDS.values():
        axis = (_AXES[field.layers],) if field.layers > 1 else ()
        state = variable(
            field.name, ("member", "time", *axis), field.unit, field.long_name, fill_value=np.float32(SPVAL)
        )
        state.comment = "as the network takes it from ELM"
    for name, (dims, unit, long_name) in HILLSLOPE.items():
        variable(f"hillslope_{name}", dims, unit, long_name)
    count = variable("event_count", ("member",), "1", "number of landslides of the member", "i4")
    count.sample_dimension = "event"
    variable("event_member", ("event",), "1", "member of the landslide, from 0", "i4")
    for name, (unit, long_name) in _EVENTS.items():
        variable(name, ("event",), unit, long_name)


def _put(file: netCDF4.Dataset, members: slice, results: dict, counts: dict) -> None:
    counts["failed"] += int(results["failed"].sum())
    file["hillslope_failed"][members] = results["failed"]
    if "x" not in results:
        file["event_count"][members] = 0
        return
    for name, values in unpack(np.nan_to_num(results["x"], nan=SPVAL)).items():
        file[name][members] = values
    for name in HILLSLOPE:
        file[f"hillslope_{name}"][members] = results[name]
    file["event_count"][members] = results["event_count"]
    start, n = len(file.dimensions["event"]), len(results["event_time"])
    if n:
        numbers = np.arange(members.start, members.stop)
        file["event_member"][start : start + n] = np.repeat(numbers, results["event_count"])
        for name in EVENTS:
            file[name][start : start + n] = results[name]
    counts["landslides"] += n
    counts["with_landslides"] += int((results["event_count"] > 0).sum())
    counts["balance"] = max(counts["balance"], float(np.nanmax(results["balance"])))

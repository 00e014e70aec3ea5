"""The numbers behind one probability: factor of safety by slope class and failure plane of one column at one time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from elm_landslide import fields
from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, FLAGS, OUTPUTS
from elm_landslide.model.network import REPORTED_QUANTILES, LandslideNetwork, Prepared
from elm_landslide.physics import slopes
from elm_landslide.physics.column import NO_TABLE
from elm_landslide.physics.infinite_slope import FOS_CAP, FOS_INNER_CAP, bounded, cosine_squared, normal_cdf
from elm_landslide.physics.stability import candidate_planes


@dataclass
class Profile:
    """Means over the members (geometric of FoS, also over the kinds of cover), classes in order of slope.

    Arrays [class] or [class, plane]; the last plane is the base of the soil, and a plane that would be below it is
    the base. The classes are those of the quadrature and the two that are reported.
    """

    outputs: dict[str, float]  # as the module gives them, by name in fields.toml
    flag: str
    quantile: np.ndarray  # [class] 1, of area
    weight: np.ndarray  # [class] 1, share of the area; 0 of those that are only reported
    failing: np.ndarray  # [class] 1, share of its area with FoS below 1
    spread: float  # of ln FoS between points of one class, mean of the members
    slope: np.ndarray  # [class] degrees
    percentiles: np.ndarray  # [11] degrees, the slopes of the column at SLOPE_PERCENTILES
    depth: np.ndarray  # [class, plane] m
    fos: np.ndarray  # [class, plane] 1
    least: np.ndarray  # [class] 1, mean of the members' own least values
    least_depth: np.ndarray  # [class] m
    thickness: np.ndarray  # [class] m
    head: np.ndarray  # [class] m, of water gathered on the base
    normal: np.ndarray  # [class, plane] Pa, stress of the weight across the plane
    shear: np.ndarray  # [class, plane] Pa, stress of the weight along the plane
    friction: np.ndarray  # [class, plane] Pa, strength by friction
    cohesion: np.ndarray  # [class, plane] Pa, of the soil
    roots: np.ndarray  # [class, plane] Pa, mean over the cover
    water: np.ndarray  # [class, plane] Pa, strength by suction; negative: lost to pore pressure
    water_table: float  # m
    perched_table: float | None  # m

    @property
    def uncalibrated(self) -> float:
        """The probability that the classes sum to."""
        return float((self.weight * self.failing).sum())

    @property
    def reported(self) -> int:
        """The class of the outputs fos and depth."""
        return int(np.flatnonzero(self.quantile == REPORTED_QUANTILES[0])[0])


def explain(network: LandslideNetwork, x) -> Profile:
    """The profile of one column, x (N_IN,) as Columns.x gives it."""
    x = torch.as_tensor(np.ascontiguousarray(x, dtype=np.float64)).unsqueeze(0)
    with torch.no_grad():
        y = network(x)[0]
        flag = next(name for name, value in FLAGS.items() if value == int(y[-1]))
        if flag == "invalid":
            missing = (x.abs() >= fields.MISSING)[0] & network.required
            names = [name for name, f in FIELDS.items() if bool(missing[f.columns].any())]
            raise UserError(f"the column is invalid at this time: {', '.join(names)} missing")
        prepared = network.prepare(x)
        latents = network.latents(prepared, network.members)[0]
        parts = _parts(network, prepared, latents)
    nodes, weights = slopes.quadrature()
    quantile = np.concatenate([nodes, REPORTED_QUANTILES])
    weight = np.concatenate([weights, np.zeros(len(REPORTED_QUANTILES))])
    order = np.argsort(quantile)
    mean = {name: part.mean(0).numpy()[order] for name, part in parts.items()}
    slope = np.degrees(np.arctan(prepared.gradient[0].numpy()[order]))
    perched = float(prepared.column.perched_table)
    return Profile(
        outputs={name: float(y[output.index]) for name, output in OUTPUTS.items()},
        flag=flag,
        quantile=quantile[order],
        weight=weight[order],
        spread=float(latents["spread"].mean()),
        slope=slope,
        percentiles=np.degrees(np.arctan(x[0, FIELDS["slope"].columns].numpy())),
        fos=np.exp(mean.pop("log_fos")).clip(max=FOS_CAP),
        least=np.exp(mean.pop("log_least")).clip(max=FOS_CAP),
        water_table=float(prepared.column.water_table),
        perched_table=perched if perched < NO_TABLE else None,
        **mean,
    )


def _parts(network: LandslideNetwork, prepared: Prepared, latents: dict[str, Tensor]) -> dict[str, Tensor]:
    """[member, class] and [member, class, plane], as LandslideNetwork.run_members puts its strengths together."""
    strength = network.hillslopes(prepared, latents)
    candidates = candidate_planes(prepared.column, prepared.gradient, strength, network.planes)
    below = candidates.planes.depth > candidates.base.depth

    def join(on_planes: Tensor, on_base: Tensor) -> Tensor:
        """[member, class, plane]: the planes, the base in place of those below it, and the base."""
        on_planes = torch.where(below, on_base, on_planes)
        return torch.cat([on_planes, on_base.expand_as(on_planes[:, :1])], dim=1)[0].movedim(0, -1)

    def part(name: str) -> Tensor:
        return join(getattr(candidates.planes, name), getattr(candidates.base, name))

    depth, weight, stress = part("depth"), part("weight"), part("stress")
    gradient, tan_phi = prepared.gradient[0].unsqueeze(-1), torch.tan(torch.deg2rad(strength.friction[0])).unsqueeze(-1)
    normal = weight * cosine_squared(gradient)
    log_fos = log_least = least_depth = root = failing = torch.zeros((), dtype=torch.float64)  # sums over the cover
    cohesions = strength.root_cohesion
    ratios = map(join, candidates.planes.strength_ratios(cohesions), candidates.base.strength_ratios(cohesions))
    for share, cohesion, ratio in zip(prepared.shares[0], cohesions, ratios, strict=True):
        fos = bounded(ratio / candidates.driving[0].unsqueeze(-1), FOS_INNER_CAP)
        kind = torch.log(fos) + latents["residual"][0].unsqueeze(-1)
        log_fos = log_fos + share * kind
        least = kind.amin(-1)
        log_least = log_least + share * least
        failing = failing + share * normal_cdf(-least / latents["spread"][0])
        least_depth = least_depth + share * depth.gather(-1, ratio.argmin(-1, keepdim=True))[..., 0]
        if cohesion is not None:
            root = root + share * cohesion[0].unsqueeze(-1) * part("roots")
    return {
        "log_fos": log_fos,
        "log_least": log_least,
        "failing": failing,
        "least_depth": least_depth,
        "depth": depth,
        "thickness": candidates.base.depth[0, 0],
        "head": candidates.head[0],
        "normal": normal,
        "shear": normal * gradient,
        "friction": normal * tan_phi,
        "cohesion": strength.cohesion[0].unsqueeze(-1).expand_as(depth),
        "roots": root,
        "water": -stress * tan_phi,
    }

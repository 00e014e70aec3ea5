"""The factor-of-safety network: raw fields in, probability, factors of safety and flag out, as one module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from elm_landslide import fields
from elm_landslide.fields import FIELDS, FLAGS, MISSING, SPVAL
from elm_landslide.model.calibration import BetaCalibration
from elm_landslide.model.domain import Domain
from elm_landslide.model.hazard import Hazard, HazardInputs
from elm_landslide.physics import convergence, roots, slopes, strength
from elm_landslide.physics.column import SoilColumn, soil_column
from elm_landslide.physics.infinite_slope import FOS_CAP, normal_cdf
from elm_landslide.physics.layers import mean_matrix
from elm_landslide.physics.root_profile import COVERS
from elm_landslide.physics.stability import Strength, minimum_factor_of_safety, standard_planes

# Bounds of the latent parameters, p = low + (high - low) sigmoid(prior + correction): the members of Strength, then the
# spread of ln FoS between points of one slope class, and the residual of ln FoS.
LATENTS = {**strength.LIMITS, "spread": (0.05, 0.6), "residual": (-0.3, 0.3)}
PRIOR_SPREAD = 0.23
N_PLANES = 8
REPORTED_QUANTILES = (0.9, 0.5)  # of slope: LANDSLIDE_FOS and LANDSLIDE_FOS_MEDIAN
# Features that the hazard reads beside the failing share. Slopes are not among them: the sites of the training say
# little of them, and a cell of ELM would lie far beyond; they act through the failing share.
STATE = ("water", "ice", "water_table", "runoff")
N_STATE = 7  # columns of them


@dataclass
class Prepared:
    """What all members share for n columns."""

    column: SoilColumn
    gradient: Tensor  # [n, class]: quadrature nodes, then the reported quantiles
    features: Tensor  # [n, n_strength_features], normalised
    prior: Tensor  # [n, latent], logit of the prior strength
    shares: Tensor  # [n, 3] of the area under trees, shrubs (and what counts as such), and without roots
    root_scale: Tensor  # [n, 1], root cohesion relative to typical roots of the cover
    gathering: Tensor  # [n, class], water that gathers over its mean on the hillslopes
    state: Tensor  # [n, N_STATE], what the hazard sees of water and frost, not normalised
    flag: Tensor  # [n], FLAGS as numbers


class LandslideNetwork(nn.Module):
    """All decisions live here: missing values, domain, fallback and flags are part of what is exported.

    The trunk sees soil and terrain only. Water and vegetation act only through the equations, so, whatever was
    learned, the factor of safety never rises with pore pressure, and the probability never falls when roots are lost or
    trees give way to open ground under the same load. (The load of the trees itself can go either way: without it a dry
    cohesive slope is stronger.) Double precision throughout.
    """

    N_STRENGTH_FEATURES = 14  # the first of the features; the rest only guard the domain
    N_FEATURES = 31

    valid_low: Tensor
    valid_high: Tensor
    required: Tensor
    unknown: Tensor
    stand_in: Tensor
    feature_mean: Tensor
    feature_scale: Tensor
    surface: Tensor
    root_zone: Tensor
    upper: Tensor
    lower: Tensor
    weights: Tensor
    latent_low: Tensor
    latent_range: Tensor
    intraclass: Tensor

    def __init__(self, members: int = 3, width: int = 24):
        super().__init__()
        float64 = torch.float64
        columns = [f for f in FIELDS.values() for _ in range(f.layers)]
        self.register_buffer("valid_low", torch.tensor([f.valid[0] for f in columns], dtype=float64))
        self.register_buffer("valid_high", torch.tensor([f.valid[1] for f in columns], dtype=float64))
        self.register_buffer("required", torch.tensor([f.required for f in columns]))
        self.register_buffer("unknown", torch.tensor([not f.required and f.filled is True for f in columns]))
        # Replaces a missing value: the default, or for a required one (the column is invalid) any sound value.
        self.register_buffer(
            "stand_in", torch.tensor([sum(f.valid) / 2 if f.required else f.default for f in columns], dtype=float64)
        )
        self.register_buffer("feature_mean", torch.zeros(self.N_FEATURES, dtype=float64))
        self.register_buffer("feature_scale", torch.ones(self.N_FEATURES, dtype=float64))
        self.register_buffer("surface", mean_matrix(0.0, 0.2))
        self.register_buffer("root_zone", mean_matrix(0.2, 1.5))
        self.register_buffer("upper", mean_matrix(0.0, 0.5))
        self.register_buffer("lower", mean_matrix(0.5, 2.3))

        nodes, weights = slopes.quadrature()
        self.n_classes = len(nodes)
        self.register_buffer("weights", torch.from_numpy(weights))
        # The reported slopes are of middling wetness.
        of_nodes = convergence.wetness_levels(weights, [count for *_, count in slopes.SEGMENTS])
        levels = [*of_nodes, *[0.5] * len(REPORTED_QUANTILES)]
        self.wetness = convergence.point_matrix([*nodes, *REPORTED_QUANTILES], levels)
        self.exponent = convergence.EXPONENT
        self.hermite = slopes.hermite_matrices([*nodes, *REPORTED_QUANTILES])
        self.planes = standard_planes(N_PLANES)
        low, high = zip(*LATENTS.values(), strict=True)
        self.register_buffer("latent_low", torch.tensor(low, dtype=float64))
        self.register_buffer("latent_range", torch.tensor(high, dtype=float64) - self.latent_low)

        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(self.N_STRENGTH_FEATURES, width, dtype=float64),
                nn.SiLU(),
                nn.Linear(width, width, dtype=float64),
                nn.SiLU(),
                nn.Linear(width, len(LATENTS), dtype=float64),
            )
            for _ in range(members)
        )
        for member in self.members:  # start from the prior
            for parameter in list(member.parameters())[-2:]:  # of the last layer
                nn.init.zeros_(parameter)
        self.domain = Domain(self.N_FEATURES)
        self.calibration = BetaCalibration()
        # Correlation between the points of one hillslope in whether they fail (0: each hillslope fails like the mean).
        self.register_buffer("intraclass", torch.zeros((), dtype=float64))
        self.hazard = Hazard(N_STATE)

    def _select(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mask of what is given, and the inputs with every missing value replaced and every value in its physical
        range."""
        given = x.abs() < MISSING  # false for NaN
        filled = torch.where(given, x, self.stand_in)
        return given, torch.minimum(torch.maximum(filled, self.valid_low), self.valid_high)

    def _raw_features(self, field: Callable[[str], Tensor]) -> dict[str, Tensor]:
        """Not normalised, in order, N_FEATURES columns: what the trunk sees, then what the guard sees besides."""
        slope = field("slope")
        halves = torch.cat([self.upper, self.lower], dim=-1)
        trunk = {
            **{name: field(name) @ halves for name in ("sand", "clay", "porosity", "bsw")},
            "sucsat": torch.log(field("sucsat")) @ halves,
            "slope": torch.log(torch.cat([slope[:, 5:6], slope[:, 9:10]], dim=-1) + 0.01),
            "steepest": torch.log(slope[:, 10:11] + 0.01),
            "bedrock": torch.log(field("bedrock_depth")),
        }
        root = field("root_fraction")
        water = (field("liquid_water") + field("ice")) / field("porosity")
        runoff = torch.cat([field("surface_runoff"), field("subsurface_drainage")], dim=-1)
        guard = {
            **{name: field(f"{name}_cover") for name in COVERS},
            "leaf_area": torch.log1p(field("leaf_area_index")),
            "roots": root.sum(-1, keepdim=True),
            "root_density": roots.relative_density(root) @ self.root_zone,
            "water": water @ torch.cat([self.surface, halves], dim=-1),
            "ice": field("ice") @ self.upper,
            "water_table": torch.log(field("water_table_depth") + 0.1),
            "water_input": torch.log1p(1e4 * field("water_input").clamp(min=0.0)),
            "runoff": torch.log1p(1e4 * runoff.clamp(min=0.0)),
            "carbon": torch.log1p(field("vegetation_carbon")),
            "rain": torch.log1p(field("rain_7d")),
        }
        return {**trunk, **guard}

    def _prior(self, field: Callable[[str], Tensor]) -> Tensor:
        """[n, latent]: logit of the prior strength of each latent within its bounds."""
        sand, clay = field("sand") @ self.lower, field("clay") @ self.lower
        constant = torch.zeros_like(sand)
        prior = {
            "cohesion": strength.texture_cohesion(sand, clay),
            "friction": strength.texture_friction(sand, clay),
            "root_cohesion": constant + roots.COVER_COHESION[0],
            "thickness": constant + strength.THICKNESS[0],
            "thinning": constant + strength.THINNING[0],
            "water_gathered": constant + strength.WATER_GATHERED[0],
            "water_kept": constant + strength.WATER_KEPT[0],
            "water_stored": constant + strength.WATER_STORED[0],
            "suction_cap": constant + strength.SUCTION_CAP[0],
            "spread": constant + PRIOR_SPREAD,
            "residual": constant,
        }
        values = torch.cat([prior[name] for name in LATENTS], dim=-1)
        share = ((values - self.latent_low) / self.latent_range).clamp(1e-3, 1.0 - 1e-3)
        return torch.log(share / (1.0 - share))

    def _gathering(self, field: Callable[[str], Tensor], has: Callable[[str], Tensor]) -> Tensor:
        """[n, class]: 1 where the wetness is not known."""
        index = torch.cat([field(name) for name in fields.WETNESS_FIELDS], dim=-1) @ self.wetness
        known = torch.cat([has(name) for name in fields.WETNESS_FIELDS], dim=-1).all(-1, keepdim=True)
        return torch.where(known, convergence.gathering(index, self.weights, self.exponent), 1.0)

    def raw_features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mask of what is given and clean inputs [n, N_IN], features [n, N_FEATURES] before normalisation."""
        given, clean = self._select(x)
        features = self._raw_features(lambda name: clean[:, FIELDS[name].columns])
        return given, clean, torch.cat(list(features.values()), dim=-1)

    def prepare(self, x: Tensor) -> Prepared:
        """Everything before the members, for x [n, N_IN]."""
        given, clean = self._select(x)

        def field(name: str) -> Tensor:
            return clean[:, FIELDS[name].columns]

        def has(name: str) -> Tensor:
            return given[:, FIELDS[name].columns].all(-1, keepdim=True)

        raw = self._raw_features(field)
        features = (torch.cat(list(raw.values()), dim=-1) - self.feature_mean) / self.feature_scale
        shares, root_scale = roots.ground(field, has)
        outside = self.domain.outside(clean, given, features) | (given & (x != clean)).any(-1)
        missing = ~given
        filled = (missing & self.unknown).any(-1)
        for f in FIELDS.values():
            if isinstance(f.filled, str):
                beside = (has(f.filled) & (field(f.filled) > 0.0)).any(-1)
                filled = filled | (missing[:, f.columns].any(-1) & beside)
        flag = torch.full_like(x[:, 0], float(FLAGS["ok"]))
        flag = torch.where(filled, float(FLAGS["filled"]), flag)
        flag = torch.where(outside, float(FLAGS["outside"]), flag)
        flag = torch.where((missing & self.required).any(-1), float(FLAGS["invalid"]), flag)
        return Prepared(
            column=soil_column(field, has),
            gradient=slopes.gradients(field("slope"), self.hermite),
            features=features[:, : self.N_STRENGTH_FEATURES],
            prior=self._prior(field),
            shares=shares,
            root_scale=root_scale,
            gathering=self._gathering(field, has),
            state=torch.cat([raw[name] for name in STATE], dim=-1),
            flag=flag,
        )

    def latents(self, prepared: Prepared, members: Iterable[nn.Module]) -> tuple[dict[str, Tensor], Tensor]:
        """Bounded parameters by name, each [n, member, 1], and the members' corrections of the prior
        [n, member, latent].

        Outside the domain the correction is dropped: what is left is the analytic FoS with prior strengths.
        """
        inside = (prepared.flag < FLAGS["outside"]).view(-1, 1, 1)
        correction = torch.stack([member(prepared.features) for member in members], dim=1)
        correction = torch.where(inside, correction, 0.0)
        values = self.latent_low + self.latent_range * torch.sigmoid(prepared.prior.unsqueeze(1) + correction)
        return dict(zip(LATENTS, values.split(1, dim=-1), strict=True)), correction

    def gathered(self, prepared: Prepared, latents: dict[str, Tensor]) -> Tensor:
        """water_gathered of stability.Strength [n, member, class]."""
        return latents["water_gathered"] * prepared.gathering.unsqueeze(1)

    def hillslopes(self, prepared: Prepared, latents: dict[str, Tensor]) -> Strength:
        """The strengths of the members' hillslopes. The kinds of ground_shares lie side by side, and roots of trees
        hold at least as much as those of shrubs."""
        values = {name: latents[name] for name in LATENTS if name not in ("root_cohesion", "spread", "residual")}
        values["water_gathered"] = self.gathered(prepared, latents)
        scale = prepared.root_scale.unsqueeze(1)
        shrub = scale * roots.COVER_COHESION[1]
        tree = torch.maximum(scale * latents["root_cohesion"], shrub)
        return Strength(**values, root_cohesion=(tree, shrub, None))

    def run_members(self, prepared: Prepared, latents: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Probability [n, member], mean ln FoS at REPORTED_QUANTILES [n, member, 2], depth (m) of the minimum at the
        first of them [n, member]."""
        classes = self.n_classes
        runs = minimum_factor_of_safety(
            prepared.column,
            prepared.gradient,
            self.hillslopes(prepared, latents),
            self.planes,
            located=slice(classes, classes + 1),
        )
        per_spread = -1.0 / latents["spread"]
        nothing: Any = 0.0  # a tensor once one is added
        probability, log_fos, depth = nothing, nothing, nothing
        for share, (fos, at) in zip(prepared.shares.split(1, dim=-1), runs, strict=True):
            kind = torch.log(fos) + latents["residual"]
            failing = normal_cdf(kind[..., :classes] * per_spread)
            probability = probability + share * (failing * self.weights).sum(-1)
            log_fos = log_fos + share.unsqueeze(-1) * kind[..., classes:]
            depth = depth + share * at[..., 0]
        return probability, log_fos, depth

    def hazard_inputs(self, prepared: Prepared, failing: Tensor) -> HazardInputs:
        """What the hazard is made of; failing [n]: the failing share, mean of the members."""
        waters = 1000.0 * torch.cat(prepared.column.waters, dim=-1)
        return HazardInputs(failing, waters, prepared.state)

    def forward(self, x: Tensor) -> Tensor:
        """x [n, N_IN] in the order and units of fields.toml, double; returns [n, N_OUT + 1]: outputs, then the flag."""
        prepared = self.prepare(x)
        probability, log_fos, depth = self.run_members(prepared, self.latents(prepared, self.members)[0])
        mean = probability.mean(-1)
        # Of hillslopes that look alike to ELM, and of the members.
        variance = self.intraclass * (mean * (1.0 - mean)).clamp(min=0.0) + (
            (probability - mean.unsqueeze(-1)) ** 2
        ).mean(-1)
        fos = torch.exp(log_fos.mean(1)).clamp(max=FOS_CAP)
        outputs = {
            "probability": self.calibration(mean),
            "fos": fos[:, 0],
            "fos_median": fos[:, 1],
            "depth": depth.mean(-1),
            "spread": torch.sqrt(variance),
            "hazard": self.hazard(self.hazard_inputs(prepared, mean)),
        }
        y = torch.stack([outputs[name] for name in fields.OUTPUTS], dim=-1)
        invalid = (prepared.flag == FLAGS["invalid"]).unsqueeze(-1)
        return torch.cat([torch.where(invalid, SPVAL, y), prepared.flag.unsqueeze(-1)], dim=-1)

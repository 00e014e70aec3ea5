"""The factor-of-safety network: raw fields in, probability, factors of safety and flag out, as one module."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from . import fields
from .calibration import BetaCalibration
from .domain import Domain
from .fields import FIELDS, FLAGS, MISSING, SPVAL
from .physics import roots, slopes, strength
from .physics.column import SoilColumn, soil_column
from .physics.infinite_slope import FOS_CAP, normal_cdf
from .physics.layers import mean_matrix
from .physics.stability import Strength, minimum_factor_of_safety, standard_planes

# Bounds of the latent parameters, p = low + (high - low) sigmoid(prior + correction): the members of Strength (root
# cohesion is that of trees), then the spread of ln FoS between points of one slope class, and the residual of ln FoS.
LATENTS = {
    "cohesion": (0.0, 30e3),
    "friction": (15.0, 45.0),
    "root_cohesion": (0.0, 40e3),
    "thickness": (0.3, 3.0),
    "thinning": (0.0, 2.0),
    "macropore_share": (0.0, 0.6),
    "head_multiplier": (0.0, 1.0),
    "suction_cap": (0.0, 20e3),
    "spread": (0.05, 0.6),
    "residual": (-0.3, 0.3),
}
PRIOR_SPREAD = 0.25
N_PLANES = 8
REPORTED_QUANTILES = (0.9, 0.5)  # of slope: LANDSLIDE_FOS and LANDSLIDE_FOS_MEDIAN


@dataclass
class Prepared:
    """What all members share for n columns."""

    column: SoilColumn
    gradient: Tensor  # [n, class]: quadrature nodes, then the reported quantiles
    features: Tensor  # [n, n_strength_features], normalised
    prior: Tensor  # [n, latent], logit of the prior strength
    shares: Tensor  # [n, 3] of the area under trees, shrubs (and what counts as such), and without roots
    root_scale: Tensor  # [n, 1], root cohesion relative to typical roots of the cover
    flag: Tensor  # [n], FLAGS as numbers


def _logit(value: Tensor, low: float, high: float) -> Tensor:
    share = ((value - low) / (high - low)).clamp(1e-3, 1.0 - 1e-3)
    return torch.log(share / (1.0 - share))


class LandslideNetwork(nn.Module):
    """All decisions live here: missing values, domain, fallback and flags are part of what is exported.

    The trunk sees soil and terrain only. Water and vegetation act through the equations alone, so, whatever was
    learned, the factor of safety never rises with pore pressure, and the probability never falls when roots are lost or
    trees give way to open ground under the same load. (The load of the trees itself can go either way: without it a dry
    cohesive slope is stronger.) Double precision throughout.
    """

    N_STRENGTH_FEATURES = 14  # the first of the features; the rest only guard the domain
    N_FEATURES = 31

    def __init__(self, members: int = 3, width: int = 24):
        super().__init__()
        float64 = torch.float64
        columns = [f for f in FIELDS.values() for _ in range(f.layers)]
        self.register_buffer("valid_low", torch.tensor([f.valid[0] for f in columns], dtype=float64))
        self.register_buffer("valid_high", torch.tensor([f.valid[1] for f in columns], dtype=float64))
        self.register_buffer("required", torch.tensor([f.required for f in columns]))
        # Stands in for a missing value: the default, or for a required one (the column is invalid) anything sound.
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
            nn.init.zeros_(member[-1].weight)
            nn.init.zeros_(member[-1].bias)
        self.domain = Domain(self.N_FEATURES)
        self.calibration = BetaCalibration()

    def _select(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Missing mask and the inputs with every missing value replaced and every value in its physical range."""
        missing = ~(x.abs() < MISSING)  # also true for NaN
        filled = torch.where(missing, self.stand_in, x)
        return missing, torch.minimum(torch.maximum(filled, self.valid_low), self.valid_high)

    def _raw_features(self, field) -> Tensor:
        """[n, N_FEATURES], not normalised: what the trunk sees, then what only the guard sees."""
        slope = field("slope")
        trunk = [
            *(field(name) @ mean for name in ("sand", "clay", "porosity", "bsw") for mean in (self.upper, self.lower)),
            torch.log(field("sucsat")) @ self.upper,
            torch.log(field("sucsat")) @ self.lower,
            torch.log(slope[:, 5:6] + 0.01),
            torch.log(slope[:, 9:10] + 0.01),
            torch.log(slope[:, 10:11] + 0.01),
            torch.log(field("bedrock_depth")),
        ]
        root = field("root_fraction")
        water = (field("liquid_water") + field("ice")) / field("porosity")
        guard = [
            *(field(f"{name}_cover") for name in roots.COVERS),
            torch.log1p(field("leaf_area_index")),
            root.sum(-1, keepdim=True),
            roots.relative_density(root) @ self.root_zone,
            water @ self.surface,
            water @ self.upper,
            water @ self.lower,
            field("ice") @ self.upper,
            torch.log(field("water_table_depth") + 0.1),
            torch.log1p(1e4 * field("water_input").clamp(min=0.0)),
            torch.log1p(1e4 * field("surface_runoff").clamp(min=0.0)),
            torch.log1p(1e4 * field("subsurface_drainage").clamp(min=0.0)),
            torch.log1p(field("vegetation_carbon")),
            torch.log1p(field("rain_7d")),
        ]
        return torch.cat(trunk + guard, dim=-1)

    def _prior(self, field) -> Tensor:
        """[n, latent]: logit of the prior strength of each latent within its bounds."""
        sand, clay = field("sand") @ self.lower, field("clay") @ self.lower
        constant = torch.zeros_like(sand)
        prior = {
            "cohesion": strength.texture_cohesion(sand, clay),
            "friction": strength.texture_friction(sand, clay),
            "root_cohesion": constant + roots.COVER_COHESION[0],
            "thickness": constant + strength.THICKNESS[0],
            "thinning": constant + strength.THINNING[0],
            "macropore_share": constant + strength.MACROPORE_SHARE[0],
            "head_multiplier": constant + strength.HEAD_MULTIPLIER[0],
            "suction_cap": constant + strength.SUCTION_CAP[0],
            "spread": constant + PRIOR_SPREAD,
            "residual": constant,
        }
        return torch.cat([_logit(prior[name], *bounds) for name, bounds in LATENTS.items()], dim=-1)

    def raw_features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Missing mask and clean inputs [n, N_IN], features [n, N_FEATURES] before normalisation."""
        missing, clean = self._select(x)
        return missing, clean, self._raw_features(lambda name: clean[:, FIELDS[name].columns])

    def prepare(self, x: Tensor) -> Prepared:
        """Everything before the members, for x [n, N_IN]."""
        missing, clean, features = self.raw_features(x)

        def field(name: str) -> Tensor:
            return clean[:, FIELDS[name].columns]

        def has(name: str) -> Tensor:
            return ~missing[:, FIELDS[name].columns].any(-1, keepdim=True)

        features = (features - self.feature_mean) / self.feature_scale
        cover = torch.cat([field(f"{name}_cover") for name in roots.COVERS], dim=-1)
        given = torch.where(missing, clean, x)
        outside = self.domain.outside(given, missing, features) | (given != clean).any(-1)
        invalid = (missing & self.required).any(-1)
        filled = (missing & ~self.required).any(-1)
        flag = torch.where(filled, float(FLAGS["filled"]), float(FLAGS["ok"]))
        flag = torch.where(outside, float(FLAGS["outside"]), flag)
        flag = torch.where(invalid, float(FLAGS["invalid"]), flag)
        return Prepared(
            column=soil_column(field, has),
            gradient=slopes.gradients(field("slope"), self.hermite),
            features=features[:, : self.N_STRENGTH_FEATURES],
            prior=self._prior(field),
            shares=roots.ground_shares(cover),
            root_scale=roots.carbon_scale(cover, field("root_carbon"), has("root_carbon")),
            flag=flag,
        )

    def latents(self, prepared: Prepared, member: nn.Module) -> tuple[dict[str, Tensor], Tensor]:
        """Bounded parameters by name, each [n, 1], and the member's correction of the prior [n, latent].

        Outside the domain the correction is dropped: what is left is the analytic FoS with prior strengths.
        """
        inside = (prepared.flag < FLAGS["outside"]).unsqueeze(-1)
        correction = torch.where(inside, member(prepared.features), 0.0)
        values = self.latent_low + self.latent_range * torch.sigmoid(prepared.prior + correction)
        return dict(zip(LATENTS, values.split(1, dim=-1), strict=True)), correction

    def hillslope(self, prepared: Prepared, latents: dict[str, Tensor]) -> Strength:
        """The strengths of one member's hillslopes. The kinds of ground_shares stand side by side, and roots of trees
        hold at least as much as those of shrubs."""
        values = {name: latents[name] for name in LATENTS if name not in ("root_cohesion", "spread", "residual")}
        shrub = prepared.root_scale * roots.COVER_COHESION[1]
        tree = torch.maximum(prepared.root_scale * latents["root_cohesion"], shrub)
        return Strength(**values, root_cohesion=(tree, shrub, torch.zeros_like(tree)))

    def run_member(self, prepared: Prepared, latents: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """One member: probability [n], mean ln FoS [n, 2] and depth of the minimum (m) [n, 2] at REPORTED_QUANTILES."""
        hillslope = self.hillslope(prepared, latents)
        runs = minimum_factor_of_safety(prepared.column, prepared.gradient, hillslope, self.planes)
        probability, log_fos, depth = 0.0, 0.0, 0.0
        for share, (fos, at) in zip(prepared.shares.split(1, dim=-1), runs, strict=True):
            kind = torch.log(fos) + latents["residual"]
            failing = normal_cdf(-kind[:, : self.n_classes] / latents["spread"])
            probability = probability + share[:, 0] * (failing * self.weights).sum(-1)
            log_fos = log_fos + share * kind[:, self.n_classes :]
            depth = depth + share * at[:, self.n_classes :]
        return probability, log_fos, depth

    def forward(self, x: Tensor) -> Tensor:
        """x [n, N_IN] in the order and units of fields.toml, double; returns [n, N_OUT + 1]: outputs, then the flag."""
        prepared = self.prepare(x)
        runs = [self.run_member(prepared, self.latents(prepared, member)[0]) for member in self.members]
        probabilities, log_fos, depths = (torch.stack(values, dim=-1) for values in zip(*runs, strict=True))
        mean = probabilities.mean(-1)
        spread = torch.sqrt(((probabilities - mean.unsqueeze(-1)) ** 2).mean(-1))
        fos = torch.exp(log_fos.mean(-1)).clamp(max=FOS_CAP)
        outputs = {
            "probability": self.calibration(mean),
            "fos": fos[:, 0],
            "fos_median": fos[:, 1],
            "depth": depths.mean(-1)[:, 0],
            "spread": spread,
        }
        y = torch.stack([outputs[name] for name in fields.OUTPUTS], dim=-1)
        invalid = (prepared.flag == FLAGS["invalid"]).unsqueeze(-1)
        return torch.cat([torch.where(invalid, SPVAL, y), prepared.flag.unsqueeze(-1)], dim=-1)

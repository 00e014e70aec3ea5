"""The observation model: from the network's probabilities to the chance that a row of a site table is a landslide.

LANDSLIDE_PROB is a fraction of area. A catalogue holds something else: reports, with a date that may be days late, at
a place known to some kilometres, of landslides that somebody saw, and rows that somebody chose. This module states how
the two are connected. A rate of reports for each day d that the report may stand for,

    rate_d = w_d exp(a z_d),    z_d = ln(fraction of area failing), averaged over what the site table does not give
    P = 1 - exp(-sum_d rate_d exp(g(weather) + r(site)))                                   (noisy-or over the days)

a >= 0, so a more probable failure never lowers a score; w_d is the share of reports that are d days late; g, a small
network with heavy dropout, is what the weather says beyond the column of ELM (a storm is more than its daily sum); r
is the reporting: where people and roads are. It can be left out. Two designs are kept apart, as in case-crossover
studies (Maclure 1991): among days of the same site everything about the site cancels, so neither slope nor r is used
there; for random rows both are. Chances refer to the share of landslides in the table (case-control), which is part of
the design; `shifted` moves them to another share (King and Zeng 2001).
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from elm_landslide.errors import UserError
from elm_landslide.model import model_file
from elm_landslide.model.calibration import beta_logit
from elm_landslide.sites.cells import LITHOLOGIES, WEATHER
from elm_landslide.sites.site_table import BAG, Sites

DESIGNS = ("same_site", "random")
WINDOWS = (1, 2, 3, 5, 7, 10)  # days
DECAYS = (1.0, 3.0, 7.0, 20.0)  # days
LARGEST = 4.0  # standard deviations; features are clipped to them


def weather_features(sites: Sites, days: int) -> np.ndarray:
    """[n, feature] of the last `days` days of weather: rain over windows, with decays and day by day; level, departure
    and days of the other variables. If a variable is not known its features are nan.

    The table must have as many days.
    """
    weather = sites.weather[:, :, -days:]
    rain = weather[:, WEATHER.index("precip")]
    age = np.arange(days)[::-1]
    parts = [np.log1p(rain)]
    for k in (*(k for k in WINDOWS if k < days), days):
        recent = rain[:, -k:]
        parts += [np.log1p(recent.mean(1)), np.log1p(recent.max(1)), np.log1p(recent @ (1.0 / (age[-k:] + 1.0)))]
    parts += [np.log1p(rain @ np.exp(-age / tau)) for tau in DECAYS]
    parts.append(np.log1p((rain[:, -7:] / (age[-7:] + 1.0) ** 2).sum(1)))
    parts.append(np.log1p(rain[:, :-3].mean(1)))
    for name in WEATHER:
        if name == "precip":
            continue
        values = weather[:, WEATHER.index(name)]
        mean = values.mean(1)
        means = [values[:, -k:].mean(1) for k in (1, 3, 7)]
        parts += [values, mean, *means, means[0] - mean, means[1] - mean]
    return np.column_stack([part if part.ndim == 2 else part[:, None] for part in parts])


def slope_features(sites: Sites) -> np.ndarray:
    """[n, 2] of the slope (degrees), nan where missing."""
    return np.column_stack([sites.slope, np.log1p(sites.slope)])


def reporting_features(sites: Sites) -> np.ndarray:
    """[n, 1 + lithologies]: whether vegetation was seen (nan where unknown), lithology one by one."""
    return np.column_stack([sites.vegetated, *(sites.lithology == code for code in LITHOLOGIES)]).astype(float)


@dataclass
class Inputs:
    """Of n rows: z [n, BAG], weather [n, k], reporting [n, m]; standardised, missing values at their mean."""

    z: Tensor
    weather: Tensor
    reporting: Tensor

    def rows(self, rows: Tensor) -> Inputs:
        return Inputs(self.z[rows], self.weather[rows], self.reporting[rows])


class Head(nn.Module):
    """One member of the observation model of one design."""

    def __init__(self, weather: int, reporting: int, width: int, input_dropout: float, dropout: float):
        super().__init__()
        self.sensitivity = nn.Parameter(torch.tensor(0.5))  # softplus of it is a
        self.late = nn.Parameter(torch.tensor([0.0, -1.0, -2.0][:BAG]))  # softmax of it is w
        self.level = nn.Parameter(torch.tensor(-0.5))
        self.weather = nn.Sequential(
            nn.Dropout(input_dropout),
            nn.Linear(weather, width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(width, 1),
        )
        self.reporting = nn.Linear(reporting, 1)
        nn.init.zeros_(self.reporting.weight)
        nn.init.zeros_(self.reporting.bias)

    def forward(self, inputs: Inputs, reporting: bool = True) -> Tensor:
        """Logit of P [n]."""
        days = torch.log_softmax(self.late, 0) + nn.functional.softplus(self.sensitivity) * inputs.z
        log_rate = torch.logsumexp(days, -1) + self.weather(inputs.weather)[:, 0] + self.level
        if reporting:
            log_rate = log_rate + self.reporting(inputs.reporting)[:, 0]
        rate = torch.exp(log_rate.clamp(-15.0, 4.0))
        return torch.log(torch.expm1(rate))


class Observation(nn.Module):
    """Heads of both designs, the scaling of their inputs, calibration and what the evaluation must know.

    info: days (of weather), blocks (of training), trigger, prevalence and calibration by design, that of the field
    likewise, known slopes.
    """

    def __init__(self, info: dict, sizes: dict[str, int]):
        super().__init__()
        self.info, self.sizes = info, sizes
        for design in DESIGNS:
            extra = 2 if design == "random" else 0  # the slope
            for kind, k in (("z", BAG), ("weather", sizes["weather"] + extra), ("reporting", sizes["reporting"])):
                self.register_buffer(f"{design}_{kind}_mean", torch.zeros(k, dtype=torch.float64))
                self.register_buffer(f"{design}_{kind}_scale", torch.ones(k, dtype=torch.float64))
        self.heads = nn.ModuleDict(
            {
                design: nn.ModuleList(
                    Head(
                        sizes["weather"] + (2 if design == "random" else 0),
                        sizes["reporting"],
                        sizes["width"],
                        sizes.get("input_dropout", 0.0),
                        sizes.get("dropout", 0.0),
                    )
                    for _ in range(sizes["members"])
                )
                for design in DESIGNS
            }
        )

    def of_design(self, design: str) -> nn.ModuleList:
        """The heads of a design."""
        return cast(nn.ModuleList, self.heads[design])  # torch does not say what its containers hold

    def check(self, sites: Sites) -> None:
        """Raises UserError for a table with fewer days of weather than the training had."""
        if sites.n_days < self.info["days"]:
            raise UserError(
                f"sites: {sites.n_days} days of weather (precip, temp); the model needs {self.info['days']}, as in its "
                "training"
            )

    def raw(self, design: str, sites: Sites, z: np.ndarray) -> dict[str, np.ndarray]:
        """What Inputs hold, before scaling; z [n, BAG]."""
        weather = weather_features(sites, self.info["days"])
        if design == "random":
            weather = np.column_stack([weather, slope_features(sites)])
        return {"z": z, "weather": weather, "reporting": reporting_features(sites)}

    def fit_scaling(self, design: str, raw: dict[str, np.ndarray]) -> None:
        for kind, values in raw.items():
            known = np.isfinite(values)
            count = np.maximum(known.sum(0), 1)
            mean = np.where(known, values, 0.0).sum(0) / count
            spread = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(0) / count)
            if kind == "z":  # days are compared with each other
                mean, spread = np.full_like(mean, mean.mean()), np.full_like(spread, spread.mean())
            getattr(self, f"{design}_{kind}_mean").copy_(torch.from_numpy(mean))
            getattr(self, f"{design}_{kind}_scale").copy_(torch.from_numpy(np.where(spread > 1e-9, spread, 1.0)))

    def inputs(self, design: str, raw: dict[str, np.ndarray]) -> Inputs:
        scaled = {}
        for kind, values in raw.items():
            mean, scale = (getattr(self, f"{design}_{kind}_{what}").numpy() for what in ("mean", "scale"))
            value = np.nan_to_num((values - mean) / scale, nan=0.0)
            scaled[kind] = torch.from_numpy(np.clip(value, -LARGEST, LARGEST).astype(np.float32))
        return Inputs(**scaled)

    @torch.no_grad()
    def logits(self, design: str, sites: Sites, z: np.ndarray, reporting: bool = True) -> np.ndarray:
        """[n, member], before calibration."""
        inputs = self.inputs(design, self.raw(design, sites, z))
        use = reporting and design == "random"
        return torch.stack([head.eval()(inputs, use) for head in self.of_design(design)], -1).double().numpy()

    def probabilities(
        self, design: str, logits: np.ndarray, prevalence: float | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(chance [n], of each member [n, member]), calibrated, at the share of landslides of a table (by default that
        of the training)."""
        calibration = self.info["calibration"][design]
        mean = self._chance(design, logits.mean(1), calibration, prevalence)
        return mean, self._chance(design, logits, calibration, prevalence)

    def field_probability(self, design: str, score: np.ndarray, prevalence: float | None = None) -> np.ndarray:
        """Chance [n] of a row by the score of the field alone (designs.over_days) [n]."""
        return self._chance(design, score, self.info["field_calibration"][design], prevalence)

    def _chance(self, design: str, logit: np.ndarray, calibration: list[float], prevalence: float | None) -> np.ndarray:
        trained = self.info["prevalence"][design]
        share = trained if prevalence is None else prevalence
        log_p, log_q = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
        return shifted(beta_logit(log_p, log_q, *calibration), trained, share)

    def to_bytes(self) -> bytes:
        out = io.BytesIO()
        content = {"info": json.dumps(self.info), "sizes": json.dumps(self.sizes), "state": self.state_dict()}
        torch.save(content, out)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "observation model") -> Observation:
        """What to_bytes gave. Raises UserError, which calls the data by `name`, for anything else; takes no more
        memory than the data can fill."""
        with model_file.archive(name, data):
            pass  # what torch would unpack is within the size limit of a model file
        try:
            content = torch.load(io.BytesIO(data), weights_only=True)
            info, sizes, state = json.loads(content["info"]), json.loads(content["sizes"]), content["state"]
            if sizes["members"] > len(state) or sum(value.numel() for value in state.values()) > len(data):
                raise ValueError("its sizes are more than it holds")
            with torch.device("meta"), torch.random.fork_rng(devices=[]):  # only shapes, before memory is taken
                shapes = {key: value.shape for key, value in cls(info, sizes).state_dict().items()}
            if shapes != {key: value.shape for key, value in state.items()}:
                raise ValueError("its tensors are not those of its sizes")
            observation = cls(info, sizes)
            observation.load_state_dict(state)
        except Exception as error:  # torch and JSON raise many kinds for what is damaged
            said = (str(error).splitlines() or [""])[0]
            raise UserError(f"{name}: is damaged ({type(error).__name__}: {said}): train the model again") from None
        return observation.eval().requires_grad_(False)


def shifted(logit: np.ndarray, trained: float, share: float) -> np.ndarray:
    """Chances of logits, moved from the share of landslides in the training to another one."""
    offset = np.log(share / (1.0 - share)) - np.log(trained / (1.0 - trained))
    return 1.0 / (1.0 + np.exp(-(logit + offset)))


def fit_calibration(logit: np.ndarray, landslide: np.ndarray) -> tuple[float, float, float]:
    """(a, b, c) of the beta calibration of logits [n] of held-out rows, a, b >= 0, by maximum likelihood."""
    from scipy.optimize import minimize

    log_p, log_q = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)

    def loss(t):
        m = beta_logit(log_p, log_q, *t)
        residual = 1.0 / (1.0 + np.exp(-m)) - landslide
        value = np.where(landslide, np.logaddexp(0.0, -m), np.logaddexp(0.0, m)).mean()
        return value, np.array([(residual * log_p).mean(), -(residual * log_q).mean(), residual.mean()])

    optimum = minimize(loss, [1.0, 1.0, 0.0], jac=True, bounds=[(0.0, None), (0.0, None), (None, None)])
    a, b, c = (float(v) for v in optimum.x)
    return a, b, c

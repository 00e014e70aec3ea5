"""What a model is compared with: rain indices, statistical models of the same weather, and proxies of NASA's LHASA.

Each has a `name`, a one-line `description`, `fitted` (whether it learns from rows), fit(sites) and score(sites) -> [n],
higher where a landslide is likelier. `sites` is a site_table.Sites; fit it on the rows of one comparison and score
others, in blocks it has not seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from elm_landslide import files
from elm_landslide.errors import UserError
from elm_landslide.sites.cells import WEATHER
from elm_landslide.sites.site_table import Sites

SUMS = (1, 2, 3, 5, 7, 10)  # days, of logistic_rain
_RAIN, _TEMPERATURE = WEATHER.index("precip"), WEATHER.index("temp")


def antecedent_index(rain: np.ndarray, days: int = 7) -> np.ndarray:
    """Antecedent rain index (mm/day) [n] of rain [n, day], oldest first: weights 1/k^2, k = 1 for the last day."""
    recent = rain[:, ::-1][:, :days]
    weights = 1.0 / np.arange(1, recent.shape[1] + 1) ** 2
    return recent @ weights / weights.sum()


class AntecedentRain:
    name, fitted = "ari7", False
    description = "antecedent rain index of 7 days, weights 1/k^2"

    def fit(self, sites: Sites) -> None:
        pass

    def score(self, sites: Sites) -> np.ndarray:
        return antecedent_index(sites.weather[:, _RAIN])


class LogisticRain:
    name, fitted = "logistic_rain", True
    description = "logistic regression on the logarithm of rain over 1, 2, 3, 5, 7, 10 and all days and of the index"

    def __init__(self):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self._model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))

    def fit(self, sites: Sites) -> None:
        self._model.fit(self._inputs(sites), sites.landslide)

    def score(self, sites: Sites) -> np.ndarray:
        return self._model.predict_proba(self._inputs(sites))[:, 1]

    @staticmethod
    def _inputs(sites: Sites) -> np.ndarray:
        rain = sites.weather[:, _RAIN]
        n_days = rain.shape[1]
        sums = [rain[:, -days:].sum(axis=1) for days in (*(d for d in SUMS if d < n_days), n_days)]
        return np.log1p(np.column_stack([*sums, antecedent_index(rain)]))


class GradientBoosting:
    name, fitted = "gradient_boosting", True
    description = "gradient boosting (scikit-learn) on all days of all weather and slope"

    def fit(self, sites: Sites) -> None:
        inputs = self._inputs(sites)
        self._known = ~np.isnan(inputs).all(axis=0)  # scikit-learn fails on an input that is missing everywhere
        self._model = fit_boosting(inputs[:, self._known], sites.landslide)

    def score(self, sites: Sites) -> np.ndarray:
        return self._model.predict_proba(self._inputs(sites)[:, self._known])[:, 1]

    @staticmethod
    def _inputs(sites: Sites) -> np.ndarray:
        return np.column_stack([sites.weather.reshape(len(sites.slope), -1), sites.slope])


def fit_boosting(inputs: np.ndarray, landslide: np.ndarray) -> Any:
    """A HistGradientBoostingClassifier of scikit-learn, fitted to inputs [n, k] with landslide [n]."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    # Fixed, and plain for a few thousand rows; early stopping would hold out rows of blocks that it trains on.
    model = HistGradientBoostingClassifier(
        max_iter=300,
        learning_rate=0.02,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=0.3,
        early_stopping=False,
        random_state=0,
    )
    with threadpool_limits(1, "openmp"):  # on busy cores, threads that wait for one another take ten times as long
        return model.fit(inputs, landslide)


class Lhasa11:
    """The decision tree of LHASA 1.1 (Kirschbaum and Stanley 2018): 0 low, 1 moderate, 2 high.

    Wet where the index of 7 days is above its 95th percentile; a wet place is moderate at a susceptibility above 2 and
    high above 4. LHASA has the percentile of each place and a global map of susceptibility. Here the percentile is that
    of the rows fitted on: the random ones, else all without a landslide; the susceptibility is a class of slope.
    """

    name, fitted = "lhasa_1_1", True
    description = "proxy of LHASA 1.1: one 95th percentile for all places, susceptibility from slope alone"
    SLOPES = (2.0, 5.0, 10.0, 20.0)  # degrees: class 1 below 2 to class 5 from 20
    MISSING = 3  # class of a missing slope

    def __init__(self):
        self.threshold = np.nan  # mm/day

    def fit(self, sites: Sites) -> None:
        dry = sites.kind == "random"
        dry = dry if dry.any() else ~sites.landslide
        if not dry.any():
            raise UserError("lhasa_1_1: no row without a landslide to take the 95th percentile of rain from")
        self.threshold = float(np.quantile(antecedent_index(sites.weather[dry, _RAIN]), 0.95))

    def score(self, sites: Sites) -> np.ndarray:
        classes = 1 + np.digitize(sites.slope, self.SLOPES)
        classes = np.where(np.isnan(sites.slope), self.MISSING, classes)
        wet = antecedent_index(sites.weather[:, _RAIN]) > self.threshold
        return np.where(wet, (classes > 2) * 1.0 + (classes > 4), 0.0)


class Lhasa21:
    """The trained XGBoost model of LHASA 2.1 (NASA; Stanley and others 2021) on proxies of its inputs.

    Of the row: slope (degrees; missing as missing), rain of the last day over P99, and of the two days before in mm, as
    LHASA has them. Proxies: P99, LHASA's local 99th percentile of daily rain, and peak ground acceleration (g) are one
    value everywhere; profile wetness is that of a `bucket` two days earlier, as LHASA's comes late. Lithology is an
    integer class whose key does not come with the weights: one value; it moves AUC by 0.001 at most on the catalogue.
    """

    name, fitted = "lhasa_2_1", False
    description = "LHASA 2.1's weights on proxy inputs: one 99th percentile of rain (40 mm), bucket wetness"
    INPUTS = ("Lithology", "Slope", "pga", "gwetprof", "antecedent", "rain")
    LITHOLOGY, PGA, P99 = 3.0, 0.2, 40.0

    def __init__(self, path: Path):
        import xgboost

        files.regular(path, files.MODEL)
        self._matrix = xgboost.DMatrix
        self._model = xgboost.Booster({"nthread": 1})
        try:
            self._model.load_model(path)
        except (xgboost.core.XGBoostError, ValueError):  # the latter if its own message cannot be decoded
            raise UserError(f"{path}: not a model of XGBoost") from None
        names = self._model.feature_names
        if tuple(names or ()) != self.INPUTS:
            raise UserError(f"{path}: not LHASA 2.1: its inputs are {names}, wanted {', '.join(self.INPUTS)}")

    def fit(self, sites: Sites) -> None:
        pass

    def score(self, sites: Sites) -> np.ndarray:
        return self._model.predict(self._matrix(self.inputs(sites), feature_names=list(self.INPUTS))).astype(float)

    def inputs(self, sites: Sites) -> np.ndarray:
        """[n, input] in the order of INPUTS."""
        rain, temperature = sites.weather[:, _RAIN], sites.weather[:, _TEMPERATURE]
        n = len(sites.slope)
        return np.column_stack(
            [
                np.full(n, self.LITHOLOGY),
                sites.slope,
                np.full(n, self.PGA),
                bucket(rain[:, :-3], temperature[:, :-3]),
                rain[:, -3:-1].sum(axis=1),
                rain[:, -1] / self.P99,
            ]
        )


def bucket(rain: np.ndarray, temperature: np.ndarray, capacity: float = 200.0, demand: float = 0.2) -> np.ndarray:
    """Wetness (0 to 1) [n] after days of rain (mm/day) and temperature (degC) [n, day].

    A store of `capacity` (mm), half full at first, spills above it and loses `demand` (mm/day for each degree above
    freezing) times its wetness.
    """
    wetness = np.full(len(rain), 0.5)
    for day in range(rain.shape[1]):
        loss = demand * np.maximum(temperature[:, day], 0.0) / capacity
        wetness = np.minimum(wetness * np.exp(-loss) + rain[:, day] / capacity, 1.0)
    return wetness


def all_comparators(lhasa: Path | None = None) -> tuple[list, dict[str, str]]:
    """(baselines, those left out {name: reason}). lhasa: the weights of LHASA 2.1."""
    comparators, left_out = [AntecedentRain(), LogisticRain(), GradientBoosting(), Lhasa11()], {}
    if lhasa is None:
        left_out[Lhasa21.name] = "no file of its weights was given"
        return comparators, left_out
    try:
        comparators.append(Lhasa21(lhasa))
    except ImportError:
        left_out[Lhasa21.name] = "xgboost is not installed: pip install 'elm-landslide[lhasa]'"
    return comparators, left_out

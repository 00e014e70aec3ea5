"""Made sites and comparisons."""

import numpy as np
import pytest

from elm_landslide.evaluation.report import Comparison
from elm_landslide.sites.site_table import Sites, block_of


@pytest.fixture
def make_sites():
    """make(pairs, n_random, seed): landslides, with more rain than same-site and random rows; 16 days."""

    def make(pairs=300, n_random=300, seed=0) -> Sites:
        rng = np.random.default_rng(seed)
        n = 2 * pairs + n_random
        kind = np.repeat(["landslide", "same_site", "random"], [pairs, pairs, n_random])
        slid = kind == "landslide"
        site = np.concatenate([np.arange(pairs), np.arange(pairs), np.arange(pairs, pairs + n_random)])
        lat, lon = rng.uniform(-50, 60, pairs + n_random)[site], rng.uniform(-120, 150, pairs + n_random)[site]
        weather = rng.gamma(0.4, 10.0, (n, 5, 16))
        weather[slid, 0, -3:] += rng.gamma(1.0, 15.0, (pairs, 3))
        weather[:, 1] = rng.normal(15.0, 8.0, (n, 16))
        slope = rng.gamma(1.5, 8.0, pairs + n_random)[site].clip(0, 60)
        slope[::17] = np.nan
        weather[::5, 2:] = np.nan
        return Sites(
            id=np.array([f"{k}{i}" for i, k in enumerate(kind)]),
            pair=np.where(kind == "random", "", np.array([f"landslide{i}" for i in site])),
            block=block_of(lat, lon),
            lat=lat,
            lon=lon,
            landslide=slid,
            kind=kind,
            trigger=np.where(slid, "downpour", ""),
            accuracy=np.where(slid, rng.choice([0.5, 5.0, 25.0, 50.0, np.nan], n), np.nan),
            date=np.full(n, np.datetime64("NaT"), dtype="datetime64[D]"),
            weather=weather,
            slope=slope,
            lithology=np.full(n, "su"),
            vegetated=np.ones(n),
        )

    return make


@pytest.fixture
def make_comparison():
    """make(name, n, seed): a calibrated model of five members that knows more than its comparator `ari7`."""

    def make(name="random", n=1500, seed=0) -> Comparison:
        rng = np.random.default_rng(seed)
        signal = rng.normal(0.0, 1.5, n)
        probability = 1.0 / (1.0 + np.exp(-signal))
        landslide = rng.random(n) < probability
        members = 1.0 / (1.0 + np.exp(-signal[:, None] - rng.normal(0.0, 0.3, (n, 5))))
        lat, lon = rng.uniform(25.0, 48.0, n), rng.uniform(-120.0, -80.0, n)
        return Comparison(
            name,
            landslide,
            block_of(lat, lon),
            np.full(n, ""),  # pair
            {"ari7": signal + rng.normal(0.0, 1.5, n), "model": probability},
            probability,
            members,
            1.0 / (1.0 + np.exp(-0.5 * signal)),  # field
            np.where(landslide, rng.choice([1.0, 5.0, np.nan], n), np.nan),
            lat,
            lon,
        )

    return make

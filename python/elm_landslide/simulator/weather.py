"""Weather that drives columns and hillslopes: stochastic days and storms, and real days split into hours.

Distributions. Wet days: a first-order Markov chain, amounts gamma distributed (Richardson 1981). Temperature: a yearly
sine and a first-order autoregression. Storms: depth, duration and time of the peak are drawn by the ensemble; within a
storm rain follows a beta curve about its peak (the shape of Huff's curves) with log-normal noise. Within a day rain
falls in one shower with exponential hourly weights. All keep the depths they are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide.sites import cells
from elm_landslide.sites.csv_table import Table

AMOUNT_SHAPE = 0.7  # 1, of the gamma distribution of rain on wet days (Wilks 1999: 0.6 to 0.9)
PERSISTENCE, TEMPERATURE_SD = 0.7, 3.0  # 1 from day to day; K
CONCENTRATION = 4.0  # of the beta curve of a storm; 2 would be uniform
NOISE = 0.6  # sd of ln rain between the hours of a storm
SHOWER = (2.0, 0.3)  # h, and h per mm: mean length of a day's rain


@dataclass
class Climate:
    """wet_after_dry, wet_after_wet: chances (1) of a wet day; amount: mean of wet days (mm); temperature: mean of the
    year (degrees C); range: half of the yearly range (K); latitude (degrees)."""

    wet_after_dry: float = 0.25
    wet_after_wet: float = 0.6
    amount: float = 8.0
    temperature: float = 12.0
    range: float = 10.0
    latitude: float = 40.0


def days(rng: np.random.Generator, climate: Climate, n: int, first_day: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(precipitation (mm), temperature (degrees C)) of n days, [n]."""
    wet, anomaly = False, 0.0
    rain, temperature = np.zeros(n), np.zeros(n)
    season = -np.cos(2 * np.pi * (first_day + np.arange(n) - 20) / 365.0) * np.sign(climate.latitude or 1.0)
    for i in range(n):
        wet = rng.random() < (climate.wet_after_wet if wet else climate.wet_after_dry)
        amount = rng.gamma(AMOUNT_SHAPE, climate.amount / AMOUNT_SHAPE)
        rain[i] = amount if wet else 0.0
        anomaly = PERSISTENCE * anomaly + np.sqrt(1 - PERSISTENCE**2) * TEMPERATURE_SD * rng.standard_normal()
        temperature[i] = climate.temperature + climate.range * season[i] + anomaly
    return rain, temperature


def storm(rng: np.random.Generator, depth: float, hours: float, peak: float) -> np.ndarray:
    """Hourly rain (mm) of a storm: depth (mm), duration (h, rounded up), peak: its place in the storm (1)."""
    if not 0 <= depth < np.inf or not 0 < hours < np.inf or not 0 <= peak <= 1:
        raise ValueError(f"storm: depth {depth} mm, duration {hours} h, peak {peak}: wanted >= 0, > 0 and 0 to 1")
    n = int(np.ceil(hours))
    middle = (np.arange(n) + 0.5) / n
    a = 1.0 + (CONCENTRATION - 2.0) * peak
    weight = middle ** (a - 1.0) * (1.0 - middle) ** (CONCENTRATION - 1.0 - a)
    weight = weight * np.exp(NOISE * rng.standard_normal(n))
    return depth * weight / weight.sum()


def hourly(rng: np.random.Generator, daily: np.ndarray) -> np.ndarray:
    """Days of precipitation (mm) [day] split into hours [24 * day]; every day keeps its sum.

    Raises ValueError for a gap or a negative day.
    """
    daily = np.asarray(daily, dtype=float)
    good = (daily >= 0) & (daily < np.inf)
    if not good.all():
        at = int(np.argmin(good))
        raise ValueError(f"rain: day {at}: {daily[at]} mm; fill gaps first, and leave out what is not measured")
    out = np.zeros((len(daily), 24))
    for day, amount in enumerate(daily):
        if amount > 0:
            length = int(np.clip(np.ceil(rng.gamma(2.0, 0.5 * (SHOWER[0] + SHOWER[1] * amount))), 1, 24))
            start = rng.integers(0, 25 - length)
            weight = rng.exponential(size=length)
            out[day, start : start + length] = amount * weight / weight.sum()
    return out.ravel()


def daily_sequences(path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """(precipitation (mm), temperature (degrees C)) [site, day] of a site table, the last day last.

    Needs only the weather columns of the table. Raises UserError for anything in them that `sites describe` refuses.
    """
    variables = cells.weather(Table(path))
    rain, temperature = (variables[:, cells.WEATHER.index(name)] for name in cells.NEEDED_WEATHER)
    return rain, temperature

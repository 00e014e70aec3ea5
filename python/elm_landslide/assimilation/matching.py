"""The climatological difference of two series of soil moisture, month by month, and how well the days determine it.

CDF matching (Reichle and Koster 2004, doi:10.1029/2004GL020938) maps a value to that of the same rank in the other
series. Both series are taken on the same days, so that the k-th smallest of one corresponds to the k-th smallest of the
other, and the mean of these matched differences over all ranks is the difference of the means, exactly: the offset
needs no more. What ranks say beyond it, whether the difference is another one in dry and in wet soil, is given by
fifths of the distribution, for one offset a month cannot correct it.

The days are no independent samples. The variance of a mean over days t_1 ... t_n is

    V = 1/n^2 sum_ij c(|t_i - t_j|)

(von Storch and Zwiers 1999, Statistical Analysis in Climate Research, section 6.6) with the autocovariance c of the
departures of the daily difference from its month, pooled over the months of a cell and cut at its first value that is
not positive (Geyer 1992, doi:10.1214/ss/1177011137). Departures from a mean of the same days are too small by V, which
is given back. Years that differ are in it, as differences that last through a month. Series of a single year whose
errors last for weeks look surer than they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from elm_landslide.assimilation.days import months_of, near_month

MONTHS = 12
FIFTHS = 5
_LAGS = 31  # days, from 0, over which differences may hang together
_FEWEST = 10  # products of departures that determine an autocovariance
_ROUNDS = 8  # of giving back what the mean took; it converges by a factor of 2 or more


@dataclass(frozen=True)
class Matched:
    """Of n cells, [month, n]: difference, satellite minus model (m3/m3); its sampling error (standard deviation);
    pairs, days with both. by_fifth [month, fifth, n]: the matched difference from the driest to the wettest fifth.
    nan where a month has too few pairs."""

    difference: np.ndarray
    sampling_error: np.ndarray
    pairs: np.ndarray
    by_fifth: np.ndarray


def match(days: np.ndarray, model: np.ndarray, satellite: np.ndarray, fewest: int) -> Matched:
    """The difference of two series [t, n] (m3/m3, nan is missing) on consecutive days [t] since 1970-01-01.

    fewest: pairs below which a month takes those within days.WINDOW of it too, and below which it has none then.
    """
    both = np.isfinite(model) & np.isfinite(satellite)
    difference = np.where(both, satellite - model, np.nan)
    n = model.shape[1]
    mean = np.full((MONTHS, n), np.nan)
    pairs, by_fifth = np.zeros((MONTHS, n), dtype=np.int64), np.full((MONTHS, FIFTHS, n), np.nan)
    used = np.zeros((MONTHS, *both.shape), dtype=bool)
    own_month = months_of(days)
    for month in range(MONTHS):
        own = both & (own_month == month + 1)[:, None]
        wide = both & near_month(days, month + 1)[:, None]
        used[month] = np.where(own.sum(axis=0) >= fewest, own, wide)
        pairs[month] = used[month].sum(axis=0)
        used[month] &= pairs[month] >= fewest
        mean[month] = _mean(difference, used[month])
        by_fifth[month] = _by_fifth(model, satellite, used[month])
    covariance = autocovariance(difference - mean[own_month - 1])
    counts = np.array([_lagged(of, of) for of in used])  # [month, lag, n]
    variance = _variance(covariance, counts)
    error = np.where(np.isfinite(mean), np.sqrt(variance), np.nan)
    return Matched(mean, error, pairs, by_fifth)


def autocovariance(departures: np.ndarray) -> np.ndarray:
    """Autocovariance [lag, n] at 0 to _LAGS - 1 days of departures [t, n] (nan is missing). A lag with fewer than
    _FEWEST products, as between two days on which a satellite passes, takes that of the one before."""
    known = np.isfinite(departures)
    filled = np.where(known, departures, 0.0)
    number = _lagged(known, known)
    total = _lagged(filled, filled)
    covariance = total / np.maximum(number, 1)
    for lag in range(1, _LAGS):
        covariance[lag] = np.where(number[lag] < _FEWEST, covariance[lag - 1], covariance[lag])
    return covariance


def _lagged(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Sums of products [lag, n] of two series [t, n] at lags of 0 to _LAGS - 1."""
    length = len(one)
    return np.array(
        [(one[: length - k] * 1.0 * two[k:]).sum(axis=0) for k in range(min(_LAGS, length))]
        + [np.zeros(one.shape[1])] * max(_LAGS - length, 0)
    )


def _variance(raw: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Variance of the mean [month, n] from autocovariances of departures [lag, n] and the numbers of pairs of days at
    each lag [month, lag, n]."""
    number = np.maximum(counts[:, 0], 1.0)
    share = np.concatenate([counts[:, :1], 2.0 * counts[:, 1:]], axis=1) / number[:, None] ** 2
    weight = counts[:, 0] / np.maximum(counts[:, 0].sum(axis=0), 1.0)
    taken = np.zeros(raw.shape[1])  # by the mean, from each product of departures
    variance = np.zeros_like(number)
    for _ in range(_ROUNDS):
        covariance = raw + taken
        covariance *= np.logical_and.accumulate(covariance > 0.0, axis=0)
        variance = (share * covariance).sum(axis=1)
        taken = np.minimum((weight * variance).sum(axis=0), raw[0])
    return variance


def _mean(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    number = chosen.sum(axis=0)
    return np.where(number > 0, np.where(chosen, values, 0.0).sum(axis=0) / np.maximum(number, 1), np.nan)


def _by_fifth(model: np.ndarray, satellite: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Matched differences [fifth, n]: of the values of equal rank, averaged over each fifth of the ranks."""
    number = chosen.sum(axis=0)
    one, two = (np.sort(np.where(chosen, values, np.inf), axis=0) for values in (model, satellite))
    rank = np.arange(len(chosen))[:, None]
    fifth = np.where(rank < number, rank * FIFTHS // np.maximum(number, 1), -1)
    apart = np.where(rank < number, two, 0.0) - np.where(rank < number, one, 0.0)
    return np.array([_mean(apart, fifth == i) for i in range(FIFTHS)])

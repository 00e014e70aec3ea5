"""Which part of a difference between satellite and model is the model's.

The difference d of the means is the bias of the satellite less that of the model, and nothing in the two series, nor in
a third one, says which is whose: a satellite has its own bias, from its dielectric and vegetation models and the depth
that it sees. With both biases taken as independent, of mean 0 and standard deviations E_m and E_s, the best linear
estimate of what the model lacks is

    w d        w = E_m^2 / (E_m^2 + E_s^2)        with the variance E_m^2 E_s^2 / (E_m^2 + E_s^2)

the gain of an update of a bias (Dee and da Silva 1998, doi:10.1002/qj.49712454512). E_m and E_s are stated, or are the
random errors of triple collocation: then the means of the two are taken to be as far from the truth as their days are,
and w is the weight of a merged product (Gruber et al. 2017, doi:10.1109/TGRS.2017.2734070).

A sample of days gives d with a standard error s. What is not significant is left out, and the rest comes in without a
jump (non-negative garrote, Gao 1998, doi:10.1080/10618600.1998.10474789):

    offset = w g d        g = max(0, 1 - (1.96 s / d)^2)

Its error counts the unknown share, the sample, and what the damping by g takes away:

    error^2 = E_m^2 E_s^2 / (E_m^2 + E_s^2) + w^2 (s^2 + ((1 - g) d)^2)
"""

from __future__ import annotations

import numpy as np

SIGNIFICANT = 1.96  # standard errors: 95 % of a normal distribution


def damp(
    difference: np.ndarray, sampling_error: np.ndarray, model_error: np.ndarray, satellite_error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The offset of the model and its standard error (m3/m3) [..., n]; difference: satellite minus model [..., n];
    its sampling error [..., n]; errors of the means of both [n], not both 0. nan stays nan."""
    both = model_error**2 + satellite_error**2
    weight = model_error**2 / both
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.maximum(0.0, 1.0 - (SIGNIFICANT * sampling_error / difference) ** 2)
    kept = np.where(difference == 0.0, 0.0, kept)
    share = (model_error * satellite_error) ** 2 / both
    taken = (1.0 - kept) * difference
    return weight * kept * difference, np.sqrt(share + weight**2 * (sampling_error**2 + taken**2))

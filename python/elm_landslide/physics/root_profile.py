"""ELM's plant functional types (PFTs): their cover, and their roots with depth; numpy only.

Roots are distributed as in Zeng (2001, J. Hydrometeorol. 2, 525-530): the fraction below depth z is
(exp(-a z) + exp(-b z)) / 2. ELM gives the last layer all that is left below it, so the fractions of a vegetated PFT sum
to 1; bare ground has none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

# Parameters roota_par and rootb_par (1/m) of the ELM parameter file for its 17 natural PFTs, after Zeng (2001).
# Every further crop PFT (17 and above) has the values of PFT 15.
ROOT_A = (0.0, 7.0, 7.0, 7.0, 7.0, 7.0, 6.0, 6.0, 6.0, 7.0, 7.0, 7.0, 11.0, 11.0, 11.0, 6.0, 6.0)
ROOT_B = (0.0, 2.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.5, 1.5, 1.5, 2.0, 2.0, 2.0, 3.0, 3.0)
N_PFT = len(ROOT_A)
BARE = 0
# The PFTs of each cover; every further one is a crop.
PFTS = {"tree": range(1, 9), "shrub": range(9, 12), "grass": range(12, 15), "crop": range(15, N_PFT)}
COVERS = tuple(PFTS)
OF_COVER = (7, 10, 13, 15)  # one PFT of each: broadleaf deciduous temperate tree and shrub, C3 grass, crop


def root_profiles(interfaces: ArrayLike) -> np.ndarray:
    """Root fraction of every PFT in every layer (1).

    interfaces: layer interfaces from 0 at the surface (m), shape (n_layers + 1,).
    Returns shape (N_PFT, n_layers); the row of bare ground is 0.
    """
    z = np.asarray(interfaces, dtype=np.float64)
    below = 0.5 * (np.exp(-np.outer(ROOT_A, z)) + np.exp(-np.outer(ROOT_B, z)))
    below[:, -1] = 0.0  # the last layer takes the rest
    profile = below[:, :-1] - below[:, 1:]
    profile[BARE] = 0.0
    return profile


def root_fraction(cover: ArrayLike, interfaces: ArrayLike) -> np.ndarray:
    """Root fraction of columns, averaged over their PFTs as ELM averages with wtcol (1).

    cover: fraction of the column under each PFT (1), shape (n_columns, N_PFT); rows sum to 1 with bare ground.
    interfaces: layer interfaces (m), shape (n_layers + 1,).
    Returns shape (n_columns, n_layers); a row sums to 1 less the bare fraction.
    """
    profiles = root_profiles(interfaces)
    cover = np.asarray(cover, dtype=np.float64)
    # One PFT after the other: a matrix product would round differently with the number of columns.
    fraction = np.zeros((len(cover), profiles.shape[1]))
    for pft, profile in enumerate(profiles):
        fraction += cover[:, pft, None] * profile
    return fraction

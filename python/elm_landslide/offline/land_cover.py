"""Other cover on the same columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from elm_landslide.fields import FIELDS, LAYER_INTERFACES, MISSING, ROOTS, put
from elm_landslide.physics.root_profile import COVERS, OF_COVER, root_profiles

BARE = "bare"


def covers(x: np.ndarray) -> np.ndarray:
    """Cover of columns x (n, N_IN), [n, 4] (1) in the order of COVERS."""
    return np.stack([x[:, FIELDS[f"{name}_cover"].offset] for name in COVERS], axis=1)


def grass_for_trees(x: np.ndarray) -> np.ndarray:
    """Columns with grass where trees were: cover, roots by depth, and carbon in proportion to what is typical."""
    return converted(x, "tree", "grass", 1.0)


def converted(x: np.ndarray, source: str, target: str, fraction: ArrayLike) -> np.ndarray:
    """Columns in which a fraction (1), [n] or one for all, of the cover `source` has become `target`, which may be
    "bare": cover, roots by depth, and carbon in proportion to what is typical."""
    changed = x.copy(order="F")
    lost = FIELDS[f"{source}_cover"].columns
    share = x[:, lost] * np.reshape(fraction, (-1, 1))
    changed[:, lost] = x[:, lost] - share
    profile = -_profile(source)
    if target != BARE:
        won = FIELDS[f"{target}_cover"].columns
        changed[:, won] = x[:, won] + share
        profile = _profile(target) + profile
    rooted = FIELDS["root_fraction"].columns
    changed[:, rooted] = np.maximum(x[:, rooted] + share * profile, 0.0)
    for name, typical in (("vegetation_carbon", ROOTS["carbon"]), ("root_carbon", ROOTS["root_carbon"])):
        put(changed, name, _in_proportion(x, changed, name, typical))
    return changed


def leaf_area(x: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Leaf area index (m2/m2) [n] of columns x with the cover of `changed`, in proportion to what is typical."""
    return _in_proportion(x, changed, "leaf_area_index", ROOTS["leaf_area"])


def _in_proportion(x: np.ndarray, changed: np.ndarray, name: str, typical: Sequence[float]) -> np.ndarray:
    value = x[:, FIELDS[name].offset]
    before, after = (np.maximum(covers(columns) @ np.array(typical), 0.01) for columns in (x, changed))
    return np.where(np.abs(value) < MISSING, value * after / before, value)


def _profile(cover: str) -> np.ndarray:
    return root_profiles(LAYER_INTERFACES)[OF_COVER[COVERS.index(cover)]]

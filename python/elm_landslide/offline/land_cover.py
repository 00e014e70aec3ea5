"""Other cover on the same columns."""

from __future__ import annotations

import numpy as np

from elm_landslide.fields import FIELDS, LAYER_INTERFACES, MISSING, ROOTS, put
from elm_landslide.physics.root_profile import COVERS, OF_COVER, root_profiles


def covers(x: np.ndarray) -> np.ndarray:
    """Cover of columns x (n, N_IN), [n, 4] (1) in the order of COVERS."""
    return np.stack([x[:, FIELDS[f"{name}_cover"].offset] for name in COVERS], axis=1)


def grass_for_trees(x: np.ndarray) -> np.ndarray:
    """Columns with grass where trees were: cover, roots by depth, and carbon in proportion to what is typical."""
    changed = x.copy(order="F")
    tree, grass = (FIELDS[f"{name}_cover"].columns for name in ("tree", "grass"))
    share = x[:, tree]
    changed[:, grass], changed[:, tree] = x[:, grass] + share, 0.0
    profiles = root_profiles(LAYER_INTERFACES)[list(OF_COVER)]
    rooted = FIELDS["root_fraction"].columns
    changed[:, rooted] = np.maximum(x[:, rooted] + share * (profiles[2] - profiles[0]), 0.0)
    for name, typical in (("vegetation_carbon", ROOTS["carbon"]), ("root_carbon", ROOTS["root_carbon"])):
        carbon = x[:, FIELDS[name].offset]
        before, after = (np.maximum(covers(columns) @ np.array(typical), 0.01) for columns in (x, changed))
        put(changed, name, np.where(np.abs(carbon) < MISSING, carbon * after / before, carbon))
    return changed

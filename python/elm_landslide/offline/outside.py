"""Which inputs take columns outside the training domain: counted as a run goes, stated when it is over."""

from __future__ import annotations

from collections import Counter

import numpy as np

from elm_landslide.fields import FIELDS, FLAGS, MISSING

COMBINATION = "combination"  # each value is inside, but not all of them together


class Outside:
    """Column steps outside the domain by the input beyond its range; a step counts for each such input."""

    def __init__(self, domain: dict):
        """domain: of the model's description; low and high [N_IN] of every input."""
        # What is beyond its physical range is outside, too, where the envelope is wider.
        valid = np.array([field.valid for field in FIELDS.values() for _ in range(field.layers)])
        self._low, self._high = np.maximum(domain["low"], valid[:, 0]), np.minimum(domain["high"], valid[:, 1])
        self.counts: Counter[str] = Counter()

    def add(self, x: np.ndarray, flag: np.ndarray) -> None:
        """Count columns x [n, N_IN] with their flags [n]."""
        x = x[flag == FLAGS["outside"]]
        if not len(x):
            return
        beyond = ((x < self._low) | (x > self._high)) & (np.abs(x) < MISSING)
        slope = x[:, FIELDS["slope"].columns]
        decreasing = (slope[:, 1:] < slope[:, :-1]).any(1)
        by_field = {name: beyond[:, field.columns].any(1) for name, field in FIELDS.items()}
        by_field["slope"] |= decreasing
        by_field[COMBINATION] = ~np.any(list(by_field.values()), axis=0)
        self.counts.update({name: int(rows.sum()) for name, rows in by_field.items() if rows.any()})

"""How often each field was missing in a run, and why: counted as the run goes, stated when it is over."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

MOVED, TAKEN = "moved to the edge", "taken as ELM's default"  # ends of reasons why a value is replaced by another


class Missing:
    """Counts by field and reason over the records of a run.

    records: of the run. counts: by (field, reason), for how many columns in each record, shape (records,).
    """

    def __init__(self, records: int):
        self.records = records
        self.counts: dict[tuple[str, str], np.ndarray] = {}

    def add(self, record: int, field: str, reason: str, columns: int) -> None:
        """columns: how many of them have no such field at the record."""
        if columns:
            counts = self.counts.setdefault((field, reason), np.zeros(self.records, dtype=np.int64))
            counts[record] += columns

    @classmethod
    def merged(cls, parts: Iterable[Missing]) -> Missing:
        """The counts of all ranks, which ran the same records."""
        parts = list(parts)
        whole = cls(parts[0].records)
        for part in parts:
            for key, counts in part.counts.items():
                whole.counts[key] = whole.counts.get(key, 0) + counts
        return whole

    def by_field(self) -> dict[str, dict[str, dict[str, int]]]:
        """{field: {reason: {"records": n, "column_steps": m}}}; records: those where a column has no such field."""
        result: dict[str, dict[str, dict[str, int]]] = {}
        for (field, reason), counts in sorted(self.counts.items()):
            numbers = {"records": int((counts > 0).sum()), "column_steps": int(counts.sum())}
            result.setdefault(field, {})[reason] = numbers
        return result

    def statement(self, field: str, columns: int) -> tuple[str, bool]:
        """'missing in 28 of 480 records (before the first mean of RAIN)', and whether the field was missing throughout;
        '' if it never was. A value that another replaces does not count as missing. columns: of the run."""
        parts: dict[str, list[str]] = {"missing": [], "replaced": []}
        missing = 0
        for reason, numbers in self.by_field().get(field, {}).items():
            steps = numbers["column_steps"]
            where = f"{numbers['records']} of {self.records} records"
            if steps != numbers["records"] * columns:
                where += f", {steps} of {self.records * columns} column steps"
            replaced = reason.endswith((MOVED, TAKEN))
            parts["replaced" if replaced else "missing"].append(f"{where} ({reason})")
            missing += 0 if replaced else steps
        text = "; ".join(f"{word} in {'; in '.join(cases)}" for word, cases in parts.items() if cases)
        return text, missing == self.records * columns

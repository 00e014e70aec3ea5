"""How often each field was missing in a run, and why: counted as the run goes, stated when it is over."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class Missing:
    """Counts by field and reason over the records of a run.

    records: of the run. counts: by (field, reason), for how many columns in each record, shape (records,).
    """

    def __init__(self, records: int):
        self.records = records
        self.counts: dict[tuple[str, str], np.ndarray] = {}

    def add(self, record: int, field: str, reason: str, columns: int) -> None:
        """columns: how many of them lack the field at the record."""
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
        """{field: {reason: {"records": n, "column_steps": m}}}; records: those in which some column lacks the field."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for (field, reason), counts in sorted(self.counts.items()):
            numbers = {"records": int((counts > 0).sum()), "column_steps": int(counts.sum())}
            found.setdefault(field, {})[reason] = numbers
        return found

    def statement(self, field: str, columns: int) -> tuple[str, bool]:
        """'missing in 28 of 480 records (before the first mean of RAIN)', and whether the field was missing throughout;
        '' where it never was. columns: of the run."""
        whole = self.by_field().get(field, {})
        parts = []
        for reason, numbers in whole.items():
            steps = numbers["column_steps"]
            where = f"{numbers['records']} of {self.records} records"
            if steps != numbers["records"] * columns:
                where += f", {steps} of {self.records * columns} column steps"
            parts.append(f"{where} ({reason})")
        everywhere = sum(n["column_steps"] for n in whole.values()) == self.records * columns
        return (f"missing in {'; in '.join(parts)}" if parts else ""), bool(parts) and everywhere

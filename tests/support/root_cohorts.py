"""Roots that remember, once more in Python: every generation of dead and of growing roots on its own.

Written from the equations of physics/roots.py, for histories of one column. What the Fortran component keeps in a few
cohorts is here a list as long as the history.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch

from elm_landslide.physics import roots

RELATIVE = (roots.COVER_COHESION / roots.COVER_COHESION[0]).tolist()  # tree, shrub, grass, crop
KINDS = ("tree", "shrub")


def left(years: float) -> float:
    return float(roots.decay(torch.tensor(years, dtype=torch.float64)))


def regrown(kind: str, years: float) -> float:
    return float(roots.regrowth(torch.tensor(years, dtype=torch.float64), kind))


@dataclass
class Piece:
    """Ground of one history. kind: tree, shrub or open. dead: (strength, years since death) of every generation of
    dead roots; grown: years since its live roots began to grow, None for grown ones; before: what it holds at most."""

    area: float
    kind: str
    dead: list[tuple[float, float]] = field(default_factory=list)
    grown: float | None = None
    before: float = 0.0  # cohesion without loss, relative to trees

    def live(self, herbs: float) -> float:
        if self.kind == "open":
            return herbs
        full = RELATIVE[KINDS.index(self.kind)]
        return full if self.grown is None else full * regrown(self.kind, self.grown)

    def buried(self) -> float:
        return sum(strength * left(years) for strength, years in self.dead)

    def strength(self, herbs: float) -> float:
        full = herbs if self.kind == "open" else RELATIVE[KINDS.index(self.kind)]
        return min(max(self.before, full), self.live(herbs) + self.buried())


class Ground:
    """A column under trees, shrubs and open ground."""

    def __init__(self, tree: float, shrub: float):
        self.pieces = [Piece(tree, "tree"), Piece(shrub, "shrub"), Piece(1.0 - tree - shrub, "open")]

    def area(self, kind: str) -> float:
        return sum(piece.area for piece in self.pieces if piece.kind == kind)

    def age(self, years: float) -> None:
        for piece in self.pieces:
            piece.dead = [(strength, age + years) for strength, age in piece.dead]
            if piece.grown is not None:
                piece.grown += years
                if regrown(piece.kind, piece.grown) >= 1.0:
                    piece.grown, piece.dead, piece.before = None, [], 0.0

    def _tidy(self) -> None:
        """Pieces whose live roots are alike become one; of its dead roots every generation is kept."""
        alike: dict[tuple, Piece] = {}
        for piece in self.pieces:
            key = (piece.kind, piece.grown, piece.kind == "open" and not piece.dead)
            if key not in alike:
                alike[key] = Piece(0.0, piece.kind, [], piece.grown)
            whole = alike[key]
            area = whole.area + piece.area
            by_age: dict[float, float] = {}
            for one in (whole, piece):
                for strength, years in one.dead:
                    share = one.area / area if area else 0.0
                    by_age[years] = by_age.get(years, 0.0) + share * strength
            if area:
                whole.before = (whole.area * whole.before + piece.area * piece.before) / area
            whole.area, whole.dead = area, [(strength, years) for years, strength in by_age.items()]
        self.pieces = list(alike.values())

    def kill(self, kind: str, fraction: float, into: str, keep: float = 1.0) -> None:
        """Roots die on a fraction of each piece of a kind."""
        new = []
        for piece in [p for p in self.pieces if p.kind == kind and p.area * fraction > 0.0]:
            dead = [*piece.dead, (keep * piece.live(0.0), 0.0)]
            grown = None if into == "open" else 0.0
            before = max(piece.before, RELATIVE[KINDS.index(kind)])
            new.append(Piece(piece.area * fraction, into, dead, grown, before))
            piece.area *= 1.0 - fraction
        self.pieces += new
        self._tidy()

    def gain(self, kind: str, area: float) -> None:
        """Cover comes first onto open ground that has lost cover, in proportion."""
        empty = [p for p in self.pieces if p.kind == "open" and p.dead]
        total = sum(p.area for p in empty)
        part = min(1.0, area / total) if total > 0.0 else 0.0
        new = [replace(p, area=part * p.area, kind=kind, grown=0.0) for p in empty if part > 0.0]
        for piece in empty:
            piece.area *= 1.0 - part
        rest = area - part * total
        virgin = next(p for p in self.pieces if p.kind == "open" and not p.dead)
        virgin.area -= rest
        full = RELATIVE[KINDS.index(kind)]
        for piece in new:
            piece.before = max(piece.before, full)
        self.pieces += [*new, Piece(rest, kind, [], 0.0, full)]
        self._tidy()

    def held(self, herbs: float = 0.0) -> float:
        """Root cohesion of the column relative to that of trees, area mean."""
        return sum(piece.area * piece.strength(herbs) for piece in self.pieces)

    def shares(self, herbs: float = 0.0) -> tuple[float, float]:
        """Fractions that hold like trees, like shrubs."""
        tree = shrub = 0.0
        for piece in self.pieces:
            strength = torch.tensor(piece.strength(herbs), dtype=torch.float64)
            like_tree, like_shrub = roots.split(strength)
            tree, shrub = tree + piece.area * float(like_tree), shrub + piece.area * float(like_shrub)
        return tree, shrub

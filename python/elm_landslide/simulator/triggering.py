"""Hydromechanical triggering: bases fail, bonds tear, compression piles up, columns are released.

After Lehmann and Or (2012) and von Ruette et al. (2013). A column on bedrock is driven by its weight along the slope
and held by friction and by a bundle of cohesive contacts and roots at its base. Where the load exceeds both, the base
fails for good and only friction is left. The excess hangs on the soil above and beside, through bonds to columns whose
base is intact; where it is more than the bonds carry they tear, and it presses on the column below. A column pressed
beyond its passive limit is released. All this is repeated until nothing changes: an avalanche, within one step of time.

Released columns that touch each other, each within an hour of its neighbour, are one landslide, because a scar that
grows over some steps is one. So the number of landslides depends little on the length of a step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numba import njit
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from elm_landslide.physics.constants import GRAIN_DENSITY, GRAVITY, WATER_DENSITY, WATER_WEIGHT
from elm_landslide.physics.infinite_slope import driving_ratio, strength_ratio
from elm_landslide.physics.suction import clapp_hornberger_suction_stress
from elm_landslide.simulator import fibre_bundle
from elm_landslide.simulator.hillslope import Hillslope

TOGETHER = 3600.0  # s


@dataclass
class HillslopeStrength:
    """Strength of n columns, [n] or one number for all.

    cohesion of the soil (Pa); tan_friction (1); roots_base, roots_side: root cohesion on bedrock, and mean over the
    sides (Pa); surcharge (Pa); suction_cap (Pa) on suction stress; tension: share of the soil's cohesion that acts in
    bonds; shape: of the Weibull thresholds at the base. bonds = False leaves out bonds and compression: the infinite
    slope.
    """

    cohesion: np.ndarray | float
    tan_friction: np.ndarray | float
    roots_base: np.ndarray | float = 0.0
    roots_side: np.ndarray | float = 0.0
    surcharge: np.ndarray | float = 0.0
    suction_cap: float = 6000.0
    tension: float = 0.5
    shape: float = 2.0
    bonds: bool = True


@dataclass
class Landslide:
    """time (s, of its first column); area (m2, of the map); volume (m3); depth (m, mean); cells [k], of the terrain."""

    time: float
    area: float
    volume: float
    depth: float
    cells: np.ndarray


@dataclass
class Triggering:
    """Mechanical state of a hillslope: failed (base), torn (bonds), released [n], at released_at (s, infinite while
    still in place); damage of the base (1) [n]."""

    hillslope: Hillslope
    strength: HillslopeStrength
    failed: np.ndarray = field(init=False)
    torn: np.ndarray = field(init=False)
    released: np.ndarray = field(init=False)
    damage: np.ndarray = field(init=False)
    released_at: np.ndarray = field(init=False)

    def __post_init__(self):
        n, strength = self.hillslope.terrain.n, self.strength
        self.failed, self.torn, self.released = (np.zeros(n, dtype=bool) for _ in range(3))
        self.damage, self.released_at = np.zeros(n), np.full(n, np.inf)
        self._values = {
            name: np.broadcast_to(np.asarray(getattr(strength, name), dtype=float), n).copy()
            for name in ("cohesion", "tan_friction", "roots_base", "roots_side", "surcharge")
        }
        slope = np.arctan(self.hillslope.terrain.gradient)
        self._sine, self._cosine = np.sin(slope), np.cos(slope)
        side = self.hillslope.thickness * (strength.tension * self._values["cohesion"] + self._values["roots_side"])
        neighbour = np.append(side, 0.0)[self.hillslope.terrain.sides]
        is_bond = self.hillslope.terrain.sides != self.hillslope.terrain.down[:, None]
        # N; half of what both columns offer. Towards the side that it slides to, a column pushes and does not hang.
        bonds = 0.5 * (side[:, None] + neighbour) * self.hillslope.terrain.size
        self._bonds = np.where(is_bond & (self.hillslope.terrain.sides < n), bonds, 0.0) * strength.bonds
        friction = np.arctan(self._values["tan_friction"])
        self._passive = np.tan(0.25 * np.pi + 0.5 * friction) ** 2

    def weight(self) -> np.ndarray:
        """Of soil, water and vegetation above the lower face of every layer (Pa, per map area) [n, layer]."""
        h = self.hillslope
        porosity = h.layers[:, :, 1]
        density = (1.0 - porosity) * GRAIN_DENSITY + WATER_DENSITY * np.minimum(h.w, porosity)
        return self._values["surcharge"][:, None] + GRAVITY * np.cumsum(density * h.dz[:, None], axis=1)

    def suction_stress(self) -> np.ndarray:
        """sigma_s (Pa) [n, layer] on the lower face of every layer; pore pressure counts as positive."""
        head, saturation = self.hillslope.base()
        soil = self.hillslope.soil
        dry = clapp_hornberger_suction_stress(
            torch.from_numpy(saturation),
            torch.tensor(soil.sucsat, dtype=torch.float64),
            torch.tensor(soil.bsw, dtype=torch.float64),
        ).numpy()
        return np.where(head > 0.0, WATER_WEIGHT * head, -np.minimum(dry, self.strength.suction_cap))

    def strength_over_weight(self, roots: np.ndarray | None = None) -> np.ndarray:
        """physics' strength ratio (1) [n, layer]; roots: root cohesion (Pa) [n, layer], that of bedrock by default."""
        values = self._values
        roots = values["roots_base"][:, None] if roots is None else roots
        arrays = (
            self.hillslope.terrain.gradient[:, None],
            values["tan_friction"][:, None],
            values["cohesion"][:, None] + roots,
            self.suction_stress(),
            self.weight(),
        )
        return strength_ratio(*map(torch.from_numpy, arrays)).numpy()

    def factor_of_safety(self, roots: np.ndarray | None = None) -> np.ndarray:
        """FoS of the infinite slope [n, layer] on the lower face of every layer, not bounded."""
        gradient = torch.from_numpy(self.hillslope.terrain.gradient[:, None])
        return self.strength_over_weight(roots) / driving_ratio(gradient).numpy()

    def update(self, time: float) -> None:
        """Update what has failed, for the water as it is now, at `time` (s)."""
        h, terrain, values = self.hillslope, self.hillslope.terrain, self._values
        area = terrain.size**2
        weight = self.weight()[:, -1] * area  # N
        resistance = weight * self.strength_over_weight()[:, -1] / self._cosine
        cohesion = (values["cohesion"] + values["roots_base"]) * area / self._cosine
        friction = np.maximum(resistance - cohesion, 0.0)
        driving = weight * self._sine
        thickness, passive = h.thickness, self._passive
        together = values["cohesion"] + values["roots_side"]
        limit = 0.5 * (weight / area) * thickness * passive + 2.0 * together * np.sqrt(passive) * thickness
        load, fresh = _avalanche(
            driving,
            resistance,
            friction,
            limit * terrain.size * self.strength.bonds,
            self._bonds,
            terrain.sides,
            terrain.down,
            self.failed,
            self.torn,
            self.released,
        )
        share = np.clip((load - friction) / np.maximum(cohesion, 1e-9), 0.0, 1.0)
        broken = np.where(self.failed, 1.0, fibre_bundle.damage(share, self.strength.shape))
        self.damage = np.maximum(self.damage, broken)
        self.released_at[fresh] = time

    def landslides(self, within: float = TOGETHER) -> list[Landslide]:
        """The landslides so far, by time: released columns, each within `within` (s) of a neighbour on eight sides."""
        terrain = self.hillslope.terrain
        cells = np.flatnonzero(self.released)
        ring = terrain.receivers[cells]
        times = np.append(self.released_at, np.inf)
        near = np.abs(times[ring] - times[cells, None]) <= within
        links = coo_array((near[near], (np.repeat(cells, near.sum(1)), ring[near])), shape=(terrain.n, terrain.n))
        label = connected_components(links, directed=False)[1][cells]
        slides = []
        for one in np.unique(label):
            group = cells[label == one]
            area = len(group) * terrain.size**2
            volume = float(self.hillslope.thickness[group].sum()) * terrain.size**2
            slides.append(Landslide(float(times[group].min()), area, volume, volume / area, group))
        return sorted(slides, key=lambda slide: (slide.time, slide.cells[0]))


@njit
def _avalanche(driving, resistance, friction, limit, bonds, sides, down, failed, torn, released):
    """Set flags in place until none changes; returns the load on every base (N) and what is newly released.

    Columns are numbered from the top, so one pass carries compression all the way down. Flags are only ever set, so
    it ends.
    """
    n = len(driving)
    before = released.copy()
    load = np.zeros(n)
    changed = True
    while changed:
        changed = False
        pressed, hung = np.zeros(n + 1), np.zeros(n + 1)
        for c in range(n):
            if released[c] or not failed[c]:
                continue
            excess = driving[c] + pressed[c] - friction[c]
            if excess <= 0.0:
                continue
            if not torn[c]:
                capacity = 0.0
                for k in range(4):
                    j = sides[c, k]
                    if j < n and not failed[j]:
                        capacity += bonds[c, k]
                if excess <= capacity:
                    for k in range(4):
                        j = sides[c, k]
                        if j < n and not failed[j]:
                            hung[j] += excess * bonds[c, k] / capacity
                    continue
                torn[c] = True
                changed = True
            below = down[c]
            support = limit[c] if below == n or not released[below] else 0.0
            if excess > support:
                released[c] = True
                changed = True
            else:
                pressed[below] += excess
        for c in range(n):
            load[c] = driving[c] + pressed[c] + hung[c]
            if not failed[c] and load[c] > resistance[c]:
                failed[c] = True
                changed = True
    for c in range(n):
        before[c] = released[c] and not before[c]
    return load, before

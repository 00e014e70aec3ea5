"""A box of latitudes and longitudes, and which places lie in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Region:
    """Latitudes and longitudes (degrees); the whole run by default."""

    south: float = -90.0
    north: float = 90.0
    west: float = -180.0
    east: float = 180.0

    def holds(self, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        """Which of n places lie in it [n]."""
        width = self.east - self.west if self.east - self.west in (0.0, 360.0) else (self.east - self.west) % 360.0
        return (lat >= self.south) & (lat <= self.north) & ((lon - self.west) % 360.0 <= width)

    def __str__(self) -> str:
        return f"{self.south:g} to {self.north:g} N, {self.west:g} to {self.east:g} E"

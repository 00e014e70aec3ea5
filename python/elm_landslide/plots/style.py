"""What the figures share: colours, places in words, writing a figure."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from elm_landslide.offline.places import short_way

# Okabe and Ito's colours, which colour-blind readers can distinguish.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7"
GREY, LIGHT, BLACK = "#555555", "#AAAAAA", "#222222"
DEPTH = "depth (m)"


def where(lat: float, lon: float) -> str:
    """A place in words, for example 41.75 N, 76.25 W."""
    lon = short_way(lon)
    return f"{abs(lat):.2f} {'N' if lat >= 0 else 'S'}, {abs(lon):.2f} {'E' if lon >= 0 else 'W'}"


def say(axis: Axes, text: str) -> None:
    """A line in the middle of an axis that has nothing to draw."""
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", color=GREY)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure (inches). Without pyplot, whose backend belongs to the user, in a notebook for example."""
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=130)
    return path

"""The figure of offline.recovery: roots, probability and hazard by year after a disturbance."""

from __future__ import annotations

from pathlib import Path

from elm_landslide.offline.recovery import Recovery
from elm_landslide.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, new_figure, save

_PANELS = (
    ("roots", "root strength (undisturbed 1)"),
    ("probability", "LANDSLIDE_PROB, times undisturbed"),
    ("hazard", "LANDSLIDE_HAZARD, times undisturbed"),
)


def draw_recovery(recovery: Recovery, path: Path) -> Path:
    """Three panels over the years, a curve for each event."""
    figure = new_figure(12.0, 3.8)
    for axis, (name, label) in zip(figure.subplots(1, 3), _PANELS, strict=True):
        for colour, (event, curve) in zip(
            (VERMILION, ORANGE, PURPLE, BLUE, GREEN), recovery.curves.items(), strict=True
        ):
            dashes = "--" if event == "fire" else "-"  # without shrubs it is a clear-cut
            axis.plot(recovery.years, getattr(curve, name), color=colour, linestyle=dashes, label=event)
        axis.axhline(1.0, color=GREY, linewidth=0.8, linestyle=":")
        axis.set_xlabel("years since the disturbance")
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0.0)
        axis.set_xlim(0.0, recovery.years[-1])
        axis.grid(alpha=0.3)
    figure.axes[1].legend(frameon=False, fontsize="small")
    return save(figure, path)

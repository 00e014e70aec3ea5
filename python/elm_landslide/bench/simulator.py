"""Speed and memory of the simulator, for elm-landslide bench; a separate process, so that its memory can be told.

python -m elm_landslide.bench.simulator [quick]
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np

from elm_landslide.simulator.ensemble import Ensemble, Runner
from elm_landslide.simulator.member import Settings

SIZES = {"": Settings(), ".twice_cells": Settings(rows=64), ".twice_hours": Settings(hours=144)}
MEMBERS = 24


def measure(members: int = MEMBERS) -> dict[str, float]:
    """simulator.seconds_per_member and .us_per_cell_hour: means over members of the usual size, which take turns with
    members of twice the cells and twice the hours; simulator.twice_cells and .twice_hours: their cost per cell and hour
    over the usual one's; simulator.storms_per_hour: of two such processes; simulator.rss_mb: the most memory."""
    runners = {name: Runner(Ensemble(members, 1, settings)) for name, settings in SIZES.items()}
    for runner in runners.values():
        runner.run(0)  # compiles
    seconds = {name: np.zeros(members) for name in SIZES}
    for i in range(members):
        for name, runner in runners.items():
            start = time.perf_counter()
            runner.run(i)
            seconds[name][i] = time.perf_counter() - start
    rates = {
        name: 1e6 * seconds[name].mean() / (settings.rows * settings.columns * settings.hours)
        for name, settings in SIZES.items()
    }
    mean = float(seconds[""].mean())
    return {
        "simulator.seconds_per_member": mean,
        "simulator.us_per_cell_hour": float(rates[""]),
        **{f"simulator{name}": float(rates[name] / rates[""]) for name in SIZES if name},
        "simulator.storms_per_hour": 2.0 * 3600.0 / mean,
        "simulator.rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


if __name__ == "__main__":
    print(json.dumps(measure(2 if sys.argv[1:] == ["quick"] else MEMBERS)))

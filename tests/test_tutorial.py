"""docs/tutorial.py runs from top to bottom and leaves what it says."""

import re
import runpy
from pathlib import Path

import netCDF4
import numpy as np

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.py"


def test_tutorial(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = runpy.run_path(str(TUTORIAL))
    said = capsys.readouterr().out
    left = {"forest.nc", "no_roots.nc", "timeseries.png", "forest_flags.png", "no_roots_flags.png", "profile.png"}
    assert {p.name for p in tmp_path.iterdir()} == left
    with netCDF4.Dataset("forest.nc") as forest, netCDF4.Dataset("no_roots.nc") as bare:
        with_roots, without = (d["LANDSLIDE_PROB"][:, 0] for d in (forest, bare))
        assert (with_roots <= without).all()
        assert bare.overrides == "root_strength_left=0"
        at = int(np.argmax(with_roots))
        worst = netCDF4.num2date(forest["time"][at], forest["time"].units, forest["time"].calendar)
        fos = forest["LANDSLIDE_FOS"][at, 0]
    assert f"worst day {worst:%Y-%m-%d}: probability {with_roots[at]:.3f}" in said
    assert f"{without.mean() / with_roots.mean():.1f} times" in said
    assert abs(found["profile"].outputs["probability"] - with_roots[at]) < 1e-9
    assert abs(found["profile"].least[found["profile"].reported] - fos) < 1e-9
    assert re.search(r"^model_sha256: [0-9a-f]{64}$", said, re.M)
    found["forest"].close()
    found["bare"].close()

"""The topographic wetness of simulated hillslopes."""

import numpy as np
import pytest

from elm_landslide.fields import FIELDS, WETNESS_FIELDS
from elm_landslide.simulator.ensemble import Ensemble, Runner
from elm_landslide.simulator.scene import Settings
from elm_landslide.simulator.terrain import hillslope
from elm_landslide.simulator.wetness import wetness_fields, wetness_index

SIZE = 5.0


def test_a_plane():
    """Water of all cells above, for each metre of contour: ln(k size / tan(beta)) in the k-th row from the top."""
    land = hillslope("planar", 0.5, 20, 45, SIZE)
    index = land.grid(wetness_index(land))
    wanted = np.log(SIZE * np.arange(1, 21) / 0.5)
    np.testing.assert_allclose(index[:, 22:23], wanted[:, None], atol=0.03)


def test_convergent_is_wetter_in_the_middle_and_divergent_drier():
    middle = {}
    for shape in ("planar", "convergent", "divergent"):
        land = hillslope(shape, 0.5, 24, 24, SIZE, 0.0 if shape == "planar" else 0.02)
        middle[shape] = land.grid(wetness_index(land))[-3, 11:13].mean()
    assert middle["convergent"] > middle["planar"] + 1.0
    assert middle["divergent"] < middle["planar"] - 0.3


def test_percentiles_within_classes_of_slope():
    """Against sorting the cells by hand."""
    rng = np.random.default_rng(3)
    land = hillslope("convergent", 0.6, 20, 20, SIZE, 0.01, rng.normal(0.0, 0.3, (20, 20)))
    index, found = wetness_index(land), wetness_fields(land)
    order = np.argsort(land.gradient, kind="stable")
    for k in range(10):
        cells = order[k * 40 : (k + 1) * 40]
        wanted = np.percentile(index[cells], [10, 50, 90])
        np.testing.assert_allclose([found[name][k] for name in WETNESS_FIELDS], wanted)


@pytest.mark.parametrize("shape", [0.5, 1.5])
def test_an_ensemble_stores_it(shape):
    settings = Settings(rows=12, columns=12, spin_up=7, settle=1, lead=2, hours=8, every=4)
    runner = Runner(Ensemble(2, seed=4, settings=settings, fixed=(("shape", shape),)))
    x = runner.run(1)["x"]
    wanted = wetness_fields(runner.scene(1).hill.hillslope.terrain)
    for name in WETNESS_FIELDS:
        np.testing.assert_array_equal(x[:, FIELDS[name].columns], np.broadcast_to(wanted[name], (len(x), 10)))

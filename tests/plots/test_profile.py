"""The profile's numbers against the module's own outputs and against the balance of forces."""

import numpy as np
import pytest
import torch

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, FLAGS, OUTPUTS, SPVAL
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.physics.infinite_slope import FOS_CAP
from elm_landslide.plots.profile import explain
from elm_landslide.training.sampling import sample_columns

TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def shipped():
    return load_eager(model_file.SHIPPED)


def test_golden_columns(shipped):
    """Every flag but invalid; y is what the shipped file itself says."""
    golden = model_file.Golden.from_bytes(model_file.read_entry(model_file.SHIPPED, model_file.GOLDEN))
    usable = np.flatnonzero(golden.flag < FLAGS["invalid"])
    assert set(golden.flag[usable]) == {0, 1, 2}
    for row in usable:
        profile = explain(shipped, golden.x[row])
        wanted = {name: golden.y[row, output.index] for name, output in OUTPUTS.items()}
        assert profile.outputs == pytest.approx(wanted, abs=TOLERANCE)
        assert FLAGS[profile.flag] == golden.flag[row]
        at, median = profile.reported, int(np.flatnonzero(profile.quantile == 0.5)[0])
        assert profile.quantile[at] == 0.9
        assert profile.least[at] == pytest.approx(wanted["fos"], abs=TOLERANCE)
        assert profile.least_depth[at] == pytest.approx(wanted["depth"], abs=TOLERANCE)
        assert profile.least[median] == pytest.approx(wanted["fos_median"], abs=TOLERANCE)
        total = shipped.calibration(torch.tensor(profile.uncalibrated, dtype=torch.float64))
        assert float(total) == pytest.approx(wanted["probability"], abs=TOLERANCE)
        # Members and covers that fail on different planes have a mean of minima below the minimum of means.
        assert (profile.fos.min(axis=1) >= profile.least - TOLERANCE).all()
        assert (np.diff(profile.slope) >= 0).all()
        assert (np.diff(profile.depth, axis=1) >= 0).all()
        np.testing.assert_allclose(profile.depth[:, -1], profile.thickness, rtol=1e-12)


def test_one_member_on_one_cover_has_its_minimum_on_the_mesh():
    """An untrained member has no residual, so FoS is what holds by what drives, on every plane of every class."""
    network = LandslideNetwork(members=1).eval().requires_grad_(False)
    compared = 0
    for tree in (0.0, 1.0):
        for x in sample_columns(40, 8).numpy():
            for name in ("tree", "shrub", "grass", "crop"):
                x[FIELDS[f"{name}_cover"].offset] = tree if name == "tree" else 0.0
            for name in ("tree_ground", "shrub_ground"):  # nothing of other cover is remembered
                x[FIELDS[name].offset] = SPVAL
            profile = explain(network, x)
            at = profile.reported
            assert profile.fos[at].min() == pytest.approx(profile.outputs["fos"], abs=TOLERANCE)
            lowest = profile.depth[at, profile.fos[at].argmin()]
            if profile.outputs["fos"] < FOS_CAP:
                assert lowest == pytest.approx(profile.outputs["depth"], abs=TOLERANCE)
            held = profile.friction + profile.cohesion + profile.roots + profile.water
            inside = (profile.fos < FOS_CAP) & (profile.fos > 0.011)
            compared += inside.sum()
            np.testing.assert_allclose((held / profile.shear)[inside], profile.fos[inside], rtol=1e-9)
            gradient = np.tan(np.radians(profile.slope))[:, None]
            np.testing.assert_allclose(profile.shear, profile.normal * gradient, rtol=1e-9)
            assert (profile.roots == 0.0).all() or tree
    assert compared > 1000


def test_an_invalid_column_names_what_is_missing(shipped):
    x = sample_columns(1, 3).numpy()[0]
    x[FIELDS["sand"].offset + 2] = SPVAL
    with pytest.raises(UserError, match="the column is invalid at this time: sand missing"):
        explain(shipped, x)


def test_water_tables(shipped):
    x = sample_columns(1, 3)[0]
    x[FIELDS["water_table_depth"].offset] = 0.6
    x[FIELDS["frost_table_depth"].offset] = 80.0
    x[FIELDS["perched_water_table_depth"].offset] = 80.0
    profile = explain(shipped, x)
    assert profile.water_table == 0.6
    assert profile.perched_table is None
    # Suction is gone and pore pressure takes strength wherever the plane lies below the table.
    below = profile.depth > profile.water_table
    assert (profile.water[below] < 0.0).all()
    x[FIELDS["perched_water_table_depth"].offset] = 0.33
    assert explain(shipped, x).perched_table == pytest.approx(0.33)

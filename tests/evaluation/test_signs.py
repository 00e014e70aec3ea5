"""Columns of climates, the changes that are made to them, and what is counted."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.evaluation import climates, signs
from elm_landslide.fields import FIELDS, FLAGS, N_IN, N_OUT, OUTPUTS, SPVAL
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.runtime.description import describe
from elm_landslide.runtime.fortran import FortranModel


def of(x, name):
    return x[:, FIELDS[name].columns]


@pytest.mark.parametrize("name", climates.CLIMATES)
def test_columns_are_sound(name):
    """Every required field, within its range, and water within the pores; the same columns again."""
    x = climates.columns(climates.CLIMATES[name], 500)
    np.testing.assert_array_equal(x, climates.columns(climates.CLIMATES[name], 500))
    for field in FIELDS.values():
        values = of(x, field.name)
        if field.required:
            assert (np.abs(values) < 1e30).all(), field.name
        known = values[np.abs(values) < 1e30]
        assert known.size == 0 or (known.min() >= field.valid[0] and known.max() <= field.valid[1]), field.name
    assert (of(x, "liquid_water") + of(x, "ice") <= of(x, "porosity") + 1e-12).all()
    assert (of(x, "sand") + of(x, "clay") <= 100.0 + 1e-9).all()
    assert (np.diff(of(x, "slope"), axis=1) >= 0.0).all()
    assert (of(x, "rain_1d") <= of(x, "rain_3d")).all()
    assert (of(x, "rain_3d") <= of(x, "rain_7d")).all()


def test_climates_are_what_they_are_called():
    def mean(climate, name):
        return of(climates.columns(climates.CLIMATES[climate], 500), name).mean()

    assert mean("permafrost", "ice") > 0.05
    assert mean("temperate", "ice") == 0.0
    assert mean("peat", "porosity") > 0.7
    assert mean("wet tropics, heavy clay", "clay") > 55.0
    assert of(climates.columns(climates.CLIMATES["greatest weeks on record"], 500), "rain_7d").max() > 4000.0
    assert mean("deep soil, deep water table", "water_table_depth") > 20.0


def test_changes_by_hand():
    x = climates.columns(climates.CLIMATES["temperate"], 50)
    of(x, "rain_3d")[:] = SPVAL
    before = x.copy()
    of(x, "vegetation_carbon")[:25], of(x, "vegetation_carbon")[25:] = 6.0, SPVAL
    before = x.copy()
    lost, grass, loaded, rain = (change(x) for change in signs.CHANGES.values())
    np.testing.assert_array_equal(x, before)
    assert (of(lost, "root_strength_left") == 0.0).all()
    np.testing.assert_allclose(of(grass, "grass_cover"), of(x, "grass_cover") + of(x, "tree_cover"))
    assert (of(grass, "tree_cover") == 0.0).all()
    np.testing.assert_allclose(of(grass, "root_fraction").sum(1), of(x, "root_fraction").sum(1))
    cover = np.concatenate([of(x, f"{name}_cover") for name in ("tree", "shrub", "grass", "crop")], axis=1)
    np.testing.assert_allclose(of(loaded, "vegetation_carbon")[:25], 6.0)
    np.testing.assert_allclose(of(loaded, "vegetation_carbon")[25:, 0], cover[25:] @ [8.0, 1.5, 0.4, 0.4])
    assert (of(grass, "vegetation_carbon")[:25] < 6.0).all()
    assert (of(grass, "vegetation_carbon")[25:] == SPVAL).all()
    np.testing.assert_allclose(of(rain, "rain_7d"), 1.07 * of(x, "rain_7d"))
    assert (of(rain, "rain_3d") == SPVAL).all()


class Falls:
    """A component whose hazard falls when roots are lost, and its probability with rain; every tenth is outside."""

    def run(self, x):
        y = np.ones((len(x), N_OUT))
        y[:, OUTPUTS["hazard"].index] = np.where(of(x, "root_strength_left")[:, 0] == 0.0, 0.5, 1.0)
        y[:, OUTPUTS["probability"].index] = 1.0 / (1.0 + of(x, "rain_7d")[:, 0])
        flag = np.zeros(len(x), dtype=int)
        flag[::10] = FLAGS["outside"]
        return y, flag


def test_wrong_signs_are_counted():
    wide = {"low": [-np.inf] * N_IN, "high": [np.inf] * N_IN}
    x = climates.columns(climates.CLIMATES["monsoon"], 100)
    found = signs.answers(Falls(), wide, x)
    assert (found["columns"], found["outside"], found["by"]) == (100, 10, {"combination": 10})
    assert found["roots lost"] == {"columns": 90, "hazard": 90, "probability": 0}
    assert found["7 % more rain"] == {"columns": 90, "hazard": 0, "probability": 90}
    for name in ("grass for trees", "the same, load kept"):
        assert found[name] == {"columns": 90, "hazard": 0, "probability": 0}


def test_the_shipped_model():
    """At most 1 % of any climate is outside its domain; lost roots and more rain never lower the hazard."""
    domain = describe(SHIPPED)["model"]["domain"]
    with FortranModel(SHIPPED) as component:
        for name, climate in climates.CLIMATES.items():
            found = signs.answers(component, domain, climates.columns(climate, 1000, 7))
            assert found["outside"] <= 10, name
            assert found["roots lost"]["hazard"] == found["roots lost"]["probability"] == 0, name
            assert found["7 % more rain"]["hazard"] == found["7 % more rain"]["probability"] == 0, name
            assert found["the same, load kept"]["hazard"] == found["the same, load kept"]["probability"] == 0, name


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(signs, "COUNT", 50)
    monkeypatch.setattr(signs, "SAMPLED", 50)
    result = CliRunner().invoke(app, ["signs", "--out", str(tmp_path / "signs.json")])
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "signs.json").read_text())
    assert len(found) == signs.cases()
    assert all(name[:20] in result.output for name in found)
    assert found["sample steep"]["columns"] == 480

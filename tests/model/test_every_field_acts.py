"""A field of the schema acts on an output: each is moved over its range and some output must move."""

import pytest
import torch

from elm_landslide.fields import FIELDS, FLAGS, N_OUT, SPVAL, WETNESS_FIELDS
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.training.sampling import sample_columns

# These act through the guard alone: where they leave the domain the column falls back to prior strengths.
GUARD_ONLY = {"leaf_area_index"}


@pytest.fixture(scope="module")
def network():
    return load_eager(model_file.SHIPPED)


@pytest.fixture(scope="module")
def whole(network):
    """Columns with every field given, inside the domain; some with a perched and some with a frost table."""
    x = sample_columns(3000, seed=11)
    given = sample_columns(3000, seed=12)
    for f in FIELDS.values():
        lacking = (x[:, f.columns] == SPVAL).any(-1)
        known = (given[:, f.columns] != SPVAL).all(-1)
        pool = given[known][:, f.columns]
        x[lacking, f.columns] = pool[torch.arange(int(lacking.sum())) % len(pool)]
    x = x[network(x)[:, N_OUT] == FLAGS["ok"]]
    assert len(x) > 300
    return x[:600]


@pytest.mark.parametrize("name", FIELDS)
def test_an_output_moves(network, whole, name):
    """Values of other columns are as good as its own; the ends of the range are its extremes."""
    field = FIELDS[name]
    if name == "water_input":  # stands for the rain of the day where that is not known
        whole = whole.clone()
        whole[:, FIELDS["rain_1d"].columns] = SPVAL
    if name == "leaf_area_ratio":  # of roots without carbon
        whole = whole.clone()
        whole[:, FIELDS["root_carbon"].columns] = SPVAL
    if name == "vegetation_left":  # of the typical vegetation, where ELM has no carbon
        whole = whole.clone()
        whole[:, FIELDS["vegetation_carbon"].columns] = SPVAL
        whole[:, FIELDS["root_carbon"].columns] = SPVAL
    y, others = network(whole), whole.clone()
    others[:, field.columns] = others[torch.arange(len(others) - 1, -1, -1)][:, field.columns]
    moved = network(others)
    inside = moved[:, N_OUT] < FLAGS["outside"]
    changed = (moved[inside] != y[inside])[:, :N_OUT].any()
    assert changed or name in GUARD_ONLY
    if name in GUARD_ONLY:
        assert not changed  # or it belongs to the others
        low, high = field.valid
        for share in (0.25, 0.5, 1.0):
            others[:, field.columns] = low + share * (high - low)
            moved = network(others)
            changed |= (moved[:, :N_OUT] != y[:, :N_OUT]).any()
        assert changed


@pytest.mark.parametrize("name", [name for name, f in FIELDS.items() if not f.required])
def test_filled_means_something_unknown(network, whole, name):
    """The flag where the field is missing, for each way in which fields.toml can declare it."""
    field = FIELDS[name]
    lacking = whole.clone()
    lacking[:, field.columns] = SPVAL
    flag = network(lacking)[:, N_OUT]
    flag = flag[flag < FLAGS["outside"]]
    assert len(flag) > 100
    assert (flag == FLAGS["filled" if field.filled else "ok"]).all()
    if isinstance(field.filled, str):  # unknown only beside the other, where that is given and not 0
        for value in (SPVAL, 0.0):
            lacking[:, FIELDS[field.filled].columns] = value
            flag = network(lacking)[:, N_OUT]
            assert (flag != FLAGS["filled"]).all()
            assert (flag == FLAGS["ok"]).any()


def test_which_fields_are_unknown_where_missing():
    """Rain, the tables of water on something, and carbon beside other carbon; not what defaults to 'nothing of it'."""
    declared = {name: f.filled for name, f in FIELDS.items() if not f.required}
    assert declared == {
        **dict.fromkeys(("rain_1d", "rain_3d", "rain_7d"), True),
        **dict.fromkeys(("perched_water_table_depth", "frost_table_depth"), True),
        "vegetation_carbon": "root_carbon",
        "root_carbon": "vegetation_carbon",
        **dict.fromkeys(("snowmelt", "root_strength_left", "soil_moisture_offset"), False),
        **dict.fromkeys(("tree_ground", "shrub_ground", "vegetation_left"), False),
        **dict.fromkeys((*WETNESS_FIELDS, "leaf_area_ratio"), False),
    }

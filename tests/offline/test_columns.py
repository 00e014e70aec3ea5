import netCDF4
import numpy as np
import pytest

from elm_landslide.fields import FIELDS, LAYER_INTERFACES, N_IN, SPVAL
from elm_landslide.offline.columns import Columns
from support import elm_files


def columns(case, **options):
    return Columns(case.inputs(), **options)


def all_x(source):
    return np.array([source.x(record) for record in source.records])


def field(x, name):
    return x[..., FIELDS[name].columns]


def test_fields_follow_the_stated_rules(tmp_path):
    """Every field against the numbers that the files were written from."""
    source = columns(elm_files.Case(tmp_path))
    x = source.x(source.records[3])
    state = {k: v[3].astype(float) for k, v in elm_files.states(8).items()}
    dz = elm_files.DZ[:10, None].astype("f4").astype(float)
    expected = {
        "liquid_water": (state["SOILLIQ"][:10] / (1000 * dz)).T,
        "ice": (state["SOILICE"][:10] / (917 * dz)).T,
        "water_table_depth": state["ZWT"],
        "surface_runoff": state["QOVER"],
        "subsurface_drainage": state["QDRAI"] + state["QDRAI_PERCH"],
        "water_input": state["QINFL"] + state["QOVER"],
        "leaf_area_index": state["TLAI"],
        "perched_water_table_depth": state["ZWT_PERCH"],
        "frost_table_depth": state["FROST_TABLE"],
        "porosity": elm_files.constants()["WATSAT"][:10].T,
        "sucsat": elm_files.constants()["SUCSAT"][:10].T,
        "bsw": elm_files.constants()["BSW"][:10].T,
        "sand": 30.0 + np.arange(10) + np.arange(6)[:, None],
        "clay": 20.0 + np.arange(10) + np.arange(6)[:, None],
        "slope": np.linspace(0.01, 0.5, 11) * (1 + 0.1 * np.arange(6)[:, None]),
        "tree_cover": 0.4,
        "shrub_cover": 0.1,
        "grass_cover": 0.2,
        "crop_cover": 0.2,
        "bedrock_depth": 3.8,
    }
    for name, value in expected.items():
        shape = (6, FIELDS[name].layers)
        np.testing.assert_allclose(
            field(x, name), np.broadcast_to(np.reshape(value, (-1, shape[1])), shape), rtol=1e-7, err_msg=name
        )
    np.testing.assert_allclose(field(x, "root_fraction").sum(axis=1), 0.9)  # a tenth is bare
    for name in ("vegetation_carbon", "root_carbon", "snowmelt", "root_strength_left", "soil_moisture_offset"):
        assert (field(x, name) == SPVAL).all(), name
    assert x.shape == (6, N_IN)
    assert x.flags.f_contiguous
    derived = {line.split(":")[0] for line in source.derived()}
    assert {"liquid_water", "ice", "root_fraction", "water_input", "bedrock_depth", "tree_cover", "rain_7d"} <= derived


@pytest.mark.parametrize("kind", ["gridded", "column"])
def test_layouts_give_the_same_columns(tmp_path, kind):
    reference = all_x(columns(elm_files.Case(tmp_path)))
    source = columns(elm_files.Case(tmp_path, kind))
    np.testing.assert_array_equal(all_x(source), reference)
    if kind == "column":  # every second column is a lake
        np.testing.assert_array_equal(source.index, np.arange(0, 12, 2))


def test_column_states_with_constants_by_cell(tmp_path):
    by_cell, by_column = elm_files.Case(tmp_path), elm_files.Case(tmp_path, "column")
    mixed = Columns(by_cell.inputs(history=[by_column.h1]))
    np.testing.assert_array_equal(all_x(mixed), all_x(columns(by_cell)))


def test_cells_outside_the_landmask_are_not_run(tmp_path):
    case = elm_files.Case(tmp_path, "gridded")
    for path in (case.h1, case.h0):
        with netCDF4.Dataset(str(path), "a") as dataset:
            dataset.createVariable("landmask", "i4", ("lat", "lon"))[:] = [[1, 0, 1], [1, 1, 0]]
    source = columns(case)
    np.testing.assert_array_equal(source.index, [0, 2, 3, 4])
    np.testing.assert_array_equal(all_x(source), all_x(columns(elm_files.Case(tmp_path)))[:, [0, 2, 3, 4]])


@pytest.mark.parametrize("size", [2, 3, 4, 9])
@pytest.mark.parametrize("kind", ["unstructured", "gridded", "column"])
def test_ranks_hold_the_whole_in_order(tmp_path, kind, size):
    case = elm_files.Case(tmp_path, kind)
    parts = [all_x(columns(case, rank=rank, size=size)) for rank in range(size)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), all_x(columns(case)))


def test_records_over_several_files_in_any_order(tmp_path):
    case = elm_files.Case(tmp_path)
    times, bounds = elm_files.hourly(8)
    state = elm_files.states(8)
    parts = []
    for i, s in enumerate((slice(0, 3), slice(3, 8))):
        fields = {name: values[s] for name, values in state.items()}
        path = tmp_path / f"part{i}.elm.h1.nc"
        parts.append(elm_files.write_history(path, "unstructured", fields, times[s], bounds[s]))
    source = Columns(case.inputs(history=parts[::-1]))
    np.testing.assert_array_equal(all_x(source), all_x(columns(case)))
    assert [record.time for record in source.records] == list(times)


def test_liquid_water_from_total_water(tmp_path):
    (tmp_path / "total").mkdir()
    direct = all_x(columns(elm_files.Case(tmp_path)))
    total = all_x(columns(elm_files.Case(tmp_path / "total", drop=("SOILLIQ",))))
    np.testing.assert_allclose(field(total, "liquid_water"), field(direct, "liquid_water"), atol=1e-7)


@pytest.mark.parametrize("unit", ["m3/m3", "mm3/mm3"])
def test_spellings_of_a_unit_are_accepted(tmp_path, unit):
    columns(elm_files.Case(tmp_path, units={"WATSAT": unit}))


def test_missing_values_stay_missing(tmp_path):
    case = elm_files.Case(tmp_path)
    with netCDF4.Dataset(str(case.h1), "a") as dataset:
        dataset["SOILICE"][0, 2, 1] = 1e36
        dataset["QINFL"][0, 4] = np.nan
    source = columns(case)
    x = source.x(source.records[0])
    assert (field(x, "ice") == SPVAL).sum() == 1
    assert field(x, "ice")[1, 2] == SPVAL
    assert (field(x, "water_input") == SPVAL).ravel().tolist() == [False] * 4 + [True, False]
    assert np.isfinite(x).all()


def test_interfaces_are_those_that_differ_most(tmp_path):
    case = elm_files.Case(tmp_path)
    usual = columns(case)
    usual.close()
    np.testing.assert_allclose(usual.interfaces, LAYER_INTERFACES, atol=1e-6)
    with netCDF4.Dataset(str(case.h0), "a") as dataset:
        dataset["DZSOI"][9, 4] = 9.0
    assert columns(case).interfaces[-1] == pytest.approx(LAYER_INTERFACES[-2] + 9.0, abs=1e-5)


def test_an_override_holds_everywhere_and_replaces_what_is_missing(tmp_path):
    case = elm_files.Case(tmp_path, drop=("TLAI",))
    source = Columns(case.inputs(overrides={"leaf_area_index": 2.5, "root_fraction": 0.0, "rain_1d": 7.0}))
    x = all_x(source)
    for name, value in (("leaf_area_index", 2.5), ("root_fraction", 0.0), ("rain_1d", 7.0)):
        assert (field(x, name) == value).all(), name
    assert not {"root_fraction", "rain_1d"} & {line.split(":")[0] for line in source.derived()}


def test_carbon_in_kilograms(tmp_path):
    """ELM's are g/m2: 12.3 kg of vegetation; .2, .3 and 1.5 kg in fine, live and dead coarse roots."""
    case = elm_files.Case(tmp_path)
    grams = {"TOTVEGC": 12300.0, "FROOTC": 200.0, "LIVECROOTC": 300.0, "DEADCROOTC": 1500.0}
    with netCDF4.Dataset(str(case.h1), "a") as dataset:
        for name, value in grams.items():
            variable = dataset.createVariable(name, "f4", ("time", "lndgrid"))
            variable.units = "gC/m^2"
            variable[:] = np.full((8, elm_files.N), value)
    x = all_x(columns(case))
    np.testing.assert_allclose(field(x, "vegetation_carbon"), 12.3, rtol=1e-6)
    np.testing.assert_allclose(field(x, "root_carbon"), 2.0, rtol=1e-6)


def test_the_least_value_that_is_missing(tmp_path):
    """1e35, as fields.toml has it: at it a value is missing, below it is one."""
    case = elm_files.Case(tmp_path)
    elm_files.rewrite(case.h1, lambda n, d, x, a: (d, x.astype("f8") if n == "ZWT" else x, {} if n == "ZWT" else a))
    with netCDF4.Dataset(str(case.h1), "a") as dataset:
        dataset["ZWT"].units = "m"
        dataset["ZWT"][0, :4] = [1e35, -1e35, 9.99e34, -9.99e34]
    source = columns(case)
    np.testing.assert_array_equal(field(source.x(source.records[0]), "water_table_depth")[:4, 0] == SPVAL, [1, 1, 0, 0])

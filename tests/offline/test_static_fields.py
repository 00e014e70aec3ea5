"""A file of elm-landslide static in place of values of the surface dataset."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.offline.columns import Columns
from support import elm_files
from support.elm_files import LAT, LON, N

SLOPES = np.linspace(0.02, 0.8, 11)[:, None] * (1 + 0.05 * np.arange(N))
WETNESS = {f"TWI_Q{q}": q / 10 + 3.0 + 0.1 * np.arange(10)[:, None] * np.arange(N) for q in (10, 50, 90)}
LEVELS = {"SLP_P10": "nlevslp", "PCT_SAND": "nlevsoi", "PCT_CLAY": "nlevsoi", "PCT_COVER": "cover"}
LEVELS |= dict.fromkeys(WETNESS, "nslpclass")


def write_static(path, shift=0.0, order=None, **values):
    """A file on the six cells, or in another order of them; values [level, cell] or [cell]."""
    order = np.arange(N) if order is None else np.asarray(order)
    lat, lon = (a.ravel()[order] for a in np.meshgrid(LAT, LON, indexing="ij"))
    with netCDF4.Dataset(str(path), "w") as out:
        out.createDimension("gridcell", N)
        for name, array in {"LATIXY": lat + shift, "LONGXY": lon, **values}.items():
            array = np.asarray(array, dtype=float)
            dims = ("gridcell",)
            if array.ndim > 1:
                level = LEVELS.get(name, "level")
                if level not in out.dimensions:
                    out.createDimension(level, len(array))
                dims = (level, "gridcell")
                array = array[:, order]
            elif name not in ("LATIXY", "LONGXY"):
                array = array[order]
            out.createVariable(name, "f8", dims, fill_value=SPVAL)[:] = array
    return path


@pytest.fixture
def case(tmp_path):
    return elm_files.Case(tmp_path)


def field(case, name, **inputs):
    return elm_files.x_of(case, **inputs)[0][:, FIELDS[name].columns]


def test_maps_take_the_place_of_the_surface_dataset(case, tmp_path):
    sand, clay = np.full((10, N), 61.0), np.full((10, N), 12.0)
    cover = np.array([50.0, 20.0, 10.0, 5.0])[:, None] * np.ones(N)
    static = write_static(
        tmp_path / "static.nc", SLP_P10=SLOPES, PCT_SAND=sand, PCT_CLAY=clay, aveDTB=np.full(N, 1.7), PCT_COVER=cover
    )
    x, plain = elm_files.x_of(case, static=static), elm_files.x_of(case)
    for name, f in FIELDS.items():
        wanted = {
            "slope": SLOPES.T,
            "sand": sand.T,
            "clay": clay.T,
            "bedrock_depth": 1.7,
            "tree_cover": 0.5,
            "shrub_cover": 0.2,
            "grass_cover": 0.1,
            "crop_cover": 0.05,
        }.get(name, plain[:, :, f.columns])
        np.testing.assert_array_equal(x[:, :, f.columns], np.broadcast_to(wanted, x[:, :, f.columns].shape), name)


def test_where_a_map_says_nothing_the_surface_dataset_does(case, tmp_path):
    slopes = SLOPES.copy()
    slopes[:, [1, 4]] = SPVAL
    static = write_static(tmp_path / "static.nc", SLP_P10=slopes)
    found, plain = field(case, "slope", static=static), field(case, "slope")
    np.testing.assert_array_equal(found[[1, 4]], plain[[1, 4]])
    np.testing.assert_array_equal(found[[0, 2, 3, 5]], SLOPES.T[[0, 2, 3, 5]])
    source = Columns(case.inputs(static=static))
    line = next(line for line in source.derived() if line.startswith("slope"))
    assert line == "slope: derived as SLP_P10 of static.nc, for 2 of 6 places that of the surface dataset"
    source.close()


def test_wetness_and_leaves(case, tmp_path):
    """What the surface dataset does not have is missing where the file has none, and named as absent without it."""
    leaves, wetness = np.full(N, 1.3), {name: values.copy() for name, values in WETNESS.items()}
    leaves[2], wetness["TWI_Q50"][3, 4] = SPVAL, SPVAL
    static = write_static(tmp_path / "static.nc", **wetness, LEAF_AREA_RATIO=leaves)
    source = Columns(case.inputs(static=static))
    x, names = source.x(source.records[0]), ("wetness_low", "wetness_median", "wetness_high")
    for name, values in zip(names, wetness.values(), strict=True):
        wanted = values.T.copy()
        if name == "wetness_median":
            wanted[4] = SPVAL
        np.testing.assert_array_equal(x[:, FIELDS[name].columns], wanted)
    np.testing.assert_array_equal(x[:, FIELDS["leaf_area_ratio"].offset], leaves)
    derived = source.derived()
    assert [line for line in derived if line.startswith("wetness_median: derived as TWI_Q50 of static.nc, for 1 of 6")]
    assert "wetness_high: derived as TWI_Q90 of static.nc" in derived
    assert not {*names, "leaf_area_ratio"} & set(source.absent)
    source.close()
    source = Columns(case.inputs())
    assert {*names, "leaf_area_ratio"} <= set(source.absent)
    assert not [line for line in source.derived() if line.startswith(("wetness", "leaf_area_ratio"))]
    source.close()


def test_cells_in_another_order(case, tmp_path):
    static = write_static(tmp_path / "static.nc", order=[3, 1, 5, 0, 4, 2], SLP_P10=SLOPES)
    np.testing.assert_array_equal(field(case, "slope", static=static), SLOPES.T)


def test_a_surface_dataset_without_slopes_is_enough(case, tmp_path):
    with netCDF4.Dataset(str(case.surface), "a") as out:
        out.renameVariable("SLP_P10", "other")
    with pytest.raises(UserError, match="no variable SLP_P10.*elm-landslide static makes of a DEM for --static"):
        field(case, "slope")
    static = write_static(tmp_path / "static.nc", SLP_P10=SLOPES)
    np.testing.assert_array_equal(field(case, "slope", static=static), SLOPES.T)


def test_where_nothing_knows_the_slope_it_is_missing(case, tmp_path):
    with netCDF4.Dataset(str(case.surface), "a") as out:
        out.renameVariable("SLP_P10", "other")
    slopes = SLOPES.copy()
    slopes[:, 2] = SPVAL
    found = field(case, "slope", static=write_static(tmp_path / "static.nc", SLP_P10=slopes))
    assert (found[2] == SPVAL).all()
    assert (found[[0, 1, 3, 4, 5]] <= 1.0).all()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"SLP_P10": SLOPES * 20}, "SLP_P10 is .*, wanted 0 to 6"),
        ({"SLP_P10": SLOPES[::-1]}, "below its predecessor"),
        ({"SLP_P10": SLOPES[:5]}, r"static\.nc: SLP_P10 "),
        ({"PCT_SAND": np.full((10, N), 80.0), "PCT_CLAY": np.full((10, N), 30.0)}, "together is 110 at"),
        ({"PCT_COVER": np.full((4, N), 101.0)}, "PCT_COVER is 101 at lat 40.25, lon 282.75, wanted 0 to 100"),
        ({"aveDTB": np.full(N, 1e4)}, "aveDTB is 10000 at .*, wanted 0.2 to 200"),
        ({"SLP_P10": SLOPES, "shift": 0.2}, "no cell at lat 40.25"),
        ({"TWI_Q10": WETNESS["TWI_Q10"]}, "lacks TWI_Q50 and TWI_Q90: the percentiles of wetness belong together"),
        ({**WETNESS, "TWI_Q50": WETNESS["TWI_Q10"] - 1.0}, "TWI_Q50 is 3 at .*, below TWI_Q10: wanted rising"),
        ({**WETNESS, "TWI_Q90": WETNESS["TWI_Q90"] + 40.0}, "TWI_Q90 is .*, wanted -10 to 40"),
        ({"LEAF_AREA_RATIO": np.full(N, 55.0)}, "LEAF_AREA_RATIO is 55 at .*, wanted 0 to 4"),
        ({"other": np.ones(N)}, "no file of elm-landslide static"),
    ],
)
def test_what_is_refused(case, tmp_path, values, words):
    with pytest.raises(UserError, match=words):
        field(case, "slope", static=write_static(tmp_path / "static.nc", **values))

"""landslide_static: what the file gives, where it says nothing, and what is refused."""

import numpy as np
import pytest

from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.runtime import replay
from support.stub_elm import Case, World

SOIL = (1, 2, 0, 1, 1, 3)  # columns of the cells
N = len(SOIL)
# Variable, field: what replaces ELM's own, and what ELM does not have.
REPLACES = {"SLP_P10": "slope", "PCT_SAND": "sand", "PCT_CLAY": "clay", "aveDTB": "bedrock_depth"}
WETNESS = {"TWI_Q10": "wetness_low", "TWI_Q50": "wetness_median", "TWI_Q90": "wetness_high"}
GIVES = {**REPLACES, **WETNESS, "LEAF_AREA_RATIO": "leaf_area_ratio"}
RECORD = {"use_landslide": ".true.", "landslide_record": ".true."}


def maps() -> dict[str, np.ndarray]:
    """A file of the six cells, (level, cell); every variable is missing in another cell, by one level."""
    draw = np.random.default_rng(5)
    slope = np.linspace(0.0, 1.5, 11)[:, None] * draw.uniform(0.5, 1.0, N)
    sand, clay = draw.uniform(0.0, 50.0, (2, 10, N))
    depth = draw.uniform(0.2, 50.0, (1, N))
    slope[10, 1], sand[4, 3], clay[9, 4], depth[0, 5] = SPVAL, SPVAL, np.nan, SPVAL
    sand[0, 0], sand[1, 0], depth[0, 0] = 0.0, 100.0, 0.2  # what can just be
    clay[:2, 0] = 0.0
    wetness = np.sort(draw.uniform(-10.0, 40.0, (3, 10, N)), axis=0)
    wetness[0, 9, 0], wetness[1, 3, 2], wetness[2, 0, 4] = SPVAL, SPVAL, np.nan
    leaf = draw.uniform(0.0, 4.0, (1, N))
    leaf[0, 3], leaf[0, 0] = SPVAL, 4.0
    return {
        **{"SLP_P10": slope, "PCT_SAND": sand, "PCT_CLAY": clay, "aveDTB": depth},
        **dict(zip(WETNESS, wetness, strict=True)),
        "LEAF_AREA_RATIO": leaf,
    }


def write(case, values: dict[str, np.ndarray], name: str = "static", **settings) -> None:
    """The stand-in's netCDF file, with the places of its cells, and the setting."""
    folder = case.folder / name
    folder.mkdir(exist_ok=True)
    for variable, array in {"LATIXY": 40.0 + np.arange(N), "LONGXY": 280.0 + np.arange(N), **values}.items():
        np.asarray(array, ">f8").tofile(folder / variable)
    case.settings(**RECORD, landslide_static=f"'{name}'", **settings)


def inputs(case, out: str, **settings) -> tuple[np.ndarray, str]:
    """Inputs of a run, (step, column, field), and what it printed."""
    log = case.run(out, **settings)
    return np.stack([r.x for r in replay.read(case.folder / "landslide_record.0.1.bin")]), log


def said(log: str) -> list[str]:
    return [line.strip() for line in log.splitlines() if "ELM-Landslide: landslide_static" in line]


def expected(world, before: np.ndarray, values: dict[str, np.ndarray]) -> np.ndarray:
    """The inputs with what the file has; values: by variable, (level, cell) or (level, topounit, cell)."""
    cell, topounit = world.cell[world.is_soil], (world.topounit - 1)[world.is_soil]
    x = before.copy()
    for name, array in values.items():
        given = array[:, topounit, cell] if array.ndim == 3 else array[:, cell]
        known = (np.abs(given) < SPVAL).all(axis=0)
        columns = FIELDS[GIVES[name]].columns
        x[:, :, columns] = np.where(known[:, None], given.T, before[:, :, columns])
    return x


def same(one: np.ndarray, other: np.ndarray) -> None:
    for name, f in FIELDS.items():
        got, wanted = (np.ascontiguousarray(x[:, :, f.columns]) for x in (one, other))
        np.testing.assert_array_equal(got.view("i8"), wanted.view("i8"), err_msg=name)


@pytest.fixture
def world():
    return World(4, soil=SOIL)


@pytest.fixture
def case(tmp_path, programs, world):
    return Case(tmp_path / "run", programs("Debug"), world)


@pytest.mark.parametrize("topounits", [1, 2])
def test_the_file_goes_first(elm, topounits):
    """Exactly where it has values, on every topounit of a cell, in every layer, and in no other field."""
    world = World(4, soil=SOIL, topounits=topounits)
    case = elm(world)
    case.settings(**RECORD)
    before, log = inputs(case, "without")
    assert not said(log)
    assert all((before[:, :, FIELDS[name].columns] < SPVAL).all() == (v in REPLACES) for v, name in GIVES.items())
    write(case, maps())
    after, log = inputs(case, "with")
    same(after, expected(world, before, maps()))
    (line,) = said(log)
    missing = "(missing in 1 of 6 cells)"
    taken = ", ".join(f"{name} {missing}" for name in GIVES)
    assert line == f"ELM-Landslide: landslide_static static gives {taken}; where it says nothing ELM's own are used"
    case.run("ranks", ranks=3, threads=2)
    case.same_history("ranks", "with")
    assert (case.history("with", "LANDSLIDE_FOS") != case.history("without", "LANDSLIDE_FOS"))[:, world.is_soil].any()


@pytest.mark.parametrize("names", [*([name] for name in GIVES if name not in WETNESS), list(WETNESS)], ids=str)
def test_some_variables_alone(elm, world, names):
    """The slopes of fsurdat stay where the file has none. Without LATIXY and LONGXY, too."""
    case = elm(world)
    case.settings(**RECORD)
    before, _ = inputs(case, "without")
    values = {name: np.where(np.abs(maps()[name]) < SPVAL, maps()[name], 1.0) for name in names}
    if "SLP_P10" in values:
        values["SLP_P10"].sort(axis=0)
    if "TWI_Q10" in values:
        values = dict(zip(WETNESS, np.sort(list(values.values()), axis=0), strict=True))
    write(case, values)
    for place in ("LATIXY", "LONGXY"):
        (case.folder / "static" / place).unlink()
    after, log = inputs(case, "with")
    same(after, expected(world, before, values))
    taken = ", ".join(names)
    assert said(log) == [
        f"ELM-Landslide: landslide_static static gives {taken}; where it says nothing ELM's own are used"
    ]
    (summary,) = (line for line in log.splitlines() if "missing fields, which take their defaults" in line)
    for name in WETNESS.values():
        assert (name in summary) == ("TWI_Q10" not in names)
    assert ("leaf_area_ratio" in summary) == ("LEAF_AREA_RATIO" not in names)


def test_a_file_that_says_nothing(elm, world):
    """The same bits as without the setting."""
    case = elm(world)
    case.settings(**RECORD)
    before, _ = inputs(case, "without")
    write(case, {name: np.full_like(array, SPVAL) for name, array in maps().items()})
    after, log = inputs(case, "with")
    same(after, before)
    case.same_history("with", "without")
    assert said(log)[0].count("(missing in 6 of 6 cells)") == len(GIVES)


def test_a_file_of_topounits(elm):
    """As fsurdat has them."""
    world = World(4, soil=SOIL, topounits=2)
    case = elm(world)
    case.settings(**RECORD)
    before, _ = inputs(case, "without")
    own = {name: np.stack([array, 0.75 * array], axis=1) for name, array in maps().items()}
    own["aveDTB"] = own["aveDTB"].clip(0.2)
    for array in own.values():
        array[array > 1e35] = SPVAL
    write(case, own)
    after, log = inputs(case, "with")
    same(after, expected(world, before, own))
    assert said(log)[0].count("(missing in 1 of 6 cells)") == len(GIVES)


def test_no_slopes_in_fsurdat(elm, world):
    """Those of the file are enough; where they are missing the column has none."""
    case = elm(world)
    (case.folder / "surfdata" / "SLP_P10").unlink()
    write(case, maps())
    x, _ = inputs(case, "out")
    slope = x[0, :, FIELDS["slope"].columns]
    missing = world.cell[world.is_soil] == 1
    np.testing.assert_array_equal(slope[missing], SPVAL)
    assert (slope[~missing] < SPVAL).all()
    invalid = case.history("out", "LANDSLIDE_PROB")[-1, world.is_soil] >= SPVAL
    np.testing.assert_array_equal(invalid, missing)


def changed(name: str, at, value: float) -> dict[str, np.ndarray]:
    values = maps()
    values[name][at] = value
    return values


CURE = "write the file with elm-landslide static, or leave the variable out of it"
LAST = "at lat   45.000, lon  285.000"
BAD = {
    "sand": (changed("PCT_SAND", (9, 5), 100.5), f"PCT_SAND is 100.500 {LAST}, wanted 0.0 to 100.0; {CURE}"),
    "clay": (changed("PCT_CLAY", (0, 2), -9999.0), "PCT_CLAY is -9999.00 at lat   42.000, lon  282.000, wanted 0.0"),
    "shallow": (changed("aveDTB", (0, 0), 0.1), "aveDTB is 0.100000 at lat   40.000, lon  280.000, wanted 0.2 to 200"),
    "deep": (changed("aveDTB", (0, 4), 300.0), "aveDTB is 300.000 at lat   44.000"),
    "steep": (changed("SLP_P10", (10, 5), 45.0), f"SLP_P10 is 45.0000 {LAST}, wanted 0.0 to 6.0; {CURE}"),
    "negative": (changed("SLP_P10", (0, 5), -0.1), "SLP_P10 is -0.100000"),
    "falling": (changed("SLP_P10", (5, 5), 0.0), f"{LAST}, below its predecessor: wanted rising percentiles; {CURE}"),
    "both": (
        {**maps(), "PCT_SAND": np.full((10, N), 60.0), "PCT_CLAY": np.full((10, N), 60.0)},
        "PCT_SAND and PCT_CLAY together is 120.000 at lat   40.000, lon  280.000, wanted 100 or less",
    ),
    "size": ({"PCT_SAND": np.zeros((15, N))}, "PCT_SAND has 90 values, wanted 10 for each of 6 cells"),
    "cells": ({"LATIXY": np.zeros(8)}, "LATIXY has 8 values, wanted 1 for each of 6 cells"),
    "places": ({**maps(), "LATIXY": [41, 40, 42, 43, 44, 45]}, "2 cells lie elsewhere than those of the land grid"),
    "nothing": ({}, "static has none of SLP_P10, PCT_SAND, PCT_CLAY, aveDTB, TWI_Q10, _Q50 and _Q90, and LEAF_AREA"),
    "wetness": (changed("TWI_Q50", (9, 5), 41.0), f"TWI_Q50 is 41.0000 {LAST}, wanted -10.0 to 40.0; {CURE}"),
    "unordered": (changed("TWI_Q90", (9, 5), -9.9), f"TWI_Q90 is -9.90000 {LAST}, below TWI_Q50: wanted rising"),
    "one": ({"TWI_Q50": np.zeros((10, N))}, "static has not all of TWI_Q10, TWI_Q50 and TWI_Q90; write the file with"),
    "leaves": (
        changed("LEAF_AREA_RATIO", (0, 5), 70.0),
        f"LEAF_AREA_RATIO is 70.0000 {LAST}, wanted 0.0 to 4.0; {CURE}",
    ),
}


@pytest.mark.parametrize(("values", "message"), BAD.values(), ids=BAD)
def test_a_bad_file(case, values, message):
    """One line, whichever rank has the cell, and no history."""
    write(case, values)
    log = case.run("stopped", ranks=3, ok=False)
    lines = [line for line in log.splitlines() if line.startswith(" ERROR: ELM-Landslide")]
    assert len(set(lines)) == 1, log
    assert lines[0].startswith(" ERROR: ELM-Landslide: landslide_static: static"), log
    assert message in lines[0], lines[0]
    assert not list((case.folder / "stopped").iterdir())


def test_no_such_file(case):
    case.settings(use_landslide=".true.", landslide_static="'nothing.nc'")
    assert "landslide_static: no file nothing.nc; give its full path" in case.run("out", ranks=2, ok=False)


def test_slopes_in_neither_file(case):
    (case.folder / "surfdata" / "SLP_P10").unlink()
    write(case, {name: array for name, array in maps().items() if name != "SLP_P10"})
    log = case.run("out", ranks=2, ok=False)
    assert "no SLP_P10 in static, nor in surfdata: add the hillslope gradient (m/m)" in log

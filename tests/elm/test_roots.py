"""Roots that remember, in ELM: what disturbs, what is written, and what goes through a restart."""

import numpy as np
import pytest
import torch

from elm_landslide.fields import FIELDS, ROOT_VERSION, SPVAL, STRENGTH
from elm_landslide.physics import roots
from elm_landslide.runtime import replay
from support.stub_elm import FLUXES, World

DAY = 86400
YEAR = 365 * DAY
PROB, ROOTS = "LANDSLIDE_PROB", STRENGTH.history
BARE, TREE, SHRUB, GRASS = 0, 7, 10, 13  # a PFT of each


def world_of(n_steps: int, covers, soil=(1, 1, 1)) -> World:
    """Weather and soil that do not change; covers: (step, {PFT: weight}) from that step on, on all soil columns."""
    world = World(n_steps, soil=soil)
    for name, values in world.values.items():
        if values.ndim == 3 and len(values) == n_steps + 1 and name != "wtcol":
            values[:] = values[:1]
    weights = world.values["wtcol"].copy()
    for step, cover in covers:
        for column in np.flatnonzero(world.is_soil):
            patches = np.flatnonzero(world.patch_column == column)
            weights[step:, 0, patches] = [cover.get(pft, 0.0) for pft in world.itype[patches]]
    world.values["wtcol"] = weights
    soil_patches = world.is_soil[world.patch_column]
    world.values["tlai"] = np.broadcast_to(np.where(soil_patches, 2.0, SPVAL), weights.shape).copy()
    profile = np.array([0.25, 0.25, 0.125, 0.125, 0.125, 0.0625, 0.0625, *[0.0] * 8])
    world.values["rootfr"] = np.where(soil_patches, profile[:, None], SPVAL)
    for name in ("frootc", "livecrootc", "deadcrootc"):
        world.values[name] = np.broadcast_to(np.where(soil_patches, 512.0, SPVAL), weights.shape).copy()
    world.values["totvegc"] = np.broadcast_to(np.where(world.is_soil, 4096.0, SPVAL), (n_steps + 1, 1, len(world.cell)))
    return world


def soil(case, out, name):
    return case.history(out, name)[:, case.world.is_soil]


def disturb(case, events, n_cells: int) -> None:
    """Write the folder `cuts`, the stand-in's netCDF file; events: (fraction, kind, date) by cell or for all."""
    folder = case.folder / "cuts"
    folder.mkdir(exist_ok=True)
    for name, column in (("FRACTION", 0), ("KIND", 1), ("DATE", 2)):
        values = np.array([np.broadcast_to(event[column], n_cells) for event in events], ">f8")
        values.tofile(folder / name)
    np.array([len(events)], ">f8").tofile(folder / "dim_event")
    np.array([n_cells], ">f8").tofile(folder / "dim_gridcell")
    (40.0 + np.arange(n_cells)).astype(">f8").tofile(folder / "LATIXY")
    (280.0 + np.arange(n_cells)).astype(">f8").tofile(folder / "LONGXY")
    case.settings(use_landslide=".true.", landslide_disturbance="'cuts'", landslide_record=".true.")


def inputs(case):
    return np.stack([r.x for r in replay.read(case.folder / "landslide_record.0.1.bin")])


def test_a_change_of_cover(elm):
    """Trees give way to grass on day 2: their roots decay, and the cover that the network sees is today's."""
    case = elm(world_of(40, [(0, {TREE: 0.75, GRASS: 0.25}), (8, {GRASS: 1.0})]))
    case.settings(use_landslide=".true.", landslide_record=".true.")
    case.run("out", dtime=DAY // 4)
    strength, x = soil(case, "out", ROOTS), inputs(case)
    assert (strength[:8] == 1.0).all()
    assert (x[:8, :, FIELDS["tree_ground"].offset] == SPVAL).all()
    assert (x[8:, :, FIELDS["tree_cover"].offset] == 0.0).all()
    assert (x[8:, :, FIELDS["tree_ground"].offset] > 0.6).all()
    days = np.arange(33) / 4.0
    dead = roots.decay(torch.tensor(days / 365.0)).numpy()
    herbs = 0.1
    expected = (0.75 * np.minimum(1.0, dead + herbs) + 0.25 * herbs) / (0.75 + 0.25 * herbs)
    np.testing.assert_allclose(strength[8:], np.repeat(expected[:, None], 3, axis=1), rtol=1e-9)


def test_a_disturbance_file(elm):
    """Each cell has its own fraction, kind and day; what is left is that of the Python equations."""
    case = elm(world_of(40, [(0, {TREE: 0.5, SHRUB: 0.5})]))
    disturb(case, [([1.0, 0.5, 0.0], [1, 2, 1], [20010103, 20010105, 20010104]), (0.25, 3, [0, 0, 20010106])], 3)
    case.run("out", dtime=DAY // 4)
    strength = soil(case, "out", ROOTS)
    shrub = 4.0 / 15.0
    whole = 0.5 + 0.5 * shrub
    assert (strength[:8] == 1.0).all()
    assert (strength[:16, 1] == 1.0).all()
    assert (strength[:20, 2] == 1.0).all()

    def left(days, kind="tree"):
        years = torch.tensor(days / 365.0, dtype=torch.float64)
        return (roots.decay(years) + roots.regrowth(years, kind)).clamp(max=1.0).item()

    assert strength[12, 0] == pytest.approx((0.5 * left(1.0) + 0.5 * shrub) / whole)
    half = 0.5 * (0.5 + 0.5 * left(2.0)) + 0.5 * shrub * (0.5 + 0.5 * left(2.0, "shrub"))
    assert strength[24, 1] == pytest.approx(half / whole)
    grown = roots.regrowth(torch.tensor(1.0 / 365.0, dtype=torch.float64)).item()
    assert strength[24, 2] == pytest.approx((0.5 * (0.75 + 0.25 * grown) + 0.5 * shrub) / whole)


@pytest.mark.parametrize("flux", FLUXES)
def test_harvest_and_fire_of_elm(elm, flux):
    """In CN mode: what leaves the coarse roots in a step, of what was there, is the fraction that dies."""
    world = world_of(20, [(0, {TREE: 0.75, GRASS: 0.25})])
    values = np.zeros_like(world.values["wtcol"])
    step = DAY // 4
    values[8] = np.where(world.itype == TREE, 1024.0 / step, 0.0)  # half: 1024 g C/m2 are left
    world.values[flux] = values
    case = elm(world)
    case.settings(use_landslide=".true.", landslide_record=".true.")
    case.run("out", dtime=step, use_cn=True)
    strength, x = soil(case, "out", ROOTS), inputs(case)
    assert (strength[:8] == 1.0).all()
    decayed = roots.root_strength_left(torch.tensor(12 * 0.25 / 365.0, dtype=torch.float64), kept=0.5).item()
    herbs = 0.1 * 0.25
    np.testing.assert_allclose(strength[20], (0.75 * decayed + herbs) / (0.75 + herbs), rtol=1e-5)
    assert (x[20, :, FIELDS["tree_cover"].offset] == 0.75).all()
    case.run("without", dtime=step)  # SP mode has no carbon
    assert (soil(case, "without", ROOTS) == 1.0).all()


def test_a_restart_inside_the_decay(elm):
    """Years after a cut, with steps of a day, on other ranks: the same bits."""
    n = 800
    case = elm(world_of(n, [(0, {TREE: 0.75, SHRUB: 0.125, GRASS: 0.125}), (400, {SHRUB: 0.5})], soil=(1, 2)))
    disturb(case, [(0.5, 1, 20010301), (0.25, 2, 20020101), (0.125, 3, 20021101)], 2)
    case.run("straight", dtime=DAY, restart_to_write="rest_straight")
    case.run("one", dtime=DAY, last_step=365, restart_to_write="rest", ranks=2)
    case.run("two", dtime=DAY, first_step=365, restart_to_read="rest", restart_to_write="rest_two", ranks=2, threads=2)
    case.same_history("two", "straight", slice(366, None))
    ends = [(case.folder / folder / "LANDSLIDE_ROOT_STATE").read_bytes() for folder in ("rest_straight", "rest_two")]
    assert ends[0] == ends[1]
    strength = soil(case, "straight", ROOTS)
    assert np.unique(strength[300:]).size > 300
    # Without its memory the run would go on with other results.
    (case.folder / "rest" / "LANDSLIDE_ROOT_STATE").unlink()
    log = case.run("three", dtime=DAY, first_step=365, restart_to_read="rest")
    assert "LANDSLIDE_ROOT_STATE is not in the restart file" in log
    assert (soil(case, "three", ROOTS)[0] == 1.0).all()


def test_probability_after_a_cut(elm):
    """At equal weather it rises, is highest 3 to 15 years later, and comes back to the bit of before.

    The years pass in the restart file: its first cohort of trees is made older."""
    world = world_of(2, [(0, {TREE: 1.0})], soil=(1,))
    case = elm(world, kind="Release")
    disturb(case, [(1.0, 1, 20010101)], 1)
    case.run("out", dtime=DAY, last_step=1, restart_to_write="rest")
    path = case.folder / "rest" / "LANDSLIDE_ROOT_STATE"
    state = np.fromfile(path, ">f8").reshape(-1, world.is_soil.size)
    decayed, grown = 8, 9  # of the first cohort, after the six numbers of the column, its area and its dead roots
    probability = []
    for years in range(45):
        aged = state.copy()
        aged[[decayed, grown]] += years * world.is_soil
        aged.tofile(path)
        case.run("later", dtime=DAY, first_step=1, last_step=2, restart_to_read="rest")
        probability.append(soil(case, "later", PROB)[-1, 0])
    case.settings(use_landslide=".true.")
    case.run("undisturbed", dtime=DAY, last_step=2)
    undisturbed = soil(case, "undisturbed", PROB)[-1, 0]
    curve = np.array(probability) / undisturbed
    assert curve[0] < 1.1
    assert 3 <= curve.argmax() <= 15
    assert curve.max() > 1.2
    assert probability[-1] == undisturbed


BAD = [
    ("no file", {}, "landslide_disturbance: no file"),
    ("grid", {"dim_gridcell": 4}, "has 4 cells, the land grid 3"),
    ("fraction", {"FRACTION": [1.5, 0, 0]}, "FRACTION is 1.5"),
    ("sum", {"FRACTION": [0.6, 0, 0, 0.6, 0, 0], "KIND": [1, 1, 1, 2, 1, 1], "DATE": [20010102] * 6, "dim_event": 2},
     "FRACTION of 20010102 sums to 1.2"),
    ("places", {"LATIXY": [41, 40, 42]}, "2 cells lie elsewhere than those of the land grid"),
    ("kind", {"KIND": [1, 4, 1]}, "KIND is 4"),
    ("nan", {"KIND": [1, np.nan, 1]}, "KIND is 0"),
    ("no kind", {"KIND": [1, 1, 1.5]}, "KIND is 1.5"),
    ("month", {"DATE": [20011302, 20010102, 20010102]}, "DATE 20011302 is no day"),
    ("day", {"DATE": [20010229, 20010102, 20010102]}, "DATE 20010229 is no day"),
    ("before", {"DATE": [20001231, 20010102, 20010102]}, "DATE 20001231 lies before the run, which begins 20010101"),
    ("lacks", {"KIND": None}, "lacks FRACTION, KIND or DATE"),
    ("no places", {"LATIXY": None}, "lacks LATIXY or LONGXY"),
    ("events", {"dim_event": None}, "has no dimension event"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "message"), BAD, ids=[b[0] for b in BAD])
def test_a_bad_disturbance_file(elm, name, changes, message):
    case = elm(world_of(4, [(0, {TREE: 1.0})]), kind="Debug")
    disturb(case, [(0.5, 1, 20010102)], 3)
    for variable, values in changes.items():
        if values is None:
            (case.folder / "cuts" / variable).unlink()
        else:
            np.atleast_1d(np.array(values, ">f8")).tofile(case.folder / "cuts" / variable)
    if name == "no file":
        case.settings(use_landslide=".true.", landslide_disturbance="'nothing.nc'")
    log = case.run("out", dtime=DAY, ranks=2, ok=False)
    lines = [line for line in log.splitlines() if line.startswith(" ERROR: ELM-Landslide")]
    assert len(set(lines)) == 1, log
    assert message in lines[0]
    assert not list((case.folder / "out").iterdir())


def test_a_restart_file_of_another_version(elm):
    case = elm(world_of(4, [(0, {TREE: 1.0})]))
    case.run("one", dtime=DAY, last_step=2, restart_to_write="rest")
    (case.folder / "rest" / f"dim_landslide_root_{ROOT_VERSION}").rename(case.folder / "rest" / "dim_landslide_root_0")
    log = case.run("two", dtime=DAY, first_step=2, restart_to_read="rest", ok=False)
    assert "LANDSLIDE_ROOT_STATE of the restart file is of another version" in log


def test_a_run_from_the_file_of_another(elm):
    """Start-up with initial conditions: what that run saw does not happen again, what comes does."""
    case = elm(world_of(6, [(0, {TREE: 1.0})]), kind="Release")
    disturb(case, [(0.5, 1, 20010103)], 3)
    case.run("one", dtime=DAY, last_step=4, restart_to_write="rest")
    case.run("same", dtime=DAY, start_date=20010105, finidat="rest", restart_to_read="rest", restart_to_write="rest2")
    before, after = (
        np.fromfile(case.folder / rest / "LANDSLIDE_ROOT_STATE", ">f8").reshape(-1, case.world.is_soil.size)
        for rest in ("rest", "rest2")
    )
    area = 6  # of the first cohort
    np.testing.assert_array_equal(before[area, case.world.is_soil], 0.5)
    np.testing.assert_array_equal(after[area, case.world.is_soil], 0.5)
    assert (after[area + 6, case.world.is_soil] == 0.0).all()  # no second one


def test_the_interval_of_the_network_is_not_that_of_roots(elm):
    """Roots live and die in every step, also in those in which the network does not run."""
    case = elm(world_of(24, [(0, {TREE: 0.75, GRASS: 0.25}), (7, {GRASS: 1.0})]), kind="Release")
    for name, interval in (("every", 0), ("some", 86400)):
        case.settings(use_landslide=".true.", landslide_interval=interval)
        case.run(name, dtime=DAY // 4, restart_to_write=f"rest_{name}")
    np.testing.assert_array_equal(case.history("every", ROOTS), case.history("some", ROOTS))
    ends = [(case.folder / f"rest_{name}" / "LANDSLIDE_ROOT_STATE").read_bytes() for name in ("every", "some")]
    assert ends[0] == ends[1]


def test_no_disturbance_is_no_change(elm):
    """With a file in which nothing happens, and without one: the same bits."""
    case = elm(world_of(12, [(0, {TREE: 0.5, GRASS: 0.5})]))
    case.settings(use_landslide=".true.")
    case.run("without", dtime=DAY)
    disturb(case, [(0.0, 1, 20010102), (1.0, 1, 0), (np.nan, 1, 20010102), (1.0, 1, np.nan), (1.0, 1, 1e36)], 3)
    case.run("with", dtime=DAY)
    case.same_history("with", "without")
    assert (soil(case, "with", ROOTS) == 1.0).all()

import numpy as np
import pytest

from elm_landslide.fields import BASE_RATE, CHANCE, SPVAL, STEEP, STRENGTH
from support.stub_elm import HISTORY, World


def test_fields_on_soil_columns_only(elm):
    world = World(48)
    case = elm(world)
    case.run("out")
    for name in HISTORY:
        values = case.history("out", name)
        assert values.shape == (49, world.is_soil.size)  # step 0 too
        assert (values[:, ~world.is_soil] == SPVAL).all(), name
        assert (np.abs(values[:, world.is_soil]) < 1e6).all(), name
    probability = case.history("out", "LANDSLIDE_PROB")[:, world.is_soil]
    assert probability.min() >= 0
    assert probability.max() <= 1
    assert np.ptp(probability) > 0


@pytest.mark.parametrize("rate", [None, 0.0, 3.0])
def test_chance_of_a_landslide_in_the_cell(elm, rate):
    """One less the chance of none, by Poisson, from the hazard, the steep land of the cell and the base rate."""
    world = World(20)
    case = elm(world)
    settings = {} if rate is None else {"landslide_base_rate": rate}
    case.settings(use_landslide=".true.", **settings)
    case.run("out")
    fine = np.linspace(0.0, 1.0, 100_001)
    slope = world.slope[:, world.topounit - 1, world.cell]  # (percentile, column)
    share = np.mean([np.interp(fine, np.linspace(0, 1, 11), s) > STEEP for s in slope.T], axis=1)
    area = (world.values["area"] * world.values["frac"])[world.cell]
    hazard, chance = (case.history("out", name)[:, world.is_soil] for name in ("LANDSLIDE_HAZARD", CHANCE.history))
    number = (BASE_RATE if rate is None else rate) / 365.0 * (area * share)[world.is_soil] * hazard
    np.testing.assert_allclose(chance, -np.expm1(-number), rtol=2e-4, atol=0.0)
    assert (chance.max() > 0.9) == (rate == 3.0)
    assert share.min() > 0.1
    assert share.max() < 1.0


def test_no_chance_where_the_area_is_not_known(elm):
    """ELM's own start is NaN, and -1e36 for the share of land; in a debug build too."""
    world = World(4)
    world.values["area"][0] = np.nan
    world.values["frac"][1] = -1e36
    case = elm(world)
    case.run("out")
    missing = case.history("out", CHANCE.history)[:, world.is_soil] == SPVAL
    np.testing.assert_array_equal(missing, np.broadcast_to((world.cell < 2)[world.is_soil], missing.shape))


def test_daily_maximum_and_the_other_flags(elm):
    """On a daily tape avgflag X is the maximum of the day's steps, as the pointer lets ELM sample every step."""
    case = elm(World(96))
    case.run("steps")
    case.run("days", hist_nhtfrq=48)
    for name in ("LANDSLIDE_PROB", "LANDSLIDE_FOS"):
        steps = case.history("steps", name)[1:].reshape(2, 48, -1)
        days = {flag: case.history("days", name, flag)[1:] for flag in "AXMI"}
        np.testing.assert_array_equal(days["X"], steps.max(axis=1))
        np.testing.assert_array_equal(days["M"], steps.min(axis=1))
        np.testing.assert_array_equal(days["I"], steps[:, -1])
        np.testing.assert_allclose(days["A"], steps.mean(axis=1), rtol=1e-13)
        soil = case.world.is_soil
        assert (days["X"][:, soil] > days["M"][:, soil]).any()


def test_columns_with_spval(elm):
    """A required field that is missing makes spval there, and only there; the count is in the monthly line."""
    world = World(60)
    sick = np.flatnonzero(world.is_soil)[2]
    world.values["h2osoi_liq"][10:20, 3, sick] = SPVAL
    world.values["zwt"][30, 0, sick] = SPVAL
    case = elm(world)
    log = case.run("out", start_date=20010131)
    wanted = np.zeros((61, world.is_soil.size), dtype=bool)
    wanted[10:20, sick] = wanted[30, sick] = True
    for name in HISTORY:
        missing = case.history("out", name) == SPVAL
        known = wanted & (name != STRENGTH.history)  # roots are remembered all the same
        np.testing.assert_array_equal(missing[:, world.is_soil], known[:, world.is_soil], err_msg=name)
    line = next(line for line in log.splitlines() if "column steps in 2001-01" in line)
    assert "invalid 11" in line


def test_monthly_counts(elm):
    """Every soil column and step is counted once, over all ranks; ELM's step 0, which starts it up, is not."""
    world = World(48 * 3)
    case = elm(world)
    log = case.run("out", ranks=2, start_date=20010130)
    lines = [line for line in log.splitlines() if "column steps in" in line]
    assert len(lines) == 1
    counts = [int(word.strip(",")) for word in lines[0].split("2001-01:")[1].split() if word.strip(",").isdigit()]
    assert sum(counts) == 48 * 2 * world.is_soil.sum()


@pytest.mark.parametrize(("dtime", "every", "n"), [(1800, 6, 50), (10800, 1, 10)])
def test_an_interval_keeps_the_last_outputs(elm, dtime, every, n):
    """Those of every step at the same time, on other ranks and after a restart within the interval too."""
    case = elm(World(n, soil=(1, 0, 2)))
    split = every * 4 + every // 2 + 1
    case.run("all", dtime=dtime)
    case.settings(use_landslide=".true.", landslide_interval=10800)
    case.run("some", dtime=dtime, ranks=2, restart_to_write="rest_some")
    case.run("one", dtime=dtime, last_step=split, restart_to_write="rest")
    case.run("two", dtime=dtime, first_step=split, restart_to_read="rest", restart_to_write="rest_two", threads=2)
    kept = np.arange(n + 1) // every * every
    for name in HISTORY:
        every_step = case.history("all", name)
        if name != STRENGTH.history:  # roots live and die in every step
            every_step = every_step[kept]
        np.testing.assert_array_equal(case.history("some", name).view(">i8"), every_step.view(">i8"), err_msg=name)
    case.same_history("one", "some", slice(0, split + 1))
    case.same_history("two", "some", slice(split + 1, None))
    for name in ("LANDSLIDE_RAIN", "LANDSLIDE_OUTPUTS", "LANDSLIDE_ROOT_STATE"):
        assert (case.folder / "rest_two" / name).read_bytes() == (case.folder / "rest_some" / name).read_bytes()


def test_an_interval_and_a_restart_without_outputs(elm):
    """Written with another interval: missing until the network runs again, and no more."""
    case = elm(World(12, soil=(1, 2)))
    case.run("one", last_step=7, restart_to_write="rest")
    assert not (case.folder / "rest" / "LANDSLIDE_OUTPUTS").exists()
    case.settings(use_landslide=".true.", landslide_interval=10800)
    log = case.run("two", first_step=7, restart_to_read="rest")
    assert "LANDSLIDE_OUTPUTS is not in the restart file" in log
    missing = case.history("two", "LANDSLIDE_PROB")[:, case.world.is_soil] == SPVAL
    assert missing.all(axis=1).tolist() == missing.any(axis=1).tolist() == [True] * 4 + [False]

import numpy as np
import pytest

from support.stub_elm import World

WINDOW = 7 * 24  # hours


def steps_of(hours: float, dtime: int) -> int:
    return round(hours * 3600 / dtime)


# Splits within the windows of 3 and 7 days; the first two lie within an hour, too.
@pytest.mark.parametrize(("dtime", "hours"), [(900, 100.25), (1800, 30.5), (10800, 99)])
def test_a_split_run_is_the_straight_one(elm, dtime, hours):
    n = steps_of(WINDOW + 30, dtime)
    first = steps_of(hours, dtime)
    case = elm(World(n, soil=(1, 0, 2), seed=2))
    settings = {"dtime": dtime, "ranks": 2}
    case.run("straight", restart_to_write="rest_straight", **settings)
    case.run("one", last_step=first, restart_to_write="rest", **settings)
    case.run("two", first_step=first, restart_to_read="rest", restart_to_write="rest_split", **settings)
    case.same_history("one", "straight", slice(0, first + 1))
    case.same_history("two", "straight", slice(first + 1, None))
    for name in ("LANDSLIDE_ROOT_STATE", "LANDSLIDE_RAIN"):
        ends = [(case.folder / folder / name).read_bytes() for folder in ("rest_straight", "rest_split")]
        assert ends[0] == ends[1]
    assert len(ends[0]) == 8 * (WINDOW + 2) * 3


def test_rain_matters_to_the_split_test(elm):
    """Without its rain a run goes on with other results: what the test above compares depends on it."""
    case = elm(World(96, soil=(1, 2), seed=2))
    case.text("use_landslide = .true.\nlandslide_record = .true.\n")
    case.run("straight", dtime=3600)
    straight = (case.folder / "landslide_record.0.1.bin").read_bytes()
    case.run("one", dtime=3600, last_step=48, restart_to_write="rest")
    (case.folder / "rest" / "LANDSLIDE_RAIN").unlink()
    log = case.run("two", dtime=3600, first_step=48, restart_to_read="rest")
    assert "LANDSLIDE_RAIN is not in the restart file" in log
    two = (case.folder / "landslide_record.0.1.bin").read_bytes()
    assert len(two) < len(straight)
    assert straight[-len(two) :] != two


def test_a_restart_with_the_component_off(elm):
    case = elm(World(8, soil=(1,)))
    case.settings(use_landslide=".false.")
    case.run("out", restart_to_write="rest")
    assert not list((case.folder / "rest").iterdir())
    assert not list((case.folder / "out").iterdir())
    case.run("again", restart_to_read="rest", first_step=4)


def test_other_ranks_after_a_restart(elm):
    case = elm(World(60, soil=(1, 0, 2, 1), topounits=2))
    case.run("straight", dtime=3600)
    case.run("one", dtime=3600, last_step=30, restart_to_write="rest", ranks=3)
    case.run("two", dtime=3600, first_step=30, restart_to_read="rest", ranks=2, threads=2)
    case.same_history("two", "straight", slice(31, None))
    assert np.ptp(case.history("straight", "LANDSLIDE_PROB")[:, case.world.is_soil]) > 0

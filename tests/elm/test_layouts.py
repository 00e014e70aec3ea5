import pytest

from support.stub_elm import World

SOIL = (2, 1, 0, 0, 3, 1, 0, 1)  # gridcells 3 and 4: a clump, or a rank, without a soil column


@pytest.mark.parametrize(("ranks", "threads"), [(1, 2), (2, 2), (8, 1), (1, 4)])
def test_ranks_and_threads_change_no_bit(elm, ranks, threads):
    case = elm(World(30, soil=SOIL))
    case.run("one")
    case.run("many", ranks=ranks, threads=threads)
    case.same_history("many", "one")


def test_no_soil_at_all(elm):
    case = elm(World(4, soil=(0, 0)))
    log = case.run("out", ranks=2, threads=1)
    assert "end of the stand-in run" in log


def test_the_builds_agree(elm, request):
    """A release and a DEBUG build give the same bits."""
    world = World(30, soil=SOIL)
    release, debug = elm(world, "release", "Release"), elm(world, "debug", "Debug")
    release.run("out")
    debug.run(str(release.folder / "debug"), ranks=2)
    release.same_history("debug", "out")

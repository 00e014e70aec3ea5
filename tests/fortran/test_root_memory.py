"""The memory of roots in the Fortran component, against physics/roots.py and a record of every piece of ground."""

import numpy as np
import pytest
import torch

from elm_landslide.fields import FIELDS, N_IN, ROOTS, SPVAL, put
from elm_landslide.physics import root_profile, roots
from elm_landslide.runtime.root_memory import RootMemory, states
from elm_landslide.runtime.root_memory import cohorts as cohorts_of
from support.root_cohorts import RELATIVE, Ground

SINCE, HEAD = 5, 6  # years since the last loss; numbers before the cohorts


def columns(n=1, tree=0.8, shrub=0.1, grass=0.0, crop=0.0, root_carbon=SPVAL):
    x = np.full((n, N_IN), SPVAL, order="F")
    for name, value in (("tree", tree), ("shrub", shrub), ("grass", grass), ("crop", crop)):
        put(x, f"{name}_cover", value)
    put(x, "root_carbon", root_carbon)
    put(x, "root_fraction", 0.09)
    return x


def of(x, name):
    return x[:, FIELDS[name].offset]


def started(x):
    memory = RootMemory(len(x))
    memory.advance(0.0, x)
    return memory


def handed(memory, x):
    x = x.copy(order="F")
    return x, memory.ground(x)


def test_without_loss_nothing_is_handed_over():
    """Not even where cover moves by rounding; and a column that was never seen is left alone."""
    x = columns(3, tree=[0.8, 0.0, 0.3], shrub=[0.1, 0.5, 0.0], grass=[0.1, 0.2, 0.4])
    memory = RootMemory(3)
    assert (memory.ground(x) == 1.0).all()
    memory.advance(0.0, x)
    for i in range(100):
        put(x, "tree_cover", np.array([0.8, 0.0, 0.3]) + (-1) ** i * 1e-12)
        memory.advance(0.01, x)
    after, strength = handed(memory, x)
    assert (strength == 1.0).all()
    assert (after.view("i8") == x.view("i8")).all()
    assert (memory.state[:, SINCE] == SPVAL).all()


@pytest.mark.parametrize("years", [0.5, 2.0, 5.8, 12.0, 30.0, 42.0])
def test_a_clear_cut_is_sidles_curve(years):
    """All trees of a column of trees: what grows and what is left, split between trees, shrubs and bare ground."""
    x = columns(tree=1.0, shrub=0.0)
    memory = started(x)
    memory.advance(0.0, x, lost=[1.0, 0.0])
    for _ in range(10):
        memory.advance(years / 10, x)
    after, strength = handed(memory, x)
    expected = roots.root_strength_left(torch.tensor([years], dtype=torch.float64))
    tree, shrub = roots.split(expected)
    assert strength[0] == pytest.approx(float(expected[0]), rel=1e-12)
    assert of(after, "tree_ground")[0] == pytest.approx(float(tree[0]), rel=1e-12, abs=1e-14)
    assert of(after, "shrub_ground")[0] == pytest.approx(float(shrub[0]), rel=1e-12, abs=1e-14)
    assert of(after, "vegetation_left")[0] == pytest.approx(float(roots.regrowth(torch.tensor(years))), rel=1e-6)
    assert memory.state[0, SINCE] == pytest.approx(years)


def test_grown_roots_are_forgotten():
    """Once roots of the new trees hold as before, the column is as undisturbed, to the bit."""
    x = columns(tree=0.6, shrub=0.3)
    memory = started(x)
    memory.advance(0.0, x, lost=[1.0, 1.0])
    least = 1.0
    for _ in range(50):
        memory.advance(1.0, x)
        least = min(least, handed(memory, x)[1][0])
    after, strength = handed(memory, x)
    assert least < 0.5
    assert strength[0] == 1.0
    assert (after.view("i8") == x.view("i8")).all()
    assert memory.state[0, SINCE] == 50.0


def test_uprooted_trees_leave_nothing():
    x = columns(tree=1.0, shrub=0.0)
    memory = started(x)
    memory.advance(0.0, x, torn=[1.0, 0.0])
    assert handed(memory, x)[1][0] == 0.0
    memory.advance(10.0, x)
    assert handed(memory, x)[1][0] == pytest.approx(float(roots.regrowth(torch.tensor(10.0, dtype=torch.float64))))


def test_trees_that_give_way_to_grass_hold_on():
    """The cover is gone at once, the strength over years; the roots of trees lie as deep as before."""
    x = columns(tree=0.8, shrub=0.0, grass=0.2)
    memory = started(x)
    y = columns(tree=0.0, shrub=0.0, grass=1.0)
    put(y, "root_fraction", [0.3, 0.3, 0.2, 0.1, 0.1, 0, 0, 0, 0, 0])
    memory.advance(0.0, y)
    herbs = RELATIVE[2]
    previous = np.inf
    for years in range(40):
        after, strength = handed(memory, y)
        dead = float(roots.decay(torch.tensor(float(years), dtype=torch.float64)))
        held = 0.8 * min(1.0, dead + herbs) + 0.2 * herbs
        assert strength[0] == pytest.approx(held / (0.8 + 0.2 * herbs), rel=1e-12)
        assert strength[0] < previous
        assert after[0, FIELDS["root_fraction"].columns].sum() == pytest.approx(1.0)
        previous = strength[0]
        memory.advance(1.0, y)
    deep = after[0, FIELDS["root_fraction"].columns][5:].sum()
    assert 0.0 < deep < 0.01
    first = handed_at_once = columns(tree=0.0, shrub=0.0, grass=1.0)
    put(first, "root_fraction", [0.3, 0.3, 0.2, 0.1, 0.1, 0, 0, 0, 0, 0])
    memory = started(x)
    memory.advance(0.0, first)
    memory.ground(handed_at_once)
    assert handed_at_once[0, FIELDS["root_fraction"].columns][5:].sum() > 0.1


def test_trees_that_come_grow():
    """On open ground that has lost trees first; there the dead roots go on to decay."""
    x = columns(tree=0.5, shrub=0.0)
    memory, ground = started(x), Ground(0.5, 0.0)
    for tree in (0.2, 0.4, 0.9):
        memory.advance(3.0, columns(tree=tree, shrub=0.0))
        ground.age(3.0)
        before = ground.area("tree")
        if tree < before:
            ground.kill("tree", 1.0 - tree / before, "open")
        else:
            ground.gain("tree", tree - before)
    x = columns(tree=0.9, shrub=0.0)
    for _ in range(30):
        after, _ = handed(memory, x)
        tree, shrub = ground.shares()
        # The two that grew at one time were one piece of ground in Fortran only from the same ages on.
        assert of(after, "tree_ground")[0] == pytest.approx(tree, abs=0.02)
        assert of(after, "tree_ground")[0] + of(after, "shrub_ground")[0] * RELATIVE[1] == pytest.approx(
            tree + shrub * RELATIVE[1], rel=0.02
        )
        memory.advance(1.0, x)
        ground.age(1.0)


def test_a_fraction_is_monotone():
    fractions = np.linspace(0.0, 1.0, 21)
    x = columns(21, tree=0.7, shrub=0.2)
    memory = started(x)
    memory.advance(0.0, x, lost=np.column_stack([fractions, 0.5 * fractions]))
    for _ in range(45):
        strength = handed(memory, x)[1]
        assert (np.diff(strength) <= 1e-15).all()
        memory.advance(1.0, x)


def held(memory, x):
    """Root cohesion relative to trees, area mean, from what is handed over."""
    after, _ = handed(memory, x)
    tree, shrub = (
        np.where(of(after, f"{name}_ground") < SPVAL, of(after, f"{name}_ground"), of(x, f"{name}_cover"))
        for name in ("tree", "shrub")
    )
    return tree + shrub * RELATIVE[1]


def random_history(rng, events):
    """(years, tree and shrub cover, lost fractions) of the steps of a column."""
    tree, shrub = 0.6, 0.2
    for _ in range(events):
        if rng.random() < 0.4:
            tree = np.clip(tree + rng.uniform(-0.3, 0.3), 0.0, 0.75)
            shrub = np.clip(shrub + rng.uniform(-0.1, 0.1), 0.0, 0.25)
        lost = rng.uniform(0.0, 0.6, 2) * (rng.random() < 0.5)
        yield rng.uniform(0.2, 6.0), tree, shrub, lost


def follow(history):
    """Strength by the Fortran component and by the list of all pieces, at the end of each step of a history."""
    x = columns(tree=0.6, shrub=0.2)
    memory, ground = started(x), Ground(0.6, 0.2)
    found = []
    for years, tree, shrub, lost in history:
        x = columns(tree=tree, shrub=shrub)
        memory.advance(years, x, lost=lost)
        ground.age(years)
        for kind, fraction in zip(("tree", "shrub"), lost, strict=True):
            ground.kill(kind, fraction, kind)
        for kind, now in (("tree", tree), ("shrub", shrub)):
            before = ground.area(kind)
            if now < before:
                ground.kill(kind, 1.0 - now / before, "open")
        for kind, now in (("tree", tree), ("shrub", shrub)):
            if now > ground.area(kind) + 1e-9:
                ground.gain(kind, now - ground.area(kind))
        found.append((held(memory, x)[0], ground.held()))
    return np.array(found)


def test_merging_conserves_strength_and_errs_little():
    """25 steps in some 80 years, with losses of trees or shrubs in most: far more generations than fit. The error of
    the area's strength, relative to that of trees, is below .02 on average and .08 at most."""
    errors = []
    for seed in range(40):
        found = follow(random_history(np.random.default_rng(seed), 25))
        errors.append(found[:, 0] - found[:, 1])
    errors = np.array(errors)
    assert np.abs(errors).mean() < 0.02
    assert np.abs(errors).max() < 0.08


def test_merging_moves_no_strength_when_it_happens():
    """At the step of a merge the strength is what it was."""
    x = columns(tree=1.0, shrub=0.0)
    memory, ground = started(x), Ground(1.0, 0.0)
    for i in range(3 * ROOTS["cohorts"]):
        memory.advance(1.0, x)
        ground.age(1.0)
        before = held(memory, x)[0] if i else 1.0
        memory.advance(0.0, x, lost=[0.1, 0.0])
        # What dies holds on in the first moment: only live roots that are still growing become dead ones.
        assert held(memory, x)[0] == pytest.approx(before, abs=2e-5)
    cohorts = cohorts_of(memory.state)[0]
    assert (cohorts[0, :, 0] > 0.0).all()
    assert cohorts[0, :, 0].sum() < 1.0


def test_harvest_that_never_stops():
    """Two per cent a year in half-hour steps for a year, then in days for sixty: within 2 % of the exact integral."""
    x = columns(tree=1.0, shrub=0.0)
    memory = started(x)
    rate, day = 0.02, 1.0 / 365.0
    for _ in range(60 * 73):
        memory.advance(5 * day, x, lost=[1.0 - np.exp(-rate * 5 * day), 0.0])
    ages = (np.arange(0, 200000) + 0.5) * 1e-3
    strength = roots.root_strength_left(torch.tensor(ages)).numpy()
    density = np.where(ages < 60.0, rate * np.exp(-rate * ages), 0.0)
    exact = (density * strength).sum() * 1e-3 + np.exp(-rate * 60.0)
    assert held(memory, x)[0] == pytest.approx(exact, rel=0.02)


def test_split_in_parts_is_the_whole():
    """The state is all there is: a run in parts has the bits of the whole."""
    history = list(random_history(np.random.default_rng(3), 30))
    whole = started(columns(tree=0.6, shrub=0.2))
    part = started(columns(tree=0.6, shrub=0.2))
    for years, tree, shrub, lost in history:
        x = columns(tree=tree, shrub=shrub)
        whole.advance(years, x, lost=lost)
        kept = part.state.copy(order="F")
        part = RootMemory(1)
        part.state[:] = kept
        part.advance(years, x, lost=lost)
    assert (whole.state.view("i8") == part.state.view("i8")).all()
    assert whole.state.shape == (1, states())


def test_root_carbon_that_is_lost_counts_until_it_is_back():
    """In a forest whose root carbon falls with a harvest, strength is not taken off twice."""
    x = columns(tree=1.0, shrub=0.0, root_carbon=2.0)
    memory = started(x)
    memory.advance(0.0, x, coarse_carbon=[1.6, 0.0])
    y = columns(tree=1.0, shrub=0.0, root_carbon=1.0)
    memory.advance(0.0, y, lost=[0.5, 0.0], coarse_carbon=[0.8, 0.0])
    after, strength = handed(memory, y)
    assert strength[0] == pytest.approx(1.0, abs=1e-5)
    assert of(after, "root_carbon")[0] == pytest.approx(2.0, abs=1e-5)
    y = columns(tree=1.0, shrub=0.0, root_carbon=2.0)
    memory.advance(50.0, y, coarse_carbon=[1.6, 0.0])
    after, _ = handed(memory, y)
    assert of(after, "root_carbon")[0] == 2.0


def test_root_carbon_of_many_cuts_is_no_more_than_of_one():
    """Every 20 years, with ELM's carbon back each time: what is handed over never passes that of before."""
    x, cut = columns(tree=1.0, shrub=0.0, root_carbon=2.0), columns(tree=1.0, shrub=0.0, root_carbon=0.0)
    memory = started(x)
    for _ in range(5):
        memory.advance(0.0, cut, lost=[1.0, 0.0], coarse_carbon=[0.0, 0.0])
        assert 2.0 - 1e-4 <= of(handed(memory, cut)[0], "root_carbon")[0] < 2.4
        memory.advance(20.0, x, coarse_carbon=[1.6, 0.0])
        assert 2.0 <= of(handed(memory, x)[0], "root_carbon")[0] < 2.4
    grass = columns(tree=0.0, shrub=0.0, grass=1.0, root_carbon=0.0)
    memory = started(x)
    memory.advance(0.0, grass)
    memory.advance(10.0, grass)
    before = of(handed(memory, grass)[0], "root_carbon")[0]
    trees = columns(tree=1.0, shrub=0.0, root_carbon=0.0)
    memory.advance(0.0, trees)
    assert of(handed(memory, trees)[0], "root_carbon")[0] == pytest.approx(before, abs=1e-4)


def test_ground_never_holds_more_than_without_loss():
    """Shrubs that give way to grass, burn, and burn again: the strength is at most 1, and no fire moves it at once."""
    x = columns(tree=0.0, shrub=1.0)
    memory = started(x)
    grass = columns(tree=0.0, shrub=0.0, grass=1.0)
    memory.advance(0.0, grass)
    for _ in range(30):
        after, strength = handed(memory, grass)
        assert strength[0] <= 1.0
        assert of(after, "tree_ground")[0] == 0.0
        memory.advance(0.5, grass)
    memory = started(x)
    for _ in range(5):
        just_before = handed(memory, x)[1][0]
        memory.advance(0.0, x, lost=[0.0, 1.0])
        assert handed(memory, x)[1][0] == pytest.approx(just_before, abs=1e-4)
        for _ in range(20):
            memory.advance(0.5, x)
            assert handed(memory, x)[1][0] <= 1.0
    assert just_before > 0.4


def test_many_small_fires_of_shrubs():
    """More of them than cohorts: what the ground held before is kept too, and the strength is relative to that."""
    x = columns(tree=0.0, shrub=1.0)
    memory, ground = started(x), Ground(0.0, 1.0)
    for _ in range(3 * ROOTS["cohorts"]):
        memory.advance(0.7, x, lost=[0.0, 0.1])
        ground.age(0.7)
        ground.kill("shrub", 0.1, "shrub")
    assert handed(memory, x)[1][0] == pytest.approx(ground.held() / RELATIVE[1], abs=0.06)


def test_carbon_that_leaves_with_the_cover_is_no_further_loss():
    """Trees give way by half, with their coarse roots; the others, and the shrubs, keep theirs."""
    x = columns(tree=0.5, shrub=0.5)
    memory = started(x)
    memory.advance(0.0, x, coarse_carbon=[1.0, 0.1])
    y = columns(tree=0.25, shrub=0.5)
    memory.advance(0.0, y, coarse_carbon=[0.5, 0.1])
    cohorts = cohorts_of(memory.state)[0]
    np.testing.assert_allclose(cohorts[:, :, 0].sum(axis=1), [0.0, 0.0, 0.25], atol=1e-12)
    memory.advance(0.0, y, coarse_carbon=[0.25, 0.1])  # half of the trees that are left
    cohorts = cohorts_of(memory.state)[0]
    np.testing.assert_allclose(cohorts[:, :, 0].sum(axis=1), [0.125, 0.0, 0.25], atol=1e-12)


def test_turnover_goes_on_where_carbon_is_not_looked_at():
    x = columns(tree=1.0, shrub=0.0)
    memory = started(x)
    memory.advance(0.0, x, coarse_carbon=[1.0, 0.0])
    memory.advance(1.0)
    memory.advance(0.0, x, coarse_carbon=[np.exp(-0.049), 0.0])
    assert (memory.state[0, HEAD:] == 0.0).all()
    memory.advance(0.0, x, coarse_carbon=[0.9 * np.exp(-0.049), 0.0])
    assert memory.state[0, HEAD] == pytest.approx(0.1)


def test_cohorts_keep_the_area_of_the_cover():
    """Over random histories no kind has more remembered ground than cover, nor open ground."""
    for seed in range(20):
        memory = started(columns(tree=0.6, shrub=0.2))
        for years, tree, shrub, lost in random_history(np.random.default_rng(seed), 40):
            memory.advance(years, columns(tree=tree, shrub=shrub), lost=lost)
            areas = cohorts_of(memory.state)[0][:, :, 0].sum(axis=1)
            assert (areas <= np.array([tree, shrub, 1.0 - tree - shrub]) + 1e-9).all()


@pytest.mark.parametrize(
    ("after", "years", "lost"), [(1.0, 1.0, 0.0), (0.96, 1.0, 0.0), (0.5, 0.0, 0.5), (0.0, 0.0, 1.0)]
)
def test_coarse_roots_that_vanish_are_a_loss(after, years, lost):
    """Beyond turnover, 5 % a year; growth is none."""
    x = columns(tree=1.0, shrub=0.0)
    memory = started(x)
    memory.advance(0.0, x, coarse_carbon=[1.0, 0.0])
    memory.advance(years, x, coarse_carbon=[after, 0.0])
    memory.advance(5.8, x, coarse_carbon=SPVAL)
    left = float(roots.root_strength_left(torch.tensor(5.8, dtype=torch.float64)))
    assert handed(memory, x)[1][0] == pytest.approx(1.0 - lost * (1.0 - left), rel=1e-9)


def test_missing_cover_is_no_loss():
    x = columns(tree=0.8, shrub=0.1)
    memory = started(x)
    memory.advance(1.0, columns(tree=SPVAL, shrub=0.1))
    assert handed(memory, x)[1][0] == 1.0
    assert np.isfinite(memory.state).all()


def test_dead_roots_are_as_deep_as_elms_trees():
    """The profile in fields.toml, which the build reads, is that of the tree of physics/root_profile.py."""
    tree = root_profile.OF_COVER[0]
    assert ROOTS["profile"] == [root_profile.ROOT_A[tree], root_profile.ROOT_B[tree]]

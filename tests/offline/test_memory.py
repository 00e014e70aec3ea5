"""Roots that remember in an offline run: land use, disturbances, and the state between parts."""

import netCDF4
import numpy as np
import pytest
import torch

from elm_landslide.errors import UserError
from elm_landslide.fields import OUTPUTS, STRENGTH
from elm_landslide.offline import driver
from elm_landslide.physics import roots
from support import elm_files, root_files
from support.offline_runs import launch

N = elm_files.N
RECORDS = 56  # six-hourly from 2000-01-01: 14 days
TREE, SHRUB, GRASS, CROP = 0.4, 0.1, 0.2, 0.2  # of elm_files.write_surface
RELATIVE = (roots.COVER_COHESION / roots.COVER_COHESION[0]).tolist()
HELD = TREE + SHRUB * RELATIVE[1] + GRASS * RELATIVE[2] + CROP * RELATIVE[3]


@pytest.fixture
def case(tmp_path):
    times, bounds = elm_files.hourly(RECORDS, 0.25)
    case = elm_files.Case(tmp_path)
    path = tmp_path / "long.elm.h1.nc"
    case.h1 = elm_files.write_history(path, "unstructured", elm_files.states(RECORDS), times, bounds, mean=True)
    return case


def read(path):
    with netCDF4.Dataset(str(path)) as file:
        file.set_auto_mask(False)
        return {name: file[name][:] for name in file.variables if "time" in file[name].dimensions}


def same(one, two, but=()):
    assert one.keys() - set(but) == two.keys() - set(but)
    for name in one.keys() - set(but):
        assert one[name].tobytes() == two[name].tobytes(), name


def left(days, kind="tree"):
    years = torch.as_tensor(np.asarray(days) / 365.0, dtype=torch.float64)
    return (roots.decay(years) + roots.regrowth(years, kind)).clamp(max=1.0).numpy()


def test_without_disturbance_every_bit_is_as_before(tmp_path, case):
    """A memory of nothing, a file in which nothing happens, and cover that stays: the outputs have the same bits."""
    driver.run(case.inputs(), tmp_path / "plain.nc")
    plain = read(tmp_path / "plain.nc")
    quiet = root_files.write_disturbance(tmp_path / "quiet.nc", [(0.0, 1, 20000105), (0.5, 1, 0)])
    cover = {1: 40.0, 10: 10.0, 13: 20.0, 15: 20.0, 0: 10.0}
    landuse = root_files.write_landuse(tmp_path / "landuse.nc", [1999, 2000, 2001], [cover] * 3)
    for i, options in enumerate(({}, {"disturbance": quiet}, {"landuse": landuse})):
        out = tmp_path / f"{i}.nc"
        summary = driver.run(case.inputs(**options), out, write_state=tmp_path / f"{i}.state.nc")
        found = read(out)
        assert (found[STRENGTH.history] == 1.0).all()
        same(found, plain, but=[STRENGTH.history])
        assert summary.ranges[STRENGTH.history] == (1.0, 1.0)
    assert STRENGTH.history not in plain


def test_a_disturbance_file(tmp_path, case):
    """By cell: cut, burned, uprooted; the day begins what follows. Expected by hand from the equations."""
    events = [
        ([1.0, 0.5, 0.0, 0.0, 0.0, 0.0], [1, 2, 1, 1, 1, 1], 20000103),
        ([0.0, 0.0, 1.0, 0.0, 0.25, 0.0], 3, [0, 0, 20000105, 0, 20000107, 0]),
        ([0.0, 0.0, 0.0, 0.0, 0.25, 0.0], 1, [0, 0, 0, 0, 20000107, 0]),
    ]
    path = root_files.write_disturbance(tmp_path / "cuts.nc", events)
    summary = driver.run(case.inputs(disturbance=path), tmp_path / "out.nc")
    strength = read(tmp_path / "out.nc")[STRENGTH.history]
    days = 0.25 * np.arange(1, RECORDS + 1)

    def after(day, curve):
        since = np.maximum(days - day, 0.0)
        return np.where(days >= day, curve(since), 1.0)

    shrub = SHRUB * RELATIVE[1]
    herbs = HELD - TREE - shrub
    grown = roots.regrowth(torch.as_tensor(np.maximum(days - 4.0, 0.0) / 365.0)).numpy()
    wanted = [
        (TREE * after(2.0, left) + shrub + herbs) / HELD,
        (TREE * (1 + after(2.0, left)) / 2 + shrub * (1 + after(2.0, lambda d: left(d, "shrub"))) / 2 + herbs) / HELD,
        (TREE * np.where(days >= 4.0, grown, 1.0) + shrub + herbs) / HELD,
        np.ones(RECORDS),
        # A quarter cut and a quarter uprooted on one day: half of the dead roots hold.
        None,
        np.ones(RECORDS),
    ]
    for i, expected in enumerate(wanted):
        if expected is not None:
            np.testing.assert_allclose(strength[:, i], expected, rtol=1e-9, err_msg=f"cell {i}")
    np.testing.assert_allclose(strength[days == 6.0, 4], (TREE * 0.75 + shrub + herbs) / HELD, rtol=1e-4)
    assert "tree_ground" not in summary.absent
    assert any("remembered" in note for note in summary.notes)


def test_probability_rises_as_roots_decay(tmp_path, case):
    """Against the same weather without the cut; the more, the larger the fraction."""
    found = []
    for fraction in (0.0, 0.25, 0.5, 1.0):
        path = root_files.write_disturbance(tmp_path / f"{fraction}.nc", [(fraction, 1, 20000102)])
        driver.run(case.inputs(disturbance=path), tmp_path / f"out{fraction}.nc")
        found.append(read(tmp_path / f"out{fraction}.nc")["LANDSLIDE_PROB"][-1])
    assert (np.diff(found, axis=0) > 0.0).all()


@pytest.mark.parametrize("ranks", [0, 2])
def test_in_parts_it_is_the_whole(tmp_path, case, ranks):
    """Cuts before and after the seam, land use across it; on one process and on two ranks."""
    times, bounds = elm_files.hourly(RECORDS, 0.25)
    state = elm_files.states(RECORDS)
    parts = []
    for start, stop in ((0, 20), (20, RECORDS)):  # up to the beginning of 2000-01-06
        fields = {name: values[start:stop] for name, values in state.items()}
        path = tmp_path / f"part{start:02}.elm.h1.nc"
        part = slice(start, stop)
        parts.append(elm_files.write_history(path, "unstructured", fields, times[part], bounds[part], mean=True))
    # One on the seam, and dates that differ between cells, inside records too.
    events = [(0.5, 1, 20000103), (0.3, 2, 20000106), (0.2, 3, [20000111, 20000112, 0, 20000113, 20000109, 0])]
    cuts = root_files.write_disturbance(tmp_path / "cuts.nc", events, gridded=True)
    covers = [{1: 60.0, 10: 10.0, 0: 30.0}, {1: 20.0, 10: 30.0, 13: 50.0}]
    landuse = root_files.write_landuse(tmp_path / "landuse.nc", [2000, 2001], covers)
    common = ("--constants", case.h0, "--surface", case.surface, "--landuse", landuse, "--disturbance", cuts)

    def run(out, *options):
        done = launch(ranks, "run", *common, *options, "--out", tmp_path / out)
        assert done.returncode == 0, done.stderr
        return read(tmp_path / out)

    whole = run("whole.nc", "--history", case.h1, "--write-state", tmp_path / "whole.state.nc")
    one = run("one.nc", "--history", parts[0], "--write-state", tmp_path / "one.state.nc")
    two = run(
        *("two.nc", "--history", parts[1], "--rain", parts[0]),
        *("--state", tmp_path / "one.state.nc", "--write-state", tmp_path / "two.state.nc"),
    )
    for name in whole:
        assert np.concatenate([one[name], two[name]]).tobytes() == whole[name].tobytes(), name
    states = []
    for name in ("whole", "two"):
        with netCDF4.Dataset(str(tmp_path / f"{name}.state.nc")) as file:
            states.append((file["roots"][:].tobytes(), float(file["time"][...]), file["time"].calendar))
    assert states[0] == states[1]
    assert len(np.unique(whole[STRENGTH.history])) > RECORDS


def test_land_use_is_elms(tmp_path, case):
    """Cover changes in proportion to time between the firsts of January; roots follow with their lag."""
    covers = [{1: 40.0, 10: 10.0, 0: 50.0}, {1: 3.5, 10: 10.0, 0: 86.5}]
    path = root_files.write_landuse(tmp_path / "landuse.nc", [2000, 2001], covers)
    driver.run(case.inputs(landuse=path), tmp_path / "out.nc")
    strength = read(tmp_path / "out.nc")[STRENGTH.history]
    gone = 0.365 * 14.0 / 365.0  # of the area: trees that gave way to bare ground
    assert (np.diff(strength, axis=0) < 0.0).all()
    # Far less is lost than the cover, for dead roots hold on.
    assert (strength[-1] < 1.0).all()
    woody = TREE + SHRUB * RELATIVE[1]
    days = np.arange(0.0, 14.0, 0.01) + 0.005
    expected = 1.0 - gone / woody * (1.0 - roots.decay(torch.as_tensor(days / 365.0)).numpy()).mean()
    np.testing.assert_allclose(1.0 - strength[-1], 1.0 - expected, rtol=0.05)  # in steps of six hours
    undisturbed = tmp_path / "plain.nc"
    driver.run(case.inputs(), undisturbed)
    assert not np.array_equal(read(undisturbed)["LANDSLIDE_FOS"][-1], read(tmp_path / "out.nc")["LANDSLIDE_FOS"][-1])


def test_land_use_outside_its_years(tmp_path, case):
    """Before the first year and after the last the cover stays; the history is of the year 2000."""
    plain = tmp_path / "plain.nc"
    driver.run(case.inputs(), plain)
    surface = {1: 40.0, 10: 10.0, 13: 20.0, 15: 20.0, 0: 10.0}
    other = {1: 90.0, 0: 10.0}
    for years, covers in (([2001, 2002], [surface, other]), ([1998, 1999], [other, surface])):
        path = root_files.write_landuse(tmp_path / f"{years[0]}.nc", years, covers)
        driver.run(case.inputs(landuse=path), tmp_path / f"out{years[0]}.nc")
        same(read(tmp_path / f"out{years[0]}.nc"), read(plain), but=[STRENGTH.history])


BAD = [
    ({"shift": 0.4}, [(0.5, 1, 20000103)], "it is on another grid"),
    ({}, [(1.5, 1, 20000103)], "FRACTION is 1.5 at lat 40.25"),
    ({}, [(-0.1, 1, 20000103)], "FRACTION is -0.1"),
    ({}, [(0.6, 1, 20000103), (0.5, 2, 20000103)], "FRACTION is 1.1 at lat 40.25, lon 282.75, summed over"),
    ({}, [(0.5, 4, 20000103)], "KIND is 4"),
    ({}, [(0.5, 1, 20000230)], "DATE 20000230 is no day (yyyymmdd) of the calendar 'noleap'"),
    ({}, [(0.5, 1, 19991231)], "DATE 1999-12-31 lies before the run, which begins 2000-01-01"),
    ({}, [(0.5, 1, 20000301)], "DATE 2000-03-01 lies after the run, which ends 2000-01-15"),
    ({"KIND": None}, [(0.5, 1, 20000103)], "no variable KIND"),
]


@pytest.mark.parametrize(("options", "events", "message"), BAD, ids=[b[2][:24] for b in BAD])
def test_a_bad_disturbance_file(tmp_path, case, options, events, message):
    path = root_files.write_disturbance(tmp_path / "cuts.nc", events, **options)
    with pytest.raises(UserError) as refused:
        driver.run(case.inputs(disturbance=path), tmp_path / "out.nc")
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out.nc").exists()


def test_a_later_date_is_left_to_a_later_part(tmp_path, case):
    path = root_files.write_disturbance(tmp_path / "cuts.nc", [(0.5, 1, 20000301)])
    driver.run(case.inputs(disturbance=path), tmp_path / "out.nc", write_state=tmp_path / "state.nc")
    assert (read(tmp_path / "out.nc")[STRENGTH.history] == 1.0).all()


def changed(path, change):
    with netCDF4.Dataset(str(path), "a") as file:
        change(file)


def _nan(file):
    file["roots"][0, 6] = np.nan


def _area(file):
    file["roots"][0, 6] = 0.45  # of trees, whose cover is 0.4


def _cover(file):
    file["roots"][0, 0] = 5.0


BAD_STATES = [
    ("version", lambda f: setattr(f, "landslide_root_version", "0_6"), "is of version '0_6', wanted one of"),
    ("none", lambda f: f.delncattr("landslide_root_version"), "is no state of ELM-Landslide"),
    ("time", lambda f: f.renameVariable("time", "when"), "is no state of ELM-Landslide"),
    ("calendar", lambda f: setattr(f["time"], "calendar", "standard"), "is of the calendar 'standard'"),
    ("grid", lambda f: f["lat"].__setitem__(0, 10.0), "has 6 places, not the 6 of this run, or others"),
    ("late", lambda f: f["time"].__setitem__(..., 300.0), "after the first record, which begins 2000-01-01"),
    ("nan", _nan, "its numbers are no state of roots"),
    ("cover", _cover, "its numbers are no state of roots"),
    ("area", _area, "its numbers are no state of roots"),
]


@pytest.mark.parametrize(("name", "change", "message"), BAD_STATES, ids=[b[0] for b in BAD_STATES])
def test_a_bad_state(tmp_path, case, name, change, message):
    state = tmp_path / "state.nc"
    driver.run(case.inputs(), tmp_path / "first.nc", write_state=state)
    changed(state, lambda f: f["time"].__setitem__(..., 0.0))
    changed(state, change)
    before = state.read_bytes()
    with pytest.raises(UserError) as refused:
        driver.run(case.inputs(state=state), tmp_path / "out.nc", write_state=tmp_path / "more.nc")
    assert str(refused.value).startswith(f"{state}: ")
    assert message in str(refused.value)
    assert state.read_bytes() == before
    assert not (tmp_path / "out.nc").exists()
    assert not (tmp_path / "more.nc").exists()


def test_a_state_of_other_places(tmp_path, case):
    state = tmp_path / "state.nc"
    driver.run(case.inputs(), tmp_path / "first.nc", write_state=state)
    other = elm_files.Case(tmp_path, "column")
    with pytest.raises(UserError, match="on the same grid"):
        driver.run(other.inputs(state=state), tmp_path / "out.nc")


BAD_LANDUSE = [
    (dict(years=[2000, 2000], pfts=[{1: 100.0}] * 2), "YEAR [2000.0, 2000.0] does not rise in whole years"),
    (dict(years=[2000], pfts=[{1: 90.0}]), "PCT_NAT_PFT is 90 at lat 40.25, lon 282.75, summed, wanted 100"),
    (dict(years=[2000], pfts=[{1: 120.0}]), "PCT_NAT_PFT is 120"),
    (dict(years=[2000], pfts=[{1: 100.0}], shift=0.4), "it is on another grid"),
]


@pytest.mark.parametrize(("options", "message"), BAD_LANDUSE, ids=["years", "sum", "range", "grid"])
def test_bad_land_use(tmp_path, case, options, message):
    path = root_files.write_landuse(tmp_path / "landuse.nc", **options)
    with pytest.raises(UserError) as refused:
        driver.run(case.inputs(landuse=path), tmp_path / "out.nc")
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)


def test_the_output_may_not_be_the_state(tmp_path, case):
    with pytest.raises(UserError, match="its folder does not exist"):
        driver.run(case.inputs(), tmp_path / "out.nc", write_state=tmp_path / "nowhere" / "state.nc")
    (tmp_path / "out.nc").write_bytes(b"")
    with pytest.raises(UserError, match="exists"):
        driver.run(case.inputs(), tmp_path / "new.nc", write_state=tmp_path / "out.nc")
    with pytest.raises(UserError, match="give another name"):
        driver.run(case.inputs(), tmp_path / "out.nc", write_state=tmp_path / "out.nc", overwrite=True)


def test_loss_of_root_carbon_is_a_disturbance(tmp_path):
    """In a history with coarse root carbon; half of it goes in the tenth record."""
    times, bounds = elm_files.hourly(RECORDS, 0.25)
    fields = elm_files.states(RECORDS)
    carbon = np.where(np.arange(RECORDS)[:, None] < 9, 1000.0, 500.0) * np.ones(N)
    fields |= {name: carbon.astype("f4") for name in ("LIVECROOTC", "DEADCROOTC")}
    fields["FROOTC"] = np.full((RECORDS, N), 100.0, "f4")
    case = elm_files.Case(tmp_path)
    case.h1 = elm_files.write_history(tmp_path / "cn.elm.h1.nc", "unstructured", fields, times, bounds, mean=True)
    driver.run(case.inputs(), tmp_path / "out.nc", write_state=tmp_path / "state.nc")
    strength = read(tmp_path / "out.nc")[STRENGTH.history]
    assert (strength[:9] == 1.0).all()
    woody = TREE * (1 + left(10.0)) / 2 + SHRUB * RELATIVE[1] * (1 + left(10.0, "shrub")) / 2
    herbs = GRASS * RELATIVE[2] + CROP * RELATIVE[3]
    np.testing.assert_allclose(strength[49], (woody + herbs) / HELD, rtol=1e-4)


@pytest.mark.parametrize("name", ["tree_ground", "vegetation_left", "root_carbon"])
def test_a_value_that_the_memory_says_cannot_be_set(tmp_path, case, name):
    with pytest.raises(UserError, match=f"--set {name}: the memory of roots says what it is"):
        driver.run(case.inputs(overrides={name: 0.5}), tmp_path / "out.nc", write_state=tmp_path / "state.nc")


def test_every_output_answers_to_a_cut(tmp_path, case):
    path = root_files.write_disturbance(tmp_path / "cuts.nc", [(1.0, 1, 20000101)])
    driver.run(case.inputs(), tmp_path / "plain.nc")
    driver.run(case.inputs(disturbance=path), tmp_path / "out.nc")
    one, two = read(tmp_path / "plain.nc"), read(tmp_path / "out.nc")
    for name in OUTPUTS.keys() - {"depth"}:  # the slopes fail at the base of the soil, before and after
        assert (one[OUTPUTS[name].history][-1] != two[OUTPUTS[name].history][-1]).all(), name

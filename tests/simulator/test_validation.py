"""The checks of simulate --validate hold, on smaller hillslopes where they are long; and they can fail."""

from pathlib import Path

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.physics import roots
from elm_landslide.simulator import member, sizes, triggering
from elm_landslide.simulator.validation import bundles, columns, genuine_elm, hillslopes

DATA = Path(__file__).parents[3] / "shared" / "data"
SMALL = member.Settings(rows=16, columns=16, hours=48, spin_up=30)


def failing(checks) -> list[str]:
    return [f"{check.name}: {check.figure}; wanted {check.wanted}" for check in checks if not check.holds]


def test_bundles_and_roots():
    assert not failing(bundles.checks())


def test_columns_against_theory_and_trigrs():
    assert not failing(columns.checks())


@pytest.mark.long
def test_hillslopes():
    """The size of landslides under stronger roots needs larger hillslopes and more draws: simulate --validate alone."""
    checks = list(hillslopes.ensembles(map, 120, lambda: None, SMALL))
    assert len(checks) == 6
    assert not failing(c for c in checks if c.name != "stronger roots: larger landslides")


def test_bonds_that_hold_are_not_the_infinite_slope(monkeypatch):
    """The check tells a model with bonds from one without."""
    before = triggering.Triggering.__post_init__

    def with_bonds(self):
        self.strength.bonds = True
        before(self)

    monkeypatch.setattr(triggering.Triggering, "__post_init__", with_bonds)
    runner = hillslopes._runner(20, SMALL)
    found = [hillslopes._infinite_slope(runner, i, runner.parameters(i)) for i in range(20)]
    assert sum(f["mismatches"] for f in found) > 0


def test_roots_that_never_recover_are_seen(monkeypatch):
    monkeypatch.setitem(roots.REGROWTH, "tree", (0.952, 19.05, -0.05, 0.0))
    assert [check.name for check in bundles.checks() if not check.holds] == ["root strength after clearing"]


@pytest.mark.parametrize("power", [1.2, 1.6, 2.1])
def test_exponent_is_that_of_the_draws(power):
    """Sizes drawn from a power law give its power back within their sampling error."""
    areas = np.arange(1, 2000)
    weights = areas**-power
    rng = np.random.default_rng(3)
    by_member = [rng.choice(areas, 40, p=weights / weights.sum()) for _ in range(400)]
    best, low, high = sizes.exponent_interval(by_member)
    assert low < power < high
    assert abs(best - power) < 0.1


def test_an_exponent_of_one_hillslope_has_no_interval():
    areas = np.array([2, 2, 3, 5, 9])
    for others in ([], [np.array([], dtype=int)], [np.array([1, 1, 4000])]):  # none, and without sizes of the fit
        best, low, high = sizes.exponent_interval([areas, *others])
        assert np.isfinite(best)
        assert np.isnan(low)
        assert np.isnan(high)
    assert np.isfinite(sizes.exponent_interval([areas, areas + 1])).all()
    assert "95 % interval none" in hillslopes.frequency_area([areas]).figure


@pytest.mark.skipif(not DATA.is_dir(), reason="TRIGRS listings (../shared/data/trigrs) are not here")
class TestTrigrs:
    """All rows of the listings, where `columns` has some."""

    @staticmethod
    def rows(path):
        """{(cell, slope, time): [[depth, head, ..., FoS], ...]}"""
        found, key = {}, None
        for line in path.read_text().splitlines():
            words = line.split()
            if words and words[0] == "cell":
                key = int(words[1]), float(words[2]), float(words[4])
                found[key] = []
            elif key and len(words) == 6:
                found[key].append([float(w) for w in words])
        return {key: np.array(rows) for key, rows in found.items()}

    def test_srivastava_yeh(self):
        listed = self.rows(DATA / "trigrs" / "sy91" / "TRlist_z_p_fs_syfig3.txt")
        rows = [(key[2], row[0], row[1]) for key, values in listed.items() for row in values]
        assert len(rows) == 164
        found, heads = columns.sy_rows(rows)
        assert np.abs(found - heads).max() < columns.TOLERANCE * np.abs(heads).max()

    def test_flume(self):
        (values,) = self.rows(DATA / "trigrs" / "flume" / "TRlist_z_p_fs_flume.txt").values()
        found, heads = columns.flume_rows(values[:, :2])
        assert len(found) == 101
        assert np.abs(found - heads).max() < columns.TOLERANCE * np.abs(heads).max()

    def test_tutorial(self):
        """Cells of the first zone, whose rain exceeds their conductivity; the others take run-off from them."""
        folder = DATA / "trigrs" / "tutorial"
        zones = np.loadtxt(folder / "zones.asc", skiprows=6).ravel()
        depth = np.loadtxt(folder / "zmax.asc", skiprows=6).ravel()
        listed = self.rows(folder / "TRlist_z_p_fs_tutorial.txt")
        seen = 0
        for cell in sorted({key[0] for key in listed}):
            if zones[cell - 1] != 1 or depth[cell - 1] != columns.TUTORIAL["depth"]:
                continue
            here = {key: values for key, values in listed.items() if key[0] == cell}
            rows = [(key[2], row[0], row[5]) for key, values in here.items() for row in values if 0.0 < row[5] < 10.0]
            found, fos = columns.tutorial_fos(rows, next(iter(here))[1])
            # The listed slope has one decimal.
            assert np.abs(found / fos - 1.0).max() < columns.TOLERANCE, cell
            seen += len(rows)
        assert seen == 360


@pytest.mark.skipif(not DATA.is_dir(), reason="daily means of the genuine ELM (../shared/data/elm) are not here")
class TestGenuineElm:
    history = [DATA / "elm" / "susquehanna32.elm.h0.2001-06-22.nc"]
    surface = DATA / "elm" / "surfdata_susquehanna_32.nc"

    def test_susquehanna(self):
        assert not failing(genuine_elm.checks(self.history, self.surface))

    def test_steep_point(self):
        """A table metres deep, and frost in the upper layers, which the column has not."""
        steep = DATA / "elm" / "inputdata" / "lnd" / "clm2" / "surfdata_map" / "surfdata_SUScell_steep_forest.nc"
        found = genuine_elm.compare([DATA / "elm" / "steepstorm1.elm.h0.2001-10-03.nc"], steep)
        assert found.table_r[0] > 0.9
        assert abs(found.table_bias[0]) < 0.2
        assert np.nanmedian(found.water_r[0]) > 0.85

    def test_instantaneous_history_is_refused(self):
        with pytest.raises(UserError, match=r"h1.*no variable TBOT"):
            genuine_elm.compare([DATA / "elm" / "susquehanna32.elm.h1.2001-06-22.nc"], self.surface)


def test_without_elm_the_check_says_so():
    (check,) = genuine_elm.checks(None, None)
    assert check.holds is None
    assert "--history" in check.figure

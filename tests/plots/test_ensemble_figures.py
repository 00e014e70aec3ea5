"""Figures of a file of simulate: what is drawn, and what is said where nothing can be."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from elm_landslide import plots
from elm_landslide.errors import UserError
from elm_landslide.plots.ensemble import SHARE, _title, choose, draw_sizes, follow
from elm_landslide.simulator import ensemble, ensemble_file, member
from elm_landslide.simulator.ensemble import Ensemble

SMALL = member.Settings(rows=12, columns=12, hours=36)
STEEP = (("cover", 4.0), ("gradient", 0.9), ("storm_depth", 300.0))


def make(made: Ensemble, out):
    ensemble.run(made, out, map, ensemble.prepare(made, out), lambda n: None)
    ensemble_file.write(made, out, "test")
    ensemble.forget(out)
    return out


@pytest.fixture(scope="module")
def steep(tmp_path_factory):
    return make(Ensemble(20, 5, SMALL, fixed=STEEP), tmp_path_factory.mktemp("steep") / "steep.nc")


def test_figures(steep, tmp_path):
    figures = plots.draw([steep], tmp_path)
    assert [f.name for f in figures] == ["steep_sizes.png", "steep_hillslope.png", "steep_history.png"]
    for figure in figures:
        pixels = plt.imread(figure)
        assert min(pixels.shape[:2]) > 400
        assert pixels.std() > 0.05


def test_history_is_that_of_the_file(steep):
    """The member that is run again gives what stands in the file, hour by hour between its states."""
    made, found = ensemble_file.read(steep)
    chosen = choose(made, found)
    history = follow(ensemble.Runner(made), chosen)
    at = np.searchsorted(history.hours, found["time"])
    np.testing.assert_allclose(history.released[at], found["hillslope_released"][chosen], rtol=1e-6)
    of_storm = (found["event_member"] == chosen) & (found["event_initial"] == 0)
    assert len(history.slide) * SMALL.size**2 == found["event_area"][of_storm].max()
    assert (np.isfinite(history.released_at[history.slide])).all()
    assert (np.diff(history.released) >= 0).all()
    assert (history.water_table >= 0).all()


def test_the_member_chosen_keeps_most_of_its_soil(steep):
    made, found = ensemble_file.read(steep)
    chosen = choose(made, found)
    last = found["hillslope_released"][:, -1]
    candidates = {
        int(m) for m, initial in zip(found["event_member"], found["event_initial"], strict=True) if not initial
    }
    assert chosen in candidates
    if any(last[m] <= SHARE for m in candidates):
        assert last[chosen] <= SHARE


def test_title_names_the_cover():
    """Both ends of the prior's last class are bare ground, which is never cleared."""
    p = {"cover": 0.0, "cleared": 0.1, "years": 2.0, "sand": 50.0, "gradient": 0.5}
    assert _title(3, p) == "member 3: tree, cleared 2.0 years before, sand 50 %, gradient 0.50"
    for cover in (4.0, 5.0):
        assert _title(3, {**p, "cover": cover}) == "member 3: bare ground, sand 50 %, gradient 0.50"


def test_where_nothing_slides_the_curve_says_so(tmp_path):
    calm = {"cover": 0.0, "gradient": 0.2, "local_rain": 1.0, "storm_depth": 20.0, "wet_day_rain": 2.0, "organic": 0.0}
    gentle = make(Ensemble(20, 5, SMALL, fixed=tuple(calm.items())), tmp_path / "gentle.nc")
    assert [f.name for f in plots.draw([gentle], tmp_path)] == ["gentle_sizes.png"]


@pytest.mark.parametrize("members", [1, 5])
def test_one_hillslope_has_no_interval(steep, tmp_path, figures, members):
    made, found = ensemble_file.read(steep)
    cells = np.where(found["event_initial"] == 0, np.rint(found["event_area"] / made.settings.size**2), 0)
    sizes = [len(np.unique(cells[(found["event_member"] == i) & (cells > 0)])) for i in range(made.members)]
    rows = np.isin(found["event_member"], np.argsort(sizes)[::-1][:members])  # with landslides of the most sizes
    part = {name: found[name][rows] for name in ("event_initial", "event_area", "event_member")}
    draw_sizes(made, part, tmp_path / "sizes.png")
    (axis,) = figures()[0].axes
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    (label,) = [label for label in labels if label.startswith("exponent -")]
    assert label.endswith("(95 % interval none)") == (members == 1)


def test_inputs_that_are_gone_are_named(tmp_path):
    table = tmp_path / "sites.csv"
    days = [f"{name}{day}" for day in reversed(range(7)) for name in ("precip", "temp")]
    table.write_text(",".join(days) + "\n" + ",".join(["150,15"] * 6 + ["200,15"]) + "\n")
    made = Ensemble(20, 5, SMALL, weather=str(table), fixed=(("cover", 4.0), ("gradient", 0.9)))
    path = make(made, tmp_path / "real.nc")
    table.unlink()
    with pytest.raises(UserError, match=r"real\.nc: member \d+ cannot be run again for its figures: .*sites\.csv"):
        plots.draw([path], tmp_path)


def test_other_files_do_not_go_with_it(steep, tmp_path):
    with pytest.raises(UserError, match="files of simulate are drawn alone"):
        plots.draw([steep], tmp_path, labels=["one"])

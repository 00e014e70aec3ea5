"""The report: its keys, its file, its table, its figures."""

import dataclasses
import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from elm_landslide.errors import UserError
from elm_landslide.evaluation import figures, report
from elm_landslide.observation import metrics

MEASURES = ("auc", "pr_auc", "hit_rate")
BY_GROUP = (*MEASURES, "brier", "brier_skill", "ece")
RATES = {"0.01", "0.05", "0.10"}


@pytest.fixture
def comparisons(make_comparison):
    return [make_comparison("same_site", 900, 1), make_comparison("random", 1300, 2)]


@pytest.fixture
def result(comparisons):
    notes = report.Notes({"used": 2200}, "made blocks", {"ari7": "rain"}, {"lhasa_2_1": "no file"})
    return report.build(comparisons, notes, draws=60)


def with_intervals(names):
    return {*names, *(f"{name}_interval" for name in names)}


def test_keys(result):
    """Every key that the module states is there, and no other."""
    words = {"rows", "fitted_on", "draws", "comparators", "left_out", "ece"}
    nested = {
        "prevalence",
        "blocks",
        "difference",
        "field_difference",
        "reliability",
        "spread",
        "by_accuracy",
        "by_region",
        "unrepeated",
        "field",
    }
    nested |= with_intervals((*MEASURES, "brier", "brier_skill", "ece_by"))
    assert set(result) == words | nested
    assert all(key in report.__doc__ for key in words | nested - {"brier_interval", "brier_skill_interval"})
    for key in nested:
        assert set(result[key]) == {"same_site", "random"}, key
    for key in with_intervals(MEASURES):
        assert set(result[key]["random"]) == {"model", "ari7"}, key
    assert set(result["hit_rate"]["random"]["ari7"]) == set(result["hit_rate_interval"]["random"]["ari7"]) == RATES
    assert set(result["difference"]["random"]) == {"ari7"}
    assert set(result["difference"]["random"]["ari7"]) == with_intervals(("auc", "pr_auc"))
    assert set(result["reliability"]["random"][0]) == {"predicted", "observed", "observed_interval", "n"}
    assert set(result["spread"]["random"]) == {"spearman", "fifths"}
    assert set(result["spread"]["random"]["fifths"][0]) == {"spread", "error", "n"}
    assert set(result["by_accuracy"]["random"]) == {"up to 1 km", "1 to 5 km", "unknown"}
    assert set(result["by_region"]["random"]) == {"North America"}
    group = result["by_accuracy"]["random"]["unknown"]
    assert set(group) == {"n", "landslides", "prevalence", *with_intervals(BY_GROUP)}
    assert set(result["field"]["random"]) == {"reliability", *with_intervals(("brier", "brier_skill", "ece"))}
    assert result["left_out"] == {"lhasa_2_1": "no file"}
    assert result["draws"] == 60


def test_values(comparisons, result):
    for c in comparisons:
        for name, score in c.scores.items():
            assert result["auc"][c.name][name] == pytest.approx(roc_auc_score(c.landslide, score), abs=1e-12)
            known = average_precision_score(c.landslide, score)
            assert result["pr_auc"][c.name][name] == pytest.approx(known, abs=1e-12)
            low, high = result["auc_interval"][c.name][name]
            assert low < result["auc"][c.name][name] < high
            assert high - low < 0.2
        assert result["prevalence"][c.name] == c.landslide.mean()
        assert result["brier"][c.name] == pytest.approx(brier_score_loss(c.landslide, c.probability), abs=1e-12)
        less = result["difference"][c.name]["ari7"]
        assert less["auc"] == pytest.approx(result["auc"][c.name]["model"] - result["auc"][c.name]["ari7"], abs=1e-12)
        assert less["auc_interval"][0] > 0.0
        assert np.ptp(less["auc_interval"]) < 0.06
    assert result["ece"] == max(result["ece_by"].values())


def test_groups(make_comparison):
    """A class has its landslides and every row that is none; with too few there are counts alone."""
    c = make_comparison(n=800)
    few = np.flatnonzero(c.landslide)[: metrics.FEWEST - 1]
    c.accuracy = np.where(c.landslide, 0.5, np.nan)
    c.accuracy[few] = 100.0
    found = report.build([c], report.Notes(), draws=20)["by_accuracy"]["random"]
    n_others = int((~c.landslide).sum())
    assert set(found) == {"up to 1 km", "above 25 km"}
    assert found["above 25 km"]["n"] == n_others + 19
    assert found["above 25 km"]["landslides"] == 19
    assert all(found["above 25 km"][key] is None for key in with_intervals(BY_GROUP))
    rows = c.accuracy != 100.0
    group = found["up to 1 km"]
    assert group["auc"] == pytest.approx(roc_auc_score(c.landslide[rows], c.probability[rows]), abs=1e-12)
    assert group["brier"] == pytest.approx(brier_score_loss(c.landslide[rows], c.probability[rows]), abs=1e-12)
    c.accuracy[np.flatnonzero(c.landslide)[19]] = 100.0
    found = report.build([c], report.Notes(), draws=20)["by_accuracy"]["random"]
    assert found["above 25 km"]["landslides"] == 20
    assert 0.0 < found["above 25 km"]["auc"] < 1.0


def test_comparison_of_sites(make_sites):
    """A same-site row is in the class of its landslide; there are as many of both in every class."""
    sites = make_sites()
    sites = sites.select(sites.kind != "random")
    score = sites.weather[:, 0, -1]
    c = report.Comparison.of(
        "same_site", sites, {"model": score}, score / score.max(), score[:, None], score / score.max()
    )
    found = report.build([c], report.Notes(), draws=10)
    assert found["spread"]["same_site"] is None
    groups = found["by_accuracy"]["same_site"]
    assert len(groups) == 5
    assert sum(group["n"] for group in groups.values()) == sites.n
    assert all(group["landslides"] == group["n"] / 2 for group in groups.values())


def test_one_block_has_no_interval(make_comparison, tmp_path, monkeypatch):
    """The measures are those of many blocks; intervals are null in the file and 'none' in words."""
    many = make_comparison(n=400)
    one = dataclasses.replace(many, block=np.full(400, "a"))
    found, of_many = (report.build([c], report.Notes(), draws=20) for c in (one, many))
    assert found["auc"] == of_many["auc"]
    assert found["brier"] == pytest.approx(of_many["brier"])
    report.write(found, tmp_path / "evaluation.json")
    plain = json.loads((tmp_path / "evaluation.json").read_text())
    assert plain["auc_interval"]["random"]["model"] == plain["ece_by_interval"]["random"] == [None, None]
    assert plain["difference"]["random"]["ari7"]["auc_interval"] == [None, None]
    for row in report.table(found):
        assert row[3] == "none"
        assert row[-1] in ("", "none")
    drawn = []
    monkeypatch.setattr(figures, "save", lambda figure, path: drawn.append(figure) or path)
    figures.draw([one], found, tmp_path)
    roc, reliability = drawn
    assert roc.axes[0].get_legend().get_texts()[0].get_text().endswith(" (none)")
    assert "(none)" in reliability.axes[0].texts[-1].get_text()


def test_a_group_in_one_block_has_no_interval(make_comparison):
    c = make_comparison(n=900)
    block = np.where(c.accuracy == 5.0, "a", c.block)
    block[~c.landslide] = "a"  # the others count in every group
    groups = report.build([dataclasses.replace(c, block=block)], report.Notes(), draws=20)["by_accuracy"]["random"]
    assert np.isnan(groups["1 to 5 km"]["auc_interval"]).all()
    assert np.isfinite(groups["1 to 5 km"]["auc"])
    assert np.isfinite(groups["up to 1 km"]["auc_interval"]).all()


def test_same_twice_and_by_seed(make_comparison):
    c = make_comparison(n=400)
    one, same, other = (report.build([c], report.Notes(), 20, seed) for seed in (3, 3, 4))
    assert one["auc_interval"] == same["auc_interval"] != other["auc_interval"]
    assert one["auc"] == other["auc"]


def test_file(result, tmp_path):
    """As documented in JSON, six digits, null for what has no value; nothing else is left in the folder."""
    result["spread"]["random"] = {"spearman": float("nan"), "fifths": []}
    result["rows"]["used"] = np.int64(7)
    path = tmp_path / "evaluation.json"
    report.write(result, path)
    found = json.loads(path.read_text())
    assert list(found) == list(result)
    assert [p.name for p in tmp_path.iterdir()] == ["evaluation.json"]
    assert found["spread"]["random"]["spearman"] is None
    assert found["rows"]["used"] == 7
    assert found["auc"]["same_site"]["model"] == round(result["auc"]["same_site"]["model"], 6)
    assert isinstance(found["ece"], float)


def test_file_is_whole_or_not_there(result, tmp_path):
    path = tmp_path / "evaluation.json"
    path.write_text("before")
    with pytest.raises(TypeError):
        report.write({**result, "rows": object()}, path)
    assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(UserError, match="cannot be written"):
        report.write(result, tmp_path / "none" / "evaluation.json")


def test_nothing_to_compare(make_comparison):
    c = make_comparison(n=50)
    with pytest.raises(UserError, match="random: 0 landslides among 50 rows"):
        report.build([dataclasses.replace(c, landslide=np.zeros(50, dtype=bool))], report.Notes())


def test_what_elm_writes_comes_first(make_comparison):
    """In the report and in the table; its own Brier score, not the model's."""
    comparison = make_comparison()
    noise = np.random.default_rng(4).normal(size=len(comparison.landslide))
    comparison.scores |= {"network_alone": noise, "field": comparison.field}
    result = report.build([comparison], report.Notes(), draws=20)
    order = ["field", "network_alone", "model", "ari7"]
    assert list(result["auc"]["random"]) == order
    assert [row[1] for row in report.table(result)] == order
    field, landslide = result["field"]["random"], comparison.landslide
    assert field["brier"] == pytest.approx(((comparison.field - landslide) ** 2).mean())
    assert field["brier"] != pytest.approx(result["brier"]["random"], rel=1e-3)


def test_table(result):
    rows = report.table(result)
    assert [row[:2] for row in rows] == [(c, s) for c in ("same_site", "random") for s in ("model", "ari7")]
    assert all(len(row) == len(report.HEADER) and all(isinstance(cell, str) for cell in row) for row in rows)
    assert rows[0][2] == f"{result['auc']['same_site']['model']:.3f}"
    assert rows[0][-2:] == ("", "")
    assert rows[3][-2] == f"{result['difference']['random']['ari7']['auc']:+.3f}"


def test_figures(comparisons, result, tmp_path):
    """Of two comparisons and of one."""
    for n in (2, 1):
        found = figures.draw(comparisons[:n], result, tmp_path / str(n))
        assert [path.name for path in found] == ["roc.png", "reliability.png"]
        assert all(path.stat().st_size > 20000 for path in found)


def test_what_the_figures_show(comparisons, result, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "save", lambda figure, path: drawn.append(figure) or path)
    figures.draw(comparisons, result, tmp_path)
    roc, reliability = drawn
    for axis, c in zip(roc.axes, comparisons, strict=True):
        labels = [text.get_text() for text in axis.get_legend().get_texts()]
        low, high = result["auc_interval"][c.name]["model"]
        assert labels[0] == f"model {result['auc'][c.name]['model']:.3f} ({low:.3f} to {high:.3f})"
        assert labels[1] == f"7-day rain index {result['auc'][c.name]['ari7']:.3f}"
        curve = next(line for line in axis.lines if line.get_label() == labels[0]).get_xydata()
        assert np.trapezoid(curve[:, 1], curve[:, 0]) == pytest.approx(result["auc"][c.name]["model"])
        marks = next(line for line in axis.lines if line.get_marker() == "o").get_xydata()
        np.testing.assert_allclose(marks[:, 0], [0.01, 0.05, 0.10])
        np.testing.assert_allclose(marks[:, 1], list(result["hit_rate"][c.name]["model"].values()))
    for axis, c in zip(reliability.axes[:2], comparisons, strict=True):
        points = next(line for line in axis.lines if line.get_marker() == "o").get_xydata()
        np.testing.assert_allclose(points, [(r["predicted"], r["observed"]) for r in result["reliability"][c.name]])
        assert f"calibration error {result['ece_by'][c.name]:.3f}" in axis.texts[-1].get_text()
    for axis, c in zip(reliability.axes[2:], comparisons, strict=True):
        assert sum(bar.get_height() for bars in axis.containers for bar in bars) == len(c.landslide)

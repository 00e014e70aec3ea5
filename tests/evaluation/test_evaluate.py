"""An evaluation from a site table to its scores: which rows are taken, and what moves a score and what does not."""

import dataclasses
from contextlib import contextmanager

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.evaluation import ablations, figures, report, run
from elm_landslide.sites.site_table import block_of
from support import made_sites
from support.site_files import write_csv

UNSEEN = 12  # the first block of 5 degrees that the model was not trained on


@contextmanager
def silent(*_):
    yield lambda n: None


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.pt"
    path.write_bytes(made_sites.trained()[0])
    return path


@pytest.fixture
def scored(model, tmp_path, monkeypatch):
    """scored(rows, trigger) -> (notes, {design: (sites, scores, chances)}), without report and figures."""
    kept = {}

    def of(name, sites, scores, probability, *rest):
        kept[name] = sites, scores, probability
        return name

    monkeypatch.setattr(run.Comparison, "of", of)
    monkeypatch.setattr(report, "build", lambda comparisons, notes: {"notes": dataclasses.asdict(notes)})
    monkeypatch.setattr(figures, "draw", lambda *_: None)

    def score(rows, trigger="all"):
        kept.clear()
        file = write_csv(tmp_path / "sites.csv", rows)
        found = run.evaluate(file, model, tmp_path / "out", None, trigger, None, silent)
        return found["notes"], dict(kept)

    return score


def rows(blocks=2, pairs=4, random=4, seed=7):
    return made_sites.rows(blocks, pairs, random, seed, first=UNSEEN)


def no_pairs(seed=7):
    """Landslides and random rows alone."""
    return [row for row in rows(blocks=3, seed=seed) if row["kind"] != "same_site"]


def assert_same_scores(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


# Rows.


def test_rows_of_the_training_are_left_out_and_counted(model, tmp_path):
    blocks = run.open_model(model).observation.info["blocks"]
    sites = made_sites.read(made_sites.rows(5, first=UNSEEN - 2, seed=3), tmp_path)
    kept, counts = run.select(sites, "t.csv", "all", blocks, "seen")
    assert not np.isin(block_of(kept.lat, kept.lon), blocks).any()
    assert set(kept.id) == {name for name in sites.id if int(name[1:].split("-")[0]) >= UNSEEN}
    wanted = {"used": 36, "excluded_blocks": 24, "excluded_trigger": 0}
    assert counts == wanted | {"landslides": 12, "same_site": 12, "random": 12}


def test_a_block_of_another_name_is_the_same_block(model, tmp_path):
    """Where the rows are decides, not what the table calls the place."""
    blocks = run.open_model(model).observation.info["blocks"]
    made = [row | {"block": "elsewhere"} for row in made_sites.rows(3, first=UNSEEN - 2, seed=3)]
    kept, counts = run.select(made_sites.read(made, tmp_path), "t.csv", "all", blocks, "seen")
    assert counts["excluded_blocks"] == 24
    assert kept.n == 12


def test_rows_of_a_trigger(tmp_path):
    """The third landslide of a block is of an earthquake; it goes with its same-site row."""
    sites = made_sites.read(made_sites.rows(5, first=UNSEEN - 2), tmp_path)
    blocks = [block_of(-40 + 5 * (UNSEEN - 2) + 1.0, -119.0).item()]
    kept, counts = run.select(sites, "t.csv", "rain", blocks, "seen")
    assert "earthquake" not in kept.trigger
    wanted = {"used": 4 * 10, "excluded_blocks": 10, "excluded_trigger": 10}
    assert counts == wanted | {"landslides": 12, "same_site": 12, "random": 16}


def test_nothing_is_left(tmp_path):
    sites = made_sites.read(rows(), tmp_path)
    blocks = np.unique(block_of(sites.lat, sites.lon)).tolist()
    with pytest.raises(UserError, match="t.csv: all 24 rows lie in blocks seen before"):
        run.select(sites, "t.csv", "all", blocks, "seen before")
    quakes = sites.select((sites.trigger == "earthquake") | (sites.kind == "random"))
    with pytest.raises(UserError, match="t.csv: column landslide: only 0 in 8 rows"):
        run.select(quakes, "t.csv", "rain", [], "seen")
    with pytest.raises(UserError, match="t.csv: column landslide: no row"):
        run.select(quakes.select(quakes.kind != "random"), "t.csv", "rain", [], "seen")
    with pytest.raises(UserError, match="trigger: snow: unknown; choose rain or all"):
        run.select(sites, "t.csv", "snow", [], "seen")


def test_a_trigger_is_selected_in_an_evaluation(scored):
    notes, found = scored(rows(), "rain")
    assert notes["rows"]["used"] == 20
    assert notes["rows"]["excluded_trigger"] == 4
    assert found["same_site"][0].n == 12
    assert found["random"][0].n == 14
    assert all("earthquake" not in sites.trigger for sites, _, _ in found.values())


# Scores.


def test_a_row_more_does_not_change_the_others(scored):
    """Not by rounding of sums over more rows, either; nor does the order of rows."""
    few = rows(blocks=2)
    more = few + made_sites.rows(1, 2, 2, seed=9, first=UNSEEN + 7)
    rng = np.random.default_rng(0)
    more = [more[0], *(more[1 + i] for i in rng.permutation(len(more) - 1))]
    _, one = scored(few)
    _, other = scored(more)
    for design in one:
        sites, scores, _ = one[design]
        at = [other[design][0].id.tolist().index(name) for name in sites.id]
        assert scores.keys() == other[design][1].keys()
        for name in scores:
            np.testing.assert_allclose(other[design][1][name][at], scores[name], rtol=1e-6, atol=1e-5, err_msg=name)


def test_labels_move_chances_by_their_share_alone(scored, model):
    """Four landslides less, all else equal: every score has the same bits, and odds fall as those of the share."""
    before = no_pairs()
    slid = [i for i, row in enumerate(before) if row["landslide"] == "1"][:4]
    after = [
        row | {"landslide": "0", "kind": "random", "pair": "", "trigger": "", "accuracy_km": "", "date": ""}
        if i in slid
        else row
        for i, row in enumerate(before)
    ]
    found = [scored(made)[1] for made in (before, after)]
    assert [list(f) for f in found] == [["random"], ["random"]]
    (sites, scores, chance), (other_sites, other_scores, other_chance) = (f["random"] for f in found)
    assert sites.id.tolist() == other_sites.id.tolist()
    assert (sites.landslide.sum(), other_sites.landslide.sum()) == (12, 8)
    assert_same_scores(scores, other_scores)
    sure = chance > 1.0 - 1e-6  # nothing is left of their odds
    odds, other_odds = (c[~sure] / (1.0 - c[~sure]) for c in (chance, other_chance))
    assert sure.sum() < 12
    np.testing.assert_allclose(other_odds / odds, (8 / 16) / (12 / 12), rtol=1e-6)
    observation = run.open_model(model).observation
    logits = scores[report.MODEL][:, None]
    np.testing.assert_allclose(chance, observation.probabilities("random", logits, 0.5)[0], rtol=1e-9)


def test_labels_turned_round(scored):
    """Every landslide a random row and every random row a landslide: all bits stay, the chances too."""
    before = no_pairs()
    for_landslide = {"landslide": "1", "kind": "landslide", "trigger": "rain", "accuracy_km": "1", "date": "2016-09-01"}
    for_random = {"landslide": "0", "kind": "random", "trigger": "", "accuracy_km": "", "date": ""}
    after = [row | {"pair": ""} | (for_random if row["landslide"] == "1" else for_landslide) for row in before]
    (sites, scores, chance), (turned, other_scores, other_chance) = (
        scored(made)[1]["random"] for made in (before, after)
    )
    np.testing.assert_array_equal(turned.landslide, ~sites.landslide)
    assert_same_scores(scores, other_scores)
    np.testing.assert_array_equal(chance, other_chance)


def test_what_is_no_driver_has_no_influence(scored):
    """Date, place within unseen blocks, trigger, accuracy, names: the same bits of every score."""
    before = rows()
    after = []
    for row in before:
        other = dict(row) | {"lat": f"{float(row['lat']) + 20.0:.3f}", "lon": f"{float(row['lon']) + 200.0:.3f}"}
        other["id"] = f"x{row['id']}"
        other["pair"] = row["pair"] and f"x{row['pair']}"
        if row["pair"]:
            other |= {"trigger": "snowmelt", "accuracy_km": "250", "date": "2001-02-03"}
        after.append(other)
    (_, one), (_, two) = scored(before), scored(after)
    for design in one:
        assert_same_scores(one[design][1], two[design][1])
        np.testing.assert_array_equal(one[design][2], two[design][2])


def test_scores_of_a_comparison(scored):
    """By name: the model, comparators without a fit, ablations without a fit; reporting is of random rows alone."""
    notes, found = scored(rows())
    unfitted = {
        "field",
        "physics_only",
        "network_alone",
        "network_alone_without_macropores",
        "network_alone_without_roots",
    }
    assert found["same_site"][1].keys() == {"model", "ari7"} | unfitted
    assert found["random"][1].keys() == {"model", "ari7", "without_reporting"} | unfitted
    assert notes["comparators"].keys() == {"ari7", "without_reporting"} | unfitted
    assert unfitted | {"without_reporting"} < ablations.DESCRIPTIONS.keys()
    for sites, scores, chance in found.values():
        assert all(len(score) == sites.n and np.isfinite(score).all() for score in scores.values())
        assert ((chance >= 0.0) & (chance <= 1.0)).all()
    random = found["random"][1]
    assert not np.allclose(random["model"], random["without_reporting"])
    assert (random["network_alone_without_roots"] >= random["network_alone"] - 1e-9).all()
    assert (random["network_alone_without_macropores"] <= random["network_alone"] + 1e-9).all()


def test_a_table_without_slopes(scored):
    """Missing slopes are those of the training."""
    _, found = scored([row | {"slope": ""} for row in rows(blocks=1)])
    assert all(np.isfinite(scores[report.MODEL]).all() for _, scores, _ in found.values())


@pytest.mark.parametrize("design", ["same_site", "random"])
def test_fitted_ablations(design, model):
    """Observation models fitted without the failing share do not see it; the others do. The same twice."""
    opened = run.open_model(model)
    table = made_sites.columns()
    half = np.isin(table.sites.block, np.unique(table.sites.block)[::2])
    of = run.designs.rows_of_design(design, table.sites)
    train, part = (table.rows(np.flatnonzero(of & rows)) for rows in (half, ~half))
    settings = dataclasses.replace(opened.settings, epochs=3)

    def fitted(rows):
        done = []
        args = (opened.network, opened.observation.sizes, settings, train, rows, design, 1, done.append)
        found = ablations.fitted(*args)
        assert done == [1, 1, 1, 1]
        return found

    found = fitted(part)
    fits = {"without_physics", "without_macropores", "without_roots", "boosting_on_elm"}
    assert found.keys() == fits < ablations.DESCRIPTIONS.keys()
    assert_same_scores(found, fitted(part))
    dry = dataclasses.replace(part, x={design: part.x[design].clone()})
    dry.x[design][..., 0:10] *= 0.5  # liquid_water
    other = fitted(dry)
    np.testing.assert_array_equal(other["without_physics"], found["without_physics"])
    assert all(np.abs(other[name] - found[name]).max() > 1e-3 for name in ("without_macropores", "without_roots"))

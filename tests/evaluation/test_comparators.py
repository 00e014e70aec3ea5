"""Comparators: numbers by hand, what they learn and do not learn, missing values."""

import dataclasses
import sys

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from elm_landslide.errors import UserError
from elm_landslide.evaluation import comparators


def against(sites, kind):
    return sites.select(np.isin(sites.kind, ("landslide", kind)))


def halves(sites):
    """Two halves by block."""
    first = np.isin(sites.block, np.unique(sites.block)[::2])
    return sites.select(first), sites.select(~first)


def with_weather(sites, rain, temperature=10.0):
    """As many sites as rows of rain [n, day]."""
    weather = np.zeros((len(rain), 5, np.shape(rain)[1]))
    weather[:, 0], weather[:, 1] = rain, temperature
    return dataclasses.replace(sites.select(np.arange(len(rain))), weather=weather)


def test_antecedent_index_by_hand():
    """49 mm k days before gives 49 / k^2 over 1 + 1/4 + ... + 1/49 = 1.511797; the eighth day is out."""
    rain = np.zeros((9, 16))
    for day in range(8):
        rain[day, 15 - day] = 49.0
    rain[8] = 3.0
    total = 1.0 + 1 / 4 + 1 / 9 + 1 / 16 + 1 / 25 + 1 / 36 + 1 / 49
    found = comparators.antecedent_index(rain)
    assert total == pytest.approx(1.511797, abs=1e-6)
    assert found == pytest.approx([*(49.0 / k**2 / total for k in range(1, 8)), 0.0, 3.0])


def test_rain_index_is_a_score_of_rain(make_sites):
    sites = with_weather(make_sites(2, 0), [[0.0] * 15 + [10.0], [10.0] + [0.0] * 15])
    assert comparators.AntecedentRain().score(sites) == pytest.approx([10.0 / 1.511797, 0.0], abs=1e-5)


def test_inputs_of_the_regression(make_sites):
    """1 mm a day: so many days, so many mm; no sum is there twice for as few days as seven."""
    for days, sums in ((16, [1, 2, 3, 5, 7, 10, 16]), (10, [1, 2, 3, 5, 7, 10]), (7, [1, 2, 3, 5, 7])):
        found = comparators.LogisticRain._inputs(with_weather(make_sites(2, 0), np.ones((1, days))))
        np.testing.assert_allclose(found, np.log1p([[*sums, 1.0]]))


@pytest.mark.parametrize("made", [comparators.LogisticRain, comparators.GradientBoosting])
@pytest.mark.parametrize("kind", ["same_site", "random"])
def test_what_is_learnt_holds_elsewhere(made, kind, make_sites):
    """Far better than chance in other blocks; with labels shuffled nothing is, within four standard errors."""
    sites = against(make_sites(500, 500), kind)
    train, test = halves(sites)
    comparator = made()
    comparator.fit(train)
    found = comparator.score(test)
    assert roc_auc_score(test.landslide, found) > 0.8
    assert ((found >= 0.0) & (found <= 1.0)).all()
    shuffled = dataclasses.replace(sites, landslide=np.random.default_rng(3).permutation(sites.landslide))
    train, test = halves(shuffled)
    comparator.fit(train)
    n, m = test.landslide.sum(), (~test.landslide).sum()
    error = np.sqrt((n + m + 1) / (12.0 * n * m))
    assert abs(roc_auc_score(test.landslide, comparator.score(test)) - 0.5) < 4.0 * error


def test_boosting_does_the_same_twice(make_sites):
    train, test = halves(against(make_sites(), "random"))
    scores = []
    for _ in range(2):
        comparator = comparators.GradientBoosting()
        comparator.fit(train)
        scores.append(comparator.score(test))
    np.testing.assert_array_equal(*scores)


def test_missing_slope_and_weather(make_sites):
    """Scores are finite where slope, humidity, wind and pressure are missing in a row, and everywhere."""
    some = make_sites()
    none = dataclasses.replace(some, slope=np.full(some.n, np.nan), weather=some.weather.copy())
    none.weather[:, 2:] = np.nan
    for sites in (some, none):
        for comparator in comparators.all_comparators()[0]:
            comparator.fit(against(sites, "random"))
            assert np.isfinite(comparator.score(sites)).all(), comparator.name
            assert comparator.score(sites).shape == (sites.n,)


def test_lhasa_11_by_hand(make_sites):
    """High, moderate and low by slope where it is wet, low where it is dry; a missing slope is class 3."""
    sites = with_weather(
        make_sites(8, 0), np.repeat([[60.0], [60.0], [60.0], [60.0], [60.0], [60.0], [0.1]], 16, axis=1)
    )
    sites = dataclasses.replace(sites, slope=np.array([1.9, 4.9, 5.0, 19.9, 20.0, np.nan, 30.0]))
    comparator = comparators.Lhasa11()
    comparator.threshold = 10.0
    assert list(comparator.score(sites)) == [0.0, 0.0, 1.0, 1.0, 2.0, 1.0, 0.0]


def test_lhasa_11_percentile(make_sites):
    """Of the random rows; where there is none of all without a landslide; landslides never count."""
    sites = make_sites()
    index = comparators.antecedent_index(sites.weather[:, 0])
    for rows, of in ((np.full(sites.n, True), "random"), (sites.kind != "random", "same_site")):
        comparator = comparators.Lhasa11()
        comparator.fit(sites.select(rows))
        assert comparator.threshold == np.quantile(index[sites.kind == of], 0.95)
    with pytest.raises(UserError, match="no row without a landslide"):
        comparators.Lhasa11().fit(sites.select(sites.landslide))


def test_bucket_by_hand():
    """Half of 200 mm at first; 10 degrees take 2 mm a day times the wetness; frost takes nothing; it spills at 1."""
    rain = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 0.0], [500.0, 0.0]])
    temperature = np.array([[10.0, 10.0], [10.0, 10.0], [-5.0, -9.0], [10.0, 10.0]])
    loss = np.exp(-0.01)
    wanted = [0.5 * loss**2, (0.5 * loss + 0.1) * loss, 0.5, loss]
    assert comparators.bucket(rain, temperature) == pytest.approx(wanted)
    assert list(comparators.bucket(rain[:, :0], temperature[:, :0])) == [0.5] * 4


@pytest.fixture
def weights(tmp_path):
    """A model of LHASA 2.1's inputs that knows rain over its percentile and slope."""
    xgboost = pytest.importorskip("xgboost")
    rng = np.random.default_rng(0)
    inputs = rng.random((800, 6)) * [5, 40, 0.4, 1, 100, 3]
    labels = inputs[:, 5] + inputs[:, 1] / 20.0 > 2.5
    matrix = xgboost.DMatrix(inputs, labels, feature_names=list(comparators.Lhasa21.INPUTS))
    path = tmp_path / "weights.json"
    xgboost.train({"objective": "binary:logistic", "max_depth": 4, "nthread": 1}, matrix, 20).save_model(path)
    return path


def test_lhasa_21_inputs_by_hand(weights, make_sites):
    """Rain of the day over 40 mm; the two days before in mm; wetness of the days before those."""
    rain = np.zeros((2, 16))
    rain[0, -4:] = 20.0, 5.0, 7.0, 80.0
    sites = dataclasses.replace(with_weather(make_sites(2, 0), rain, -1.0), slope=np.array([12.0, np.nan]))
    wanted = [[3.0, 12.0, 0.2, 0.6, 12.0, 2.0], [3.0, np.nan, 0.2, 0.5, 0.0, 0.0]]
    comparator = comparators.Lhasa21(weights)
    np.testing.assert_allclose(comparator.inputs(sites), wanted)
    high, low = comparator.score(sites)
    assert high > 0.8
    assert low < 0.2


def test_lhasa_21_is_used_where_it_can_be(weights, monkeypatch):
    names = ["ari7", "logistic_rain", "gradient_boosting", "lhasa_1_1"]
    found, left_out = comparators.all_comparators(weights)
    assert [b.name for b in found] == [*names, "lhasa_2_1"]
    assert left_out == {}
    assert [b.fitted for b in found] == [False, True, True, True, False]
    assert all(b.description and "\n" not in b.description for b in found)
    found, left_out = comparators.all_comparators()
    assert [b.name for b in found] == names
    assert left_out == {"lhasa_2_1": "no file of its weights was given"}
    monkeypatch.setitem(sys.modules, "xgboost", None)
    found, left_out = comparators.all_comparators(weights)
    assert [b.name for b in found] == names
    assert "xgboost is not installed" in left_out["lhasa_2_1"]


def test_lhasa_21_refuses_other_files(tmp_path, weights):
    import xgboost

    with pytest.raises(UserError, match="No such file"):
        comparators.Lhasa21(tmp_path / "none.json")
    for name, content in (("a.json", b"{}"), ("b.json", b""), ("c.json", b"no model"), ("d.json", b"\xff\x00\x01")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=f"{name}: not a model of XGBoost"):
            comparators.Lhasa21(tmp_path / name)
    matrix = xgboost.DMatrix(np.random.default_rng(0).random((50, 2)), np.arange(50) % 2, feature_names=["a", "b"])
    xgboost.train({"nthread": 1}, matrix, 2).save_model(tmp_path / "other.json")
    with pytest.raises(UserError, match="not LHASA 2.1"):
        comparators.Lhasa21(tmp_path / "other.json")

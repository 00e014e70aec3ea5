"""Measures against scikit-learn, cases by hand and theory; intervals against repeats."""

import math
import time

import numpy as np
import pytest
from scipy.stats import norm, spearmanr
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from elm_landslide.observation import metrics


def ones(n):
    return np.ones((1, n))


def scored(n=600, seed=0, levels=None):
    """Labels, scores (in so many levels) and blocks."""
    rng = np.random.default_rng(seed)
    landslide = rng.random(n) < 0.3
    scores = rng.normal(landslide * 1.0, 1.0)
    if levels:
        scores = np.round(scores * levels) / levels
    return landslide, scores, rng.integers(0, 40, n).astype(str)


@pytest.mark.parametrize("levels", [None, 10, 1])
def test_weights_are_rows_repeated(levels):
    """With ties too: scikit-learn on the rows each draw holds."""
    landslide, scores, blocks = scored(levels=levels)
    draws = metrics.resample(blocks, draws=120, seed=5)
    found = metrics.discrimination(landslide, scores, draws)
    for i in range(len(draws.counts)):
        rows = np.repeat(np.arange(len(scores)), draws.counts[i, draws.block].astype(int))
        assert found["auc"][i] == pytest.approx(roc_auc_score(landslide[rows], scores[rows]), abs=1e-12)
        assert found["pr_auc"][i] == pytest.approx(average_precision_score(landslide[rows], scores[rows]), abs=1e-12)


def test_hit_rates_by_hand():
    """Of ten others, an alarm is a tenth: two of five landslides lie above the first, one more above the second."""
    scores = np.array([20, 19, 18.0, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6.0])
    landslide = np.isin(scores, [20, 19, 17, 15, 14])
    found = metrics.weighted_discrimination(landslide, scores, ones(15))
    assert found["0.10"] == pytest.approx([3 / 5])  # where the curve rises upright, its upper end
    assert found["0.05"] == pytest.approx([2 / 5])
    assert found["0.01"] == pytest.approx([2 / 5])


def test_hit_rates_of_ties_lie_on_the_line():
    """A score of two levels alarms in part: 8 of 10 landslides and 4 of 20 others are in the upper."""
    landslide = np.repeat([True, False], [10, 20])
    scores = np.concatenate([np.repeat([1.0, 0.0], [8, 2]), np.repeat([1.0, 0.0], [4, 16])])
    found = metrics.weighted_discrimination(landslide, scores, ones(30))
    for rate in (0.01, 0.05, 0.10):
        assert found[f"{rate:.2f}"] == pytest.approx([0.8 * rate / 0.2])


def test_hit_rates_follow_the_curve_of_scikit_learn():
    landslide, scores, _ = scored(3000, seed=3)
    false, hits, _ = roc_curve(landslide, scores, drop_intermediate=False)
    found = metrics.weighted_discrimination(landslide, scores, ones(3000))
    for rate in metrics.FALSE_ALARM_RATES:
        upper = hits[false <= rate + 1e-12].max()
        assert upper - 1e-12 <= found[f"{rate:.2f}"][0] <= hits[false > rate].min() + 1e-12


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.5])
def test_auc_of_shifted_normals(shift):
    """Phi(d / sqrt 2), within four standard errors (Hanley and McNeil 1982)."""
    rng = np.random.default_rng(11)
    n = 20000
    landslide = np.arange(2 * n) < n
    scores = rng.normal(shift * landslide, 1.0)
    a = norm.cdf(shift / math.sqrt(2.0))
    variance = (a * (1 - a) + (n - 1) * (a / (2 - a) - a * a + 2 * a * a / (1 + a) - a * a)) / n**2
    found = metrics.weighted_discrimination(landslide, scores, ones(2 * n))["auc"][0]
    assert abs(found - a) < 4.0 * math.sqrt(variance)


def test_order_alone_counts():
    landslide, scores, blocks = scored()
    draws = metrics.resample(blocks, 20)
    one, other = (metrics.discrimination(landslide, s, draws) for s in (scores, np.exp(3.0 * scores)))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
    np.testing.assert_allclose(metrics.discrimination(landslide, -scores, draws)["auc"], 1.0 - one["auc"], atol=1e-12)


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="1 of 3 scores are not finite"):
        metrics.weighted_discrimination(np.array([True, False, True]), np.array([1.0, np.nan, 2.0]), ones(3))


def test_draws_without_a_landslide_are_passed_over():
    """The one landslide's block is missing from a third of the draws."""
    landslide, scores = np.array([True, False, False]), np.array([3.0, 2.0, 1.0])
    draws = metrics.resample(np.array(["a", "b", "c"]), 300)
    auc = metrics.discrimination(landslide, scores, draws)["auc"]
    without = np.isnan(auc[1:]).mean()
    assert 0.2 < without < 0.45
    assert metrics.interval(auc) == [1.0, 1.0]
    assert np.isnan(metrics.interval(np.array([0.5, np.nan]))).all()


def test_blocks_are_drawn_whole():
    blocks = np.array(["x", "y", "y", "z"])
    draws = metrics.resample(blocks, 200, seed=1)
    assert (draws.counts[0] == 1.0).all()
    assert (draws.counts.sum(axis=1) == 3.0).all()
    sizes = draws.sums(np.ones(4))
    np.testing.assert_array_equal(sizes, draws.counts @ [1.0, 2.0, 1.0])
    assert len(np.unique(draws.counts[1:], axis=0)) > 5
    np.testing.assert_array_equal(draws.counts, metrics.resample(blocks, 200, seed=1).counts)
    assert (draws.counts != metrics.resample(blocks, 200, seed=2).counts).any()


def test_draws_of_some_rows_are_those_of_the_table():
    rng = np.random.default_rng(0)
    draws, values, mask = metrics.resample(rng.integers(0, 9, 70), 30), rng.random(70), rng.random(70) < 0.3
    np.testing.assert_allclose(draws.rows(mask).sums(values[mask]), draws.sums(values * mask))


def simulate(rng, n_blocks=60, per_block=8, between=0.8):
    """Blocks that share a part of their score; the AUC of many blocks is Phi(1 / sqrt(2 (1 + between^2)))."""
    block = np.repeat(np.arange(n_blocks), per_block)
    landslide = rng.random(len(block)) < rng.uniform(0.1, 0.9, n_blocks)[block]
    scores = landslide + rng.normal(0.0, between, n_blocks)[block] + rng.normal(0.0, 1.0, len(block))
    return landslide, scores, block


def test_intervals_cover_in_95_of_100():
    """Over repeats, intervals over blocks hold the true AUC at their rate; those over rows do so less often."""
    rng = np.random.default_rng(2)
    truth = norm.cdf(1.0 / math.sqrt(2.0 * (1.0 + 0.8**2)))
    n, by_block, by_row = 250, 0, 0
    for repeat in range(n):
        landslide, scores, block = simulate(rng)
        for_rows = metrics.resample(np.arange(len(block)), 150, seed=repeat)
        for_blocks = metrics.resample(block, 150, seed=repeat)
        low, high = metrics.interval(metrics.discrimination(landslide, scores, for_blocks)["auc"])
        by_block += low <= truth <= high
        low, high = metrics.interval(metrics.discrimination(landslide, scores, for_rows)["auc"])
        by_row += low <= truth <= high
    assert 0.90 <= by_block / n <= 0.985
    assert by_row / n < by_block / n - 0.05


def test_difference_of_one_score_with_itself_is_none():
    """Of the same draws: the interval of a difference of equals is a point, and narrow for scores almost the same."""
    landslide, scores, blocks = scored(1500)
    draws = metrics.resample(blocks, 200)
    near = scores + np.random.default_rng(1).normal(0.0, 0.05, 1500)
    one, same, other = (metrics.discrimination(landslide, s, draws)["auc"] for s in (scores, 2.0 * scores, near))
    assert metrics.interval(one - same) == [0.0, 0.0]
    assert np.ptp(metrics.interval(one - other)) < 0.3 * np.ptp(metrics.interval(one))


def test_brier_and_skill():
    landslide, scores, blocks = scored()
    probability = norm.cdf(scores - 1.0)
    draws = metrics.resample(blocks, 50)
    found = metrics.calibration(landslide, probability, draws)
    for i in range(51):
        rows = np.repeat(np.arange(600), draws.counts[i, draws.block].astype(int))
        brier, share = brier_score_loss(landslide[rows], probability[rows]), landslide[rows].mean()
        assert found["brier"][i] == pytest.approx(brier, abs=1e-12)
        assert found["brier_skill"][i] == pytest.approx(1.0 - brier / (share * (1.0 - share)), abs=1e-12)
    perfect = metrics.calibration(landslide, landslide.astype(float), draws)
    assert (perfect["brier"] == 0.0).all()
    assert (perfect["brier_skill"] == 1.0).all()
    prevalence = metrics.calibration(landslide, np.full(600, landslide.mean()), draws)
    assert prevalence["brier_skill"][0] == pytest.approx(0.0, abs=1e-12)
    assert (prevalence["brier_skill"][1:] < 0).any()


def test_ece_by_hand():
    """Two bins of a probability of two values: |1/4 - .1| of 4 rows and |2/4 - .6| of 4."""
    probability = np.repeat([0.1, 0.6], 4)
    landslide = np.array([1, 0, 0, 0, 1, 1, 0, 0], dtype=bool)
    draws = metrics.resample(np.arange(8), 10)
    assert metrics.calibration(landslide, probability, draws)["ece"][0] == pytest.approx(0.5 * 0.15 + 0.5 * 0.1)
    table = metrics.reliability(landslide, probability, draws)
    rows = [(row["predicted"], row["observed"], row["n"]) for row in table]
    assert rows == [pytest.approx((0.1, 0.25, 4)), pytest.approx((0.6, 0.5, 4))]
    assert all(row["observed_interval"][0] <= row["observed"] <= row["observed_interval"][1] for row in table)


def test_ece_of_calibrated_and_shifted_probabilities():
    """Calibrated: what noise makes of it, sum of sqrt(2 / pi) times the standard error of each bin. Shifted: more."""
    rng = np.random.default_rng(4)
    n = 40000
    probability = rng.uniform(0.15, 0.85, n)
    landslide = rng.random(n) < probability
    draws = metrics.resample(np.arange(50)[rng.integers(0, 50, n)], 2)
    noise = math.sqrt(2.0 / math.pi) * math.sqrt((probability * (1 - probability)).mean() / (n / 10))
    found = metrics.calibration(landslide, probability, draws)["ece"][0]
    assert 0.3 * noise < found < 2.0 * noise
    for shift in (-0.1, 0.1):
        found = metrics.calibration(landslide, probability + shift, draws)["ece"][0]
        assert found == pytest.approx(abs(shift), abs=4.0 * 0.5 / math.sqrt(n))


def test_bins_have_equal_counts_and_keep_ties_together():
    values = np.random.default_rng(0).permutation(1003) / 1003.0
    counts = np.bincount(metrics.bins(values))
    assert len(counts) == 10
    assert counts.max() - counts.min() <= 1
    assert (np.diff(metrics.bins(np.sort(values))) >= 0).all()
    tied = np.repeat([0.0, 0.2, 0.9], [70, 25, 5])
    np.testing.assert_array_equal(metrics.bins(tied), np.repeat([0, 1, 2], [70, 25, 5]))
    assert set(metrics.bins(np.full(30, 0.4))) == {0}


def test_spread_that_grows_with_error():
    """Members differ most where the mean is wrong; the rank correlation is SciPy's, fifths by hand."""
    rng = np.random.default_rng(6)
    n = 500
    landslide = rng.random(n) < 0.5
    width = rng.uniform(0.01, 0.2, n)
    mean = np.where(landslide, 1.0 - 2.0 * width, 2.0 * width)
    members = mean[:, None] + width[:, None] * np.array([-1.0, 0.0, 1.0])
    found = metrics.spread(landslide, members)
    assert found["spearman"] == pytest.approx(1.0)
    assert [row["n"] for row in found["fifths"]] == [100] * 5
    assert [row["error"] for row in found["fifths"]] == pytest.approx(2 * np.sort(width).reshape(5, 100).mean(axis=1))
    members = rng.uniform(0.0, 1.0, (n, 4))
    known = spearmanr(members.std(axis=1), np.abs(landslide - members.mean(axis=1))).statistic
    assert metrics.spread(landslide, members)["spearman"] == pytest.approx(known)


def test_spread_without_members():
    landslide = np.array([True, False, True])
    assert metrics.spread(landslide, np.full((3, 1), 0.5)) is None
    same = metrics.spread(landslide, np.repeat([[0.1], [0.7], [0.3]], 3, axis=1))
    assert math.isnan(same["spearman"])
    assert [row["n"] for row in same["fifths"]] == [3]


def test_fast_enough_for_the_catalogue():
    """1000 draws of 8000 rows; ten scores must stay well under a minute."""
    landslide, scores, _ = scored(8000)
    draws = metrics.resample(np.arange(8000) // 20, 1000)
    start = time.process_time()
    metrics.discrimination(landslide, scores, draws)
    assert time.process_time() - start < 5.0

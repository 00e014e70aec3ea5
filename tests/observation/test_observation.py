"""The observation model: its formula, what moves a score and what does not, calibration, other shares of landslides."""

import dataclasses

import numpy as np
import pytest
import torch

from elm_landslide.errors import UserError
from elm_landslide.observation.model import (
    DESIGNS,
    Head,
    Inputs,
    Observation,
    fit_calibration,
    reporting_features,
    shifted,
    slope_features,
    weather_features,
)
from elm_landslide.sites.cells import WEATHER
from support import made_sites

BAG = 3


def softplus(v):
    return np.log1p(np.exp(v))


def log_rate(logit):
    """ln of the rate of reports of a logit of P = 1 - exp(-rate)."""
    return np.log(softplus(np.asarray(logit, dtype=float)))


def random_(module, seed=0, scale=0.4):
    """The module with every weight drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return module.eval()


def drawn_inputs(n=200, weather=6, reporting=4, seed=1):
    rng = np.random.default_rng(seed)
    parts = (rng.normal(size=(n, k)).astype(np.float32) for k in (BAG, weather, reporting))
    return Inputs(*map(torch.from_numpy, parts))


def head(**changes):
    return random_(Head(6, 4, 5, 0.5, 0.5), **changes)


@pytest.fixture(scope="module")
def table():
    return made_sites.table()


@pytest.fixture(scope="module")
def z(table):
    return np.random.default_rng(5).normal(-7.0, 2.0, (table.n, BAG))


@pytest.fixture
def observation(table, z):
    """Random heads, scaled to the table; both designs see all of its rows."""
    sizes = {"weather": weather_features(table, table.n_days).shape[1], "reporting": 17, "width": 5, "members": 2}
    sizes |= {"input_dropout": 0.5, "dropout": 0.5}
    info = {
        "days": table.n_days,
        "prevalence": {"same_site": 0.5, "random": 0.4},
        "calibration": {"same_site": [1.5, 0.5, -0.2], "random": [0.7, 1.1, 0.3]},
    }
    made = random_(Observation(info, sizes), scale=0.2)
    for design in DESIGNS:
        made.fit_scaling(design, made.raw(design, table, z))
    return made


# A head.


@pytest.mark.parametrize("reporting", [True, False])
def test_the_formula_by_hand(reporting):
    """P = 1 - exp(-sum_d w_d exp(a z_d) exp(level + g + r)), with g two layers and r one."""
    made, inputs = head(), drawn_inputs()
    weights = {name: value.detach().double().numpy() for name, value in made.named_parameters()}
    z, weather, kind = (v.double().numpy() for v in (inputs.z, inputs.weather, inputs.reporting))
    w = np.exp(weights["late"]) / np.exp(weights["late"]).sum()
    a = softplus(weights["sensitivity"])
    hidden = weather @ weights["weather.1.weight"].T + weights["weather.1.bias"]
    hidden = hidden / (1.0 + np.exp(-hidden))  # SiLU
    g = (hidden @ weights["weather.4.weight"].T + weights["weather.4.bias"])[:, 0]
    r = (kind @ weights["reporting.weight"].T + weights["reporting.bias"])[:, 0] if reporting else 0.0
    rate = (w * np.exp(a * z)).sum(1) * np.exp(g + r + weights["level"])
    p = 1.0 - np.exp(-rate)
    found = made(inputs, reporting).detach().double().numpy()
    np.testing.assert_allclose(1.0 / (1.0 + np.exp(-found)), p, rtol=1e-5)
    assert p.min() < 0.2
    assert p.max() > 0.9


@pytest.mark.parametrize("sensitivity", [-8.0, 0.5, 3.0])
def test_a_score_never_falls_as_z_rises(sensitivity):
    """On any day, by little and by much, with any weights."""
    rng = np.random.default_rng(2)
    for seed in range(3):
        made, inputs = head(seed=seed, scale=1.0), drawn_inputs(seed=seed)
        made.sensitivity.data.fill_(sensitivity)
        before = made(inputs).detach()
        for day in range(BAG):
            for most in (0.1, 5.0):
                more = inputs.z.clone()
                more[:, day] += torch.from_numpy(rng.uniform(0.0, most, len(more)).astype(np.float32))
                after = made(Inputs(more, inputs.weather, inputs.reporting)).detach()
                assert (after - before).min() > -2e-5
            if sensitivity > 0.0:
                assert (after - before).max() > 0.1


def test_without_reporting_r_is_gone():
    made, inputs = head(), drawn_inputs()
    whole, part = (log_rate(made(inputs, reporting).detach()) for reporting in (True, False))
    r = made.reporting(inputs.reporting)[:, 0].detach().double().numpy()
    free = np.maximum(whole, part) < 3.9  # a rate is held below e^4
    assert free.sum() > 150
    assert np.abs(r[free]).max() > 0.5
    np.testing.assert_allclose((whole - part)[free], r[free], atol=1e-4)


def test_scores_are_finite_at_the_ends():
    """Rates are held between e^-15 and e^4."""
    inputs = drawn_inputs()
    for shift, wanted in ((1e4, 4.0), (-1e4, -15.0)):
        made = head()
        made.level.data.fill_(shift)
        found = made(inputs).detach()
        assert torch.isfinite(found).all()
        np.testing.assert_allclose(found, np.log(np.expm1(np.exp(wanted))), rtol=1e-4)


# Inputs.


def test_features_of_weather_by_hand(table):
    """5 mm on the last day alone; temperature 10 degrees, and 16 on the last day."""
    one = table.select([0])
    weather = np.full((1, 5, 12), np.nan)
    weather[0, 0], weather[0, 0, -1], weather[0, 1], weather[0, 1, -1] = 0.0, 5.0, 10.0, 16.0
    found = weather_features(dataclasses.replace(one, weather=weather), 12)[0]
    windows = (1, 2, 3, 5, 7, 10, 12)
    rain = [*np.zeros(11), np.log1p(5.0)]
    rain += [value for k in windows for value in (np.log1p(5.0 / k), np.log1p(5.0), np.log1p(5.0))]
    rain += [np.log1p(5.0)] * 4 + [np.log1p(5.0), 0.0]  # decays, index, days before
    mean = 10.5
    temperature = [*np.full(11, 10.0), 16.0, mean, 16.0, 12.0, 10.0 + 6.0 / 7.0, 16.0 - mean, 12.0 - mean]
    n = len(rain) + len(temperature)
    np.testing.assert_allclose(found[:n], rain + temperature)
    assert np.isnan(found[n:]).all()
    assert len(found) == n + 3 * len(temperature)


def test_rain_of_the_day_before_by_hand(table):
    """8 mm the day before the last: the index of the week divides it by the square of its age in days, 2."""
    weather = np.full((1, 5, 12), np.nan)
    weather[0, 0], weather[0, 0, -2], weather[0, 1] = 0.0, 8.0, 10.0
    found = weather_features(dataclasses.replace(table.select([0]), weather=weather), 12)[0]
    np.testing.assert_allclose(found[33:37], [np.log1p(8.0 * np.exp(-1.0 / tau)) for tau in (1.0, 3.0, 7.0, 20.0)])
    assert found[37] == pytest.approx(np.log1p(8.0 / 4.0))
    assert found[38] == 0.0


def test_a_gap_is_a_gap_of_its_variable_alone(table):
    one = table.select([1])
    weather = one.weather.copy()
    whole = weather_features(dataclasses.replace(one, weather=weather), 12)[0]
    weather[0, WEATHER.index("wind"), 3] = np.nan
    gap = weather_features(dataclasses.replace(one, weather=weather), 12)[0]
    of_wind = slice(39 + 2 * 18, 39 + 3 * 18)  # rain has 39 features, the others 18
    assert np.isfinite(whole).all()
    assert len(whole) == 39 + 4 * 18
    assert np.isnan(gap).sum() == np.isnan(gap[of_wind]).sum() == 4  # its day, the mean, two departures from the mean
    np.testing.assert_array_equal(gap[~np.isnan(gap)], whole[~np.isnan(gap)])


def test_features_of_slope_and_reporting(table):
    rows = dataclasses.replace(
        table.select([0, 1]),
        slope=np.array([30.0, np.nan]),
        vegetated=np.array([1.0, np.nan]),
        lithology=np.array(["vb", ""]),
    )
    np.testing.assert_allclose(slope_features(rows), [[30.0, np.log(31.0)], [np.nan, np.nan]])
    found = reporting_features(rows)
    assert found[0].tolist() == [1.0, 0.0, 1.0, *np.zeros(14)]
    assert np.isnan(found[1, 0])
    assert (found[1, 1:] == 0.0).all()


def test_scaling_by_hand(observation, table, z):
    """Known values to mean 0 and spread 1, but all days of z with one mean and spread, and none beyond 4."""
    raw = observation.raw("random", table, z)
    inputs = observation.inputs("random", raw)
    known = np.isfinite(raw["weather"])
    column = int(np.argmin(known.all(0)))  # of a variable with gaps
    some = raw["weather"][known[:, column], column]
    wanted = (some - some.mean()) / some.std()
    got = inputs.weather[:, column].numpy()
    np.testing.assert_allclose(got[known[:, column]], np.clip(wanted, -4.0, 4.0), atol=1e-5)
    assert (~known[:, column]).sum() > 0
    assert (got[~known[:, column]] == 0.0).all()
    np.testing.assert_allclose(inputs.z, np.clip((z - z.mean()) / z.std(0).mean(), -4.0, 4.0), atol=1e-5)
    far = observation.inputs("random", observation.raw("random", table, z + 1e3))
    assert (far.z == 4.0).all()


def test_what_is_missing_is_as_the_mean(observation, table, z):
    """Of every weather that may be missing, of slope and of vegetation: the same logits, bit for bit."""
    gaps = dataclasses.replace(table, weather=table.weather.copy(), slope=table.slope.copy())
    gaps.weather[::2, 2:] = np.nan
    gaps.slope[::3] = np.nan
    gaps.vegetated = np.where(np.arange(table.n) % 5 == 0, np.nan, table.vegetated)
    for design in DESIGNS:
        raw = observation.raw(design, gaps, z)
        filled = {
            kind: np.where(np.isnan(v), getattr(observation, f"{design}_{kind}_mean").numpy(), v)
            for kind, v in raw.items()
        }
        a, b = observation.inputs(design, raw), observation.inputs(design, filled)
        assert np.isnan(raw["weather"]).any()
        for kind in ("z", "weather", "reporting"):
            assert torch.equal(getattr(a, kind), getattr(b, kind))
        assert np.isfinite(observation.logits(design, gaps, z)).all()


def test_what_a_design_does_not_see(observation, table, z):
    """Days of one site: neither slope nor reporting. Random rows: both, and reporting can be taken out."""
    other = dataclasses.replace(
        table, slope=table.slope + 7.0, lithology=np.full(table.n, "vb"), vegetated=1.0 - table.vegetated
    )
    same = [observation.logits("same_site", sites, z) for sites in (table, other)]
    np.testing.assert_array_equal(*same)
    np.testing.assert_array_equal(same[0], observation.logits("same_site", table, z, reporting=False))
    whole, changed = (observation.logits("random", sites, z) for sites in (table, other))
    assert np.abs(whole - changed).max() > 0.01
    land = dataclasses.replace(other, slope=table.slope)
    a, b = (observation.logits("random", sites, z, reporting=False) for sites in (table, land))
    np.testing.assert_array_equal(a, b)
    assert np.abs(whole - a).max() > 0.01


def test_what_is_no_driver_has_no_influence(observation, table, z):
    """Date, place, label, trigger and accuracy: the same bits."""
    other = dataclasses.replace(
        table,
        lat=-table.lat,
        lon=table.lon + 60.0,
        block=np.full(table.n, "N00E000"),
        landslide=~table.landslide,
        kind=table.kind[::-1],
        trigger=np.full(table.n, "flood"),
        accuracy=np.full(table.n, 1.0),
        date=np.full(table.n, np.datetime64("2001-01-01")),
    )
    for design in DESIGNS:
        a, b = (observation.logits(design, sites, z) for sites in (table, other))
        np.testing.assert_array_equal(a, b)


def test_older_days_than_those_of_the_training_do_not_count(observation, table, z):
    """A table with fewer days is refused."""
    older = np.concatenate([np.full((table.n, 5, 3), 77.0), table.weather], axis=2)
    more = dataclasses.replace(table, weather=older)
    fewer = dataclasses.replace(table, weather=table.weather[:, :, 1:])
    observation.check(table)
    observation.check(more)
    for design in DESIGNS:
        a, b = (observation.logits(design, sites, z) for sites in (table, more))
        np.testing.assert_array_equal(a, b)
    with pytest.raises(UserError, match="11 days of weather .*; the model needs 12"):
        observation.check(fewer)


def test_a_copy_in_bytes_gives_the_same_scores(observation, table, z):
    copy = Observation.from_bytes(observation.to_bytes())
    assert copy.info == observation.info
    assert copy.sizes == observation.sizes
    assert not copy.training
    assert not any(p.requires_grad for p in copy.parameters())
    for design in DESIGNS:
        a, b = (made.logits(design, table, z) for made in (observation, copy))
        np.testing.assert_array_equal(a, b)
        chances = (made.probabilities(design, a, 0.2) for made in (observation, copy))
        for one, other in zip(*chances, strict=True):
            np.testing.assert_array_equal(one, other)


def test_dropout_does_not_touch_a_score(observation, table, z):
    observation.train()
    a, b = (observation.logits("random", table, z) for _ in range(2))
    np.testing.assert_array_equal(a, b)


# Calibration and shares.


def beta(logit, a, b, c):
    """Calibrated logit: a ln p - b ln(1 - p) + c."""
    return -a * np.log1p(np.exp(-logit)) + b * np.log1p(np.exp(logit)) + c


@pytest.mark.parametrize("true", [(1.0, 1.0, 0.0), (2.0, 0.5, -0.7), (0.4, 1.5, 1.0)])
def test_calibration_finds_a_known_distortion(true):
    """Within four standard errors of its chances, simulated."""
    rng = np.random.default_rng(3)
    logit = rng.normal(0.0, 1.5, 40000)
    chance = 1.0 / (1.0 + np.exp(-beta(logit, *true)))
    found = fit_calibration(logit, rng.random(len(logit)) < chance)
    assert found == pytest.approx(true, abs=0.12)
    assert np.abs(1.0 / (1.0 + np.exp(-beta(logit, *found))) - chance).max() < 0.02


def test_calibration_never_turns_a_score_round():
    """Of scores that mislead, a and b are 0 and the chance is the share of landslides."""
    rng = np.random.default_rng(3)
    logit = rng.normal(0.0, 1.5, 5000)
    landslide = rng.random(5000) < 1.0 / (1.0 + np.exp(logit + 1.0))
    a, b, c = fit_calibration(logit, landslide)
    assert a == 0.0
    assert b == 0.0
    assert 1.0 / (1.0 + np.exp(-c)) == pytest.approx(landslide.mean(), abs=1e-3)
    for seed in range(5):
        a, b, _ = fit_calibration(logit, np.random.default_rng(seed).random(5000) < 0.3)
        assert a >= 0.0
        assert b >= 0.0


def test_another_share_of_landslides_by_bayes():
    """Odds go with the odds of the share: 3 to 1 at one half is 1 to 3 at one tenth."""
    assert shifted(np.log(3.0), 0.5, 0.1) == pytest.approx(0.25)
    logit = np.linspace(-6.0, 6.0, 25)
    np.testing.assert_allclose(shifted(logit, 0.3, 0.3), 1.0 / (1.0 + np.exp(-logit)))
    likelihood = np.exp(logit) / (0.3 / 0.7)  # P(row | landslide) / P(row | none)
    for share in (0.001, 0.5, 0.9):
        wanted = share * likelihood / (share * likelihood + 1.0 - share)
        np.testing.assert_allclose(shifted(logit, 0.3, share), wanted, rtol=1e-12)


def test_a_share_moved_on_drawn_rows():
    """Rows of landslides and others drawn at one share, chances wanted at another: calibrated there."""
    rng = np.random.default_rng(8)
    landslide = rng.random(200000) < 0.05
    score = rng.normal(landslide * 1.5, 1.0)
    logit = 1.5 * score - 0.5 * 1.5**2  # of equal shares
    chance = shifted(logit, 0.5, 0.05)
    for low, high in ((0.0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 1.0)):
        rows = (chance >= low) & (chance < high)
        error = np.sqrt(chance[rows].mean() / rows.sum())
        assert abs(landslide[rows].mean() - chance[rows].mean()) < 4.0 * error


def test_probabilities(observation):
    """Between 0 and 1, rising with logits, by hand at one logit; the mean of the members is calibrated, not their
    chances averaged; the share of the training is the default."""
    logits = np.linspace(-12.0, 12.0, 49)[:, None] + np.array([0.0, 0.5])
    for design in DESIGNS:
        chance, members = observation.probabilities(design, logits)
        assert chance.shape == (49,)
        assert members.shape == (49, 2)
        for values in (chance, members):
            assert ((values > 0.0) & (values < 1.0)).all()
            assert (np.diff(values, axis=0) > 0.0).all()
        np.testing.assert_array_equal(chance, observation.probabilities(design, logits.mean(1)[:, None])[1][:, 0])
        trained = observation.info["prevalence"][design]
        np.testing.assert_array_equal(chance, observation.probabilities(design, logits, trained)[0])
        assert (observation.probabilities(design, logits, 0.9)[0] > chance).all()
    one = observation.probabilities("random", np.array([[1.2, 0.8]]), 0.1)[0][0]
    odds = np.exp(beta(1.0, 0.7, 1.1, 0.3)) * (0.1 / 0.9) / (0.4 / 0.6)
    assert one == pytest.approx(odds / (1.0 + odds))

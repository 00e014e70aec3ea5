"""Stochastic weather keeps its sums and its statistics; tables of real weather are read whole, or refused."""

import math
from pathlib import Path

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.simulator import weather
from elm_landslide.simulator.weather import Climate, daily_sequences, days, hourly, storm

GLAS = Path(__file__).parents[3] / "shared" / "data" / "glas"
needs_glas = pytest.mark.skipif(not GLAS.is_dir(), reason="site tables with weather (../shared/data/glas) are not here")
CLIMATES = [Climate(), Climate(wet_after_dry=0.1, wet_after_wet=0.8, amount=20.0, temperature=3.0, range=2.0)]


def rng(seed=1):
    return np.random.default_rng(seed)


def test_days_keep_their_sums():
    daily, _ = days(rng(), Climate(), 2000)
    hours = hourly(rng(), daily)
    assert hours.shape == (48000,)
    assert (hours >= 0.0).all()
    np.testing.assert_allclose(hours.reshape(-1, 24).sum(1), daily, rtol=0, atol=1e-12)


def test_a_day_has_one_shower_that_grows_with_its_rain():
    """It starts once a day. Mean length: 2 h and .3 h per mm, rounded up, so between that and one hour more."""
    wet = hourly(rng(), np.full(4000, 10.0)).reshape(-1, 24) > 0.0
    assert ((wet[:, 1:] & ~wet[:, :-1]).sum(1) + wet[:, 0] == 1).all()
    assert 5.0 < wet.sum(1).mean() < 6.0
    assert wet.any(0).all()


def test_a_dry_day_stays_dry():
    assert (hourly(rng(), np.zeros(3)) == 0.0).all()
    assert len(hourly(rng(), np.zeros(0))) == 0


@pytest.mark.parametrize(("depth", "hours", "n"), [(90.0, 18.0, 18), (1e-3, 0.2, 1), (400.0, 2.5, 3), (0.0, 6.0, 6)])
@pytest.mark.parametrize("peak", [0.0, 0.3, 1.0])
def test_storms_keep_depth_and_duration(depth, hours, n, peak):
    rain = storm(rng(), depth, hours, peak)
    assert rain.shape == (n,)
    assert (rain >= 0.0).all()
    assert rain.sum() == pytest.approx(depth, rel=1e-12, abs=1e-300)
    assert (rain > 0.0).all() or depth == 0.0


def test_storms_have_their_peak_in_its_place():
    """Mean centre of mass of the beta curve with a = 1 + 2 peak of 4: a / 4."""
    middle = (np.arange(24) + 0.5) / 24
    for peak in (0.0, 0.25, 0.5, 1.0):
        centres = np.array([(storm(r, 1.0, 24.0, peak) * middle).sum() for r in [rng(5)] for _ in range(2000)])
        assert centres.mean() == pytest.approx((1.0 + 2.0 * peak) / 4.0, abs=0.01)


@pytest.mark.parametrize("climate", CLIMATES)
def test_wet_days_are_those_of_the_markov_chain(climate):
    """Share of wet days p / (1 + p - q), its variance by the autocorrelation q - p; within 4 standard errors."""
    n, p, q = 20000, climate.wet_after_dry, climate.wet_after_wet
    rain, _ = days(rng(2), climate, n)
    wet = rain > 0.0
    share = p / (1.0 + p - q)
    error = math.sqrt(share * (1.0 - share) * (1.0 + q - p) / (1.0 - q + p) / n)
    assert wet.mean() == pytest.approx(share, abs=4.0 * error)
    for before, chance in ((False, p), (True, q)):
        after = wet[1:][wet[:-1] == before]
        assert after.mean() == pytest.approx(chance, abs=4.0 * math.sqrt(chance * (1.0 - chance) / len(after)))


@pytest.mark.parametrize("climate", CLIMATES)
def test_amounts_are_gamma_distributed(climate):
    """Mean, and variance mean^2 / .7, whose own standard error follows from the kurtosis 3 + 6 / .7."""
    rain, _ = days(rng(3), climate, 20000)
    amounts = rain[rain > 0.0]
    variance = climate.amount**2 / weather.AMOUNT_SHAPE
    assert amounts.mean() == pytest.approx(climate.amount, abs=4.0 * math.sqrt(variance / len(amounts)))
    error = variance * math.sqrt((2.0 + 6.0 / weather.AMOUNT_SHAPE) / len(amounts))
    assert amounts.var() == pytest.approx(variance, abs=4.0 * error)


@pytest.mark.parametrize("latitude", [40.0, -40.0])
def test_temperature_of_the_year(latitude):
    """The mean of 50 years and those of January 20 and its opposite; persistence .7 of the noise."""
    _, temperature = days(rng(4), Climate(latitude=latitude), 50 * 365)
    sd, r = weather.TEMPERATURE_SD, weather.PERSISTENCE
    error = sd * math.sqrt((1.0 + r) / (1.0 - r) / len(temperature))
    assert temperature.mean() == pytest.approx(12.0, abs=4.0 * error)
    years = temperature.reshape(50, 365)
    sign = np.sign(latitude)
    assert years[:, 19].mean() == pytest.approx(12.0 - sign * 10.0, abs=4.0 * sd / math.sqrt(50))
    assert years[:, 202].mean() == pytest.approx(12.0 + sign * 10.0, abs=4.0 * sd / math.sqrt(50))
    noise = (years - 12.0 + sign * 10.0 * np.cos(2 * np.pi * (np.arange(365) - 19) / 365)).ravel()
    assert noise.std() == pytest.approx(sd, rel=0.05)
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(r, abs=0.03)


def test_first_day_is_a_day_of_the_year():
    _, from_january = days(rng(), Climate(), 400)
    _, from_july = days(rng(), Climate(), 100, first_day=183)
    assert from_july[:20].mean() - from_january[:20].mean() > 15.0


def test_same_seed_same_numbers():
    for draw in (
        lambda r: days(r, Climate(), 100),
        lambda r: storm(r, 50.0, 12.0, 0.4),
        lambda r: hourly(r, np.array([3.0, 0.0, 40.0])),
    ):
        np.testing.assert_array_equal(draw(rng(9)), draw(rng(9)))
        assert not np.array_equal(draw(rng(9)), draw(rng(10)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hourly(rng(), [1.0, 0.0, -0.5]), r"rain: day 2: -0.5 mm; fill gaps"),
        (lambda: hourly(rng(), [1.0, math.nan]), r"rain: day 1: nan mm; fill gaps"),
        (lambda: storm(rng(), -1.0, 6.0, 0.5), r"storm: depth -1.0 mm"),
        (lambda: storm(rng(), math.nan, 6.0, 0.5), r"storm: depth nan mm"),
        (lambda: storm(rng(), 10.0, 0.0, 0.5), r"duration 0.0 h"),
        (lambda: storm(rng(), 10.0, math.nan, 0.5), r"duration nan h"),
        (lambda: storm(rng(), 10.0, 6.0, 1.1), r"peak 1.1"),
        (lambda: storm(rng(), 10.0, 6.0, -0.1), r"peak -0.1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def table(tmp_path, text):
    path = tmp_path / "sites.csv"
    path.write_text(text)
    return path


DAYS = range(6, -1, -1)
HEADER = ",".join(["id", *(f"precip{k},temp{k}" for k in DAYS), "slope"]) + "\n"


def row(name="7", **cells):
    """A row of HEADER: 10 + k mm and 2 + k degrees on day k."""
    days = {f"precip{k}": 10 + k for k in DAYS} | {f"temp{k}": 2 + k for k in DAYS} | cells
    return ",".join([name, *(f"{days[f'precip{k}']},{days[f'temp{k}']}" for k in DAYS), "9999"]) + "\n"


def test_oldest_day_first(tmp_path):
    rain, temperature = daily_sequences(table(tmp_path, HEADER + row() + row("8", precip0=0.5, temp0=-3)))
    assert rain.tolist() == [[16, 15, 14, 13, 12, 11, 10], [16, 15, 14, 13, 12, 11, 0.5]]
    assert temperature.tolist() == [[8, 7, 6, 5, 4, 3, 2], [8, 7, 6, 5, 4, 3, -3]]


def test_columns_in_any_order(tmp_path):
    names = [f"{name}{k}" for k in reversed(DAYS) for name in ("temp", "precip")]
    rain, temperature = daily_sequences(table(tmp_path, ",".join(names) + "\n" + ",".join(map(str, range(14))) + "\n"))
    assert (rain.tolist(), temperature.tolist()) == ([[13, 11, 9, 7, 5, 3, 1]], [[12, 10, 8, 6, 4, 2, 0]])


def test_as_a_spreadsheet_leaves_it(tmp_path):
    """Capitals, a byte order mark, blanks about the cells, an empty last row, columns without a name."""
    lines = [line.replace(",", " , ") + ",," for line in (HEADER.upper() + row()).splitlines()]
    text = "\ufeff" + "\r\n".join([*lines, "," * lines[0].count(","), " ," * lines[0].count(",")])
    plain = daily_sequences(table(tmp_path, HEADER + row()))
    np.testing.assert_array_equal(daily_sequences(table(tmp_path, text)), plain)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + row() + row(precip1=""), r"sites.csv: row 3, column precip1: an empty cell is no number; .*fill the"),
        (HEADER + row(temp2="NA"), r"sites.csv: row 2, column temp2: 'NA' is no number"),
        (HEADER + row(precip0="nan"), r"row 2, column precip0: 'nan' is no number"),
        (HEADER + row(temp0="inf"), r"row 2, column temp0: 'inf' is no number"),
        (HEADER + row(precip0=-3), r"row 2, column precip0: '-3' is outside 0 to 2000 mm/day; .*fill the gap or leave"),
        (HEADER + row(temp3=285.1), r"row 2, column temp3: '285.1' is outside -90 to 60 degrees C; temp is in degrees"),
        (HEADER + row(precip5=2001), r"row 2, column precip5: '2001' is outside 0 to 2000 mm/day"),
        (HEADER + "7,1,11,2\n", r"row 2: 4 cells, but the header has 16"),
        ("id,rain,slope\n1,2,3\n", r"sites.csv: has no columns precipN ... precip0"),
        (HEADER.replace("temp4", "t4") + row(), r"sites.csv: has no column temp4"),
        (HEADER.replace("temp4", "TEMP3") + row(), r"sites.csv: has the column temp3 2 times"),
        (HEADER.replace("precip6,temp6,", "") + row(), r"sites.csv: row 2: 16 cells"),
        ("precip1,temp1,precip0,temp0\n1,2,3,4\n", r"column precip1: is the oldest of 2 days; wanted at least 7"),
        (HEADER, r"sites.csv: has no row"),
    ],
)
def test_bad_tables(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        daily_sequences(table(tmp_path, text))


def test_files_that_are_none(tmp_path):
    with pytest.raises(UserError, match=r"none.csv: No such file or directory"):
        daily_sequences(tmp_path / "none.csv")
    with pytest.raises(UserError, match="is a folder"):
        daily_sequences(tmp_path)
    (tmp_path / "sites.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"sites.csv: is not UTF-8 text"):
        daily_sequences(tmp_path / "sites.csv")


@needs_glas
@pytest.mark.parametrize(
    ("name", "sites", "oldest_rain", "last_rain", "last_temperature"),
    [
        ("landslides", 2926, 2.8, 22.6, 20.0),
        ("nonLandslideSame", 2926, 0.0, 29.4, 0.0),
        ("random", 3730, 0.8, 1.2, 8.0),
    ],
)
def test_real_tables(name, sites, oldest_rain, last_rain, last_temperature):
    """Numbers of rows from their README, values from the first row of the file."""
    rain, temperature = daily_sequences(GLAS / f"{name}.csv")
    assert rain.shape == temperature.shape == (sites, 16)
    assert (rain[0, 0], rain[0, -1], temperature[0, -1]) == (oldest_rain, last_rain, last_temperature)
    assert (rain >= 0.0).all()
    assert rain.max() < 2000.0
    assert (abs(temperature) <= 60.0).all()

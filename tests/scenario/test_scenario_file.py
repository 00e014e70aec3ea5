"""The TOML of a scenario: what is read, and what is refused in one line."""

from datetime import date

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.offline.region import Region
from elm_landslide.scenario import scenario_file
from support.scenario_files import write_toml


def test_all_that_a_file_may_say(tmp_path):
    text = """
    water = "elm"
    [[rain]]
    factor = 1.5
    months = [6, 7]
    years = [2001, 2003]
    region = [10, 20, 170, -170]
    above_quantile = 0.9
    keep_mean = true
    [[warming]]
    degrees = -2
    [[cover]]
    from = "tree"
    to = "bare"
    year = 2002
    [[disturbance]]
    kind = "fire"
    fraction = 0.25
    date = 2001-07-01
    """
    scenario = scenario_file.read(write_toml(tmp_path / "all.toml", text))
    (rain,), (warming,), (cover,), (fire,) = scenario.rain, scenario.warming, scenario.cover, scenario.disturbance
    assert (scenario.water, rain.factor, rain.above_quantile, rain.keep_mean) == ("elm", 1.5, 0.9, True)
    assert (warming.degrees, cover.source, cover.target, cover.fraction, cover.year) == (
        -2.0,
        "tree",
        "bare",
        1.0,
        2002,
    )
    assert (fire.kind, fire.fraction, fire.date) == ("fire", 0.25, date(2001, 7, 1))
    assert [rain.period.holds(*when) for when in ((2001, 6), (2003, 7), (2000, 6), (2001, 8))] == [
        True,
        True,
        False,
        False,
    ]
    assert warming.period.holds(1, 1)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ([10, 20, 170, -170], [True, True, False, False]),  # across the date line
        ([10, 20, 170, 190], [True, True, False, False]),
        ([10, 20, -180, 180], [True, True, True, True]),
        ([10, 20, 0, 360], [True, True, True, True]),
        ([16, 20, -180, 180], [False, False, False, False]),
        ([15, 15, 282.5, 283], [False, False, True, False]),
        ([15, 15, -77.5, -77], [False, False, True, False]),
    ],
)
def test_a_region_holds_the_centres_in_it(region, expected):
    lon = np.array([175.0, -175.0, 282.75, 0.0])
    assert Region(*region).holds(np.full(4, 15.0), lon).tolist() == expected


BAD = {
    "no TOML": ("[[rain]\n", "cannot be read: Expected ']]'"),
    "deep": ("a = " + 5000 * "[", "cannot be read: "),
    "long": ("a = " + 5000 * "9", "cannot be read: "),
    "unknown kind": ("[[fire]]\n", "unknown key fire; known are water, rain, warming, cover, disturbance"),
    "unknown key": ("[[rain]]\nfactr = 1.2", "[[rain]] number 1: unknown key factr; known are region, months"),
    "not a list": ("[rain]\nfactor = 1.2", "begin each entry with [[rain]]"),
    "no factor": ("[[rain]]\nmonths = [1]", "number 1: no factor: give one, for example factor = 1.2"),
    "negative": ("[[rain]]\nfactor = -1", "factor is -1, wanted a number from 0 to 10"),
    "nan": ("[[rain]]\nfactor = nan", "factor is nan, wanted a number"),
    "text": ('[[rain]]\nfactor = "2"', "factor is '2', wanted a number"),
    "truth": ("[[rain]]\nfactor = true", "factor is True, wanted a number"),
    "second": ("[[rain]]\nfactor = 1\n[[rain]]\nfactor = 99", "[[rain]] number 2: factor is 99"),
    "quantile": ("[[rain]]\nfactor = 1\nabove_quantile = 95", "above_quantile is 95, wanted a number from 0 to 0.999"),
    "mean": ("[[rain]]\nfactor = 2\nkeep_mean = true", "keep_mean is True, wanted true only beside above_quantile"),
    "month": ("[[rain]]\nfactor = 1\nmonths = [0]", "months is [0], wanted a list of months from 1 to 12"),
    "years": ("[[rain]]\nfactor = 1\nyears = [2, 1]", "years is [2, 1], wanted [first, last], the first not after"),
    "region": ("[[rain]]\nfactor = 1\nregion = [20, 10, 0, 9]", "region is [20, 10, 0, 9], wanted [south, north,"),
    "degrees": ("[[warming]]\ndegrees = 300", "degrees is 300, wanted a number from -20 to 20 K"),
    "cover": ('[[cover]]\nfrom = "forest"\nto = "grass"\nyear = 1', "from is 'forest', wanted one of tree, shrub"),
    "same cover": ('[[cover]]\nfrom = "tree"\nto = "tree"\nyear = 1', "to is 'tree', wanted one of shrub, grass"),
    "year": ('[[cover]]\nfrom = "tree"\nto = "grass"\nyear = 1.5', "year is 1.5, wanted a whole year"),
    "kind": ('[[disturbance]]\nkind = "storm"\nfraction = 1\ndate = 2001-01-01', "kind is 'storm', wanted one of cut"),
    "date": ('[[disturbance]]\nkind = "cut"\nfraction = 1\ndate = "2001-01-01"', "wanted a date without quotes"),
    "water": ('water = "none"', "water is 'none', wanted one of column, elm"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused(tmp_path, text, message):
    path = write_toml(tmp_path / "bad.toml", text)
    with pytest.raises(UserError) as refused:
        scenario_file.read(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)

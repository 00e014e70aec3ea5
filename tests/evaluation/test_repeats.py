"""Twins between a table and the training table."""

from dataclasses import replace

import numpy as np

from elm_landslide.evaluation.repeats import repeated
from elm_landslide.sites.cells import WEATHER
from support import made_sites


def courses(table, i, of):
    """The table with the weather of row i in place of that of row `of`, warmer and at another pressure."""
    weather = table.weather.copy()
    weather[i] = table.weather[of]
    weather[i, WEATHER.index("temp")] += 5.0
    weather[i, WEATHER.index("pressure")] -= 20.0
    return replace(table, weather=weather)


def with_pressure(table):
    rng = np.random.default_rng(0)
    weather = table.weather.copy()
    for name, level in (("temp", 10.0), ("pressure", 1000.0)):
        weather[:, WEATHER.index(name)] = level + 5.0 * rng.standard_normal(weather[:, 0].shape)
    return replace(table, weather=weather)


def test_a_twin_has_the_course_of_pressure_and_temperature_and_the_label():
    table = with_pressure(made_sites.table())
    ours, train = table.select(np.arange(0, 40)), table.select(np.arange(40, table.n))
    assert not repeated(ours, train).any()
    other = int(np.flatnonzero(~train.landslide)[0])
    i = int(np.flatnonzero(~ours.landslide)[0])
    joined = replace(ours, weather=ours.weather.copy())
    joined.weather[i] = courses(train, other, other).weather[other]  # levels differ, the course is the same
    assert np.flatnonzero(repeated(joined, train)).tolist() == [i]
    slid = replace(joined, landslide=np.where(np.arange(joined.n) == i, True, joined.landslide))
    assert not repeated(slid, train).any()


def test_one_variable_alone_or_with_gaps_makes_no_twin():
    table = with_pressure(made_sites.table())
    train = replace(table, weather=table.weather.copy())
    assert repeated(table, train).all()  # each row is its own twin
    train.weather[:, WEATHER.index("pressure")] = np.nan
    assert not repeated(table, train).any()

"""The base rate: which reports count, over which land, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.errors import UserError
from elm_landslide.fields import BASE_RATE
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.runtime.description import describe
from elm_landslide.sites.base_rate import base_rate
from elm_landslide.sites.catalogue import Catalogue


def catalogue(dates, triggers):
    n = len(dates)
    text, numbers = np.full(n, ""), np.zeros(n)
    names = np.arange(n).astype(str)
    return Catalogue(
        names, np.array(dates, dtype="datetime64[D]"), numbers, numbers, numbers, np.array(triggers), text, text
    )


def test_by_hand():
    """Three of rain in eleven years, on a hundred km2 of which a quarter is steep, weighed by its hazard."""
    events = catalogue(
        ["2007-01-01", "2012-05-05", "2017-12-31", "2006-12-31", "2018-01-01", "2010-01-01"],
        ["rain", "downpour", "monsoon", "rain", "rain", "earthquake"],
    )
    found = base_rate(events, 0.25, 100.0)
    assert (found["reports"], found["years"]) == (3, 11)
    assert found["rate"] == pytest.approx(3 / 11 / 25.0)


@pytest.mark.parametrize("land", [0.0, -1.0, np.inf, np.nan])
def test_no_land(land):
    with pytest.raises(UserError, match="land"):
        base_rate(catalogue(["2010-01-01"], ["rain"]), 0.25, land)


def test_no_report():
    with pytest.raises(UserError, match="no rain-triggered landslide in 2007 to 2017"):
        base_rate(catalogue(["2010-01-01"], ["earthquake"]), 0.25, 1.0)


def test_the_command(tmp_path):
    """With the mean of the shipped model."""
    header = (
        "event_id,event_date,latitude,longitude,location_accuracy,landslide_trigger,landslide_category,landslide_size"
    )
    rows = [f"{i},1/2/{2007 + i} 0:00,{i},{i},1km,rain,mudslide,small" for i in range(11)]
    (tmp_path / "glc.csv").write_text("\n".join([header, *rows]) + "\n")
    result = CliRunner().invoke(app, ["sites", "rate", str(tmp_path / "glc.csv"), "--land", "1000"])
    assert result.exit_code == 0, result.output
    assert "reports     11 triggered by rain, in 11 years" in result.output
    mean = describe(SHIPPED)["model"]["metrics"]["steep_hazard"]
    assert f"base rate   {1 / (1000 * mean):.3g} per km2" in result.output


def test_the_default_is_what_was_found():
    """In docs/results/base_rate.json, which the command wrote from NASA's catalogue; one digit is known."""
    found = json.loads((Path(__file__).parents[2] / "docs/results/base_rate.json").read_text())
    assert float(f"{found['rate']:.0e}") == BASE_RATE
    assert found["steep_hazard"] == describe(SHIPPED)["model"]["metrics"]["steep_hazard"]

"""The README says what the code says."""

import re
from pathlib import Path

from elm_landslide import fields
from elm_landslide.offline.rules import RULES

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_field_table():
    assert fields.markdown_table() in README


def test_flags():
    for name, value in fields.FLAGS.items():
        assert f"| {value} | {name}" in README


def test_history_line_is_what_the_readers_need():
    """Every variable of the line is read, and the line gives every required field and the perched table."""
    line = set(re.findall(r"'(\w+)'", re.search(r"hist_fincl2 = ('SOILLIQ'.*)", README).group(1)))
    assert line <= {name for rule in RULES for name in rule.needs}
    given = {rule.field for rule in RULES if set(rule.needs) <= line}
    needed = {rule.field for rule in RULES if fields.FIELDS[rule.field].required}
    assert needed - {"root_fraction"} <= given  # that one also follows from the surface dataset
    assert {"perched_water_table_depth", "frost_table_depth"} <= given

"""The README says what the code says."""

from pathlib import Path

from elm_landslide import fields

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_field_table():
    assert fields.markdown_table() in README


def test_flags():
    for name, value in fields.FLAGS.items():
        assert f"| {value} | {name}" in README

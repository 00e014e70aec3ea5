"""Every --help says all that is written for it: no word is lost to markup, and listed values are listed."""

import re
import typing

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from elm_landslide.commands.main import app, run_command
from elm_landslide.errors import LandslideError
from elm_landslide.offline.samples import SITES
from elm_landslide.runtime.c_abi import CModel
from elm_landslide.training.config import PRESETS
from elm_landslide.training.run import CONTROLS
from support.offline_runs import launch


def commands(command, path=()):
    """(words, command) of every command and group."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


COMMANDS = dict(commands(get_command(app)))


def words(text: str) -> list[str]:
    """Words without what frames and markup put between them."""
    return re.findall(r"[\w.\[\]=/<>'+-]+", text.replace("*", "").replace("\\\n", "\n"))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_word_is_lost(path):
    command = COMMANDS[path]
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "240", "TERMINAL_WIDTH": "240"})
    assert shown.exit_code == 0
    found = iter(words(shown.output))
    missing = [word for word in words(command.help or "") if word.strip("-") and word not in found]
    assert not missing
    for parameter in command.params:
        if getattr(parameter, "help", None) and not getattr(parameter, "hidden", False):
            assert set(words(parameter.help)) <= set(words(shown.output)), parameter.name


def test_examples_keep_their_lines():
    shown = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "120"}).output
    lines = [line.strip() for line in shown.splitlines()]
    at = lines.index("[network]")
    assert lines[at : at + 4] == ["[network]", "epochs = 10", "[sites]", "members = 3"]


@pytest.mark.parametrize(
    ("given", "option", "values"),
    [
        (("run", "--engine", "tyle"), "--engine", ["tile", "torchscript"]),
        (("replay", "a.bin", "--engine", "tyle"), "--engine", ["tile", "torchscript"]),
        (("run", "--instruction-set", "sse9"), "--instruction-set", ["auto", "baseline", "avx2", "avx512"]),
        (("run", "--sample", "alps"), "--sample", list(SITES)),
        (("train", "--out", "m.pt", "--preset", "slow"), "--preset", list(PRESETS)),
        (("train", "--out", "m.pt", "--control", "none"), "--control", list(CONTROLS)),
        (("evaluate", "--sites", "s", "--out", "o", "--trigger", "snow"), "--trigger", ["rain", "all"]),
    ],
)
def test_a_value_that_is_none_of_the_list(given, option, values):
    """One line names the option and its values; so does the help."""
    result = CliRunner().invoke(app, given)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert f"'{option}'" in result.stderr
    assert result.stderr.endswith(f"{', '.join(map(repr, values))}.\n")
    shown = CliRunner().invoke(app, [given[0], "--help"], env={"COLUMNS": "200"}).output
    assert all(value in shown for value in values)


@pytest.mark.parametrize(
    ("given", "said"),
    [(("run", "--bogus"), "--bogus"), (("frob",), "frob"), (("train",), "--out"), (("inspect", "a", "b"), "b")],
)
def test_wrong_words_are_one_line(given, said):
    result = CliRunner().invoke(app, given)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith("elm-landslide: ")
    assert said in result.stderr


def test_wrong_words_on_ranks_are_said_once():
    done = launch(2, "run", "--engine", "tyle")
    assert done.returncode == 2
    assert done.stderr.count("is not one of") == 1


def test_no_words_show_the_help():
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 2
    assert result.output.count("Usage") == 1
    assert "elm-landslide:" not in result.stderr


def test_the_listed_values_are_those_of_the_bridge(toy_bytes):
    """Its messages name what it knows."""
    hints = typing.get_type_hints(run_command)
    with pytest.raises(LandslideError, match="known are (.*)") as unknown:
        CModel(toy_bytes, "magic")
    assert str(unknown.value).partition("known are ")[2].split(" and ") == list(typing.get_args(hints["engine"]))
    with pytest.raises(LandslideError) as unknown:
        CModel(toy_bytes, "tile", {"instruction_set": "sse9"})
    known = re.split(", | or ", str(unknown.value).partition("give ")[2])
    assert known == list(typing.get_args(hints["instruction_set"]))

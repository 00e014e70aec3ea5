"""Presets and the TOML files that change them."""

from dataclasses import replace

import pytest

from elm_landslide.errors import UserError
from elm_landslide.training import config


@pytest.fixture
def toml(tmp_path):
    """A file of these lines."""

    def write(*lines):
        path = tmp_path / "train.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def test_preset_as_it_is(toml):
    assert config.read_config("quick") == config.PRESETS["quick"] == config.Config()
    assert config.read_config("full", toml("")) == config.PRESETS["full"]
    with pytest.raises(UserError, match="train: preset 'slow' is unknown; choose one of quick, full"):
        config.read_config("slow")


def test_changes_of_every_table(toml):
    path = toml(
        "[network]", "epochs = 10", "[columns]", "count = 300", "[hillslopes]", "weight = 0.5",
        "[sites]", "trigger = 'all'", "members = 3",
    )  # fmt: skip
    preset = config.PRESETS["full"]
    assert config.read_config("full", path) == config.Config(
        network=replace(preset.network, epochs=10),
        columns=replace(preset.columns, count=300),
        hillslopes=replace(preset.hillslopes, weight=0.5),
        sites=replace(preset.sites, trigger="all", members=3),
    )


def test_integers_become_floats(toml):
    found = config.read_config("quick", toml("[hillslopes]", "weight = 1", "[network]", "rate = 0")).hillslopes.weight
    assert (found, type(found)) == (1.0, float)


def test_no_epochs_are_allowed(toml):
    found = config.read_config("quick", toml("[network]", "epochs = 0", "[sites]", "level_epochs = 0"))
    assert (found.network.epochs, found.sites.level_epochs) == (0, 0)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["[trunk]"], "trunk: unknown; known are network, columns, hillslopes, sites"),
        (["epochs = 3"], "epochs: unknown; known are network, columns, hillslopes, sites"),
        (["[network]", "epoch = 3"], "[network] epoch: unknown; known are members, width, epochs, batch, "),
        (["[sites]", "points = 3"], "[sites] points: unknown; known are level_epochs, "),
        (["network = 3"], "network: must be a table"),
        (["[network]", "[network.epochs]", "first = 3"], "[network] epochs: must be a value"),
        (["[network]", "epochs = 3.0"], "[network] epochs: 3.0: wanted a value like 30"),
        (["[network]", "epochs = true"], "[network] epochs: True: wanted a value like 30"),
        (["[network]", "epochs = '3'"], "[network] epochs: '3': wanted a value like 30"),
        (["[network]", "epochs = [3]"], "[network] epochs: [3]: wanted a value like 30"),
        (["[network]", "rate = true"], "[network] rate: True: wanted a value like 0.004"),
        (["[sites]", "trigger = 1"], "[sites] trigger: 1: wanted a value like 'rain'"),
        (["[network]", "epochs = -1"], "[network] epochs: -1: must not be negative or infinite"),
        (["[hillslopes]", "weight = -1"], "[hillslopes] weight: -1.0: must not be negative or infinite"),
        (["[sites]", "dropout = 1.5"], "[sites] dropout: 1.5: a share must be below 1"),
        (["[hillslopes]", "held_out = 1"], "[hillslopes] held_out: 1.0: a share must be below 1"),
        (["[network]", "rate = inf"], "[network] rate: inf: must not be negative or infinite"),
        (["[network]", "rate = nan"], "[network] rate: nan: must not be negative or infinite"),
        (["[network]", "batch = 0"], "[network] batch: 0: must be at least 1"),
        (["[columns]", "count = 0"], "[columns] count: 0: must be at least 1"),
        (["[network", "epochs = 3"], "cannot be read: Expected ']'"),
        (["[network]", "epochs = 3", "epochs = 4"], "cannot be read: Cannot overwrite a value"),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_key(toml, lines, message):
    path = toml(*lines)
    with pytest.raises(UserError) as caught:
        config.read_config("quick", path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    for name, message in (
        ("none.toml", "No such file or directory"),
        (".", "is a folder"),
        ("latin.toml", "cannot be read: .*utf-8"),
    ):
        with pytest.raises(UserError, match=f"{tmp_path / name}: {message}"):
            config.read_config("quick", tmp_path / name)


def test_as_dict_tells_all():
    found = config.as_dict(config.PRESETS["full"])
    assert found["network"]["epochs"] == 60
    assert found["columns"]["count"] == 32768
    assert set(found) == {"network", "columns", "hillslopes", "sites", "hazard"}
    assert found["sites"]["trigger"] == "rain"

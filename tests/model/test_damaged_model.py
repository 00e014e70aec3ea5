"""Damaged model files, and ones that would unpack to gigabytes: inspect, the bridge and torch's readers refuse them."""

import io
import json
import zipfile

import numpy as np
import pytest

from elm_landslide import fields, files
from elm_landslide.errors import LandslideError, UserError
from elm_landslide.model import model_file
from elm_landslide.model.model_file import INFO, OBSERVATION, SHIPPED
from elm_landslide.observation.model import Observation
from elm_landslide.runtime import description
from elm_landslide.runtime.fortran import FortranModel
from support import toy
from support.offline_runs import refusal


def rewritten(path, change, source=SHIPPED, more=()):
    """A copy of a model file, entries changed: change(name, data) gives the data, or (data, compression)."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = change(name.rpartition("/")[2], old.read(name))
            data, compression = data if isinstance(data, tuple) else (data, zipfile.ZIP_STORED)
            new.writestr(name, data, compression)
        for name, data, compression in more:
            new.writestr(name, data, compression)
    return path


def replaced(entry, content):
    def change(name, data):
        return (content(data) if callable(content) else content) if name == entry else data

    return change


NESTED = b'{"a":' + b"[" * 200 + b"]" * 200 + b"}"
BOMB = (bytes(files.MODEL + 1), zipfile.ZIP_DEFLATED)
DAMAGE = {
    "json is cut off": (replaced(INFO, lambda data: data[:-20]), "landslide.json is not a JSON object"),
    "json lacks a value": (replaced(INFO, b'{"a": }'), r"landslide.json is not a JSON object (no value at byte 7)"),
    "json twice": (replaced(INFO, b"{} {}"), "more than one JSON object at byte 4"),
    "json a list": (replaced(INFO, b"[1]"), "it does not begin with { at byte 1"),
    "json empty": (replaced(INFO, b""), "landslide.json is not a JSON object"),
    "json of no UTF-8": (replaced(INFO, b'{"a": "\xff"}'), "no UTF-8 at byte 8"),
    "json too deep": (replaced(INFO, NESTED), "nested more than 100 deep"),
    "json with a long number": (
        replaced(INFO, b'{"a": ' + b"9" * 5000 + b"}"),
        "a number of more than 1000 characters",
    ),
    "json with half a character": (replaced(INFO, rb'{"a": "\ud800"}'), "half of a surrogate pair"),
    "schema is cut off": (
        replaced("landslide_schema.txt", fields.schema_table().splitlines(keepends=True)[0].encode()),
        "landslide_schema.txt line 2",
    ),
    "schema empty": (replaced("landslide_schema.txt", b""), "landslide_schema.txt line 1"),
    "schema of no text": (replaced("landslide_schema.txt", b"\xff\0"), "landslide_schema.txt line 1"),
    "golden rows cut off": (replaced("landslide_golden.bin", lambda data: data[:-3]), "landslide_golden.bin: says it"),
    "golden rows of another width": (
        replaced("landslide_golden.bin", lambda data: data[:16] + np.int64(2**40).tobytes() + data[24:]),
        "landslide_golden.bin: has 1099511627776 inputs",
    ),
    "golden rows that differ": (
        replaced("landslide_golden.bin", lambda data: data[:48] + np.float64(0.5).tobytes() + data[56:]),
        "golden row 1, ",
    ),
    "golden rows empty": (replaced("landslide_golden.bin", b""), "does not begin as golden rows do"),
    "tile program cut off": (replaced("landslide_tile.bin", lambda data: data[:-8]), "landslide_tile.bin: says it has"),
    "no json": (lambda name, data: b"" if name == INFO else data, "not a JSON object"),
    "a bomb as json": (replaced(INFO, BOMB), "brings what the entries unpack to beyond 268435456 bytes"),
    "a bomb as rows": (replaced("landslide_golden.bin", BOMB), "unpack to beyond 268435456 bytes"),
    "a bomb as code": (replaced("network.py", BOMB), "network.py brings what the entries unpack to beyond"),
    "compressed json": (replaced(INFO, (b"{}", zipfile.ZIP_DEFLATED)), "landslide.json is compressed"),
}


@pytest.mark.parametrize(("change", "said"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_refused_by_inspect_and_bridge_in_the_same_words(tmp_path, change, said):
    path = rewritten(tmp_path / "bad.pt", change)
    with pytest.raises(UserError) as inspected:
        description.describe(path)
    with pytest.raises(LandslideError) as opened:
        FortranModel(path)
    assert said in str(inspected.value)
    assert "bad.pt" in str(inspected.value)
    assert "\n" not in str(inspected.value)
    assert str(opened.value).split("bad.pt: ")[1] == str(inspected.value).split("open_bytes: ")[1]


def test_an_entry_twice(tmp_path):
    path = rewritten(tmp_path / "bad.pt", lambda name, data: data, more=((f"b/extra/{INFO}", b"{}", 0),))
    for read in (description.describe, lambda path: model_file.read_entry(path, INFO)):
        with pytest.raises(UserError, match="bad.pt: .*landslide.json'? occurs twice"):
            read(path)


def test_damage_ends_the_command_in_one_line(tmp_path):
    path = rewritten(tmp_path / "bad.pt", replaced(INFO, b'{"a": }'))
    assert "is not a JSON object (no value at byte 7)" in refusal("inspect", path)
    path = rewritten(tmp_path / "bad.pt", replaced(INFO, BOMB))
    assert path.stat().st_size < 2_000_000
    assert "unpack to beyond" in refusal("inspect", path)


ANY = {
    "numbers": b'{"a": [0, -0, 1.5, -2e-3, 1E+9, NaN, Infinity, -Infinity], "b": {}, "c": [], "": null}',
    "words": '{"q": "\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u00e9 \\ud83d\\ude00", "é ☃ 😀": [true, false]}'.encode(),
    "blanks": b' \n{ "a" :\t[ 1 , 2 ] } \r\n',
    "markup": b'{"a": "[/red] [bold :smile:"}',
    "deep": b'{"a":' + b"[" * 90 + b"]" * 90 + b"}",
    "one name twice": b'{"a": 1, "a": 2}',
}


@pytest.mark.parametrize("text", ANY.values(), ids=ANY)
def test_what_is_json_is_read_and_printed(tmp_path, capsys, text):
    from elm_landslide.commands import inspect

    path = rewritten(tmp_path / "good.pt", replaced(INFO, text))
    found = description.describe(path)
    np.testing.assert_equal(found["model"], json.loads(text))
    inspect._print_description(found)
    assert "markup" not in path.name
    assert b"[/red]" not in text or "[/red] [bold :smile:" in capsys.readouterr().out


NOT_JSON = (
    b'{"a": 01} {"a": .5} {"a": 1.} {"a": +1} {"a": 1e} {"a": -} {"a": nan} {"a": tru} {"a" 1} {"a": 1 {"a": [1} '
    b'{"a": [1,]} {"a": 1,} {a: 1} {"a": "\\x"} {"a": "\\u12g4"} {"a": "\\udc00"} {"a": "\\ud800\\u0041"} {"a": "} '
    b'{"a": "\t"} {"a": "\xc0\x80"} {"a": "\xed\xa0\x80"} {"a": "\xf4\x90\x80\x80"} {"a": "\xe2\x98"} {"a": "\0"} {'
)


def test_what_is_not_json_is_refused(toy_file, tmp_path):
    texts = [b"{" + text.rstrip(b" ") for text in NOT_JSON.split(b"{")[1:]]
    assert len(texts) == 26
    for text in texts:
        path = rewritten(tmp_path / "bad.pt", replaced(INFO, text), toy_file)
        with pytest.raises(UserError, match="landslide.json is not a JSON object"):
            description.describe(path)


def test_too_many_golden_rows():
    x = np.repeat(toy.columns(1), 4097, axis=0)
    rows = toy.golden_bytes(x, toy.expected(x), np.zeros(4097))
    with pytest.raises(LandslideError, match="landslide_golden.bin: has 4097 rows; at most 4096"):
        FortranModel(toy.model_bytes(golden=rows))


def test_inspect_asks_the_engine_of_the_run(tmp_path):
    (tmp_path / "old.pt").write_bytes(toy.model_bytes(tile=None))
    with pytest.raises(UserError, match="old.pt: .*landslide_tile.bin is missing"):
        description.describe(tmp_path / "old.pt")
    assert description.describe(tmp_path / "old.pt", "torchscript")["golden"]["flags"]["invalid"] == 1


def test_description_is_that_of_the_golden_rows():
    rows = model_file.Golden.from_bytes(model_file.read_entry(SHIPPED, model_file.GOLDEN))
    found = description.describe(SHIPPED)
    counts = {name: int((rows.flag == value).sum()) for name, value in fields.FLAGS.items()}
    assert found["golden"] == {"rows": len(rows.flag), "rtol": rows.rtol, "atol": rows.atol, "flags": counts}
    assert found["bytes"] == SHIPPED.stat().st_size
    assert found["sha256"] == model_file.sha256(SHIPPED)


# --- What torch reads -------------------------------------------------------------------------------------------------


def test_weights_that_torch_does_not_take(tmp_path):
    from elm_landslide.model.export import load_eager, weights_of

    for change, said in (
        (replaced("data.pkl", b"no pickle"), "torch cannot open the model: "),
        (replaced("network.py", BOMB), "unpack to"),
    ):
        path = rewritten(tmp_path / "bad.pt", change)
        for read in (weights_of, load_eager):
            with pytest.raises(UserError, match=f"bad.pt: .*{said}") as error:
                read(path)
            assert "\n" not in str(error.value)


def observation(change):
    """The shipped observation model with its parts changed."""
    import torch

    kept = torch.load(io.BytesIO(model_file.read_entry(SHIPPED, OBSERVATION)), weights_only=True)
    change(kept)
    out = io.BytesIO()
    torch.save(kept, out)
    return out.getvalue()


def resized(**sizes):
    def change(kept):
        kept["sizes"] = json.dumps({**json.loads(kept["sizes"]), **sizes})

    return change


def stretched(kept):
    name = next(iter(kept["state"]))
    kept["state"][name] = kept["state"][name][:1].expand(1 << 40)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (resized(members=10**12), "its sizes are more than it holds"),
        (resized(width=10**9), "its tensors are not those of its sizes"),
        (resized(weather=-1), "is damaged"),
        (resized(width="wide"), "is damaged"),
        (lambda kept: kept.pop("sizes"), "KeyError"),
        (lambda kept: kept.update(info="{"), "is damaged"),
        (lambda kept: kept["state"].popitem(), "its tensors are not those"),
        (stretched, "its sizes are more than it holds"),
    ],
)
def test_an_observation_model_that_is_damaged(change, said):
    with pytest.raises(UserError, match=f"here: is damaged .*{said}|here: {said}") as error:
        Observation.from_bytes(observation(change), "here")
    assert "\n" not in str(error.value)


def test_an_observation_model_that_is_whole():
    made = Observation.from_bytes(observation(lambda kept: None))
    assert made.info["days"] > 0


def test_an_observation_model_that_is_none():
    whole = model_file.read_entry(SHIPPED, OBSERVATION)
    for data in (b"", b"no model", whole[:-100], whole[: len(whole) // 2]):
        with pytest.raises(UserError, match="here: is not a model file, or damaged"):
            Observation.from_bytes(data, "here")


def test_a_bomb_in_the_observation_model(tmp_path):
    whole = model_file.read_entry(SHIPPED, OBSERVATION)
    (tmp_path / "whole.pt").write_bytes(whole)
    path = rewritten(tmp_path / "bad.pt", replaced("0", BOMB), tmp_path / "whole.pt")
    with pytest.raises(UserError, match="here: its entries unpack to"):
        Observation.from_bytes(path.read_bytes(), "here")

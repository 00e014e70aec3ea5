"""Input files of another kind or size: each reader refuses them at once, in one line, before it reads."""

import os
import signal
import socket
import sys

import numpy as np
import pytest

from elm_landslide import fields, files
from elm_landslide.errors import LandslideError, UserError
from elm_landslide.model import model_file
from elm_landslide.model.model_file import INFO
from elm_landslide.runtime import description, replay
from elm_landslide.runtime.c_abi import CModel
from elm_landslide.runtime.fortran import FortranModel
from elm_landslide.simulator.dem import read_grid
from elm_landslide.simulator.weather import daily_sequences
from elm_landslide.sites.csv_table import Table
from elm_landslide.training import config
from support.offline_runs import refusal


@pytest.fixture(autouse=True)
def in_time():
    """A reader that waits for a pipe fails, instead of waiting for ever."""

    def late(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pipe(folder):
    os.mkfifo(folder / "x.pt")
    return "is a named pipe"


def directory(folder):
    (folder / "x.pt").mkdir()
    return "is a folder"


def device(folder):
    (folder / "x.pt").symlink_to("/dev/zero")
    return "is a device"


def endpoint(folder):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "x.pt"))
    return "is a socket"


def huge(folder):
    with (folder / "x.pt").open("wb") as file:
        file.truncate(1 << 32)  # sparse
    return "has 4,294,967,296 bytes; at most"


def nothing(folder):
    return "No such file or directory"


KINDS = [pipe, directory, device, endpoint, huge, nothing]
READERS = {
    "model": lambda path: files.read(path, files.MODEL),
    "an entry": lambda path: model_file.read_entry(path, INFO),
    "description": description.describe,
    "table": Table,
    "grid": read_grid,
    "weather": daily_sequences,
    "configuration": lambda path: config.read_config("quick", path),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_other_kinds_of_files(tmp_path, kind, read):
    said = kind(tmp_path)
    with pytest.raises(UserError, match=f"x.pt: {said}"):
        read(tmp_path / "x.pt")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not huge])
def test_records_are_files(tmp_path, kind):
    said = kind(tmp_path)
    with pytest.raises(UserError, match=f"x.pt: {said}"):
        next(replay.read(tmp_path / "x.pt"))


@pytest.mark.parametrize("door", [CModel, FortranModel])
@pytest.mark.parametrize("kind", KINDS)
def test_the_bridge_refuses_the_same(tmp_path, kind, door):
    kind(tmp_path)
    said = {huge: "has 4294967296 bytes, more than the 268435456", nothing: "No such file"}
    with pytest.raises(LandslideError, match=f"x.pt: {said.get(kind, 'not a regular file')}") as error:
        door(tmp_path / "x.pt")
    assert error.value.status == 2


def test_a_file_of_the_largest_size_is_read(tmp_path):
    for size, refused in ((4, False), (5, True)):
        (tmp_path / "x").write_bytes(b"x" * size)
        if refused:
            with pytest.raises(UserError, match="has 5 bytes"):
                files.read(tmp_path / "x", 4)
        else:
            assert files.read(tmp_path / "x", 4) == b"xxxx"


def test_a_pipe_that_takes_the_place_of_a_file(tmp_path, monkeypatch):
    """Between the look and the opening: it is not waited for."""
    pipe(tmp_path)
    monkeypatch.setattr(files, "regular", lambda path, limit: 0)
    with pytest.raises(UserError, match="is a named pipe"):
        files.read(tmp_path / "x.pt", 100)


def test_a_path_with_a_null_character():
    with pytest.raises(UserError, match="null"):
        files.regular("a\0b")


@pytest.mark.parametrize("kind", [pipe, huge])
@pytest.mark.parametrize(
    ("words", "n_ranks"),
    [
        (("inspect", "x.pt"), 0),
        (("run", "--sample", "steep", "--out", "out.nc", "--model", "x.pt"), 2),
        (("sites", "describe", "x.pt"), 0),
        (("simulate", "--dem", "x.pt"), 0),
    ],
)
def test_commands(tmp_path, monkeypatch, kind, words, n_ranks):
    monkeypatch.chdir(tmp_path)
    said = kind(tmp_path)
    assert f"x.pt: {said}" in refusal(*words, n_ranks=n_ranks)


# --- Records ----------------------------------------------------------------------------------------------------------


def head(n):
    return np.array([1280528210, 1, n, fields.N_IN, fields.N_OUT, 2000, 1, 1, 0], "<i4").tobytes()


@pytest.mark.parametrize(
    ("n", "said"), [(-1, "has -1 columns"), (2**31 - 1, "has 2147483647 columns"), (1000, "cut off")]
)
def test_records_of_a_wrong_size(tmp_path, n, said):
    (tmp_path / "x.bin").write_bytes(head(n) + bytes(5000))
    with pytest.raises(UserError, match=f"x.bin: .*{said}"):
        next(replay.read(tmp_path / "x.bin"))


def test_a_record_of_one_column(tmp_path):
    size = 8 * (3 + fields.N_IN + fields.N_OUT) + 4
    (tmp_path / "x.bin").write_bytes(2 * (head(1) + bytes(size)))
    assert [one.x.shape for one in replay.read(tmp_path / "x.bin")] == 2 * [(1, fields.N_IN)]


@pytest.mark.parametrize("text", [b"a = " + b"[" * 5000, b"a = " + b"1" * 5000, b"\xff", b"a = 1\r\nb"])
def test_a_configuration_that_is_none(tmp_path, text):
    (tmp_path / "x.toml").write_bytes(text)
    with pytest.raises(UserError, match="x.toml: cannot be read"):
        config.read_config("quick", tmp_path / "x.toml")


@pytest.mark.skipif(sys.platform != "linux", reason="pipes as Linux has them")
def test_a_plugin_that_is_a_pipe(tmp_path, toy_bytes):
    pipe(tmp_path)
    with pytest.raises(LandslideError, match="x.pt' is not a regular file"):
        CModel(toy_bytes, "torchscript", {"plugin": tmp_path / "x.pt"})


def test_limits():
    """As the README states them: a gibibyte of grid, a mebibyte of settings, 256 of models and tables."""
    assert [limit >> 20 for limit in (files.MODEL, files.TABLE, files.GRID, files.TEXT)] == [256, 256, 1024, 1]


def test_what_is_written_is_whole_or_not_there(tmp_path):
    """A failure leaves the old file and nothing else; a success replaces it."""
    out = tmp_path / "out.txt"
    with files.whole(out) as part:
        part.write_text("old")
    for error, raised in (
        (OSError(28, "No space left on device"), UserError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ):
        with pytest.raises(raised) as caught, files.whole(out) as part:
            part.write_text("half")
            raise error
        assert out.read_text() == "old"
        assert list(tmp_path.iterdir()) == [out]
        if raised is UserError:
            assert str(caught.value) == f"{out}: cannot be written (No space left on device)"
    with pytest.raises(RuntimeError), files.whole(out):  # a fault of ours, unless the library says so with it
        raise RuntimeError("shape")
    with pytest.raises(UserError, match="cannot be written .full"), files.whole(out, RuntimeError):
        raise RuntimeError("full")
    with files.whole(out) as part:
        part.write_text("new")
    assert out.read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]

"""The torchscript engine as a plug-in: where it is looked for, and what is said where it or torch is missing."""

import stat
from importlib.metadata import version
from pathlib import Path

import pytest

from elm_landslide.errors import LandslideError, UserError
from elm_landslide.runtime import compiler, plugin
from elm_landslide.runtime.c_abi import CModel
from support.offline_runs import launch


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A package folder and a user's cache with nothing in them; gives both."""
    package, cache = tmp_path / "package", tmp_path / "cache"
    (package / "lib").mkdir(parents=True)
    cache.mkdir()
    monkeypatch.setattr(plugin, "_PACKAGE", package)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return package, cache


def put(place: Path) -> Path:
    place.parent.mkdir(parents=True)
    place.write_bytes(b"library")
    return place


def test_without_torch_the_engine_says_how_to_get_it(tmp_path):
    code = "import sys; sys.modules['torch'] = None; from elm_landslide.commands.main import main; main()"
    done = launch(0, "run", "--sample", "steep", "--out", tmp_path / "o.nc", "--engine", "torchscript", code=code)
    wanted = "torch is not installed: pip install 'elm-landslide[torch]', then elm-landslide plugin build"
    assert (done.returncode, done.stderr) == (2, f"elm-landslide: engine torchscript: {wanted}\n")
    assert not list(tmp_path.iterdir())
    done = launch(0, "plugin", "build", code=code)
    wanted = "plugin build: torch is not installed: pip install 'elm-landslide[torch]'"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"elm-landslide: {wanted}\n")


def test_a_plug_in_of_another_torch_is_not_taken(elsewhere):
    package, _ = elsewhere
    put(package / "lib" / f"torch-{version('torch')}-000000000000" / plugin.NAME)  # of another source or torch
    with pytest.raises(UserError, match=rf"no plug-in for torch {version('torch').replace('+', '.')}: run elm-"):
        plugin.path()
    mine = put(plugin._places(version("torch"))[0])
    assert plugin.path() == mine


def test_a_package_that_is_read_only_leaves_it_to_the_users_cache(elsewhere, monkeypatch):
    package, cache = elsewhere
    monkeypatch.setattr(plugin, "_writable", lambda folder: cache in folder.parents)  # root may write anywhere
    monkeypatch.setattr(compiler, "build", lambda what, files, out, flags: out.write_bytes(b"library"))
    out = plugin.build()
    assert cache in out.parents
    assert out.exists()
    assert plugin.path() == out
    assert not list((package / "lib").iterdir())


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo 'torch.cpp:1: error: no such thing' >&2; exit 1", "fails: torch.cpp:1: error: no such thing"),
        ("exit 3", "fails: status 3"),
    ],
)
def test_a_compiler_that_fails(tmp_path, monkeypatch, text, said):
    """Its first error in one line; what was there stays."""
    out = put(tmp_path / "there" / plugin.NAME)
    monkeypatch.setenv("CXX", str(script(tmp_path / "compiler", text)))
    with pytest.raises(UserError, match=f"plugin build: .*compiler {said}"):
        plugin.build(out)
    assert out.read_bytes() == b"library"
    assert list(out.parent.iterdir()) == [out]


def test_no_compiler(tmp_path, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="plugin build: no C\\+\\+ compiler: install one .*or set CXX"):
        plugin.build(tmp_path / plugin.NAME)


def test_what_is_compiled_and_how(tmp_path, monkeypatch):
    """Against the headers and libraries of torch itself, which is found again where it is; nothing of CUDA."""
    log = tmp_path / "words"
    copy = script(tmp_path / "compiler", f'printf "%s\\n" "$@" > {log}; while [ $# -gt 1 ]; do shift; done; touch "$1"')
    monkeypatch.setenv("CXX", f"{copy} -march=x86-64")  # options of the user's own may stand in CXX
    out = plugin.build(tmp_path / plugin.NAME)
    words = log.read_text().splitlines()
    import torch

    root = Path(torch.__file__).parent
    assert words[0] == "-march=x86-64"
    assert f"-L{root / 'lib'}" in words
    assert f"-Wl,-rpath,{root / 'lib'}" in words
    assert {str(root / "include"), "-ltorch_cpu", "-lc10", "-shared"} <= set(words)
    assert not [word for word in words if "cuda" in word.lower() or "Config" in word]
    assert out.exists()
    assert not list(tmp_path.glob("*.part"))


def test_out_is_a_folder(tmp_path):
    with pytest.raises(UserError, match="is a folder; give the name of a file"):
        plugin.build(tmp_path)


def test_a_library_that_is_no_plug_in_shows_the_loaders_reason(tmp_path, toy_bytes):
    broken = tmp_path / plugin.NAME
    broken.write_bytes(b"library")
    with pytest.raises(LandslideError, match=f"plugin '{broken}' cannot be loaded: .*(short|header)"):
        CModel(toy_bytes, "torchscript", {"plugin": broken})


def test_the_command_prints_where_it_is():
    done = launch(0, "plugin", "path")
    assert done.returncode == 0
    assert done.stdout == f"{plugin.path()}\n"
    assert Path(done.stdout.strip()).exists()

"""The benchmark gives every figure it promises. Nothing here looks at a time: the machine may be busy."""

import json
import math
import subprocess
from pathlib import Path

import pytest
from driver_support import launch

from elm_landslide import bench
from elm_landslide.errors import UserError

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def program():
    """What `make bench` compiles, without installing anything else."""
    target = "build/bench/landslide_bench"
    subprocess.run(["make", "--quiet", "--old-file", "build/environment", target], cwd=ROOT, check=True)
    return ROOT / target


def test_every_figure_is_there(program, tmp_path):
    out = tmp_path / "bench.json"
    done = launch(0, "bench", "--quick", "--program", program, "--out", out, "--instruction-set", "baseline")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == [out]
    found = json.loads(out.read_text())
    assert found["instruction_set"] == "baseline" and found["cpu"] and found["compiler"] and found["model_sha256"]
    figures = {name for name, value in found.items() if not isinstance(value, str)}
    wanted = {"fma_fraction", "elm_share", "elm_share.shipped", "rss_mb.tile", "rss_mb.torchscript", "us_per_tile"}
    for n in (1, 16, 64):
        wanted |= {f"ratio.{n}"}
        wanted |= {f"{key}.{engine}.{n}" for key in ("us_per_call", "p95_us_per_call") for engine in bench.ENGINES}
    wanted |= {f"simulator.{name}" for name in ("us_per_cell_hour", "twice_cells", "twice_hours", "rss_mb")}
    assert wanted <= figures
    assert found["simulator.storms_per_hour"] == pytest.approx(7200.0 / found["simulator.seconds_per_member"])
    assert all(math.isfinite(found[name]) and found[name] > 0 for name in figures)
    shares = [value for name, value in found.items() if name.startswith("operation_share.")]
    assert len(shares) > 5 and sum(shares) == pytest.approx(1, abs=0.01)
    ratio = found["us_per_call.torchscript.64"] / found["us_per_call.tile.64"]
    assert found["ratio.64"] == pytest.approx(ratio)
    assert found["elm_share.shipped"] == pytest.approx(found["us_per_call.tile.64"] / 64 / 325)
    for text in ("torchscript / tile, 64 columns", "linear layers", "at most 0.005", found["cpu"]):
        assert text in done.stdout


def test_aims_are_met_from_the_right_side():
    found = {"ratio.1": 20.0, "ratio.64": 9.9, "rss_mb.tile": 4.0, "elm_share": 0.0051, "fma_fraction": 0.5}
    assert [met for *_, met in bench.aims(found)] == [True, False, True, True, False]
    assert [aim for _, _, aim, _ in bench.aims(found)][:3] == ["at least 20", "at least 10", "at most 4"]


def refused(tmp_path, *arguments):
    """The one line that the command gives; nothing is written."""
    done = launch(0, "bench", "--quick", *arguments)
    lines = [line for line in done.stderr.splitlines() if line.startswith("elm-landslide: ")]
    assert done.returncode == 2 and len(lines) == 1 and "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.json"))
    return lines[0]


def test_without_the_program_it_says_how_to_get_it(tmp_path):
    line = refused(tmp_path, "--program", tmp_path / "none", "--out", tmp_path / "bench.json")
    assert "none: not there; `make bench`" in line


def test_what_the_program_refuses(program, tmp_path):
    (tmp_path / "bad.pt").write_bytes(b"x" * 1000)
    out = ("--program", program, "--out", tmp_path / "bench.json")
    assert "bad.pt: not a model file" in refused(tmp_path, *out, "--model", tmp_path / "bad.pt")
    assert "instruction_set is 'sse9'" in refused(tmp_path, *out, "--instruction-set", "sse9")


def test_where_nothing_can_be_written(tmp_path):
    out = tmp_path / "none" / "bench.json"
    assert "its folder does not exist" in refused(tmp_path, "--out", out)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="folder: cannot be written"):
        bench.write({}, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]

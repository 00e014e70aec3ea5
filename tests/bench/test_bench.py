"""The benchmark gives every figure it promises. Nothing here looks at a time: the machine may be busy."""

import json
import math

import pytest

from elm_landslide.bench import run as bench
from elm_landslide.errors import UserError
from support.offline_runs import launch


@pytest.mark.long
def test_every_figure_is_there(tmp_path):
    out = tmp_path / "bench.json"
    done = launch(0, "bench", "--quick", "--out", out, "--instruction-set", "baseline")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == [out]
    found = json.loads(out.read_text())
    assert found["instruction_set"] == "baseline"
    assert found["cpu"]
    assert found["compiler"]
    assert found["model_sha256"]
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
    assert len(shares) > 5
    assert sum(shares) == pytest.approx(1, abs=0.01)
    ratio = found["us_per_call.torchscript.64"] / found["us_per_call.tile.64"]
    assert found["ratio.64"] == pytest.approx(ratio)
    assert found["elm_share.shipped"] == pytest.approx(found["us_per_call.tile.64"] / 64 / 325)
    for text in ("torchscript / tile, 64 columns", "linear layers", "at most 0.005", found["cpu"]):
        assert text in done.stdout


def test_aims_are_met_from_the_right_side():
    found = {"ratio.1": 20.0, "ratio.64": 9.9, "rss_mb.tile": 4.0, "elm_share": 0.0051, "fma_fraction": 0.5}
    assert [met for *_, met in bench.aims(found)] == [True, False, True, True, False]
    assert [aim for _, _, aim, _ in bench.aims(found)][:3] == ["at least 20", "at least 10", "at most 4"]


def refused(tmp_path, *arguments, environment=None):
    """The one line that the command gives; nothing is written."""
    done = launch(0, "bench", "--quick", *arguments, environment=environment)
    lines = [line for line in done.stderr.splitlines() if line.startswith("elm-landslide: ")]
    assert done.returncode == 2
    assert len(lines) == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.json"))
    return lines[0]


def test_without_a_compiler_it_says_so(tmp_path):
    line = refused(tmp_path, "--out", tmp_path / "bench.json", environment={"CXX": "no-such-compiler"})
    assert "bench: no-such-compiler does not run (No such file" in line


def test_a_bad_model_is_refused_before_anything_is_compiled(tmp_path):
    (tmp_path / "bad.pt").write_bytes(b"x" * 1000)
    compiler = {"CXX": "no-such-compiler"}
    line = refused(tmp_path, "--out", tmp_path / "b.json", "--model", tmp_path / "bad.pt", environment=compiler)
    assert "bad.pt: landslide_open_bytes: not a model file" in line


def test_where_nothing_can_be_written(tmp_path):
    out = tmp_path / "none" / "bench.json"
    assert "its folder does not exist" in refused(tmp_path, "--out", out)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="folder: cannot be written"):
        bench.write({}, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]

"""Speed and memory of engines and simulator: compiles and runs bench/, and compares with the aims."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from elm_landslide import __version__, files
from elm_landslide.errors import UserError
from elm_landslide.model import model_file
from elm_landslide.runtime import compiler
from elm_landslide.runtime.description import describe
from elm_landslide.runtime.model import settings_text

FLAGS = ["-O", "-std=gnu++17", "-ldl"]  # of E3SM's optimised build: no -march, little optimisation
ENGINES = ("tile", "torchscript")
BATCHES = (1, 16, 64, 256, 1024, 4096, 16384)
ELM_BATCH = 64  # the columns of an ELM clump, in order of magnitude
ELM_MICROSECONDS = 325.0  # of the whole of ELM per soil column and step: measured, 32 cells on two ranks
MEMBERS = 5  # of the largest ensemble
SEED = 20260101

# (key, text, whether the aim is a least value, aim)
AIMS = (
    ("ratio.1", "torchscript / tile, 1 column", True, 20.0),
    ("ratio.64", "torchscript / tile, 64 columns", True, 10.0),
    *((f"ratio.{n}", f"torchscript / tile, {n} columns", True, 5.0) for n in BATCHES if n >= 256),
    ("rss_mb.tile", "memory of the tile engine, MB", False, 4.0),
    ("fma_fraction", "linear layers / bare multiply-add loop", True, 0.5),
    ("elm_share", f"share of ELM's time, {MEMBERS} members", False, 0.005),
    ("simulator.storms_per_hour", "hillslope storms an hour, 2 processes", True, 20000.0),
    ("simulator.rss_mb", "memory of the simulator, MB", False, 2000.0),
    ("simulator.twice_cells", "simulator, cost per cell with twice the cells", False, 1.1),
    ("simulator.twice_hours", "simulator, cost per hour with twice the hours", False, 1.1),
)


def compile_program(out: Path) -> None:
    """Compile landslide_bench with the bridge in it into the file `out`. Raises UserError."""
    bridge = [path for path in compiler.folder("bridge").glob("*.cpp") if path.name != "landslide_torch_engine.cpp"]
    compiler.build("bench", sorted([*compiler.folder("bench").glob("*.cpp"), *bridge]), out, FLAGS)


def run(
    model: Path | str | None = None,
    instruction_set: str = "auto",
    quick: bool = False,
    progress: Callable[[str], object] = lambda what: None,
) -> dict:
    """Measure; gives flat keys, as in bench.json.

    model: path of a model file, the shipped one by default. quick: a few calls, to see that it works. progress: called
    with what is done next. Raises UserError with the program's own message.

    us_per_call.ENGINE.BATCH, p95_...: median and 95th percentile of landslide_run, microseconds. ratio.BATCH: of the
    medians, torchscript / tile. rss_mb.ENGINE: resident memory gained by opening and 64 columns, 1e6 bytes.
    fma_fraction: multiply-adds per second of the linear layers over those of a bare loop. elm_share: time per column
    in batches of 64 over ELM's own, with five members; elm_share.shipped with the model's own. operation_share.KIND:
    of the time of a tile. simulator.*: as simulator.speed.measure.
    """
    model = Path(model) if model else model_file.SHIPPED
    about = describe(model)  # refuses what is not a model before anything is compiled
    found = {"model": model.name, "model_sha256": about["sha256"], "cpu": _cpu(), "elm_landslide": __version__}
    pinned = {"tile": {"instruction_set": instruction_set}, "torchscript": None}
    settings = [settings_text(engine, pinned[engine]) for engine in ENGINES]
    batches = [n for n in BATCHES if n <= ELM_BATCH] if quick else BATCHES
    speed = ["quick"] if quick else []
    with tempfile.TemporaryDirectory() as folder:
        progress("compiling")
        program = Path(folder, "landslide_bench")
        compile_program(program)
        progress("columns")
        columns = Path(folder, "columns.bin")
        _write_columns(columns, max(batches))
        for engine, text in zip(ENGINES, settings, strict=True):
            progress(f"memory, {engine}")
            found[f"rss_mb.{engine}"] = _call(program, "memory", model, columns, text)["rss_mb"]
        progress("calls")
        found |= _call(program, "time", model, columns, _words(batches), *settings, *speed)
        progress("operations")
        found |= _call(program, "operations", model, found["instruction_set"], *speed)
        progress(f"{MEMBERS} members")
        five = Path(folder, "five.pt")
        _write_five_members(model, five)
        five_found = _call(program, "time", five, columns, _words([ELM_BATCH]), settings[0], *speed)
    progress("simulator")
    found |= _simulator(quick)
    key = f"us_per_call.tile.{ELM_BATCH}"
    found["elm_share"] = five_found[key] / ELM_BATCH / ELM_MICROSECONDS
    found["elm_share.shipped"] = found[key] / ELM_BATCH / ELM_MICROSECONDS
    for n in batches:
        found[f"ratio.{n}"] = found[f"us_per_call.torchscript.{n}"] / found[f"us_per_call.tile.{n}"]
    return found


def write(found: dict, out: Path) -> None:
    """Write the JSON file; it appears whole or not at all. Raises UserError."""
    with files.whole(out) as part:
        part.write_text(json.dumps(found, indent=1) + "\n")


def aims(found: dict) -> Iterator[tuple[str, float, str, bool]]:
    """(text, value, aim as text, whether it is met) of every aim that was measured."""
    for key, text, least, aim in AIMS:
        if key in found:
            met = found[key] >= aim if least else found[key] <= aim
            yield text, found[key], f"{'at least' if least else 'at most'} {aim:g}", met


def _call(program: Path, *words) -> dict:
    """What the program prints: numbers where possible, else text."""
    try:
        done = subprocess.run([program.absolute(), *map(str, words)], capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(
            f"bench: {program} does not run ({error.strerror}); set TMPDIR to a folder that allows it"
        ) from None
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"ended with status {done.returncode}"]
        raise UserError(reason[0])
    return {key: _value(value) for key, value in (line.split(" ", 1) for line in done.stdout.splitlines())}


def _simulator(quick: bool) -> dict[str, float]:
    words = [sys.executable, "-m", "elm_landslide.bench.simulator", *(["quick"] if quick else [])]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"simulator: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return json.loads(done.stdout)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _words(batches: Iterable[int]) -> str:
    return ",".join(map(str, batches))


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return os.uname().machine


def _write_columns(path: Path, n: int) -> None:
    """Columns like those of training, for landslide_bench."""
    from elm_landslide.training.sampling import sample_columns

    x = sample_columns(n, SEED).numpy()
    path.write_bytes(np.array([n], "<i8").tobytes() + x.astype("<f8").tobytes("C"))


def _write_five_members(model: Path, path: Path) -> None:
    """A model of five members from those of a model, the repeated ones changed a little; only to measure its cost."""
    from elm_landslide.model.export import export, load_eager
    from elm_landslide.model.network import LandslideNetwork
    from elm_landslide.training.sampling import sample_columns

    few = load_eager(model)
    n = len(few.members)
    state = few.state_dict()
    shared = {name: value for name, value in state.items() if not name.startswith("members.")}
    members = {
        f"members.{i}.{name}": value * (1.0 + 0.01 * (i // n))
        for i in range(MEMBERS)
        for name, value in few.members[i % n].state_dict().items()
    }
    five = LandslideNetwork(MEMBERS, width=state["members.0.0.weight"].shape[0])
    five.load_state_dict(shared | members)
    export(five.eval(), sample_columns(64, SEED), path, {"name": "five members, for their cost"})

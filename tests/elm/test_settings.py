"""landslide_in, and everything that stops a run: one message from the master, all ranks ended, no hang."""

import ctypes
import hashlib
import os
import shutil

import numpy as np
import pytest

from elm_landslide import fields
from elm_landslide.fields import SPVAL
from elm_landslide.model.model_file import SHIPPED
from support import native
from support.stub_elm import HISTORY, Case, World

CURE = "; file and engine are set in user_nl_landslide"
DIGEST = hashlib.sha256(SHIPPED.read_bytes()).hexdigest()


@pytest.fixture
def case(tmp_path, programs):
    return Case(tmp_path / "run", programs("Debug"), World(3, soil=(1, 0, 2, 1)))


def stopped(case, *words, **settings) -> str:
    """The one message of a run on three ranks that must stop before its first step."""
    log = case.run("stopped", ranks=3, ok=False, **settings)
    messages = [line for line in log.splitlines() if "ERROR: ELM-Landslide:" in line]
    ours, elms = sorted(messages)  # e3sm.log's, and that of ELM's endrun
    assert elms.removeprefix("ENDRUN:").strip() == ours.strip() != elms.strip(), log
    for word in words:
        assert word in ours, (word, ours)
    assert not list((case.folder / "stopped").iterdir())
    return ours


def test_no_file_is_off(case):
    (case.folder / "landslide_in").unlink()
    log = case.run("out", ranks=2)
    assert "ELM-Landslide is off: no file landslide_in" in log
    assert not list((case.folder / "out").iterdir())  # no history field


def test_switched_off(case):
    case.settings(use_landslide=".false.", landslide_model="'no such file'")
    assert "ELM-Landslide is off: use_landslide = .false." in case.run("out", ranks=2)


def test_the_summary_line(case):
    case.settings(use_landslide=".true.", landslide_sha256=f"'{DIGEST}'", landslide_instruction_set="'baseline'")
    lines = [line for line in case.run("out", ranks=2).splitlines() if "ELM-Landslide: model" in line]
    assert len(lines) == 1
    for word in (
        "landslide.pt",
        DIGEST,
        "engine tile",
        "instruction set baseline",
        "root_carbon",
        "soil_moisture_offset",
    ):
        assert word in lines[0], word
    case.run("cn", use_cn=True)
    lines = [line for line in case.run("cn", use_cn=True).splitlines() if "ELM-Landslide: model" in line]
    assert "root_carbon" not in lines[0]


def test_the_template_runs_as_it_is(case):
    template = native.REPOSITORY / "cime_config" / "landslide_in.template"
    shutil.copy(template, case.folder / "landslide_in")
    case.run("out")
    case.settings(use_landslide=".true.")
    case.run("other")
    case.same_history("out", "other")


WRONG = {
    "an unknown name": ("use_landslid = .true.", "line 2", "use_landslid = .true.", "landslide_engine"),
    "a bad logical": ("use_landslide = yes please", "line 2", "use_landslide = yes please", ".true. or .false."),
    "a bad engine": ("landslide_engine = 'fast'", "line 2", "'fast'", "tile torchscript"),
    "a bad instruction set": ("\nlandslide_instruction_set = 'sse'", "line 3", "auto baseline avx2 avx512"),
    "a bad choice": ("landslide_invalid = 'ignore'", "line 2", "flag stop"),
    "a short digest": ("landslide_sha256 = 'abc'", "line 2", "64 hexadecimal digits"),
    "an interval that is no part of the day": ("landslide_interval = 7000", "line 2", "divides the day"),
    "a negative interval": ("landslide_interval = -3600", "line 2", "landslide_interval"),
    "an interval with a fraction": ("landslide_interval = 3600.5", "line 2", "landslide_interval = 3600.5"),
    "a negative rate": ("landslide_base_rate = -1", "line 2", "between 0 and 100"),
    "an infinite rate": ("landslide_base_rate = inf", "line 2", "between 0 and 100"),
    "no number as a rate": ("landslide_base_rate = nan", "line 2", "between 0 and 100"),
    "an empty model": ("landslide_model = ' '", "line 2", "landslide_model is empty"),
    "a path without quotes": ("landslide_model = /a/b.pt", "line 2", "put a path in quotes"),
    "two on a line, one bad": ("use_landslide = .true., landslide_engine = 'x'", "line 2", "'x'"),
}


@pytest.mark.parametrize(("line", "words"), [(v[0], v[1:]) for v in WRONG.values()], ids=WRONG)
def test_a_wrong_line_is_named(case, line, words):
    case.text(f"{line}\n")
    stopped(case, "landslide_in, ", *words)


def test_a_group_without_an_end(case):
    (case.folder / "landslide_in").write_text("&landslide_inparm\nuse_landslide = .true.\n")
    stopped(case, "has no end", "a line /")


def test_another_group(case):
    (case.folder / "landslide_in").write_text("&elm_inparm\n/\n")
    stopped(case, "has no group &landslide_inparm", "landslide_in.template")


def test_comments_case_and_spaces(case):
    (case.folder / "landslide_in").write_text(
        "! about / quotes ' and the rest\n&elm_inparm\n use_cn = .true.\n/\n\n  &landslide_inparm  ! mine\n"
        "\tUse_Landslide = T ! on / off\n landslide_model = 'landslide.pt' ! it's / here\n\n /\nafter / it\n"
    )
    case.run("out")
    assert (case.history("out", "LANDSLIDE_PROB")[:, case.world.is_soil] < SPVAL).all()


def test_instances(case):
    """With a suffix the instance reads its own file."""
    case.settings(use_landslide=".false.")
    case.settings("_0002", use_landslide=".true.")
    case.run("out", inst_suffix="_0002")
    assert sorted({p.name.split(".")[0] for p in (case.folder / "out").iterdir()}) == sorted(HISTORY)
    case.settings("_0002", use_landslide="maybe")
    stopped(case, "landslide_in_0002, line 2", inst_suffix="_0002")


def test_a_missing_model(case):
    (case.folder / "landslide.pt").unlink()
    stopped(case, "landslide.pt: ", "No such file", CURE)


def test_a_model_that_is_no_file(case):
    """A pipe is not waited for, and of four gigabytes nothing is read."""
    model = case.folder / "landslide.pt"
    model.unlink()
    os.mkfifo(model)
    stopped(case, "landslide.pt: not a regular file", CURE)
    model.unlink()
    model.touch()
    stopped(case, "landslide.pt: not a regular file, or an empty one", CURE)
    with model.open("wb") as file:
        file.truncate(1 << 32)
    stopped(case, f"landslide.pt: has 4294967296 bytes, more than the {fields.MODEL_BYTES} of", CURE)
    model.unlink()
    model.mkdir()
    stopped(case, "landslide.pt: ", "directory", CURE)


def test_a_corrupted_model(case):
    data = bytearray((case.folder / "landslide.pt").read_bytes())
    data[len(data) // 2] ^= 255
    (case.folder / "landslide.pt").write_bytes(data)
    stopped(case, "landslide.pt: landslide_open_bytes: entry ", CURE)


def test_the_model_file_is_read_once(case):
    """By one of three ranks, which broadcasts its bytes."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch, opened, event_size = libc.inotify_init(), 0x20, 16  # IN_OPEN
    try:
        assert libc.inotify_add_watch(watch, os.fsencode(case.folder / "landslide.pt"), opened) >= 0
        case.run("out", ranks=3)
        assert len(os.read(watch, 100 * event_size)) == event_size
    finally:
        os.close(watch)


def test_another_model_than_the_pinned_one(case):
    case.settings(use_landslide=".true.", landslide_sha256=f"'{'0' * 64}'")
    stopped(case, "landslide.pt", DIGEST, "0" * 64)


def test_no_plugin(case):
    case.settings(use_landslide=".true.", landslide_engine="'torchscript'", landslide_plugin="'/no/such.so'")
    stopped(case, "/no/such.so")


def test_the_torchscript_engine(case):
    """The other engine through its plug-in, from the same glue: the same results to the stated tolerance."""
    case.run("tile")
    plugin = native.PLUGIN
    case.settings(use_landslide=".true.", landslide_engine="'torchscript'", landslide_plugin=f"'{plugin}'")
    log = case.run("torch", ranks=2)
    assert "engine torchscript" in log
    for name in HISTORY:
        np.testing.assert_allclose(case.history("torch", name), case.history("tile", name), rtol=1e-9, atol=1e-12)


def test_an_interval_between_steps(case):
    case.settings(use_landslide=".true.", landslide_interval=2700)
    stopped(case, "landslide_interval is 2700 s", "time step of 1800 s", "user_nl_landslide")


def test_no_slope_percentiles(case):
    (case.folder / "surfdata" / "SLP_P10").unlink()
    stopped(case, "no SLP_P10 in surfdata", "landslide_static", "cime_config/README.md")


def test_another_file_for_the_slope(case):
    case.run("steep")
    (case.folder / "static").mkdir()
    flat = 0.2 * case.world.slope
    flat.astype(">f8").tofile(case.folder / "static" / "SLP_P10")
    case.settings(use_landslide=".true.", landslide_static="'static'")
    case.run("flat")
    soil = case.world.is_soil
    steep, flat = (case.history(out, "LANDSLIDE_FOS")[:, soil] for out in ("steep", "flat"))
    assert (flat > steep).all()


def test_other_layers(case):
    zisoi = np.fromfile(case.folder / "state" / "zisoi", ">f8")
    zisoi[4] += 0.01
    zisoi.tofile(case.folder / "state" / "zisoi")
    stopped(case, "layer")


def test_stop_at_an_invalid_column(case):
    path = case.folder / "state" / "zwt"
    zwt = np.fromfile(path, ">f8").reshape(4, -1)
    zwt[2, np.flatnonzero(case.world.is_soil)[2]] = SPVAL
    zwt.tofile(path)
    case.run("flagged")
    case.settings(use_landslide=".true.", landslide_invalid="'stop'")
    log = case.run("out", ranks=2, ok=False)
    message = next(line for line in log.splitlines() if "ERROR: ELM-Landslide:" in line)
    assert "water_table_depth" in message
    assert "lat   42.000, lon  282.000" in message
    assert len(case.history("out", "LANDSLIDE_PROB")) == 2  # the steps before

"""Every kind of bad input in one table: one line on stderr that says what to do, status 2, and nothing written.

A case changes the good files or arguments of `Good` and lists what the line has to say.
"""

import io
import zipfile

import netCDF4
import numpy as np
import pytest

from elm_landslide import fields
from elm_landslide.model.model_file import SHIPPED
from support import elm_files
from support.offline_runs import launch


class Good:
    """Files and options of a run that works; a case spoils them."""

    def __init__(self, folder):
        self.folder = folder
        self.case = elm_files.Case(folder)
        self.options = {
            "history": self.case.h1,
            "constants": self.case.h0,
            "surface": self.case.surface,
            "out": folder / "results" / "out.nc",
        }
        self.more = ()
        (folder / "results").mkdir()

    def arguments(self):
        options = {name: value for name, value in self.options.items() if value is not None}
        return ("run", *(word for name, value in options.items() for word in (f"--{name}", value)), *self.more)

    def model(self, content: bytes):
        self.options["model"] = self.folder / "bad.pt"
        self.options["model"].write_bytes(content)


def lacks(*names):
    """The history file without some variables."""

    def spoil(good):
        with netCDF4.Dataset(str(good.case.h1), "a") as file:
            for name in names:
                file.renameVariable(name, f"OTHER_{name}")

    return spoil


def units(which, name, unit):
    def spoil(good):
        with netCDF4.Dataset(str(getattr(good.case, which)), "a") as file:
            file[name].units = unit

    return spoil


def values(which, name, change):
    """A variable of a file with other values: change(values)."""

    def spoil(good):
        with netCDF4.Dataset(str(getattr(good.case, which)), "a") as file:
            file[name][:] = change(file[name][:])

    return spoil


def option(**options):
    """Other options; a text is formatted with the folder."""

    def spoil(good):
        good.options |= {k: v.format(folder=good.folder) if isinstance(v, str) else v for k, v in options.items()}

    return spoil


def words(*more):
    def spoil(good):
        good.more = more

    return spoil


def model(change):
    """The shipped model with other bytes."""

    def spoil(good):
        good.model(change(SHIPPED.read_bytes()))

    return spoil


def altered(content: bytes) -> bytes:
    """One byte of the network's weights, the largest entry of the archive's data folder, is another."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [archive.read(name) for name in archive.namelist() if "/data/" in name]
    largest = max(entries, key=len)
    at = content.index(largest) + len(largest) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def another_schema(content: bytes) -> bytes:
    from support import toy

    first, rest = fields.schema_table().split("\n", 1)
    assert first == f"landslide_schema {fields.SCHEMA_VERSION}"
    return toy.model_bytes(schema=f"landslide_schema 99\n{rest}")


def text(name):
    """An input file that is not netCDF."""

    def spoil(good):
        good.options[name] = good.folder / "text.nc"
        good.options[name].write_text("not netCDF")

    return spoil


def second_history(first, n=4):
    """One more history file, of n records from day `first` on; that of the case ends with 10.25 ... 12.0."""

    def spoil(good):
        times, bounds = elm_files.hourly(n, first)
        path = good.folder / "second.elm.h1.nc"
        elm_files.write_history(path, "unstructured", elm_files.states(n), times, bounds)
        good.more = ("--history", path)

    return spoil


def other_axis(good):
    second_history(12.25)(good)
    with netCDF4.Dataset(str(good.more[1]), "a") as file:
        file["time"].calendar = "360_day"


def rain_of(which, rename=False, **attributes):
    """--rain with a file of the case, its RAIN renamed or given other attributes."""

    def spoil(good):
        path = getattr(good.case, which)
        with netCDF4.Dataset(str(path), "a") as file:
            file["RAIN"].setncatts(attributes)
            if rename:
                file.renameVariable("RAIN", "SNOW")
        good.more = ("--rain", path)

    return spoil


def blocked(good):
    (good.folder / "file").write_text("in the way")
    good.options["out"] = good.folder / "file" / "out.nc"


def existing(good):
    good.options["out"].write_text("precious")


def onto_an_input(good):
    good.options["out"] = good.case.h1
    good.more = ("--overwrite",)


def no_records(good):
    good.options["history"] = elm_files.write_history(
        good.folder / "empty.elm.h1.nc", "unstructured", elm_files.states(0), [], np.empty((0, 2))
    )


def damaged(good):
    """A chunk of a compressed history variable is overwritten."""
    path = good.folder / "damaged.elm.h1.nc"
    with netCDF4.Dataset(str(good.case.h1)) as old, netCDF4.Dataset(str(path), "w") as new:
        for name, dim in old.dimensions.items():
            new.createDimension(name, len(dim))
        for name, variable in old.variables.items():
            copy = new.createVariable(name, variable.dtype, variable.dimensions, fletcher32=name == "ZWT")
            copy.setncatts({a: variable.getncattr(a) for a in variable.ncattrs() if a != "_FillValue"})
            copy[:] = variable[:]
        stored = old["ZWT"][:].tobytes()
    content = path.read_bytes()
    assert content.count(stored) == 1
    path.write_bytes(content.replace(stored, stored[:-1] + b"?"))
    good.options["history"] = path


# Name, what to change, what the line must say.
INPUTS = [
    *(
        (
            f"history lacks {name}",
            lacks(name, *others),
            (".elm.h1.nc: no variable", f"no variable {name},", f"which {field} needs", f"hist_fincl2 = '{name}'"),
        )
        for name, others, field in (
            ("ZWT", (), "water_table_depth"),
            ("SOILLIQ", ("H2OSOI",), "liquid_water"),
            ("SOILICE", (), "ice"),
            ("QOVER", (), "surface_runoff"),
            ("QDRAI", (), "subsurface_drainage"),
            ("QDRAI_PERCH", (), "subsurface_drainage"),
            ("TLAI", (), "leaf_area_index"),
        )
    ),
    (
        "history lacks QINFL and QTOPSOIL",
        lacks("QINFL"),
        ("no variable QTOPSOIL,", "or QINFL and QOVER", "hist_fincl2"),
    ),
    (
        "history of another unit",
        units("h1", "SOILLIQ", "mm3/mm3"),
        ("h1.nc: SOILLIQ has units 'mm3/mm3', wanted 'kg/m2'",),
    ),
    ("constants of another unit", units("h0", "WATSAT", "%"), ("h0.nc: WATSAT has units '%', wanted 'mm3/mm3'",)),
    ("rain of another unit", units("h0", "RAIN", "mm/day"), ("h0.nc: RAIN has units 'mm/day', wanted 'mm/s'",)),
    (
        "surface of another unit",
        units("surface", "SLP_P10", "degrees"),
        ("SLP_P10 has units 'degrees', wanted 'km km^-1'",),
    ),
    ("history missing", option(history="{folder}/no.nc"), ("no.nc: cannot be read as netCDF (No such file",)),
    ("no history matches", option(history="{folder}/no_*.nc"), ("no_*.nc: no such file",)),
    ("history not given", option(history=None), ("give --history and --surface",)),
    ("history not netCDF", text("history"), ("text.nc: cannot be read as netCDF",)),
    ("history damaged", damaged, ("damaged.elm.h1.nc: ZWT cannot be read",)),
    ("history without records", no_records, ("empty.elm.h1.nc: holds no record",)),
    (
        "history twice",
        second_history(10.25, 8),
        ("second.elm.h1.nc: time 10.25 does not come after", "give each record once"),
    ),
    (
        "histories overlap",
        second_history(11.75),
        ("second.elm.h1.nc: time 11.75 does not come after 12", "give each record once"),
    ),
    ("time bounds overlap", second_history(12.125), ("second.elm.h1.nc: time 12.125", "time bounds overlap")),
    ("time runs backwards", values("h1", "time", lambda t: t[::-1]), (".h1.nc: time 12 of record 0 lies outside",)),
    ("time is not a number", values("h1", "time", lambda t: t * np.nan), ("h1.nc: time nan of record 0 is missing",)),
    (
        "another time axis",
        other_axis,
        ("second.elm.h1.nc: its calendar is '360_day', that of the history 'noleap'",),
    ),
    ("constants missing", option(constants="{folder}/no.elm.h0.nc"), ("no.elm.h0.nc: cannot be read as netCDF",)),
    ("constants not given", option(constants=None), ("no variable DZSOI", "WATSAT, SUCSAT, BSW", "--constants")),
    ("constants not netCDF", text("constants"), ("text.nc: cannot be read as netCDF",)),
    (
        "other layers",
        values("h0", "DZSOI", lambda dz: dz * 1.01),
        ("h0.nc: DZSOI: ", "layer interface", "schema"),
    ),
    (
        "rain instantaneous",
        rain_of("h1"),
        ("h1.nc: RAIN is instantaneous (cell_methods 'time: point')", "hist_fincl2", "hist_avgflag_pertape = 'A'"),
    ),
    (
        "rain a maximum",
        rain_of("h0", cell_methods="time: maximum"),
        ("h0.nc: RAIN is not a time mean (cell_methods 'time: maximum')", "hist_fincl1"),
    ),
    (
        "rain not there",
        rain_of("h0", rename=True),
        ("h0.nc: no variable RAIN", "hist_fincl1", "hist_avgflag_pertape = 'A'"),
    ),
    ("surface missing", option(surface="{folder}/no.nc"), ("no.nc: cannot be read as netCDF",)),
    ("surface not given", option(surface=None), ("give --history and --surface",)),
    ("surface not netCDF", text("surface"), ("text.nc: cannot be read as netCDF",)),
    (
        "surface on another grid",
        values("surface", "LATIXY", lambda lat: lat + 0.5),
        ("surface_unstructured.nc: no cell at lat 40.25, lon 282.75", "another grid"),
    ),
    (
        "surface is a history file",
        lambda good: good.options.update(surface=good.case.h1),
        ("h1.nc: no variable LATIXY: not an ELM surface dataset",),
    ),
    (
        "cover does not sum",
        values("surface", "PCT_NAT_PFT", lambda pft: pft / 2),
        ("PCT_NAT_PFT is 50 at lat 40.25, lon 282.75", "summed, wanted 100"),
    ),
    ("model missing", option(model="{folder}/no.pt"), ("no.pt: No such file or directory",)),
    ("model is a folder", option(model="{folder}"), ("is a folder; give a regular file",)),
    ("model empty", model(lambda content: b""), ("bad.pt: ", "not a model file")),
    ("model is another file", model(lambda content: b"x" * 5000), ("bad.pt: ", "not a model file")),
    ("model truncated", model(lambda content: content[:-1000]), ("bad.pt: ", "truncated")),
    ("model altered", model(altered), ("bad.pt: ", "is damaged: its CRC-32 does not match")),
    (
        "model of another schema",
        model(another_schema),
        ("bad.pt: ", "has 'landslide_schema 99'", f"this build has 'landslide_schema {fields.SCHEMA_VERSION}'"),
    ),
    ("engine unknown", words("--engine", "magic"), ("--engine", "'magic' is not one of 'tile', 'torchscript'")),
    (
        "engine with a semicolon",
        words("--engine", "tile;threads=2"),
        ("'tile;threads=2' is not one of 'tile', 'torchscript'",),
    ),
    (
        "instruction set unknown",
        words("--instruction-set", "sse9"),
        ("--instruction-set", "'sse9' is not one of 'auto', 'baseline', 'avx2', 'avx512'"),
    ),
    ("--set of no field", words("--set", "roots=0"), ("--set roots: no such field; the fields are liquid_water, ice",)),
    ("--set without value", words("--set", "slope"), ("--set slope: wanted FIELD=NUMBER",)),
    ("--set out of range", words("--set", "root_fraction=2"), ("--set root_fraction=2: wanted a value from 0 to 1",)),
    ("--set not a number", words("--set", "slope=nan"), ("--set slope=nan: wanted a value from 0 to 6 m/m",)),
    ("an unknown option", words("--histories", "h1.nc"), ("No such option", "--histories")),
    ("a word too many", words("h1.nc"), ("unexpected extra argument", "h1.nc")),
    ("sample and files", words("--sample", "steep"), ("--sample takes the place of the files",)),
    (
        "sample unknown",
        lambda good: (option(history=None, constants=None, surface=None)(good), words("--sample", "alps")(good)),
        ("--sample", "'alps' is not one of 'susquehanna', 'steep'"),
    ),
    ("output exists", existing, ("out.nc: exists; use --overwrite",)),
    (
        "output folder missing",
        option(out="{folder}/no/out.nc"),
        ("no/out.nc: its folder does not exist; make it first",),
    ),
    ("output folder is a file", blocked, ("file/out.nc: its folder does not exist",)),
    (
        "output is a folder",
        lambda good: (option(out="{folder}/results")(good), words("--overwrite")(good)),
        ("results: is not a file",),
    ),
    ("output is an input", onto_an_input, ("h1.nc: is one of the inputs; give another name",)),
]
ON_RANKS = {"history lacks ZWT", "surface on another grid", "model altered", "other layers", "engine unknown"}


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_good_files_run(tmp_path):
    good = Good(tmp_path)
    done = launch(0, *good.arguments())
    assert done.returncode == 0
    assert "elm-landslide:" not in done.stderr
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["out.nc"]


@pytest.mark.parametrize(
    ("n_ranks", "spoil", "said"),
    [pytest.param(0, *case[1:], id=case[0]) for case in INPUTS]
    + [pytest.param(2, *case[1:], id=f"{case[0]}, 2 ranks") for case in INPUTS if case[0] in ON_RANKS],
)
def test_bad_input_is_one_line_status_2_and_nothing_written(tmp_path, n_ranks, spoil, said):
    good = Good(tmp_path)
    spoil(good)
    before = snapshot(tmp_path)
    done = launch(n_ranks, *good.arguments())
    lines = done.stderr.splitlines()
    if n_ranks:  # mpirun adds its own
        assert "Traceback" not in done.stderr
        lines = [line for line in lines if line.startswith("elm-landslide: ")]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("elm-landslide: "), done.stderr
    for words_said in said:
        assert words_said in lines[0]
    assert n_ranks or done.stdout == ""
    assert snapshot(tmp_path) == before


FULL_DISK = """
import resource, signal
from mpi4py import MPI  # whose own files are not what is tested
from elm_landslide.commands.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, before[1]))
try:
    main()
finally:  # coverage writes its file at the end
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
"""


@pytest.mark.parametrize("size", [100, 20_000])
def test_a_full_disk_leaves_nothing(tmp_path, size):
    good = Good(tmp_path)
    done = launch(0, *good.arguments(), code=FULL_DISK.format(size=size))
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("record ")]
    assert len(lines) == 1
    assert "out.nc: cannot be written" in lines[0]
    assert not list((tmp_path / "results").iterdir())

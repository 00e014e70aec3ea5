"""The glue and the offline driver give the same bits for the same columns."""

import netCDF4
import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.fields import FIELDS, FLAGS, OUTPUTS
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.inputs import Inputs
from elm_landslide.runtime import replay
from elm_landslide.runtime.fortran import FortranModel
from elm_landslide.static import output
from elm_landslide.static.elm_grid import ElmGrid
from support.stub_elm import World
from support.stub_history import DTIME, history_files


def world_of_one_cover() -> World:
    world = World(8 * 86400 // DTIME, soil=(1, 1, 1, 1))
    half = world.values["wtcol"]
    half[:] = half[:1]  # the offline driver knows one cover
    dead = half[0, 0] == 0
    for name in ("tlai", "frootc", "livecrootc", "deadcrootc"):
        world.values[name] = np.where(dead, 1e36, world.values[name].clip(None, 1e5))
    return world


def compare(case, inputs: Inputs) -> None:
    """Inputs, outputs, flags and history of a run of the stand-in ELM with those of the offline run."""
    world = case.world
    columns = Columns(inputs)
    try:
        with FortranModel(SHIPPED) as component:
            elm_records = list(replay.read(case.folder / "landslide_record.0.1.bin"))
            assert len(elm_records) == len(columns.records) == world.n_steps + 1
            flags = set()
            for step, (ours, theirs) in enumerate(zip(elm_records, columns.records, strict=True)):
                x = columns.x(theirs)
                for name, f in FIELDS.items():
                    got, wanted = ours.x[:, f.columns], x[:, f.columns]
                    np.testing.assert_array_equal(got, wanted, err_msg=f"step {step}: {name}")
                y, flag = component.run(x)
                np.testing.assert_array_equal(np.asfortranarray(ours.y).view("i8"), y.view("i8"))
                np.testing.assert_array_equal(ours.flag, flag)
                flags |= set(flag.tolist())
                for o in OUTPUTS.values():
                    written = case.history("out", o.history)[step][world.is_soil]
                    np.testing.assert_array_equal(written.astype("f8").view("i8"), y[:, o.index].view("i8"))
    finally:
        columns.close()
    assert flags - {FLAGS["invalid"]}


@pytest.mark.parametrize("use_cn", [False, True], ids=["SP", "CN"])
def test_the_same_columns(elm, use_cn, tmp_path):
    world = world_of_one_cover()
    case = elm(world)
    case.text("use_landslide = .true.\nlandslide_record = .true.\n")
    case.run("out", dtime=DTIME, use_cn=use_cn)
    history, surface = history_files(world, tmp_path, use_cn)
    compare(case, Inputs([history], surface))


def test_the_same_columns_with_a_static_file(elm, tmp_path):
    """One file, as elm-landslide static writes it, for the two: each variable missing in another of its cells."""
    world = world_of_one_cover()
    case = elm(world)
    draw, n = np.random.default_rng(3), len(world.soil)
    variables = [
        output.Variable("SLP_P10", np.sort(draw.uniform(0.0, 2.0, (n, 11))), "m/m", "slope", ("nlevslp",)),
        output.Variable("PCT_SAND", draw.uniform(0.0, 50.0, (n, 10)), "%", "sand", ("nlevsoi",)),
        output.Variable("PCT_CLAY", draw.uniform(0.0, 50.0, (n, 10)), "%", "clay", ("nlevsoi",)),
        output.Variable("aveDTB", draw.uniform(0.2, 20.0, n), "m", "depth"),
    ]
    for cell, variable in enumerate(variables):
        variable.values[cell] = np.nan
    grid = ElmGrid(
        ("gridcell",), (n,), world.values["lat"], world.values["lon"], np.zeros((n, 4, 2)), np.ones(n, dtype=bool)
    )
    static = tmp_path / "static.nc"
    output.write(static, grid, variables, {})
    (case.folder / "static").mkdir()
    with netCDF4.Dataset(str(static)) as written:
        written.set_auto_maskandscale(False)
        for name, variable in written.variables.items():
            variable[:].astype(">f8").tofile(case.folder / "static" / name)
    case.text("use_landslide = .true.\nlandslide_record = .true.\nlandslide_static = 'static'\n")
    case.run("out", dtime=DTIME)
    history, surface = history_files(world, tmp_path, False)
    compare(case, Inputs([history], surface, static=static))


def test_replay(elm, tmp_path):
    """The command finds no difference in a run's records, and finds one where a bit is changed."""
    world = World(20, soil=(1, 0, 2, 3))
    case = elm(world)
    case.text("use_landslide = .true.\nlandslide_record = .true.\n")
    case.run("out", ranks=2, threads=2)
    files = sorted(case.folder.glob("landslide_record.*.bin"))
    assert len(files) == 3  # the fourth clump has no soil
    done = CliRunner().invoke(app, ["replay", *map(str, files)])
    assert done.exit_code == 0, done.output
    assert "every output and flag has the same bits" in done.output, done.output
    assert f"{21 * 6} column steps" in done.output
    data = bytearray(files[0].read_bytes())
    data[-13 - 4 * world.soil[0]] ^= 1  # in the last output
    changed = tmp_path / "changed.bin"
    changed.write_bytes(data)
    done = CliRunner().invoke(app, ["replay", str(changed)])
    assert done.exit_code == 1, done.output
    assert "different   " in done.output, done.output
    changed.write_bytes(data[:-2])
    done = CliRunner().invoke(app, ["replay", str(changed)])
    assert done.exit_code == 2
    assert "ends within a record" in done.output + done.stderr
    changed.write_bytes(b"nonsense")
    done = CliRunner().invoke(app, ["replay", str(changed)])
    assert done.exit_code == 2
    assert "not a record" in done.output + done.stderr

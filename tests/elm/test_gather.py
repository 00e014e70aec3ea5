"""What the glue hands to the network, against the same quantities put together from the state in numpy."""

import numpy as np
import pytest

from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.runtime import replay
from elm_landslide.runtime.root_memory import RootMemory
from support.elm_files import DZ
from support.stub_elm import World

DAYS = 8


def inputs(case) -> np.ndarray:
    """x of all soil columns in their order, (steps, columns, N_IN); one rank and thread."""
    return np.stack([r.x for r in replay.read(case.folder / "landslide_record.0.1.bin")])


def windows(rates, dtime: int, days: int) -> np.ndarray:
    """Rain (mm) over the days up to each step; SPVAL where the run is not that long. rates: mm/s, (steps, ...).

    The component keeps the total at whole hours; between two of them the oldest rain counts as uniform.
    """
    total = np.cumsum(np.concatenate([np.zeros_like(rates[:1]), rates[1:]]) * dtime, axis=0)  # step 0 only starts up
    out = np.full(total.shape, SPVAL)
    seconds = dtime * np.arange(len(rates))

    def at(time):
        step, part = divmod(time, dtime)
        return total[step] + (total[step + 1] - total[step]) * (part / dtime) if part else total[step]

    for step, now in enumerate(seconds):
        start = now - days * 86400
        if start < 0:
            continue
        hour, part = divmod(start, 3600)
        older = at(3600 * hour)
        out[step] = total[step] - (older + (at(3600 * (hour + 1)) - older) * (part / 3600) if part else older)
    return out


def soil(world, name):
    return world.values[name][..., world.is_soil]


@pytest.fixture(params=[False, True], ids=["SP", "CN"])
def recorded(request, elm):
    world = World(DAYS * 48, soil=(1, 2, 1), topounits=2)
    case = elm(world)
    case.text("use_landslide = .true.\nlandslide_record = .true.\n")
    case.run("out", use_cn=request.param)
    return world, inputs(case), request.param


def test_every_field(recorded):
    world, x, use_cn = recorded
    n = world.n_steps + 1
    topounit = (world.cell * world.topounits + world.topounit - 1)[world.is_soil]
    deeper = np.minimum(np.arange(10)[:, None], world.values["nlevbed"][world.is_soil] - 1)

    def texture(name):
        values = world.values[name][0][:, world.is_soil]
        return np.take_along_axis(values, deeper, axis=0)[None]

    def carbon(values):
        return values / 1000.0 if use_cn else np.full(values.shape, SPVAL)

    roots = world.column_mean("frootc") + world.column_mean("livecrootc") + world.column_mean("deadcrootc")
    covers = {}
    for name, first, last in (("tree", 1, 8), ("shrub", 9, 11), ("grass", 12, 14), ("crop", 15, 16)):
        kept = (world.itype >= first) & (world.itype <= last)
        sums = np.zeros((n, 1, world.is_soil.size))
        np.add.at(sums, (..., world.patch_column), np.where(kept, world.values["wtcol"], 0.0))
        covers[f"{name}_cover"] = sums[..., world.is_soil]
    wanted = {
        "liquid_water": soil(world, "h2osoi_liq")[:, :10] / (1000.0 * DZ[:10, None]),
        "ice": soil(world, "h2osoi_ice")[:, :10] / (917.0 * DZ[:10, None]),
        "root_fraction": world.column_mean("rootfr")[:, :10, world.is_soil],
        "porosity": soil(world, "watsat")[:, :10],
        "sucsat": soil(world, "sucsat")[:, :10],
        "bsw": soil(world, "bsw")[:, :10],
        "sand": texture("cellsand"),
        "clay": texture("cellclay"),
        "water_table_depth": soil(world, "zwt"),
        "perched_water_table_depth": soil(world, "zwt_perched"),
        "frost_table_depth": soil(world, "frost_table"),
        "surface_runoff": soil(world, "qflx_surf") + soil(world, "qflx_h2osfc_surf"),
        "subsurface_drainage": soil(world, "qflx_drain") + soil(world, "qflx_drain_perched"),
        "water_input": soil(world, "qflx_top_soil"),
        "snowmelt": soil(world, "qflx_snomelt"),
        "leaf_area_index": world.column_mean("tlai")[..., world.is_soil],
        **covers,
        "vegetation_carbon": carbon(soil(world, "totvegc")),
        "root_carbon": carbon(roots[..., world.is_soil]),
        "bedrock_depth": world.values["zibed"][world.is_soil][None, None],
        "slope": world.slope.reshape(11, world.topounits, -1)[
            :, (world.topounit - 1)[world.is_soil], world.cell[world.is_soil]
        ][None],  # fmt: skip
    }
    rain = world.values["rain"][:, 0][:, topounit]
    for days in (1, 3, 7):
        wanted[f"rain_{days}d"] = windows(rain, 1800, days)[:, None]
    expected = np.full(x.shape, SPVAL)
    for name, values in wanted.items():
        columns = FIELDS[name].columns
        expected[:, :, columns] = np.broadcast_to(values.transpose(0, 2, 1), expected[:, :, columns].shape)
    woody = ((world.itype >= first) & (world.itype <= last) for first, last in ((1, 8), (9, 11)))
    coarse = [
        carbon((world.column_mean("livecrootc", kept) + world.column_mean("deadcrootc", kept))[:, 0, world.is_soil])
        for kept in woody
    ]
    remember(expected, np.stack(coarse, axis=-1))
    for name, f in FIELDS.items():
        got, want = (np.ascontiguousarray(values[:, :, f.columns]) for values in (x, expected))
        if name in ("tree_ground", "shrub_ground", "vegetation_left", "root_fraction", "root_carbon"):
            # The memory is compiled with ELM's options here: its last digit may differ.
            np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15, err_msg=name)
            continue
        np.testing.assert_array_equal(got.view("i8"), want.view("i8"), err_msg=name)
    assert (expected[-1, :, FIELDS["tree_ground"].offset] < SPVAL).any()


def remember(x, coarse):
    """Put into x (steps, columns, N_IN) what half-hour steps leave in the memory of roots."""
    memory = RootMemory(x.shape[1])
    for i, step in enumerate(x):
        given = np.asfortranarray(step)
        if i == 0:
            memory.advance(0.0, given, coarse_carbon=coarse[0])
        memory.advance(1800.0 / (365.0 * 86400.0) if i else 0.0, given, coarse_carbon=coarse[i])
        memory.ground(given)
        step[:] = given


@pytest.mark.parametrize("dtime", [900, 1800, 7200])
def test_rain_of_any_step(elm, dtime):
    """Windows of steps shorter and longer than the hour between the marks; rain in every step."""
    world = World(4 * 86400 // dtime, soil=(1,))
    world.values["rain"] = np.random.default_rng(3).integers(0, 64, world.values["rain"].shape) * 2.0**-14
    case = elm(world)
    case.text("use_landslide = .true.\nlandslide_record = .true.\n")
    case.run("out", dtime=dtime)
    x = inputs(case)[:, 0]
    for days in (1, 3):
        wanted = windows(world.values["rain"][:, 0, 0], dtime, days)
        np.testing.assert_array_equal(x[:, FIELDS[f"rain_{days}d"].offset], wanted)
        assert (wanted < SPVAL).sum() == len(wanted) - days * 86400 // dtime

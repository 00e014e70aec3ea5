"""The stand-in ELM (tests/elm_stubs) for the tests: a small world as files, its build, and runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from elm_landslide import fields
from elm_landslide.commands import e3sm as command
from elm_landslide.fields import SPVAL
from elm_landslide.model.model_file import SHIPPED
from support import mini_case
from support.elm_files import DZ
from support.mini_case import STUBS

NLEVGRND = 15
N_PFT = 17
FLUXES = (  # out of the coarse roots, by harvest and fire (g C/m2/s)
    *("hrv_livecrootc_to_litter", "hrv_deadcrootc_to_litter", "m_livecrootc_to_fire", "m_deadcrootc_to_fire"),
    *("m_livecrootc_to_litter_fire", "m_deadcrootc_to_litter_fire"),
)
TIMEOUT = 120  # s; a run that hangs is a failure
HISTORY = [
    *(o.history for o in fields.OUTPUTS.values()),
    fields.OUTSIDE.history,
    fields.CHANCE.history,
    fields.STRENGTH.history,
]


def source_mods(folder: Path) -> Path:
    """SourceMods/src.elm of a case of the stand-in ELM after `elm-landslide e3sm enable`."""
    case = mini_case.make_case(folder / "case")
    done = CliRunner().invoke(command.app, ["enable", "--caseroot", str(case)])
    assert done.exit_code == 0, done.output
    return case / "SourceMods" / "src.elm"


def build(folder: Path, kind: str, mods: Path) -> Path:
    """Build the stand-in ELM with a case's SourceMods; kind: Release or Debug. Gives the program."""
    settings = [f"-DCMAKE_BUILD_TYPE={kind}", f"-DSOURCE_MODS={mods}"]
    for words in (["cmake", "-S", STUBS, "-B", folder, "-G", "Ninja", *settings], ["cmake", "--build", folder]):
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "elm_stub"


class World:
    """Gridcells with soil columns, each with a lake behind them, and their state at every step.

    Everything the glue averages or sums is a small multiple of a power of 2, so that sums are exact in any order.
    values: arrays (records, levels, items) by name, as host/stub_state.F90 reads them.
    """

    def __init__(self, n_steps: int, soil=(1, 2, 0, 1, 1, 3), topounits: int = 1, seed: int = 1):
        draw = np.random.default_rng(seed)
        self.n_steps, self.soil = n_steps, soil
        n = len(soil)
        columns = [(g, is_soil, k) for g in range(n) for k, is_soil in enumerate([1] * soil[g] + [0])]
        self.cell = np.array([c[0] for c in columns])
        self.is_soil = np.array([c[1] for c in columns], dtype=bool)
        nc = len(columns)
        patches = np.where(self.is_soil, N_PFT, 1)
        self.patch_column = np.repeat(np.arange(nc), patches)
        itype = np.concatenate([np.arange(p) for p in patches])
        self.itype = itype
        self.topounit = np.array([1 + c[2] % topounits for c in columns])
        self.topounits = topounits

        def static(values):
            return np.asarray(values, float).reshape(1, -1, np.shape(values)[-1])

        def walk(low, high, levels=1, items=nc):
            """Values that drift within bounds; ELM keeps spval on lakes."""
            phase, pace = draw.uniform(0, 6.28, (2, 1, levels, items))
            wave = np.sin(phase + pace * 0.05 * np.arange(n_steps + 1)[:, None, None])
            return low + (high - low) * 0.5 * (1 + wave)

        def soil_only(values):
            return np.where(self.is_soil, values, SPVAL)

        def layers(low, high):
            return draw.uniform(low, high, (NLEVGRND, nc))

        nlevbed = np.where(self.is_soil, draw.integers(6, 11, nc), 10)
        interfaces = np.array([*fields.LAYER_INTERFACES])
        sand, clay = draw.uniform(20, 60, (2, NLEVGRND, nc))
        deeper = np.arange(NLEVGRND)[:, None] >= nlevbed
        dz = np.repeat(DZ[:, None], nc, 1)
        liquid = walk(0.12, 0.44, NLEVGRND)
        ice = walk(-0.05, 0.05, NLEVGRND).clip(0)
        weights = np.zeros((2, nc, N_PFT))  # land use changes once, in the middle
        for w in weights.reshape(-1, N_PFT):
            w[:] = draw.multinomial(64, np.full(N_PFT, 1 / N_PFT)) / 64
        used = np.concatenate([weights[:, c, : patches[c]] for c in range(nc)], axis=1)
        used[:, ~self.is_soil[self.patch_column]] = 1.0
        wtcol = used[(np.arange(n_steps + 1) > n_steps // 2).astype(int)][:, None, :]
        rootfr = draw.integers(0, 1024, (NLEVGRND, itype.size)) / 16384
        never = ~(used > 0).any(axis=0)  # ELM never sets patches that are not active
        n_topounits = n * topounits

        def quanta(high, items, times=1):
            return draw.integers(0, high, (n_steps + 1, 1, items)) * times

        def patch_values(values):
            return np.where((wtcol > 0) & self.is_soil[self.patch_column], values, SPVAL)

        steps = np.arange(n_steps + 1)[:, None, None]
        rain = quanta(64, n_topounits) * 2.0**-14 * (steps % 7 == 0)
        self.values = {
            "counts": np.stack(
                [
                    np.full(n, topounits),
                    np.bincount(self.cell, minlength=n),
                    np.bincount(self.cell[self.patch_column], minlength=n),
                ],
                axis=1,
            ),  # fmt: skip
            "zisoi": np.concatenate([[0.0], np.cumsum(DZ)]),
            "lat": 40.0 + np.arange(n),
            "lon": 280.0 + np.arange(n),
            "area": 2000.0 + 100.0 * np.arange(n),
            "frac": 1.0 - 0.25 * (np.arange(n) % 3),
            "topounits": np.full(n, float(topounits)),
            "column_gridcell": self.cell + 1.0,
            "column_topounit": self.topounit * 1.0,
            "wtgcell": 1.0 / np.bincount(self.cell)[self.cell],
            "is_soil": self.is_soil * 1.0,
            "nlevbed": nlevbed,
            "zibed": interfaces[nlevbed],
            "dz": static(dz),
            "patches": patches,
            "itype": itype,
            "watsat": static(soil_only(layers(0.45, 0.5))),
            "sucsat": static(soil_only(layers(80, 300))),
            "bsw": static(soil_only(layers(4, 9))),
            "cellsand": static(np.where(deeper, SPVAL, soil_only(sand))),
            "cellclay": static(np.where(deeper, SPVAL, soil_only(clay / 2))),
            "rootfr": static(np.where(never, SPVAL, rootfr)),
            "rain": rain,
            "h2osoi_liq": soil_only(liquid * 1000 * dz),
            "h2osoi_ice": soil_only(ice * 917 * dz),
            "qflx_surf": soil_only(quanta(64, nc) * 2.0**-20),
            "qflx_h2osfc_surf": soil_only(quanta(8, nc) * 2.0**-20),
            "qflx_drain": soil_only(quanta(64, nc) * 2.0**-20),
            "qflx_drain_perched": soil_only(quanta(8, nc) * 2.0**-20),
            "qflx_top_soil": soil_only(quanta(64, nc) * 2.0**-16),
            "qflx_snomelt": soil_only(quanta(8, nc) * 2.0**-16),
            "zwt": soil_only(walk(0.3, 6.0)),
            "zwt_perched": soil_only(walk(0.5, 4.0).clip(None, 2.865)),
            "frost_table": soil_only(np.full((n_steps + 1, 1, nc), 2.865)),
            "tlai": patch_values(quanta(80, itype.size) / 16),
            "wtcol": wtcol,
            "totvegc": soil_only(quanta(20000, nc)),
            "frootc": patch_values(quanta(600, itype.size)),
            # Coarse roots that come and go would be lost trees.
            "livecrootc": patch_values(quanta(800, itype.size)[:1]),
            "deadcrootc": patch_values(quanta(4000, itype.size)[:1]),
            **dict.fromkeys(FLUXES, np.zeros((n_steps + 1, 1, itype.size))),
        }
        steep = draw.uniform(0.2, 1.2, (1, topounits, n))
        self.slope = np.linspace(0.05, 1.0, 11)[:, None, None] * steep  # (percentile, topounit, gridcell)

    def write(self, folder: Path) -> None:
        (folder / "state").mkdir()
        (folder / "surfdata").mkdir()
        for name, values in self.values.items():
            np.asarray(values, ">f8").tofile(folder / "state" / name)
        self.slope.astype(">f8").tofile(folder / "surfdata" / "SLP_P10")

    def column_mean(self, name: str, kept=True) -> np.ndarray:
        """A patch variable averaged over the active patches of each soil column, (records, levels, columns). kept: of
        which patches, 0 on others."""
        values = self.values[name].astype(float)
        weights = self.values["wtcol"]
        parts = np.where((weights > 0) & (self.itype > 0) & kept, weights * values, 0.0)
        sums = np.zeros((*parts.shape[:-1], self.is_soil.size))
        np.add.at(sums, (..., self.patch_column), parts)
        return np.where(self.is_soil, sums, SPVAL)


class Case:
    """A run directory of the stand-in ELM."""

    def __init__(self, folder: Path, program: Path, world: World):
        self.folder, self.program, self.world = folder, program, world
        folder.mkdir(exist_ok=True)
        world.write(folder)
        shutil.copy(SHIPPED, folder / "landslide.pt")
        self.settings(use_landslide=".true.")

    def settings(self, suffix: str = "", **values) -> Path:
        """Write landslide_in with these lines."""
        return self.text("".join(f"{name} = {value}\n" for name, value in values.items()), suffix)

    def text(self, lines: str, suffix: str = "") -> Path:
        path = self.folder / f"landslide_in{suffix}"
        path.write_text(f"&landslide_inparm\n{lines}/\n")
        return path

    def run(self, out: str, ranks: int = 1, threads: int = 1, ok: bool = True, **settings) -> str:
        """Run; history goes to the folder `out`. settings: of host/stub_main.F90. Gives what the run printed."""
        for name in (out, settings.get("restart_to_write", out)):
            (self.folder / name).mkdir(exist_ok=True)
        settings = {
            "last_step": self.world.n_steps,
            "state_folder": "state",
            "fsurdat": "surfdata",
            "hist_folder": out,
            **settings,
        }
        text = "".join(f"{k} = {_fortran(v)}\n" for k, v in settings.items())
        (self.folder / "stub_in").write_text(f"&stub_inparm\n{text}/\n")
        done = subprocess.run(
            ["mpirun", "--oversubscribe", "-n", str(ranks), str(self.program)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )
        output = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, output
        return output

    def history(self, out: str, name: str, avgflag: str = "I") -> np.ndarray:
        """A history field, (records, columns)."""
        values = np.fromfile(self.folder / out / f"{name}.{avgflag}", ">f8")
        return values.reshape(-1, self.world.is_soil.size)

    def same_history(self, out: str, other: str, records: slice = slice(None)) -> None:
        """The same bits in every field; records: of `other`."""
        for name in HISTORY:
            one, two = self.history(out, name), self.history(other, name)[records]
            assert one.shape == two.shape
            np.testing.assert_array_equal(one.view(">i8"), two.view(">i8"), err_msg=name)


def _fortran(value) -> str:
    if isinstance(value, bool):
        return f".{str(value).lower()}."
    return f"'{value}'" if isinstance(value, str) else str(value)

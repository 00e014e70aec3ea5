"""A stand-in for the component where its numbers do not matter, and a way to start ranks."""

import os
import shutil
import subprocess
import sys
import time

import numpy as np

from elm_landslide.commands.exit import BAD_INPUT
from elm_landslide.fields import FIELDS, FLAGS, N_IN, N_OUT, SPVAL

SECONDS = 60  # of a refusal, on a machine with other work


class StandIn:
    """A component whose outputs tell the column: the first sand value, which differs from cell to cell."""

    def __init__(self, model, engine="tile", settings=None):
        self.model = model
        self.engine = engine

    def check_layers(self, interfaces):
        assert len(interfaces) == 11

    def run(self, x):
        sand = x[:, FIELDS["sand"].offset]
        y = np.asfortranarray(sand[:, None] + 100.0 * np.arange(N_OUT))
        flag = (np.rint(sand).astype(np.int32) - 30) % len(FLAGS)  # cells 0..5: ok filled outside invalid ok filled
        y[flag == FLAGS["invalid"]] = SPVAL
        return y, flag

    def describe(self):
        sets = {"tile": "avx2", "torchscript": ""}
        wide = {"low": [-np.inf] * N_IN, "high": [np.inf] * N_IN}
        return {"engine": self.engine, "instruction_set": sets[self.engine], "model": {"domain": wide}}

    def close(self):
        pass


def launch(n_ranks: int, *arguments, code: str | None = None, environment=None) -> subprocess.CompletedProcess:
    """The command line, or a piece of Python, on n ranks of mpirun (0: without mpirun)."""
    environment = {
        **os.environ,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
        **(environment or {}),
    }
    start = ["-c", code] if code else ["-m", "elm_landslide.commands.main"]
    command = [sys.executable, *start, *map(str, arguments)]
    if n_ranks:
        assert shutil.which("mpirun"), "mpirun is not there: install openmpi-bin and libopenmpi-dev"
        command = ["mpirun", "-n", str(n_ranks), *command]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


def refusal(*arguments, n_ranks: int = 0) -> str:
    """The one line of a command that refuses its input, with exit status 2 and within seconds."""
    start = time.monotonic()
    done = launch(n_ranks, *arguments)
    assert time.monotonic() - start < SECONDS
    assert done.returncode == BAD_INPUT, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("elm-landslide: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return lines[0]

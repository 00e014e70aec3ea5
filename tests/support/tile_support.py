"""The tile engine, compiled as E3SM compiles it, and programs to run on it."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import cffi
import numpy as np

from elm_landslide.fields import N_IN, N_OUT
from elm_landslide.model.tile_program import Instruction, Loop, Op, Operand, Program

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted(p for p in (REPOSITORY / "bridge").glob("*.cpp") if p.name != "landslide_torch_engine.cpp")
E3SM_FLAGS = ("-O", "-std=gnu++17")
SANITIZERS = os.environ.get("LANDSLIDE_SANITIZE")  # of `make sanitize`
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
SETS = ("baseline", "avx2", "avx512")

_DECLARATIONS = """
int probe_open(const unsigned char *bytes, long n, const char *set, void **engine, char *message);
int probe_run(const void *engine, int ncol, const double *x, double *y, int *flag, char *message);
int probe_run_flushed(const void *engine, int ncol, const double *x, double *y, int *flag, int *kept, char *message);
const char *probe_instruction_set(const void *engine);
void probe_close(void *engine);
"""


class Refused(Exception):
    """What probe_open says about a program."""


@cache
def library(compiler: str = "g++", flags: tuple[str, ...] = E3SM_FLAGS):
    """(ffi, library) of all sources of the bridge without libtorch, and of the probe. A warning is an error."""
    folder = Path(mkdtemp(prefix="tile"))
    header = subprocess.run(
        [sys.executable, REPOSITORY / "python/elm_landslide/fields.py", "c"], check=True, capture_output=True
    )
    (folder / "landslide_fields.h").write_bytes(header.stdout)
    if SANITIZERS and compiler == "g++":
        flags = (*flags, f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all")
    command = [compiler, *flags, *STRICT, "-fPIC", "-I", folder, "-I", REPOSITORY / "bridge"]
    objects = []
    for source in [*SOURCES, REPOSITORY / "tests" / "tile" / "probe.cpp"]:
        objects.append(folder / f"{source.stem}.o")
        subprocess.run([*command, "-c", source, "-o", objects[-1]], check=True)
    subprocess.run([compiler, *flags, "-shared", "-o", folder / "probe.so", *objects, "-ldl"], check=True)
    ffi = cffi.FFI()
    ffi.cdef(_DECLARATIONS)
    return ffi, ffi.dlopen(str(folder / "probe.so"))


class Probe:
    """A program on the engine: y [ncol, N_OUT + 1], whatever it is, but for the flag, -1 where it is not 0 to 3."""

    def __init__(self, program: Program | bytes, instruction_set: str = "auto", built=None):
        self.ffi, self.lib = built or library()
        data = program if isinstance(program, bytes) else program.to_bytes()
        handle, message = self.ffi.new("void **"), self.ffi.new("char[512]")
        if self.lib.probe_open(data, len(data), instruction_set.encode(), handle, message) != 0:
            raise Refused(self.ffi.string(message).decode())
        self.engine = self.ffi.gc(handle[0], self.lib.probe_close)

    @property
    def instruction_set(self) -> str:
        return self.ffi.string(self.lib.probe_instruction_set(self.engine)).decode()

    def __call__(self, x, flushed: bool = False) -> np.ndarray:
        """flushed: in a host that flushes denormal numbers to zero."""
        x = np.asfortranarray(x, dtype=np.float64)
        y = np.zeros((len(x), N_OUT), order="F")
        flag = np.zeros(len(x), np.int32)
        numbers = [self.ffi.cast("double *", a.ctypes.data) for a in (x, y)]
        message = self.ffi.new("char[512]")
        flags = self.ffi.cast("int *", flag.ctypes.data)
        kept = self.ffi.new("int *", 1)
        if flushed:
            status = self.lib.probe_run_flushed(self.engine, len(x), *numbers, flags, kept, message)
        else:
            status = self.lib.probe_run(self.engine, len(x), *numbers, flags, message)
        assert status == 0
        assert kept[0] == 1
        return np.column_stack([y, flag])


def possible_sets(built=None) -> list[str]:
    """The instruction sets of this processor; says which it lacks, and why."""
    found = []
    for name in SETS:
        try:
            Probe(outputs_of([]), name, built)
            found.append(name)
        except Refused as reason:
            print(f"not tested: {reason}")
    return found


class Builder:
    """Writes a program by hand: new values behind the inputs, constants and weights as they come."""

    def __init__(self):
        self.cells = round_up(N_IN)
        self.constants: list[float] = []
        self.weights: list[float] = []
        self.loops: list[Loop] = []

    def value(self, size: int) -> int:
        """The offset of a new value."""
        offset = self.cells
        self.cells += round_up(size)
        return offset

    def constant(self, values) -> Operand:
        offset = len(self.constants)
        self.constants += [float(v) for v in np.atleast_1d(values)]
        return Operand(offset, constant=True)

    def linear(self, weight, bias) -> int:
        """The offset of a block of weights: weight [size, extent], bias [size]."""
        offset = len(self.weights)
        block = np.zeros((1 + weight.shape[1], round_up(len(bias))))
        block[0, : len(bias)] = bias
        block[1:, : len(bias)] = weight.T
        self.weights += block.ravel().tolist()
        return offset

    def add(self, op: Op, size: int, *operands: Operand, **more) -> int:
        """A single instruction with a new value; returns its offset."""
        offset = self.value(size)
        self.loops.append(Loop(1, [Instruction(op, size, offset, 0, operands, **more)]))
        return offset

    def program(self, outputs: Operand | int = 0) -> Program:
        output = outputs if isinstance(outputs, Operand) else Operand(outputs)
        arrays = (np.array(self.constants, float), np.array(self.weights, float))
        return Program(N_IN, N_OUT + 1, self.cells, output, *arrays, self.loops)


def round_up(size: int) -> int:
    return -(-size // 8) * 8


def outputs_of(loops: list[Loop]) -> Program:
    builder = Builder()
    builder.loops = loops
    return builder.program()


def columns(n: int, seed: int = 1) -> np.ndarray:
    """[n, N_IN] of both signs and many magnitudes."""
    random = np.random.default_rng(seed)
    return random.choice([-1.0, 1.0], (n, N_IN)) * np.exp(random.uniform(-3, 3, (n, N_IN)))


def same_bits(a, b) -> bool:
    """NaN equals NaN: their bits never leave the library."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return bool(np.all((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))))

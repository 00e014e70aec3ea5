"""A toy model file for both engines, written with torch and by hand, and what it must compute, with numpy alone."""

import io
import json

import numpy as np
import torch

from elm_landslide import fields
from elm_landslide.fields import FIELDS, FLAGS, MISSING, N_IN, N_OUT, SPVAL
from elm_landslide.model.tile_program import Instruction, Loop, Op, Operand, Program

WEIGHTS = np.array([[1.0 / (1 + j) + k * (j % 7) for j in range(N_IN)] for k in range(N_OUT)])
REQUIRED = np.concatenate([np.full(f.layers, f.required) for f in FIELDS.values()])
TRIGGER = FIELDS["snowmelt"].offset  # a column whose values 13 to 15 make the toy misbehave
OUTSIDE = FIELDS["water_table_depth"].offset  # outside where this is above 50


class Toy(torch.nn.Module):
    """Another weight for every field and output, so that no mistake of layout or order can cancel."""

    def __init__(self):
        super().__init__()
        self.register_buffer("weights", torch.tensor(WEIGHTS))
        self.register_buffer("required", torch.tensor(REQUIRED))
        self.missing: float = MISSING
        self.spval: float = SPVAL
        self.trigger: int = TRIGGER
        self.outside: int = OUTSIDE
        self.n_out: int = N_OUT

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        missing = x.abs() >= self.missing
        known = torch.where(missing, torch.zeros_like(x), x)
        y = known @ self.weights.t()
        trigger = known[:, self.trigger : self.trigger + 1]
        y = torch.where(trigger == 13.0, (trigger - 13.0) / (trigger - 13.0), y)  # 0/0: NaN and FE_INVALID
        y = torch.where(trigger == 14.0, torch.full_like(y, 1e300), y)
        flag = missing.any(1).double()
        flag = torch.where(known[:, self.outside] > 50.0, torch.full_like(flag, 2.0), flag)
        flag = torch.where((missing & self.required).any(1), torch.full_like(flag, 3.0), flag)
        flag = torch.where(trigger[:, 0] == 15.0, torch.full_like(flag, 7.0), flag)
        y = torch.where((flag == 3.0).unsqueeze(1), torch.full_like(y, self.spval), y)
        return torch.cat([y, flag.unsqueeze(1)], 1)


class _Writer:
    """Writes a program of single instructions, each value in cells of its own."""

    def __init__(self):
        self.body, self.constants, self.weights = [], [], np.zeros(0)
        self.cells = 0
        self.x = self.new(N_IN)

    def new(self, size: int) -> Operand:
        at = self.cells
        self.cells += -(-size // 8) * 8 + 8  # one block more: a part of a value may be written by itself
        return Operand(at)

    def constant(self, values) -> Operand:
        at = len(self.constants)
        self.constants += np.atleast_1d(np.asarray(values, float)).tolist()
        return Operand(at, constant=True, step=int(np.ndim(values) > 0))

    def add(self, op: Op, size: int, *operands, into: Operand | None = None, **more) -> Operand:
        given = tuple(o if isinstance(o, Operand) else self.constant(o) for o in operands)
        out = into or self.new(size)
        self.body.append(Instruction(op, size, out.offset, operands=given, **more))
        return out

    def linear(self, inputs: Operand, weights: np.ndarray) -> Operand:
        """weights [outputs, inputs], no bias."""
        outputs, extent = weights.shape
        block = np.zeros((1 + extent, -(-outputs // 8) * 8))
        block[1:, :outputs] = weights.T
        at, self.weights = len(self.weights), np.concatenate([self.weights, block.ravel()])
        return self.add(Op.LINEAR, outputs, inputs, extent=extent, weights=at)


def cell(value: Operand, index: int = 0) -> Operand:
    """One cell of a value, for all."""
    return Operand(value.offset + index, step=0)


def program() -> Program:
    """Toy.forward, written out by hand: not by the lowering, which is tested elsewhere."""
    w = _Writer()
    missing = w.add(Op.LE, N_IN, MISSING, w.add(Op.ABS, N_IN, w.x))
    known = w.add(Op.SELECT, N_IN, missing, 0.0, w.x)
    y = w.linear(known, WEIGHTS)
    trigger = cell(known, TRIGGER)
    zero = cell(w.add(Op.SUB, 1, trigger, 13.0))
    nan = cell(w.add(Op.DIV, 1, zero, zero))
    y = w.add(Op.SELECT, N_OUT, cell(w.add(Op.EQ, 1, trigger, 13.0)), nan, y)
    y = w.add(Op.SELECT, N_OUT, cell(w.add(Op.EQ, 1, trigger, 14.0)), 1e300, y)
    flag = w.add(Op.REDUCE_MAX, N_IN, missing, into=w.new(1))
    flag = w.add(Op.SELECT, 1, w.add(Op.LT, 1, 50.0, cell(known, OUTSIDE)), 2.0, flag)
    lost = w.add(Op.REDUCE_MAX, N_IN, w.add(Op.MUL, N_IN, missing, REQUIRED), into=w.new(1))
    flag = w.add(Op.SELECT, 1, lost, 3.0, flag)
    flag = w.add(Op.SELECT, 1, w.add(Op.EQ, 1, trigger, 15.0), 7.0, flag)
    invalid = w.add(Op.EQ, 1, flag, 3.0)
    out = w.add(Op.SELECT, N_OUT, cell(invalid), SPVAL, y)
    w.add(Op.COPY, 1, flag, into=Operand(out.offset + N_OUT))
    return Program(
        N_IN, N_OUT + 1, w.cells, out, np.array(w.constants), w.weights, [Loop(1, [each]) for each in w.body]
    )


def columns(n: int, seed: int = 1) -> np.ndarray:
    """n columns (n, N_IN) without anything missing, each value unlike all others."""
    x = np.random.default_rng(seed).uniform(0.1, 0.9, (n, N_IN))
    x[:, OUTSIDE] *= 40.0
    return x


def expected(x: np.ndarray) -> np.ndarray:
    """What the toy gives for columns that are whole: y (n, N_OUT)."""
    return x @ WEIGHTS.T


def golden_bytes(x, y, flag, rtol=1e-12, atol=1e-12) -> bytes:
    head = np.array([len(x), N_IN, N_OUT], "<i8").tobytes() + np.array([rtol, atol], "<f8").tobytes()
    body = x.astype("<f8").tobytes("F") + y.astype("<f8").tobytes("F") + flag.astype("<i4").tobytes()
    return b"LSGOLD01" + head + body


def golden() -> bytes:
    """Two whole columns and one that lacks all."""
    x = np.concatenate([columns(2, seed=7), np.full((1, N_IN), SPVAL)])
    y = np.concatenate([expected(x[:2]), np.full((1, N_OUT), SPVAL)])
    return golden_bytes(x, y, np.array([0, 0, FLAGS["invalid"]]))


def model_bytes(module: torch.nn.Module | None = None, **entries: bytes | str | None) -> bytes:
    """A model file; keywords schema, golden, json and tile replace an entry, None leaves it out."""
    info, tile = json.dumps({"name": "toy"}), program().to_bytes()
    entries = {"schema": fields.schema_table(), "golden": golden(), "json": info, "tile": tile, **entries}
    names = {
        "schema": "landslide_schema.txt",
        "golden": "landslide_golden.bin",
        "json": "landslide.json",
        "tile": "landslide_tile.bin",
    }
    buffer = io.BytesIO()
    extra = {names[key]: value for key, value in entries.items() if value is not None}
    torch.jit.save(torch.jit.script(module or Toy()), buffer, _extra_files=extra)
    return buffer.getvalue()

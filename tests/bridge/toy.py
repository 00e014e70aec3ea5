"""A toy model file, written with torch alone, and what it must compute, written with numpy alone."""

import io
import json

import numpy as np
import torch

from elm_landslide import fields
from elm_landslide.fields import FIELDS, FLAGS, MISSING, N_IN, N_OUT, SPVAL

WEIGHTS = np.array([[1.0 / (1 + j) + k * (j % 7) for j in range(N_IN)] for k in range(N_OUT)])
REQUIRED = np.concatenate([np.full(f.layers, f.required) for f in FIELDS.values()])
TRIGGER = FIELDS["lithology"].offset  # a column whose values 13 to 15 make the toy misbehave
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
    """A model file; keywords schema, golden and json replace an entry, None leaves it out."""
    entries = {"schema": fields.schema_table(), "golden": golden(), "json": json.dumps({"name": "toy"}), **entries}
    names = {"schema": "landslide_schema.txt", "golden": "landslide_golden.bin", "json": "landslide.json"}
    buffer = io.BytesIO()
    extra = {names[key]: value for key, value in entries.items() if value is not None}
    torch.jit.save(torch.jit.script(module or Toy()), buffer, _extra_files=extra)
    return buffer.getvalue()

"""Records of ELM runs, column by column, and their replay offline: the same inputs must give the same bits.

fortran/elm/LandslideRecordMod.F90 writes them where landslide_record = .true., and says what is in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elm_landslide import files
from elm_landslide.errors import UserError
from elm_landslide.fields import N_IN, N_OUT, OUTPUTS
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.ranks import Progress, silent
from elm_landslide.runtime.fortran import FortranModel

_MAGIC, _VERSION, _HEADER = 1280528210, 1, 9  # header: 32-bit integers
_MOST = 1 << 18  # columns of a record, 280 MB


@dataclass(frozen=True)
class Record:
    """One time step of one clump of soil columns; n may be any number but 0."""

    date: tuple[int, int, int, int]  # year, month, day, time of day (s) at the end of the step
    lat: np.ndarray  # degrees, (n,)
    lon: np.ndarray  # degrees, (n,)
    weight: np.ndarray  # of the column on its gridcell, (n,)
    x: np.ndarray  # (n, N_IN)
    y: np.ndarray  # (n, N_OUT)
    flag: np.ndarray  # (n,)


def read(path: Path | str) -> Iterator[Record]:
    """The records of a file, of either byte order. Raises UserError if it is not one or ends within a record."""
    with files.opened(path) as file:
        rest = os.fstat(file.fileno()).st_size
        while head := file.read(4 * _HEADER):
            order = ">" if head[:4] == _MAGIC.to_bytes(4, "big") else "<"
            if len(head) < 4 * _HEADER or int(np.frombuffer(head, f"{order}i4", 1)[0]) != _MAGIC:
                raise UserError(f"{path}: not a record of ELM-Landslide, or one that is cut off")
            _, version, n, n_in, n_out, *date = np.frombuffer(head, f"{order}i4").tolist()
            if (version, n_in, n_out) != (_VERSION, N_IN, N_OUT):
                raise UserError(
                    f"{path}: version {version} with {n_in} inputs and {n_out} outputs; "
                    f"this is version {_VERSION} with {N_IN} and {N_OUT}"
                )

            size = 8 * n * (3 + N_IN + N_OUT) + 4 * n
            rest -= 4 * _HEADER + size
            if not 0 <= n <= _MOST:
                raise UserError(f"{path}: a record has {n} columns; at most {_MOST}: is it damaged?")
            if rest < 0:
                raise UserError(f"{path}: ends within a record: was the run cut off?")

            def take(kind: str, *shape: int, order: str = order) -> np.ndarray:
                data = file.read(int(kind[1:]) * int(np.prod(shape)))
                return np.frombuffer(data, order + kind).reshape(shape, order="F").astype(kind)

            lat, lon, weight = take("f8", n), take("f8", n), take("f8", n)
            yield Record(tuple(date), lat, lon, weight, take("f8", n, N_IN), take("f8", n, N_OUT), take("i4", n))


@dataclass
class Replay:
    """Result of a replay. different: column steps whose output or flag has other bits, by output."""

    files: int
    steps: int
    column_steps: int
    model_sha256: str
    engine: str
    instruction_set: str
    different: dict[str, int]


def replay(
    paths: Iterable[Path | str],
    model: Path | str | None = None,
    engine: str = "tile",
    instruction_set: str = "auto",
    progress: Progress = silent,
) -> Replay:
    """Run recorded columns through the offline component and compare with what ELM got, bit for bit.

    progress: context manager that takes the number of files and gives a function to call after each.
    """
    paths = list(paths)
    with FortranModel(model or SHIPPED, engine, {"instruction_set": instruction_set}) as component:
        about = component.describe()
        result = Replay(
            len(paths), 0, 0, about["sha256"], about["engine"], str(about.get("instruction_set")),
            dict.fromkeys([*OUTPUTS, "flag"], 0),
        )  # fmt: skip
        with progress(len(paths)) as advance:
            for path in paths:
                for record in read(path):
                    y, flag = component.run(record.x)
                    result.steps += 1
                    result.column_steps += flag.size
                    for name, output in OUTPUTS.items():
                        one, two = y[:, output.index], record.y[:, output.index]
                        result.different[name] += int((one.view("i8") != two.view("i8")).sum())
                    result.different["flag"] += int((flag != record.flag).sum())
                advance()
    return result

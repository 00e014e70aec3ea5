"""The offline run: every record of ELM history files through the component, its columns split over MPI ranks."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from elm_landslide import files
from elm_landslide.errors import LandslideError, UserError
from elm_landslide.fields import FLAGS, MISSING, OUTPUTS
from elm_landslide.model.file import SHIPPED
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.missing import Missing
from elm_landslide.offline.output import HistoryWriter

_CLEAR = (UserError, LandslideError, OSError)  # errors whose text tells all; others are ours and keep their trace


class _Serial:
    """The part of an MPI communicator used here, for one process."""

    rank, size = 0, 1

    def bcast(self, value, root=0):
        return value

    def allgather(self, value):
        return [value]

    gather = allgather

    def barrier(self):
        pass


# Processes that a launcher has started: OpenMPI, MPICH and its kin, Slurm.
_STARTED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")


def processes() -> int:
    """How many the launcher says it has started, 1 where there is none."""
    return max((int(n) for name in _STARTED if (n := os.environ.get(name, "")).isdigit()), default=1)


def world():
    """MPI's world, or one process where mpi4py or the MPI library that it opens is not installed.

    Raises UserError where there would be several such processes: each would do the whole work, and write its file.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        if processes() > 1:
            raise UserError(
                f"{processes()} processes, which cannot find each other: pip install 'elm-landslide[mpi]' "
                f"beside an MPI library, or start one ({error})"
            ) from None
        return _Serial()
    return MPI.COMM_WORLD


@dataclass
class Summary:
    """What a run did. ranges: smallest and largest value of each output over the valid columns."""

    out: str
    n_ranks: int
    n_columns: int
    n_records: int
    model: str
    model_sha256: str
    engine: str
    instruction_set: str  # in use, or who chooses; several where the ranks differ
    ranges: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    microseconds_per_column_step: float | None = None  # of Component.run alone, on one rank
    derived: list[str] = field(default_factory=list)
    missing: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)  # as of data.missing.Missing.by_field
    notes: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)  # optional fields that nothing gives; they take their defaults
    overrides: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


def together(comm, action: Callable, *arguments):
    """Run an action on every rank. If it fails on one, every rank raises: no rank waits for another that is gone."""
    result = error = None
    try:
        result = action(*arguments)
    except Exception as caught:  # the other ranks must hear of every failure
        error = caught
    clear = isinstance(error, _CLEAR)
    message = None if error is None else str(error) if clear else f"{type(error).__name__}: {error}"
    failed = [(rank, text) for rank, text in enumerate(comm.allgather(message)) if text is not None]
    if not failed:
        return result
    if error is not None and not clear:
        raise error
    rank, text = failed[0]
    raise UserError(text if rank == 0 else f"rank {rank}: {text}") from error


@contextmanager
def _silent(_total: int):
    yield lambda: None


def run(
    history,
    surface,
    out,
    constants=(),
    model=None,
    engine: str = "tile",
    overwrite: bool = False,
    overrides=None,
    rain=(),
    progress=_silent,
    instruction_set: str = "auto",
    command: str = "elm-landslide run",
) -> Summary:
    """Run the component over ELM history files and write a history file.

    history, constants, rain: paths of history files; surface: path of a surface dataset; out: the file to write.
    model: path of a model file, the shipped one by default. overrides: values by field name.
    engine, instruction_set: as in the settings of landslide.h.
    progress: context manager that takes the number of records and gives a function to call after each; rank 0 only.
    command: the line for the file's history.
    Collective over MPI's world; every rank gets the summary of the whole run. Raises UserError on every rank.
    """
    comm = world()
    out, model = Path(out), Path(model) if model else SHIPPED
    overrides = dict(overrides or {})

    def prepare():
        if comm.rank == 0:
            check_out(out, overwrite, [*history, *constants, *rain, surface])
        content = _read_model(model) if comm.rank == 0 else None
        return content, Columns(history, constants, surface, overrides, comm.rank, comm.size, rain)

    content, columns = together(comm, prepare)
    content = comm.bcast(content)
    component = None
    try:
        settings = {"instruction_set": instruction_set}
        component = together(comm, _open_component, content, model, engine, settings, columns)
        used = component.describe()
        sets = sorted(set(comm.allgather(used["instruction_set"] or "chosen by libtorch")))
        summary = Summary(
            str(out),
            comm.size,
            columns.run.size,
            len(columns.records),
            model.name,
            hashlib.sha256(content).hexdigest(),
            used["engine"],
            ", ".join(sets),
            absent=columns.absent,
            notes=columns.notes,
            overrides=overrides,
        )
        _steps(comm, columns, component, summary, progress, command)
    finally:
        columns.close()
        if component is not None:
            component.close()
    return summary


def check_out(out: Path, overwrite: bool, inputs) -> None:
    """Refuse an output file that is there already, is an input, or has no folder."""
    if out.exists() and not out.is_file():  # a folder or a device, which the rename would replace
        raise UserError(f"{out}: is not a file; give the name of one")
    if not out.absolute().parent.is_dir():
        raise UserError(f"{out}: its folder does not exist; make it first")
    if out.exists() and any(Path(path).exists() and out.samefile(path) for path in inputs):
        raise UserError(f"{out}: is one of the inputs; give another name")
    if out.exists() and not overwrite:
        raise UserError(f"{out}: exists; use --overwrite to replace it")


def _read_model(model: Path) -> bytes:
    return files.read(model, files.MODEL)


def _open_component(content: bytes, model: Path, engine: str, settings: dict, columns: Columns):
    from elm_landslide.runtime.fortran import Component

    try:
        component = Component(content, engine, settings)
    except LandslideError as error:
        raise UserError(f"{model}: {error}") from None
    if columns.interfaces is not None:
        try:
            component.check_layers(columns.interfaces)
        except LandslideError as error:
            component.close()
            raise UserError(f"{columns.soil_source}: DZSOI: {error}") from None
    return component


class _Tally:
    """Ranges of the outputs and counts of the flags over the records."""

    def __init__(self):
        self._low, self._high = np.full(len(OUTPUTS), np.inf), np.full(len(OUTPUTS), -np.inf)
        self._counts = np.zeros(len(FLAGS), dtype=np.int64)

    def add(self, y, flag) -> None:
        valid = np.abs(y) < MISSING
        self._low = np.minimum(self._low, np.where(valid, y, np.inf).min(axis=0, initial=np.inf))
        self._high = np.maximum(self._high, np.where(valid, y, -np.inf).max(axis=0, initial=-np.inf))
        self._counts += np.bincount(flag, minlength=len(FLAGS))

    @property
    def ranges(self) -> dict[str, tuple[float, float] | None]:
        pairs = {o.history: (float(self._low[o.index]), float(self._high[o.index])) for o in OUTPUTS.values()}
        return {name: pair if pair[0] <= pair[1] else None for name, pair in pairs.items()}

    @property
    def flags(self) -> dict[str, int]:
        return {name: int(self._counts[value]) for name, value in FLAGS.items()}


def _steps(comm, columns: Columns, component, summary: Summary, progress, command: str) -> None:
    """Every record: run on each rank, gather to rank 0, write. Fills in the summary."""
    writer = together(comm, lambda: _open_writer(columns, summary, command) if comm.rank == 0 else None)
    tally, seconds = _Tally(), 0.0

    def accept(record, parts) -> None:
        if comm.rank == 0:
            y, flag = (np.concatenate(part) for part in zip(*parts, strict=True))
            tally.add(y, flag)
            writer.write(record, y, flag)

    def finish(parts) -> None:
        missing = Missing.merged(parts)
        summary.derived, summary.missing = columns.derived(missing), missing.by_field()
        if comm.rank == 0:
            writer.finish(_found(summary, tally.flags))

    try:
        with (progress if comm.rank == 0 else _silent)(len(columns.records)) as advance:
            for record in columns.records:
                y, flag, elapsed = together(comm, _step, columns, component, record)
                seconds += elapsed
                parts = comm.gather((y, flag))
                together(comm, accept, record, parts)
                advance()
        together(comm, finish, comm.allgather(columns.missing))
    finally:
        if writer:
            writer.discard()
    n_steps = summary.n_columns * summary.n_records
    total_seconds = sum(comm.allgather(seconds))
    summary.microseconds_per_column_step = 1e6 * total_seconds / n_steps if n_steps else None
    summary.ranges, summary.flags = comm.bcast((tally.ranges, tally.flags))


def _open_writer(columns: Columns, summary: Summary, command: str) -> HistoryWriter:
    overrides = ", ".join(f"{name}={value:g}" for name, value in summary.overrides.items())
    return HistoryWriter(
        summary.out,
        columns,
        {
            "model": summary.model,
            "model_sha256": summary.model_sha256,
            "engine": summary.engine,
            "instruction_set": summary.instruction_set,
            "input_files": " ".join(Path(p).name for p in columns.sources),
            "surface_source": columns.surface_source,
            "absent_optional_fields": ", ".join(summary.absent) or "none",
            "overrides": overrides or "none",
            "notes": "; ".join(summary.notes) or "none",
        },
        command,
    )


def _found(summary: Summary, flags: dict[str, int]) -> dict[str, str]:
    """The attributes that only a finished run can state."""
    reasons = [
        f"{name}: {counts['records']} records, {counts['column_steps']} column steps ({reason})"
        for name, by_reason in summary.missing.items()
        for reason, counts in by_reason.items()
    ]
    return {
        "derived": "; ".join(summary.derived),
        "missing_fields": "; ".join(reasons) or "none",
        "flag_counts": ", ".join(f"{name} {n}" for name, n in flags.items()),
    }


def _step(columns: Columns, component, record):
    """Outputs and flags of this rank's columns at a record, and the seconds that the component took."""
    x = columns.x(record)
    start = time.perf_counter()
    y, flag = component.run(x)
    return y, flag, time.perf_counter() - start

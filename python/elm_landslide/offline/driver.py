"""The offline run: every record of ELM history files through the component, its columns split over MPI ranks."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from elm_landslide import files
from elm_landslide.errors import LandslideError, UserError
from elm_landslide.fields import BASE_RATE, CHANCE, FLAGS, MISSING, OUTPUTS, OUTSIDE, SPVAL, STRENGTH, Output
from elm_landslide.model.model_file import SHIPPED
from elm_landslide.offline import chance
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.history_files import Record
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.memory import HANDED, Memory
from elm_landslide.offline.missing import Missing
from elm_landslide.offline.output import WRITTEN, OutputFile
from elm_landslide.offline.outside import Outside
from elm_landslide.offline.perturbation import Perturbation
from elm_landslide.ranks import Communicator, Progress, silent, together, world

if TYPE_CHECKING:
    from elm_landslide.runtime.fortran import FortranModel


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
    instruction_set: str  # in use, or who chooses; several if the ranks differ
    ranges: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)  # column steps by input, as from outside.Outside
    microseconds_per_column_step: float | None = None  # of FortranModel.run only, on one rank
    derived: list[str] = field(default_factory=list)
    missing: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)  # as from missing.Missing.by_field
    notes: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)  # optional fields that no file gives; they take their defaults
    overrides: dict[str, float] = field(default_factory=dict)
    base_rate: float = BASE_RATE  # landslides per km2 of steep land and year at a hazard of 1

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


def run(
    inputs: Inputs,
    out: Path | str,
    model: Path | str | None = None,
    engine: str = "tile",
    overwrite: bool = False,
    progress: Progress = silent,
    instruction_set: str = "auto",
    command: str = "elm-landslide run",
    base_rate: float = BASE_RATE,
    write_state: Path | str | None = None,
    perturb: Callable[[Columns], Perturbation] | None = None,
) -> Summary:
    """Run the component over ELM history files and write its own file.

    out: the file to write. model: path of a model file, the shipped one by default. engine, instruction_set: as in the
    settings of landslide.h. progress: context manager that takes the number of records and gives a function to call
    after each; rank 0 only. command: the line for the file's history. base_rate: as in offline.chance. write_state: a
    file for what the columns remember of roots at the end, with which the next part of a long run starts. perturb: what
    a scenario changes in the columns of a rank.
    Collective over MPI's world; every rank gets the summary of the whole run. Raises UserError on every rank.
    """
    comm = world()
    out, model = Path(out), Path(model) if model else SHIPPED

    state = Path(write_state) if write_state else None

    def prepare() -> tuple[bytes | None, Columns, Memory | None]:
        chance.check_rate(base_rate)
        if comm.rank == 0:
            files.check_out(out, overwrite, inputs.paths)
            if state:
                files.check_out(state, overwrite, [*inputs.paths, out])
        content = _read_model(model) if comm.rank == 0 else None
        columns = Columns(inputs, comm.rank, comm.size)
        columns.perturbation = perturb(columns) if perturb else None
        changes_roots = columns.perturbation is not None and columns.perturbation.losses
        remembers = inputs.landuse or inputs.disturbance or inputs.state or state or changes_roots
        return content, columns, Memory(inputs, columns, bool(state)) if remembers else None

    root_content, columns, memory = together(comm, prepare)
    content: bytes = comm.bcast(root_content)
    component = None
    try:
        settings = {"instruction_set": instruction_set}
        component = together(comm, _open_model, content, model, engine, settings, columns)
        about = component.describe()
        sets = sorted(set(comm.allgather(about["instruction_set"] or "chosen by libtorch")))
        summary = Summary(
            str(out),
            comm.size,
            columns.run.size,
            len(columns.records),
            model.name,
            hashlib.sha256(content).hexdigest(),
            about["engine"],
            ", ".join(sets),
            absent=[name for name in columns.absent if memory is None or name not in HANDED],
            notes=[*columns.notes, *(memory.notes if memory else [])],
            overrides=dict(inputs.overrides),
            base_rate=base_rate,
        )
        _steps(comm, columns, memory, component, summary, progress, command, state)
    finally:
        columns.close()
        if component is not None:
            component.close()
    return summary


def _read_model(model: Path) -> bytes:
    return files.read(model, files.MODEL)


def _open_model(content: bytes, model: Path, engine: str, settings: dict, columns: Columns) -> FortranModel:
    from elm_landslide.runtime.fortran import FortranModel

    try:
        component = FortranModel(content, engine, settings)
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
    """Ranges of what is written and counts of the flags over the records."""

    def __init__(self, written: tuple[Output, ...]):
        self._written = written
        self._low, self._high = np.full(len(written), np.inf), np.full(len(written), -np.inf)
        self._counts = np.zeros(len(FLAGS), dtype=np.int64)

    def add(self, values: np.ndarray, flag: np.ndarray) -> None:
        valid = np.abs(values) < MISSING
        self._low = np.minimum(self._low, np.where(valid, values, np.inf).min(axis=0, initial=np.inf))
        self._high = np.maximum(self._high, np.where(valid, values, -np.inf).max(axis=0, initial=-np.inf))
        self._counts += np.bincount(flag, minlength=len(FLAGS))

    @property
    def ranges(self) -> dict[str, tuple[float, float] | None]:
        pairs = {
            o.history: (float(self._low[o.index]), float(self._high[o.index])) for o in self._written if o != OUTSIDE
        }
        return {name: pair if pair[0] <= pair[1] else None for name, pair in pairs.items()}

    @property
    def flags(self) -> dict[str, int]:
        return {name: int(self._counts[value]) for name, value in FLAGS.items()}


def _steps(
    comm: Communicator,
    columns: Columns,
    memory: Memory | None,
    component: FortranModel,
    summary: Summary,
    progress: Progress,
    command: str,
    state: Path | None,
) -> None:
    """Every record: run on each rank, gather to rank 0, write. Fills in the summary."""
    written = WRITTEN if memory is None else (*WRITTEN, STRENGTH)
    ordinary = chance.ordinary_number(columns.area, columns.slope, summary.base_rate)
    if not all(comm.allgather(bool(np.isfinite(columns.area).all()))):
        summary.notes.append(
            f"{CHANCE.history} is missing where no file gives the area of the cell: area (km^2) of the history, or "
            "AREA of the surface dataset"
        )
    writer = together(comm, lambda: _open_writer(columns, summary, command, written) if comm.rank == 0 else None)
    tally, outside, seconds = _Tally(written), Outside(component.describe()["model"]["domain"]), 0.0

    def accept(record: Record, parts: list) -> None:
        if writer:
            values, flag = (np.concatenate(part) for part in zip(*parts, strict=True))
            tally.add(values, flag)
            writer.write(record, values, flag)

    def finish(parts: list, remembered: list | None, tallies: list) -> None:
        missing = Missing.merged(parts)
        summary.derived, summary.missing = columns.derived(missing), missing.by_field()
        if columns.perturbation:
            summary.derived += columns.perturbation.derived(tallies)
        if writer and memory and state and remembered:
            with files.whole(state, RuntimeError) as part:
                memory.writer(np.concatenate(remembered))(part)
                writer.finish(_found(summary, tally.flags))
        elif writer:
            writer.finish(_found(summary, tally.flags))

    try:
        with (progress if comm.rank == 0 else silent)(len(columns.records)) as advance:
            for record in columns.records:
                values, flag, elapsed = together(comm, _step, columns, memory, component, record, outside, ordinary)
                seconds += elapsed
                parts = comm.gather((values, flag))
                together(comm, accept, record, parts)
                advance()
        remembered = comm.gather(memory.values if memory and state else None)
        tallies = comm.allgather(columns.perturbation.tally if columns.perturbation else None)
        together(comm, finish, comm.allgather(columns.missing), remembered, tallies)
    finally:
        if writer:
            writer.discard()
    n_steps = summary.n_columns * summary.n_records
    total_seconds = sum(comm.allgather(seconds))
    summary.microseconds_per_column_step = 1e6 * total_seconds / n_steps if n_steps else None
    summary.ranges, summary.flags = comm.bcast((tally.ranges, tally.flags))
    summary.outside = dict(sum(comm.allgather(outside.counts), Counter()).most_common())


def _open_writer(columns: Columns, summary: Summary, command: str, written: tuple[Output, ...]) -> OutputFile:
    overrides = ", ".join(f"{name}={value:g}" for name, value in summary.overrides.items())
    return OutputFile(
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
            **(columns.perturbation.attributes if columns.perturbation else {}),
        },
        command,
        summary.base_rate,
        written,
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


def _step(
    columns: Columns,
    memory: Memory | None,
    component: FortranModel,
    record: Record,
    outside: Outside,
    ordinary: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:
    """What is written of this rank's columns at a record, (n, len(written)), their flags, and the seconds that the
    component took."""
    x = columns.x(record)
    strength = [] if memory is None else [memory.step(record, x)]
    start = time.perf_counter()
    y, flag = component.run(x)
    seconds = time.perf_counter() - start
    outside.add(x, flag)
    beyond = np.where(flag == FLAGS["invalid"], SPVAL, flag == FLAGS["outside"])
    known = chance.chance(ordinary, y[:, OUTPUTS["hazard"].index])
    return np.column_stack([y, beyond, known, *strength]), flag, seconds

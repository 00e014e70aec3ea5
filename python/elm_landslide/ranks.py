"""MPI if it is installed, otherwise one process; and what ranks do together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

from elm_landslide.errors import LandslideError, UserError

_CLEAR = (UserError, LandslideError, OSError)  # errors whose text suffices; others are bugs and keep their trace
_Result = TypeVar("_Result")
Progress = Callable[[int], AbstractContextManager[Callable]]  # takes a number of steps; gives what is called after each


class Communicator(Protocol):
    """The part of an MPI communicator used here."""

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def bcast(self, value: Any, /, root: int = 0) -> Any: ...

    def allgather(self, value: Any, /) -> list[Any]: ...

    def gather(self, value: Any, /) -> list[Any] | None: ...

    def barrier(self) -> None: ...


class Serial:
    """A Communicator of one process."""

    rank, size = 0, 1

    def bcast(self, value: Any, root: int = 0) -> Any:
        return value

    def allgather(self, value: Any) -> list[Any]:
        return [value]

    gather = allgather

    def barrier(self) -> None:
        pass


# Processes that a launcher has started: OpenMPI, MPICH and its kin, Slurm.
_STARTED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")


def processes() -> int:
    """How many the launcher says it has started, 1 without a launcher."""
    return max((int(n) for name in _STARTED if (n := os.environ.get(name, "")).isdigit()), default=1)


def world() -> Communicator:
    """MPI's world, or one process if mpi4py or the MPI library that it opens is not installed.

    Raises UserError if there are several such processes: each would do all the work and write the same file.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        if processes() > 1:
            raise UserError(
                f"{processes()} processes, which cannot find each other: pip install 'elm-landslide[mpi]' "
                f"and an MPI library, or start only one ({error})"
            ) from None
        return Serial()
    return MPI.COMM_WORLD


def share(n: int, rank: int, size: int) -> slice:
    """The contiguous share of n columns that a rank runs; some are empty where size > n."""
    return slice(n * rank // size, n * (rank + 1) // size)


def together(comm: Communicator, action: Callable[..., _Result], *arguments: Any) -> _Result:
    """Run an action on every rank. If it fails on one, every rank raises: no rank waits for another that is gone."""
    result: Any = None
    error: Exception | None = None
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
def silent(*_: Any) -> Iterator[Callable]:
    """A progress that shows nothing: for the other ranks, and for calls from Python."""
    yield lambda *_: None

"""How a command ends: bad input with one line on stderr and exit status 2, on any number of ranks."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from typer.core import TyperGroup

from elm_landslide import ranks
from elm_landslide.errors import LandslideError, UserError
from elm_landslide.ranks import Communicator

BAD_INPUT, INTERRUPTED = 2, 130
_Result = TypeVar("_Result")


def complain(error: BaseException | str) -> None:
    """An error and its notes as one line."""
    words = "; ".join([str(error), *getattr(error, "__notes__", [])])
    print(f"elm-landslide: {' '.join(words.split())}", file=sys.stderr, flush=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """A UserError or LandslideError becomes one line on stderr and exit status 2; Ctrl-C one line and status 130."""
    try:
        yield
    except (UserError, LandslideError) as error:
        complain(error)
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        complain("interrupted")
        raise typer.Exit(INTERRUPTED) from None


class Commands(TyperGroup):
    """The commands; bad arguments end like other bad input, with one line from one rank."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        options = {**extra, "standalone_mode": False}
        if not standalone_mode:
            return super().main(*args, **options)
        try:
            status = super().main(*args, **options)
        except Exception as error:
            # Exceptions of click, whose module typer hides, carry the status and know their text.
            if not (hasattr(error, "format_message") and hasattr(error, "exit_code")):
                raise
            if type(error).__name__ != "NoArgsIsHelpError":  # which has shown the help
                _complain_once(error.format_message().replace("Value error, ", ""))
            sys.exit(error.exit_code)
        sys.exit(status or 0)


def _complain_once(message: str) -> None:
    """Print from the first rank only, as all read the same arguments; with one process MPI is not touched."""
    if ranks.processes() == 1:
        complain(message)
        return
    try:
        comm = ranks.world()
    except UserError:  # the processes cannot find each other
        complain(message)
        return
    if comm.rank == 0:
        complain(message)
    comm.barrier()


def on_all_ranks(comm: Communicator, action: Callable[[], _Result]) -> _Result:
    """What `action` returns. If it fails on a rank, the line comes from rank 0, or from the lowest that failed, and
    every rank exits with the same status.

    mpirun ends a job when its first rank exits with an error, so none may leave before the message is out.
    """
    result: Any = None
    error: UserError | LandslideError | str | None = None
    status = 0
    try:
        result = action()
    except (UserError, LandslideError) as caught:
        error, status = caught, BAD_INPUT
    except KeyboardInterrupt:
        error, status = "interrupted", INTERRUPTED
    except Exception:  # a rank that fails must still reach the others
        traceback.print_exc()
        status = 1
    statuses = comm.allgather(status)
    failures = [rank for rank, s in enumerate(statuses) if s]
    if failures and comm.rank == failures[0] and error is not None:
        complain(error)
    comm.barrier()
    if failures:
        raise typer.Exit(statuses[failures[0]])
    return result

"""What the command line shows on a terminal: progress on stderr, tables on stdout."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager


def records(total: int) -> AbstractContextManager[Callable]:
    """Progress over records of history."""
    return progress("record", total)


def columns(total: int) -> AbstractContextManager[Callable]:
    """Progress over columns of soil."""
    return progress("column", total)


@contextmanager
def progress(noun: str, total: int) -> Iterator[Callable]:
    """advance(n=1): a bar on a terminal, else a line every tenth; on stderr."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn(f"{noun}s"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        ) as bar:
            task = bar.add_task("", total=total)
            yield lambda n=1: bar.advance(task, n)
        return
    done = 0

    def advance(n: int = 1) -> None:
        nonlocal done
        done += n
        if done * 10 // total != (done - n) * 10 // total:
            print(f"{noun} {done} of {total}", file=sys.stderr, flush=True)

    yield advance


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """report(stage, done, total): a bar for each stage on a terminal, else a line as a stage is done; on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        start = time.monotonic()

        def tell(stage: str, done: int, total: int) -> None:
            if done == total:
                say(f"{time.monotonic() - start:6.0f} s  {stage}")

        yield tell
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        task, current = TaskID(0), ""  # of no stage yet

        def report(stage: str, done: int, total: int) -> None:
            nonlocal task, current
            if stage != current:
                task, current = bars.add_task(stage, total=total), stage
            bars.update(task, completed=done)

        yield report


def say(what: str) -> None:
    """What is done next, on stderr."""
    print(what, file=sys.stderr, flush=True)


def flat(value: dict, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, text) of nested dictionaries; long lists are for --json."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from flat(item, f"{prefix}{key}.")
        elif isinstance(item, list) and len(item) > 4:
            yield f"{prefix}{key}", f"{len(item)} values"
        else:
            yield f"{prefix}{key}", str(item)

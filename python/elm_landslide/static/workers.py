"""Who does the windows: this process, processes of dask on this machine, or a user's own dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from elm_landslide.errors import UserError

ANSWER = 20  # s to wait for a scheduler

Each = Callable[[Callable, Any, Iterable], Iterator]


@contextmanager
def pool(workers: int, scheduler: str | None) -> Iterator[Each]:
    """each(function, common, items): results of function(common, item), in the order in which they are done. Items are
    taken as workers become free, so what they hold is in memory for a few at a time.

    workers: processes; 1 without a scheduler is this one. scheduler: address of a dask scheduler, whose workers have
    this package and see the same files.
    """
    if scheduler is None and workers == 1:
        yield lambda function, common, items: (function(common, item) for item in items)
        return
    from distributed import Client, LocalCluster

    cluster = None
    if scheduler is None:
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        )
    try:
        try:
            client = Client(scheduler or cluster, timeout=ANSWER)
        except (OSError, ValueError) as error:
            raise UserError(f"--scheduler {scheduler}: no dask scheduler answers there ({error})") from None
        with client:
            yield lambda function, common, items: _each(client, function, common, items)
    finally:
        if cluster is not None:
            cluster.close()


def _each(client: Any, function: Callable, common: Any, items: Iterable) -> Iterator:
    from distributed import as_completed

    # Without a name of its own it would be that of the last call, which is just being let go.
    shared = client.scatter(common, broadcast=True, hash=False)
    in_flight = 2 * max(len(client.scheduler_info()["workers"]), 1)
    waiting, running = iter(items), as_completed()
    count = 0

    def more() -> None:
        nonlocal count
        for item in waiting:
            running.add(client.submit(_told, function, shared, item, pure=False))
            count += 1
            return

    for _ in range(in_flight):
        more()
    while count:
        future = next(running)
        count -= 1
        result = future.result()
        if isinstance(result, UserError):
            raise result
        yield result
        more()


def _told(function: Callable, common: Any, item: Any) -> Any:
    """Bad input as a value: a worker would write the trace of an exception into the user's terminal."""
    try:
        return function(common, item)
    except UserError as error:
        return error

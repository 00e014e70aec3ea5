"""The loop that all stages share: batches split over ranks, a checkpoint after every epoch, the same bits on resume."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn

from elm_landslide import files
from elm_landslide.errors import UserError

Report = Callable[[str, int, int], None]  # stage, done, total


def chunks(total: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, total)) for start in range(0, total, size))


@contextmanager
def one_thread() -> Iterator[None]:
    """The arrays are too small to gain from threads, which only wait for each other (half the processor time)."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class Group:
    """The ranks of a training; each takes a part of every batch, and gradients are summed over them."""

    rank: int = 0
    size: int = 1

    def part(self, rows: Tensor) -> Tensor:
        return rows[self.rank :: self.size]

    def sum_gradients(self, parameters: Sequence[Tensor]) -> None:
        if self.size == 1:
            return
        # A parameter that the loss does not depend on has no gradient, on one rank or on all.
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in parameters])
        distributed.all_reduce(flat)
        for p, grad in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
            p.grad = grad.view_as(p)

    def gather(self, value: Any) -> list:
        """The values of all ranks, in order."""
        if self.size == 1:
            return [value]
        values = [None] * self.size
        distributed.all_gather_object(values, value)
        return values


@contextmanager
def group(comm: Any) -> Iterator[Group]:
    """A torch.distributed group (gloo) of the ranks of an mpi4py communicator, while it is used."""
    if comm.size == 1:
        yield Group()
        return
    place = None
    if comm.rank == 0:
        with socket.socket() as free:
            free.bind(("", 0))
            place = socket.gethostname(), free.getsockname()[1]
    host, port = comm.bcast(place)
    # The first optimiser imports this, and would then keep the group, with its threads, until the process ends.
    import torch._dynamo  # noqa: F401
    from mpi4py import MPI

    # On one machine, gloo would otherwise look up its name, which need not resolve to an address.
    machine = comm.Split_type(MPI.COMM_TYPE_SHARED)
    alone = machine.size == comm.size
    machine.Free()
    if alone:
        host = "127.0.0.1"
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group("gloo", init_method=f"tcp://{host}:{port}", rank=comm.rank, world_size=comm.size)
    try:
        yield Group(comm.rank, comm.size)
    finally:
        distributed.destroy_process_group()


class Checkpoint:
    """What an interrupted training has reached, in one file beside the model; only rank 0 writes."""

    def __init__(self, path: Path | None = None, identity: dict | None = None, writes: bool = True):
        """Without a path nothing is kept on disk. Raises UserError if the file belongs to another training."""
        self._identity, self._written = identity, path if writes else None
        self._states: dict[str, dict] = {}
        if path is None or not path.exists():
            return
        files.regular(path)
        try:
            content = torch.load(path, weights_only=True)
            same = content["identity"] == identity
        except Exception as error:  # torch raises many kinds for a broken file
            raise UserError(f"{path}: not a checkpoint of this version ({type(error).__name__}); delete it") from None
        if not same:
            raise UserError(f"{path}: of a training with other settings or data; delete it, or choose another --out")
        self._states = content["found"]

    def get(self, name: str) -> dict | None:
        return self._states.get(name)

    def put(self, name: str, state: dict) -> None:
        self._states[name] = state
        if self._written:
            with files.whole(self._written, RuntimeError) as part:
                torch.save({"identity": self._identity, "found": self._states}, part)

    def remove(self) -> None:
        if self._written:
            self._written.unlink(missing_ok=True)


def no_report(stage: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class Session:
    """What fits share: the seed, the ranks, what an earlier start has reached, and what is called after every epoch."""

    seed: int
    ranks: Group = field(default_factory=Group)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    report: Report = no_report


@dataclass(frozen=True)
class Fitting:
    """Settings of one fit."""

    epochs: int
    batch: int
    rate: float
    decay: float


def fit(
    name: str,
    parameters: Iterable[Tensor],
    loss: Callable[[Tensor], Tensor],
    rows: int,
    settings: Fitting,
    session: Session,
    drawn: Sequence[torch.Generator] = (),
) -> None:
    """Minimise the mean over rows of loss(indices [k]), a mean over those rows, in place.

    AdamW (Loshchilov and Hutter 2019) with a one-cycle rate. After every epoch all that decides the next one is kept in
    the checkpoint under `name`; a fit found there resumes. drawn: the generators that the loss draws from; every rank
    has its own.
    """
    parameters, ranks, checkpoint = list(parameters), session.ranks, session.checkpoint
    torch.manual_seed(session.seed + ranks.rank)  # for dropout
    generator = torch.Generator().manual_seed(session.seed)
    optimiser = torch.optim.AdamW(parameters, lr=settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * -(-rows // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=max(steps, 1))
    first, start = 0, checkpoint.get(name)
    if start:
        first = start["epoch"]
        with torch.no_grad():
            for p, value in zip(parameters, start["parameters"], strict=True):
                p.copy_(value)
        for source, at in zip(drawn, start["drawn"][ranks.rank], strict=True):
            source.set_state(at)
        if first < settings.epochs:
            optimiser.load_state_dict(start["optimiser"])
            schedule.load_state_dict(start["schedule"])
            generator.set_state(start["generator"])
            torch.set_rng_state(start["random"][ranks.rank])
    for epoch in range(first, settings.epochs):
        order = torch.randperm(rows, generator=generator)
        for chunk in chunks(rows, settings.batch):
            whole = order[chunk]
            part = ranks.part(whole)
            optimiser.zero_grad()
            (loss(part) * (len(part) / len(whole)) if len(part) else _nothing(parameters)).backward()
            ranks.sum_gradients(parameters)
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
        last = epoch + 1 == settings.epochs
        state: dict[str, Any] = {
            "epoch": epoch + 1,
            "parameters": [p.detach().clone() for p in parameters],
            "drawn": ranks.gather([source.get_state() for source in drawn]),  # the next fit may draw from them, too
        }
        if not last:
            state |= {
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "generator": generator.get_state(),
                "random": ranks.gather(torch.get_rng_state()),
            }
        checkpoint.put(name, state)
        session.report(name, epoch + 1, settings.epochs)


def _nothing(parameters: Sequence[Tensor]) -> Tensor:
    """A loss of 0 that reaches every parameter, of a rank without a row of the batch."""
    return torch.stack([p.sum() * 0.0 for p in parameters]).sum()

"""The loop that all stages share: batches split over ranks, a checkpoint after every epoch, the same on resume."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, distributed, nn

from elm_landslide import files
from elm_landslide.errors import UserError

Report = Callable[[str, int, int], None]  # stage, done, total


def chunks(total: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, total)) for start in range(0, total, size))


@contextmanager
def one_thread():
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

    def sum_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        if self.size == 1:
            return
        # A parameter that the loss does not depend on has no gradient, on one rank or on all.
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in parameters])
        distributed.all_reduce(flat)
        for p, grad in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
            p.grad = grad.view_as(p)

    def gather(self, value) -> list:
        """The values of all ranks, in order."""
        if self.size == 1:
            return [value]
        found = [None] * self.size
        distributed.all_gather_object(found, value)
        return found


@contextmanager
def group(comm) -> Iterator[Group]:
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
        self.path, self.identity, self.writes, self.found = path, identity, writes and path is not None, {}
        if path is None or not path.exists():
            return
        files.regular(path)
        try:
            kept = torch.load(path, weights_only=True)
            same = kept["identity"] == identity
        except Exception as error:  # torch raises many kinds for a broken file
            raise UserError(f"{path}: not a checkpoint of this version ({type(error).__name__}); delete it") from None
        if not same:
            raise UserError(f"{path}: of a training with other settings or data; delete it, or choose another --out")
        self.found = kept["found"]

    def get(self, name: str):
        return self.found.get(name)

    def put(self, name: str, value) -> None:
        self.found[name] = value
        if self.writes:
            with files.whole(self.path, RuntimeError) as part:
                torch.save({"identity": self.identity, "found": self.found}, part)

    def remove(self) -> None:
        if self.writes:
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Fitting:
    """Settings of one fit."""

    epochs: int
    batch: int
    rate: float
    decay: float
    seed: int


def fit(
    name: str,
    parameters: Sequence[nn.Parameter],
    loss: Callable[[Tensor], Tensor],
    rows: int,
    settings: Fitting,
    ranks: Group,
    checkpoint: Checkpoint,
    report: Report,
    drawn: Sequence[torch.Generator] = (),
) -> None:
    """Minimise the mean over rows of loss(indices [k]), a mean over those rows, in place.

    AdamW (Loshchilov and Hutter 2019) with a one-cycle rate. After every epoch all that decides the next one is kept in
    the checkpoint under `name`; a fit found there resumes. drawn: the generators that the loss draws from; every rank
    has its own.
    """
    parameters = list(parameters)
    torch.manual_seed(settings.seed + ranks.rank)  # for dropout
    generator = torch.Generator().manual_seed(settings.seed)
    optimiser = torch.optim.AdamW(parameters, lr=settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * -(-rows // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=max(steps, 1))
    first, kept = 0, checkpoint.get(name)
    if kept:
        first = kept["epoch"]
        with torch.no_grad():
            for p, value in zip(parameters, kept["parameters"], strict=True):
                p.copy_(value)
        for source, at in zip(drawn, kept["drawn"][ranks.rank], strict=True):
            source.set_state(at)
        if first < settings.epochs:
            optimiser.load_state_dict(kept["optimiser"])
            schedule.load_state_dict(kept["schedule"])
            generator.set_state(kept["generator"])
            torch.set_rng_state(kept["random"][ranks.rank])
    for epoch in range(first, settings.epochs):
        order = torch.randperm(rows, generator=generator)
        for chunk in chunks(rows, settings.batch):
            whole = order[chunk]
            part = ranks.part(whole)
            optimiser.zero_grad()
            (loss(part) * (len(part) / len(whole)) if len(part) else sum(p.sum() * 0.0 for p in parameters)).backward()
            ranks.sum_gradients(parameters)
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
        last = epoch + 1 == settings.epochs
        state = {
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
        report(name, epoch + 1, settings.epochs)

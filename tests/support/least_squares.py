"""A small fit: least squares, whose loss can draw at random, on one rank or on several."""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from elm_landslide.training.fitting import Checkpoint, Fitting, Group, Session, fit, group

ROWS, BATCH = 41, 8  # the last batch has one row: the second of two ranks has none of it
TRUTH = torch.tensor([1.5, -0.5, 0.25], dtype=torch.float64)
SETTINGS = Fitting(epochs=6, batch=BATCH, rate=0.1, decay=0.0)


class Problem:
    """y = a TRUTH by gradient descent from 0. noisy: with dropout, and noise from a generator of its own."""

    def __init__(self, noisy=False, rank=0):
        generator = torch.Generator().manual_seed(1)
        self.a = torch.randn(ROWS, 3, generator=generator, dtype=torch.float64)
        self.y = self.a @ TRUTH
        self.weights = nn.Parameter(torch.zeros(3, dtype=torch.float64))
        self.idle = nn.Parameter(torch.ones(2, dtype=torch.float64))  # no loss reaches it
        self.drawn = [torch.Generator().manual_seed(3 + rank)] if noisy else []

    def loss(self, rows):
        a, y = self.a[rows], self.y[rows]
        if self.drawn:
            a = nn.functional.dropout(a, 0.2)
            y = y + 0.1 * torch.randn(len(rows), generator=self.drawn[0], dtype=torch.float64)
        return ((a @ self.weights - y) ** 2).mean()

    def fit(self, checkpoint=None, report=lambda *_: None, ranks=None, settings=SETTINGS, seed=5):
        session = Session(seed, ranks or Group(), checkpoint or Checkpoint(), report)
        fit("least squares", [self.weights, self.idle], self.loss, ROWS, settings, session, self.drawn)
        return self.weights.detach()

    def state(self):
        """All that a fit leaves behind, and the next one may see."""
        return [self.weights.detach().tolist(), *(g.get_state().tolist() for g in self.drawn)]


def stop_after(epoch):
    """A report that interrupts the fit."""

    def report(stage, done, total):
        if done == epoch:
            raise KeyboardInterrupt

    return report


def interrupted(path, epoch, noisy, ranks=None, barrier=lambda: None):
    """The problem at the end of a fit that stopped after an epoch and was started again."""
    ranks = ranks or Group()

    def checkpoint():
        kept = Checkpoint(path, {"of": 1}, ranks.rank == 0)
        barrier()  # all have read it before one writes
        return kept

    try:
        Problem(noisy, ranks.rank).fit(checkpoint(), stop_after(epoch), ranks)
    except KeyboardInterrupt:
        barrier()
    again, kept = Problem(noisy, ranks.rank), checkpoint()
    assert kept.get("least squares")["epoch"] == epoch
    again.fit(kept, ranks=ranks)
    return again


def main(folder):
    """On each rank of mpirun, into folder/RANK.json: weights without noise; states after a noisy fit, run through and
    interrupted; threads of the group that are left after it."""
    from mpi4py import MPI

    comm, folder = MPI.COMM_WORLD, Path(folder)
    with group(comm) as ranks:
        found = {"rank": ranks.rank, "size": ranks.size}
        # A path for each rank: only that of rank 0 is written.
        kept = Checkpoint(folder / f"of{comm.rank}.checkpoint", {}, comm.rank == 0)
        found["weights"] = Problem().fit(kept, ranks=ranks).tolist()
        through = Problem(True, comm.rank)
        through.fit(ranks=ranks)
        found["through"] = through.state()
        found["interrupted"] = interrupted(folder / "shared.checkpoint", 3, True, ranks, comm.barrier).state()
    names = [(task / "comm").read_text() for task in Path("/proc/self/task").iterdir()]
    found["threads"] = [name for name in names if "gloo" in name]
    (folder / f"{comm.rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])

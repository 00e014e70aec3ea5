"""The loop of all stages: it minimises, goes on to the bit after an interruption, and is the same on several ranks."""

import json
from pathlib import Path

import pytest
import torch

from elm_landslide.errors import UserError
from elm_landslide.training.fitting import Checkpoint, Fitting, Group, chunks, one_thread
from support import least_squares
from support.least_squares import SETTINGS, TRUTH, Problem
from support.offline_runs import launch


def test_a_quadratic_is_minimised():
    weights = Problem().fit(settings=Fitting(epochs=60, batch=8, rate=0.1, decay=0.0))
    torch.testing.assert_close(weights, TRUTH, rtol=0, atol=1e-3)


def test_the_last_rows_are_seen():
    """41 rows in batches of 8: each once an epoch."""
    seen, problem = [], Problem()
    real = problem.loss
    problem.loss = lambda rows: seen.append(rows) or real(rows)
    problem.fit(settings=Fitting(epochs=1, batch=8, rate=0.1, decay=0.0))
    assert [len(rows) for rows in seen] == [8, 8, 8, 8, 8, 1]
    assert sorted(torch.cat(seen).tolist()) == list(range(41))


def test_the_seed_decides():
    first, again, other = (
        Problem().fit(settings=Fitting(epochs=2, batch=8, rate=0.1, decay=0.0), seed=seed) for seed in (5, 5, 6)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_no_epochs_change_nothing():
    assert not Problem().fit(settings=Fitting(epochs=0, batch=8, rate=0.1, decay=0.0)).any()


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("epoch", [1, 3, SETTINGS.epochs])
def test_interrupted_and_resumed_gives_the_same_bits(tmp_path, epoch, noisy):
    """Also what the loss draws at random, and where a generator stands afterwards."""
    through = Problem(noisy)
    through.fit()
    torch.manual_seed(99)  # a new process starts elsewhere
    assert least_squares.interrupted(tmp_path / "c", epoch, noisy).state() == through.state()


def test_every_epoch_is_kept_and_told(tmp_path):
    told = []
    kept = Checkpoint(tmp_path / "c", {"of": 1})

    def report(*arguments):
        told.append((*arguments, torch.load(tmp_path / "c", weights_only=True)["found"]["least squares"]["epoch"]))

    Problem().fit(kept, report)
    n = SETTINGS.epochs
    assert told == [("least squares", i + 1, n, i + 1) for i in range(n)]
    assert [p.name for p in tmp_path.iterdir()] == ["c"]
    kept.remove()
    assert list(tmp_path.iterdir()) == []
    kept.remove()  # nothing is there


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = Checkpoint()
    Problem().fit(kept)
    kept.remove()
    assert list(tmp_path.iterdir()) == []


def test_checkpoint_of_another_training(tmp_path):
    path = tmp_path / "m.pt.checkpoint"
    identity = {"seed": 1, "settings": {"rate": 0.1}, "inputs": {"sites": "ab"}}
    Checkpoint(path, identity).put("fit", {"epoch": 1})
    assert Checkpoint(path, identity).get("fit") == {"epoch": 1}
    assert Checkpoint(path, identity).get("another") is None
    for other in ({**identity, "seed": 2}, {**identity, "settings": {"rate": 0.2}}, {**identity, "inputs": {}}):
        with pytest.raises(UserError, match=f"{path}: of a training with other settings or data; delete it, or"):
            Checkpoint(path, other)


def test_a_broken_checkpoint(tmp_path):
    path = tmp_path / "c"
    Checkpoint(path, {"seed": 1}).put("fit", {"epoch": 1})
    whole = path.read_bytes()
    torch.save({"another": 1}, tmp_path / "other")
    for content in (b"", b"not a checkpoint", whole[: len(whole) // 2], (tmp_path / "other").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(UserError, match=rf"{path}: not a checkpoint of this version \(\w+\); delete it"):
            Checkpoint(path, {"seed": 1})


def test_a_kill_while_writing_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    kept = Checkpoint(tmp_path / "c", {})
    kept.put("fit", {"epoch": 1})

    def killed(value, path):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        kept.put("fit", {"epoch": 2})
    assert Checkpoint(tmp_path / "c", {}).get("fit") == {"epoch": 1}


def test_ranks_share_every_row():
    rows = torch.arange(10)
    parts = [Group(rank, 3).part(rows).tolist() for rank in range(3)]
    assert sorted(sum(parts, [])) == rows.tolist()
    assert max(map(len, parts)) - min(map(len, parts)) == 1


def test_two_ranks(tmp_path):
    """They agree with each other to the bit, with one rank to rounding; each draws its own random numbers; what is
    interrupted goes on to the bit; only rank 0 writes."""
    done = launch(2, tmp_path, code=Path(least_squares.__file__).read_text())
    assert done.returncode == 0, done.stderr
    found = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert [(f["rank"], f["size"]) for f in found] == [(0, 2), (1, 2)]
    assert sorted(p.name for p in tmp_path.glob("*.checkpoint")) == ["of0.checkpoint", "shared.checkpoint"]
    assert found[0]["weights"] == found[1]["weights"]
    torch.testing.assert_close(
        torch.tensor(found[0]["weights"], dtype=torch.float64), Problem().fit(), rtol=0, atol=1e-6
    )
    assert all(f["through"] == f["interrupted"] and f["threads"] == [] for f in found)
    (weights, generator), (weights_1, generator_1) = (f["through"] for f in found)
    assert weights == weights_1
    assert generator != generator_1


def test_one_thread_is_given_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyboardInterrupt), one_thread():
            assert torch.get_num_threads() == 1
            raise KeyboardInterrupt
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_chunks():
    assert list(chunks(5, 2)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(chunks(0, 2)) == []

"""Stage 2 on a made table: folds, losses by hand, ablations, levels; controls that must come out worse; bad tables."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from elm_landslide.errors import UserError
from elm_landslide.fields import FIELDS, SPVAL
from elm_landslide.model import model_file
from elm_landslide.model.export import load_eager
from elm_landslide.model.network import LandslideNetwork
from elm_landslide.observation import designs
from elm_landslide.observation.model import DESIGNS, Observation
from elm_landslide.sites.site_table import block_of
from elm_landslide.training import run, stage_2
from elm_landslide.training.fitting import Checkpoint, Group, Session, one_thread
from elm_landslide.training.stage_1 import first_weights
from support import made_sites
from support.site_files import write_csv


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def mask(*values):
    return torch.tensor(values, dtype=torch.bool)


def softplus(v):
    return np.log1p(np.exp(v))


@pytest.fixture(autouse=True)
def alone():
    with one_thread():
        yield


@pytest.fixture
def network():
    """Two members that differ from the prior and from each other."""
    made = LandslideNetwork(2, 8)
    generator = torch.Generator().manual_seed(0)
    for i, member in enumerate(made.members):
        first_weights(member, i)
        member[-1].weight.data.normal_(0.0, 0.3, generator=generator)
    return made.requires_grad_(False)


@pytest.fixture(scope="module")
def rows():
    return made_sites.columns()


# Folds.


def scattered(n, blocks, landslides, seed):
    """Sites in so many blocks, so many of them landslides."""
    rng = np.random.default_rng(seed)
    made = made_sites.table().select(rng.integers(0, made_sites.table().n, n))
    at = rng.integers(0, blocks, n)
    lat, lon = -40 + 5 * (at % 15) + rng.uniform(0.1, 4.9, n), 5 * (at // 15) + rng.uniform(0.1, 4.9, n)
    slid = np.zeros(n, dtype=bool)
    slid[rng.permutation(n)[:landslides]] = True
    return dataclasses.replace(made, lat=lat, lon=lon, block=block_of(lat, lon), landslide=slid)


@pytest.mark.parametrize(("n", "blocks", "landslides"), [(300, 40, 60), (40, 6, 12), (500, 200, 10), (60, 5, 30)])
def test_folds(n, blocks, landslides):
    """A block is in one fold, every fold has landslides, none has far more than another; the same twice."""
    for seed in range(5):
        sites = scattered(n, blocks, landslides, seed)
        name = block_of(sites.lat, sites.lon)
        of_landslides = np.unique(name[sites.landslide], return_counts=True)[1]
        count = min(5, len(of_landslides))
        fold = designs.folds(sites, count, seed)
        assert all(len(set(fold[name == block])) == 1 for block in set(name))
        held = np.bincount(fold[sites.landslide], minlength=count)
        assert len(held) == count
        assert held.min() > 0
        assert held.max() - held.min() <= of_landslides.max()
        np.testing.assert_array_equal(fold, designs.folds(sites, count, seed))


def test_a_block_that_the_table_names_is_not_divided():
    """Two sides of a 5 degree line, named one block by the table."""
    sites = scattered(200, 40, 60, 0)
    named = dataclasses.replace(sites, block=np.where(sites.lat < 0, "south", sites.block))
    assert len(set(designs.folds(named, 4, 0)[named.block == "south"])) == 1


def test_the_largest_block_is_placed_first():
    """Five landslides in one block and five alone: five in each of two folds, whatever the seed."""
    sites = made_sites.table().select(np.arange(10))
    lat = -2.5 - 5.0 * np.maximum(np.arange(10) - 4, 0)
    lon = np.full(10, 2.5)
    sites = dataclasses.replace(sites, lat=lat, lon=lon, block=block_of(lat, lon), landslide=np.ones(10, dtype=bool))
    for seed in range(10):
        assert np.bincount(designs.folds(sites, 2, seed)).tolist() == [5, 5]


def test_blocks_without_landslides_even_out_the_rows():
    sites = scattered(2000, 200, 20, 1)
    rows = np.bincount(designs.folds(sites, 4, 0))
    assert rows.max() - rows.min() < 60  # some 10 rows in a block
    assert (designs.folds(sites, 4, 0) != designs.folds(sites, 4, 1)).any()


# Losses.


def test_cross_entropy_is_the_plain_one_without_corrections():
    rng = np.random.default_rng(0)
    logit = torch.from_numpy(rng.normal(0.0, 2.0, 50))
    landslide = torch.from_numpy(rng.random(50) < 0.4)
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logit, landslide.double())
    none = torch.zeros(50, dtype=torch.float64)
    assert float(stage_2.cross_entropy(logit, landslide, none, 0.4, 0.0)) == pytest.approx(float(plain), rel=1e-12)
    assert float(stage_2.cross_entropy(logit, landslide, none, 0.4, 0.1)) < float(plain)


def test_cross_entropy_by_hand():
    """A landslide at p = 1/2, that is elsewhere by 0.2, and two others at p = 3/4 and 1/4, a tenth hidden."""
    logit = tensor(0.0, np.log(3.0), -np.log(3.0))
    found = stage_2.cross_entropy(logit, mask(True, False, False), tensor(0.2, 0.0, 0.0), 0.25, 0.1)
    as_landslide = -np.log(0.8 * 0.5 + 0.2 * 0.25) / 3
    as_others = (np.log(4.0) + np.log(4.0 / 3.0)) / 3 - 0.1 * (2 / 3) * np.log(2.0)
    assert float(found) == pytest.approx(as_landslide + as_others, rel=1e-12)


def test_the_unlabelled_part_is_never_negative():
    """Where the correction is more than the risk, what is left is the risk of the landslides, and its gradient."""
    logit = tensor(6.0, 5.0, -8.0, -9.0).requires_grad_(True)
    landslide, elsewhere = mask(True, True, False, False), torch.zeros(4, dtype=torch.float64)
    found = stage_2.cross_entropy(logit, landslide, elsewhere, 0.5, 0.2)
    assert float(found.detach()) == pytest.approx((softplus(-6.0) + softplus(-5.0)) / 4, rel=1e-9)
    found.backward()
    assert (logit.grad[2:] == 0.0).all()
    assert (logit.grad[:2] < 0.0).all()
    others = stage_2.cross_entropy(logit.detach(), mask(*[False] * 4), elsewhere, 0.5, 0.2)  # a batch without any
    assert float(others) == pytest.approx(softplus(logit.detach().numpy()).mean())


def test_a_landslide_far_off_says_nothing():
    """By the accuracy of its location: e^(-r / scale) of it is there; unknown accuracy is 25 km; others are 0."""
    table = made_sites.table()
    sites = dataclasses.replace(
        table.select(np.arange(4)),
        accuracy=np.array([50.0, 50.0, np.nan, 0.0]),
        landslide=np.array([True, False, True, True]),
    )
    found = stage_2.chance_elsewhere(sites, 100.0)
    assert found == pytest.approx([1 - np.exp(-0.5), 0.0, 1 - np.exp(-0.25), 0.0])
    logit = tensor(-3.0).requires_grad_(True)
    stage_2.cross_entropy(logit, mask(True), tensor(1.0), 0.3, 0.0).backward()
    assert float(logit.grad) == 0.0


def test_ranking_by_hand():
    """A landslide over two rows of its site and over none of others; a landslide without such rows counts nothing."""
    logit = tensor(2.0, 0.5, -1.0, 0.3, 5.0, 1.0)
    pair, landslide = torch.tensor([0, 0, 0, 1, -1, 2]), mask(True, False, False, False, False, True)
    found = float(stage_2.ranking(logit, pair, landslide))
    assert found == pytest.approx((softplus(0.5 - 2.0) + softplus(-1.0 - 2.0)) / 2, rel=1e-12)


def test_ranking_without_pairs_is_nothing():
    """Random rows have no pair: not even one with another."""
    logit = tensor(1.0, 2.0, 3.0).requires_grad_(True)
    found = stage_2.ranking(logit, torch.tensor([0, 1, -1]), mask(True, False, False))
    found.backward()
    assert float(found.detach()) == 0.0
    assert (logit.grad == 0.0).all()
    assert float(stage_2.ranking(logit.detach(), torch.tensor([-1, -1, -1]), mask(True, False, False))) == 0.0


def test_the_rows_of_a_site_are_a_pair(rows):
    pair = stage_2.pairs(rows.sites).numpy()
    assert ((pair == -1) == (rows.sites.kind == "random")).all()
    for i in np.flatnonzero(rows.sites.landslide):
        assert rows.sites.id[pair == pair[i]].tolist() == [rows.sites.id[i], rows.sites.id[i].replace("a", "b")]


# The network on sites.


def test_columns_of_the_designs(rows):
    """Days of a site on one slope, random rows on their own; nothing else differs."""
    differs = (rows.x["random"] != rows.x["same_site"]).any(0).any(0).any(0)
    wanted = torch.zeros_like(differs)
    wanted[FIELDS["slope"].columns] = True
    assert torch.equal(differs, wanted)
    assert len(torch.unique(rows.x["same_site"][:, 0, 0, FIELDS["slope"].offset])) == 1
    part = rows.rows(np.array([3, 1]))
    assert part.sites.id.tolist() == rows.sites.id[[3, 1]].tolist()
    assert torch.equal(part.solved, rows.solved[[3, 1]])
    assert all(torch.equal(part.x[design], rows.x[design][[3, 1]]) for design in DESIGNS)


@pytest.mark.parametrize(
    ("what", "names"),
    [("roots", ["root_strength_left"]), ("macropores", ["rain_1d", "rain_3d", "rain_7d", "snowmelt"])],
)
def test_an_ablation_changes_its_fields_alone(rows, what, names):
    x = rows.x["random"]
    before = x.clone()
    found = designs.without(x, what)
    assert torch.equal(x, before)
    columns = [FIELDS[name].offset for name in names]
    assert (found[..., columns] == 0.0).all()
    others = [k for k in range(x.shape[-1]) if k not in columns]
    assert torch.equal(found[..., others], x[..., others])


def test_unknown_ablation(rows):
    with pytest.raises(ValueError, match="roots or macropores"):
        designs.without(rows.x["random"], "water")


def test_failing_share_is_averaged_over_what_was_solved(rows, network):
    """ln of the mean share of the members, then the mean over draws; a draw without solution does not count."""
    part = rows.rows(np.arange(20))
    single = []
    for k in range(part.solved.shape[1]):
        x = part.x["random"][:, k].reshape(60, -1)
        prepared = network.prepare(x)
        p = network.run_members(prepared, network.latents(prepared, network.members)[0])[0].mean(1)
        single.append(np.log(p.numpy() + 1e-6).reshape(20, 3))
    single = np.array(single)
    np.testing.assert_allclose(designs.log_failing(network, part, "random"), single.mean(0), rtol=1e-12)
    unsolved = designs.SiteRows(part.sites, {"random": part.x["random"].clone()}, part.solved.clone())
    unsolved.solved[5, 1] = unsolved.solved[7, :3] = False
    unsolved.x["random"][5, 1] = unsolved.x["random"][7, :3] = SPVAL
    wanted = single.mean(0)
    wanted[5], wanted[7] = single[[0, 2, 3], 5].mean(0), single[3, 7]
    np.testing.assert_allclose(designs.log_failing(network, unsolved, "random"), wanted, rtol=1e-12)


def test_chunks_of_rows_do_not_matter(rows, network, monkeypatch):
    whole = designs.log_failing(network, rows, "same_site")
    monkeypatch.setattr(designs, "ROWS", 50)
    np.testing.assert_allclose(designs.log_failing(network, rows, "same_site"), whole, rtol=1e-12)


def test_ablations_lower_or_raise_the_failing_share(rows, network):
    """Less water at the base fails less; without roots more fails, for there are some in every draw."""
    whole = designs.log_failing(network, rows, "random")
    assert (designs.log_failing(network, rows, "random", "roots") >= whole - 1e-9).all()
    dry = designs.log_failing(network, rows, "random", "macropores")
    assert (dry <= whole + 1e-9).all()
    assert (dry < whole - 0.01).any()


def levels(network, part, settings=None, seed=4, again=None, kept=None, report=lambda *_: None, sources=()):
    stage_2.fit_levels(
        network,
        part,
        again or (lambda member: torch.zeros((), dtype=torch.float64)),
        settings or made_sites.config(level_epochs=3, level_batch=16).sites,
        Session(seed, Group(), kept or Checkpoint(), report),
        sources=sources,
    )


def test_levels_move_the_last_biases_alone(rows, network):
    """Of every member, to where landslides of the table are likelier; the same twice."""
    before = copy.deepcopy(network)
    again = copy.deepcopy(network)
    levels(network, rows)
    levels(again, rows)
    state = network.state_dict()
    moved = {name for name, value in before.state_dict().items() if not torch.equal(value, state[name])}
    assert moved == {"members.0.4.bias", "members.1.4.bias"}
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in state.items())
    assert not any(p.requires_grad for p in network.parameters())


def test_a_penalty_holds_the_levels(rows, network):
    def shift(penalty):
        made = copy.deepcopy(network)
        levels(made, rows, made_sites.config(level_epochs=3, level_batch=16, level_penalty=penalty).sites)
        pairs = zip(made.members, network.members, strict=True)
        return sum(float(((a[-1].bias - b[-1].bias) ** 2).sum().detach()) for a, b in pairs)

    assert shift(1e4) < 0.2 * shift(0.0)


def test_levels_replay_what_was_learned_before(rows, network):
    """The loss of stage 1 is asked for each member in each step, and its gradient counts."""
    asked = []

    def again(member):
        asked.append(member)
        return 100.0 * (member[-1].bias + 1.0).square().sum()  # pulls to -1

    levels(network, rows, again=again)
    steps = 3 * -(-int(rows.sites.landslide.sum()) // 16)
    assert asked == [m for m in network.members for _ in range(steps)]
    assert all((m[-1].bias < 0.0).all() for m in network.members)


@pytest.mark.parametrize("epochs", [1, 3, 4])
def test_levels_go_on_after_an_interruption(rows, network, epochs):
    """Within a member and between two, to the same bits: also what the loss of stage 1 draws."""

    def fitted(kept, stop=None):
        made, source, done = copy.deepcopy(network), torch.Generator().manual_seed(1), []

        def again(member):
            return (member[-1].bias * torch.randn(11, generator=source, dtype=torch.float64)).sum()

        def report(*_):
            done.append(1)
            if len(done) == stop:
                raise KeyboardInterrupt

        levels(made, rows, again=again, kept=kept, report=report, sources=[source])
        return torch.stack([member[-1].bias for member in made.members])

    kept = Checkpoint()
    with pytest.raises(KeyboardInterrupt):
        fitted(kept, epochs)
    assert torch.equal(fitted(kept), fitted(Checkpoint()))


# A whole training.


@pytest.fixture
def quick(monkeypatch):
    """train(control, ...) -> (scores, network, provenance, observation) of what would be written."""
    kept = {}

    def table(found, slopes=None, advance=int):
        assert found.id.tolist() == made_sites.table().id.tolist()
        return designs.SiteRows(found, made_sites.columns().x, made_sites.columns().solved)

    def export(network, x, path, provenance, observation=None):
        kept["file"] = network, provenance, observation

    monkeypatch.setattr(designs, "site_rows", table)
    monkeypatch.setattr("elm_landslide.model.export.export", export)

    def train(folder, control="", **more):
        scores = made_sites.train(folder / "model.pt", control, **more)
        return scores, *kept.pop("file")

    return train


def auc_error(landslides, others):
    """Standard error of an AUC of 0.5."""
    return np.sqrt((landslides + others + 1) / (12.0 * landslides * others))


def test_landslides_of_other_blocks_are_told_apart():
    scores = made_sites.trained()[1]["development"]
    for design in DESIGNS:
        auc, low, high = scores[design]["auc"]
        assert 0.75 < auc < 0.99
        assert low < auc < high
        assert scores[design]["rows"] == 96
        assert scores[design]["brier_skill"][0] > 0.1
        assert scores[design]["ece"][0] < 0.15


def test_what_the_evaluation_must_know_is_in_the_file(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(made_sites.trained()[0])
    observation = Observation.from_bytes(model_file.read_entry(path, model_file.OBSERVATION))
    info, table = observation.info, made_sites.table()
    assert info["days"] == made_sites.DAYS
    assert info["trigger"] == "all"
    assert info["blocks"] == sorted(set(block_of(table.lat, table.lon).tolist()))
    assert len(info["blocks"]) == 12
    assert info["slopes"] == sorted(info["slopes"])
    assert info["slopes"][0] == np.nanmin(table.slope)
    assert info["prevalence"] == {"same_site": 0.5, "random": 0.5}
    assert all(len(info["calibration"][design]) == 3 for design in DESIGNS)


def test_the_same_seed_gives_the_same_bits(quick, tmp_path):
    """As in the file of another training; another seed does not."""
    path = tmp_path / "first.pt"
    path.write_bytes(made_sites.trained()[0])
    scores, network, _, observation = quick(tmp_path)
    assert scores == made_sites.trained()[1]
    for made, other in (
        (network, load_eager(path)),
        (observation, Observation.from_bytes(model_file.read_entry(path, model_file.OBSERVATION))),
    ):
        state = other.state_dict()
        assert all(torch.equal(value, state[name]) for name, value in made.state_dict().items())
    _, other, _, _ = quick(tmp_path, seed=8)
    assert not torch.equal(other.members[0][-1].bias, network.members[0][-1].bias)


def test_permuted_labels_teach_nothing(quick, tmp_path):
    scores = quick(tmp_path, "permuted-labels")[0]["development"]
    for design in DESIGNS:
        assert abs(scores[design]["auc"][0] - 0.5) < 3.0 * auc_error(48, 48)
        assert scores[design]["brier_skill"][0] < 0.1


def test_what_is_permuted(tmp_path):
    """Labels and what goes with them, together; not weather nor place."""
    path = write_csv(tmp_path / "sites.csv", made_sites.rows())
    plain, permuted = (run._sites(path, made_sites.config(), control, 3) for control in ("", "permuted-labels"))
    labels = ("landslide", "kind", "pair", "trigger", "accuracy")
    for field in dataclasses.fields(plain):
        if field.name not in labels:
            np.testing.assert_array_equal(getattr(plain, field.name), getattr(permuted, field.name))
    both = [sorted(map(repr, zip(*(getattr(s, n) for n in labels), strict=True))) for s in (plain, permuted)]
    assert both[0] == both[1]
    moved = (plain.landslide != permuted.landslide).mean()
    assert 0.3 < moved < 0.6


def test_a_training_without_sites(quick, tmp_path):
    """No observation model, and a network that has seen nothing of the table: the bits of a training without one."""
    scores, network, _, observation = quick(tmp_path, "no-sites")
    assert observation is None
    assert "development" not in scores
    assert "stage_2" not in scores
    other_scores, other, _, nothing = quick(tmp_path, site_file=False)
    assert nothing is None
    assert scores["stage_1"]["columns"] == other_scores["stage_1"]["columns"]
    state = other.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


def test_the_kind_of_trigger_is_chosen(tmp_path):
    """Of four landslides in a block two or three are of rain; random rows stay."""
    path = write_csv(tmp_path / "sites.csv", made_sites.rows())
    found = run._sites(path, made_sites.config(trigger="rain"), "", 0)
    assert set(found.trigger) == {"rain", "downpour", ""}
    assert found.n == 12 * (2 * 3 + 4)
    assert run._sites(path, made_sites.config(), "", 0).n == made_sites.table().n


def of_kind(*kinds):
    return lambda rows: [row for row in rows if row["kind"] in kinds]


def within(blocks):
    return lambda rows: [row for row in rows if int(row["id"][1:].split("-")[0]) < blocks]


@pytest.mark.parametrize(
    ("spoil", "settings", "words"),
    [
        (of_kind("landslide", "random"), {}, "column kind: no row is same_site"),
        (of_kind("landslide", "same_site"), {}, "column kind: no row is random"),
        (of_kind("landslide"), {}, "column landslide: only 1 in 48 rows"),
        (of_kind("same_site", "random"), {}, "column landslide: only 0 in 96 rows"),
        (within(2), {"folds": 3}, "landslides in 2 blocks; 3 folds need as many"),
        (lambda rows: rows, {"trigger": "snow"}, "trigger: snow: unknown; choose rain or all"),
    ],
    ids=["no same site", "no random", "landslides alone", "no landslide", "few blocks", "trigger"],
)
def test_bad_tables(tmp_path, spoil, settings, words):
    """One clear error before anything is computed, and nothing is left behind."""
    path = write_csv(tmp_path / "sites.csv", spoil(made_sites.rows()))
    with pytest.raises(UserError, match=words):
        made_sites.train(tmp_path / "model.pt", settings=made_sites.config(**settings), site_file=path)
    assert [p.name for p in tmp_path.iterdir()] == ["sites.csv"]


def test_bad_wishes(tmp_path):
    with pytest.raises(UserError, match="control 'shuffled' is unknown; choose one of permuted-labels"):
        made_sites.train(tmp_path / "model.pt", "shuffled")
    with pytest.raises(UserError, match="the folder of .* does not exist"):
        made_sites.train(tmp_path / "none" / "model.pt")
    assert list(tmp_path.iterdir()) == []


def test_a_share_of_nothing_has_a_logarithm(rows, network):
    """ln 1e-6, where no slope fails: rows of flat ground stay comparable."""
    flat = dataclasses.replace(rows, x={design: x.clone() for design, x in rows.x.items()})
    for x in flat.x.values():
        x[..., FIELDS["slope"].columns] = 0.0
    np.testing.assert_allclose(designs.log_failing(network, flat, "random"), np.log(1e-6), rtol=1e-9)


def test_reports_come_late():
    """85 % of them on the day, 10 and 5 % one and two days later: the bag goes back from the day of the
    row."""
    z = np.full((3, 3), -np.inf)
    np.fill_diagonal(z, 0.0)
    np.testing.assert_allclose(np.exp(designs.over_days(z)), [0.85, 0.1, 0.05])

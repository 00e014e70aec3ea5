"""elm-landslide evaluate: the files it writes, and bad input in one line with nothing written."""

import csv
import json
import shutil
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.evaluation import report
from elm_landslide.model import model_file
from support import made_sites
from support.site_files import write_csv

FIRST, UNSEEN = 10, 12  # the first block of the table evaluated, and the first that the model was not trained on
FITTED = ("logistic_rain", "gradient_boosting", "lhasa_1_1", "without_physics", "without_macropores", "without_roots",
          "field_without_physics", "boosting_on_elm")  # fmt: skip
KEYS = [
    "rows",
    "fitted_on",
    "draws",
    "comparators",
    "left_out",
    "prevalence",
    "blocks",
    "auc",
    "auc_interval",
    "pr_auc",
    "pr_auc_interval",
    "hit_rate",
    "hit_rate_interval",
    "difference",
    "field_difference",
    "brier",
    "brier_interval",
    "brier_skill",
    "brier_skill_interval",
    "ece",
    "ece_by",
    "ece_by_interval",
    "reliability",
    "spread",
    "field",
    "unrepeated",
    "by_accuracy",
    "by_region",
]


def invoke(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def tree(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def evaluated():
    """96 rows, 24 of them in blocks of the training."""
    return made_sites.rows(8, seed=5, first=FIRST)


def strict(text):
    """JSON without NaN and infinity, which are none."""

    def refuse(name):
        raise AssertionError(f"{name} in JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The model, and tables to evaluate and to fit on."""
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "model.pt").write_bytes(made_sites.trained()[0])
    write_csv(folder / "sites.csv", evaluated())
    write_csv(folder / "training.csv", made_sites.rows())
    write_csv(
        folder / "fit.csv", made_sites.rows(5, seed=6, first=FIRST - 5) + made_sites.rows(1, seed=5, first=UNSEEN)
    )
    return folder


@pytest.fixture(scope="module")
def plain(folder):
    """(what it prints, the folder it writes)."""
    out = folder / "deep" / "plain"
    result = invoke("--sites", folder / "sites.csv", "--model", folder / "model.pt", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    return result.stdout, out


@pytest.fixture(scope="module")
def fitted(folder):
    out = folder / "fitted"
    files = ("--sites", folder / "sites.csv", "--train-sites", folder / "fit.csv", "--model", folder / "model.pt")
    result = invoke(*files, "--out", out)
    assert result.exit_code == 0, result.output
    return result.stdout, out


def test_help_teaches_by_example():
    result = invoke("--help")
    assert result.exit_code == 0
    assert "elm-landslide evaluate --sites" in result.output


def test_the_report(plain):
    """What its module lists, of both comparisons; printed and written are the same to six digits."""
    found = strict((plain[1] / "evaluation.json").read_text())
    assert sorted(found) == sorted(KEYS)
    for key in KEYS:
        name = key.removesuffix("_interval")
        assert name in report.__doc__, name
        whole = ("rows", "fitted_on", "draws", "comparators", "left_out", "ece")
        if key not in whole:
            assert found[key].keys() == {"same_site", "random"}, key
    counts = {"used": 72, "excluded_blocks": 24, "excluded_trigger": 0, "landslides": 24, "same_site": 24, "random": 24}
    assert {name: found["rows"][name] for name in counts} == counts
    assert 0 <= found["rows"]["outside_domain"] <= 72
    assert found["draws"] == 1000
    assert found["prevalence"] == {"same_site": 0.5, "random": 0.5}
    assert found["blocks"] == {"same_site": 6, "random": 6}
    printed = strict(plain[0])
    assert printed.keys() == found.keys()
    assert printed["auc"]["random"]["model"] == pytest.approx(found["auc"]["random"]["model"], abs=1e-6)


def test_the_model_is_set_beside_comparators(plain):
    found = strict((plain[1] / "evaluation.json").read_text())
    for design in ("same_site", "random"):
        auc = found["auc"][design]
        low, high = found["auc_interval"][design]["model"]
        assert 0.75 < auc["model"] <= 1.0
        assert low <= auc["model"] <= high
        assert {"ari7", "physics_only", "network_alone"} < auc.keys()
        difference = found["difference"][design]
        assert difference.keys() == auc.keys() - {"model"}
        assert difference["ari7"]["auc"] == pytest.approx(auc["model"] - auc["ari7"], abs=2e-6)
        less = found["field_difference"][design]
        assert less.keys() == auc.keys() - {"field"}
        for name in less:
            assert less[name]["auc"] == pytest.approx(auc["field"] - auc[name], abs=2e-6)
        assert found["hit_rate"][design]["model"].keys() == {"0.01", "0.05", "0.10"}
        assert found["by_region"][design]
        assert found["by_accuracy"][design]
        assert found["ece"] >= found["ece_by"][design]
    assert set().union(*(found["auc"][d] for d in found["auc"])) - {"model"} == found["comparators"].keys()


def test_what_needs_a_training_table_is_left_out_with_a_reason(plain):
    found = strict((plain[1] / "evaluation.json").read_text())
    wanted = dict.fromkeys(FITTED, "needs --train-sites") | {"lhasa_2_1": "no file of its weights was given"}
    wanted["field_without_physics"] += ", and rows of both comparisons"
    assert found["left_out"] == wanted
    assert found["fitted_on"] == "nothing: no --train-sites"
    assert found["unrepeated"] == dict.fromkeys(found["auc"])
    assert not found["left_out"].keys() & (found["comparators"].keys() | found["auc"]["random"].keys())


def test_scores_of_every_row(plain):
    """In the order of the table; a chance in each comparison that has the row, else an empty cell."""
    with (plain[1] / "scores.csv").open() as file:
        lines = list(csv.DictReader(file))
    used = [row for row in evaluated() if int(row["id"][1:].split("-")[0]) >= UNSEEN]
    assert list(lines[0]) == ["id", "kind", "landslide", "chance_same_site", "chance_random"]
    for name in ("id", "kind", "landslide"):
        assert [line[name] for line in lines] == [row[name] for row in used]
    empty = {"landslide": (False, False), "same_site": (False, True), "random": (True, False)}
    for line in lines:
        cells = (line["chance_same_site"], line["chance_random"])
        assert tuple(cell == "" for cell in cells) == empty[line["kind"]]
        assert all(0.0 <= float(cell) <= 1.0 for cell in cells if cell)
    found = strict((plain[1] / "evaluation.json").read_text())
    for design in ("same_site", "random"):
        rows = [
            (float(line[f"chance_{design}"]), line["landslide"] == "1") for line in lines if line[f"chance_{design}"]
        ]
        chance, slid = (np.array(column) for column in zip(*rows, strict=True))
        assert ((chance - slid) ** 2).mean() == pytest.approx(found["brier"][design], abs=1e-5)


def test_figures(plain):
    names = {"evaluation.json", "scores.csv", "roc.png", "reliability.png"}
    assert {p.name for p in plain[1].iterdir()} == names
    for name in ("roc.png", "reliability.png"):
        data = (plain[1] / name).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) > 10000


def test_comparators_that_are_fitted(fitted):
    """On the rows of the training table outside the blocks evaluated: 60 of its 72."""
    found = strict((fitted[1] / "evaluation.json").read_text())
    assert found["fitted_on"] == "60 rows of fit.csv outside the blocks evaluated"
    assert found["left_out"].keys() == {"lhasa_2_1"}
    for design in ("same_site", "random"):
        assert set(FITTED) < found["auc"][design].keys()
        assert found["auc"][design]["logistic_rain"] > 0.7
        assert found["unrepeated"][design]["n"] == 48  # random weather has no twins


def test_what_is_printed(fitted):
    text, out = fitted
    for words in ("against same_site", "against random", "model", "gradient_boosting", "used 72, excluded_blocks 24"):
        assert words in text
    assert f"written     {out}: evaluation.json, scores.csv, roc.png, reliability.png" in text
    assert "left out    lhasa_2_1: no file of its weights was given" in text


def test_fits_do_not_change_the_model(plain, fitted):
    """Same chances with and without a training table, and a second time."""
    assert (plain[1] / "scores.csv").read_bytes() == (fitted[1] / "scores.csv").read_bytes()


# Bad input.


def spoil(row, **cells):
    """Other cells in a row, counted as a spreadsheet does."""

    def of(rows):
        rows[row - 2] |= cells
        return rows

    return of


def days(count):
    """A table with so many days."""

    def of(rows):
        def kept(name):
            digits = name.lstrip("abcdefghijklmnopqrstuvwxyz_")
            return not digits or int(digits) < count

        return [{name: cell for name, cell in row.items() if kept(name)} for row in rows]

    return of


def only(*kinds):
    return lambda rows: [row for row in rows if row["kind"] in kinds]


def refused(folder, tmp_path, *words, sites=None, model=None, out=None, more=()):
    """Exit status 2, one line on stderr with those words, nothing on stdout, no file written or changed."""
    before, ours = tree(tmp_path), tree(folder)
    files = ("--sites", sites or folder / "sites.csv", "--model", model or folder / "model.pt")
    result = invoke(*files, "--out", out or tmp_path / "out", *more)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.startswith("elm-landslide: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr
    assert tree(tmp_path) == before
    assert tree(folder) == ours
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (spoil(4, slope="9999"), ["row 4, column slope: '9999' is a missing value", "leave the cell empty"]),
        (spoil(5, id="a10-0"), ["row 5, column id: 'a10-0' is in row 2 already"]),
        (spoil(6, date="2016-02-30"), ["row 6, column date: '2016-02-30' is no day of the calendar"]),
        (spoil(6, date="9/1/16"), ["row 6, column date: '9/1/16' is a date M/D/YY", "both formats occur"]),
        (spoil(3, precip2=""), ["row 3, column precip2: an empty cell is no number", "fill the gap"]),
        (spoil(3, temp0="291.5"), ["row 3, column temp0: '291.5' is outside -90 to 60 degrees C"]),
        (spoil(2, landslide="0"), ["row 2, column landslide", "contradicts the kind landslide"]),
        (only("landslide"), ["column landslide: only 1 in 32 rows; wanted rows with 1 and rows with 0"]),
        (only("same_site", "random"), ["column landslide: only 0 in 64 rows"]),
        (days(11), ["11 days of weather", "the model needs 12"]),
        (days(6), ["column precip5", "wanted at least 7"]),
    ],
)
def test_bad_tables(folder, tmp_path, change, words):
    path = write_csv(tmp_path / "bad.csv", change(evaluated()))
    where = [] if "days of weather" in words[0] else ["bad.csv: "]
    refused(folder, tmp_path, *where, *words, sites=path)


def test_the_table_of_the_training(folder, tmp_path):
    words = ("training.csv: all 144 rows lie in blocks that the model was trained on", "elm-landslide inspect")
    refused(folder, tmp_path, *words, sites=folder / "training.csv")


def test_one_class_in_the_blocks_that_are_left(folder, tmp_path):
    rows = [row for row in evaluated() if row["kind"] == "random" or int(row["id"][1:].split("-")[0]) < UNSEEN]
    path = write_csv(tmp_path / "bad.csv", rows)
    refused(folder, tmp_path, "bad.csv: column landslide: only 0 in 24 rows", sites=path)


def test_bad_training_tables(folder, tmp_path):
    """One that lies in the blocks evaluated, one that lacks a kind, one with too few days, none."""
    for change, words in (
        (lambda rows: rows, "bad.csv: all 72 rows lie in blocks that are evaluated"),
        (only("landslide", "same_site"), "bad.csv: column kind: no row is random"),
        (days(11), "11 days of weather"),
        (only("random"), "bad.csv: column landslide: only 0 in"),
        (spoil(4, slope="9999"), "bad.csv: row 4, column slope"),
    ):
        there = made_sites.rows(6, first=UNSEEN) if "evaluated" in words else made_sites.rows(4)
        path = write_csv(tmp_path / "bad.csv", change(there))
        refused(folder, tmp_path, words, more=("--train-sites", path))
    refused(folder, tmp_path, "none.csv: No such file", more=("--train-sites", tmp_path / "none.csv"))


def test_files_that_are_not_there(folder, tmp_path):
    refused(folder, tmp_path, "none.csv: No such file", sites=tmp_path / "none.csv")
    refused(folder, tmp_path, "none.pt: No such file", model=tmp_path / "none.pt")
    refused(folder, tmp_path, "none.json: No such file", more=("--lhasa", tmp_path / "none.json"))


def test_an_unknown_trigger(folder, tmp_path):
    refused(folder, tmp_path, "--trigger", "'snow' is not one of 'rain', 'all'", more=("--trigger", "snow"))


def test_files_that_are_no_model(folder, tmp_path):
    (tmp_path / "text.pt").write_text("model")
    refused(folder, tmp_path, "text.pt: landslide_open_bytes: not a model file", model=tmp_path / "text.pt")
    with zipfile.ZipFile(tmp_path / "other.pt", "w") as archive:
        archive.writestr("other/data.pkl", b"")
    refused(
        folder,
        tmp_path,
        "other.pt: landslide_open_bytes: entry ",
        "landslide_schema.txt is missing",
        model=tmp_path / "other.pt",
    )


@pytest.mark.parametrize("control", ["", "no-sites", "no-simulations"])
def test_a_model_without_observation_model(folder, tmp_path, control):
    """Of a training without a site table, or of the control that took its scores from one and learned nothing of it."""
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(folder / "model.pt") as whole, zipfile.ZipFile(path, "w") as part:
        for name in whole.namelist():
            data = whole.read(name)
            if name.endswith(model_file.INFO):
                info = json.loads(data)
                inputs = info["inputs"] if control == "no-sites" else {}
                data = json.dumps(info | {"control": control, "inputs": inputs}).encode()
            if not name.endswith(model_file.OBSERVATION):
                part.writestr(name, data)
    refused(folder, tmp_path, "model.pt' was trained without sites", "no observation model", model=path)


def test_a_file_in_the_place_of_the_folder(folder, tmp_path):
    (tmp_path / "file").write_text("old")
    for out in (tmp_path / "file", tmp_path / "file" / "deeper"):
        refused(folder, tmp_path, "file: is a file; give the name of a folder for --out", out=out)


def test_a_folder_that_cannot_be_written(folder, tmp_path, monkeypatch):
    """After the work, but in one line all the same."""
    from elm_landslide.evaluation import figures

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figures, "draw", full)
    path = write_csv(tmp_path / "few.csv", made_sites.rows(1, first=UNSEEN))
    result = invoke("--sites", path, "--model", folder / "model.pt", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr.count("elm-landslide: ") == 1
    assert "out: cannot be written (No space left on device)" in result.stderr
    shutil.rmtree(tmp_path / "out")

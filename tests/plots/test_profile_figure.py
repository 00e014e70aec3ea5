"""elm-landslide profile: which column and time it takes, and what stands on its axes."""

from dataclasses import replace

import netCDF4
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from elm_landslide.commands.main import app
from elm_landslide.errors import UserError
from elm_landslide.fields import OUTPUTS
from elm_landslide.offline import driver
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.samples import sample_inputs
from elm_landslide.plots import profile_input
from support import elm_files, landslide_files


def invoke(*arguments):
    return CliRunner().invoke(app, ["profile", *map(str, arguments)])


@pytest.fixture(scope="module")
def steep(tmp_path_factory):
    """The sample run by the component."""
    out = tmp_path_factory.mktemp("steep") / "steep.nc"
    driver.run(sample_inputs("steep"), out)
    with netCDF4.Dataset(str(out)) as file:
        outputs = {name: np.asarray(file[output.history][:, 0]) for name, output in OUTPUTS.items()}
    return out, outputs


def test_the_highest_probability_is_drawn(tmp_path, steep):
    out, outputs = steep
    at = outputs["probability"].argmax()
    for landslide in (None, out):
        profile = profile_input.draw(sample_inputs("steep"), tmp_path / "p.png", landslide=landslide)
        assert profile.outputs == pytest.approx({name: v[at] for name, v in outputs.items()}, abs=1e-9)
        # At this site every member and cover fails on the base, so the least of the mesh is the output itself.
        assert profile.fos[profile.reported].min() == pytest.approx(outputs["fos"][at], abs=1e-9)


def test_axes(tmp_path, figures):
    """A raised water table, no roots: the line FoS = 1 is there."""
    done = invoke(
        *("--sample", "steep", "--time", "2001-12-02T01:00", "--out", tmp_path / "p.png"),
        *("--set", "water_table_depth=0.1", "--set", "root_strength_left=0", "--set", "perched_water_table_depth=0.05"),
        *("--set", "frost_table_depth=0.9", "--label", "the site"),
    )
    assert done.exit_code == 0, done.output
    (figure,) = figures()
    title = figure.get_suptitle()
    assert title.startswith("the site (61.02 N, 8.12 E), 2001-12-02 00:00: landslide probability 0.")
    failing, words, left, right, bar = figure.axes
    assert left.get_ylabel() == "depth (m)"
    assert left.yaxis_inverted()
    assert bar.get_ylabel() == "factor of safety, FoS (1)"
    assert left.get_xlabel() == "slope (degrees) at each tenth of the area"
    assert right.get_xlabel() == "stress and strength at the 90th percentile (kPa)"
    with netCDF4.Dataset(sample_inputs("steep").surface) as surface:
        degrees = np.degrees(np.arctan(np.asarray(surface["SLP_P10"][:]).ravel()))
    assert [label.get_text() for label in left.get_xticklabels()] == [f"{angle:.0f}" for angle in degrees]

    changes = {"water_table_depth": 0.1, "root_strength_left": 0, "perched_water_table_depth": 0.05}
    changes["frost_table_depth"] = 0.9
    inputs = replace(sample_inputs("steep"), overrides=changes)
    p = profile_input.draw(inputs, tmp_path / "q.png", time="2001-12-02")
    # What the bars cover is the probability, and it is said.
    covered = sum(bar.get_width() * bar.get_height() for bar in failing.patches) / 1e4
    assert covered == pytest.approx(p.outputs["probability"], rel=1e-6)
    assert failing.patches[-1].get_x() + failing.patches[-1].get_width() == pytest.approx(100.0)
    assert failing.get_ylabel() == "share of the class\nwith FoS below 1 (%)"
    (text,) = words.texts
    assert f"is the probability, {covered:.2g}." in text.get_text()
    lines = {line.get_label(): line for line in left.get_lines()}
    np.testing.assert_array_equal(lines["base of the soil"].get_ydata(), p.thickness)
    np.testing.assert_array_equal(lines["least FoS of the class"].get_ydata(), p.least_depth[p.least < 10.0])
    assert set(lines["regional water table"].get_ydata()) == {0.1}
    assert set(lines["perched water table"].get_ydata()) == {0.05}
    assert "FoS = 1" in [text.get_text() for text in left.get_legend().get_texts()]
    driving = next(line for line in right.get_lines() if line.get_label().startswith("drives"))
    np.testing.assert_array_equal(driving.get_xdata(), p.shear[p.reported] / 1000.0)
    # The coloured parts end where the whole strength does, pore pressure taken off.
    edge = max(band.get_paths()[0].vertices[:, 0].max() for band in right.collections[:4])
    held = (p.friction + p.cohesion + p.water)[p.reported] / 1000.0
    assert edge == pytest.approx(held.max())
    assert (p.roots == 0.0).all()
    assert f"{p.outputs['fos']:.2f} at {p.outputs['depth']:.2f} m" in title


@pytest.mark.parametrize(("kind", "place"), [("gridded", 4), ("unstructured", 4), ("column", 8)])
def test_the_column_asked_for_is_read(tmp_path, kind, place):
    files = elm_files.Case(tmp_path, kind)
    columns = Columns(files.inputs())
    x = torch.from_numpy(np.ascontiguousarray(columns.x(columns.records[5])[4]))
    wanted = profile_input.open_network()(x.unsqueeze(0))[0].numpy()
    time = "2000-01-12T13:00"  # nearest to record 5 at day 11.5
    for cell in (str(place), "40.8,-76.7"):
        found = profile_input.draw(files.inputs(), tmp_path / "p.png", cell=cell, time=time)
        assert found.outputs == pytest.approx({n: wanted[o.index] for n, o in OUTPUTS.items()}, abs=1e-12)
    columns.close()


def test_nearest_cell_across_the_date_line(tmp_path):
    class Layout:
        lat, lon = np.array([0.0, 0.0, 60.0, 60.0]), np.array([179.5, 181.5, 0.0, 3.0])

    active = np.array([0, 1, 3])
    assert profile_input.choose_cell("0,-179.9", Layout, active, None) == 0
    assert profile_input.choose_cell("0.2,-178", Layout, active, None) == 1
    said = []
    assert profile_input.choose_cell("1.0,179.5", Layout, active, None, said.append) == 0
    assert said == ["--cell 1.0,179.5: the nearest soil column, at 0.00 N, 179.50 E, is 111 km away"]
    with pytest.raises(UserError, match="is 556 km away"):
        profile_input.choose_cell("5,179.5", Layout, active, None)
    assert profile_input.choose_cell("60,0.5", Layout, active, None) == 3  # place 2 is no soil column


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--sample", "susquehanna"), "32 columns: choose one by --cell"),
        (("--sample", "susquehanna", "--cell", "99"), "--cell 99: no soil column; they lie from 0 to 31"),
        (("--sample", "susquehanna", "--cell", "10,10"), "km away, beyond any cell of ELM"),
        (("--sample", "steep", "--cell", "10,10"), "km away, beyond any cell of ELM"),
        (("--sample", "susquehanna", "--cell", "north"), "--cell north: wanted an index or LAT,LON"),
        (("--sample", "steep", "--time", "soon"), "--time soon: wanted a date such as 2001-12-01"),
        (("--sample", "steep", "--time", "2010-01-01"), "go from 2001-10-03 to 2002-01-30"),
        (("--sample", "steep", "--out", "p.hdr"), "p.hdr: unknown format"),
        (("--sample", "steep", "--out", "nowhere/p.png"), "its folder does not exist"),
        (("--sample", "steep", "--model", "none.pt"), "none.pt: No such file"),
        (("--sample", "steep", "--surface", "s.nc"), "give one or the other"),
        ((), "give --history and --surface"),
    ],
)
def test_bad_input_is_one_line_and_status_2(tmp_path, monkeypatch, arguments, text):
    monkeypatch.chdir(tmp_path)
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert text in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_landslide_file_of_other_cells_or_values_is_refused(tmp_path, steep):
    other = landslide_files.write(tmp_path / "other.nc")
    with pytest.raises(UserError, match="other.nc: is on other cells"):
        profile_input.draw(sample_inputs("steep"), tmp_path / "p.png", landslide=other)
    with pytest.raises(UserError, match="was run with --set none, here rain_1d=5"):
        inputs = replace(sample_inputs("steep"), overrides={"rain_1d": 5.0})
        profile_input.draw(inputs, tmp_path / "p.png", landslide=steep[0])


def test_a_column_that_is_never_valid_is_refused(tmp_path):
    files = elm_files.Case(tmp_path)
    with netCDF4.Dataset(str(files.h1), "a") as h1:
        h1["ZWT"][:, 2] = elm_files.FILL
    with pytest.raises(UserError, match="invalid in every record"):
        profile_input.draw(files.inputs(), tmp_path / "p.png", cell="2")
    with pytest.raises(UserError, match="invalid at this time: water_table_depth missing"):
        profile_input.draw(files.inputs(), tmp_path / "p.png", cell="2", time="2000-01-12")
    assert not (tmp_path / "p.png").exists()

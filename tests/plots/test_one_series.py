"""Files that are one series, runs that share a panel, records that stand alone, and what a value is called."""

import itertools

import netCDF4
import numpy as np
import pytest

from elm_landslide import plots
from elm_landslide.errors import UserError
from elm_landslide.offline import netcdf
from support import elm_files, landslide_files
from support.landslide_files import FLAG, FOS, N_TIMES, PROBABILITY


def probabilities(figure) -> list[dict]:
    """Of every panel, the values of the lines by label."""
    axes = [axis for axis in figure.axes if "probability" in axis.get_ylabel()]
    return [{line.get_label(): line.get_ydata() for line in axis.get_lines()} for axis in axes]


def one_a_file(folder, case="case", tape="h0"):
    """ELM's default: a record a file, named by date."""
    paths = [folder / f"{case}.elm.{tape}.2000-{month:02d}.nc" for month in range(1, N_TIMES + 1)]
    return [landslide_files.write_elm(path, records=slice(i, i + 1)) for i, path in enumerate(paths)]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_files_of_one_tape_are_one_series(tmp_path, figures, order):
    paths = one_a_file(tmp_path)[order]
    written = plots.draw(paths, tmp_path, ["the case"])
    assert [p.stem for p in written] == ["timeseries", "case.elm.h0_cells", "case.elm.h0_flags", "case.elm.h0_outside"]
    series = figures()[0]
    (panel,) = probabilities(series)
    np.testing.assert_array_equal(panel["cell shown"], PROBABILITY[:, 4])
    rain, table = series.axes[:2]
    np.testing.assert_allclose([bar.get_height() for bar in rain.patches], 86400.0 * landslide_files.RAIN[:, 4])
    np.testing.assert_array_equal(table.get_lines()[0].get_ydata(), landslide_files.WATER_TABLE[:, 4])
    assert figures()[1].get_suptitle() == "the case: 2000-01-11 to 2000-01-15"
    assert (plots.read(paths, "").largest_at == N_TIMES - 1).all()  # of all files, not of one


def test_cases_and_tapes_are_apart(tmp_path, figures):
    paths = [*one_a_file(tmp_path), *one_a_file(tmp_path, "other"), *one_a_file(tmp_path, tape="h1")]
    plots.draw(paths, tmp_path, ["a", "b", "c"])
    assert [len(panel["cell shown"]) for panel in probabilities(figures()[0])] == [N_TIMES] * 3
    with pytest.raises(UserError, match="4 labels for 3 series of files: case.elm.h0, other.elm.h0, case.elm.h1"):
        plots.draw(paths, tmp_path, ["a", "b", "c", "d"])


def test_a_record_of_a_tape_twice_is_refused(tmp_path):
    paths = one_a_file(tmp_path)
    twice = landslide_files.write_elm(tmp_path / "case.elm.h0.2000-09.nc", records=slice(1, 2))
    with pytest.raises(UserError, match="give each record once"):
        plots.draw([*paths, twice], tmp_path)


def test_few_files_are_open_at_a_time(tmp_path, monkeypatch):
    opened, most = [], 0
    open_dataset = netcdf.open_dataset

    def count(path):
        nonlocal most
        opened.append(open_dataset(path))
        most = max(most, sum(dataset.isopen() for dataset in opened))
        return opened[-1]

    monkeypatch.setattr(netcdf, "open_dataset", count)
    plots.draw(one_a_file(tmp_path), tmp_path)
    assert len(opened) > N_TIMES
    assert most <= 2


def halves(folder, second=slice(3, None), **attributes):
    """A run in two files whose names end in a date; attributes of the second."""
    first = landslide_files.write(folder / "run_2000.nc", records=slice(0, 3), model_sha256="m")
    return [first, landslide_files.write(folder / "run_2001.nc", records=second, **{"model_sha256": "m", **attributes})]


def test_dated_files_of_run_are_one_series(tmp_path, figures):
    plots.draw(halves(tmp_path), tmp_path)
    (panel,) = probabilities(figures()[0])
    np.testing.assert_array_equal(panel["cell shown"], PROBABILITY[:, 4])


@pytest.mark.parametrize("other", [{"second": slice(2, None)}, {"overrides": "rain_1d=5"}, {"model_sha256": "n"}])
def test_other_runs_are_not_joined(tmp_path, figures, other):
    """Times that overlap, other overrides, another model."""
    written = plots.draw(halves(tmp_path, **other), tmp_path)
    assert "run_2001_cells" in [p.stem for p in written]
    assert len(probabilities(figures()[0])) == 2


def test_dated_files_of_two_folders_are_not_joined(tmp_path, figures):
    (tmp_path / "b").mkdir()
    plots.draw([halves(tmp_path)[0], halves(tmp_path / "b")[1]], tmp_path)
    assert len(probabilities(figures()[0])) == 2


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_with_and_without_roots_share_a_panel(tmp_path, figures, order):
    """At the cell of the run without overrides, whichever is given first."""
    weaker = FOS.copy()
    weaker[2, 1] = 0.1  # the lowest of this run lies elsewhere
    paths = [
        landslide_files.write(tmp_path / "roots.nc", input_files="a.nc b.nc", overrides="none"),
        landslide_files.write(
            tmp_path / "none.nc",
            probability=2.0 * PROBABILITY,
            fos=weaker,
            input_files="a.nc b.nc",
            overrides="root_strength_left=0",
        ),
    ]
    labels = ["site", "site, no roots"]
    plots.draw([paths[i] for i in order], tmp_path, [labels[i] for i in order])
    (panel,) = probabilities(figures()[0])
    assert list(panel) == labels
    np.testing.assert_array_equal(panel["site"], PROBABILITY[:, 4])
    np.testing.assert_array_equal(panel["site, no roots"], 2.0 * PROBABILITY[:, 4])
    probability, fos = figures()[0].axes
    assert probability.get_title() == "site\ncell with the lowest FoS of 6 (40.75 N, 76.75 W)"
    solid = [line for line in fos.get_lines() if line.get_linestyle() == "-"]
    np.testing.assert_array_equal([line.get_ydata() for line in solid], [FOS[:, 4], weaker[:, 4]])
    assert solid[0].get_color() != solid[1].get_color()


def test_runs_of_other_input_have_panels_of_their_own(tmp_path, figures):
    common = dict(input_files="a.nc", overrides="none")
    paths = [
        landslide_files.write(tmp_path / "a.nc", **common),
        landslide_files.write(tmp_path / "b.nc", **{**common, "input_files": "b.nc", "overrides": "rain_1d=5"}),
        landslide_files.write(tmp_path / "c.nc", **common),  # the same run twice: nothing differs but the name
        landslide_files.write(tmp_path / "d.nc", **{**common, "overrides": "rain_1d=5"}),
        landslide_files.write(tmp_path / "e.nc", calendar="360_day", **{**common, "overrides": "rain_1d=6"}),
        landslide_files.write(tmp_path / "f.nc", records=slice(0, 3), **{**common, "overrides": "rain_1d=7"}),
    ]
    plots.draw(paths, tmp_path)
    panels = probabilities(figures()[0])
    assert [[*panel] for panel in panels] == [["a", "d"], *[["cell shown"]] * 4]


def test_one_record_is_seen(tmp_path, figures):
    path = landslide_files.write(tmp_path / "a.nc", records=slice(0, 1))
    plots.draw([path], tmp_path)
    series, _, flags, _ = figures()
    probability, fos = series.axes
    for axis in (probability, fos):
        points = [line for line in axis.get_lines() if line.get_marker() == "o" and len(line.get_xdata()) == 1]
        assert points
        low, high = axis.get_xlim()
        assert all(low < point.get_xdata()[0] < high for point in points)
    share = flags.axes[0]
    assert np.ptp(share.collections[0].get_paths()[0].vertices[:, 0]) == 1.0 == np.ptp(share.get_xlim())
    assert [label.get_text() for label in share.get_xticklabels()] == ["11 Jan\n2000"]
    assert figures()[1].get_suptitle() == "a: 2000-01-11"


def test_means_stand_in_the_middle_of_their_interval(tmp_path, figures):
    """ELM stamps them with its end. Rain's bars are those of the intervals."""
    plots.draw([landslide_files.write_elm(tmp_path / "a.elm.h0.nc", records=slice(0, 1))], tmp_path)
    rain, table, probability, _ = figures()[0].axes
    assert [bar.get_x() for bar in rain.patches] == [10.0]
    assert table.get_lines()[0].get_xdata().tolist() == probability.get_lines()[0].get_xdata().tolist() == [10.5]
    assert [label.get_text() for label in figures()[0].axes[-1].get_xticklabels()] == ["11 Jan\n2000"]


def test_a_record_between_missing_ones_is_a_point(tmp_path, figures):
    flag = FLAG.copy()
    flag[[1, 3], 5] = 3
    fos = FOS.copy()
    fos[:, 5] = 0.1
    plots.draw([landslide_files.write(tmp_path / "a.nc", flag=flag, fos=fos)], tmp_path)
    (points,) = [line for line in figures()[0].axes[0].get_lines() if line.get_marker() == "o"]
    np.testing.assert_array_equal(points.get_ydata(), PROBABILITY[[0, 2, 4], 5])


def test_one_flag_is_said_in_words(tmp_path, figures):
    plots.draw([landslide_files.write(tmp_path / "a.nc", flag=np.ones_like(FLAG))], tmp_path)
    assert len(figures()) == 3  # no map of what is the same everywhere
    (axis,) = figures()[2].axes
    (text,) = [text.get_text() for text in axis.texts]
    assert text == "All columns, in all 5 records:\nfilled: a field that matters was missing"
    assert not axis.collections


@pytest.mark.parametrize(
    ("methods", "days", "called"),
    [
        ("maximum", 1, "daily maximum"),
        ("maximum", 30, "monthly maximum"),
        ("maximum", 365, "yearly maximum"),
        ("maximum", 0.25, "0.25-day maximum"),
        ("minimum", 1, "daily minimum"),
        ("mean", 1, ""),
    ],
)
def test_what_a_tape_holds_is_said(tmp_path, figures, methods, days, called):
    plots.draw([landslide_files.write_elm(tmp_path / "case.elm.h1.nc", methods=methods, days=days)], tmp_path)
    series, cells = figures()[:2]
    axis, fos = series.axes[2:]
    assert axis.get_ylabel() == (f"landslide probability (1),\n{called}" if called else "landslide\nprobability (1)")
    assert fos.get_ylabel() == "factor of\nsafety (1)"
    of = f"{called} of " if called else ""
    assert cells.axes[2].get_ylabel() == f"largest {of}probability (1)\npale: below 0.0003"


def test_parts_on_other_origins_are_one_series(tmp_path, figures):
    """The second part counts its days from three days later, so that both have the same numbers."""
    first = landslide_files.write(tmp_path / "out_2000.nc", records=slice(0, 3))
    second = landslide_files.write(tmp_path / "out_2001.nc", records=slice(3, None))
    later = elm_files.with_attributes("time", units="days since 2000-01-04 00:00:00")
    elm_files.rewrite(second, lambda n, d, x, a: later(n, d, x - 3.0 if n == "time" else x, a))
    plots.draw([first, second], tmp_path)
    assert len(probabilities(figures()[0])) == 1


def missing(name):
    """An edit after which a variable has no value."""

    def edit(found, dims, data, attributes):
        return dims, np.full_like(data, attributes["_FillValue"]) if found == name else data, attributes

    return edit


@pytest.mark.parametrize("name", ["LANDSLIDE_PROB", "LANDSLIDE_FOS"])
def test_nothing_to_draw_is_said(tmp_path, name):
    path = elm_files.rewrite(landslide_files.write(tmp_path / "a.nc"), missing(name))
    with pytest.raises(UserError, match=f"a.nc: no valid value of {name} to draw"):
        plots.draw([path], tmp_path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["LANDSLIDE_FOS_MEDIAN", "LANDSLIDE_FLAG"])
def test_what_is_missing_is_left_out(tmp_path, figures, name):
    path = elm_files.rewrite(landslide_files.write(tmp_path / "a.nc"), missing(name))
    plots.draw([path], tmp_path)
    said = [text.get_text() for figure in figures() for axis in figure.axes for text in axis.texts]
    assert ("No column has a flag." in said) == (name == "LANDSLIDE_FLAG")


def test_a_cell_without_coordinates_is_on_no_map(tmp_path, figures):
    path = landslide_files.write(tmp_path / "a.nc")
    with netCDF4.Dataset(str(path), "a") as file:
        file["lat"][0] = 1e36
    plots.draw([path], tmp_path)
    axis = figures()[1].axes[0]
    assert 39.0 < axis.get_ylim()[0] < axis.get_ylim()[1] < 42.0

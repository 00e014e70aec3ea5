"""Figures of landslide history files: the values and labels on their axes."""

import netCDF4
import numpy as np
import pytest
from matplotlib.collections import PolyCollection, QuadMesh

from elm_landslide import plots
from elm_landslide.errors import UserError
from elm_landslide.plots import maps, run_output
from support import elm_files, landslide_files
from support.landslide_files import FLAG, FOS, N_TIMES, PROBABILITY

KINDS = ("gridded", "unstructured", "column")
CELL_LAT, CELL_LON = (a.ravel() for a in np.meshgrid(elm_files.LAT, elm_files.LON, indexing="ij"))


def map_values(axis) -> dict:
    """Value by (lat, lon) of a map, missing ones left out."""
    drawn = next(c for c in axis.collections if isinstance(c, QuadMesh | PolyCollection))
    if isinstance(drawn, QuadMesh):
        edges = drawn.get_coordinates()
        lon, lat = (edges[:-1, :-1] + edges[1:, 1:]).transpose(2, 0, 1) / 2.0
        values = np.ma.filled(np.ma.asarray(drawn.get_array()).reshape(lat.shape), np.nan)
    else:
        lon, lat = np.array([path.vertices[:4].mean(axis=0) for path in drawn.get_paths()]).T
        values = np.asarray(drawn.get_array())
    places = zip(lat.ravel().tolist(), lon.ravel().tolist(), values.ravel().tolist(), strict=True)
    return {(round(la, 6), round(lo % 360.0, 6)): v for la, lo, v in places if np.isfinite(v)}


def upper_edges(axis) -> list[list[float]]:
    """Of the bands of flags from below, at the first and at the last record."""
    tops = [band.get_paths()[0].vertices for band in axis.collections]
    return [[v[v[:, 0] == x, 1].max() for v in tops] for x in (tops[0][:, 0].min(), tops[0][:, 0].max())]


def expected(values, cells=range(elm_files.N)) -> dict:
    return {(CELL_LAT[i], CELL_LON[i]): values[i] for i in cells}


@pytest.mark.parametrize("kind", KINDS)
def test_figures_of_every_layout(tmp_path, figures, kind):
    path = landslide_files.write(tmp_path / "a.nc", kind)
    written = plots.draw([path], tmp_path / "out", ["six cells"])
    assert [p.name for p in written] == ["timeseries.png", "a_cells.png", "a_flags.png", "a_outside.png"]
    assert all(p.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for p in written)
    series, cells, flags, outside = figures()

    probability, fos = series.axes
    assert probability.get_ylabel() == "landslide\nprobability (1)"
    assert fos.get_ylabel() == "factor of\nsafety (1)"
    lines = {line.get_label(): line.get_ydata() for axis in series.axes for line in axis.get_lines()}
    np.testing.assert_array_equal(lines["cell shown"], PROBABILITY[:, 4])
    np.testing.assert_array_equal(lines["90th percentile of slope"], FOS[:, 4])
    np.testing.assert_array_equal(lines["median slope"], FOS[:, 4] + 1.0)
    assert probability.get_title() == "six cells\ncell with the lowest FoS of 6 (40.75 N, 76.75 W)"

    left, right, *bars = cells.axes
    assert left.get_xlabel() == "longitude (degrees east)"
    assert left.get_ylabel() == "latitude (degrees north)"
    labels = [bar.get_ylabel() for bar in bars]
    assert labels == [
        "largest probability (1)\npale: below 0.0003",
        "lowest factor of safety (1),\n90th percentile of slope",
    ]
    assert map_values(left) == pytest.approx(expected(PROBABILITY.max(axis=0)))
    assert map_values(right) == pytest.approx(expected(FOS.min(axis=0)))
    assert cells.get_suptitle() == "six cells: 2000-01-11 to 2000-01-15"

    (share,) = flags.axes
    assert share.get_ylabel() == "share of columns (%)"
    # Bands from below: ok, filled, outside; their upper edges at the first and at the last record.
    np.testing.assert_allclose(upper_edges(share), [[400 / 6, 500 / 6, 100], [500 / 6, 100, 100]], rtol=1e-9)
    texts = [text.get_text() for text in share.get_legend().get_texts()]
    assert sorted(texts) == [
        "filled: a field that matters was missing: 16.7 % (5 of 30)",
        "ok: 76.7 % (23 of 30)",
        "outside the training domain: 6.7 % (2 of 30)",
    ]
    panel, bar = outside.axes
    assert bar.get_ylabel() == "share of valid records outside\nthe training domain (%)"
    assert map_values(panel) == pytest.approx(expected([0, 0, 40, 0, 0, 0]))


@pytest.mark.parametrize("kind", KINDS)
def test_missing_values_are_left_out(tmp_path, figures, kind):
    """A cell that is never valid, and a record at which the cell shown is not."""
    flag = FLAG.copy()
    flag[:, 0] = 3
    flag[1, 4] = 3
    plots.draw([landslide_files.write(tmp_path / "a.nc", kind, flag=flag)], tmp_path)
    series, cells, _, outside = figures()
    shown = next(line for line in series.axes[0].get_lines() if line.get_label() == "cell shown")
    np.testing.assert_array_equal(np.isnan(shown.get_ydata()), [False, True, False, False, False])
    assert "of 5 (" in series.axes[0].get_title()
    assert map_values(cells.axes[0]) == pytest.approx(expected(PROBABILITY.max(axis=0), range(1, 6)))
    assert map_values(outside.axes[0]) == pytest.approx(expected([0, 0, 40, 0, 0, 0], range(1, 6)))


@pytest.mark.parametrize("kind", KINDS)
def test_history_of_elm_itself(tmp_path, figures, kind):
    """It has the share of time outside instead of flags, rain and water table of its own, and perhaps no median."""
    flag = FLAG.copy()
    flag[:, 0] = 3
    path = landslide_files.write_elm(tmp_path / "case.elm.h0.nc", kind, flag=flag)
    plots.draw([path], tmp_path)
    series, _, flags, outside = figures()
    rain, table, probability, fos = series.axes
    np.testing.assert_allclose([bar.get_height() for bar in rain.patches], 86400.0 * landslide_files.RAIN[:, 4])
    assert [bar.get_width() for bar in rain.patches] == pytest.approx([1.0] * N_TIMES)
    np.testing.assert_array_equal(table.get_lines()[0].get_ydata(), landslide_files.WATER_TABLE[:, 4])
    np.testing.assert_array_equal(probability.get_lines()[0].get_ydata(), PROBABILITY[:, 4])
    assert [line.get_label() for line in fos.get_lines()] == ["90th percentile of slope", "failure (1)"]
    # One of five valid cells at first, then none.
    np.testing.assert_allclose(upper_edges(flags.axes[0]), [[80, 100], [100, 100]])
    assert map_values(outside.axes[0]) == pytest.approx(expected([0, 0, 40, 0, 0, 0], range(1, 6)))


@pytest.mark.parametrize("lacking", ["LANDSLIDE_PROB", "LANDSLIDE_FOS", "LANDSLIDE_OUTSIDE"])
def test_a_history_that_lacks_a_field_is_refused(tmp_path, lacking):
    path = landslide_files.write_elm(tmp_path / "a.nc")
    with netCDF4.Dataset(str(path), "a") as dataset:
        dataset.renameVariable(lacking, "OTHER")
    with pytest.raises(UserError, match=f"a.nc: n.*{lacking}"):
        plots.draw([path], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_without_a_valid_value_is_refused(tmp_path):
    path = landslide_files.write(tmp_path / "a.nc", flag=np.full_like(FLAG, 3))
    with pytest.raises(UserError, match="a.nc: no valid value of LANDSLIDE_FOS to draw"):
        plots.draw([path], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "b").mkdir()
    paths = [landslide_files.write(folder / "a.nc") for folder in (tmp_path, tmp_path / "b")]
    with pytest.raises(UserError, match="the same name"):
        plots.draw(paths, tmp_path)


@pytest.mark.parametrize("records", [1, 2, 5])
def test_blocks_of_time_change_nothing(tmp_path, monkeypatch, records):
    """Against numpy on the whole arrays."""
    flag = FLAG.copy()
    flag[2], flag[:, 5] = 3, 3  # a record and a cell without a value
    path = landslide_files.write(tmp_path / "a.nc", flag=flag)
    monkeypatch.setattr(run_output, "_BLOCK_VALUES", records * elm_files.N)
    found = run_output.read([path], "")
    probability = np.where(flag == 3, np.nan, PROBABILITY)
    rows = [0, 1, 3, 4]
    np.testing.assert_array_equal(found.largest_probability[:5], np.nanmax(probability[rows, :5], axis=0))
    np.testing.assert_array_equal(found.largest_at[:5], 4)
    np.testing.assert_array_equal(found.lowest_fos[:5], np.where(flag == 3, np.inf, FOS).min(axis=0)[:5])
    assert np.isnan(found.largest_probability[5])
    assert np.isnan(found.lowest_fos[5])
    assert found.n_cells == 5
    np.testing.assert_array_equal(found.probability_range[rows], PROBABILITY[rows][:, [0, 4]])
    assert np.isnan(found.probability_range[2]).all()
    np.testing.assert_allclose(found.share_outside, [0, 0, 0.5, 0, 0, np.nan])
    counts = np.stack([found.flag_count[name] for name in ("ok", "filled", "outside", "invalid")], axis=1)
    np.testing.assert_array_equal(counts[[0, 2]], [[3, 1, 1, 1], [0, 0, 0, 6]])
    assert len(found.days) == N_TIMES
    assert found.cell == 4


def test_scales_are_shared_between_runs_of_one_place(tmp_path, figures):
    paths = [landslide_files.write(tmp_path / f"{n}.nc", fos=FOS * n, probability=PROBABILITY / n) for n in (1, 2)]
    plots.draw(paths, tmp_path)
    series = figures()[0]
    probability, fos = series.axes[:2], series.axes[2:]
    assert probability[0].get_ylim() == probability[1].get_ylim()
    assert fos[0].get_ylim() == fos[1].get_ylim()
    assert fos[0].get_ylim()[1] > 2 * FOS[:, 4].max() + 1.0


def test_a_grid_across_greenwich_is_drawn_from_west_to_east():
    lat, lon = (a.ravel() for a in np.meshgrid([40.5, 40.0], [0.25, -0.25], indexing="ij"))
    x, y, values = maps._mesh((2, 2), lat, lon, np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(x, [-0.5, 0.0, 0.5])
    np.testing.assert_allclose(y, [40.75, 40.25, 39.75])
    np.testing.assert_array_equal(values, [[2, 1], [4, 3]])
    assert maps._mesh((2, 2), lat + [0, 0, 0, 0.1], lon, values) is None  # a turned grid has no straight edges

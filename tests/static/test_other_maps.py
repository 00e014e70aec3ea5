"""Means and shares of other maps on the ELM grid."""

import numpy as np
import pytest

from elm_landslide.errors import UserError
from elm_landslide.static import soil
from elm_landslide.static.build import Sources, build
from elm_landslide.static.classes import cover_table
from support import maps
from support.offline_runs import refusal

N, SIZE = 300, 0.03


def silent(stage, done, total):
    pass


def built(tmp_path, **paths):
    grid = maps.write_grid(tmp_path / "grid.nc", SIZE)
    result = build(Sources(grid, **paths), tmp_path / "static.nc", silent, overwrite=True)
    return maps.content(tmp_path / "static.nc"), result, grid


def mean_inside(grid, i, j, values):
    return values[maps.inside(grid, i, j, SIZE, *maps.places(N))].mean(axis=0)


def test_the_depth_is_a_mean_over_the_area(tmp_path):
    x, y = maps.places(N)
    depth = 2.0 + 1e-4 * x + 2e-4 * y
    found, _, grid = built(tmp_path, depth=maps.write_map(tmp_path / "depth.tif", depth))
    for i in range(2):
        for j in range(2):
            assert found["aveDTB"][i, j] == pytest.approx(mean_inside(grid, i, j, depth), abs=2e-3)
    centimetres, _, _ = built(tmp_path, depth=maps.write_map(tmp_path / "cm.tif", 100 * depth), depth_unit="cm")
    np.testing.assert_allclose(centimetres["aveDTB"], found["aveDTB"], atol=1e-4)


def test_a_map_that_does_not_say_its_crs_takes_the_one_given(tmp_path):
    path = maps.write_map(tmp_path / "depth.tif", np.full((N, N), 2.0), None)
    with pytest.raises(UserError, match="no projection.*--crs"):
        built(tmp_path, depth=path)
    found, _, _ = built(tmp_path, depth=path, crs=maps.UTM)
    np.testing.assert_allclose(found["aveDTB"], 2.0)


def test_texture_by_depth_goes_to_the_layers_of_elm(tmp_path):
    layers = np.array([60, 50, 40, 30, 20, 10])
    sand = np.ones((6, N, N)) * layers[:, None, None]
    clay = np.full((6, N, N), 20.0)
    found, _, _ = built(
        tmp_path,
        sand=maps.write_map(tmp_path / "sand.tif", 10 * sand),
        clay=maps.write_map(tmp_path / "clay.tif", 10 * clay),
        texture_unit="g/kg",
    )
    profile = found["PCT_SAND"][:, 0, 0]
    np.testing.assert_allclose(profile[:2], 60.0)  # ELM's first two layers end at 4.5 cm
    assert profile[2] == pytest.approx((60 * (5 - 4.50918) + 50 * (9.05618 - 5)) / (9.05618 - 4.50918), abs=1e-3)
    np.testing.assert_allclose(profile[-1], 10.0)  # below 2 m the last layer goes on
    np.testing.assert_allclose(found["PCT_CLAY"], 20.0)


def test_layers_of_ones_own():
    np.testing.assert_allclose(
        soil.on_layers(np.array([[30.0, 60.0]]), (0.0, 0.4929121, 1.0))[0], [30.0] * 6 + [60.0] * 4
    )


def test_shares_of_land_cover_and_rock(tmp_path):
    x, _ = maps.places(N)
    cover = np.where(x < 0, 10, 40).astype(np.uint8)  # trees in the west, crops in the east
    rock = np.where(x < 0, 8, 3).astype(np.uint8)
    found, _, _ = built(
        tmp_path,
        cover=maps.write_map(tmp_path / "cover.tif", cover),
        lithology=maps.write_map(tmp_path / "rock.tif", rock),
    )
    np.testing.assert_allclose(found["PCT_COVER"][:, :, 0].T, [[100, 0, 0, 0]] * 2, atol=0.05)
    np.testing.assert_allclose(found["PCT_COVER"][:, :, 1].T, [[0, 0, 0, 100]] * 2, atol=0.05)
    assert found["PCT_LITHOLOGY"].shape[0] == 16
    np.testing.assert_allclose(found["PCT_LITHOLOGY"].sum(axis=0), 100.0)
    np.testing.assert_allclose(found["PCT_LITHOLOGY"][7, :, 0], 100.0, atol=0.05)  # metamorphic


@pytest.mark.parametrize("name", ["worldcover", "cci", "igbp"])
def test_the_shares_of_every_class_are_those_of_an_area(name):
    table = cover_table(name)
    assert len(table) > 10
    for code, shares in table.items():
        assert len(shares) == 4, code
        assert min(shares) >= 0, code
        assert sum(shares) <= 1 + 1e-9, code


def test_a_table_of_classes_of_ones_own(tmp_path):
    (tmp_path / "classes.toml").write_text("1 = [0.5, 0.5, 0.0, 0.0]\n2 = [0.0, 0.0, 1.0, 0.0]\n")
    cover = maps.write_map(tmp_path / "cover.tif", np.full((N, N), 1, dtype=np.uint8))
    found, _, _ = built(tmp_path, cover=cover, cover_classes=str(tmp_path / "classes.toml"))
    np.testing.assert_allclose(found["PCT_COVER"][:, 0, 0], [50, 50, 0, 0])


def test_the_largest_leaf_area_of_the_year(tmp_path):
    months = np.ones((12, N, N)) * (3.0 + 2.0 * np.sin(np.arange(12)))[:, None, None]
    found, _, _ = built(tmp_path, leaf_area=maps.write_map(tmp_path / "lai.tif", months))
    np.testing.assert_allclose(found["LEAF_AREA_MAX"], (3.0 + 2.0 * np.sin(np.arange(12))).max(), atol=1e-4)
    assert "LEAF_AREA_RATIO" not in found


def test_leaf_area_over_that_of_the_cover(tmp_path):
    """Grass (30 in WorldCover) on the left, bare ground (60) on the right: 3.4 over the 1.7 typical of grass."""
    cover = np.full((N, N), 30.0)
    cover[:, N // 2 :] = 60.0
    leaves = maps.write_map(tmp_path / "lai.tif", np.full((N, N), 3.4))
    found, result, _ = built(tmp_path, leaf_area=leaves, cover=maps.write_map(tmp_path / "cover.tif", cover))
    np.testing.assert_allclose(found["LEAF_AREA_RATIO"][:, 0], 2.0, atol=1e-4)
    assert np.isnan(found["LEAF_AREA_RATIO"][:, 1]).all()
    found, result, _ = built(tmp_path, leaf_area=leaves)
    assert any("scales no roots without a map of the cover: give --cover, too" in note for note in result.notes)


def test_what_is_not_covered_is_named(tmp_path):
    depth = np.full((N, N), 2.0)
    depth[:, N // 2 :] = np.nan
    found, result, _ = built(tmp_path, depth=maps.write_map(tmp_path / "depth.tif", depth))
    assert np.isnan(found["aveDTB"][:, 1]).all()
    np.testing.assert_array_equal(found["DEPTH_FLAG"][0], [0, 2])
    assert any("the depth of soil says nothing of 2 of 4 cells" in note for note in result.notes)


@pytest.mark.parametrize(
    ("name", "value", "more", "words"),
    [
        ("depth", 450.0, (), ("the depth of soil (m)", "is 450, wanted 0 to 200", "--depth-unit cm")),
        ("sand", 450.0, (), ("sand (%)", "is 450, wanted 0 to 100", "--texture-unit g/kg")),
        ("sand", 0.45, (), ("0.45 % at most: fractions?", "--texture-unit 1")),
        ("sand", 1.2, ("--texture-unit", "1"), ("sand (%)", "is 120, wanted 0 to 100")),
        ("sand", 60.0, (), ("sand and clay together are 120.0 %",)),
        ("cover", 33.0, (), ("the class of cover", "is 33, which is not in the table", "--cover-classes")),
        ("lithology", 17.0, (), ("the class of lithology", "is 17, which is not in the table", "GLiM")),
        ("leaf-area", 55.0, (), ("the leaf area index", "is 55, wanted 0 to 20", "scale")),
    ],
)
def test_impossible_numbers(tmp_path, name, value, more, words):
    path = maps.write_map(tmp_path / "map.tif", np.full((N, N), value))
    options = [f"--{name}", path, *more]
    if name == "sand":
        options += ["--clay", path]
    grid = maps.write_grid(tmp_path / "grid.nc", SIZE)
    said = refusal("static", "--grid", grid, *options, "--out", tmp_path / "out.nc")
    for word in (*words, "map.tif"):
        assert word in said
    assert {file.name for file in tmp_path.iterdir()} == {"map.tif", "grid.nc"}


def test_what_does_not_fit_together(tmp_path):
    grid = maps.write_grid(tmp_path / "grid.nc", SIZE)
    one, two = (maps.write_map(tmp_path / f"{n}.tif", np.full((n, N, N), 20.0)) for n in (1, 2))
    for sources, words in (
        (Sources(grid), "give a map: --dem"),
        (Sources(grid, sand=one), "give --sand and --clay together"),
        (Sources(grid, sand=one, clay=two), "wanted the same"),
        (Sources(grid, sand=two, clay=two), "has 2 band.s.; give the 3 interfaces"),
        (Sources(grid, sand=two, clay=two, texture_depths=(0.0, 1.0, 0.5)), "give the 3 interfaces"),
        (Sources(grid, cover=one, cover_classes="nothing.toml"), "nothing.toml"),
    ):
        with pytest.raises(UserError, match=words):
            build(sources, tmp_path / "out.nc", silent)
        assert not (tmp_path / "out.nc").exists()
    with pytest.raises(UserError, match=r"--window 200: wanted a multiple of 128"):
        build(Sources(grid, depth=one), tmp_path / "out.nc", silent, window=200)
    for text, words in (
        ("x = 1", "wanted lines such as"),
        ("1 = [0.5, 0.6, 0.0, 0.0]", "together 1 or less"),
        ("", "no class"),
    ):
        (tmp_path / "classes.toml").write_text(text)
        with pytest.raises(UserError, match=words):
            build(Sources(grid, cover=one, cover_classes=str(tmp_path / "classes.toml")), tmp_path / "out.nc", silent)

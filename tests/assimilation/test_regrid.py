"""From cells of a product to cells of ELM, on grids where the answer is known."""

import netCDF4
import numpy as np
import pytest

from elm_landslide.assimilation import regrid
from elm_landslide.assimilation.regrid import Cells
from elm_landslide.offline import surface
from support import elm_files

HALF = 0.25


def boxes(lat, lon, half=HALF):
    lat, lon = np.atleast_1d(lat).astype(float), np.atleast_1d(lon).astype(float)
    return Cells(lat, lon, np.full(lat.size, half), np.full(lat.size, half))


def centres(step, south=-90.0, west=-180.0):
    """Centres of a global grid, north first."""
    lat = np.arange(90.0 - step / 2, south, -step)
    lon = np.arange(west + step / 2, west + 360.0, step)
    grid = np.meshgrid(lat, lon, indexing="ij")
    return grid[0].ravel(), grid[1].ravel(), (step, step)


def test_a_finer_product_is_averaged():
    """A quarter degree: four cells each, none of a neighbour; the mean leaves out what is missing."""
    lat, lon, spacing = centres(0.25)
    found = regrid.mapping(boxes([40.25, 40.25, -10.75], [282.75, 283.25, 10.25]), lat, lon, spacing)
    assert found.number.tolist() == [4, 4, 4]
    assert np.unique(found.product).size == 12
    assert not found.nearest.any()
    field = np.full(lat.size, np.nan)
    field[found.product[found.cell == 0]] = [0.1, 0.2, np.nan, 0.6]
    np.testing.assert_allclose(found.mean(field), [0.3, np.nan, np.nan])
    linear = lat + 2.0 * ((lon + 360.0) % 360.0)
    np.testing.assert_allclose(found.mean(linear), [40.25 + 565.5, 40.25 + 566.5, -10.75 + 20.5])


def test_every_cell_of_the_product_goes_to_one_cell():
    """A regular grid of ELM over the globe takes each once, across the date line and at Greenwich too."""
    lat, lon, spacing = centres(1.0)
    grid = centres(2.0, west=0.0)
    found = regrid.mapping(boxes(grid[0], grid[1], 1.0), lat, lon, spacing)
    assert np.sort(found.product).tolist() == list(range(lat.size))
    assert (found.number == 4).all()


def test_a_coarser_product_gives_the_nearest():
    """Two degrees over half a degree: the cell of the product in which the centre lies, and none further away."""
    lat, lon, spacing = centres(2.0)
    found = regrid.mapping(boxes([40.25, 41.75], [282.75, 283.25]), lat, lon, spacing)
    assert found.number.tolist() == [1, 1]
    assert found.nearest.all()
    assert lat[found.product].tolist() == [41.0, 41.0]
    assert ((lon[found.product] + 360.0) % 360.0).tolist() == [283.0, 283.0]
    north = lat > 45.0
    assert regrid.mapping(boxes(40.25, 282.75), lat[north], lon[north], spacing).number.tolist() == [0]


def test_curved_coordinates_with_gaps():
    """Of an EASE grid rows are uneven, and coordinates are missing where a granule has no value."""
    row = np.degrees(np.arcsin(np.linspace(0.75, 0.55, 40)))
    lat, lon = (a.ravel().copy() for a in np.meshgrid(row, np.linspace(-80.0, -75.0, 30), indexing="ij"))
    lat[::7] = np.nan
    found = regrid.mapping(boxes(40.25, 282.75), lat, lon, (0.4, 0.17))
    inside = (np.abs(lat - 40.25) < HALF) & (np.abs(lon + 360.0 - 282.75) < HALF)
    assert sorted(found.product) == np.flatnonzero(inside).tolist()
    assert inside.sum() > 1


def test_what_earlier_images_knew_of_the_grid_is_kept(monkeypatch):
    """Coordinates are missing with the values: after all were seen once, no mapping is made anew."""
    lat, lon, spacing = centres(0.25)
    made = []
    real = regrid.mapping
    monkeypatch.setattr(regrid, "mapping", lambda *given: made.append(1) or real(*given))
    mapper = regrid.Mapper(boxes([40.25, 41.25], [282.75, 283.25]))
    field = np.random.default_rng(1).random(lat.size)
    whole = real(mapper.cells, lat, lon, spacing)
    for hidden in (0, 1, 0, 1, 0):
        some = np.arange(lat.size) % 2 == hidden
        found = mapper.of(np.where(some, np.nan, lat), np.where(some, np.nan, lon), spacing)
        values = np.where(some, np.nan, field)
        np.testing.assert_array_equal(found.mean(values), whole.mean(values))
    assert len(made) == 2
    assert mapper.number.tolist() == [4, 4]
    mapper.of(lat[::-1], lon, spacing)  # another grid of the same size
    assert len(made) == 3


def cells_of(path):
    with netCDF4.Dataset(str(path)) as dataset:
        layout = surface.cells_of(dataset, path)
        return regrid.cells_of(dataset, path, layout, np.arange(layout.size))


@pytest.mark.parametrize("gridded", [False, True])
def test_the_size_of_cells_is_their_spacing(tmp_path, gridded):
    found = cells_of(elm_files.write_surface(tmp_path / "surface.nc", gridded))
    np.testing.assert_allclose([found.half_lat, found.half_lon], HALF)


def test_of_uneven_cells_it_is_that_of_their_area(tmp_path):
    lat = np.array([40.0, 41.3, 42.1, 44.9, 45.2, 60.0])
    path = elm_files.write_surface(tmp_path / "surface.nc", change={"LATIXY": lat, "AREA": np.full(6, 12364.0)})
    with netCDF4.Dataset(str(path), "a") as file:
        file["AREA"].units = "km^2"
    found = cells_of(path)
    np.testing.assert_allclose(2 * found.half_lat, 1.0, rtol=1e-3)
    np.testing.assert_allclose(2 * found.half_lon * np.cos(np.radians(lat)), 1.0, rtol=1e-3)


def test_one_point_takes_the_nearest(tmp_path):
    lat, lon, spacing = centres(0.25)
    point = Cells(*(np.array([v]) for v in (40.2, 282.7, 1e-6, 1e-6)))
    found = regrid.mapping(point, lat, lon, spacing)
    assert found.nearest.all()
    assert (lat[found.product], lon[found.product] + 360.0) == (40.125, 282.625)

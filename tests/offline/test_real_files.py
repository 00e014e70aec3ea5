"""The sample of the package, and the real files beside the repository where they are there."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from elm_landslide.fields import FIELDS, MISSING, N_LAYERS
from elm_landslide.offline.columns import Columns
from elm_landslide.offline.inputs import Inputs
from elm_landslide.offline.samples import SITES, sample_folder, sample_inputs
from support.cut_sample import SYNTHETIC, main

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "elm"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data/elm is not there")
REQUIRED = [f for f in FIELDS.values() if f.required]


@pytest.mark.parametrize("site", SITES)
def test_sample_gives_every_required_field_in_its_range(site):
    source = Columns(sample_inputs(site))
    assert len(source.records) == 480
    for record in source.records[::40]:
        x = source.x(record)
        for f in REQUIRED:
            values = x[:, f.columns]
            assert (values >= f.valid[0]).all(), f.name
            assert (values <= f.valid[1]).all(), f.name


@pytest.mark.parametrize(
    ("site", "median", "p90", "top"),
    [("susquehanna", (4, 6), (8, 17), (20, 38)), ("steep", (30, 30), (44, 44), (52, 52))],
)
def test_sample_slopes_are_as_stated(site, median, p90, top):
    with netCDF4.Dataset(str(sample_inputs(site).surface)) as surface:
        degrees = np.degrees(np.arctan(surface["SLP_P10"][:]))
        assert SYNTHETIC in surface.source
        assert all(SYNTHETIC in v.long_name for v in surface.variables.values())
    assert (np.diff(degrees, axis=0) > 0).all()
    for level, (low, high) in ((5, median), (9, p90), (10, top)):
        assert (degrees[level] >= low - 1e-9).all()
        assert (degrees[level] <= high + 1e-9).all()


def test_sample_is_small():
    assert sum(p.stat().st_size for p in sample_folder().iterdir()) < 2e6


@pytest.mark.parametrize("site", SITES)
def test_sample_texture_is_that_of_the_runs_deepest_layer(site):
    """ELM's pedotransfer: watsat = .489 - .00126 sand; whole percents, so within half of one."""
    inputs = sample_inputs(site)
    with netCDF4.Dataset(inputs.constants[0]) as h0, netCDF4.Dataset(inputs.surface) as drawn:
        np.testing.assert_allclose(0.489 - 0.00126 * drawn["PCT_SAND"][-1], h0["WATSAT"][-1], atol=0.00126 / 2 + 1e-6)


@needs_shared
def test_sample_is_made_by_its_script(tmp_path):
    main(SHARED, tmp_path)
    shipped = sorted(p.name for p in sample_folder().glob("*.nc"))
    assert shipped == sorted(p.name for p in tmp_path.glob("*.nc"))
    for name in shipped:
        with netCDF4.Dataset(str(sample_folder() / name)) as a, netCDF4.Dataset(str(tmp_path / name)) as b:
            assert a.variables.keys() == b.variables.keys()
            for variable in a.variables:
                # The drawn slopes pass through exp and log, whose last bit depends on the processor.
                rtol = 1e-14 if variable == "SLP_P10" else 0
                np.testing.assert_allclose(a[variable][:], b[variable][:], rtol, atol=0, err_msg=f"{name}: {variable}")


@needs_shared
def test_real_surface_dataset():
    """The cells are matched rightly if ELM's porosity at depth, where no organic matter is, follows the sand found."""
    history = [SHARED / "susquehanna32.elm.h1.2001-06-22.nc"]
    constants = [SHARED / "susquehanna32.elm.h0.2001-06-22.nc"]
    source = Columns(Inputs(history, SHARED / "surfdata_susquehanna_32.nc", constants))
    x = source.x(source.records[100])
    sand, porosity = (x[:, FIELDS[n].columns][:, N_LAYERS - 1] for n in ("sand", "porosity"))
    np.testing.assert_allclose(porosity, 0.489 - 0.00126 * sand, atol=1e-6)
    p90 = np.degrees(np.arctan(x[:, FIELDS["slope"].offset + 9]))
    assert p90.min() > 3
    assert p90.max() < 18.5
    for name in ("liquid_water", "root_fraction", "rain_7d"):
        assert (np.abs(x[:, FIELDS[name].columns]) < MISSING).all(), name


@needs_shared
def test_real_steep_site():
    inputs = Inputs(
        [SHARED / "steepstorm1.elm.h1.2001-10-03.nc"],
        SHARED / "inputdata" / "lnd" / "clm2" / "surfdata_map" / "surfdata_SUScell_steep_forest.nc",
        [SHARED / "steepstorm1.elm.h0.2001-10-03.nc"],
    )
    source = Columns(inputs)
    x = source.x(source.records[0])
    assert x[0, FIELDS["slope"].columns].tolist() == [0.1, 0.3, 0.38, 0.45, 0.51, 0.577, 0.64, 0.72, 0.81, 0.95, 1.3]
    assert x[0, FIELDS["tree_cover"].offset] == pytest.approx(0.9)
    assert any(line.startswith("SLP_P10") and "no units" in line for line in source.derived())


@needs_shared
def test_root_parameters_are_those_of_the_parameter_file():
    from elm_landslide.physics.root_profile import N_PFT, ROOT_A, ROOT_B

    path = SHARED / "inputdata" / "lnd" / "clm2" / "paramdata" / "clm_params_synth.nc"
    with netCDF4.Dataset(str(path)) as parameters:
        for name, values in (("roota_par", ROOT_A), ("rootb_par", ROOT_B)):
            np.testing.assert_array_equal(parameters[name][1:N_PFT], values[1:])

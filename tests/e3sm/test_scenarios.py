"""The disturbances of a scenario in a case, and the user mods that write one."""

import re
import subprocess

import netCDF4
import numpy as np
import pytest

from elm_landslide.e3sm import namelists
from elm_landslide.e3sm.sources import data_file
from elm_landslide.errors import UserError
from elm_landslide.offline import disturbance
from support import elm_files

CONFIG = data_file("landslide_in.template").parent
NORTH = "[40.5, 90.0, -180.0, 180.0]"
MODS = ("landslide_clear_cut", "landslide_fire", "landslide_regrowth", "landslide_land_use")


def entry(kind="cut", fraction=1.0, date="2001-07-01", region=NORTH):
    return f'[[disturbance]]\nkind = "{kind}"\nfraction = {fraction}\ndate = {date}\nregion = {region}\n'


@pytest.fixture
def ready(case, tmp_path, variable):
    """A case with the component's settings and the namelists of CIME."""
    surface = elm_files.write_surface(tmp_path / "surface.nc")
    (case / "user_nl_landslide").write_text(namelists.settings("0" * 64))
    (case / "CaseDocs").mkdir()
    (case / "CaseDocs" / "lnd_in").write_text(f"&clm_inparm\n fsurdat = '{surface}'\n/\n")
    env = case / "env_run.xml"
    more = '<entry id="CALENDAR" value="NO_LEAP" /><entry id="RUN_STARTDATE" value="2001-06-22" />'
    env.write_text(env.read_text().replace("</file>", f"{more}</file>"))
    return case


def read(case):
    with netCDF4.Dataset(str(case / "landslide_disturbance.nc")) as file:
        return {name: file[name][:].filled() for name in ("FRACTION", "KIND", "DATE")}


def test_the_file_and_the_setting(ready, e3sm):
    """In order of date; 0 where nothing happens; the setting in every user_nl_landslide, nothing else changed."""
    other = ready / "user_nl_landslide_0001"
    other.write_text((ready / "user_nl_landslide").read_text())
    before = other.read_text()
    text = entry("fire", 0.25, "2003-08-15", "[-90, 90, -180, 180]") + entry()
    (ready / "landslide_scenario.toml").write_text(text)
    said = e3sm("scenario").output
    found = read(ready)
    north = np.repeat(elm_files.LAT, elm_files.LON.size) >= 40.5
    assert 0 < north.sum() < elm_files.N
    np.testing.assert_array_equal(found["FRACTION"], [np.where(north, 1.0, 0.0), np.full(elm_files.N, 0.25)])
    np.testing.assert_array_equal(found["KIND"], [np.where(north, 1, 0), np.full(elm_files.N, 2)])
    np.testing.assert_array_equal(found["DATE"], [np.where(north, 20010701, 0), np.full(elm_files.N, 20030815)])
    assert f"{north.sum()} cells" in said
    path = str(ready / "landslide_disturbance.nc")
    for file in (other, ready / "user_nl_landslide"):
        assert namelists.setting(file.read_text(), "landslide_disturbance") == path
        assert file.read_text().replace(f"'{path}'", "' '") == before


def test_offline_reads_the_same(ready, e3sm, tmp_path):
    """As `run --disturbance` would, and ELM by the same rules."""
    (ready / "landslide_scenario.toml").write_text(entry("uprooted", 0.5))
    e3sm("scenario")
    case = elm_files.Case(tmp_path)
    from elm_landslide.offline.columns import Columns

    columns = Columns(case.inputs())
    (loss,) = disturbance.read(
        ready / "landslide_disturbance.nc", columns.layout, columns.run, columns.index, columns.files.axis
    )
    north = columns.layout.lat[columns.index] >= 40.5
    np.testing.assert_array_equal(loss.torn[:, 0], np.where(north, 0.5, 0.0))
    np.testing.assert_array_equal(loss.lost, 0.0)
    columns.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no [[disturbance]], and nothing else of a scenario can be put into a case"),
        (entry() + "[[rain]]\nfactor = 1.2\n", "has [[rain]]: a coupled run takes rain from DATM"),
        (entry() + "[[warming]]\ndegrees = 2.0\n", "has [[warming]]: a coupled run takes temperature from DATM"),
        (entry(region="[-40, -30, 0, 10]"), "[[disturbance]] number 1: region -40 to -30 N, 0 to 10 E: no cell of"),
        (entry(date="2004-02-29"), "2004-02-29 is no day of the calendar of the case, NO_LEAP"),
        (entry(fraction=0.7) * 2, "[[disturbance]] number 2: the fractions of 2001-07-01 sum to more than 1"),
        (entry(kind="flood"), "kind is 'flood', wanted one of cut, fire, uprooted"),
    ],
)
def test_what_is_refused(ready, e3sm, content, text, words):
    (ready / "landslide_scenario.toml").write_text(text)
    before = content(ready)
    said = " ".join(e3sm("scenario", status=2).output.split())
    assert words in said
    assert content(ready) == before


def test_a_case_that_is_not_ready(ready, e3sm, tmp_path):
    (ready / "landslide_scenario.toml").write_text(entry())
    (ready / "CaseDocs" / "lnd_in").unlink()
    assert "names no fsurdat: run ./preview_namelists first, or give --surface" in e3sm("scenario", status=2).output
    e3sm("scenario", "--surface", tmp_path / "surface.nc")
    (ready / "user_nl_landslide").unlink()
    assert "run elm-landslide e3sm enable first" in e3sm("scenario", status=2).output


@pytest.mark.parametrize("name", MODS)
def test_user_mods_include_the_component(name):
    folder = CONFIG / "usermods_dirs" / name
    assert (folder / (folder / "include_user_mods").read_text().strip()).resolve() == CONFIG / "usermods_dirs/landslide"


@pytest.mark.parametrize("name", MODS[:3])
def test_user_mods_write_a_scenario(name, ready, e3sm):
    """On a day of the run, for all cells, which the command takes as it is."""
    script = ready / "shell_commands"
    script.write_text((CONFIG / "usermods_dirs" / name / "shell_commands").read_text())
    done = subprocess.run(["sh", script], cwd=ready.parent, capture_output=True, text=True)
    assert done.returncode == 0, done
    e3sm("scenario")
    found = read(ready)
    assert (found["FRACTION"] > 0.0).all()
    kind, date = {"clear_cut": (1, 20010701), "fire": (2, 20010815), "regrowth": (1, 20010622)}[name[10:]]
    assert (found["KIND"] == kind).all()
    assert (found["DATE"] == date).all()


def test_the_user_mods_of_land_use_name_a_file_to_edit():
    text = (CONFIG / "usermods_dirs/landslide_land_use/user_nl_elm").read_text()
    assert re.findall(r"^flanduse_timeseries = '(.*)'$", text, re.MULTILINE) == ["PATH/landuse.timeseries.nc"]


def test_the_setting_that_applies_is_changed():
    """Of two lines the last, as Fortran reads them; a file without one is refused."""
    text = " a = 'x'\n ! a = 'y'\n a = 'z' ! why\n"
    assert namelists.with_setting(text, "a", "new") == " a = 'x'\n ! a = 'y'\n a = 'new' ! why\n"
    with pytest.raises(UserError, match="has no line b = ' '"):
        namelists.with_setting(text, "b", "new")

"""The history tape in user_nl_elm."""

import pytest

from elm_landslide.e3sm import hooks, namelists

OWN = "! mine\n hist_nhtfrq = 0, -1\n hist_fincl1 = 'TG'"  # without a line end


def tape(text, elsewhere=""):
    return namelists.tape_of(namelists.add_tape(text, elsewhere, "user_nl_elm")[0])


def test_first_free_tape():
    assert tape("") == 2
    assert tape(OWN) == 2
    assert tape("hist_fincl2 = 'TG'") == 3
    assert tape("HIST_FINCL2='TG'\nhist_fincl3 = 'TG'") == 4
    assert tape("! hist_fincl2 = 'TG'") == 2
    assert tape("x = 'a!b', hist_fincl2 = 'TG'") == 3
    assert tape("", elsewhere="hist_fincl2 = 'QICE'") == 3


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"hist_fincl{i} = 'TG'\n" for i in range(2, 7)),
        "hist_fincl3 = 'LANDSLIDE_PROB:X'",
        "hist_empty_htapes = .true.",
    ],
)
def test_no_tape(text):
    got, note = namelists.add_tape(text, "", "user_nl_elm")
    assert got == text and "no tape was added" in note or "none was added" in note


def test_empty_htapes_with_a_first_tape():
    assert tape("hist_empty_htapes = .true.\nhist_fincl1 = 'TG'") == 2


def test_a_field_stands_once_and_nothing_else_is_set():
    text, _ = namelists.add_tape(OWN, "", "user_nl_elm")
    assert text.endswith(OWN)
    assert hooks.strip(text, "") == OWN
    names = [field.split(":")[0] for field in namelists.FIELDS]
    assert len(set(names)) == len(names)
    added = namelists.without_comments(text[: -len(OWN)])
    assert [line.split()[0] for line in added.splitlines() if line.strip()] == ["hist_fincl2"]


def test_the_case(e3sm, case, checkout):
    (case / "user_nl_elm").write_text(OWN)
    (case / "user_nl_elm_0001").write_text("hist_fincl2 = 'TG'\n")
    e3sm("enable")
    assert namelists.tape_of((case / "user_nl_elm").read_text()) == 2
    assert namelists.tape_of((case / "user_nl_elm_0001").read_text()) == 3
    e3sm("disable")
    assert (case / "user_nl_elm").read_text() == OWN
    assert (case / "user_nl_elm_0001").read_text() == "hist_fincl2 = 'TG'\n"


def test_a_case_not_set_up_yet(e3sm, case, checkout):
    """case.setup leaves the file that is there, and copies it for each instance."""
    start = (checkout / "cime_config/user_nl_elm").read_text()
    e3sm("enable")
    text = (case / "user_nl_elm").read_text()
    assert hooks.strip(text, "") == start
    (case / "user_nl_elm_0001").write_text(text)
    e3sm("disable")
    assert not (case / "user_nl_elm").exists()
    assert (case / "user_nl_elm_0001").read_text() == start


def test_what_the_use_case_sets_is_left(e3sm, case, checkout, variable):
    path = checkout / "bld/namelist_files/use_cases/ice.xml"
    path.parent.mkdir(parents=True)
    path.write_text("<namelist_defaults>\n<hist_fincl2 >QICE</hist_fincl2>\n</namelist_defaults>\n")
    variable("ELM_NML_USE_CASE", "ice")
    e3sm("enable")
    assert namelists.tape_of((case / "user_nl_elm").read_text()) == 3


def test_a_tape_that_the_user_took_since(e3sm, case):
    e3sm("enable")
    with (case / "user_nl_elm").open("a") as file:
        file.write(" hist_fincl2 = 'TG'\n")
    assert "user_nl_elm           stale" in e3sm("check", status=1).output
    e3sm("enable")
    assert namelists.tape_of((case / "user_nl_elm").read_text()) == 3
    e3sm("check")

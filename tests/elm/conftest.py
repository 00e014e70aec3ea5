import pytest

from support import stub_elm


@pytest.fixture(scope="session")
def mods(tmp_path_factory):
    """SourceMods/src.elm of a case with the component."""
    return stub_elm.source_mods(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="session")
def programs(tmp_path_factory, mods):
    """Gives the stand-in ELM of a kind of build, built on first use."""
    built = {}

    def program(kind: str):
        if kind not in built:
            built[kind] = stub_elm.build(tmp_path_factory.mktemp(kind), kind, mods)
        return built[kind]

    return program


@pytest.fixture(params=["Release", "Debug"])
def elm(request, tmp_path, programs):
    """Makes a run directory for a world, with the release or the DEBUG program (traps on)."""

    def case(world, name: str = "run", kind: str = request.param):
        return stub_elm.Case(tmp_path / name, programs(kind), world)

    return case

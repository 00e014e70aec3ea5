"""Figures that were drawn, to be looked into."""

import pytest


@pytest.fixture
def figures(monkeypatch):
    """A call gives the figures saved so far, in order."""
    from matplotlib.figure import Figure

    saved, save = [], Figure.savefig

    def keep(figure, *arguments, **options):
        saved.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return lambda: list(saved)

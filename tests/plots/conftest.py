"""Figures stay open to be looked into."""

import pytest


@pytest.fixture
def figures(monkeypatch):
    """A call gives the figures drawn so far, in order."""
    from elm_landslide.plots.style import plt

    close = plt.close
    close("all")
    monkeypatch.setattr(plt, "close", lambda _figure: None)
    yield lambda: [plt.figure(number) for number in plt.get_fignums()]
    close("all")

"""A made site table in which landslides have more rain, and a small model trained on it."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np

from elm_landslide.observation import designs
from elm_landslide.sites import site_table
from support.site_files import days_of_weather, write_csv

DAYS = 12


def rows(blocks=12, pairs=4, random=4, seed=0, first=0, days=DAYS):
    """Rows of a site table in so many blocks of 5 degrees, from the block `first` on: in each so many landslides, their
    same-site rows, and random rows. Some slopes, accuracies and days of wind are missing."""
    rng = np.random.default_rng(seed)
    made = []

    def row(name, block, kind, place, slope, **more):
        weather = days_of_weather(rng, days)
        rain = rng.gamma(0.5, 6.0, days)
        if kind == "landslide":
            rain[-3:] += rng.gamma(1.0, 12.0, 3)
        weather |= {f"precip{days - 1 - day}": f"{rain[day]:.1f}" for day in range(days)}
        weather |= {f"temp{day}": f"{rng.normal(16.0, 4.0):.1f}" for day in range(days)}
        if len(made) % 7 == 0:
            weather["wind1"] = ""
        cells = {"id": name, "pair": "", "block": "", **place, "landslide": str(int(kind == "landslide"))}
        cells |= {"kind": kind, "trigger": "", "accuracy_km": "", "date": "", "slope": slope, "lithology": "su"}
        made.append(cells | {"vegetated": str(len(made) % 2), "missing": "", **more, **weather})

    for block in range(first, first + blocks):
        south, west = -40 + 5 * (block % 18), -120 + 5 * (block // 18)

        def place(south=south, west=west):
            return {"lat": f"{south + rng.uniform(0.2, 4.8):.3f}", "lon": f"{west + rng.uniform(0.2, 4.8):.3f}"}

        for i in range(pairs):
            at, slope = place(), "" if i == 3 else f"{rng.uniform(15.0, 40.0):.2f}"
            name = f"a{block}-{i}"
            more = {"pair": name, "trigger": ("rain", "downpour", "earthquake")[i % 3], "date": f"2016-09-{i + 1:02}"}
            more["accuracy_km"] = ("1", "5", "25", "")[i % 4]
            row(name, block, "landslide", at, slope, **more)
            row(f"b{block}-{i}", block, "same_site", at, slope, **more)
        for i in range(random):
            row(f"r{block}-{i}", block, "random", place(), "" if i == 3 else f"{rng.uniform(2.0, 35.0):.2f}")
    return made


def read(made, folder):
    return site_table.read(write_csv(Path(folder) / "made.csv", made))


@functools.cache
def table() -> site_table.Sites:
    """The rows of the training; not to be changed."""
    with tempfile.TemporaryDirectory() as folder:
        return read(rows(), folder)


@functools.cache
def columns():
    """observation.designs.SiteRows of those rows; not to be changed."""

    return designs.site_rows(table())


def config(**changes):
    """A training of seconds; changes: of its part for sites."""
    from elm_landslide.training.config import ColumnSettings, Config, NetworkSettings, SiteSettings

    settings = dict(trigger="all", folds=2, members=2, level_epochs=1, width=16, epochs=10, batch=64)
    return Config(
        network=NetworkSettings(members=1, width=8, epochs=1),
        columns=ColumnSettings(count=256, points=64, held_out=128, held_out_points=64),
        sites=SiteSettings(**(settings | changes)),
    )


def train(out, control="", seed=3, settings=None, site_file=None):
    """The scores of a training on the table, or on a file, written to `out`; site_file False: without any."""
    from elm_landslide.ranks import Serial
    from elm_landslide.training import run

    def silent(*_):
        pass

    with tempfile.TemporaryDirectory() as folder:
        file = write_csv(Path(folder) / "sites.csv", rows()) if site_file is None else site_file or None
        return run.train(settings or config(), Path(out), seed, Serial(), silent, "quick", None, file, control)


@functools.cache
def trained() -> tuple[bytes, dict]:
    """The model file of a training on the table, and its scores."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.pt"
        scores = train(out)
        return out.read_bytes(), scores

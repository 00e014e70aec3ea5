"""Settings of a training that takes seconds."""

from elm_landslide.training import config

MEMBERS, HELD_OUT = 10, 2  # of the ensemble
SEED = 5
SMALL = config.Config(
    network=config.NetworkSettings(members=2, width=8, epochs=2, batch=64),
    columns=config.ColumnSettings(count=256, points=64, held_out=128, held_out_points=64),
    hillslopes=config.HillslopeSettings(held_out=HELD_OUT / MEMBERS),
)

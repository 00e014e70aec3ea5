# %% [markdown]
# # ELM-Landslide in ten minutes
#
# Each `# %%` is a cell: open this file as a notebook in an editor that supports them, or run it with Python. It runs
# the model over the sample in the package, which is output of the real ELM, and writes `forest.nc`, `no_roots.nc` and
# some figures to the current folder.

# %% Imports
from dataclasses import replace

import xarray as xr

from elm_landslide import plots
from elm_landslide.offline import driver
from elm_landslide.offline.samples import sample_inputs
from elm_landslide.plots import profile_input

# %% Run the model
# One steep, wet, forested site, four months, a record every six hours. The command line does the same:
#
#     elm-landslide run --sample steep --out forest.nc
inputs = sample_inputs("steep")  # your own run: Inputs(h1 files, fsurdat, h0 files) of elm_landslide.offline.inputs
summary = driver.run(inputs, "forest.nc", overwrite=True)
print(f"{summary.n_columns} column(s), {summary.n_records} records, flags {summary.flags}")
print("derived:", *summary.derived, sep="\n  ")

# %% Open the output
# It is a CF netCDF history file at the locations of the input; xarray turns missing values into NaN.
forest = xr.open_dataset("forest.nc")
for name, variable in forest.data_vars.items():
    if name.startswith("LANDSLIDE_"):
        print(f"{name:22}{variable.attrs.get('units', 'flag'):6}{variable.attrs['long_name']}")

# %% Keep trusted values
# 0 ok, 1 filled (a field that matters was missing), 2 outside the training domain (analytic FoS with prior
# strengths), 3 invalid (no value at all). The probability is the expected share of the hillslope area with a factor
# of safety (FoS) below 1; it may be averaged over time and area.
meanings, counts = forest.LANDSLIDE_FLAG.flag_meanings, forest.attrs["flag_counts"]
print(f"flags {meanings}: {counts}")
trusted = forest.where(forest.LANDSLIDE_FLAG <= 1)
print(f"trusted: {float(trusted.LANDSLIDE_PROB.notnull().mean()):.0%} of the values")

# %% The daily maximum
daily = trusted[["LANDSLIDE_PROB"]].resample(time="1D").max().LANDSLIDE_PROB.isel(lndgrid=0)
worst = daily.isel(time=int(daily.argmax("time")))
day = worst.time.dt.strftime("%Y-%m-%d").item()
print(f"worst day {day}: probability {float(worst):.3f}")

# %% Remove the roots
# `overrides` (on the command line `--set FIELD=VALUE`) sets an input field to one value everywhere.
cleared = replace(inputs, overrides={"root_strength_left": 0.0})
driver.run(cleared, "no_roots.nc", overwrite=True)
bare = xr.open_dataset("no_roots.nc")
mean_forest, mean_bare = (float(d.LANDSLIDE_PROB.mean()) for d in (forest, bare))
print(f"mean probability {mean_forest:.4f} with roots, {mean_bare:.4f} without: {mean_bare / mean_forest:.1f} times")

# %% Draw both, with rain and water table
figures = plots.draw(["forest.nc", "no_roots.nc"], ".", ["with roots", "without roots"])
print(*figures)

# %% What one probability rests on
# The factor of safety by slope and depth at the worst time of all, and what holds the soil there. On the command line:
#
#     elm-landslide profile --sample steep --landslide forest.nc
profile = profile_input.draw(inputs, "profile.png", landslide="forest.nc", label="with roots")
steep = profile.reported  # the class at the 90th percentile of slope
print(f"at {profile.slope[steep]:.0f} degrees the least FoS is {profile.least[steep]:.2f}, ", end="")
print(f"{profile.least_depth[steep]:.2f} m deep; roots hold {profile.roots[steep, -1] / 1000:.1f} kPa there")

# %% Where it came from
# Every file records what made it, so that it can be reproduced.
for name in ("source", "history", "model", "model_sha256", "input_files", "surface_source", "overrides", "flag_counts"):
    print(f"{name}: {bare.attrs[name]}")

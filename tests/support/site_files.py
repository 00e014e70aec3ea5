"""Small site tables, files of GLAS and catalogues, drawn at random."""

import csv

import numpy as np

from elm_landslide.sites.cells import WEATHER

GLAS_WEATHER = {"precip": "precip", "temp": "temp", "humidity": "humidity", "wind": "wind", "pressure": "air"}
TRIGGERS = ("downpour", "earthquake", "rain", "unknown")
CODES = ("su", "mt", "sm")


def write_csv(path, rows):
    """Rows (dictionaries, the first with all columns) as a CSV file; returns its path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    return path


def days_of_weather(rng, days, names=WEATHER):
    """One row of weather by column, oldest day first: to one digit, as sources have it."""
    draws = {
        "precip": rng.gamma(0.5, 10.0, days),
        "temp": rng.normal(12.0, 8.0, days),
        "humidity": rng.uniform(20.0, 100.0, days),
        "wind": rng.uniform(0.0, 60.0, days),
        "pressure": rng.uniform(980.0, 1040.0, days),
    }
    return {f"{name}{days - 1 - day}": f"{draws[name][day]:.1f}" for name in names for day in range(days)}


def site_rows(days=16, pairs=4, random=4, seed=0):
    """Rows of a good site table: each landslide and its same-site row, then random ones. Every cell is filled."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(pairs):
        place = {"lat": f"{rng.uniform(-50, 50):.4f}", "lon": f"{rng.uniform(-170, 170):.4f}"}
        for kind in ("landslide", "same_site"):
            rows.append(
                {
                    "id": f"{'a' if kind == 'landslide' else 'b'}{i}",
                    "pair": f"a{i}",
                    "block": "",
                    **place,
                    "landslide": str(int(kind == "landslide")),
                    "kind": kind,
                    "trigger": TRIGGERS[i % len(TRIGGERS)],
                    "accuracy_km": str([1, 5, 25][i % 3]),
                    "date": f"2016-09-{i + 1:02}",
                    "slope": f"{rng.uniform(5, 40):.2f}",
                    "lithology": CODES[i % 3],
                    "vegetated": str(i % 2),
                    "missing": "",
                    **days_of_weather(rng, days),
                }
            )
    for i in range(random):
        row = dict(rows[0]) | {"id": f"r{i}", "pair": "", "landslide": "0", "kind": "random"}
        row |= {"trigger": "", "accuracy_km": "", "date": "", "lat": f"{rng.uniform(-50, 50):.4f}"}
        rows.append(row | days_of_weather(rng, days))
    return rows


def glas_files(folder, days=16, pairs=4, random=3, seed=0):
    """{name of file: rows} of GLAS: landslides 100, 101, ...; same-site rows of all and of 999, which is not there."""
    rng = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    files = {"landslides.csv": [], "nonLandslideSame.csv": [], "random.csv": []}

    def row(number, i, landslide, **more):
        weather = {}
        for name, value in days_of_weather(rng, days).items():
            variable = name.rstrip("0123456789")
            weather[GLAS_WEATHER[variable] + name.removeprefix(variable)] = value
        return (
            {"": i, "id": number, "date": f"9/{i + 1}/16", "lat": 46.5 + i, "lon": 13.25 - i, "trigger": ""}
            | weather
            | {"slope": 10.5 + i, "lithology": CODES[i % 3], "forest": i % 2, "landslide": landslide}
            | more
        )

    for i in range(pairs):
        files["landslides.csv"].append(row(100 + i, i, 1, trigger=TRIGGERS[i % 4].title()))
        files["nonLandslideSame.csv"].append(row(100 + i, i, 0))
    files["nonLandslideSame.csv"].append(row(999, 9, 0))
    for i in range(random):
        files["random.csv"].append(row(100 + i, i, 0, lat=-10 - i, date=f"1/{i + 1}/09"))
    return files


def write_glas(folder, files):
    for name, rows in files.items():
        write_csv(folder / name, rows)
    return folder


def event(event_id, date="9/1/2016 13:30", lat=46.5, lon=13.25, **more):
    """A row of the catalogue."""
    return {
        "event_id": event_id,
        "event_date": date,
        "location_description": 'by the road, "above" the bridge',
        "location_accuracy": "5km",
        "landslide_category": "mudslide",
        "landslide_trigger": "Downpour",
        "landslide_size": "small",
        "longitude": lon,
        "latitude": lat,
    } | more

"""The command line of `elm-landslide sites`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elm_landslide import files
from elm_landslide.commands.exit import one_line_errors

if TYPE_CHECKING:
    import numpy as np

    from elm_landslide.sites.site_table import Sites

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Site tables: days with and without a landslide, with the weather before them.",
)

_ACCURACIES = (0.1, 1.0, 5.0, 10.0, 25.0)  # km, as the catalogue has them
_BLOCKS = 5  # how many of the fullest blocks are shown
_Json = Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")]


@app.command("convert")
def convert_command(
    folder: Annotated[
        Path, typer.Argument(help="Folder of GLAS with landslides.csv, nonLandslideSame.csv and random.csv.")
    ],
    out: Annotated[Path, typer.Option(help="The site table to write.")] = Path("sites.csv"),
    catalogue: Annotated[
        Path | None,
        typer.Option(help="CSV export of NASA's Global Landslide Catalog, which says how accurate the locations are."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output file.")] = False,
    as_json: _Json = False,
) -> None:
    """Make a site table from the files of GLAS (weather before landslides of NASA's catalogue).

        elm-landslide sites convert glas --catalogue Global_Landslide_Catalog_Export.csv --out sites.csv

    For your own data see elm-landslide sites describe --help.
    """
    with one_line_errors():
        from elm_landslide.sites import glas, site_table
        from elm_landslide.sites.catalogue import read_catalogue

        inputs = [folder / name for name in glas.FILES] + ([catalogue] if catalogue else [])
        files.check_out(out, overwrite, inputs)
        events = read_catalogue(catalogue) if catalogue else None
        table = glas.of_glas(folder, events)
        site_table.write(table, out)
        counts = describe(table)
        if events is not None:
            counts["catalogue"] = {"events": events.n, "duplicates": events.duplicates}
        _show({"out": str(out), **counts}, as_json)


@app.command("describe")
def describe_command(file: Annotated[Path, typer.Argument(help="A site table (CSV).")], as_json: _Json = False) -> None:
    """Check a site table and count what it holds. Bad input is named with its row and column.

        elm-landslide sites describe sites.csv

    **Your own table** is a CSV file with a row for each site and day.
    Required columns:

    - id: a unique name for the row

    - lat, lon: degrees north and east

    - landslide: 1 or 0

    - kind: landslide, same_site (its site on another day) or random

    - pair: for a same_site row, the id of its landslide

    - precipN ... precip0: mm/day, 7 days or more; 0 is the day itself

    - tempN ... temp0: degrees C, the same days

    Optional columns, with empty cells where nothing is known:

    - trigger, accuracy_km, date (YYYY-MM-DD): of the report; none drives the model

    - slope (degrees), lithology (code of GLiM), vegetated (1 or 0)

    - humidityN (%), windN (km/h), pressureN (hPa) ...

    - block: what a split into training and test sets never divides

        id,pair,lat,lon,landslide,kind,slope,precip6, ... ,temp0
        a1,,46.73,13.79,1,landslide,22,2.8, ... ,9
        a2,a1,46.73,13.79,0,same_site,22,0, ... ,17
    """
    with one_line_errors():
        from elm_landslide.sites import site_table

        _show({"file": str(file), **describe(site_table.read(file))}, as_json)


@app.command("rate")
def rate_command(
    catalogue: Annotated[Path, typer.Argument(help="CSV export of NASA's Global Landslide Catalog.")],
    model: Annotated[Path | None, typer.Option(help="Model file; the shipped one by default.")] = None,
    land: Annotated[
        float, typer.Option(help="Land that the catalogue covers (km2); by default all but Antarctica.")
    ] = 1.349e8,
    as_json: _Json = False,
) -> None:
    """Say how many landslides a catalogue has per km2 of steep land and year where the hazard is 1: the base rate of
    LANDSLIDE_CHANCE.

        elm-landslide sites rate Global_Landslide_Catalog_Export.csv
    """
    with one_line_errors():
        from elm_landslide.errors import UserError
        from elm_landslide.model.model_file import SHIPPED
        from elm_landslide.runtime.description import describe as describe_model
        from elm_landslide.sites import base_rate
        from elm_landslide.sites.catalogue import read_catalogue

        path = model or SHIPPED
        steep_hazard = describe_model(path)["model"].get("metrics", {}).get("steep_hazard")
        if not steep_hazard:
            raise UserError(f"{path}: has no steep_hazard among its scores: trained without sites, or earlier")
        counts = base_rate.base_rate(read_catalogue(catalogue), steep_hazard, land)
        if as_json:
            print(json.dumps(counts, indent=2))
            return
        print(f"reports     {counts['reports']} triggered by rain, in {counts['years']} years")
        print(f"land        {counts['land']:.4g} km2; mean of steep share times hazard {counts['steep_hazard']:.4g}")
        print(f"base rate   {counts['rate']:.3g} per km2 of steep land and year")


def describe(table: Sites) -> dict:
    """Counts of a site table, by name; of rows unless the name says otherwise."""
    import numpy as np

    from elm_landslide.sites import site_table

    slides, same = table.landslide, table.kind == "same_site"
    accuracy = table.accuracy[slides]
    edges = [-np.inf, *_ACCURACIES, np.inf]
    labels = [*(f"to {edge:g} km" for edge in _ACCURACIES), f"beyond {_ACCURACIES[-1]:g} km"]
    bins = zip(labels, edges[:-1], edges[1:], strict=True)
    rain = site_table.rain_triggered(table)
    return {
        "rows": table.n,
        "days": table.n_days,
        "kinds": {kind: int((table.kind == kind).sum()) for kind in site_table.KINDS},
        "rain_triggered": {kind: int((rain & (table.kind == kind)).sum()) for kind in site_table.KINDS},
        "same_site_with_landslide": int((same & np.isin(table.pair, table.id[slides])).sum()),
        "triggers": _tally(table.trigger[slides]),
        "accuracy": {label: int(((accuracy > low) & (accuracy <= high)).sum()) for label, low, high in bins}
        | {"unknown": int(np.isnan(accuracy).sum())},
        "blocks": _tally(table.block),
        "missing": {name: int(gap.sum()) for name, gap in table.gaps().items()},
    }


def _tally(names: np.ndarray) -> dict[str, int]:
    """How often each name occurs, the most frequent first."""
    import numpy as np

    entries, counts = np.unique(np.where(names == "", "unknown", names), return_counts=True)
    return {str(entries[i]): int(counts[i]) for i in np.lexsort((entries, -counts))}


def _show(counts: dict, as_json: bool) -> None:
    if as_json:
        print(json.dumps(counts, indent=2))
        return
    blocks = counts["blocks"]
    fullest = dict(list(blocks.items())[:_BLOCKS])
    missing = {name: n for name, n in counts["missing"].items() if n}
    if "out" in counts:
        print(f"written     {counts['out']}")
    if "catalogue" in counts:
        catalogue = counts["catalogue"]
        print(f"catalogue   {catalogue['events']} events; duplicates left out: {catalogue['duplicates']}")
    print(f"rows        {counts['rows']}: {_list(counts['kinds'])}")
    print(f"days        {counts['days']} of weather for each row")
    print(f"pairs       {counts['same_site_with_landslide']} same-site rows whose landslide is in the table")
    print(f"rain        {_list(counts['rain_triggered'])}; for a model of rain as the trigger")
    print(f"triggers    {_list(counts['triggers']) or 'no landslide'}")
    print(f"accuracy    {_list(counts['accuracy'])}; of landslides")
    print(f"blocks      {len(blocks)}; most rows: {_list(fullest)}")
    print(f"missing     {_list(missing) or 'nothing'}")


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())

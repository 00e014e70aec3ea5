"""The comparison as one page of HTML that opens without a network: tables, figures, inputs, method and limits."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path

from elm_landslide import __version__
from elm_landslide.comparison import figures, significance
from elm_landslide.comparison.compare import Comparison, quantities
from elm_landslide.comparison.output import provenance
from elm_landslide.comparison.regions import WHOLE

_STYLE = """
body { font: 15px/1.5 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; }
td, th { padding: .25em .7em; border-bottom: 1px solid #ccc; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } img { max-width: 100%; } .sure { font-weight: bold; }
"""
_FIGURED_REGIONS = 6  # regions with figures of their own, at most
METHOD = """
<p>The highest probability of each day (LANDSLIDE_PROB: the expected fraction of the hillslope area with a factor of
safety below 1) gives days above thresholds and maxima of years and seasons (of one calendar year). A year of a member
is a sample. Changes are differences of means. Each cell has a two-sided Mann-Whitney test, and cells are called
significant at a false discovery rate of {discovery:g} over all cells (Benjamini and Hochberg 1995; Wilks 2016).
Intervals hold {level:g} %: years and members are drawn again ({draws} times for regions). Return levels are those of a
generalised extreme value distribution of the annual maxima, fitted by L-moments (Hosking et al. 1985). Regions are
means weighted by area; a cell belongs to one by its centre. Expected reports are -ln(1 - LANDSLIDE_CHANCE), summed over
the days.</p>
<p>Limits: years are taken as independent, and a set as stationary. The probability is a share of area, not the chance
of a landslide in the cell. Return levels beyond the length of the sets rest on the fitted distribution. What the
sets have in common, errors of the model and of its forcing, is in no interval.</p>
"""


def write(path: Path, found: Comparison, command: str) -> None:
    """path: as it is, not by way of a temporary name. Raises OSError where it cannot be written."""
    reference = found.sets[0].name
    names = " and ".join(escape(of.name) for of in found.against)
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        f"<title>{names} against {escape(reference)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Landslides: {names} against {escape(reference)}</h1>",
        *(f"<p>Note: {escape(note)}.</p>" for note in found.notes),
    ]
    described = quantities(found, found.annual[0])
    for against in found.against:
        parts.append(f"<h2>{escape(against.name)} against {escape(reference)}</h2>")
        parts += _tables(found, against, reference)
        shown = [f"exceedance_{found.thresholds[0]:g}", f"exceedance_{found.thresholds[-1]:g}", "maximum", "expected"]
        for quantity in dict.fromkeys(name for name in shown if name in described):
            _, unit, what = described[quantity]
            figure = figures.change_map(found, against, quantity, f"change of {what}\n({unit})")
            parts.append(_image(figure, f"Change of {what}"))
    parts.append("<h2>Years and return levels</h2>")
    for region in list(found.regions)[:_FIGURED_REGIONS]:
        parts.append(_image(figures.years_figure(found, region), f"Annual maxima, {region}"))
        curve = figures.curve_figure(found, region)
        if curve is not None:
            parts.append(_image(curve, f"Return levels, {region}"))
    method = METHOD.format(discovery=significance.DISCOVERY, level=significance.LEVEL, draws=significance.DRAWS)
    parts += [f"<h2>Method and limits</h2>{method}", "<h2>Inputs</h2>", _inputs(found)]
    parts.append(
        f"<p>Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by ELM-Landslide {__version__}: "
        f"<code>{escape(command)}</code></p></body></html>"
    )
    path.write_text("\n".join(parts), encoding="utf-8")


def _image(figure, caption: str) -> str:
    text = escape(caption)
    return f"<figure><img alt='{text}' src='{figures.encoded(figure)}'><figcaption>{text}</figcaption></figure>"


def _tables(found: Comparison, against, reference: str) -> list[str]:
    """One table a region; changes whose interval does not hold 0 are bold."""
    parts = []
    for region in found.regions:
        rows = [row for row in against.rows if row.region == region]
        count = int(found.regions[region].sum())
        parts.append(
            f"<h3>{escape(region)} ({count} cells)</h3><table><tr><th></th><th>unit</th><th>{escape(reference)}"
        )
        parts.append(f"</th><th>change</th><th>{significance.LEVEL:g} % interval</th></tr>")
        for row in rows:
            sure = " sure" if row.low > 0.0 or row.high < 0.0 else ""
            parts.append(
                f"<tr><td>{escape(row.quantity)}</td><td>{escape(row.unit)}</td><td class='n'>{row.reference:.3g}</td>"
                f"<td class='n{sure}'>{row.change:+.3g}</td><td class='n'>{row.interval}</td></tr>"
            )
        parts.append("</table>")
        if region == WHOLE:
            words = [
                f"{name}: {int(c.significant.sum())} of {int((c.p == c.p).sum())}"
                for name, c in against.changes.items()
            ]
            parts.append(f"<p>Cells with a significant change: {escape('; '.join(words))}.</p>")
    return parts


def _inputs(found: Comparison) -> str:
    rows = []
    for name, members in provenance(found).items():
        for m, facts in enumerate(members, 1):
            years = facts["years"]
            span = f"{min(years)} to {max(years)} ({len(years)})"
            listed = "<br>".join(escape(f) for f in facts["files"][:20])
            more = f"<br>and {len(facts['files']) - 20} more" if len(facts["files"]) > 20 else ""
            said = "<br>".join(f"{escape(k)}: {escape(v)}" for k, v in facts.items() if k not in ("files", "years"))
            rows.append(
                f"<tr><td>{escape(name)}</td><td>{m}</td><td>{span}</td><td>{said}</td><td>{listed}{more}</td></tr>"
            )
    return (
        f"<table><tr><th>set</th><th>member</th><th>years</th><th>says</th><th>files</th></tr>{''.join(rows)}</table>"
    )

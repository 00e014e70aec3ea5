"""What the command line shows on a terminal: progress on stderr, tables on stdout."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager


def records(total: int):
    """Progress over records of history."""
    return progress("record", total)


@contextmanager
def progress(noun: str, total: int):
    """advance(n=1): a bar on a terminal, else a line every tenth; on stderr."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn(f"{noun}s"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        ) as bar:
            task = bar.add_task("", total=total)
            yield lambda n=1: bar.advance(task, n)
        return
    done = 0

    def advance(n: int = 1):
        nonlocal done
        done += n
        if done * 10 // total != (done - n) * 10 // total:
            print(f"{noun} {done} of {total}", file=sys.stderr, flush=True)

    yield advance


@contextmanager
def stages():
    """report(stage, done, total): a bar for each stage on a terminal, else a line as a stage is done; on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        start = time.monotonic()

        def tell(stage: str, done: int, total: int) -> None:
            if done == total:
                say(f"{time.monotonic() - start:6.0f} s  {stage}")

        yield tell
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        task, current = None, ""

        def report(stage: str, done: int, total: int) -> None:
            nonlocal task, current
            if stage != current:
                task, current = bars.add_task(stage, total=total), stage
            bars.update(task, completed=done)

        yield report


@contextmanager
def silent():
    """For the other ranks."""
    yield lambda *_: None


def print_summary(summary) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("output", "smallest", "largest", header_style="")
    for name, limits in summary.ranges.items():
        table.add_row(name, *(("none valid", "") if limits is None else (f"{v:.4g}" for v in limits)))
    console.print(table)
    print(f"flags       {', '.join(f'{name} {n}' for name, n in summary.flags.items())}")
    print(f"columns     {summary.n_columns} x {summary.n_records} records on {summary.n_ranks} rank(s)")
    if summary.microseconds_per_column_step is not None:
        print(
            f"component   {summary.microseconds_per_column_step:.1f} microseconds per column and step "
            f"({summary.engine}, {summary.instruction_set})"
        )
    print(f"model       {summary.model}, sha256 {summary.model_sha256[:16]}...")
    if summary.overrides:
        print(f"overrides   {', '.join(f'{name}={value:g}' for name, value in summary.overrides.items())}")
    for i, line in enumerate(summary.derived):
        print(f"{'derived' if i == 0 else '':<12}{line.replace(': derived as ', ' = ')}")
    for line in summary.notes:
        print(f"note        {line}")
    if summary.absent:
        print(f"default     {', '.join(summary.absent)}")
    print(f"written     {summary.out}")


def print_description(found: dict) -> None:
    """What model_file.describe tells, as a table; tensors, where they are among it, as another."""
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, emoji=False)  # the text is the file's
    table = Table("entry", "value", header_style="")
    for key, value in flat({name: value for name, value in found.items() if name != "weights"}):
        table.add_row(key, value)
    console.print(table)
    if "weights" in found:
        table = Table("tensor", "shape", "smallest", "mean", "largest", header_style="")
        for name, tensor in found["weights"].items():
            shape = " x ".join(map(str, tensor["shape"])) or "scalar"
            values = (tensor[key] for key in ("min", "mean", "max"))
            table.add_row(name, shape, *("-" if value is None else f"{value:.4g}" for value in values))
        console.print(table)


def print_ensemble(counts: dict, out) -> None:
    """What simulator.ensemble_file.write counted."""
    print(f"members     {counts['members']}, {counts['with_landslides']} with landslides, {counts['failed']} unsolved")
    print(f"landslides  {counts['landslides']}")
    print(f"balance     water closes to {counts['balance']:.1e} of the input")
    if counts["seconds_per_member"]:
        print(
            f"time        {counts['seconds_per_member']:.3f} s a member on each working rank, "
            f"{1e6 * counts['seconds_per_member'] / counts['cell_hours']:.2f} us a cell and hour"
        )
    print(f"written     {out}")


def print_evaluation(found: dict, out) -> None:
    """The report of evaluation.report."""
    from elm_landslide.evaluation import report

    rows = [report.HEADER[1:], *(row[1:] for row in report.table(found))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    against = [""] + [row[0] for row in report.table(found)]
    for i, row in enumerate(rows):
        if i and against[i] != against[i - 1]:
            print(f"against {against[i]}")
        cells = (
            f"{cell:<{w}}" if k == 0 else f"{cell:>{w}}" for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "  ".join(cells).rstrip())
    print(f"rows        {', '.join(f'{name} {n}' for name, n in found['rows'].items())}")
    print(f"fitted on   {found['fitted_on']}")
    for name in found["prevalence"]:
        share, brier, skill, ece = (found[key][name] for key in ("prevalence", "brier", "brier_skill", "ece_by"))
        print(
            f"{name:<12}prevalence {share:.3f}, Brier score {brier:.4f}, skill {skill:.3f}, calibration error {ece:.3f}"
        )
    for name, reason in found["left_out"].items():
        print(f"left out    {name}: {reason}")
    print(f"written     {out}: evaluation.json, scores.csv, roc.png, reliability.png")


def print_check(check) -> None:
    state = {True: "holds", False: "FAILS", None: "not run"}[check.holds]
    print(f"{state:<8}{check.name}: {check.figure}; wanted: {check.wanted}", flush=True)


def print_replay(found) -> None:
    print(f"replayed    {found.column_steps} column steps of {found.steps} records in {found.files} file(s)")
    print(f"model       sha256 {found.model_sha256[:16]}..., engine {found.engine}, {found.instruction_set}")
    different = {name: n for name, n in found.different.items() if n}
    if different:
        print(f"different   {', '.join(f'{name} {n}' for name, n in different.items())}")
        print("            (another model file, engine or version than the run's?)")
    else:
        print("different   none: every output and flag has the same bits")


def say(what: str) -> None:
    """What is done next, on stderr."""
    print(what, file=sys.stderr, flush=True)


def print_bench(found: dict, out) -> None:
    """Tables of what bench.run gives."""
    from rich.console import Console
    from rich.table import Table

    from elm_landslide.bench import run as bench

    console = Console()
    table = Table("columns", "tile", "p95", "a column", "torchscript", "p95", "ratio", header_style="")
    table.title = "microseconds a call"
    for n in bench.BATCHES:
        if f"ratio.{n}" in found:
            tile, torch = (
                [found[f"{kind}_per_call.{engine}.{n}"] for kind in ("us", "p95_us")] for engine in bench.ENGINES
            )
            values = (*tile, tile[0] / n, *torch, found[f"ratio.{n}"])
            table.add_row(f"{n}", *(f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" for value in values))
    console.print(table)
    shares = {key.split(".")[1]: value for key, value in found.items() if key.startswith("operation_share.")}
    most = sorted(shares, key=lambda name: -shares[name])[:12]
    print(f"tile's time  {', '.join(f'{name} {shares[name]:.0%}' for name in most)}, ...")
    table = Table("aim", "measured", "wanted", "met", header_style="")
    for text, value, wanted, met in bench.aims(found):
        table.add_row(text, f"{value:.3g}", wanted, "yes" if met else "no")
    console.print(table)
    print(f"torchscript takes {found['rss_mb.torchscript']:.0f} MB")
    print(f"machine     {found['cpu']}, {found['instruction_set']}, {found['compiler']}")
    print(f"written     {out}")


def flat(value, prefix: str = ""):
    """(dotted key, text) of nested dictionaries; long lists are for --json."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from flat(item, f"{prefix}{key}.")
        elif isinstance(item, list) and len(item) > 4:
            yield f"{prefix}{key}", f"{len(item)} values"
        else:
            yield f"{prefix}{key}", str(item)

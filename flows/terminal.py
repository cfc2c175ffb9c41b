"""The summary on the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from flows.summary import BEST_HEADS, Summary, best_cells, judged_lines

WIDTH_WHEN_PIPED = 160
_RIGHT = {"found", "shrunk (95 %)", "out of sample", "n", "q"}


def show(summary: Summary) -> None:
    """Print the summary: best findings, funnel, cost per stage, where the documents are."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_WHEN_PIPED)
    console.print(_best(summary.best))
    _print_judgement(console, summary)
    console.print(_funnel(summary.funnel))
    console.print(_costs(summary))
    for line in _closing(summary):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _print_judgement(console: Console, summary: Summary) -> None:
    judged, history, alarm = judged_lines(summary)
    for line in (f"judgement   {judged}", f"ledger      {history}"):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if alarm:
        console.print(alarm, style="bold red", soft_wrap=True, highlight=False, markup=False)


def _best(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Best hypotheses, bps", title_justify="left")
    for name in BEST_HEADS:
        right = name in _RIGHT
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*best_cells(row))
    return table


def _funnel(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Hypotheses stopped by each gate", title_justify="left")
    for name in ("gate", "in", "stopped", "out"):
        table.add_column(name, justify="left" if name == "gate" else "right")
    for row in rows:
        table.add_row(row["gate"], *(f"{row[name]:,}" for name in ("n_in", "n_stopped", "n_out")))
    return table


def _costs(summary: Summary) -> Table:
    table = Table(title="Stages", title_justify="left")
    for name in ("stage", "seconds", "peak MiB"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for stage, seconds in summary.seconds.items():
        table.add_row(stage, f"{seconds:.2f}", f"{summary.peak_rss_mb[stage]:,.0f}")
    return table


def _closing(summary: Summary) -> list[str]:
    failed = [f"FAILED      {line}" for line in summary.failed]
    absent = summary.not_runnable.items()
    hits, computed = summary.cache["hits"], summary.cache["computed"]
    return [
        *failed,
        *[f"events      {where}: {', '.join(names)}" for where, names in absent],
        f"markets     {', '.join(summary.markets)}: {summary.n_bars:,} bars, "
        f"{summary.n_events:,} events",
        f"hypotheses  {summary.n_hypotheses:,} tested together: {summary.n_findings:,} findings, "
        f"{summary.n_promoted:,} promoted",
        f"cache       {hits} tasks found in the lake, {computed} computed",
        *[f"blueprint   {path}" for path in summary.blueprints],
        f"report      {summary.report}",
        f"events      {summary.book}",
    ]

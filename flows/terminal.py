"""The summary on the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from flows.summary import Summary

WIDTH_WHEN_PIPED = 160


def show(summary: Summary) -> None:
    """Print the summary: best findings, funnel, cost per stage, where the documents are."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_WHEN_PIPED)
    console.print(_best(summary.best))
    console.print(_funnel(summary.funnel))
    console.print(_costs(summary))
    for line in _closing(summary):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _best(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Best hypotheses", title_justify="left")
    for name, justify in _BEST_COLUMNS:
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(
            row["hypothesis"],
            f"{number(row['effect_bps'], 1)} ± {number(row['se_bps'], 1)}",
            number(row["shrunk_bps"], 1),
            f"{row['n']:,}",
            number(row["q"], 4),
            row["decision"] or row["verdict"],
            row["because"] or row["reason"],
        )
    return table


_BEST_COLUMNS = (
    ("market | event | horizon | condition", "left"),
    ("effect bps", "right"),
    ("shrunk", "right"),
    ("n", "right"),
    ("q", "right"),
    ("verdict", "left"),
    ("because", "left"),
)


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


def number(value: float | None, digits: int) -> str:
    """A number for people; a dash where there is none."""
    return "-" if value is None else f"{value:,.{digits}f}"

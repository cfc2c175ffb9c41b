"""The catalogue of events, for people and for machines."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from tasks.events.config import EventsConfig
from tasks.events.registry import NEEDS, Analyzer

WIDTH_WHEN_PIPED = 200


def list_events(config: EventsConfig, timeframe: str) -> list[dict[str, Any]]:
    """Every event that `config` chooses, by family and name."""
    chosen = [analyzer for family in config.chosen() for analyzer in config.analyzers(family)]
    return [_described(analyzer, config, timeframe) for analyzer in chosen]


def _described(analyzer: Analyzer, config: EventsConfig, timeframe: str) -> dict[str, Any]:
    own = config.parameters.get(analyzer.name, {})
    return {
        "event": analyzer.name,
        "family": analyzer.family,
        "needs": [NEEDS[need] for need in analyzer.needs],
        "lookback_bars": analyzer.lookback(timeframe, config.cooldown, own),
        "meaning": analyzer.meaning,
        "parameters": analyzer.with_defaults(own),
    }


def show_events(config: EventsConfig, timeframe: str) -> None:
    """Print the catalogue as a table."""
    rows = list_events(config, timeframe)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_WHEN_PIPED)
    table = Table(title=f"{len(rows)} events", title_justify="left")
    for name in ("event", "family", "needs", f"lookback, bars of {timeframe}", "meaning"):
        table.add_column(name, justify="right" if name.startswith("lookback") else "left")
    for row in rows:
        needs, lookback = ", ".join(row["needs"]), f"{row['lookback_bars']:,}"
        table.add_row(row["event"], row["family"], needs, lookback, row["meaning"])
    console.print(table)

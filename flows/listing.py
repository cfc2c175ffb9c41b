"""The catalogue of events, for people and for machines."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from tasks.events.config import EventsConfig
from tasks.events.registry import NEEDS, Analyzer

WIDTH_WHEN_PIPED = 200


def list_events(config: EventsConfig, timeframe: str) -> list[dict[str, Any]]:
    """Every event that `config` chooses, by family and name.

    ``lookback_bars`` is None where an event depends on the whole history, ``engine`` where none
    tells it.
    """
    chosen = [analyzer for family in config.chosen() for analyzer in config.analyzers(family)]
    return [_described(analyzer, config, timeframe) for analyzer in chosen]


def _described(analyzer: Analyzer, config: EventsConfig, timeframe: str) -> dict[str, Any]:
    own = config.parameters.get(analyzer.name, {})
    return {
        "event": analyzer.name,
        "family": analyzer.family,
        "engine": analyzer.output.reader.name if analyzer.output else None,
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
    table = Table(title=_title(rows), title_justify="left")
    for name in ("event", "family", "needs", f"lookback, bars of {timeframe}", "meaning"):
        table.add_column(name, justify="right" if name.startswith("lookback") else "left")
    for row in rows:
        needs, lookback = ", ".join(row["needs"]), _said(row["lookback_bars"])
        table.add_row(row["event"], row["family"], needs, lookback, row["meaning"])
    console.print(table)


def _title(rows: list[dict[str, Any]]) -> str:
    told = sum(row["engine"] is not None for row in rows)
    engines = f"{told} of structure engines"
    if not told:
        return f"{len(rows)} events"
    return f"{len(rows) - told} events and {engines}" if told < len(rows) else engines


def _said(lookback: int | None) -> str:
    return "whole history" if lookback is None else f"{lookback:,}"

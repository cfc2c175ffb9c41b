"""Events that could not run: no data, or a fault, which is not the same as finding nothing."""

from __future__ import annotations

import polars as pl

from tasks.report.grid import Grid, fill_grid, text


def list_absent(coverage: pl.DataFrame) -> Grid | None:
    """Return the events of COVERAGE that could not run, with the reason; None where all could."""
    rest = coverage.filter(pl.col("reason") != "").sort("family", "event", "market")
    grouped = rest.group_by("family", "event", "reason", maintain_order=True).agg("market")
    n_markets = coverage["market"].n_unique()
    rows = [{**row, "on": _said(row["market"], n_markets)} for row in grouped.to_dicts()]
    columns = (
        text("event", "event", "code"),
        text("family", "family"),
        text("why", "reason", "prose"),
        text("market", "on", "prose"),
    )
    return fill_grid("absent", "Events that could not run", columns, rows) if rows else None


def _said(markets: list[str], n_markets: int) -> str:
    """Their names, or that it is every one of several."""
    is_every = len(markets) == n_markets > 1
    return f"all {n_markets}" if is_every else ", ".join(markets)

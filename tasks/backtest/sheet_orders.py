"""What else the run did: orders refused, exposure, bars, metrics, eras."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.backtest.sheet_formats import between, measured, unit_words
from tasks.backtest.sheet_groups import era_words
from tasks.backtest.sheet_shown import Shown
from tasks.report.formats import MISSING, count, decimal, minute, n_of, percent
from tasks.report.grid import Column, Grid, fill_grid, text


def tell_orders(shown: Shown) -> dict[str, Any]:
    """How many orders there were and why some were refused."""
    refused = {name: n for name, n in shown.n_refused.items() if n}
    n_refused = sum(refused.values())
    n_filled = shown.trades.height + shown.n_open
    told = (
        f"{n_of(n_filled + n_refused, 'order')}: {count(n_filled)} filled, {count(n_refused)} "
        f"refused. {n_of(shown.trades.height, 'position')} closed, {count(shown.n_open)} still "
        "open at the end."
    )
    if not n_filled + n_refused:
        told = "No order was given."
    rows = [
        {"reason": name, "n": n, "share": n / (n_filled + n_refused)}
        for name, n in sorted(refused.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    columns = (
        text("reason", "reason"),
        Column("orders", lambda row: count(row["n"])),
        Column("of all orders", lambda row: percent(row["share"], 1), "%"),
    )
    grid = fill_grid("refused", "Orders refused", columns, rows)
    return {"sentence": told, "table": grid if rows else None}


def tell_exposure(shown: Shown) -> Grid | None:
    """How much was held; None where there is no bar."""
    if shown.equity.is_empty():
        return None
    share = pl.col("gross") / pl.col("equity")
    alive = shown.equity.filter(pl.col("equity") > 0)
    mean, most = alive.select(mean=share.mean(), most=share.max()).row(0)
    held, n_most = shown.equity.select(
        held=(pl.col("n_open") > 0).mean(), most=pl.col("n_open").max()
    ).row(0)
    rows = [
        {"what": "bars with a position", "value": percent(held), "unit": "%"},
        {"what": "mean exposure", "value": percent(mean), "unit": "% of equity"},
        {"what": "largest exposure", "value": percent(most), "unit": "% of equity"},
        {"what": "most positions at once", "value": count(n_most), "unit": ""},
    ]
    columns = (text("", "what"), Column("", lambda row: row["value"]), text("unit", "unit"))
    return fill_grid("exposure", "Exposure", columns, rows)


def tell_metrics(shown: Shown) -> Grid:
    """Every metric."""
    columns = (
        text("metric", "metric", "code"),
        Column("value", lambda row: measured(row["value"], row["unit"])),
        Column("95 %", lambda row: _interval(row), hint="block bootstrap of the days"),
        Column("unit", lambda row: unit_words(row["unit"]), kind="text"),
        Column("note", lambda row: row["note"] or "", kind="prose"),
    )
    return fill_grid("metrics", "All metrics", columns, shown.metrics.to_dicts())


def tell_eras(shown: Shown) -> Grid | None:
    """From when to when each era lasts; None where they are not known."""
    rows = [{"era": era, "start": start, "end": end} for era, start, end in shown.eras]
    columns = (
        Column("era", lambda row: era_words(row["era"]), kind="text"),
        Column("from", lambda row: minute(row["start"]), "UTC", kind="text"),
        Column("before", lambda row: minute(row["end"]), "UTC", kind="text"),
    )
    return fill_grid("eras", "Eras", columns, rows) if rows else None


def tell_bars(shown: Shown) -> Grid | None:
    """Bars and gaps by market; None where the bars are not given."""
    rows = [
        {
            "market": market,
            "n": bars.height,
            "gaps": int(bars["is_gap"].sum()),
            "first": bars["time"].min(),
            "last": bars["time"].max(),
        }
        for market, bars in shown.bars.items()
    ]
    columns = (
        text("market", "market"),
        Column("bars", lambda row: count(row["n"])),
        Column("gaps", lambda row: count(row["gaps"]), hint="no bar came for this slot"),
        Column("gaps", lambda row: decimal(100 * row["gaps"] / max(1, row["n"])), "%"),
        Column("first", lambda row: minute(row["first"]), "UTC", kind="text"),
        Column("last", lambda row: minute(row["last"]), "UTC", kind="text"),
    )
    return fill_grid("bars", "Bars", columns, rows) if rows else None


def _interval(row: Any) -> str:
    return between(row["lower"], row["upper"], row["unit"]) or MISSING

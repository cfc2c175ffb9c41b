"""Small hand-made tables of which the trades can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from lake.schema import BARS, ERAS, EVENTS, FEATURES, FINDINGS
from tasks.bridge.trades import MarketTables

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hour):
    return START + hour * HOUR


def filled(table, rows):
    """A frame of `table` with `rows`; what they do not say is missing."""
    defaults = {n: (float("nan") if d.is_float() else None) for n, d in table.columns.items()}
    return pl.DataFrame([defaults | row for row in rows], schema=table.columns)


def hourly_bars(opens, closes, gaps=()):
    rows = []
    for i, (o, c) in enumerate(zip(opens, closes, strict=True)):
        prices = {"open": o, "high": max(o, c), "low": min(o, c), "close": c}
        known = {n: float("nan") if i in gaps else price for n, price in prices.items()}
        rows.append({"time": at(i), "is_gap": i in gaps} | known)
    return filled(BARS, rows)


def events_at(hours, sides, event="jump", market="AAA-1h"):
    rows = [
        {"market": market, "event": event, "family": "volatility", "time": at(h), "side": side}
        for h, side in zip(hours, sides, strict=True)
    ]
    return filled(EVENTS, rows)


def features_of(bars, **labels):
    rows = [{"time": t} | {n: v[i] for n, v in labels.items()} for i, t in enumerate(bars["time"])]
    return filled(FEATURES, rows)


def two_eras(first_hour, n_hours):
    rows = [
        {"era": "discovery", "start": at(0), "end": at(first_hour)},
        {"era": "confirmation", "start": at(first_hour), "end": at(n_hours)},
    ]
    return filled(ERAS, rows)


def finding(**fields):
    base = {
        "market": "AAA-1h",
        "family": "volatility",
        "event": "jump",
        "horizon": "2h",
        "horizon_bars": 2,
        "condition": "all",
        "scaled_bps": 20.0,
        "verdict": "finding",
    } | fields
    name = "|".join(base[n] for n in ("market", "event", "horizon", "condition"))
    return {"hypothesis": name} | base


def findings_of(*rows):
    return filled(FINDINGS, rows)


def tables(bars, events, features=None, market="AAA-1h"):
    return MarketTables(market, events, features_of(bars) if features is None else features, bars)

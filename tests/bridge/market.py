"""Small hand-made tables of which the trades can be worked out by hand, and larger random ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from lake.schema import BARS, ERAS, EVENTS, FEATURES, FINDINGS, FOLDS, FUNDING, REFITS
from tasks.bridge.config import BridgeConfig
from tasks.bridge.ground import MarketTables, lay_ground
from tasks.bridge.trades import select_candidates, simulate_trades

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIG = BridgeConfig(random_replicas=3)


def at(hour):
    return START + hour * HOUR


def filled(table, rows):
    """A frame of `table` with `rows`; what they do not say is missing."""
    defaults = {n: (float("nan") if d.is_float() else None) for n, d in table.columns.items()}
    return pl.DataFrame([defaults | row for row in rows], schema=table.columns)


def hourly_bars(opens, closes, gaps=(), volume=float("nan")):
    rows = []
    for i, (o, c) in enumerate(zip(opens, closes, strict=True)):
        prices = {"open": o, "high": max(o, c), "low": min(o, c), "close": c, "volume": volume}
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


def funding_at(**rates):
    """FUNDING by hour: `h8=1e-4` is settled at 08:00 of the first day."""
    rows = [{"time": at(int(h[1:])), "rate": rate, "hours": 8.0} for h, rate in rates.items()]
    return filled(FUNDING, rows)


def two_eras(first_hour, n_hours):
    rows = [
        {"era": "discovery", "start": at(0), "end": at(first_hour)},
        {"era": "confirmation", "start": at(first_hour), "end": at(n_hours)},
    ]
    return filled(ERAS, rows)


def folds_at(*hours):
    """Folds between these hours, one after the other."""
    rows = [
        {"fold": k, "train_start": at(0), "train_end": at(hours[0]), "start": at(a), "end": at(b)}
        for k, (a, b) in enumerate(pairwise(hours), start=1)
    ]
    return filled(FOLDS, rows)


def refits_of(findings, selected):
    """REFITS of the findings, selected before the folds that are True."""
    rows = [
        {"hypothesis": name, "fold": k, "selected": chosen}
        for name in findings["hypothesis"]
        for k, chosen in enumerate(selected, start=1)
    ]
    return filled(REFITS, rows)


def finding(**fields):
    base = {
        "market": "AAA-1h",
        "family": "volatility",
        "event": "jump",
        "horizon": "2h",
        "horizon_bars": 2,
        "condition": "all",
        "scaled_bps": 20.0,
        "q": 0.01,
        "verdict": "finding",
        "reason": "q 0.01",
    } | fields
    name = "|".join(base[n] for n in ("market", "event", "horizon", "condition"))
    return {"hypothesis": name} | base


def findings_of(*rows):
    return filled(FINDINGS, rows)


def tables(bars, events, features=None, market="AAA-1h", funding=None):
    features = features_of(bars) if features is None else features
    return MarketTables(market, events, features, bars, funding)


def simulated(findings, folds, *markets, config=CONFIG):
    ground = lay_ground(markets, folds, config.terms)
    return simulate_trades(select_candidates(findings), ground, config.terms)


def random_market(market, seed, n_hours=960, drift=0.0, n_events=150):
    """A market of hours with volumes, volatility and regimes; prices drift after its events."""
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.choice(np.arange(30, n_hours - 10), n_events, replace=False))
    sides = rng.choice([-1, 1], n_events)
    steps = rng.normal(0.0, 0.004, n_hours)
    np.add.at(steps, hours + 1, sides * drift)
    closes = 100 * np.exp(np.cumsum(steps))
    bars = hourly_bars(np.r_[100.0, closes[:-1]], closes, volume=3e5)
    labels = {"vol_regime": rng.integers(0, 3, n_hours), "session": np.arange(n_hours) % 24 // 8}
    features = features_of(bars, **{n: v.tolist() for n, v in labels.items()}).with_columns(
        sigma=pl.lit(0.004), rv_slow=pl.lit(0.004), volume_ratio=pl.lit(1.0)
    )
    return tables(bars, events_at(hours, sides, market=market), features, market)


def shuffled(table, seed):
    """The same market with its events in another order."""
    order = np.random.default_rng(seed).permutation(table.events.height)
    return replace(table, events=table.events[order])

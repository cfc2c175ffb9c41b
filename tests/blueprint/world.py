"""A lake with one promoted hypothesis, made of small tables by the rooms' own functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from lake.keys import make_key
from lake.lineage import ancestors
from lake.ref import Ref
from lake.schema import BARS, ERAS, EVENTS, FEATURES, FETCHED, FINDINGS, RAW_BARS, TABLES
from lake.store import Lake
from tasks.blueprint.compilation import Case, assumed_costs
from tasks.bridge.config import BridgeConfig

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
N_BARS, CONFIRMATION_BAR = 2400, 600
MARKETS = ("AAA-1h", "BBB-1h")
BRIDGE = BridgeConfig()


def filled(table, rows):
    defaults = {n: (float("nan") if d.is_float() else None) for n, d in table.columns.items()}
    return pl.DataFrame([defaults | row for row in rows], schema=table.columns)


def put(lake, kind, frame, parents=(), market="all", part="-", config=None):
    key = make_key(
        kind, market, part, code=["tests.real"], config={"config": config or {}}, parents=parents
    )
    return lake.write(key, frame, list(parents))


def rising_bars(seed):
    """Bars that rise by 40 to 60 bps in the two hours after every twelfth bar, else stand still."""
    rng = np.random.default_rng(seed)
    rises = np.zeros(N_BARS)
    at = np.arange(6, N_BARS - 2, 12)
    rises[at + 2] = rng.uniform(40e-4, 60e-4, len(at))
    close = 100 * np.cumprod(1 + rises)
    opens = np.concatenate([[100.0], close[:-1]])
    rows = [
        {"time": START + i * HOUR, "open": o, "close": c, "is_gap": False}
        for i, (o, c) in enumerate(zip(opens, close, strict=True))
    ]
    return filled(BARS, rows), at


def finding(market, condition, **fields):
    base = {
        "hypothesis": f"{market}|vol_spike|2h|{condition}",
        "market": market,
        "family": "volatility",
        "event": "vol_spike",
        "horizon": "2h",
        "horizon_bars": 2,
        "condition": condition,
        "n": 50,
        "n_clusters": 25,
        "effective_clusters": 25.0,
        "scaled_bps": 50.0,
        "scaled_se_bps": 1.0,
        "effect_bps": 51.0,
        "se_bps": 1.5,
        "weighted_bps": 49.5,
        "t": 50.0,
        "p": 0.0,
        "q": 0.0,
        "p_permutation": 0.0005,
        "shrunk_bps": 49.0,
        "shrunk_sd_bps": 1.0,
        "lower_bps": 47.0,
        "upper_bps": 51.0,
        "sign_rate": 0.0,
        "kept_share": 0.98,
        "verdict": "finding",
        "reason": "q 0.000",
    }
    return base | fields


def market_tables(lake, market, seed, fetched="one"):
    """Raw bars, bars, features and events of one market; the refs of the last three."""
    bars, at = rising_bars(seed)
    fetch = put(lake, "FETCHED", FETCHED.empty(), market=market, config={"fetched": fetched})
    raw = put(
        lake,
        "RAW_BARS",
        filled(RAW_BARS, [{"time": START, "open": float(seed)}]),
        [fetch],
        market,
        config={"fetched": fetched},
    )
    kept = put(lake, "BARS", bars, [raw], market)
    labels = [{"time": t, "vol_regime": 2 if t.hour < 12 else 0} for t in bars["time"]]
    features = put(lake, "FEATURES", filled(FEATURES, labels), [kept], market)
    rows = [
        {
            "market": market,
            "event": "vol_spike",
            "family": "volatility",
            "time": START + int(i) * HOUR,
            "side": 1,
        }
        for i in at
    ]
    events = put(lake, "EVENTS", filled(EVENTS, rows), [kept], market, "volatility")
    return kept, features, events


@dataclass
class Seen:
    bars: list[Ref]
    features: list[Ref]
    events: list[Ref]
    eras: Ref
    findings: Ref


def observe(lake: Lake, fetched="one") -> Seen:
    """Everything up to the findings: one pooled, one of a regime, two that fail."""
    tables = [market_tables(lake, m, seed, fetched) for seed, m in enumerate(MARKETS, start=1)]
    bars, features, events = (list(refs) for refs in zip(*tables, strict=True))
    end = START + N_BARS * HOUR
    border = START + CONFIRMATION_BAR * HOUR
    spans = [("discovery", START, border), ("confirmation", border, end)]
    eras = filled(ERAS, [{"era": n, "start": s, "end": e} for n, s, e in spans])
    rows = [
        finding("AAA-1h", "vol_regime=2"),
        finding("AAA-1h", "vol_regime=1"),
        finding("BBB-1h", "all", verdict="no finding", reason="q 0.700"),
        finding("all", "all"),
    ]
    return Seen(
        bars,
        features,
        events,
        put(lake, "ERAS", eras, bars),
        put(lake, "FINDINGS", filled(FINDINGS, rows), [*events, *features]),
    )


def trade(hour, **fields):
    """One row of TRADES."""
    return {
        "hypothesis": "AAA-1h|vol_spike|2h|all",
        "market": "AAA-1h",
        "event_time": START + hour * HOUR,
        "entry_time": START + (hour + 1) * HOUR,
        "exit_time": START + (hour + 2) * HOUR,
        "side": 1,
        "entry_price": 100.0,
        "exit_price": 100.5,
        "gross_bps": 50.0,
        "cost_bps": 12.0,
        "net_bps": 38.0,
    } | fields


def case_of(lake, finding_row, bridged_row, trade_rows, markets=MARKETS, bars=()):
    """A case of one promoted hypothesis, from rows."""
    name = {"hypothesis": finding_row["hypothesis"]}
    frames = {
        "findings": filled(FINDINGS, [finding_row]),
        "bridged": filled(TABLES["BRIDGED"], [name | bridged_row]),
        "trades": filled(TABLES["TRADES"], [row | name for row in trade_rows]),
        "verdicts": filled(
            TABLES["VERDICTS"], [name | {"verdict": "promoted", "reason": "net", "gate": "none"}]
        ),
    }
    refs = [put(lake, kind.upper(), frame, bars) for kind, frame in frames.items()]
    return Case(
        **frames,
        markets=markets,
        ancestors=ancestors(lake, refs),
        costs=assumed_costs(BRIDGE),
    )


WEIGHED = {
    "follow": 1,
    "n_trades": 100,
    "n_clusters": 80,
    "gross_bps": 42.0,
    "cost_bps": 12.0,
    "net_bps": 30.0,
    "se_bps": 5.0,
    "t": 6.0,
    "p": 0.0,
    "q": 0.0,
    "break_even_cost_bps": 21.0,
    "hit_rate": 0.7,
    "worst_bps": -80.0,
    "net_double_cost_bps": 18.0,
}

"""A lake with one promoted hypothesis, of small tables written by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl

from lake.config import Config
from lake.keys import make_key
from lake.lineage import ancestors
from lake.schema import BARS, EVENTS, FEATURES, FETCHED, FINDINGS, RAW_BARS, TABLES
from tasks.blueprint.case import Case
from tasks.blueprint.compilation import compile_documents
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import Settings
from tasks.blueprint.text import load_blueprint, write_json
from tasks.events.config import EventsConfig
from tasks.trading.config import Exits, Limits, Terms

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MARKETS = ("AAA-1h", "BBB-1h")
HYPOTHESIS = "AAA-1h|vol_spike|2h|vol_regime=2"
TERMS = Terms(exits=Exits(stop=2.0), limits=Limits(cooldown="4h"))
SETTINGS = Settings(
    ingest={"source": "demo", "timeframe": "1h", "start": "2024-01-01", "end": None},
    clean={"max_log_jump": 1.0986},
    features={"fast": "1h", "windows": ["1h", {"weight": 0.5}]},
    events={"cooldown": "1h"},
)


class BridgeTerms(Config):
    """Of the bridge's config only what the blueprint reads."""

    terms: Terms = TERMS
    min_block: str = "1d"


def filled(table, rows):
    defaults = {n: (float("nan") if d.is_float() else None) for n, d in table.columns.items()}
    return pl.DataFrame([defaults | row for row in rows], schema=table.columns)


def put(lake, kind, frame, parents=(), market="all", part="-", config=None):
    key = make_key(
        kind, market, part, code=["tests.real"], config={"config": config or {}}, parents=parents
    )
    return lake.write(key, frame, list(parents))


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
        "lower_bps": 47.0,
        "upper_bps": 51.0,
        "sign_rate": 0.0,
        "kept_share": 0.98,
        "verdict": "finding",
        "reason": "q 0.000",
    }
    return base | fields


def trade(number, fold=1, **fields):
    """One row of TRADES: the `number`-th of ten, a day apart, in its fold."""
    event = START + timedelta(days=10 * fold + number)
    return {
        "hypothesis": HYPOTHESIS,
        "fold": fold,
        "trade": number,
        "market": "AAA-1h",
        "event_time": event,
        "entry_time": event + HOUR,
        "exit_time": event + 2 * HOUR,
        "side": 1,
        "entry_price": 100.0 + number,
        "exit_price": 100.5 + number,
        "exit": "time",
        "net_bps": 38.0 + number / 7,
    } | fields


BRIDGED_ROW = {
    "follow": 1,
    "n_folds": 3,
    "n_folds_selected": 2,
    "n_folds_judged": 2,
    "n_folds_positive": 2,
    "n_trades": 20,
    "n_clusters": 16,
    "gross_bps": 42.0,
    "cost_bps": 12.0,
    "net_bps": 30.0,
    "se_bps": 5.0,
    "t": 6.0,
    "p": 0.0,
    "q": 0.001,
    "hit_rate": 0.7,
    "worst_bps": -80.0,
    "n_ambiguous": 0,
    "net_double_cost_bps": 18.0,
    "gross_delayed_bps": 35.0,
    "net_trimmed_bps": 25.0,
    "largest_share": 0.1,
    "break_even_cost_bps": 21.0,
    "capacity": float("inf"),
    "n_years": 1,
    "n_years_positive": 1,
    "p_shifted": 0.4,
    "p_random": 0.002,
    "p_opposite": float("nan"),
}
# Three folds of ten days; the second was not traded.
FOLDS = [
    {"fold": f, "start": START + 10 * f * DAY, "end": START + 10 * (f + 1) * DAY} for f in (1, 2, 3)
]
REFITS = [{"fold": f, "selected": f != 2} for f in (1, 2, 3)]
TRADES = [trade(n, fold) for fold in (1, 2, 3) for n in range(10)]
STRESSED = [
    {"test": "fold", "level": "1", "n_trades": 10, "net_bps": 31.0, "se_bps": 7.0, "p": 0.01},
    {"test": "fold", "level": "3", "n_trades": 10, "net_bps": 29.0, "se_bps": 7.0, "p": 0.02},
    {"test": "notional", "level": "1000000", "n_trades": 20, "net_bps": 9.0, "se_bps": 5.0},
    {"test": "notional", "level": "50000", "n_trades": 20, "net_bps": 33.0, "se_bps": 5.0},
]
SEARCH = [{"portfolio": "candidates", "n_trials": 900, "hurdle": 0.1, "dsr": 0.96, "psr": 0.999}]
ERAS = [
    {"era": "discovery", "start": START - 300 * DAY, "end": START},
    {"era": "confirmation", "start": START + DAY, "end": START + 100 * DAY},
    {"era": "sealed", "start": START + 101 * DAY, "end": START + 120 * DAY},
]


def tables(found=None, bridged=None, trades=None, hypothesis=None):
    """The frames of a case of one promoted hypothesis, from rows."""
    found = found or finding("AAA-1h", "vol_regime=2")
    name = {"hypothesis": hypothesis or found["hypothesis"]}
    rows = {
        "findings": [found],
        "bridged": [BRIDGED_ROW | (bridged or {}) | name],
        "trades": [row | name for row in (TRADES if trades is None else trades)],
        "verdicts": [name | {"verdict": "promoted", "reason": "net 30.0 bps", "gate": "none"}],
        "refits": [row | name for row in REFITS],
        "folds": FOLDS,
        "stressed": [row | name for row in STRESSED],
        "search": SEARCH,
        "eras": ERAS,
    }
    return {kind: filled(TABLES[kind.upper()], kept) for kind, kept in rows.items()}


def case_of(lake=None, *, markets=MARKETS, bars=(), terms=TERMS, **rows):
    """A case of one promoted hypothesis; its tables lie in the lake if there is one."""
    frames = tables(**rows)
    refs = [put(lake, kind.upper(), frame, bars) for kind, frame in frames.items()] if lake else []
    return Case(
        **frames,
        markets=markets,
        ancestors=ancestors(lake, refs) if lake else [],
        terms=terms,
        settings=SETTINGS,
    )


def compiled(case, events=None, **config):
    """The one blueprint of the case."""
    (text,) = compile_documents(case, events or EventsConfig(), BlueprintConfig(**config))[
        "document_json"
    ]
    return load_blueprint(text, (events or EventsConfig()).modules)


def plain(blueprint):
    """The document as plain values."""
    return json.loads(write_json(blueprint))


def changed(blueprint, path, value):
    """The document as plain values, with the one at `path` (``golden.first.0.fold``) replaced."""
    document = plain(blueprint)
    inner = document
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return document


def market_tables(lake, market, fetched="one"):
    """Raw bars, bars, features and events of one market; the refs of the last three."""
    fetch = put(lake, "FETCHED", FETCHED.empty(), market=market, config={"fetched": fetched})
    bar = {"time": START, "open": 1.0}
    came = {"fetched": fetched}
    raw = put(lake, "RAW_BARS", filled(RAW_BARS, [bar]), [fetch], market, config=came)
    bars = put(lake, "BARS", filled(BARS, [bar]), [raw], market)
    features = put(lake, "FEATURES", filled(FEATURES, [{"time": START}]), [bars], market)
    events = put(lake, "EVENTS", EVENTS.empty(), [bars], market, "volatility")
    return bars, features, events


def filled_lake(lake, fetched="one"):
    """Refs of all that the stage takes, by its parameters' names."""
    markets = [market_tables(lake, market, fetched) for market in MARKETS]
    bars = [ref for ref, _, _ in markets]
    parents = [ref for refs in markets for ref in refs]
    refs = {kind: put(lake, kind.upper(), f, parents) for kind, f in tables().items()}
    return refs | {"bars": bars}


def none_found():
    """The tables of a run that found nothing."""
    return {kind: frame.clear() for kind, frame in tables().items()} | {
        "findings": FINDINGS.empty()
    }

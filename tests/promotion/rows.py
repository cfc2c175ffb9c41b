"""Rows of FINDINGS, BRIDGED, STRESSED and TRADES that pass every gate unless told otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from lake.schema import BRIDGED, FINDINGS, STRESSED, TRADES

START = datetime(2024, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def filled(table, rows):
    defaults = {n: (float("nan") if d.is_float() else None) for n, d in table.columns.items()}
    return pl.DataFrame([defaults | row for row in rows], schema=table.columns)


def finding(name, **fields):
    base = {
        "market": "AAA-1h",
        "family": "volatility",
        "event": name,
        "horizon": "2h",
        "horizon_bars": 2,
        "condition": "all",
        "n": 100,
        "n_clusters": 60,
        "effective_clusters": 50.0,
        "scaled_bps": 40.0,
        "scaled_se_bps": 8.0,
        "t": 5.0,
        "q": 0.001,
        "shrunk_bps": 32.0,
        "shrunk_sd_bps": 7.0,
        "verdict": "finding",
        "reason": "q 0.001 at most 0.05",
    }
    return {"hypothesis": f"AAA-1h|{name}|2h|all"} | base | fields


def weighed(name, **fields):
    base = {
        "follow": 1,
        "n_folds": 5,
        "n_folds_selected": 4,
        "n_folds_judged": 3,
        "n_folds_positive": 2,
        "n_trades": 50,
        "n_clusters": 40,
        "gross_bps": 40.0,
        "cost_bps": 12.0,
        "net_bps": 28.0,
        "se_bps": 7.0,
        "t": 4.0,
        "p": 0.0001,
        "q": 0.001,
        "break_even_cost_bps": 20.0,
        "hit_rate": 0.6,
        "worst_bps": -90.0,
        "n_ambiguous": 0,
        "net_double_cost_bps": 16.0,
        "gross_delayed_bps": 30.0,
        "net_trimmed_bps": 20.0,
        "largest_share": 0.1,
        "capacity": float("inf"),
        "n_years": 1,
        "n_years_positive": 1,
        "p_shifted": 0.7,
        "p_random": 0.01,
        "p_opposite": 0.99,
    }
    return {"hypothesis": f"AAA-1h|{name}|2h|all"} | base | fields


def trimmed(name, net=24.0):
    """What is left without the best and the worst trades."""
    told = {"test": "trimmed", "level": "both", "net_bps": net}
    return {"hypothesis": f"AAA-1h|{name}|2h|all"} | told


def trades_on(name, days, side=1, market="AAA-1h"):
    rows = [
        {
            "hypothesis": f"AAA-1h|{name}|2h|all",
            "fold": 1,
            "market": market,
            "event_time": START + (d - 0.5) * DAY,
            "entry_time": START + d * DAY,
            "exit_time": START + (d + 0.5) * DAY,
            "side": side,
            "entry_price": 100.0,
            "exit_price": 100.4,
            "gross_bps": 40.0,
            "cost_bps": 12.0,
            "net_bps": 28.0,
        }
        for d in days
    ]
    return filled(TRADES, rows)


def findings_of(*rows):
    return filled(FINDINGS, rows)


def bridged_of(*rows):
    return filled(BRIDGED, rows)


def stressed_of(*rows):
    return filled(STRESSED, rows)

"""A made-up run in which fusion stands beside its members, each number set by the test."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from lake.schema import BRIDGED, CONFIRMED, COVERAGE, EFFECTS, FINDINGS, REFITS, TRADES
from tasks.events.registry import catalogue
from tasks.report.facts import Evidence
from tests.report.frames import FIRST, HOUR, fit
from tests.report.sample import make_evidence

FUSION = "fusion_entry"
MOMENTUM, SMART_MONEY, WYCKOFF = "momentum_entry", "smart_money_entry", "wyckoff_entry"
SIGMA_BPS = 100.0


def blank(table, **changes):
    """A row of a table in which nothing is known."""
    row = {name: np.nan for name, dtype in table.columns.items() if dtype.is_float()}
    return row | {"verdict": "no finding", "reason": "q 0.62 above 0.05"} | changes


def named(event, market="all", horizon="4h"):
    return f"{market}|{event}|{horizon}|all"


def found(event, effect, error=2.0, *, market="all", horizon="4h", **changes):
    """A row of FINDINGS: so many bps in the entry's side, over 400 entries in 200 blocks."""
    row = {"hypothesis": named(event, market, horizon), "market": market, "family": "fusion"}
    row |= {"event": event, "horizon": horizon, "horizon_bars": 4, "condition": "all"}
    row |= {"n": 400, "n_clusters": 200, "sigma_bps": SIGMA_BPS, "prior_dependent": False}
    row |= {"scaled_bps": effect, "scaled_se_bps": error, "shrunk_bps": 0.5 * effect, "q": 0.62}
    return blank(FINDINGS, **row) | changes


def proven(event, effect, error=2.0, *, market="all", horizon="4h", n_clusters=90):
    """A row of CONFIRMED."""
    row = {"hypothesis": named(event, market, horizon), "n": 180, "n_clusters": n_clusters}
    row |= {"scaled_bps": effect, "scaled_se_bps": error, "effect_bps": effect, "se_bps": error}
    return row | {"p": 0.02}


def traded(event, net, *, fold=1, follow=1, market="all", horizon="4h", selected=True):
    """Rows of TRADES, one a day from the confirmation era's first on, of REFITS and of BRIDGED."""
    hypothesis, start = named(event, market, horizon), FIRST + 511 * timedelta(days=1)
    trades = [
        {name: np.nan for name, dtype in TRADES.columns.items() if dtype.is_float()}
        | {"hypothesis": hypothesis, "fold": fold, "trade": k, "market": "BTCUSDT-1h"}
        | {"event_time": start + timedelta(days=k), "entry_time": start + timedelta(days=k) + HOUR}
        | {"exit_time": start + timedelta(days=k) + 4 * HOUR, "side": 1, "n_fills": 2}
        | {"net_bps": float(gain), "gross_bps": gain + 8.0, "cost_bps": 8.0}
        for k, gain in enumerate(net)
    ]
    bridged = {name: np.nan for name, dtype in BRIDGED.columns.items() if dtype.is_float()}
    bridged |= {"hypothesis": hypothesis, "follow": follow, "n_trades": len(trades)}
    bridged |= {"net_bps": float(np.mean(net)), "se_bps": 3.0, "n_clusters": len(trades)}
    refit = {"hypothesis": hypothesis, "fold": fold, "selected": selected}
    return trades, refit, bridged


def covered(reason=""):
    """A row of COVERAGE of fusion."""
    row = {"market": "BTCUSDT-1h", "family": "fusion", "event": FUSION, "reason": reason}
    return row | {"n_bars": 17_000, "n_events": 400, "share": 0.02}


def contest(*rows, confirmed=(), trades=(), effects=None, coverage=()) -> Evidence:
    """The run of one market without findings, with these rows in its tables."""
    bare = make_evidence(1, n_days=60)
    held = [fit(TRADES, each) for each, _, _ in trades]
    return replace(
        bare,
        findings=fit(FINDINGS, [*bare.findings.filter(event="crash").to_dicts(), *rows]),
        confirmed=fit(CONFIRMED, list(confirmed)),
        trades=pl.concat([TRADES.empty(), *held]).sort(TRADES.order),
        refits=fit(REFITS, [refit for _, refit, _ in trades]),
        bridged=fit(BRIDGED, _once([row for _, _, row in trades])),
        effects=EFFECTS.empty() if effects is None else effects,
        coverage=pl.concat([bare.coverage, fit(COVERAGE, list(coverage))]),
    )


def _once(rows):
    return [*{row["hypothesis"]: row for row in rows}.values()]


def summed(event, blocks, sides, outcomes, *, market="BTCUSDT-1h", horizon="4h"):
    """A row of EFFECTS: signed outcomes in units of volatility, one entry each, by block.

    sigma sqrt(H) is the same at every entry, `SIGMA_BPS`.
    """
    which, place = np.unique(blocks, return_inverse=True)

    def total(values):
        return np.bincount(place, np.asarray(values, float)).tolist()

    n = total(np.ones(len(blocks)))
    zeros = [0.0] * len(which)
    row = {"market": market, "family": "fusion", "event": event, "horizon": horizon}
    row |= {"horizon_bars": 4, "condition": "all", "cluster": which.tolist(), "n": n}
    row |= {"side": total(sides), "scaled": total(outcomes), "mean": zeros, "weight": n}
    row |= {"weight_side": total(sides), "weighted": zeros, "score": zeros}
    return row | {"inverse": len(blocks) * 1e4 / SIGMA_BPS, "square": float(len(blocks))}


def every_event(evidence) -> pl.DataFrame:
    """Counts of all events of the catalogue, as of those of the sample."""
    known = [(a.family, a.name) for a in catalogue()]
    counts = evidence.events.filter(event="crash")
    return pl.concat(
        counts.with_columns(
            family=pl.lit(family), event=pl.lit(name), n=(pl.col("n") + k).cast(pl.Int64)
        )
        for k, (family, name) in enumerate(known)
    ).cast(dict(evidence.events.schema))


def make_engines() -> Evidence:
    """A run of all events of the catalogue, with fusion beside its members over three horizons."""
    events = (FUSION, MOMENTUM, SMART_MONEY, WYCKOFF)
    rows = [
        found(event, 4.0 - place, market=market, horizon=horizon)
        for horizon in ("1h", "4h", "12h")
        for market in ("all", "BTCUSDT-1h", "ETHUSDT-1h")
        for place, event in enumerate(events)
    ]
    noise = np.random.default_rng(1).normal(0, 40, (2, 60))
    evidence = contest(
        *rows,
        confirmed=[proven(FUSION, 3.0), proven(FUSION, 2.0, horizon="1h"), proven(MOMENTUM, 4.0)],
        trades=[traded(event, net) for event, net in zip(events[:2], noise, strict=True)],
    )
    return replace(evidence, events=every_event(evidence))

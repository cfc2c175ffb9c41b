"""What the trades of the selected folds say of each candidate: every number that a gate needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from lake.schema import BRIDGED
from tasks.bridge.breaking import capacity_of
from tasks.bridge.clustered import block_of, describe
from tasks.bridge.config import BridgeConfig
from tasks.bridge.stress import BEST, level_of
from tasks.bridge.trades import in_selected_folds
from tasks.trading.simulation import Results

Row = dict[str, Any]
Tests = Mapping[str, Mapping[str, Row]]
BY_ENTRY = ("fold", "entry_time", "market", "trade")


def weigh_candidates(
    candidates: pl.DataFrame,
    refits: pl.DataFrame,
    trades: pl.DataFrame,
    stressed: pl.DataFrame,
    config: BridgeConfig,
) -> pl.DataFrame:
    """Return BRIDGED: one row per candidate, traded or not.

    A candidate without trades has counts of 0, p and q 1 and NaN elsewhere. With one cluster, or
    clusters that do not differ, there is no standard error: se and t are NaN, p is 1. q is that of
    Benjamini and Hochberg (1995) over all candidates, traded or not.

    Parameters
    ----------
    candidates : pl.DataFrame
        What `select_candidates` returned.
    refits, trades, stressed : pl.DataFrame
        REFITS, TRADES and STRESSED of these candidates.
    config : BridgeConfig
        How long the blocks are, and from when on a fold counts.
    """
    if candidates.is_empty():
        return BRIDGED.empty()
    from scipy.stats import false_discovery_control

    counted = in_selected_folds(trades, refits)
    own = _by_hypothesis(counted.sort(BY_ENTRY))
    fits, tests = _by_hypothesis(refits), _by_hypothesis(stressed)
    rows = [
        _weigh(row, own.get(name, counted.clear()), fits[name], _tests_of(tests[name]), config)
        for row in candidates.sort("hypothesis").iter_rows(named=True)
        for name in [row["hypothesis"]]
    ]
    bridged = pl.DataFrame(rows, schema={n: d for n, d in BRIDGED.columns.items() if n != "q"})
    q = false_discovery_control(bridged["p"].to_numpy(), method="bh")
    return bridged.with_columns(q=pl.Series(q)).select(list(BRIDGED.columns))


def _by_hypothesis(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    groups = frame.group_by("hypothesis", maintain_order=True)
    return {str(name): group for (name,), group in groups}


def _tests_of(stressed: pl.DataFrame) -> dict[str, dict[str, Row]]:
    tests: dict[str, dict[str, Row]] = {}
    for row in stressed.iter_rows(named=True):
        tests.setdefault(row["test"], {})[row["level"]] = row
    return tests


def _weigh(
    candidate: Row, trades: pl.DataFrame, refits: pl.DataFrame, tests: Tests, config: BridgeConfig
) -> Row:
    told = {"hypothesis": candidate["hypothesis"], "follow": candidate["follow"]}
    pooled = _pooled(candidate, trades, config)
    return told | pooled | _folds(refits, tests, config) | _stress(trades, tests, config)


def _pooled(candidate: Row, trades: pl.DataFrame, config: BridgeConfig) -> Row:
    names = ("gross_bps", "cost_bps", "net_bps")
    times = trades["event_time"].dt.epoch("ms").to_numpy()
    gross, cost, net = (trades[name].to_numpy() for name in names)
    horizon = candidate["horizon"]
    blocks = block_of(times, horizon, config.min_block, config.block_horizons)
    row = describe(Results(np.zeros_like(times), times, gross, cost, net), blocks)
    winners = net[net > 0]
    known = (
        {
            "hit_rate": float(np.mean(net > 0)),
            "worst_bps": float(np.min(net)),
            "largest_share": float(np.max(winners) / np.sum(winners)) if len(winners) else 1.0,
        }
        if len(net)
        else dict.fromkeys(("hit_rate", "worst_bps", "largest_share"), np.nan)
    )
    return row | known | {"n_ambiguous": int(trades["n_ambiguous"].sum())}


def _folds(refits: pl.DataFrame, tests: Tests, config: BridgeConfig) -> Row:
    selected = {str(fold) for fold in refits.filter(pl.col("selected"))["fold"]}
    rows = [row for level, row in tests["fold"].items() if level in selected]
    judged = [row["net_bps"] for row in rows if row["n_trades"] >= config.min_fold_trades]
    return {
        "n_folds": len(tests["fold"]),
        "n_folds_selected": len(selected),
        "n_folds_judged": len(judged),
        "n_folds_positive": sum(net > 0 for net in judged),
    }


def _stress(trades: pl.DataFrame, tests: Tests, config: BridgeConfig) -> Row:
    years = [row["net_bps"] for row in tests.get("year", {}).values()]
    notionals = np.array(config.notionals)
    by_size = np.array([tests["notional"][level_of(q)]["net_bps"] for q in config.notionals])
    return {
        "net_double_cost_bps": tests["cost"]["2"]["net_bps"],
        "gross_delayed_bps": tests["delay"]["1"]["gross_bps"],
        "net_trimmed_bps": tests["trimmed"][BEST]["net_bps"],
        "break_even_cost_bps": _break_even(trades, tests["break_even"]),
        "capacity": capacity_of(notionals, by_size),
        "n_years": len(years),
        "n_years_positive": sum(net > 0 for net in years),
        "p_shifted": min(row["p"] for row in tests["shifted"].values()),
        "p_random": next(iter(tests["random"].values()))["p"],
        "p_opposite": next(iter(tests["opposite"].values()))["p"],
    }


def _break_even(trades: pl.DataFrame, told: Mapping[str, Row]) -> float:
    """Fees, spread and impact per side at the multiple that leaves nothing; funding stays."""
    ((level, row),) = told.items()
    if trades.is_empty():
        return np.nan
    if float(level) in (0.0, np.inf):
        return float(level)
    return float(row["cost_bps"] - np.mean(trades["funding_bps"].to_numpy())) / 2

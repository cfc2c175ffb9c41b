"""The first screen of the tear sheet: figures with their intervals, and what to keep in mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from tasks.backtest.sheet_formats import (
    between,
    is_share,
    measured,
    money,
    money_digits,
    unit_words,
)
from tasks.backtest.sheet_groups import IN_SAMPLE, era_of
from tasks.backtest.sheet_shown import Shown
from tasks.report.formats import DOT, count, day, is_missing, minute, n_of, percent

LABELS = {
    "total_return": "return",
    "cagr": "return per year",
    "sharpe": "Sharpe ratio",
    "deepest_drawdown": "deepest drawdown",
    "deflated_sharpe": "deflated Sharpe",
    "trades": "trades",
    "expectancy_bps": "net per trade",
    "hit_rate": "hit rate",
    "profit_factor": "profit factor",
    "exposure_time": "time in the market",
}
NO_TRADES = "No trades: nothing to show."
NO_BARS = "No bars: there is no curve to draw."


@dataclass(frozen=True)
class Tile:
    """One figure: what it is, how much, in what, its interval, and why one of them is missing."""

    label: str
    value: str
    unit: str
    interval: str
    note: str


def tell_headline(shown: Shown) -> dict[str, Any]:
    """Title, figures and caveats."""
    return {
        "title": shown.title,
        "name": shown.name,
        "span": span_words(shown),
        "tiles": tiles(shown),
        "alarms": [*_ruin(shown), *_unbalanced(shown), *_in_sample(shown)],
        "notes": shown.notes,
        "caveats": _caveats(shown),
    }


def tiles(shown: Shown) -> list[Tile]:
    """Those of LABELS that are among METRICS, in the order of LABELS."""
    known = {row["metric"]: row for row in shown.metrics.to_dicts()}
    return [_tile(label, known[name]) for name, label in LABELS.items() if name in known]


def _tile(label: str, row: dict[str, Any]) -> Tile:
    unit = row["unit"]
    implied = is_missing(row["value"]) or unit in (label, "per year")
    short = "" if implied else "%" if is_share(unit) else unit_words(unit)
    interval = between(row["lower"], row["upper"], unit)
    return Tile(label, measured(row["value"], unit), short, interval, row["note"] or "")


def span_words(shown: Shown) -> str:
    """Markets, timeframe, and from when to when."""
    names = shown.markets
    markets = ", ".join(names) if len(names) < 5 else n_of(len(names), "market")
    told = [markets, f"bars of {shown.timeframe}"]
    if shown.equity.height:
        first, last = shown.equity.select(a=pl.col("time").min(), b=pl.col("time").max()).row(0)
        told.append(f"{day(first)} to {day(last)}")
    return f" {DOT} ".join(part for part in told if part)


def ruined_at(shown: Shown) -> str:
    """When nothing was left of the account, empty where something always was."""
    broke = shown.equity.filter(pl.col("equity") <= 0)["time"].min()
    return minute(broke) if broke is not None else ""  # type: ignore[arg-type]


def _ruin(shown: Shown) -> list[str]:
    when = ruined_at(shown)
    return [f"Ruined: nothing was left of the account at {when}."] if when else []


def _in_sample(shown: Shown) -> list[str]:
    if not any(name == IN_SAMPLE for name, *_ in shown.eras) or shown.trades.is_empty():
        return []
    n = shown.trades.filter(era_of(shown.eras) == IN_SAMPLE).height
    share = percent(n / shown.trades.height, 0)
    told = f"{count(n)} of {n_of(shown.trades.height, 'trade')} ({share} %) lie in the discovery "
    return [told + "era, where the rule was found: they are no evidence."] if n else []


def _unbalanced(shown: Shown) -> list[str]:
    """Without open positions the trades have to make up the whole of the profit."""
    earned, profit = float(shown.trades["net"].sum()), shown.metric("profit")["value"]
    scale = max(abs(shown.capital), abs(profit), 1e-12)
    if is_missing(profit) or shown.n_open or abs(earned - profit) <= 1e-9 * scale:
        return []
    digits = money_digits([earned, profit])
    return [
        f"The trades sum to {money(earned, digits)}, the account gained {money(profit, digits)}, "
        "and no position is open: the sheet is not of one run."
    ]


def _caveats(shown: Shown) -> list[str]:
    return [
        *_gaps(shown),
        *_open(shown),
        *_ambiguous(shown),
        "Costs are assumed, not measured: fills at the market's prices, with fees, spread and "
        "impact by rule. A back-test is what would have happened if nobody had noticed.",
        "Intervals are 95 %, by block bootstrap of the days: they say how much luck there was, "
        "not that the future is like the past.",
    ]


def _open(shown: Shown) -> list[str]:
    if not shown.n_open:
        return []
    were = n_of(shown.n_open, "position was", "positions were")
    earned, profit = float(shown.trades["net"].sum()), shown.metric("profit")["value"]
    if is_missing(profit):
        return [f"{were} still open at the end: in the equity, not among the trades."]
    digits = money_digits([earned, profit])
    return [
        f"{were} still open at the end: in the equity, not among the trades, which sum to "
        f"{money(earned, digits)} of the account's {money(profit, digits)}."
    ]


def _ambiguous(shown: Shown) -> list[str]:
    n = int(shown.trades["n_ambiguous"].sum())
    return [f"{n_of(n, 'bar')} touched stop and target: decided for the stop."] if n else []


def _gaps(shown: Shown) -> list[str]:
    n = sum(int(bars["is_gap"].sum()) for bars in shown.bars.values())
    n_all = sum(bars.height for bars in shown.bars.values())
    if not n:
        return []
    return [
        f"{n_of(n, 'bar')} of {count(n_all)} never came: the equity keeps the last price there."
    ]

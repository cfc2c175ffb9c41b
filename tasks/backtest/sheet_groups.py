"""Results of the trades by year, market, side, reason of the exit, and era."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from tasks.backtest.sheet_formats import money, money_digits, side_words
from tasks.backtest.sheet_shown import Era, Shown
from tasks.report.formats import count, decimal, percent, signed
from tasks.report.grid import Column, Grid, fill_grid

OUTSIDE = "outside all of them"
IN_SAMPLE = "discovery"
_YEAR = pl.col("exit_time").dt.year()


def tally(trades: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    """Trades by what `key` says of them.

    Returns
    -------
    pl.DataFrame
        `key`, `n`, `hit` (share with a net result above 0), `mean_bps` and `sum_bps` of the net
        result, `net` in the account's currency; by key.
    """
    net = pl.col("net_bps")
    return (
        trades.group_by(key.alias("key"))
        .agg(
            n=pl.len(),
            hit=(pl.col("net") > 0).mean(),
            mean_bps=net.mean(),
            sum_bps=net.sum(),
            net=pl.col("net").sum(),
        )
        .sort("key")
    )


def era_of(eras: Sequence[Era]) -> pl.Expr:
    """Era in which a trade was entered."""
    expression = pl.lit(OUTSIDE)
    for name, start, end in eras:
        inside = (pl.col("entry_time") >= start) & (pl.col("entry_time") < end)
        expression = pl.when(inside).then(pl.lit(name)).otherwise(expression)
    return expression


def tell_groups(shown: Shown) -> list[Grid]:
    """The tables; without trades none."""
    if shown.trades.is_empty():
        return []
    ways: list[tuple[str, str, pl.Expr, Callable[[Any], str]]] = [
        ("by-year", "By year of the exit", _YEAR, str),
        ("by-market", "By market", pl.col("market"), str),
        ("by-side", "By side", pl.col("side"), side_words),
        ("by-exit", "By reason of the exit", pl.col("exit"), str),
    ]
    if shown.eras:
        ways.insert(0, ("by-era", "By era of the entry", era_of(shown.eras), era_words))
    digits = money_digits(shown.trades["net"])
    return [
        fill_grid(name, caption, _columns(words, digits), _rows(shown, key))
        for name, caption, key, words in ways
    ]


def _rows(shown: Shown, key: pl.Expr) -> list[dict[str, Any]]:
    """Tallies by key, those of eras in the order of time."""
    order = [name for name, *_ in shown.eras]
    rows = tally(shown.trades, key).to_dicts()
    return sorted(rows, key=lambda row: order.index(row["key"]) if row["key"] in order else -1)


def era_words(name: str) -> str:
    """An era's name, where what it is worth is said."""
    return f"{name} (in sample)" if name == IN_SAMPLE else name


def _columns(words: Callable[[Any], str], digits: int) -> tuple[Column, ...]:
    return (
        Column("", lambda row: words(row["key"]), kind="text"),
        Column("trades", lambda row: count(row["n"])),
        Column("hit rate", lambda row: percent(row["hit"], 1), "%", hint="net result above 0"),
        Column("mean net", lambda row: signed(row["mean_bps"], 2), "bps"),
        Column("sum net", lambda row: signed(row["sum_bps"]), "bps"),
        Column("net", lambda row: money(row["net"], digits), "currency"),
    )


def tell_costs(shown: Shown) -> Grid | None:
    """From the gross to the net result, means and sums over the trades; None without trades."""
    if shown.trades.is_empty():
        return None
    steps = (
        ("gross", "gross_bps", 1),
        ("fees", "fee_bps", -1),
        ("slippage", "slippage_bps", -1),
        ("funding", "funding_bps", -1),
        ("net", "net_bps", 1),
    )
    rows = [
        {"step": name, "mean": sign * _mean(shown, field), "sum": sign * _sum(shown, field)}
        for name, field, sign in steps
    ]
    columns = (
        Column("", lambda row: row["step"], kind="text"),
        Column("mean", lambda row: signed(row["mean"], 2), "bps per trade"),
        Column("sum", lambda row: signed(row["sum"]), "bps"),
    )
    return fill_grid("costs", "From gross to net", columns, rows)


def tell_fills(shown: Shown) -> Grid | None:
    """What the fills were for and what they cost; None where there is none."""
    if shown.fills.is_empty():
        return None
    rows = (
        shown.fills.group_by("reason", "moment")
        .agg(n=pl.len(), fee=pl.col("fee").sum(), slippage=pl.col("slippage").sum())
        .sort("reason", "moment")
    )
    digits = money_digits([*rows["fee"], *rows["slippage"]])
    columns = (
        Column("fill", lambda row: row["reason"], kind="text"),
        Column("at", lambda row: _MOMENTS.get(row["moment"], str(row["moment"])), kind="text"),
        Column("fills", lambda row: count(row["n"])),
        Column("fees", lambda row: decimal(row["fee"], digits), "currency"),
        Column("slippage", lambda row: decimal(row["slippage"], digits), "currency"),
    )
    return fill_grid("fills", "Fills by reason", columns, rows.to_dicts())


_MOMENTS = {"open": "open of a bar", "inside": "inside a bar", "close": "close of a bar"}


def _mean(shown: Shown, field: str) -> float:
    return float(shown.trades[field].mean())  # type: ignore[arg-type]


def _sum(shown: Shown, field: str) -> float:
    return float(shown.trades[field].sum())

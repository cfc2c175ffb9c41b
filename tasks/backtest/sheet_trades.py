"""Single trades: the largest winners and losers, the first and the last."""

from __future__ import annotations

import polars as pl

from tasks.backtest.sheet_formats import money, money_digits, price, side_words
from tasks.backtest.sheet_shown import Shown
from tasks.report.formats import decimal, minute, n_of, signed
from tasks.report.grid import Column, Grid, fill_grid, text

N_LISTED = 10


def tell_trades(shown: Shown) -> list[Grid]:
    """The tables; one with all trades where they are few, and none without trades."""
    trades = shown.trades.sort("entry_time", "market", "trade")
    if trades.is_empty():
        return []
    columns = _columns(money_digits(trades["net"]))
    if trades.height <= 2 * N_LISTED:
        caption = f"All {n_of(trades.height, 'trade')}" if trades.height > 1 else "The one trade"
        return [fill_grid("trades", caption, columns, trades.to_dicts())]
    listed = (
        ("winners", "Largest winners", winners(trades)),
        ("losers", "Largest losers", losers(trades)),
        ("first", "First trades", trades.head(N_LISTED)),
        ("last", "Last trades", trades.tail(N_LISTED)),
    )
    return [
        fill_grid(name, caption, columns, rows.to_dicts())
        for name, caption, rows in listed
        if rows.height
    ]


def winners(trades: pl.DataFrame) -> pl.DataFrame:
    """Those that the account gained most by."""
    won = trades.filter(pl.col("net") > 0)
    return won.sort("net", descending=True, maintain_order=True).head(N_LISTED)


def losers(trades: pl.DataFrame) -> pl.DataFrame:
    """Those that the account lost most by."""
    return trades.filter(pl.col("net") < 0).sort("net", maintain_order=True).head(N_LISTED)


def _columns(digits: int) -> tuple[Column, ...]:
    return (
        Column("#", lambda row: str(row["trade"])),
        text("market", "market"),
        Column("side", lambda row: side_words(row["side"]), kind="text"),
        Column("entry", lambda row: minute(row["entry_time"]), "UTC", kind="text"),
        Column("price", lambda row: price(row["entry_price"])),
        Column("exit", lambda row: minute(row["exit_time"]), "bar, UTC", kind="text"),
        Column("price", lambda row: price(row["exit_price"]), hint="mean by quantity"),
        text("left by", "exit"),
        Column("best", lambda row: signed(row["best_bps"], 0), "bps", hint="on the way"),
        Column("worst", lambda row: signed(row["worst_bps"], 0), "bps", hint="on the way"),
        Column("gross", lambda row: signed(row["gross_bps"]), "bps"),
        Column("cost", lambda row: decimal(row["cost_bps"], 1), "bps"),
        Column("net", lambda row: signed(row["net_bps"]), "bps"),
        Column("net", lambda row: money(row["net"], digits), "currency"),
    )

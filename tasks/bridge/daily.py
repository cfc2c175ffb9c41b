"""What each strategy earned day by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import SchemaError
from lake.time import duration_ms

DAY_MS = duration_ms("1d")
CONFIRMATION = "confirmation"


@dataclass(frozen=True)
class Daily:
    """Net results by day and strategy, in bps of one trade's notional.

    Attributes
    ----------
    names : tuple of str
        The k hypotheses that traded, sorted.
    n_trades : (k,) int64
        Trades of each.
    net : (n_days, k) float64
        Sums over the trades that ended on a day, 0 where none did.
    """

    names: tuple[str, ...]
    n_trades: NDArray[np.int64]
    net: NDArray[np.float64]

    @property
    def portfolio(self) -> NDArray[np.float64]:
        """Every strategy with the same weight."""
        return np.mean(self.net, axis=1)

    def only(self, keep: NDArray[np.bool_]) -> Daily:
        """Some of the strategies."""
        names = tuple(name for name, kept in zip(self.names, keep, strict=True) if kept)
        return Daily(names, self.n_trades[keep], np.ascontiguousarray(self.net[:, keep]))


def daily_net(trades: pl.DataFrame, eras: pl.DataFrame) -> Daily:
    """The net results of each strategy by day (UTC) of the confirmation era.

    Every trade has the same notional: a strategy that holds two markets at once earns on both.
    A result falls on the day of its exit bar; no bar lies in two days.
    """
    start, end = confirmation_span(eras)
    ordered = trades.sort("hypothesis", "exit_time", "market")
    names = ordered["hypothesis"].unique(maintain_order=True)
    columns = ordered["hypothesis"].rle_id().to_numpy().astype(np.int64)
    days = ordered["exit_time"].to_physical().to_numpy() // DAY_MS - start // DAY_MS
    net = np.zeros(((end - 1) // DAY_MS - start // DAY_MS + 1, len(names)))
    if np.any(days < 0) or np.any(days >= len(net)):
        raise SchemaError(
            "trades that end outside the confirmation era",
            "TRADES and ERAS of one run",
            "run the flow again with --refresh bridge",
        )
    np.add.at(net, (days, columns), ordered["net_bps"].to_numpy())
    return Daily(tuple(names), np.bincount(columns, minlength=len(names)), net)


def confirmation_span(eras: pl.DataFrame) -> tuple[int, int]:
    """First moment of the confirmation era and the one after its last, in ms since 1970."""
    row = eras.filter(pl.col("era") == CONFIRMATION)
    if row.height != 1:
        raise SchemaError(
            f"ERAS with {row.height} rows of the era {CONFIRMATION!r}",
            "one",
            "run the flow again with --refresh discovery",
        )
    return row["start"].to_physical()[0], row["end"].to_physical()[0]

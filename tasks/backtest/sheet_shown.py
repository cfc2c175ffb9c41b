"""What a tear sheet is drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from tasks.backtest.engine_sheet import ShownEngine

Era = tuple[str, datetime, datetime]


@dataclass(frozen=True, eq=False)
class Shown:
    """A back-test.

    Attributes
    ----------
    name : str
        Of the blueprint, or of the engine.
    title : str
        The same in words.
    card : str
        The blueprint's card, or the engine's settings, Markdown.
    markets : sequence of str
        Those that were traded.
    timeframe : str
        Of the bars.
    trades, fills, equity, metrics : pl.DataFrame
        TRADES, FILLS, EQUITY, METRICS of the one run.
    eras : sequence of (str, datetime, datetime)
        Name, start and end of the eras of the run that made the blueprint; empty where they are
        not known.
    notes : tuple of str
        What the reader has to know first.
    n_refused : mapping of str to int
        Orders that were not filled, by reason.
    n_open : int
        Positions still open at the end: in the equity, not among the trades.
    bars : mapping of str to pl.DataFrame
        BARS by market, or none.
    engine : ShownEngine or None
        What there is besides where an engine is traded and no blueprint.
    """

    name: str
    title: str
    card: str
    markets: Sequence[str]
    timeframe: str
    trades: pl.DataFrame
    fills: pl.DataFrame
    equity: pl.DataFrame
    metrics: pl.DataFrame
    eras: Sequence[Era] = ()
    notes: tuple[str, ...] = ()
    n_refused: Mapping[str, int] = field(default_factory=dict)
    n_open: int = 0
    bars: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    engine: ShownEngine | None = None

    def metric(self, name: str) -> dict[str, float]:
        """Value, lower and upper bound of a metric, NaN where it is not among METRICS."""
        ends = ("value", "lower", "upper")
        found = self.metrics.filter(pl.col("metric") == name).select(ends).to_dicts()
        return found[0] if found else dict.fromkeys(ends, math.nan)

    @property
    def capital(self) -> float:
        """Of the account at its start: what the last equity has more is the metric `profit`.

        Where that is not known, the first equity; NaN where there is none.
        """
        known = self.equity["equity"].drop_nulls().drop_nans()
        if known.is_empty():
            return math.nan
        profit = self.metric("profit")["value"]
        return float(known[-1]) - profit if math.isfinite(profit) else float(known[0])

"""Bars and events counted by market and calendar: all that the page needs of the large tables."""

from __future__ import annotations

import polars as pl

from lake.schema import Dtype

MONTHS: dict[str, Dtype] = {
    "market": pl.String,
    "month": pl.Date,
    "n_bars": pl.Int64,
    "n_gaps": pl.Int64,
}
COUNTS: dict[str, Dtype] = {
    "market": pl.String,
    "family": pl.String,
    "event": pl.String,
    "year": pl.Int32,
    "n": pl.Int64,
    "n_long": pl.Int64,
    "n_short": pl.Int64,
    "first_time": pl.Datetime("ms", "UTC"),
    "last_time": pl.Datetime("ms", "UTC"),
}


def count_bars(market: str, bars: pl.DataFrame) -> pl.DataFrame:
    """Bars and gaps per month of one market.

    Parameters
    ----------
    market : str
        Whose bars they are.
    bars : DataFrame of BARS

    Returns
    -------
    DataFrame
        `market`, `month` (its first day), `n_bars` (real bars), `n_gaps` (slots without one).
    """
    month = pl.col("time").dt.truncate("1mo").dt.date().alias("month")
    counted = (
        bars.lazy()
        .group_by(month)
        .agg(n_bars=(~pl.col("is_gap")).sum(), n_gaps=pl.col("is_gap").sum())
        .with_columns(market=pl.lit(market))
    )
    return counted.select(*MONTHS).cast(pl.Schema(MONTHS)).sort("month").collect()


def count_events(events: pl.DataFrame) -> pl.DataFrame:
    """Events per market, family, name and year, with those of each side.

    Parameters
    ----------
    events : DataFrame of EVENTS

    Returns
    -------
    DataFrame
        `market`, `family`, `event`, `year`, `n`, `n_long`, `n_short`, `first_time`, `last_time`.
    """
    names = ["market", "family", "event", "year"]
    counted = (
        events.lazy()
        .group_by("market", "family", "event", pl.col("time").dt.year().alias("year"))
        .agg(
            n=pl.len(),
            n_long=(pl.col("side") > 0).sum(),
            n_short=(pl.col("side") < 0).sum(),
            first_time=pl.col("time").min(),
            last_time=pl.col("time").max(),
        )
    )
    return counted.select(*COUNTS).cast(pl.Schema(COUNTS)).sort(names).collect()

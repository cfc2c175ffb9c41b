"""Bars and events counted by market and month: all that the page needs of the large tables."""

from __future__ import annotations

import polars as pl

from lake.schema import COUNT, TEXT, TIME, Dtype

MONTHS: dict[str, Dtype] = {
    "market": TEXT,
    "month": pl.Date,
    "n_bars": COUNT,
    "n_gaps": COUNT,
    "first_time": TIME,
    "last_time": TIME,
}
COUNTS: dict[str, Dtype] = {
    "market": TEXT,
    "family": TEXT,
    "event": TEXT,
    "month": pl.Date,
    "n": COUNT,
    "n_long": COUNT,
    "n_short": COUNT,
}
_MONTH = pl.col("time").dt.truncate("1mo").dt.date().alias("month")


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
        `market`, `month` (its first day), `n_bars` (real bars), `n_gaps` (slots without one),
        `first_time` and `last_time` of the real bars, null where there is none.
    """
    is_real = ~pl.col("is_gap")
    counted = (
        bars.lazy()
        .group_by(_MONTH)
        .agg(
            n_bars=is_real.sum(),
            n_gaps=pl.col("is_gap").sum(),
            first_time=pl.col("time").filter(is_real).min(),
            last_time=pl.col("time").filter(is_real).max(),
        )
        .with_columns(market=pl.lit(market))
    )
    return counted.select(*MONTHS).cast(pl.Schema(MONTHS)).sort("month").collect()


def count_events(events: pl.DataFrame) -> pl.DataFrame:
    """Events per market, family, name and month, with those of each side.

    Parameters
    ----------
    events : DataFrame of EVENTS

    Returns
    -------
    DataFrame
        `market`, `family`, `event`, `month`, `n`, `n_long`, `n_short`.
    """
    names = ["market", "family", "event", "month"]
    counted = (
        events.lazy()
        .group_by("market", "family", "event", _MONTH)
        .agg(n=pl.len(), n_long=(pl.col("side") > 0).sum(), n_short=(pl.col("side") < 0).sum())
    )
    return counted.select(*COUNTS).cast(pl.Schema(COUNTS)).sort(names).collect()

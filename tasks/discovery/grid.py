"""Every hypothesis of a run, written down before any outcome is read."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lake.keys import sha256
from lake.ref import EVERY_MARKET
from lake.schema import ENTRIES, GRID
from lake.time import n_bars, timeframe_of

CELL = ["family", "event", "condition"]


def draw_grid(entries: Sequence[pl.DataFrame], horizons: Sequence[str]) -> pl.DataFrame:
    """Write down each event, horizon and condition, in each market and in all of them pooled.

    Hypotheses that reduce to the same entries, held for as long, are one: a condition that never
    excluded an event, an event that one market alone has, two events that are the same, or one
    that is the other turned round (the test is two-sided). The first is asked: a market before
    all pooled, ``all`` before a regime, then by name.

    Parameters
    ----------
    entries : sequence of DataFrame of ENTRIES
        One per market; the order does not matter.
    horizons : sequence of str
        Durations.

    Returns
    -------
    DataFrame of GRID
        Those with `same_as` are not asked.
    """
    known = pl.concat([ENTRIES.empty(), *entries]).sort(ENTRIES.order)
    cells = pl.concat([_of_markets(known), _pooled(known)])
    lengths = _lengths(cells["markets"].unique().sort().to_list(), horizons)
    grid = cells.join(lengths, on="markets", maintain_order="left")
    named = grid.with_columns(
        hypothesis=pl.concat_str("market", "event", "horizon", "condition", separator="|"),
        is_pooled=pl.col("market") == EVERY_MARKET,
        is_regime=pl.col("condition") != "all",
    )
    ordered = named.sort("is_pooled", "is_regime", "hypothesis")
    first = pl.col("hypothesis").first().over("entries", "held")
    same_as = pl.when(first != pl.col("hypothesis")).then(first).otherwise(pl.lit(""))
    whole = ordered.with_columns(same_as=same_as).select(list(GRID.columns))
    return GRID.conform(whole.sort(GRID.order))


def asked(grid: pl.DataFrame) -> pl.DataFrame:
    """Return the hypotheses of GRID that are asked: each set of entries once."""
    return grid.filter(pl.col("same_as") == "")


def _of_markets(entries: pl.DataFrame) -> pl.DataFrame:
    return entries.select(
        "market",
        *CELL,
        "parameters",
        n_entries="n",
        entries=pl.min_horizontal("digest", "opposite"),
        markets="market",
    )


def _pooled(entries: pl.DataFrame) -> pl.DataFrame:
    """The cells over all markets; where one market alone has entries they are that market's."""
    grouped = entries.group_by(CELL, maintain_order=True).agg(
        pl.col("parameters").first(),
        pl.col("n").sum(),
        pl.col("market").str.join(" "),
        pl.col("digest"),
        pl.col("opposite"),
    )
    rows = [(*row[:6], min(_together(row[6]), _together(row[7]))) for row in grouped.iter_rows()]
    columns = [*CELL, "parameters", "n_entries", "markets", "entries"]
    schema = {name: GRID.columns.get(name, pl.String) for name in columns}
    frame = pl.DataFrame(rows, schema, orient="row")
    ordered = [name for name in columns if name != "markets"]
    return frame.select(pl.lit(EVERY_MARKET).alias("market"), *ordered, "markets")


def _together(digests: list[str]) -> str:
    return digests[0] if len(digests) == 1 else sha256("\n".join(digests).encode())


def _lengths(sets: Sequence[str], horizons: Sequence[str]) -> pl.DataFrame:
    """Bars of each horizon in the markets of each set, and in that of the finest timeframe."""
    rows = []
    for markets in sets:
        timeframes = [timeframe_of(market) for market in markets.split(" ")]
        for horizon in horizons:
            held = [n_bars(horizon, timeframe) for timeframe in timeframes]
            rows.append((markets, horizon, max(held), " ".join(map(str, held))))
    columns = {name: GRID.columns[name] for name in ("horizon", "horizon_bars")}
    schema = {"markets": pl.String, **columns, "held": pl.String}
    return pl.DataFrame(rows, schema, orient="row")

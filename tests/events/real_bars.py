"""Real bars with the real funding, open interest, spot and leader beside them."""

from __future__ import annotations

from functools import cache

import polars as pl

from lake.schema import BARS
from tasks.clean.config import CleanConfig
from tasks.clean.context import Companions, lay_beside
from tasks.events.bars import Bars
from tests.real import REAL_DATA

LEADER = "BTCUSDT"


@cache
def real_bars(symbol: str = "ETHUSDT", timeframe: str = "15m") -> Bars:
    """All bars of a perpetual from 2020 on, with what was known beside them; BTC leads."""
    frame = bars_frame(f"binance_um/klines/{symbol}/{timeframe}.parquet")
    leader = bars_frame(f"binance_um/klines/{LEADER}/{timeframe}.parquet")
    companions = Companions(
        funding=_funding(symbol),
        interest=_interest(symbol),
        spot=bars_frame(f"binance_spot/klines/{symbol}/5m.parquet"),
        leader=None if symbol == LEADER else leader,
        timeframes={"spot": "5m"},
    )
    market = f"{symbol}-{timeframe}"
    return Bars.of(frame, timeframe, lay_beside(frame, market, companions, CleanConfig()))


def bars_frame(place: str) -> pl.DataFrame:
    """BARS of a file without gaps; columns that it lacks are NaN."""
    frame = pl.read_parquet(REAL_DATA / place).rename({"open_time": "time"}).sort("time")
    absent = [pl.lit(float("nan")).alias(n) for n in BARS.columns if n not in frame.columns]
    return frame.with_columns(*absent).with_columns(is_gap=pl.lit(False))


def _funding(symbol: str) -> pl.DataFrame:
    frame = pl.read_parquet(REAL_DATA / "funding" / f"{symbol}.parquet").sort("funding_time")
    rate = pl.col("funding_rate")
    time = pl.col("funding_time")
    return frame.select(time=time, known_at=time, rate=rate, hours=pl.lit(8.0), rate_8h=rate)


def _interest(symbol: str) -> pl.DataFrame:
    frame = pl.read_parquet(REAL_DATA / "open_interest" / f"{symbol}_5m.parquet").sort("open_time")
    value = pl.col("sum_open_interest_value")
    columns = {"known_at": pl.col("open_time"), "contracts": pl.col("sum_open_interest")}
    return frame.filter(value > 0).select(**columns, value=value)

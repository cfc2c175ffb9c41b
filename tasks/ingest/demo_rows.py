"""From simulated bars to raw bars: the rows that come, dirt included, in the days asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import InputError
from lake.schema import RAW_BARS
from lake.time import UNITS_MS, duration_ms
from tasks.ingest.config import DemoConfig
from tasks.ingest.demo_draws import Draws
from tasks.ingest.demo_market import Market
from tasks.ingest.demo_shocks import BASE
from tasks.ingest.snapshot import Snapshot

PREFIX = "DEMO"
SYMBOLS = ("DEMOA", "DEMOB")
YEAR_DAYS = 365


def simulated(symbols: Iterable[str]) -> list[str]:
    """The symbols asked for, sorted; InputError where one of them could pass for a real one."""
    real = sorted(symbol for symbol in symbols if not symbol.startswith(PREFIX))
    if real:
        raise InputError(
            f"the simulated market was asked for {', '.join(real)}",
            f"symbols that begin with {PREFIX}, like {' and '.join(SYMBOLS)}",
            "add --source files --data DIR, or --source binance, for real bars",
        )
    return sorted(set(symbols))


def raw_bars(market: Market) -> pl.DataFrame:
    """RAW_BARS of a market, every bar once."""
    prices = dict(zip(("open", "high", "low", "close"), market.prices, strict=True))
    value = market.volume * market.prices.mean(axis=0)
    frame = pl.DataFrame(
        {
            "time": market.time,
            **prices,
            "volume": market.volume,
            "quote_volume": value,
            "trades": market.trades,
            "taker_buy_volume": market.volume * market.taker_share,
            "taker_buy_quote_volume": value * market.taker_share,
            "part": np.zeros(market.time.size, dtype=np.int16),
        }
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in RAW_BARS.columns.items())


def dirty_rows(
    config: DemoConfig, symbol: str, timeframe: str, time: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which rows come, in order: outages are left out, duplicates come twice in a row."""
    draws = Draws(config.seed, symbol, time.size)
    step, outage = duration_ms(timeframe), duration_ms(config.dirt.outage)
    is_out = np.zeros(time.size, dtype=bool)
    for begin in _outages(config, draws) + time[0]:
        is_out |= (time >= begin) & (time + step <= begin + outage)
    rows = np.flatnonzero(~is_out)
    chosen = draws.generator("duplicates").random(config.dirt.n_duplicates)
    twice = rows[(chosen * rows.size).astype(np.int64)]
    return np.sort(np.concatenate([rows, twice]))


def in_span(snapshot: Snapshot, days_before: int = 0) -> pl.Expr:
    """Whether a time is on a day from `start`, or so many days before, to `end`, included."""
    day = pl.col("time").dt.date()
    first, last = snapshot.start or date.min, snapshot.end or date.max
    reach = timedelta(days=min(days_before, (first - date.min).days))
    return day.is_between(first - reach, last)


def _outages(config: DemoConfig, draws: Draws) -> NDArray[np.int64]:
    """When the venue fails, on whole bars of 5m, milliseconds from the first bar."""
    n_years = -(-config.n_days // YEAR_DAYS)
    places = draws.generator("outages", common=True)
    year = np.repeat(np.arange(n_years), config.dirt.outages_per_year)
    days = (year + places.random(year.size)) * YEAR_DAYS
    step = duration_ms(BASE)
    return (days * UNITS_MS["d"] / step).astype(np.int64) * step

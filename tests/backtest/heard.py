"""Markets that a desk has heard, for the tests of engines' back-tests."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from tasks.backtest.decided import Told, listen
from tasks.engines.config import EnginesConfig, FusionConfig
from tasks.trading.tape import MarketBars
from tests.engines.charts import market as simulated
from tests.trading.world import bars_of, features_on

# So low that a short chart has many decisions of every kind.
EAGER = EnginesConfig(fusion=FusionConfig(enter=0.12, leave=0.1))
GAPS = (700, 701, 1500)
N = 3000


@cache
def bars_at(seed: int = 0, n: int = N, gaps: tuple[int, ...] = GAPS) -> pl.DataFrame:
    """BARS of a simulated hourly market with holes."""
    open_, high, low, close, volume = simulated(n, seed)
    flows = {"volume": volume, "quote_volume": volume * close}
    return bars_of(open_, close, high, low, gaps=gaps, **flows)


@cache
def market_at(seed: int = 0, name: str = "AAA-1h", n: int = N) -> MarketBars:
    """The same with what costs are made of."""
    bars = bars_at(seed, n)
    features = features_on(bars, sigma=0.008, atr=0.01 * bars["close"].to_numpy())
    return MarketBars(name, bars, features)


@cache
def told_of(seed: int = 0, name: str = "AAA-1h", engine: str = "fusion") -> Told:
    """What a desk says of it."""
    return listen(name, engine, bars_at(seed), EAGER, [])


def without_volume(bars: pl.DataFrame) -> pl.DataFrame:
    """The same bars from a source that has no volume."""
    return bars.with_columns(pl.lit(np.nan).alias("volume"), pl.lit(np.nan).alias("quote_volume"))

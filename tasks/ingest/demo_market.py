"""The simulated market: a martingale with the stylised facts of crypto bars, and planted drift.

Given all that was published before, a bar's simple return has mean zero but for the drift: its
volatility is known before it opens, its shock is symmetric and independent of the past. Volatility,
volume and flow can be foretold, direction cannot. The facts: Cont (2001, Quantitative Finance 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from lake.time import UNITS_MS, duration_ms, n_bars
from tasks.ingest.config import DemoConfig
from tasks.ingest.demo_config import PlantConfig
from tasks.ingest.demo_draws import Draws
from tasks.ingest.demo_flow import draw_taker_share, draw_trades, draw_turnover, find_quiet
from tasks.ingest.demo_shocks import Shocks, draw_shocks
from tasks.kernels.market import Reals, planted_prices

ONE_BPS = 1e-4


@dataclass(frozen=True, eq=False)
class Market:
    """A simulated market; arrays are float64 of shape (n,) unless said otherwise.

    Attributes
    ----------
    time : array of int64
        Open time, milliseconds since 1970, UTC.
    prices : array of float64, shape (4, n)
        Open, high, low, close.
    volume, trades, taker_share : array of float64
        Base units, a count, and the share of volume that takers bought.
    drift : array of float64
        Simple return that was added to each bar.
    sides : array of int8, shape (2, n)
        Of spikes and of thin moves: direction of the occurrence, 0 where there is none.
    """

    time: NDArray[np.int64]
    prices: Reals
    volume: Reals
    trades: Reals
    taker_share: Reals
    drift: Reals
    sides: NDArray[np.int8]


def simulate(config: DemoConfig, symbol: str, timeframe: str) -> Market:
    """Return the market of `symbol`, the same whichever other symbols there are."""
    time = open_times(config, timeframe)
    draws = Draws(config.seed, symbol, time.size)
    shocks = draw_shocks(config, draws, time, timeframe)
    above, below = _excess(shocks, draws)
    height = np.abs(np.log1p(shocks.returns)) + above + below
    turnover = draw_turnover(config.volume, draws, shocks, height, timeframe)
    first = 10.0 ** (config.volume.first_price_decades * draws.generator("first price").random())
    volume = turnover / first
    quiet = find_quiet(config.thin_move, volume, timeframe)
    gaps = config.shock.gap_bps * ONE_BPS * draws.normal("gap")
    prices, drift, sides = planted_prices(
        *(first, shocks.returns, gaps, above, below),
        *(volume, quiet, *_plants(config, timeframe)),
    )
    trades = draw_trades(config.volume, draws, turnover)
    taker_share = draw_taker_share(config.volume, draws, shocks.sizes)
    return Market(time, prices, volume, trades, taker_share, drift, sides)


def open_times(config: DemoConfig, timeframe: str) -> NDArray[np.int64]:
    """Open time of each bar, milliseconds since 1970, UTC, shape (n,)."""
    step = duration_ms(timeframe)
    start = datetime.combine(config.first_day, datetime.min.time(), UTC)
    n = config.n_days * UNITS_MS["d"] // step
    return int(start.timestamp()) * 1000 + step * np.arange(n, dtype=np.int64)


def _excess(shocks: Shocks, draws: Draws) -> tuple[Reals, Reals]:
    """Log distance of the high above, and of the low below, both open and close.

    Each is drawn from the law of the extreme of a Brownian bridge from the open to the close
    (Karatzas and Shreve 1991, section 4.3); together they make the range about twice the move.
    """
    x = np.log1p(shocks.returns)
    spread = -2.0 * shocks.own_volatility**2
    top = 0.5 * (x + np.sqrt(x**2 + spread * np.log1p(-draws.uniform("high"))))
    bottom = 0.5 * (-x + np.sqrt(x**2 + spread * np.log1p(-draws.uniform("low"))))
    above = np.maximum(0.0, top - np.maximum(x, 0.0))
    return above, np.maximum(0.0, bottom - np.maximum(-x, 0.0))


def _plants(
    config: DemoConfig, timeframe: str
) -> tuple[Reals, NDArray[np.int64], int, NDArray[np.int64], Reals]:
    """Thresholds, windows, cooldown, horizons and drift per bar of the two plants."""
    plants: tuple[PlantConfig, ...] = (config.spike, config.thin_move)
    horizons = np.array([n_bars(plant.horizon, timeframe) for plant in plants], dtype=np.int64)
    return (
        np.array([plant.threshold for plant in plants]),
        np.array([n_bars(plant.window, timeframe) for plant in plants], dtype=np.int64),
        n_bars(config.cooldown, timeframe),
        horizons,
        np.array([plant.effect_bps * ONE_BPS for plant in plants]) / horizons,
    )

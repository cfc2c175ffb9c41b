"""What lies beside the simulated bars: funding, open interest, spot and mark price.

All of it is made of past bars and of draws that no bar depends on: given the past, it foretells
the size of no return and the direction of none. Its draws have streams of their own, so the bars
are the same with and without it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lake.time import UNITS_MS, duration_ms, n_bars
from tasks.ingest.config import DemoConfig
from tasks.ingest.demo_config import FundingConfig
from tasks.ingest.demo_draws import Draws
from tasks.ingest.demo_market import ONE_BPS, Market
from tasks.ingest.demo_shocks import BASE, hold
from tasks.kernels.market import Reals, log_volatility

Stamps = NDArray[np.int64]
WICK_SD = 0.2  # of the logs of spot's wicks in those of the perpetual
RATE_DIGITS = 8


@dataclass(frozen=True, eq=False)
class Past:
    """The bars of a market as what is known when each of them has closed.

    Attributes
    ----------
    close_ms : array of int64, shape (n,)
        When each bar is known.
    log_return : array of float64, shape (n,)
        From close to close; the first from its open.
    price : array of float64, shape (n + 1,)
        Last price once k bars have closed: the first open, then the closes.
    timeframe : str
        Length of a bar.
    """

    close_ms: Stamps
    log_return: Reals
    price: Reals
    timeframe: str

    @classmethod
    def of(cls, market: Market, timeframe: str) -> Past:
        price = np.concatenate([market.prices[0, :1], market.prices[3]])
        close_ms = market.time + duration_ms(timeframe)
        return cls(close_ms, np.diff(np.log(price)), price, timeframe)

    def n_closed(self, at_ms: Stamps) -> Stamps:
        """How many bars have closed by each moment."""
        return np.searchsorted(self.close_ms, at_ms, side="right")

    def faded(self, x: Reals, memory: str) -> Reals:
        """Sum of the first k values, each fading with `memory` since its bar; shape (n + 1,)."""
        left = np.array([hold(memory, self.timeframe)])
        one, none = np.ones(1), np.zeros(1)
        still = np.zeros((x.size + 1, 1))
        return log_volatility(still, np.append(x, 0.0), left, none, none, -one, np.inf, 0.0)

    def volatility(self, memory: str) -> Reals:
        """Root of the fading mean square of the first k returns, shape (n + 1,); 0 at first."""
        left, k = hold(memory, self.timeframe), np.arange(self.log_return.size + 1)
        weight = np.maximum(1.0 - left**k, 1.0 - left) / (1.0 - left)
        return np.sqrt(self.faded(self.log_return**2, memory) / weight)


def wander(normal: Reals, memory: str, step: str, sd: float) -> Reals:
    """A path from zero that fades with `memory` and has `sd` in the long run, shape (n,)."""
    left = hold(memory, step)
    push = np.array([sd * math.sqrt(1.0 - left**2)])
    none = np.zeros(1)
    shape = (-1, 1)
    return log_volatility(
        *(normal.reshape(shape), np.zeros(normal.size), np.array([left]), push),
        *(none, none, 0.0, 0.0),
    )


def draw_funding(
    config: DemoConfig, symbol: str, market: Market, timeframe: str
) -> tuple[Stamps, Reals]:
    """Stamps and rates of the settlements, each of the bars that had closed when it was due."""
    funding = config.funding
    step = duration_ms(funding.interval)
    n = config.n_days * UNITS_MS["d"] // step
    due = int(market.time[0]) + step * np.arange(1, n + 1, dtype=np.int64)
    draws, past = Draws(config.seed, symbol, n), Past.of(market, timeframe)
    own = wander(
        draws.normal("premium", funding.common_share), funding.memory, funding.interval, 1.0
    )
    share, trend = funding.trend_share, _trend(funding, past)[past.n_closed(due)]
    rate = _rate(funding, math.sqrt(share) * trend + math.sqrt(1.0 - share) * own)
    late = (draws.uniform("settlement stamp") * funding.latest_ms).astype(np.int64)
    return due + late, rate


def _trend(funding: FundingConfig, past: Past) -> Reals:
    """Fading sum of past returns in its own standard deviations, shape (n + 1,)."""
    left = hold(funding.trend_memory, past.timeframe)
    usual = past.volatility(funding.volatility_memory) / math.sqrt(1.0 - left**2)
    total = past.faded(past.log_return, funding.trend_memory)
    return np.divide(total, usual, out=np.zeros_like(total), where=usual > 0.0)


def _rate(funding: FundingConfig, state: Reals) -> Reals:
    slope = np.where(state < 0.0, funding.narrow_bps, funding.wide_bps)
    premium = funding.centre_bps + slope * state
    band = funding.band_bps
    rate_bps = premium + np.clip(funding.interest_bps - premium, -band, band)
    greatest = funding.greatest_bps
    return np.round(np.clip(rate_bps, -greatest, greatest) * ONE_BPS, RATE_DIGITS)


def draw_interest(
    config: DemoConfig, symbol: str, market: Market, timeframe: str
) -> tuple[Stamps, Reals, Reals]:
    """Stamps of the readings, contracts and their value; with zeros, late stamps, an outage."""
    interest = config.interest
    step = duration_ms(interest.step)
    n = config.n_days * UNITS_MS["d"] // step
    stamps = int(market.time[0]) + step * np.arange(1, n + 1, dtype=np.int64)
    draws, past = Draws(config.seed, symbol, n), Past.of(market, timeframe)
    seen = past.n_closed(stamps)
    slow, fast, own = (draws.normal(f"interest {name}") for name in ("slow", "fast", "reading"))
    day = config.volume.turnover * UNITS_MS["d"] / duration_ms(BASE)
    contracts = (
        interest.of_turnover
        * day
        / past.price[0]
        * np.exp(
            wander(slow, interest.slow_memory, interest.step, interest.slow_sd)
            + wander(fast, interest.fast_memory, interest.step, interest.fast_sd)
            + interest.reading_sd * own
            - past.faded(_flushed(config, past), interest.fast_memory)[seen]
        )
    )
    return _dirty(config, draws, stamps, contracts, contracts * past.price[seen])


def _flushed(config: DemoConfig, past: Past) -> Reals:
    """What each bar takes from the log of open interest, shape (n,): nothing, or a large move's."""
    interest, size = config.interest, np.abs(past.log_return)
    usual = past.volatility(interest.volatility_memory)[:-1]
    began = np.arange(size.size) >= n_bars(interest.volatility_memory, past.timeframe)
    is_large = began & (size > interest.flush_volatilities * usual)
    return np.where(is_large, interest.flush * size, 0.0)


def _dirty(
    config: DemoConfig, draws: Draws, stamps: Stamps, contracts: Reals, value: Reals
) -> tuple[Stamps, Reals, Reals]:
    interest, n = config.interest, stamps.size
    dirt = draws.generator("interest dirt")
    is_zero = np.zeros(n, dtype=bool)
    is_zero[(dirt.random(interest.n_zeros) * n).astype(np.int64)] = True
    begin = stamps[int(dirt.random() * n)]
    comes = (stamps < begin) | (stamps >= begin + duration_ms(interest.outage))
    late = np.zeros(n, dtype=np.int64)
    tardy = (dirt.random(interest.n_late) * n).astype(np.int64)
    late[tardy] = 1000 * dirt.integers(1, interest.latest_s + 1, tardy.size)
    filled = np.where(is_zero, 0.0, contracts), np.where(is_zero, 0.0, value)
    return (stamps + late)[comes], filled[0][comes], filled[1][comes]


def draw_spot(config: DemoConfig, symbol: str, market: Market, timeframe: str) -> Market:
    """The spot market: it follows the perpetual with a basis that comes back to its mean."""
    basis, draws = config.basis, Draws(config.seed, symbol, market.time.size)
    past = Past.of(market, timeframe)
    distance = basis.of_return * past.faded(past.log_return, basis.memories[0])[1:]
    distance += basis.mean_bps * ONE_BPS
    for memory, sd in zip(basis.memories, basis.sds_bps, strict=True):
        distance += wander(draws.normal(f"basis {memory}"), memory, timeframe, sd * ONE_BPS)
    noise = np.exp(basis.volume_sd * draws.normal("spot volume"))
    least = config.volume.least_taker_share
    share = market.taker_share + config.volume.taker_sd * draws.normal("spot taker share")
    return replace(
        market,
        prices=_beside(market.prices, distance, draws, "spot"),
        volume=basis.volume_share * market.volume * noise,
        trades=np.maximum(1.0, np.rint(basis.volume_share * market.trades * noise)),
        taker_share=np.clip(share, least, 1.0 - least),
    )


def draw_mark(config: DemoConfig, symbol: str, market: Market, timeframe: str) -> Market:
    """The mark price: nothing is traded at it, so volume and trades are NaN."""
    basis, draws = config.basis, Draws(config.seed, symbol, market.time.size)
    sd = basis.mark_sd_bps * ONE_BPS
    distance = wander(draws.normal("mark"), basis.mark_memory, timeframe, sd)
    nothing = np.full(market.time.size, np.nan)
    prices = _beside(market.prices, distance, draws, "mark")
    return replace(market, prices=prices, volume=nothing, trades=nothing, taker_share=nothing)


def _beside(prices: Reals, distance: Reals, draws: Draws, name: str) -> Reals:
    """Prices whose closes lie `distance`, in logs, below; opens and wicks follow their own path."""
    opened, high, low, closed = prices
    close = closed * np.exp(-distance)
    before = np.concatenate([distance[:1], distance[:-1]])
    open_ = opened * np.exp(-before)
    up, down = (np.exp(WICK_SD * draws.normal(f"{name} {side}")) for side in ("high", "low"))
    above = np.log(high / np.maximum(opened, closed)) * up
    below = np.log(np.minimum(opened, closed) / low) * down
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    return np.stack([open_, top * np.exp(above), bottom * np.exp(-below), close])

"""Events of volatility: shocks, jumps and breaks out of calm."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.breaks import closes_beyond
from tasks.events.marks import Marks, marks
from tasks.events.measures import (
    median,
    quantile,
    ratio,
    reaches,
    trend,
    volatility,
)
from tasks.events.registry import event
from tasks.kernels.rolling import before, third, window_mean


@event(lookback=("history", "calm", "fast", 3), needs="O", mirrored=True)
def vol_shock(
    bars: Bars,
    *,
    probability: float = 0.99,
    fast: str = "1h",
    calm: str = "1d",
    history: str = "10d",
) -> Marks:
    """Fast volatility over its own past median crosses up into its past tail (catalogue).

    Side: the trend over the fast window. Strength: the ratio over its quantile.
    """
    level = volatility(bars, bars.n(fast))
    heat = ratio(level, median(level, bars.n(calm)))
    threshold = quantile(heat, probability, bars.n(history))
    was_below = before(heat) < before(threshold)
    crossed = reaches(heat, threshold) & was_below
    return marks(crossed, trend(bars, bars.n(fast)), ratio(heat, threshold))


@event(lookback=("history", 4), needs="O", mirrored=True)
def vol_spike(bars: Bars, *, threshold: float = 4.0, history: str = "1d") -> Marks:
    """A return that jump-robust volatility does not explain (Lee and Mykland 2008).

    The volatility is the root of the past bipower variation per bar (Barndorff-Nielsen and
    Shephard 2004), pi/2 times the mean product of neighbouring absolute returns, which one jump
    does not inflate. Side: the return's. Strength: the return over that volatility.
    """
    size = np.abs(bars.log_return)
    window = bars.n(history)
    bipower = window_mean(size * before(size), window, third(window))
    usual = np.sqrt(np.pi / 2.0 * before(bipower))
    return marks(reaches(size, threshold * usual), bars.log_return, ratio(size, usual))


@event(lookback=("history", "window", 3), needs="O", mirrored=True)
def breakout_trigger(
    bars: Bars, *, probability: float = 0.2, window: str = "8h", history: str = "10d"
) -> Marks:
    """A close beyond a prior range that was narrow among past ranges (catalogue).

    Side: the break's. Strength: one plus the distance beyond the edge in units of the range.
    """
    breaks = closes_beyond(bars, bars.n(window))
    narrow = breaks.width <= quantile(breaks.width, probability, bars.n(history))
    return marks(narrow & (breaks.side != 0), breaks.side, breaks.strength)

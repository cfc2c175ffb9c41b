"""Events of liquidity: it thins out, or is taken beyond an edge."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.measures import (
    median,
    past_high,
    past_low,
    quantile,
    ratio,
    reaches,
    robust_z,
)
from tasks.events.registry import event


@event(lookback=("history", 3), needs="OV", mirrored=True)
def liquidity_shock(
    bars: Bars, *, threshold: float = 4.0, volume_share: float = 0.5, history: str = "1d"
) -> Marks:
    """Price moves far per unit traded while little trades (Amihud 2002 illiquidity; catalogue).

    A bar without turnover has no illiquidity. Side: the return's. Strength: the robust z-score.
    """
    illiquidity = ratio(np.abs(bars.log_return), bars.quote_volume)
    z = robust_z(illiquidity, bars.n(history))
    quiet = bars.volume < volume_share * median(bars.volume, bars.n(history))
    return marks((z >= threshold) & quiet, bars.log_return, z)


@event(lookback=("volume_history", "window", 2), needs="OV", mirrored=True)
def sweep_stoprun(
    bars: Bars,
    *,
    window: str = "1d",
    wick_share: float = 0.6,
    probability: float = 0.8,
    volume_history: str = "2d",
) -> Marks:
    """A bar runs through the prior extreme on volume and closes back inside (catalogue).

    Most of its range is the wick beyond the extreme. Side: against the sweep. Strength: the
    wick's share of the range over the share demanded.
    """
    high, low = past_high(bars, bars.n(window)), past_low(bars, bars.n(window))
    above = np.where(bars.close < high, np.log(ratio(bars.high, high)), np.nan)
    below = np.where(bars.close > low, np.log(ratio(low, bars.low)), np.nan)
    wick = ratio(np.fmax(above, below), bars.log_range)
    busy = reaches(bars.volume, quantile(bars.volume, probability, bars.n(volume_history)))
    side = np.where(np.fmax(above, -np.inf) > np.fmax(below, -np.inf), -1, 1)
    return marks((wick >= wick_share) & busy, side, ratio(wick, wick_share))

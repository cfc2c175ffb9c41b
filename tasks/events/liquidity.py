"""Events of liquidity: it thins out, is pushed through, soaked up, or taken beyond an edge."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.measures import (
    busy,
    flow_over,
    flow_sizes,
    median,
    past_high,
    past_low,
    quantile,
    ratio,
    reaches,
    robust_z,
    trend,
    volatility,
)
from tasks.events.registry import event
from tasks.events.spreads import edge_spread, gap_prints, illiquidity, kyle_lambda
from tasks.kernels.onset import last_true


@event(lookback=("history", "calm", "within", 3), needs="OV", mirrored=True)
def liquidity_vacuum(
    bars: Bars,
    *,
    probability: float = 0.99,
    history: str = "10d",
    within: int = 8,
    count: int = 3,
    volume_share: float = 0.5,
    range_multiple: float = 1.5,
    thinness: float = 1.0,
    calm: str = "2d",
) -> Marks:
    """After a shock volume falls away faster than the range does (catalogue, changed).

    After a return in its past tail, the third bar, within eight, that has less than half the
    shock's volume and more than 1.5 times the past median range, and whose range per unit of
    volume is above its past median. The catalogue holds volume against half its past median
    instead; bars that wide never trade so little (two of 223,524 of BTC 15m, 2020 to 2026), and
    never three of them after a shock on any of 30 markets at 15m. A later shock begins anew.

    Side: the shock's. Strength: the range per unit of volume over its threshold. Anchor: the
    shock.
    """
    size, calm_bars = np.abs(bars.log_return), bars.n(calm)
    shock = last_true(reaches(size, quantile(size, probability, bars.n(history))))
    thin = ratio(bars.log_range, bars.volume)
    threshold = thinness * median(thin, calm_bars)
    empty = (thin > threshold) & (shock >= 0) & (np.arange(len(bars)) - shock <= within)
    empty &= reaches(bars.log_range, range_multiple * median(bars.log_range, calm_bars))
    at = np.flatnonzero(empty)
    at = at[bars.volume[at] < volume_share * bars.volume[shock[at]]]
    third_one, strength = np.zeros((2, len(bars)))
    since = np.arange(1, at.size + 1) - np.searchsorted(at, shock[at], "right")
    third_one[at], strength[at] = since == count, ratio(thin[at], threshold[at])
    return marks(third_one > 0.0, bars.log_return[shock], strength, shock)


@event(lookback=("history", 3), needs="OV", mirrored=True)
def liquidity_shock(
    bars: Bars, *, threshold: float = 4.0, volume_share: float = 0.5, history: str = "1d"
) -> Marks:
    """Price moves far per unit traded while little trades (Amihud 2002 illiquidity; catalogue).

    A bar without turnover has no illiquidity. Side: the return's. Strength: the robust z-score.
    """
    z = robust_z(illiquidity(bars), bars.n(history), threshold)
    quiet = bars.volume < volume_share * median(bars.volume, bars.n(history))
    return marks((z >= threshold) & quiet, bars.log_return, z)


@event(lookback=("history", "window", "fewest", "fast", 3), needs="OV", mirrored=True)
def depth_collapse(
    bars: Bars,
    *,
    probability: float = 0.98,
    window: str = "8h",
    fewest: int = 8,
    heat: float = 0.7,
    fast: str = "1h",
    history: str = "10d",
) -> Marks:
    """A unit of volume moves price further than it did, in a lively market (Kyle 1985; catalogue).

    Kyle's lambda over the window, of eight bars at least, is in its past tail while fast
    volatility is high; see `tasks.events.spreads.kyle_lambda` for its signs. Side: none.
    Strength: lambda over its quantile.
    """
    impact = kyle_lambda(bars, max(fewest, bars.n(window)))
    threshold = quantile(impact, probability, bars.n(history))
    level = volatility(bars, bars.n(fast))
    lively = reaches(level, quantile(level, heat, bars.n(history)))
    return marks(reaches(impact, threshold) & lively, 0, ratio(impact, threshold))


@event(lookback=("history", "calm", "window", 2), needs="O", mirrored=True)
def spread_blowout(
    bars: Bars,
    *,
    probability: float = 0.97,
    threshold: float = 2.0,
    window: str = "1d",
    calm: str = "1d",
    history: str = "10d",
) -> Marks:
    """The spread is in its past tail and far above the day's (EDGE, Ardia et al. 2024; catalogue).

    Side: none. Strength: the spread's robust z-score.
    """
    spread = edge_spread(bars, bars.n(window))
    z = robust_z(spread, bars.n(calm))
    wide = reaches(spread, quantile(spread, probability, bars.n(history)))
    return marks(wide & (z >= threshold), 0, z)


@event(lookback=("history", "volume_history", "span", 2), needs="OVT", mirrored=True)
def orderflow_imbalance_shock(
    bars: Bars,
    *,
    span: int = 3,
    probability: float = 0.99,
    history: str = "10d",
    volume_probability: float = 0.8,
    volume_history: str = "2d",
) -> Marks:
    """Takers of a few bars are nearly all on one side, on volume (catalogue).

    Side: the flow's. Strength: the flow over its quantile.
    """
    size, threshold = flow_sizes(bars, span, probability, bars.n(history))
    on_volume = busy(bars, volume_probability, bars.n(volume_history))
    fired = reaches(size, threshold) & on_volume
    return marks(fired, flow_over(bars, span), ratio(size, threshold))


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
    at = np.flatnonzero(busy(bars, probability, bars.n(volume_history)))
    high, low = past_high(bars, bars.n(window))[at], past_low(bars, bars.n(window))[at]
    close = bars.close[at]
    above = np.where(close < high, np.log(ratio(bars.high[at], high)), np.nan)
    below = np.where(close > low, np.log(ratio(low, bars.low[at])), np.nan)
    wick = ratio(np.fmax(above, below), bars.log_range[at])
    swept, side, strength = np.zeros((3, len(bars)))
    swept[at], strength[at] = wick >= wick_share, wick / wick_share
    side[at] = np.where(np.fmax(above, -np.inf) > np.fmax(below, -np.inf), -1, 1)
    return marks(swept > 0.0, side, strength)


@event(lookback=("history", "calm", "span", 2), needs="OVT", mirrored=True)
def absorption(
    bars: Bars,
    *,
    span: int = 3,
    probability: float = 0.95,
    history: str = "10d",
    volume_probability: float = 0.9,
    still: float = 0.3,
    calm: str = "2d",
) -> Marks:
    """Takers push one way on much volume and price hardly moves (catalogue).

    Resting orders take it all. Side: against the flow. Strength: the flow over its quantile.
    """
    size, threshold = flow_sizes(bars, span, probability, bars.n(history))
    moved = np.abs(trend(bars, span))
    little = quantile(moved, still, bars.n(calm))
    held = (moved <= little) & (little > 0.0) & busy(bars, volume_probability, bars.n(calm))
    pushed = reaches(size, threshold)
    return marks(pushed & held, -flow_over(bars, span), ratio(size, threshold))


@event(lookback=("history", "spread_window", 4), needs="O", mirrored=True)
def liquidity_gap_print(
    bars: Bars,
    *,
    probability: float = 0.995,
    multiple: float = 3.0,
    spread_window: str = "1d",
    history: str = "10d",
) -> Marks:
    """A bar opens far from the close before: beyond usual gaps and some spreads (catalogue).

    The spread is that of EDGE (Ardia, Guidotti and Kroencke 2024) before the bar; where the bars
    show none, the median of those that they showed in the past. Side: the gap's. Strength: the
    gap over the higher of both thresholds.
    """
    return gap_prints(
        bars,
        probability=probability,
        multiple=multiple,
        spread_window=bars.n(spread_window),
        history=bars.n(history),
    )

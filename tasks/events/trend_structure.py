"""Events of structure: trends that speed up, slow down or rest, ranges and levels that give way."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.breaks import closes_back_inside, closes_beyond
from tasks.events.marks import Marks, marks
from tasks.events.measures import average_range, busy, quantile, ratio, reaches, trend
from tasks.events.registry import event
from tasks.events.swings import edges, known_swings, legs, slope
from tasks.kernels.levels import level_breaks
from tasks.kernels.onset import Flags, Indices, last_true
from tasks.kernels.rolling import Reals, before


@event(lookback=("volume_history", "window", "at_least", 2), needs="OV", mirrored=True)
def range_breakout(
    bars: Bars,
    *,
    window: str = "1d",
    at_least: int = 24,
    probability: float = 0.8,
    volume_history: str = "2d",
) -> Marks:
    """A close beyond the prior range on high volume (catalogue).

    The range is of `at_least` bars at least: at 4h those of four days. Side: the break's.
    Strength: one plus the distance beyond the edge in units of the range.
    """
    breaks = closes_beyond(bars, max(at_least, bars.n(window)))
    on_volume = busy(bars, probability, bars.n(volume_history))
    return marks(on_volume & (breaks.side != 0), breaks.side, breaks.strength)


@event(lookback=("window", "at_least", "within", "within", 3), needs="O", mirrored=True)
def false_breakout(bars: Bars, *, window: str = "8h", at_least: int = 8, within: int = 3) -> Marks:
    """Within a few bars of a close beyond the prior range a close back inside (catalogue).

    The break is the first close beyond for as many bars; one that goes on for longer has not
    failed. The range is of `at_least` bars at least: at 4h those of 32 hours. Side: against the
    break. Strength: one plus the distance inside the edge in units of the range. Anchor: the
    break.
    """
    n = max(at_least, bars.n(window))
    found = closes_back_inside(bars, n, within, np.zeros(len(bars)))
    return marks(found.side != 0, found.side, found.strength, found.anchor)


@event(lookback=("history", "slow", "slow_least", "fast", "least", 3), needs="O", mirrored=True)
def trend_acceleration(
    bars: Bars,
    *,
    probability: float = 0.8,
    factor: float = 2.0,
    fast: str = "2h",
    slow: str = "8h",
    least: int = 3,
    slow_least: int = 8,
    history: str = "10d",
) -> Marks:
    """The last hours are far steeper than the trend they are part of (catalogue).

    Slopes are of least-squares lines through log closes, of `least` and `slow_least` bars at
    least. The fast
    one has the sign of the slow one and at least `factor` times its size, and both reach their
    past quantiles in size. Side: the slopes'. Strength: the fast slope over the size demanded.
    """
    n, past = max(least, bars.n(fast)), bars.n(history)
    n_slow = max(slow_least, bars.n(slow))
    quick, long, threshold = _slopes(bars, n, n_slow, probability, past)
    size = np.abs(quick)
    steep = reaches(size, quantile(size, probability, past)) & reaches(np.abs(long), threshold)
    times = ratio(quick, long)
    return marks(steep & (times >= factor), long, times / factor)


@event(lookback=("history", "slow", "slow_least", "fast", "least", 3), needs="O", mirrored=True)
def trend_deceleration(
    bars: Bars,
    *,
    probability: float = 0.8,
    fraction: float = 0.25,
    fast: str = "2h",
    slow: str = "8h",
    least: int = 3,
    slow_least: int = 8,
    history: str = "10d",
) -> Marks:
    """A steep trend's last hours have lost its slope (catalogue).

    Slopes are of least-squares lines through log closes, of `least` and `slow_least` bars at
    least. The slow one
    reaches its past quantile in size; the fast one, in its direction, is below `fraction` of it,
    and at the bar before was not. Side: the slow slope's. Strength: the share of the slope lost
    over the share demanded.
    """
    n, past = max(least, bars.n(fast)), bars.n(history)
    n_slow = max(slow_least, bars.n(slow))
    quick, long, threshold = _slopes(bars, n, n_slow, probability, past)
    left = ratio(quick, long)
    fallen = (left < fraction) & (before(left) >= fraction)
    lost = (1.0 - left) / (1.0 - fraction)
    return marks(reaches(np.abs(long), threshold) & fallen, long, lost)


def _slopes(
    bars: Bars, fast: int, slow: int, probability: float, history: int
) -> tuple[Reals, Reals, Reals]:
    """The fast and the slow slope, and the past quantile of the slow one's size."""
    long = slope(bars, slow)
    threshold = bars.once(
        ("size_of_slope", slow, probability, history),
        lambda: quantile(np.abs(long), probability, history),
    )
    return slope(bars, fast), long, threshold


@event(lookback=("history", "trend_window", "within", "reach", 3), needs="O", mirrored=True)
def pullback_pivot(
    bars: Bars,
    *,
    probability: float = 0.7,
    shallow: float = 0.38,
    deep: float = 0.62,
    trend_window: str = "1d",
    reach: int = 3,
    within: str = "2d",
    history: str = "10d",
) -> Marks:
    """In a trend the first turn after a retracement of the last swing by half or so (catalogue).

    The trend reaches its past quantile in size. In an up-trend: since the last confirmed swing
    high the price came back by `shallow` to `deep` of the leg up to it (in logs, from the last
    swing low before), and this close, still below that high, is the first above the prior bar's
    high since the pullback's lowest low. Upside down in a down-trend. Side: the trend's.
    Strength: the trend over its quantile. Anchor: the bar of that lowest low.
    """
    past = trend(bars, bars.n(trend_window))
    threshold = quantile(np.abs(past), probability, bars.n(history))
    strong = reaches(np.abs(past), threshold)
    old = bars.n(within)
    rising, low = _turns(bars, 1, reach, old, shallow, deep)
    falling, high = _turns(bars, -1, reach, old, shallow, deep)
    fired = strong & np.where(past > 0.0, rising, falling)
    return marks(fired, past, ratio(np.abs(past), threshold), np.where(past > 0.0, low, high))


def _turns(
    bars: Bars, side: int, reach: int, within: int, shallow: float, deep: float
) -> tuple[Flags, Indices]:
    """Where a pullback from a leg on this side turns, and the bar of its far end."""
    top, bottom = edges(bars, side)
    close = side * bars.close
    start, end, back = legs(bars, side, reach, within)
    beyond = close > before(top)
    at = np.flatnonzero(beyond & (last_true(beyond) <= back) & (back >= 0))
    peak, far = top[end[at]], bottom[back[at]]
    share = ratio(np.log(ratio(peak, far)), np.log(ratio(peak, bottom[start[at]])))
    turns = np.zeros(len(bars), dtype=np.bool_)
    turns[at] = (share >= shallow) & (share <= deep) & (close[at] < peak)
    return turns, back


@event(lookback=("window", "at_least", "memory", "reach", 4), needs="O", mirrored=True)
def support_resistance_break(
    bars: Bars,
    *,
    touches: int = 3,
    tolerance: float = 0.25,
    window: str = "2d",
    at_least: int = 48,
    range_window: str = "1d",
    memory: str = "7d",
    reach: int = 3,
) -> Marks:
    """A close beyond a price at which several swings have turned (catalogue).

    A level is the high of a swing high of the past `window`, `at_least` bars at least, confirmed
    before this bar; it was
    touched by every such swing high within `tolerance` times the average true range (Wilder
    1978) of it, itself included. It breaks at a close above it whose close before was not; of
    several the outermost counts. Upside down for swing lows. Side: the break's. Strength: one
    plus the distance beyond the level in average true ranges. Anchor: the first touch.
    """
    usual = before(average_range(bars, bars.n(range_window), bars.n(memory)))
    levels, anchors, old = [], [], max(at_least, bars.n(window))
    for side in (1, -1):
        known, edge = known_swings(bars, side, reach), edges(bars, side)[0]
        level, first = level_breaks(
            known, edge, side * bars.close, tolerance * usual, reach, old, touches
        )
        levels.append(side * level)
        anchors.append(first)
    level = np.where(np.isnan(levels[0]), levels[1], levels[0])
    broke, strength = np.isfinite(level) & (usual > 0.0), np.zeros(len(bars))
    at = np.flatnonzero(broke)
    beyond = np.abs(np.log(ratio(bars.close[at], level[at])))
    broke[at], strength[at] = np.isfinite(beyond), 1.0 + ratio(beyond, usual[at])
    side_ = np.isfinite(levels[0]).astype(np.int8) - np.isfinite(levels[1])
    return marks(broke, side_, strength, np.maximum(*anchors))

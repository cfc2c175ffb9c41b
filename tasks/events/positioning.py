"""Events of positioning: what holders of the perpetual pay, and how many they are.

Funding is looked at settlement by settlement, see `tasks.events.settlements`; open interest by
its change, in quote units, so a falling price lowers it too. A rate that equals its threshold is
not beyond it: most settlements of quiet times pay the same, and a rate that stands still is in
no tail. What became known in a gap stands nowhere.
"""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.measures import (
    average_range,
    quantile,
    ratio,
    reaches,
    robust_z,
    trend,
    volatility,
)
from tasks.events.registry import event
from tasks.events.settlements import previous, run_length, settlements
from tasks.kernels.onset import Flags, Indices, last_true, onset
from tasks.kernels.rolling import Reals, before, third, window_max, window_min

BPS = 1e-4


@event(lookback=("history", "reach", 2), needs="F", mirrored=True)
def funding_extreme_onset(
    bars: Bars,
    *,
    probability: float = 0.975,
    history: str = "60d",
    link: float = 1.5,
    reach: str = "2d",
) -> Marks:
    """Funding crosses into either tail of its past settlements (catalogue).

    The settlement before, at most `link` intervals (and `reach`) earlier, was not in that tail.
    Side: the sign of the rate, also where the lower tail is above zero. Strength: one plus the
    distance past the tail's edge over the larger edge in size.
    """
    s = settlements(bars)
    low, high = s.tails(probability, history)
    beyond = s.rate - np.where(s.rate > high, high, low)
    edge = np.maximum(np.abs(low), np.abs(high))
    linked = s.linked(link, reach)
    above, below = (s.rate > high) & (edge > 0.0), (s.rate < low) & (edge > 0.0)
    known = previous(np.isfinite(edge)) & linked
    enters = known & ((above & ~previous(above)) | (below & ~previous(below)))
    return s.stand(bars, enters, s.rate, 1.0 + ratio(np.abs(beyond), edge))


@event(lookback=("history", "span", "reach", 2), needs="F", mirrored=True)
def funding_persistence(
    bars: Bars,
    *,
    n_settlements: int = 6,
    probability: float = 0.8,
    history: str = "60d",
    link: float = 1.5,
    reach: str = "2d",
    span: str = "8d",
) -> Marks:
    """Funding of one sign is large for several settlements running (catalogue).

    Large is a size above the past quantile of sizes; running is at most `link` intervals (and
    `reach`) apart, all within `span`. It stands once, at the last of the several; the anchor is
    the first. Side: the sign. Strength: the size over its quantile.
    """
    s = settlements(bars)
    size = np.abs(s.rate)
    large = size > s.quantile(size, probability, history)
    key = np.where(large, np.sign(s.rate), 0.0).astype(np.int8)
    run = run_length(key, s.linked(link, reach))
    first = np.maximum(np.arange(run.size) - n_settlements + 1, 0)
    holds = (run == n_settlements) & s.within(first, span)
    strength = ratio(size, s.quantile(size, probability, history))
    return s.stand(bars, holds, s.rate, strength, first)


@event(lookback=("history", "within", 2), needs="F", mirrored=True)
def funding_normalization(
    bars: Bars,
    *,
    probability: float = 0.975,
    calm: float = 0.75,
    within: str = "5d",
    history: str = "60d",
) -> Marks:
    """Funding is back inside its past quartiles for the first time after an extreme (catalogue).

    The extreme is a settlement in either tail, at most `within` before, and the anchor. Side:
    against the sign of the extreme rate. Strength: one plus the depth inside in quartile ranges.
    """
    s = settlements(bars)
    tails, quartiles = s.tails(probability, history), s.tails(calm, history)
    extreme = (s.rate < tails[0]) | (s.rate > tails[1])
    inside = (s.rate >= quartiles[0]) & (s.rate <= quartiles[1])
    since = last_true(extreme)
    holds = inside & s.within(since, within) & (last_true(inside) < since)
    depth = np.minimum(s.rate - quartiles[0], quartiles[1] - s.rate)
    strength = 1.0 + np.nan_to_num(ratio(depth, quartiles[1] - quartiles[0]))
    return s.stand(bars, holds, -s.rate[since], strength, since)


@event(lookback=("span", "reach", 2), needs="F", mirrored=True)
def funding_flip(
    bars: Bars,
    *,
    n_settlements: int = 9,
    link: float = 1.5,
    reach: str = "2d",
    span: str = "12d",
) -> Marks:
    """Funding changes its sign after many settlements of the other one (catalogue).

    They run without one missing (at most `link` intervals and `reach` apart), the last
    `n_settlements` of them within `span`; a rate of zero has no sign. Side: the new sign.
    Strength: the size of the new rate over the mean size of the `n_settlements`.
    """
    s = settlements(bars)
    linked = s.linked(link, reach)
    sign = np.sign(s.rate).astype(np.int8)
    long = run_length(sign, linked) >= n_settlements
    turned = np.append(np.zeros(min(sign.size, 1), np.bool_), sign[1:] == -sign[:-1])
    first = np.arange(sign.size) - n_settlements
    holds = linked & turned & previous(long) & (sign != 0) & s.within(first, span)
    usual = sum(np.abs(before(s.rate, k)) for k in range(1, n_settlements + 1)) / n_settlements
    return s.stand(bars, holds, s.rate, ratio(np.abs(s.rate), usual))


@event(lookback=("history", "reach", 2), needs="F", mirrored=True)
def funding_dislocation(
    bars: Bars,
    *,
    threshold_bps: float = 2.0,
    history: str = "30d",
    link: float = 1.5,
    reach: str = "2d",
) -> Marks:
    """Funding is far from the median of its past settlements (catalogue).

    It stands at the first of a run of such settlements on one side. Side: the sign of the
    difference. Strength: its size over the threshold, which is per eight hours.
    """
    s = settlements(bars)
    low, high = s.tails(0.5, history)
    distance = s.rate - 0.5 * (low + high)
    far = np.abs(distance) >= threshold_bps * BPS
    key = np.where(far, np.sign(distance), 0.0).astype(np.int8)
    begins = run_length(key, s.linked(link, reach)) == 1
    return s.stand(bars, begins, distance, np.abs(distance) / (threshold_bps * BPS))


@event(lookback=("history", "window", 2), needs="OI", mirrored=False)
def oi_spike_positive(
    bars: Bars, *, threshold: float = 4.0, window: str = "1h", history: str = "10d"
) -> Marks:
    """Open interest jumps while price rises (catalogue).

    Side: +1. Strength: the robust z-score of its log change. Its mirror is `oi_spike_negative`.
    """
    z = _unusual_change(bars, bars.n(window), bars.n(history), threshold)
    return marks((z >= threshold) & (trend(bars, bars.n(window)) > 0.0), 1, z)


@event(lookback=("history", "window", 2), needs="OI", mirrored=False)
def oi_spike_negative(
    bars: Bars, *, threshold: float = 4.0, window: str = "1h", history: str = "10d"
) -> Marks:
    """Open interest jumps while price falls (catalogue).

    Side: -1. Strength: the robust z-score of its log change. Its mirror is `oi_spike_positive`.
    """
    z = _unusual_change(bars, bars.n(window), bars.n(history), threshold)
    return marks((z >= threshold) & (trend(bars, bars.n(window)) < 0.0), -1, z)


@event(lookback=("history", "window", 2), needs="OI", mirrored=True)
def oi_flush(
    bars: Bars,
    *,
    probability: float = 0.005,
    move_probability: float = 0.9,
    window: str = "1h",
    history: str = "10d",
) -> Marks:
    """Open interest falls as it seldom does while price moves (catalogue).

    Side: the trend's. Strength: the log change over its quantile.
    """
    n, past = bars.n(window), bars.n(history)
    drop, beyond = _drop(bars, n, probability, past)
    move = trend(bars, n)
    moves = reaches(np.abs(move), quantile(np.abs(move), move_probability, past))
    return marks(beyond & moves, move, drop)


@event(
    lookback=("history", "window", "at_least", "atr_memory", "merge", 3),
    needs="OIV",
    mirrored=True,
)
def liquidation_cascade(
    bars: Bars,
    *,
    probability: float = 0.02,
    volume_probability: float = 0.98,
    threshold: float = 3.0,
    window: str = "1h",
    at_least: int = 3,
    atr: str = "1d",
    atr_memory: str = "7d",
    history: str = "10d",
    merge: str = "4h",
) -> Marks:
    """Open interest falls on great turnover while price falls, or rises, far (catalogue).

    Far is `threshold` average true ranges of a bar (Wilder 1978) from the window's extreme. Hits
    at most `merge` apart are one episode, which stands at its first. Side: the trend's. Strength:
    the distance over the threshold. The window is of `at_least` bars at least: one alone says
    little of its extreme.
    """
    n = max(at_least, bars.n(window))
    _, hits = _drop(bars, n, probability, bars.n(history))
    busy = quantile(bars.quote_volume, volume_probability, bars.n(history))
    hits &= reaches(bars.quote_volume, busy)
    usual = threshold * average_range(bars, bars.n(atr), bars.n(atr_memory))
    at, move, strength = np.flatnonzero(hits), trend(bars, n), np.zeros(len(bars))
    far = _from_extreme(bars, n, move, at)
    hits[at], strength[at] = reaches(far, usual[at]), ratio(far, usual[at])
    return marks(onset(hits, bars.n(merge)), move, strength)


@event(lookback=("history", "window", 2), needs="OI", mirrored=True)
def deleveraging_wave(
    bars: Bars,
    *,
    probability: float = 0.05,
    volatility_probability: float = 0.7,
    window: str = "1d",
    history: str = "60d",
) -> Marks:
    """Open interest has fallen far over a day of high volatility (catalogue).

    Side: the day's trend. Strength: the log change over its quantile.
    """
    n, past = bars.n(window), bars.n(history)
    drop, beyond = _drop(bars, n, probability, past)
    level = volatility(bars, n)
    wild = reaches(level, quantile(level, volatility_probability, past))
    return marks(beyond & wild, trend(bars, n), drop)


def _change(bars: Bars, n: int) -> Reals:
    """Log change of open interest over `n` bars, shape (n_bars,)."""

    def measure() -> Reals:
        grown = ratio(bars.open_interest, before(bars.open_interest, n))
        return np.log(np.where(grown > 0.0, grown, np.nan))

    return bars.once(("oi_change", n), measure)


def _unusual_change(bars: Bars, n: int, history: int, least: float) -> Reals:
    return bars.once(
        ("oi_unusual_change", n, history, least),
        lambda: robust_z(_change(bars, n), history, least),
    )


def _drop(bars: Bars, n: int, probability: float, history: int) -> tuple[Reals, Flags]:
    """The log change over its low past quantile, and where it is a fall beyond it."""
    change = _change(bars, n)
    edge = quantile(change, probability, history)
    return ratio(change, edge), (change <= edge) & (edge < 0.0)


def _from_extreme(bars: Bars, n: int, move: Reals, at: Indices) -> Reals:
    """Log distance of closes from their window's extreme against the move, shape of `at`."""
    close, move = bars.close[at], move[at]
    fall = np.log(ratio(window_max(bars.high, n, third(n))[at], close))
    rise = np.log(ratio(close, window_min(bars.low, n, third(n))[at]))
    return np.where(move < 0.0, fall, np.where(move > 0.0, rise, np.nan))

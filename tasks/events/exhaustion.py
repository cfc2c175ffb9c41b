"""Events of exhaustion: the last burst, the trend that tires, and the break that fails."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.breaks import closes_back_inside
from tasks.events.marks import Marks, marks
from tasks.events.measures import (
    average_range,
    flow_over,
    flow_sizes,
    past_high,
    past_low,
    quantile,
    ratio,
    reaches,
    trend,
)
from tasks.events.registry import event
from tasks.events.swings import edges, rsi, swings
from tasks.kernels.onset import Flags, Indices, last_true
from tasks.kernels.paths import above_mean
from tasks.kernels.rolling import third


@event(lookback=("history", 2), needs="OV", mirrored=True)
def climax_volume_bar(
    bars: Bars,
    *,
    volume_probability: float = 0.995,
    range_probability: float = 0.98,
    outer: float = 0.25,
    history: str = "10d",
) -> Marks:
    """A very wide bar on very high volume that closes near its own far end (catalogue).

    The far end is the high of a rising bar and the low of a falling one, on a log scale.
    Side: the bar's. Strength: volume over its quantile.
    """
    window = bars.n(history)
    threshold = quantile(bars.volume, volume_probability, window)
    busy = reaches(bars.volume, threshold)
    wide = reaches(bars.log_range, quantile(bars.log_range, range_probability, window))
    climax, body, size = busy & wide, np.zeros(len(bars)), np.zeros(len(bars))
    at = np.flatnonzero(climax)
    close, body[at] = bars.close[at], np.log(ratio(bars.close[at], bars.open[at]))
    left = np.where(body[at] > 0.0, ratio(bars.high[at], close), ratio(close, bars.low[at]))
    climax[at] = (np.log(left) <= outer * bars.log_range[at]) & (body[at] != 0.0)
    size[at] = ratio(bars.volume[at], threshold[at])
    return marks(climax, body, size)


@event(lookback=("window", "within", "within", "memory", 4), needs="O", mirrored=True)
def failed_continuation(
    bars: Bars,
    *,
    window: str = "1d",
    depth: float = 0.5,
    within: str = "4h",
    memory: str = "7d",
) -> Marks:
    """Soon after a close beyond the day's range a close well back inside it (catalogue).

    The break is the first close beyond for `within`. Well inside is `depth` times the average
    true range (Wilder 1978). Side: against the break.
    Strength: the depth over the depth demanded. Anchor: the break.
    """
    margin = depth * average_range(bars, bars.n(window), bars.n(memory))
    found = closes_back_inside(bars, bars.n(window), bars.n(within), margin)
    return marks(found.side != 0, found.side, ratio(found.distance, margin), found.anchor)


@event(lookback=("history", "flow_bars", "quiet_bars", 2), needs="OVT", mirrored=True)
def forced_flow_exhaustion(
    bars: Bars,
    *,
    probability: float = 0.99,
    flow_bars: int = 3,
    quiet_bars: int = 6,
    history: str = "10d",
) -> Marks:
    """Takers pushed as seldom before, and the price went no further since (catalogue).

    The flow over a few bars reaches its past quantile in size; then come `quiet_bars` bars,
    none missing, of which none goes beyond the flow bar's extreme on the flow's side. Stands at
    the last of them. Side: against the flow. Strength: the flow over its quantile. Anchor: the
    flow bar.
    """
    flow = flow_over(bars, flow_bars)
    size, threshold = flow_sizes(bars, flow_bars, probability, bars.n(history))
    pushed = np.flatnonzero(reaches(size, threshold))
    pushed = pushed[pushed < len(bars) - quiet_bars]
    spent, (then, strength) = np.zeros(len(bars), dtype=np.bool_), np.zeros((2, len(bars)))
    at = pushed + quiet_bars
    then[at], strength[at] = flow[pushed], ratio(size[pushed], threshold[pushed])
    for side in (1, -1):
        spent[at] |= _unsurpassed(bars, side, at, quiet_bars) & (side * flow[pushed] > 0.0)
    return marks(spent, -then, strength, np.arange(len(bars)) - quiet_bars)


def _unsurpassed(bars: Bars, side: int, at: Indices, n: int) -> Flags:
    """Whether `n` bars up to each of `at`, all there, stayed within the one before's extreme."""
    edge = edges(bars, side)[0]
    recent = edge[at[:, None] - np.arange(n)]
    return np.asarray((recent <= edge[at - n][:, None]).all(axis=1))


@event(lookback=("history", "window", "mean", "least", "memory", 3), needs="O", mirrored=True)
def trend_exhaustion(
    bars: Bars,
    *,
    probability: float = 0.9,
    window: str = "8h",
    mean: str = "1h",
    least: int = 3,
    history: str = "10d",
    memory: str = "2d",
) -> Marks:
    """After an extreme trend the first close back through the mean of the last hour (catalogue).

    The trend reached its past quantile in size at the bar before, which was not yet back through
    its own mean, and since it first did, `memory` ago at most, no close was. The mean is of log
    closes, of at least `least` bars, this bar's included. Side: against the trend. Strength: the
    trend over its quantile.
    """
    past, n = trend(bars, bars.n(window)), max(least, bars.n(mean))
    size = np.abs(past)
    threshold = quantile(size, probability, bars.n(history))
    was_extreme, back = np.zeros((2, len(bars)), dtype=np.bool_)
    side, strength = np.zeros((2, len(bars)))
    was_extreme[1:] = reaches(size, threshold)[:-1]
    at = np.flatnonzero(was_extreme)
    at = at[np.isfinite(bars.log_return[at]) & np.isfinite(bars.log_return[at - 1])]
    ahead = above_mean(bars.log_return, n, third(n - 1))
    side[at] = -np.sign(past[at - 1])
    at = at[(side[at] * ahead[at] > 0.0) & (side[at] * ahead[at - 1] <= 0.0)]
    back[at], strength[at] = True, ratio(size[at - 1], threshold[at - 1])
    last, calm = last_true(back)[at], last_true(~was_extreme)[at]
    back[at] = (last < calm) | (at - last > bars.n(memory))
    return marks(back, side, strength)


@event(lookback=("window", "within", "memory", "reach", 4), needs="O", mirrored=True)
def momentum_divergence(
    bars: Bars,
    *,
    window: str = "1d",
    rsi_bars: int = 14,
    memory: int = 280,
    reach: int = 3,
    within: str = "2d",
) -> Marks:
    """A new high on less momentum than at the last swing high, or upside down (catalogue).

    The bar's high is above those of the day before it while the relative strength index of its
    close (Wilder 1978; `memory` bars, which leave out a billionth of the weights) is below the
    index at the last confirmed swing high, at most `within` old. A bar that does both, up and
    down, says nothing. Side: against the price. Strength: points of the index between the two.
    Anchor: that swing.
    """
    index, n = rsi(bars, rsi_bars, memory), bars.n(window)
    against, strength = np.zeros(len(bars), dtype=np.int8), np.zeros(len(bars))
    anchor = np.zeros(len(bars), dtype=np.int64)
    for side, past in ((1, past_high(bars, n)), (-1, past_low(bars, n))):
        swing, edge = swings(bars, side, reach, bars.n(within)), edges(bars, side)[0]
        at = np.flatnonzero((edge > side * past) & (swing >= 0))
        gained = side * (index[at] - index[swing[at]])
        holds = (edge[at] - edge[swing[at]] > 0.0) & (gained < 0.0)
        at, gained = at[holds], gained[holds]
        against[at] -= side
        strength[at], anchor[at] = -gained, swing[at]
    return marks(against != 0, against, strength, anchor)

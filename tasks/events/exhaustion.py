"""Events of exhaustion: the last burst, the trend that tires, and the break that fails."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.breaks import closes_back_inside
from tasks.events.marks import Marks, marks
from tasks.events.measures import (
    average_range,
    flow_over,
    past_high,
    past_low,
    quantile,
    ratio,
    reaches,
    trend,
)
from tasks.events.registry import event
from tasks.events.swings import edges, rsi, swings
from tasks.kernels.onset import Flags, Indices
from tasks.kernels.paths import above_mean
from tasks.kernels.rolling import Reals, before, third, window_max


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
    body = np.log(ratio(bars.close, bars.open))
    left = np.where(body > 0.0, ratio(bars.high, bars.close), ratio(bars.close, bars.low))
    near_end = (np.log(left) <= outer * bars.log_range) & (body != 0.0)
    return marks(busy & wide & near_end, body, ratio(bars.volume, threshold))


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

    Well inside is `depth` times the average true range (Wilder 1978). Side: against the break.
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
    size = np.abs(flow)
    threshold = quantile(size, probability, bars.n(history))
    pushed = np.where(reaches(size, threshold), flow, np.nan)
    then = before(pushed, quiet_bars)
    spent = (then > 0.0) & _unsurpassed(bars, 1, quiet_bars)
    spent |= (then < 0.0) & _unsurpassed(bars, -1, quiet_bars)
    anchor = np.arange(len(bars)) - quiet_bars
    return marks(spent, -then, before(ratio(size, threshold), quiet_bars), anchor)


def _unsurpassed(bars: Bars, side: int, n: int) -> Flags:
    """Where the last `n` bars, all there, stayed within the extreme of the bar before them."""
    edge = edges(bars, side)[0]
    return window_max(edge, n, n) <= before(edge, n)


@event(lookback=("history", "window", "mean", "least", 3), needs="O", mirrored=True)
def trend_exhaustion(
    bars: Bars,
    *,
    probability: float = 0.9,
    window: str = "8h",
    mean: str = "1h",
    least: int = 3,
    history: str = "10d",
) -> Marks:
    """After an extreme trend the first close back through the mean of the last hour (catalogue).

    The trend reached its past quantile in size at the bar before, which was not yet back through
    its own mean. The mean is of log closes, of at least `least` bars, this bar's included.
    Side: against the trend. Strength: the trend over its quantile.
    """
    past = trend(bars, bars.n(window))
    threshold = quantile(np.abs(past), probability, bars.n(history))
    extreme = np.where(reaches(np.abs(past), threshold), past, np.nan)
    n = max(least, bars.n(mean))
    ahead = above_mean(bars.log_return, n, third(n - 1))
    ahead = np.where(np.isnan(bars.log_return), np.nan, ahead)
    side = np.sign(before(extreme))
    back = (side * ahead < 0.0) & (side * before(ahead) >= 0.0)
    return marks(back, -side, before(ratio(np.abs(past), threshold)))


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
    found = []
    for side, past in ((1, past_high(bars, n)), (-1, past_low(bars, n))):
        swing, edge = swings(bars, side, reach, bars.n(within)), edges(bars, side)[0]
        gained = side * _since(index, swing)
        higher = (edge > side * past) & (_since(edge, swing) > 0.0) & (gained < 0.0)
        found.append((higher, -gained, swing))
    (down, less, top), (up, more, bottom) = found
    side_ = up.astype(np.int8) - down
    return marks(up != down, side_, np.where(up, more, less), np.where(up, bottom, top))


def _since(x: Reals, start: Indices) -> Reals:
    """How much `x` has risen since bar `start`, NaN where that is -1."""
    return np.where(start >= 0, x - x[start], np.nan)

"""Events of exhaustion: the last burst, and the break that fails."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.breaks import closes_back_inside
from tasks.events.marks import Marks, marks
from tasks.events.measures import average_range, quantile, ratio, reaches
from tasks.events.registry import event


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

"""Events of structure: a range gives way, or takes the price back."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.breaks import closes_back_inside, closes_beyond
from tasks.events.marks import Marks, marks
from tasks.events.measures import quantile, reaches
from tasks.events.registry import event


@event(lookback=("volume_history", "window", 2), needs="OV", mirrored=True)
def range_breakout(
    bars: Bars, *, window: str = "1d", probability: float = 0.8, volume_history: str = "2d"
) -> Marks:
    """A close beyond the prior range on high volume (catalogue).

    Side: the break's. Strength: one plus the distance beyond the edge in units of the range.
    """
    breaks = closes_beyond(bars, bars.n(window))
    busy = reaches(bars.volume, quantile(bars.volume, probability, bars.n(volume_history)))
    return marks(busy & (breaks.side != 0), breaks.side, breaks.strength)


@event(lookback=("window", "within", "within", 3), needs="O", mirrored=True)
def false_breakout(bars: Bars, *, window: str = "8h", within: int = 3) -> Marks:
    """Within a few bars of a close beyond the prior range a close back inside (catalogue).

    Side: against the break. Strength: one plus the distance inside the edge in units of the
    range. Anchor: the break.
    """
    found = closes_back_inside(bars, bars.n(window), within, np.zeros(len(bars)))
    return marks(found.side != 0, found.side, found.strength, found.anchor)

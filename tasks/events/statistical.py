"""Events of distance: the price stands far from where it has been."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.measures import ratio, robust_z
from tasks.events.registry import event
from tasks.kernels.rolling import before, third, window_mean, window_std


@event(lookback=("history", "window", 3), needs="O", mirrored=True)
def zscore_stretch(
    bars: Bars, *, threshold: float = 3.0, window: str = "1d", history: str = "10d"
) -> Marks:
    """The close is unusually far from its past mean (catalogue).

    The distance is in logs, its robust z-score against the distances before. Side: the
    distance's. Strength: the score without its sign.
    """
    mean = before(window_mean(bars.log_close, bars.n(window), third(bars.n(window))))
    z = robust_z(bars.log_close - mean, bars.n(history))
    return marks(np.abs(z) >= threshold, z, np.abs(z))


@event(lookback=("window", 3), needs="O", mirrored=True)
def band_break(bars: Bars, *, width: float = 2.5, window: str = "8h") -> Marks:
    """The close is outside the band of past mean and standard deviation (Bollinger 2001).

    Mean and deviation are of the log closes before this bar (catalogue). Side: where the close
    is. Strength: the distance from the mean in standard deviations.
    """
    n = bars.n(window)
    mean = before(window_mean(bars.log_close, n, third(n)))
    spread = before(window_std(bars.log_close, n, third(n)))
    z = ratio(bars.log_close - mean, spread)
    return marks(np.abs(z) > width, z, np.abs(z))

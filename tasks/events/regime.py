"""Events of regime: the market's state changes and stays changed."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.measures import quantiles, ratio, volatility
from tasks.events.registry import event
from tasks.kernels.onset import Flags, last_true


@event(lookback=("history", "window", "memory", 3), needs="O", mirrored=True)
def vol_regime_shift(
    bars: Bars,
    *,
    hysteresis: float = 0.05,
    window: str = "1d",
    history: str = "60d",
    memory: str = "10d",
) -> Marks:
    """Volatility moves across one of its past terciles, with hysteresis (catalogue).

    It must leave the band around the tercile on the other side from the one on which it last
    left it, and that within `memory`: so a finite past decides. Side: none. Strength: volatility
    over the quantile crossed, or its inverse on the way down.
    """
    level = volatility(bars, bars.n(window))
    strength = np.zeros(len(bars))
    for tercile in (1.0 / 3.0, 2.0 / 3.0):
        band = (tercile - hysteresis, tercile + hysteresis)
        low, high = quantiles(level, band, bars.n(history))
        above, below = level > high, level < low
        up = _crosses(above, below, bars.n(memory))
        down = _crosses(below, above, bars.n(memory))
        strength = np.where(up, ratio(level, high), np.where(down, ratio(low, level), strength))
    return marks(strength > 0.0, 0, strength)


def _crosses(here: Flags, there: Flags, memory: int) -> Flags:
    """Where `here` holds, and of both last held the other, at most `memory` bars ago."""
    last = last_true(there)
    recent = (last >= 0) & (np.arange(here.size) - last <= memory)
    return here & recent & (last > last_true(here))

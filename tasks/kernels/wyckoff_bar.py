"""One bar as Wyckoff reads it: effort and result, where it closes, what it left behind.

Everything is told for a side: +1 reads the chart as it is, -1 reads it upside down. ``end[i]`` with
``i = (1 - side) // 2`` is the end of a bar that is bad for the side, the low for +1, and
``end[1 - i]`` the good one; `prior`, `place` and `wick` count likewise.
Source: shared engines.md, Wyckoff (effort versus result).
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import inner, part
from tasks.kernels.chart import (
    HIGH,
    LOW,
    RANGE,
    VOLUME,
    Record,
    average_range,
    highest_before,
    lowest_before,
    push,
    score_before,
)

BAR = np.dtype(
    [
        *((name, "i8") for name in ("n", "now")),
        *((name, "f8") for name in ("atr", "vz", "rz", "close", "volume", "range")),
        *((name, "f8", (2,)) for name in ("end", "prior", "place", "wick")),
    ],
    align=True,
)


@part
def measure(
    chart: Record,
    bar: Record,
    r: Record,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
) -> None:
    """Take a bar into the chart, and measure it as the events read it.

    Parameters
    ----------
    chart : record of CHART
    bar : record of BAR
        Written: `n` is the bar's number and `now` where it stands in the chart; `vz` and `rz` are
        past scores of volume and range, NaN for the first `score_bars` bars; `end` the low and the
        high; `prior` the lowest low and highest high of the `extreme_bars` bars before; `place`
        the shares of the range from the low and from the high to the close; `wick` the lower and
        the upper wick as shares of the range. A bar without range closes in its middle and has no
        wicks: it favours nobody.
    r : record of rules
    open_, high, low, close, volume : float
        Of the bar.
    """
    recent = chart.recent
    bar.n = n = chart.n
    bar.now = now = push(chart, open_, high, low, close, volume)
    bar.atr = average_range(chart, now, r.atr_bars)
    is_full = n >= r.score_bars
    bar.vz = score_before(recent, VOLUME, now, r.score_bars) if is_full else np.nan
    bar.rz = score_before(recent, RANGE, now, r.score_bars) if is_full else np.nan
    bar.close, bar.volume, bar.range = close, volume, high - low
    bar.end[0], bar.end[1] = low, high
    bar.prior[0] = lowest_before(recent, LOW, now, r.extreme_bars)
    bar.prior[1] = highest_before(recent, HIGH, now, r.extreme_bars)
    bar.place[0] = bar.place[1] = 0.5
    bar.wick[0] = bar.wick[1] = 0.0
    if bar.range > 0.0:
        bar.place[0], bar.place[1] = (close - low) / bar.range, (high - close) / bar.range
        bar.wick[0] = (min(open_, close) - low) / bar.range
        bar.wick[1] = (high - max(open_, close)) / bar.range


@inner
def grade(margin: float) -> float:
    """A margin of 0 or more as a number from 1/2 up to 1: ``1 - 1 / (2 + margin)``."""
    return 1.0 - 1.0 / (2.0 + margin)


@inner
def surplus(more: float, less: float) -> float:
    """How far `more` lies above `less`; 0 where it does not, or where one is NaN."""
    return more - less if more > less else 0.0


@part
def held(bar: Record, side: int) -> float:
    """Effort without result at a bar that a side held: the other one was absorbed.

    Mean of the grade of `vz` above `rz`, of the share of the bar's range that the close lies away
    from its bad end, and of the share of the wick at that end.
    """
    i = (1 - side) // 2
    return (grade(surplus(bar.vz, bar.rz)) + bar.place[i] + bar.wick[i]) / 3.0


@part
def driven(bar: Record, side: int) -> float:
    """Result for little effort at a bar that a side drove: nothing stood in its way.

    Mean of the grade of `rz` above `vz`, of the share of the bar's range that the close lies away
    from its bad end, and of the share that is not wick at its good end.
    """
    i = (1 - side) // 2
    return (grade(surplus(bar.rz, bar.vz)) + bar.place[i] + (1.0 - bar.wick[1 - i])) / 3.0

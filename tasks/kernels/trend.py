"""The trend of a timeframe: the close against its simple mean, in average true ranges.

Source: shared engines.md, Fusion (alignment).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel, part
from tasks.kernels.chart import CHART, CLOSE, Reals, Record, average_range, push
from tasks.kernels.reading import clear, reading_of

DISTANCE, ATR = range(2)
FACTS = ("distance", "atr")
READING = reading_of(0, len(FACTS))
RULES = np.dtype([("mean_bars", "i8"), ("atr_bars", "i8"), ("trend_atr", "f8")], align=True)
MEMORY = np.dtype([("chart", CHART)], align=True)


@kernel
def run_trend(
    memory: NDArray[np.void],
    bars: Reals,
    rules: NDArray[np.void],
    readings: NDArray[np.void],
    notes: NDArray[np.void],
) -> int:
    """Fold `step_trend` over bars; see `tasks.kernels.momentum.run_momentum`."""
    for t in range(bars.shape[1]):
        step_trend(memory[0], rules[0], bars[:, t], readings[t])
    return 0


@part
def step_trend(m: Record, r: Record, bar: Reals, reading: Record) -> None:
    """Take one bar in and say how it lies to its mean.

    The distance is that of the close from the mean of the last `mean_bars` closes, this one among
    them, in average true ranges; the stance its sign where it is at least `trend_atr`. The mean is
    taken of distances, so that the chart turned over gives the same to the last bit. NaN before
    the windows are full and where the price stands still.
    """
    n = m.chart.n
    now = push(m.chart, bar[0], bar[1], bar[2], bar[3], bar[4])
    atr = average_range(m.chart, now, r.atr_bars)
    clear(reading, n)
    reading.facts[DISTANCE], reading.facts[ATR] = np.nan, atr
    if n < max(r.mean_bars - 1, r.atr_bars) or not atr > 0.0:
        return
    recent = m.chart.recent
    total = 0.0
    for i in range(now - r.mean_bars + 1, now + 1):
        total += recent[CLOSE, now] - recent[CLOSE, i]
    distance = total / r.mean_bars / atr
    reading.facts[DISTANCE] = distance
    reading.is_warm = 1
    if abs(distance) >= r.trend_atr:
        reading.stance = int(np.sign(distance))

"""The last bars of a chart, kept as an engine reads them: one record, O(1) per bar.

Every engine's memory begins with a `CHART`. Windows are slices of it, so that what is read at a bar
is summed from the bars themselves, oldest first, and never drifts however long the history is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import part

Reals = NDArray[np.float64]
Record = Any  # of a structured array; numba reads its fields as attributes

CAPACITY = 256  # bars that are kept; windows are shorter
OPEN, HIGH, LOW, CLOSE, VOLUME, RANGE = range(6)
CHART = np.dtype(
    [("n", "i8"), ("atr", "f8"), ("ranges", "f8"), ("recent", "f8", (6, 2 * CAPACITY))],
    align=True,
)


@part
def push(chart: Record, open_: float, high: float, low: float, close: float, volume: float) -> int:
    """Take a bar in; return where it stands in ``chart.recent``.

    The bar k before it stands k places earlier, for k below `CAPACITY` and below ``chart.n``: each
    bar is written twice, so that the last ones always lie side by side.

    Parameters
    ----------
    chart : record of CHART
        `n` counts the bars taken in.
    open_, high, low, close, volume : float
        Of the bar; prices finite.
    """
    recent = chart.recent
    place = chart.n % CAPACITY
    for at in (place, place + CAPACITY):
        recent[OPEN, at], recent[HIGH, at], recent[LOW, at] = open_, high, low
        recent[CLOSE, at], recent[VOLUME, at], recent[RANGE, at] = close, volume, high - low
    chart.n += 1
    return place + CAPACITY


@part
def true_range(recent: Reals, now: int) -> float:
    """Range of the bar at `now` with the close before it. Source: Wilder (1978)."""
    last = recent[CLOSE, now - 1]
    return max(recent[HIGH, now], last) - min(recent[LOW, now], last)


@part
def average_range(chart: Record, now: int, window: int) -> float:
    """Wilder's average true range with the bar at `now`, taken in last; NaN for the first bars.

    Kept in ``chart.atr``. The first is the mean of `window` true ranges, from the second bar on;
    so it is NaN at the first `window` bars.
    """
    n = chart.n - 1
    if n == 0:
        chart.atr = np.nan
    elif n <= window:
        chart.ranges += true_range(chart.recent, now)
        chart.atr = chart.ranges / window if n == window else np.nan
    else:
        chart.atr = (chart.atr * (window - 1) + true_range(chart.recent, now)) / window
    return chart.atr


@part
def mean_before(recent: Reals, channel: int, now: int, window: int) -> float:
    """Mean of a channel over the `window` bars before the bar at `now`, oldest first."""
    total = 0.0
    for i in range(now - window, now):
        total += recent[channel, i]
    return total / window


@part
def score_before(recent: Reals, channel: int, now: int, window: int) -> float:
    """How many standard deviations the bar at `now` lies above the mean of the bars before it.

    Of the `window` bars before, divided by their number; NaN where they are all the same, which
    is exact because they count from the first of them.
    """
    first, total, squares = recent[channel, now - window], 0.0, 0.0
    for i in range(now - window, now):
        total += recent[channel, i] - first
    mean = total / window
    for i in range(now - window, now):
        distance = recent[channel, i] - first - mean
        squares += distance * distance
    here = recent[channel, now] - first - mean
    return here / np.sqrt(squares / window) if squares > 0.0 else np.nan


@part
def highest_before(recent: Reals, channel: int, now: int, window: int) -> float:
    """Highest value of a channel over the `window` bars before the bar at `now`."""
    best = -np.inf
    for i in range(now - window, now):
        best = max(best, recent[channel, i])
    return best


@part
def lowest_before(recent: Reals, channel: int, now: int, window: int) -> float:
    """Lowest value of a channel over the `window` bars before the bar at `now`."""
    best = np.inf
    for i in range(now - window, now):
        best = min(best, recent[channel, i])
    return best


@part
def percentile_before(values: Reals, now: int, window: int) -> float:
    """Share of the `window` values before the one at `now` that are smaller, in percent."""
    n_below = 0
    for i in range(now - window, now):
        n_below += values[i] < values[now]
    return 100.0 * n_below / window

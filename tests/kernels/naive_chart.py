"""A chart as the list of all its bars, from the first; windows are slices of it.

Sums run oldest first, so that they are the kernel's to the last bit.
"""

from __future__ import annotations

from functools import reduce
from math import inf, nan, sqrt
from operator import add
from typing import NamedTuple


class Bar(NamedTuple):
    open: float
    high: float
    low: float
    close: float
    volume: float
    range: float


def total(values):
    return reduce(add, values, 0.0)


def push(bars, open_, high, low, close, volume):
    """Take a bar in; return its number."""
    bars.append(Bar(open_, high, low, close, volume, high - low))
    return len(bars) - 1


def true_range(bars, t):
    low, high, last = bars[t].low, bars[t].high, bars[t - 1].close
    return max(high - low, high - last, last - low)


def average_range(bars, t, window):
    if t < window:
        return nan
    mean = total(true_range(bars, i) for i in range(1, window + 1)) / window
    for i in range(window + 1, t + 1):
        mean = (mean * (window - 1) + true_range(bars, i)) / window
    return mean


def mean_before(bars, channel, t, window):
    return total(bar[channel] for bar in bars[t - window : t]) / window


def score_before(bars, channel, t, window):
    first = bars[t - window][channel]
    past = [bar[channel] - first for bar in bars[t - window : t]]
    mean = total(past) / window
    deviation = sqrt(total((x - mean) * (x - mean) for x in past) / window)
    return (bars[t][channel] - first - mean) / deviation if deviation > 0.0 else nan


def highest_before(bars, channel, t, window):
    return max((bar[channel] for bar in bars[t - window : t]), default=-inf)


def lowest_before(bars, channel, t, window):
    return min((bar[channel] for bar in bars[t - window : t]), default=inf)


def percentile_before(values, t, window):
    return 100.0 * sum(x < values[t] for x in values[t - window : t]) / window

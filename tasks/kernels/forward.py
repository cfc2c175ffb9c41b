"""What follows each bar: return and excursions from the next open. Looks ahead by design."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel


@kernel
def forward_outcomes(
    open_: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    n_bars: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return, best and worst of a long position from the next open over `n_bars` bars.

    One pass: the extremes of the sliding window are kept in monotonic queues (Lemire 2006,
    "Streaming maximum-minimum filter").

    Parameters
    ----------
    open_, high, low, close : ndarray of float64, shape (n,)
        Prices on a complete grid; a gap is NaN in all four.
    n_bars : int
        Bars held, at least one: entry at the open of t+1, exit at the close of t+n_bars.

    Returns
    -------
    forward_return, highest, lowest : ndarray of float64, shape (n,)
        Simple returns on the open of t+1. NaN where any bar from t to t+n_bars is a gap or lies
        beyond the end.
    """
    n = close.size
    forward_return = np.full(n, np.nan)
    highest = np.full(n, np.nan)
    lowest = np.full(n, np.nan)
    tops = np.empty(n, np.int64)
    bottoms = np.empty(n, np.int64)
    top_head = top_tail = bottom_head = bottom_tail = 0
    last_gap = -1
    for exit_ in range(n):
        price = open_[exit_] + high[exit_] + low[exit_] + close[exit_]
        if np.isnan(price):
            last_gap = exit_
            top_head = top_tail
            bottom_head = bottom_tail
        else:
            while top_tail > top_head and high[tops[top_tail - 1]] <= high[exit_]:
                top_tail -= 1
            tops[top_tail] = exit_
            top_tail += 1
            while bottom_tail > bottom_head and low[bottoms[bottom_tail - 1]] >= low[exit_]:
                bottom_tail -= 1
            bottoms[bottom_tail] = exit_
            bottom_tail += 1
        t = exit_ - n_bars
        if t <= last_gap:
            continue
        while tops[top_head] <= t:
            top_head += 1
        while bottoms[bottom_head] <= t:
            bottom_head += 1
        entry = open_[t + 1]
        forward_return[t] = close[exit_] / entry - 1.0
        highest[t] = high[tops[top_head]] / entry - 1.0
        lowest[t] = low[bottoms[bottom_head]] / entry - 1.0
    return forward_return, highest, lowest

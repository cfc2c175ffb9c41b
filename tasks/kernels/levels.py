"""Levels: prices at which swings of the same kind have turned again and again."""

from __future__ import annotations

import math

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.onset import Flags, Indices
from tasks.kernels.rolling import Reals

ROUNDING = 1e-14


@kernel
def level_breaks(
    confirmed: Flags,
    high: Reals,
    close: Reals,
    margin: Reals,
    reach: int,
    window: int,
    touches: int,
) -> tuple[Reals, Indices]:
    """Closes above a level that swing highs have touched.

    Every swing high known before a bar and at most `window` bars old is a level; swings within
    `margin` of it, itself included, touch it. It breaks at a close above it whose close before
    was not above. Of several broken at once the outermost counts.

    Parameters
    ----------
    confirmed : array of bool, shape (n,)
        Where swing highs become known, see `tasks.kernels.swings.confirmed_highs`.
    high, close : array of float64, shape (n,)
        Prices; lows and closes with their signs turned give breaks of swing lows.
    margin : array of float64, shape (n,)
        Greatest log distance of a touch; NaN is no touch.
    reach, window, touches : int
        How late swings are confirmed, how old they may be, both in bars, and how often a level
        must have been touched.

    Returns
    -------
    level : array of float64, shape (n,)
        The level broken, NaN where none is.
    first : array of int64, shape (n,)
        Bar of the oldest swing that touches it, -1 where none is broken.

    Notes
    -----
    The swings are held sorted by price, and how many of them lie below the last close is known.
    So a bar costs a few steps among them, and more only where its close has passed some.
    """
    n = close.size
    level, first = np.full(n, np.nan), np.full(n, -1, dtype=np.int64)
    prices = np.empty(window // (reach + 1) + 2)
    bars = np.empty(prices.size, dtype=np.int64)
    count, below, last = 0, 0, -np.inf
    for t in range(1, n):
        gone = t - window - 1
        if gone >= 0 and gone + reach < n and confirmed[gone + reach] and reach <= window:
            count = _drop(prices, bars, count, high[gone], gone)
            below -= high[gone] < last
        if close[t] == close[t]:
            low = below
            while below < count and prices[below] < close[t]:
                below += 1
            while below > 0 and prices[below - 1] >= close[t]:
                below -= 1
            last = close[t]
            if close[t] > close[t - 1] and count >= touches:
                for i in range(below - 1, low - 1, -1):
                    found, oldest = _touching(prices, bars, count, i, margin[t])
                    if found >= touches:
                        level[t], first[t] = prices[i], oldest
                        break
        if confirmed[t] and reach <= window:
            count = _keep(prices, bars, count, high[t - reach], t - reach)
            below += high[t - reach] < last
    return level, first


@kernel
def _place(prices: Reals, count: int, price: float) -> int:
    """First of the `count` places whose price is not below `price`."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if prices[middle] < price:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _touching(prices: Reals, bars: Indices, count: int, at: int, margin: float) -> tuple[int, int]:
    """How many swings lie within `margin` of the one at a place, and the oldest's bar."""
    found, oldest = 0, bars[at]
    for step in (1, -1):
        i = at if step == 1 else at - 1
        while 0 <= i < count and _near(prices[i] / prices[at], margin):
            found += 1
            oldest = min(oldest, bars[i])
            i += step
    return found, oldest


@kernel
def _near(ratio: float, margin: float) -> bool:
    """Whether the log of `ratio` is at most `margin` in size.

    The log itself is asked only where the bounds ``1 - 1 / x <= log(x) <= x - 1`` leave it open.
    """
    gap = abs(ratio - 1.0)
    if gap <= (margin - ROUNDING) * min(ratio, 1.0):
        return True
    if gap > (margin + ROUNDING) * max(ratio, 1.0):
        return False
    return abs(math.log(ratio)) <= margin


@kernel
def _keep(prices: Reals, bars: Indices, count: int, price: float, bar: int) -> int:
    """Add a swing; returns how many there are then."""
    at = _place(prices, count, price)
    for i in range(count, at, -1):
        prices[i], bars[i] = prices[i - 1], bars[i - 1]
    prices[at], bars[at] = price, bar
    return count + 1


@kernel
def _drop(prices: Reals, bars: Indices, count: int, price: float, bar: int) -> int:
    """Take away a swing; returns how many there are then."""
    at = _place(prices, count, price)
    while bars[at] != bar:
        at += 1
    for i in range(at, count - 1):
        prices[i], bars[i] = prices[i + 1], bars[i + 1]
    return count - 1

"""Swings: local extremes, dated at the bar at which they become known."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.onset import Flags, Indices
from tasks.kernels.rolling import Reals


@kernel
def confirmed_highs(x: Reals, reach: int) -> Flags:
    """Where a swing high becomes known: `x` was highest `reach` bars before.

    Parameters
    ----------
    x : array of float64, shape (n,)
        Highs; the lows with their sign turned give swing lows.
    reach : int
        Bars on either side of the swing that must all be lower. An equal or a missing bar among
        them means that there is no swing.

    Returns
    -------
    array of bool, shape (n,)
        True at t where ``x[t - reach]`` is above every other value of ``x[t - 2 * reach : t + 1]``.
    """
    out = np.zeros(x.size, dtype=np.bool_)
    tops, swing = x[reach : max(reach, x.size - reach)], out[2 * reach :]
    swing[:] = True
    for j in range(1, reach + 1):
        older, younger = x[reach - j :], x[reach + j :]
        for i in range(swing.size):
            swing[i] &= (older[i] < tops[i]) & (younger[i] < tops[i])
    return out


@kernel
def last_swing(confirmed: Flags, reach: int, within: int) -> Indices:
    """Bar of the latest swing known at each bar, shape (n,); -1 where none lies `within` bars.

    Parameters
    ----------
    confirmed : array of bool, shape (n,)
        Of `confirmed_highs`.
    reach, within : int
        How late swings are confirmed, and how old the swing itself may be, in bars.
    """
    out = np.empty(confirmed.size, dtype=np.int64)
    last = -1
    for t in range(confirmed.size):
        if confirmed[t]:
            last = t - reach
        out[t] = last if t - last <= within else -1
    return out


@kernel
def last_leg(top: Indices, bottom: Indices, reach: int, within: int) -> tuple[Indices, Indices]:
    """Bars of the last swing low before the last swing high, and of that high, each shape (n,).

    Parameters
    ----------
    top, bottom : array of int64, shape (n,)
        The last swing high and low known at each bar, see `last_swing`.
    reach : int
        How late swings are confirmed. So the lows before a high are known a bar before it is.
    within : int
        How long ago the low may be, in bars. Both are -1 where one is missing or too old.
    """
    start, end = np.empty(top.size, dtype=np.int64), np.empty(top.size, dtype=np.int64)
    for t in range(top.size):
        low = bottom[top[t] + reach - 1] if top[t] >= 0 else -1
        there = low >= 0 and t - low <= within
        start[t], end[t] = (low, top[t]) if there else (-1, -1)
    return start, end


@kernel
def highest_since(x: Reals, start: Indices) -> Indices:
    """Bar of the highest value after `start`, this bar included, shape (n,); -1 where none.

    Parameters
    ----------
    x : array of float64, shape (n,)
        NaN values are skipped; of equal values the first counts.
    start : array of int64, shape (n,)
        Bars before this one, which seldom change; -1 for none.
    """
    out = np.full(x.size, -1, dtype=np.int64)
    last, seen, best, highest = -1, -1, -1, -np.inf
    for t in range(x.size):
        if start[t] < 0:
            continue
        if start[t] != last:
            last = seen = start[t]
            best = -1
        for j in range(seen + 1, t + 1):
            if x[j] == x[j] and (best < 0 or x[j] > highest):
                best, highest = j, x[j]
        out[t], seen = best, t
    return out

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
    n = x.size
    out = np.zeros(n, dtype=np.bool_)
    for t in range(2 * reach, n):
        top = x[t - reach]
        highest = True
        for j in range(1, reach + 1):
            if not (x[t - reach + j] < top and x[t - reach - j] < top):
                highest = False
                break
        out[t] = highest
    return out


def last_swing(confirmed: Flags, reach: int, within: int) -> Indices:
    """Bar of the latest swing known at each bar, shape (n,); -1 where none lies `within` bars.

    Parameters
    ----------
    confirmed : array of bool, shape (n,)
        Of `confirmed_highs`.
    reach, within : int
        How late swings are confirmed, and how old the swing itself may be, in bars.
    """
    now = np.arange(confirmed.size)
    last = np.maximum.accumulate(np.where(confirmed, now - reach, -1))
    return np.where(now - last <= within, last, -1).astype(np.int64)


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
    n = x.size
    out = np.full(n, -1, dtype=np.int64)
    for t in range(n):
        if start[t] < 0:
            continue
        same = t > 0 and start[t] == start[t - 1]
        best = out[t - 1] if same else -1
        for j in range(t if same else start[t] + 1, t + 1):
            if x[j] == x[j] and (best < 0 or x[j] > x[best]):
                best = j
        out[t] = best
    return out

"""When a condition begins, and what comes first after a start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


@kernel
def last_true(flags: Flags) -> Indices:
    """Index of the last true bar before each bar, shape (n,); -1 where there is none."""
    out = np.empty(flags.size, dtype=np.int64)
    last = -1
    for t in range(flags.size):
        out[t] = last
        if flags[t]:
            last = t
    return out


@kernel
def onset(flags: Flags, cooldown: int) -> Flags:
    """True where a condition holds that held at none of the `cooldown` bars before, shape (n,)."""
    out = np.zeros(flags.size, dtype=np.bool_)
    last = -1 - cooldown
    for t in range(flags.size):
        if flags[t]:
            out[t] = t - last > cooldown
            last = t
    return out


@kernel
def onset_among(flags: Flags, seen: Indices, cooldown: int, most: int) -> Flags:
    """Onsets where only some bars count.

    Parameters
    ----------
    flags : array of bool, shape (n,)
    seen : array of int64, shape (n,)
        How many bars that count there were up to each bar, that bar included.
    cooldown : int
        Bars that count, at which the condition must have been off.
    most : int
        Bars of any kind after which it is held to have been off.

    Returns
    -------
    array of bool, shape (n,)
    """
    out = np.zeros(flags.size, dtype=np.bool_)
    last = -1
    for t in range(flags.size):
        if flags[t]:
            out[t] = last < 0 or seen[t] - seen[last] > cooldown or t - last > most
            last = t
    return out


@kernel
def first_below(starts: Flags, level: Reals, x: Reals, within: int) -> Indices:
    """Where `x` first falls below the level of a start.

    Parameters
    ----------
    starts : array of bool, shape (n,)
        Where to begin looking; the start's own bar does not count.
    level, x : array of float64, shape (n,)
        Hit at the first t with ``x[t] < level[start]``; NaN is no hit.
    within : int
        Bars after the start to look at.

    Returns
    -------
    array of int64, shape (n,)
        At a hit the start that it belongs to (the latest, if several), -1 elsewhere.
    """
    n = starts.size
    out = np.full(n, -1, dtype=np.int64)
    for start in range(n):
        if starts[start]:
            for t in range(start + 1, min(n, start + within + 1)):
                if x[t] < level[start]:
                    out[t] = start
                    break
    return out

"""The recursions of a simulated market: volatility, clustered jumps, prices with planted drift.

Every random number comes in from outside, so a path is a function of its arguments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.quantiles import MAD_TO_SD

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]


@kernel
def log_volatility(
    draws: Reals,
    shocks: Reals,
    hold: Reals,
    push: Reals,
    kick: Reals,
    lever: Reals,
    cap: float,
    rest: float,
) -> Reals:
    """Log volatility of each bar as a sum of fading components, known before the bar opens.

    Component k follows ``x' = hold x + push draw + kick (|z| - rest) - lever z`` where z is the
    bar's shock, cut at `cap`: several time scales (Corsi 2009, J. Financial Econometrics 7), with
    the news term of the exponential GARCH (Nelson 1991, Econometrica 59).

    Parameters
    ----------
    draws : array of float64, shape (n, n_components)
        Standard normal.
    shocks : array of float64, shape (n,)
        The bars' returns in units of their volatility.
    hold, push, kick, lever : array of float64, shape (n_components,)
        Memory from bar to bar, and what a draw, a large shock and a falling price add.
    cap, rest : float
        Largest size of a shock that counts, and the size that leaves volatility alone.

    Returns
    -------
    array of float64, shape (n,)
        Zero on the first bar. NaN is not expected.
    """
    n, n_components = draws.shape
    out = np.empty(n)
    level = np.zeros(n_components)
    for t in range(n):
        total = 0.0
        z = min(max(shocks[t], -cap), cap)
        for k in range(n_components):
            total += level[k]
            news = push[k] * draws[t, k] + kick[k] * (abs(z) - rest) - lever[k] * z
            level[k] = hold[k] * level[k] + news
        out[t] = total
    return out


@kernel
def self_exciting(uniforms: Reals, base: float, kick: float, hold: float) -> Flags:
    """Arrivals that make further arrivals likelier for a while (Hawkes 1971, Biometrika 58).

    Parameters
    ----------
    uniforms : array of float64, shape (n,)
        Between 0 and 1.
    base, kick : float
        Probability of an arrival in a bar, and what each arrival adds to it.
    hold : float
        Share of the added probability that is left a bar later.

    Returns
    -------
    array of bool, shape (n,)
    """
    out = np.zeros(uniforms.size, dtype=np.bool_)
    excited = 0.0
    for t in range(uniforms.size):
        out[t] = uniforms[t] < base + excited
        excited = hold * excited + (kick if out[t] else 0.0)
    return out


@kernel
def planted_prices(
    first: float,
    shocks: Reals,
    gaps: Reals,
    above: Reals,
    below: Reals,
    volume: Reals,
    quiet: Flags,
    thresholds: Reals,
    windows: Counts,
    cooldown: int,
    horizons: Counts,
    steps: Reals,
) -> tuple[Reals, Reals, NDArray[np.int8]]:
    """Prices of a martingale, but for drift after two events that are decided from past bars.

    Event 0, a spike: the size of the bar's log return is at least its threshold times the root of
    the past bipower variation (Barndorff-Nielsen and Shephard 2004, J. Financial Econometrics 2).
    Event 1, a thin move: on a quiet bar, the size of the log return over the quote volume (Amihud
    2002, J. Financial Markets 5) has at least its threshold as robust z-score among the past ones.
    Either stands where its condition held at none of the `cooldown` bars before; drifts add up.

    Parameters
    ----------
    first : float
        Price before the first bar.
    shocks, gaps : array of float64, shape (n,)
        Simple return of each bar from its open, without drift; and of its open from the last close.
    above, below : array of float64, shape (n,)
        Log distance of the high above, and of the low below, both open and close; not negative.
    volume : array of float64, shape (n,)
        Base units.
    quiet : array of bool, shape (n,)
        Bars whose volume lets a thin move count.
    thresholds, steps : array of float64, shape (2,)
        Of either event, and the simple return that it adds to each bar of its horizon, in its
        direction.
    windows, horizons : array of int64, shape (2,)
        Of either event: past bars looked at, and bars that drift afterwards.
    cooldown : int
        Bars.

    Returns
    -------
    prices : array of float64, shape (4, n)
        Open, high, low, close.
    drift : array of float64, shape (n,)
        Simple return that was added to each bar.
    sides : array of int8, shape (2, n)
        Direction of the occurrence at each bar, 0 where there is none.
    """
    n = shocks.size
    prices, sides = np.empty((4, n)), np.zeros((2, n), dtype=np.int8)
    drift, size, pairs, thinness = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    holds, last_on = np.zeros(2, dtype=np.bool_), np.full(2, -cooldown - 1)
    last, bipower, ascending = first, 0.0, np.full(windows[1], np.inf)
    for t in range(n):
        opened = last * (1.0 + gaps[t])
        close = opened * (1.0 + shocks[t] + drift[t])
        prices[0, t], prices[3, t] = opened, close
        prices[1, t] = max(opened, close) * np.exp(above[t])
        prices[2, t] = min(opened, close) * np.exp(-below[t])
        move = np.log(close / last)
        size[t] = abs(move)
        thinness[t] = size[t] / (volume[t] * prices[:, t].mean())
        usual = np.sqrt(max(bipower, 0.0) * np.pi / 2.0 / windows[0])
        holds[0] = t > windows[0] and usual > 0.0 and size[t] >= thresholds[0] * usual
        if t > 0:
            gone = thinness[t - 1 - windows[1]] if t > windows[1] else np.inf
            _swap(ascending, gone, thinness[t - 1])
        holds[1] = quiet[t] and t >= windows[1] and _is_far(ascending, thinness[t], thresholds[1])
        for k in range(2):
            if holds[k] and t - last_on[k] > cooldown:
                sides[k, t] = np.sign(move)
                for j in range(t + 1, min(n, t + 1 + horizons[k])):
                    drift[j] += np.sign(move) * steps[k]
            if holds[k]:
                last_on[k] = t
        pairs[t] = size[t] * size[t - 1] if t > 0 else 0.0
        bipower += pairs[t] - (pairs[t - windows[0]] if t >= windows[0] else 0.0)
        last = close
    return prices, drift, sides


@kernel
def _swap(ascending: Reals, gone: float, came: float) -> None:
    """Replace one of the sorted values by another, in place."""
    i, end = 0, ascending.size - 1
    while i < end:
        half = (i + end) // 2
        if ascending[half] < gone:
            i = half + 1
        else:
            end = half
    while i + 1 < ascending.size and ascending[i + 1] < came:
        ascending[i] = ascending[i + 1]
        i += 1
    while i > 0 and ascending[i - 1] > came:
        ascending[i] = ascending[i - 1]
        i -= 1
    ascending[i] = came


@kernel
def _is_far(ascending: Reals, x: float, threshold: float) -> bool:
    """Whether x is `threshold` times 1.4826 MAD or more above the median of the sorted values."""
    n = ascending.size
    left, right = (n - 1) // 2, (n - 1) // 2 + 1
    middle = 0.5 * (ascending[left] + ascending[n // 2])
    if x <= middle:
        return False
    nearer = farther = 0.0
    for _ in range(n // 2 + 1):
        nearer = farther
        if right == n or (left >= 0 and middle - ascending[left] <= ascending[right] - middle):
            farther = middle - ascending[left]
            left -= 1
        else:
            farther = ascending[right] - middle
            right += 1
    spread = MAD_TO_SD * (farther if n % 2 else 0.5 * (nearer + farther))
    return spread > 0.0 and x - middle >= threshold * spread

"""The recursions of a simulated market: volatility, clustered jumps, prices with planted drift.

Every random number comes in from outside, so a path is a function of its arguments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

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
    busy: Flags,
    threshold: float,
    windows: Counts,
    cooldown: int,
    horizons: Counts,
    steps: Reals,
) -> tuple[Reals, Reals, NDArray[np.int8]]:
    """Prices of a martingale, but for drift after two events that are decided from past closes.

    Event 0, a spike: the bar's log return is at least `threshold` times the root of the past
    bipower variation (Barndorff-Nielsen and Shephard 2004, J. Financial Econometrics 2). Event 1,
    a breakout: a busy bar closes beyond the highs or lows of the past window. Either stands where
    its condition held at none of the `cooldown` bars before; drifts of several events add up.

    Parameters
    ----------
    first : float
        Price before the first bar.
    shocks, gaps : array of float64, shape (n,)
        Simple return of each bar from its open, without drift; and of its open from the last close.
    above, below : array of float64, shape (n,)
        Log distance of the high above, and of the low below, both open and close; not negative.
    busy : array of bool, shape (n,)
        Bars whose volume lets a breakout count.
    threshold : float
        Of the spike.
    windows, horizons : array of int64, shape (2,)
        Of either event: past bars looked at, and bars that drift afterwards.
    cooldown : int
        Bars.
    steps : array of float64, shape (2,)
        Simple return that an event adds to each bar of its horizon, in the event's direction.

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
    drift, size, pairs = np.zeros(n), np.zeros(n), np.zeros(n)
    now, last_on = np.zeros(2, dtype=np.int64), np.full(2, -cooldown - 1)
    last, bipower = first, 0.0
    for t in range(n):
        opened = last * (1.0 + gaps[t])
        close = opened * (1.0 + shocks[t] + drift[t])
        prices[0, t], prices[3, t] = opened, close
        prices[1, t] = max(opened, close) * np.exp(above[t])
        prices[2, t] = min(opened, close) * np.exp(-below[t])
        move = np.log(close / last)
        size[t] = abs(move)
        usual = np.sqrt(max(bipower, 0.0) * np.pi / 2.0 / windows[0])
        now[0] = now[1] = 0
        if t > windows[0] and size[t] >= threshold * usual and usual > 0.0:
            now[0] = 1 if move > 0.0 else -1
        if t >= windows[1] and busy[t]:
            now[1] = _beyond(prices, t - windows[1], t)
        for k in range(2):
            if now[k] == 0:
                continue
            if t - last_on[k] > cooldown:
                sides[k, t] = now[k]
                for j in range(t + 1, min(n, t + 1 + horizons[k])):
                    drift[j] += now[k] * steps[k]
            last_on[k] = t
        pairs[t] = size[t] * size[t - 1] if t > 0 else 0.0
        bipower += pairs[t] - (pairs[t - windows[0]] if t >= windows[0] else 0.0)
        last = close
    return prices, drift, sides


@kernel
def _beyond(prices: Reals, start: int, t: int) -> int:
    """+1 or -1 where the close of bar `t` is above all highs or below all lows from `start` on."""
    close, is_high, is_low = prices[3, t], True, True
    for j in range(t - 1, start - 1, -1):
        is_high = is_high and close > prices[1, j]
        is_low = is_low and close < prices[2, j]
        if not (is_high or is_low):
            return 0
    return 1 if is_high else -1

"""Shocks of volatility and jumps of price: conditions that several events build on."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.measures import median, quantile, ratio, reaches, volatility
from tasks.kernels.onset import Flags
from tasks.kernels.rolling import Reals, before, third, window_mean


def shock_condition(
    bars: Bars, probability: float, fast: int, calm: int, history: int
) -> tuple[Flags, Reals]:
    """Where fast volatility over its own past median is in its past tail (catalogue).

    Parameters
    ----------
    bars : Bars
    probability : float
        Of the quantile that begins the tail.
    fast, calm, history : int
        Bars: of the volatility, of its median, of the quantile.

    Returns
    -------
    fired : array of bool, shape (n,)
    size : array of float64, shape (n,)
        The ratio over its quantile; NaN where there is none.
    """

    def make() -> tuple[Flags, Reals]:
        heat = ratio(volatility(bars, fast), past_calm(bars, fast, calm))
        threshold = quantile(heat, probability, history)
        return reaches(heat, threshold), ratio(heat, threshold)

    return bars.once(("shock_condition", probability, fast, calm, history), make)


def past_calm(bars: Bars, fast: int, calm: int) -> Reals:
    """Median fast volatility of the `calm` bars before this one, shape (n,)."""
    return bars.once(("past_calm", fast, calm), lambda: median(volatility(bars, fast), calm))


def spike_condition(bars: Bars, threshold: float, window: int) -> tuple[Flags, Reals]:
    """Where jump-robust volatility does not explain a return (Lee and Mykland 2008).

    The volatility is the root of the past bipower variation per bar (Barndorff-Nielsen and
    Shephard 2004), pi/2 times the mean product of neighbouring absolute returns, which one jump
    does not inflate.

    Parameters
    ----------
    bars : Bars
    threshold : float
        Volatilities that a return must reach.
    window : int
        Bars before this one that the volatility is taken from.

    Returns
    -------
    fired : array of bool, shape (n,)
    size : array of float64, shape (n,)
        The absolute return over that volatility; NaN where there is none.
    """

    def make() -> tuple[Flags, Reals]:
        size = np.abs(bars.log_return)
        bipower = window_mean(size * before(size), window, third(window))
        usual = np.sqrt(np.pi / 2.0 * before(bipower))
        return reaches(size, threshold * usual), ratio(size, usual)

    return bars.once(("spike_condition", threshold, window), make)

"""Swings of the price, the way it leans between them, and the strength of its moves."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.measures import ratio
from tasks.kernels.ewm import wilder_decay
from tasks.kernels.onset import Flags, Indices
from tasks.kernels.paths import window_slope
from tasks.kernels.rolling import Reals, decayed_sum, third, window_count
from tasks.kernels.swings import confirmed_highs, highest_since, last_leg, last_swing


def edges(bars: Bars, side: int) -> tuple[Reals, Reals]:
    """Highs and lows as seen from a side: for -1 the lows and the highs with their signs turned.

    So what is written for swing highs does for swing lows too, and is the same upside down.
    """
    if side > 0:
        return bars.high, bars.low
    return bars.once(("edges", side), lambda: (-bars.low, -bars.high))


def known_swings(bars: Bars, side: int, reach: int) -> Flags:
    """Where a swing high (side -1: low) `reach` bars before becomes known, shape (n,).

    A swing high is above the highs of `reach` bars on both sides; it stands `reach` bars late.
    """
    return bars.once(
        ("known_swings", side, reach), lambda: confirmed_highs(edges(bars, side)[0], reach)
    )


def swings(bars: Bars, side: int, reach: int, within: int) -> Indices:
    """Bar of the last swing high (side -1: low) known at each bar, shape (n,).

    -1 where none of the last `within` bars is one.
    """
    return bars.once(
        ("swings", side, reach, within),
        lambda: last_swing(known_swings(bars, side, reach), reach, within),
    )


def legs(bars: Bars, side: int, reach: int, within: int) -> tuple[Indices, Indices, Indices]:
    """The last confirmed leg up (side -1: down) and how far the price has come back since.

    Returns
    -------
    start, end, back : arrays of int64, shape (n,)
        Bars of the last swing low before the last swing high, of that swing high, and of the
        lowest low since (side -1: upside down); all -1 where one is missing, or where the leg
        began more than `within` bars before.
    """
    top, bottom = (swings(bars, which, reach, within) for which in (side, -side))
    start, end = last_leg(top, bottom, reach, within)
    return start, end, highest_since(-edges(bars, side)[1], end)


def slope(bars: Bars, window: int) -> Reals:
    """Slope per bar of the least-squares line through the log closes of the window, shape (n,).

    NaN in a gap, and where fewer than a third of the window's returns are there.
    """

    def measure() -> Reals:
        line = window_slope(bars.log_return, window, third(window - 1))
        return np.where(np.isnan(bars.close), np.nan, line)

    return bars.once(("slope", window), measure)


def rsi(bars: Bars, window: int, memory: int) -> Reals:
    """Relative strength index of the log returns, 0 to 100, shape (n,).

    Wilder's (1978) smoothed rises over smoothed rises and falls, in logs so that it is the same
    upside down, with weights that end after `memory` bars. NaN in a gap, in a market that stood
    still, and where fewer than a third of the memory's returns are there.
    """

    def measure() -> Reals:
        step = np.nan_to_num(bars.log_return)
        decay = wilder_decay(window)
        rises = decayed_sum(np.maximum(step, 0.0), memory, decay)
        falls = decayed_sum(np.maximum(-step, 0.0), memory, decay)
        there = ~np.isnan(bars.close) & (window_count(bars.log_return, memory) >= third(memory))
        return np.where(there, 100.0 * ratio(rises, rises + falls), np.nan)

    return bars.once(("rsi", window, memory), measure)

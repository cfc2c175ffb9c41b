"""Breaks of structure, changes of character and liquidity sweeps."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import part
from tasks.kernels.chart import CLOSE, HIGH, LOW, OPEN, RANGE, VOLUME, Reals, Record, mean_before
from tasks.kernels.reading import say
from tasks.kernels.smc_memory import BREAK, CHANGE, DOWN, SWEPT, UP, say_of_one_side
from tasks.kernels.zigzag import BOTTOM, TOP


@part
def step_breaks(m: Record, r: Record, now: int, reading: Record) -> None:
    """Say whether the close at `now` breaks the last swing, and turn `m.trend` with it.

    A swing is broken once. A break with no trend yet is one of structure. If the last high and the
    last low are broken at once, a low above a high, neither is.
    Source: shared engines.md, Smart money concepts, Break of structure.

    Parameters
    ----------
    m, r : records of MEMORY and RULES
    now : int
        Where the bar stands in the chart.
    reading : record of READING
        `BREAK` or `CHANGE`, with how far the close lies beyond the swing in average ranges, at
        most 1, and the swing's bar.
    """
    up, down = _break(m, r, now, TOP, 1), _break(m, r, now, BOTTOM, -1)
    side = int(up > 0.0) - int(down > 0.0)
    if side == 0:
        return
    at = TOP if side > 0 else BOTTOM
    event = CHANGE if m.trend == -side else BREAK
    say(reading, event, side, min(1.0, up + down), m.swings.bar[at])
    m.broken[at] = m.swings.bar[at] + 1
    m.broke[at] = m.chart.n
    m.trend = side


@part
def _break(m: Record, r: Record, now: int, at: int, side: int) -> float:
    """How far the close lies beyond a side's unbroken swing, in average ranges; else 0."""
    swings = m.swings
    if swings.n[at] == 0 or m.broken[at] == swings.bar[at] + 1:
        return 0.0
    beyond = side * (m.chart.recent[CLOSE, now] - swings.price[at])
    if not (beyond > 0.0 and beyond >= r.beyond_atr * m.chart.atr):
        return 0.0
    return beyond / m.chart.atr


@part
def step_sweep(m: Record, r: Record, now: int, reading: Record) -> None:
    """Say whether the bar at `now` sweeps what lies beyond a swing or a window's extreme.

    The wick counts from the body on. Of both levels the swing comes first as the anchor; of equal
    extremes the latest. Where both sides are swept nothing is said.
    Source: shared engines.md, Smart money concepts, Liquidity sweep.

    Parameters
    ----------
    m, r : records of MEMORY and RULES
    now : int
        Where the bar stands in the chart.
    reading : record of READING
        `SWEPT` with the wick's share of the bar's range; its side is where the close came back to.
    """
    side = say_of_one_side(reading, SWEPT, _sweep(m, r, now, UP), _sweep(m, r, now, DOWN))
    if side != 0:
        m.swept[UP if side > 0 else DOWN] = m.chart.n


@part
def _sweep(m: Record, r: Record, now: int, at: int) -> tuple[float, int]:
    """Share of the wick, and the bar of the level that was swept; share 0 for none."""
    recent, side, bar = m.chart.recent, 1 - 2 * at, m.chart.n - 1
    channel, swing = (LOW, BOTTOM) if at == UP else (HIGH, TOP)
    tip, open_, close = recent[channel, now], recent[OPEN, now], recent[CLOSE, now]
    wick = min(side * (open_ - tip), side * (close - tip))
    if not (wick > 0.0 and wick >= r.sweep_wick * recent[RANGE, now]):
        return 0.0, 0
    mean = mean_before(recent, VOLUME, now, r.volume_bars)
    if recent[VOLUME, now] < r.sweep_volume * mean:
        return 0.0, 0
    share, least = wick / recent[RANGE, now], r.beyond_atr * m.chart.atr
    if m.swings.n[swing] > 0 and _is_swept(m.swings.price[swing], tip, close, side, least):
        return share, m.swings.bar[swing]
    age = _bars_since_extreme(recent, channel, now, r.sweep_bars, side)
    if _is_swept(recent[channel, now - age], tip, close, side, least):
        return share, bar - age
    return 0.0, 0


@part
def _is_swept(level: float, tip: float, close: float, side: int, least: float) -> bool:
    """Whether a bar traded beyond a level by at least so much and closed back inside."""
    beyond = side * (level - tip)
    return beyond > 0.0 and beyond >= least and side * (close - level) > 0.0


@part
def _bars_since_extreme(recent: Reals, channel: int, now: int, window: int, side: int) -> int:
    """How many bars ago the lowest (side +1) or highest of the `window` bars before stood."""
    best, age = np.inf, 0
    for k in range(1, window + 1):
        if side * recent[channel, now - k] < best:
            best, age = side * recent[channel, now - k], k
    return age

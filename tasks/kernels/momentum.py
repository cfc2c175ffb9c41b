"""Momentum: RSI, MACD and ADX as one fold.

Source: Wilder (1978), New Concepts in Technical Trading Systems (RSI, ADX); Appel (1979) (MACD);
shared engines.md, Momentum. All three begin as TA-Lib's do: with plain means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel, part
from tasks.kernels.chart import CHART, CLOSE, HIGH, LOW, Record, push, true_range
from tasks.kernels.reading import clear, reading_of, say

Reals = NDArray[np.float64]
TURN = 0
EVENTS = ("turn",)
RSI, MACD, SIGNAL, HISTOGRAM, ADX, PLUS, MINUS = range(7)
FACTS = ("rsi", "macd", "signal", "histogram", "adx", "plus_di", "minus_di")
READING = reading_of(len(EVENTS), len(FACTS))
RULES = np.dtype(
    [
        *((n, "i8") for n in ("rsi_bars", "fast_bars", "slow_bars", "signal_bars")),
        ("adx_bars", "i8"),
        ("adx_least", "f8"),
    ],
    align=True,
)
_OWN = "first rises falls fast slow signal up down range adx"
MEMORY = np.dtype(
    [("chart", CHART), *((n, "f8") for n in _OWN.split()), ("stance", "i8")], align=True
)


@kernel
def run_momentum(
    memory: NDArray[np.void],
    bars: Reals,
    rules: NDArray[np.void],
    readings: NDArray[np.void],
    notes: NDArray[np.void],
) -> int:
    """Fold `step_momentum` over bars.

    Parameters
    ----------
    memory : (1,) MEMORY
        Zeros at the start; afterwards what the next call goes on from.
    bars : (5, n) float64
        Open, high, low, close and volume, oldest first; prices finite.
    rules : (1,) RULES
    readings : (n,) READING
        Written: what is known at each bar's close.
    notes : (k,) NOTE
        Not written: momentum has no zones.

    Returns
    -------
    int
        Notes written: 0.
    """
    for t in range(bars.shape[1]):
        step_momentum(
            memory[0],
            rules[0],
            bars[0, t],
            bars[1, t],
            bars[2, t],
            bars[3, t],
            bars[4, t],
            readings[t],
        )
    return 0


@part
def step_momentum(
    m: Record,
    r: Record,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    reading: Record,
) -> None:
    """Take one bar in and say what is known at its close.

    The stance is the sign of the MACD's histogram while the ADX is at least `adx_least`, and the
    conviction the RSI's distance from 50 over 50; it is the same with the chart turned over to the
    last bit, since prices count from the first close and rises and falls are kept apart. The event
    is a stance that was not there at the bar before. Facts are NaN before their warm-up is over.
    """
    n = m.chart.n
    now = push(m.chart, open_, high, low, close, volume)
    clear(reading, n)
    facts = reading.facts
    facts[RSI] = _rsi(m, n, now, r.rsi_bars)
    _macd(m, n, now, r, facts)
    _adx(m, n, now, r.adx_bars, facts)
    is_warm = n >= max(r.slow_bars + r.signal_bars - 2, 2 * r.adx_bars - 1, r.rsi_bars)
    if not is_warm:
        return
    reading.is_warm = 1
    stance = 0
    if facts[ADX] >= r.adx_least:
        stance = int(np.sign(facts[HISTOGRAM]))
    swing = m.rises + m.falls
    reading.stance = stance
    if stance != 0 and swing > 0.0:
        reading.conviction = abs(m.rises - m.falls) / swing
    if stance not in (0, m.stance):
        say(reading, TURN, stance, reading.conviction, n)
    m.stance = stance


@part
def _rsi(m: Record, n: int, now: int, window: int) -> float:
    """Wilder's RSI; NaN for the first `window` bars, and while the price never moved."""
    recent = m.chart.recent
    if n == 0:
        return np.nan
    change = recent[CLOSE, now] - recent[CLOSE, now - 1]
    m.rises = _smoothed(m.rises, max(change, 0.0), n, window)
    m.falls = _smoothed(m.falls, max(-change, 0.0), n, window)
    swing = m.rises + m.falls
    return 100.0 * m.rises / swing if n >= window and swing > 0.0 else np.nan


@part
def _smoothed(mean: float, x: float, n: int, window: int) -> float:
    """Wilder's mean with the n-th value; a growing share of its sum for the first ones."""
    if n <= window:
        return mean + x / window
    return (mean * (window - 1) + x) / window


@part
def _macd(m: Record, n: int, now: int, r: Record, facts: Reals) -> None:
    """MACD, signal and histogram; NaN before the slow mean, or the signal, is warm."""
    recent = m.chart.recent
    facts[MACD] = facts[SIGNAL] = facts[HISTOGRAM] = np.nan
    if n == 0:
        m.first = recent[CLOSE, now]
    # The fast mean begins so late that both are first known at the same bar.
    m.fast = _exponential(m.fast, m.first, recent, now, n - r.slow_bars + r.fast_bars, r.fast_bars)
    m.slow = _exponential(m.slow, m.first, recent, now, n, r.slow_bars)
    at = n - r.slow_bars + 1
    if at < 0:
        return
    facts[MACD] = m.fast - m.slow
    weight = 2.0 / (r.signal_bars + 1)
    if at < r.signal_bars:
        m.signal += facts[MACD] / r.signal_bars
    else:
        m.signal += weight * (facts[MACD] - m.signal)
    if at >= r.signal_bars - 1:
        facts[SIGNAL], facts[HISTOGRAM] = m.signal, facts[MACD] - m.signal


@part
def _exponential(mean: float, first: float, recent: Reals, now: int, at: int, window: int) -> float:
    """Exponential mean of the closes, as distances from `first`, begun with a plain mean."""
    x = recent[CLOSE, now] - first
    if at < 0:
        return mean
    return mean + x / window if at < window else mean + 2.0 / (window + 1) * (x - mean)


@part
def _adx(m: Record, n: int, now: int, window: int, facts: Reals) -> None:
    """ADX and both directional indicators; NaN before they are warm."""
    recent = m.chart.recent
    facts[ADX] = facts[PLUS] = facts[MINUS] = np.nan
    if n == 0:
        return
    up = recent[HIGH, now] - recent[HIGH, now - 1]
    down = recent[LOW, now - 1] - recent[LOW, now]
    m.up = _summed(m.up, up if up > down and up > 0.0 else 0.0, n, window)
    m.down = _summed(m.down, down if down > up and down > 0.0 else 0.0, n, window)
    m.range = _summed(m.range, true_range(recent, now), n, window)
    if n < window or m.range == 0.0:
        return
    facts[PLUS], facts[MINUS] = 100.0 * m.up / m.range, 100.0 * m.down / m.range
    both = m.up + m.down
    index = 100.0 * abs(m.up - m.down) / both if both > 0.0 else 0.0
    m.adx = _smoothed(m.adx, index, n - window + 1, window)
    if n >= 2 * window - 1:
        facts[ADX] = m.adx


@part
def _summed(total: float, x: float, n: int, window: int) -> float:
    """Wilder's running sum with the n-th value."""
    return total + x if n < window else total - total / window + x

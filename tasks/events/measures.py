"""The shared vocabulary of the catalogue: what most analyzers measure of their bars.

A window is a number of bars. A quantity of a window is missing where fewer than a third of the
window's bars are there. All values are logs or ratios, so they are the same in any unit.
"""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.kernels.ewm import weighted_mean, wilder_decay
from tasks.kernels.onset import Flags
from tasks.kernels.quantiles import past_quantile, past_quantiles, past_robust_z
from tasks.kernels.quotients import quotient
from tasks.kernels.rolling import (
    Reals,
    before,
    third,
    window_max,
    window_mean,
    window_min,
    window_sum,
)


def volatility(bars: Bars, window: int) -> Reals:
    """``rv(w)``: root mean square of the log returns of the window, shape (n,); NaN in a gap."""

    def measure() -> Reals:
        level = np.sqrt(window_mean(bars.log_return**2, window, third(window)))
        return np.where(bars.is_gap, np.nan, level)

    return bars.once(("volatility", window), measure)


def trend(bars: Bars, window: int) -> Reals:
    """``trend(w)``: log return over the window, shape (n,)."""

    def measure() -> Reals:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(bars.close / before(bars.close, window))

    return bars.once(("trend", window), measure)


def average_range(bars: Bars, window: int, memory: int) -> Reals:
    """``atr(w)``: Wilder's mean of the log true range, weights ending at `memory`, shape (n,)."""
    return bars.once(
        ("average_range", window, memory),
        lambda: weighted_mean(bars.log_true_range, wilder_decay(window), memory, third(window)),
    )


def past_high(bars: Bars, window: int) -> Reals:
    """Highest high of the bars before this one, shape (n,)."""
    return bars.once(
        ("past_high", window), lambda: before(window_max(bars.high, window, third(window)))
    )


def past_low(bars: Bars, window: int) -> Reals:
    """Lowest low of the bars before this one, shape (n,)."""
    return bars.once(
        ("past_low", window), lambda: before(window_min(bars.low, window, third(window)))
    )


def past_width(bars: Bars, window: int) -> Reals:
    """``range(w)`` of the bars before this one: log of their high over their low, shape (n,)."""
    return bars.once(
        ("past_width", window),
        lambda: np.log(ratio(past_high(bars, window), past_low(bars, window))),
    )


def width(bars: Bars, window: int) -> Reals:
    """``range(w)``, this bar included: log of the highest high over the lowest low, shape (n,)."""

    def measure() -> Reals:
        high = window_max(bars.high, window, third(window))
        low = window_min(bars.low, window, third(window))
        return np.where(bars.is_gap, np.nan, np.log(ratio(high, low)))

    return bars.once(("width", window), measure)


def busy(bars: Bars, probability: float, window: int) -> Flags:
    """Where volume reaches its past quantile, shape (n,)."""
    return bars.once(
        ("busy", probability, window),
        lambda: reaches(bars.volume, quantile(bars.volume, probability, window)),
    )


def flow_over(bars: Bars, n: int) -> Reals:
    """Taker flow of the last `n` bars together, -1 to +1, shape (n,); NaN where one is missing.

    Their taker-buy volume over their volume, minus one half, times two.
    """

    def measure() -> Reals:
        bought = window_sum(np.where(bars.volume > 0.0, bars.taker_buy_volume, np.nan), n, n)
        with np.errstate(invalid="ignore", divide="ignore"):
            return 2.0 * bought / window_sum(bars.volume, n, n) - 1.0

    return bars.once(("flow_over", n), measure)


def flow_sizes(bars: Bars, n: int, probability: float, window: int) -> tuple[Reals, Reals]:
    """Size of the flow over `n` bars, and its past quantile, each shape (n_bars,)."""

    def measure() -> tuple[Reals, Reals]:
        size = np.abs(flow_over(bars, n))
        return size, quantile(size, probability, window)

    return bars.once(("flow_sizes", n, probability, window), measure)


def quantile(x: Reals, probability: float, window: int) -> Reals:
    """``q(x, p, w)``: p-quantile of the bars before this one, shape (n,)."""
    return past_quantile(x, window, probability, third(window))


def quantiles(x: Reals, probabilities: tuple[float, ...], window: int) -> Reals:
    """Several of them at once, shape (len(probabilities), n)."""
    return past_quantiles(x, window, probabilities, third(window))


def median(x: Reals, window: int) -> Reals:
    """Median of the bars before this one, shape (n,)."""
    return quantile(x, 0.5, window)


def robust_z(x: Reals, window: int, least: float = 0.0) -> Reals:
    """``z(x, w)``: robust z-score against the bars before this one, shape (n,).

    Scores below `least` in size may be NaN: whoever asks for scores beyond a threshold says so.
    """
    return past_robust_z(x, window, third(window), least)


def reaches(x: Reals, threshold: Reals) -> Flags:
    """Where `x` is at or past a threshold above zero, shape (n,).

    A threshold of zero says that the market stood still: anything would pass it.
    """
    return (x >= threshold) & (threshold > 0.0)


def ratio(x: Reals, threshold: Reals | float) -> Reals:
    """`x` over a threshold, shape (n,); NaN where the threshold is zero."""
    return quotient(
        x, threshold if isinstance(threshold, np.ndarray) else np.full(x.shape, threshold)
    )

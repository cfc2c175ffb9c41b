"""Events of regime: the market's state changes and stays changed."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.leaders import leader_pair, leader_trend
from tasks.events.marks import Marks, marks
from tasks.events.measures import median, quantile, quantiles, ratio, trend, volatility
from tasks.events.registry import event
from tasks.kernels.efficiency import efficiency
from tasks.kernels.hysteresis import passes
from tasks.kernels.rolling import Reals, third


@event(lookback=("history", "window", "at_least", "memory", 3), needs="O", mirrored=True)
def vol_regime_shift(
    bars: Bars,
    *,
    hysteresis: float = 0.05,
    window: str = "1d",
    at_least: int = 24,
    history: str = "60d",
    memory: str = "10d",
) -> Marks:
    """Volatility moves across one of its past terciles, with hysteresis (catalogue).

    It must leave the band around the tercile on the other side from the one on which it last
    left it, and that within `memory`: so a finite past decides. Volatility is that of the window,
    `at_least` bars. Side: none. Strength: volatility over the quantile crossed, or its inverse on
    the way down.
    """
    level = volatility(bars, max(at_least, bars.n(window)))
    terciles = (1.0 / 3.0, 2.0 / 3.0)
    edges = tuple(t + sign * hysteresis for t in terciles for sign in (-1.0, 1.0))
    bounds = quantiles(level, edges, bars.n(history))
    strength = np.zeros(len(bars))
    for low, high in (bounds[:2], bounds[2:]):
        above, below = level > high, level < low
        up = np.flatnonzero(passes(above, below, bars.n(memory)))
        down = np.flatnonzero(passes(below, above, bars.n(memory)))
        strength[down] = ratio(low[down], level[down])
        strength[up] = ratio(level[up], high[up])
    return marks(strength > 0.0, 0, strength)


@event(lookback=("window", "step", "at_least", "memory", 2), needs="O", mirrored=True)
def trend_to_chop(
    bars: Bars,
    *,
    low: float = 0.15,
    high: float = 0.4,
    window: str = "1d",
    step: str = "1h",
    at_least: int = 24,
    memory: str = "2d",
) -> Marks:
    """Price that went straight now goes back and forth, by its efficiency (Kaufman 1995).

    The efficiency ratio falls below `low` after it was above `high` within `memory`, and has not
    been below since. The path is measured in moves of `step` whatever the bars, `at_least` of
    them, since the ratio falls with the root of their number. Side: none. Strength: one plus the
    shortfall below `low` in units of it.
    """
    straight = np.abs(_straightness(bars, bars.n(window), bars.n(step), at_least))
    fired = passes(straight < low, straight > high, bars.n(memory))
    return marks(fired, 0, 1.0 + (1.0 - straight / low))


@event(lookback=("window", "step", "at_least", "memory", 2), needs="O", mirrored=True)
def chop_to_trend(
    bars: Bars,
    *,
    low: float = 0.15,
    high: float = 0.4,
    window: str = "1d",
    step: str = "1h",
    at_least: int = 24,
    memory: str = "2d",
) -> Marks:
    """Price that went back and forth now goes straight, by its efficiency (Kaufman 1995).

    The reverse of trend_to_chop: the ratio rises above `high` after it was below `low` within
    `memory`. Side: the net move's. Strength: the ratio over `high`.
    """
    directed = _straightness(bars, bars.n(window), bars.n(step), at_least)
    straight = np.abs(directed)
    fired = passes(straight > high, straight < low, bars.n(memory))
    return marks(fired, directed, straight / high)


@event(lookback=("history", "window", "at_least", 3), needs="OM", mirrored=True)
def correlation_breakdown(
    bars: Bars, *, drop: float = 0.4, window: str = "1d", at_least: int = 24, history: str = "10d"
) -> Marks:
    """Correlation with the leader is far below its own past median (catalogue).

    The correlation is that of the returns of the window, `at_least` bars. Side: none. Strength:
    the distance below the median over `drop`.
    """
    _, correlation = leader_pair(bars, max(at_least, bars.n(window)))
    correlation = np.where(bars.is_gap, np.nan, correlation)
    fallen = median(correlation, bars.n(history)) - correlation
    return marks(fallen > drop, 0, fallen / drop)


@event(lookback=("history", "window", "at_least", "fast", 3), needs="OM", mirrored=True)
def beta_spike(
    bars: Bars,
    *,
    probability: float = 0.98,
    window: str = "1d",
    at_least: int = 24,
    fast: str = "1h",
    history: str = "60d",
) -> Marks:
    """Beta to the leader is in its past upper tail (catalogue).

    It is the slope of the returns of the window, `at_least` bars. Side: the leader's trend over
    the fast window. Strength: beta over its quantile, which must be above zero.
    """
    beta, _ = leader_pair(bars, max(at_least, bars.n(window)))
    beta = np.where(bars.is_gap, np.nan, beta)
    threshold = quantile(beta, probability, bars.n(history))
    fired = (beta > threshold) & (threshold > 0.0)  # the leader's own is 1, its quantile, always
    return marks(fired, leader_trend(bars, bars.n(fast)), ratio(beta, threshold))


def _straightness(bars: Bars, window: int, step: int, at_least: int) -> Reals:
    """Signed efficiency ratio over the window in moves of `step` bars; NaN in a gap."""

    def measure() -> Reals:
        n_steps = max(at_least, window // step)
        directed = efficiency(trend(bars, step), step, n_steps, third(n_steps))
        return np.where(bars.is_gap, np.nan, directed)

    return bars.once(("straightness", window, step, at_least), measure)

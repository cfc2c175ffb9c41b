"""Events of volatility: shocks, jumps and breaks out of calm."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.breaks import closes_beyond
from tasks.events.marks import Marks, marks
from tasks.events.measures import quantile, quantiles, ratio, trend, volatility, width
from tasks.events.registry import event
from tasks.events.shocks import past_calm, shock_condition, spike_condition
from tasks.kernels.ewm import half_life_decay, weighted_mean
from tasks.kernels.hysteresis import passes
from tasks.kernels.onset import first_below, last_true, onset
from tasks.kernels.rolling import Reals, third


@event(lookback=("history", "calm", "fast", 3), needs="O", mirrored=True)
def vol_shock(
    bars: Bars,
    *,
    probability: float = 0.99,
    fast: str = "1h",
    calm: str = "1d",
    history: str = "10d",
) -> Marks:
    """Fast volatility over its own past median crosses up into its past tail (catalogue).

    The condition is to be there; its onset is the crossing. Side: the trend over the fast window.
    Strength: the ratio over its quantile.
    """
    n_fast = bars.n(fast)
    fired, size = shock_condition(bars, probability, n_fast, bars.n(calm), bars.n(history))
    return marks(fired, trend(bars, n_fast), size)


@event(lookback=("history", 4), needs="O", mirrored=True)
def vol_spike(bars: Bars, *, threshold: float = 4.0, history: str = "1d") -> Marks:
    """A return that jump-robust volatility does not explain (Lee and Mykland 2008).

    The volatility is that of `tasks.events.shocks.spike_condition`. Side: the return's.
    Strength: the return over that volatility.
    """
    fired, size = spike_condition(bars, threshold, bars.n(history))
    return marks(fired, bars.log_return, size)


@event(lookback=("history", "calm", "fast", "within", "apart", 3), needs="O", mirrored=True)
def vol_relaxation_start(
    bars: Bars,
    *,
    probability: float = 0.99,
    excess: float = 1.25,
    fast: str = "1h",
    calm: str = "1d",
    history: str = "10d",
    within: str = "1d",
    apart: str = "1h",
) -> Marks:
    """Fast volatility is back near what was usual before a recent vol_shock (catalogue).

    The first bar, at most `within` after the shock, at which it falls below `excess` times its
    past median as it stood at the shock's bar; once per shock, and of a later shock before that
    only the later counts. Shocks are those of vol_shock, at least `apart` from each other. Side:
    none. Strength: one plus the shortfall in units of the threshold. Anchor: the shock.
    """
    n_fast, n_calm = bars.n(fast), bars.n(calm)
    level, usual = volatility(bars, n_fast), excess * past_calm(bars, n_fast, n_calm)
    shocks, _ = shock_condition(bars, probability, n_fast, n_calm, bars.n(history))
    starts = onset(shocks, bars.n(apart)) & (level >= usual)
    anchor = first_below(starts, usual, level, bars.n(within))
    fired = (anchor >= 0) & (anchor == last_true(starts))
    return marks(fired, 0, 1.0 + (1.0 - ratio(level, usual[anchor])), anchor)


@event(lookback=("slow_memory", "fast_memory", "memory", 3), needs="O", mirrored=True)
def vol_cluster_shift(
    bars: Bars,
    *,
    up: float = 2.0,
    down: float = 0.5,
    fast: str = "1h",
    slow: str = "1d",
    at_least: int = 4,
    slow_at_least: int = 24,
    fast_memory: str = "2d",
    slow_memory: str = "10d",
    memory: str = "10d",
) -> Marks:
    """Fresh squared returns come to weigh far more, or far less, than before (catalogue, changed).

    The exponential mean of half-life `fast` over that of half-life `slow` rises to `up`, or falls
    to `down`, and was at the other of the two last, within `memory`: between them nothing
    changes, so that a ratio that hovers about one of them stands once. Half-lives are `at_least`
    (`slow_at_least`) bars, since a mean of one or two returns is noise; weights end after
    `fast_memory` and `slow_memory`. Side: none. Strength: the ratio over the threshold, or its
    inverse on the way down.
    """
    half_lives = max(at_least, bars.n(fast)), max(slow_at_least, bars.n(slow))
    recent = _squares(bars, half_lives[0], bars.n(fast_memory))
    heat = ratio(recent, _squares(bars, half_lives[1], bars.n(slow_memory)))
    high, low = heat >= up, (heat <= down) & (heat > 0.0)
    fired = passes(high, low, bars.n(memory)) | passes(low, high, bars.n(memory))
    return marks(fired, 0, np.where(high, heat / up, ratio(np.full(len(bars), down), heat)))


@event(lookback=("history", "window", "at_least", "memory", 3), needs="O", mirrored=True)
def range_compression_end(
    bars: Bars,
    *,
    narrow: float = 0.1,
    wide: float = 0.3,
    window: str = "8h",
    at_least: int = 8,
    fast: str = "1h",
    history: str = "10d",
    memory: str = "2h",
) -> Marks:
    """A range that was narrow a moment ago is narrow no more (catalogue).

    The range of the window, `at_least` bars, was within its past `narrow` quantile within
    `memory`, and is now past its past `wide` quantile, for the first time since. Side: the trend
    over the fast window. Strength: the range over that quantile.
    """
    extent = width(bars, max(at_least, bars.n(window)))
    low, high = quantiles(extent, (narrow, wide), bars.n(history))
    fired = passes(extent > high, extent <= low, bars.n(memory))
    return marks(fired, trend(bars, bars.n(fast)), ratio(extent, high))


@event(lookback=("history", "window", "at_least", 3), needs="O", mirrored=True)
def breakout_trigger(
    bars: Bars,
    *,
    probability: float = 0.2,
    window: str = "8h",
    at_least: int = 8,
    history: str = "10d",
) -> Marks:
    """A close beyond a prior range that was narrow among past ranges (catalogue).

    The range is that of the window, `at_least` bars. Side: the break's. Strength: one plus the
    distance beyond the edge in units of the range.
    """
    breaks = closes_beyond(bars, max(at_least, bars.n(window)))
    narrow = breaks.width <= quantile(breaks.width, probability, bars.n(history))
    return marks(narrow & (breaks.side != 0), breaks.side, breaks.strength)


def _squares(bars: Bars, half_life: int, memory: int) -> Reals:
    """Exponential mean of squared returns, shape (n,); NaN in a gap."""
    decay = half_life_decay(half_life)
    mean = weighted_mean(bars.log_return**2, decay, memory, third(memory))
    return np.where(bars.is_gap, np.nan, mean)

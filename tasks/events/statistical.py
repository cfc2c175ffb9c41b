"""Events of distance: the price stands far from where it has been, or should be."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.leaders import leader_trend
from tasks.events.marks import Marks, marks
from tasks.events.measures import ratio, robust_z, trend
from tasks.events.registry import event
from tasks.events.shocks import spike_condition
from tasks.events.spreads import gap, gap_prints
from tasks.kernels.onset import Flags, Indices, first_below
from tasks.kernels.overshoot import turn_after_extension
from tasks.kernels.ranks import past_share
from tasks.kernels.regression import window_pair
from tasks.kernels.rolling import Reals, before, third, window_count, window_mean, window_std


@event(lookback=("history", "window", 3), needs="O", mirrored=True)
def zscore_stretch(
    bars: Bars, *, threshold: float = 3.0, window: str = "1d", history: str = "10d"
) -> Marks:
    """The close is unusually far from its past mean (catalogue).

    The distance is in logs, its robust z-score against the distances before. Side: the
    distance's. Strength: the score without its sign.
    """
    mean = before(window_mean(bars.log_close, bars.n(window), third(bars.n(window))))
    z = robust_z(bars.log_close - mean, bars.n(history), threshold)
    return marks(np.abs(z) >= threshold, z, np.abs(z))


@event(lookback=("window", "at_least", 3), needs="O", mirrored=True)
def band_break(bars: Bars, *, width: float = 2.5, window: str = "8h", at_least: int = 24) -> Marks:
    """The close is outside the band of past mean and standard deviation (Bollinger 2001).

    Mean and deviation are of the log closes before this bar (catalogue), of `at_least` bars at
    least, since fewer have hardly a deviation: at 1h those of a day (with eight bars it stood on
    9 % of them). Side: where the close is. Strength: the distance from the mean in standard
    deviations.
    """
    n = max(at_least, bars.n(window))
    mean = before(window_mean(bars.log_close, n, third(n)))
    spread = before(window_std(bars.log_close, n, third(n)))
    z = ratio(bars.log_close - mean, spread)
    return marks(np.abs(z) > width, z, np.abs(z))


@event(lookback=("within", "at_least", "history", 4), needs="O", mirrored=True)
def overshoot_after_shock(
    bars: Bars,
    *,
    threshold: float = 4.0,
    history: str = "1d",
    multiple: float = 1.5,
    within: str = "4h",
    at_least: int = 2,
) -> Marks:
    """A spike is carried on by more than its own size, then a close turns against it (catalogue).

    Within a time after the spike (see `vol_spike`) a high (low) lies beyond its close by a
    multiple of its return, and a later bar closes against it. Side: against the spike. Strength:
    the farthest extension over the one demanded. Anchor: the spike. The time is `at_least` bars
    at least, which extension and turn take.
    """
    spiked, _ = spike_condition(bars, threshold, bars.n(history))
    r = bars.log_return
    reach = multiple * np.abs(r)
    at, side = np.flatnonzero(spiked), np.zeros(len(bars), dtype=np.int8)
    side[at] = np.sign(np.nan_to_num(r[at]))
    prices = (bars.close, bars.high, bars.low)
    n = max(at_least, bars.n(within))
    start, farthest = turn_after_extension(spiked, side, reach, *prices, n)
    return marks(start >= 0, -side[start], ratio(farthest, reach[start]), start)


@event(lookback=("within", "history", "spread_window", 6), needs="O", mirrored=True)
def gap_overshoot(
    bars: Bars,
    *,
    share: float = 0.5,
    within: str = "1h",
    probability: float = 0.995,
    multiple: float = 3.0,
    spread_window: str = "1d",
    history: str = "10d",
) -> Marks:
    """A gap print is taken back, and by half of itself beyond (catalogue).

    Within a time from the print (see `liquidity_gap_print`), its own bar included, a close lies
    on the other side of the close before the gap by a share of the gap. Side: against the gap.
    Strength: that distance over the one demanded. Anchor: the print.
    """
    printed = gap_prints(
        bars,
        probability=probability,
        multiple=multiple,
        spread_window=bars.n(spread_window),
        history=bars.n(history),
    )
    at, level, strength = np.flatnonzero(printed.fired), np.zeros(len(bars)), np.zeros(len(bars))
    level[at] = bars.close[at - 1] * np.exp(-share * gap(bars)[at])
    up = _first_from(printed.fired & (printed.side > 0), level, bars.close, bars.n(within))
    down = _first_from(printed.fired & (printed.side < 0), -level, -bars.close, bars.n(within))
    start = np.maximum(up, down)
    at = np.flatnonzero(start >= 0)
    began = start[at]
    beyond = np.log(ratio(bars.close[at], bars.close[began - 1]))
    strength[at] = -ratio(beyond, share * gap(bars)[began])
    return marks(start >= 0, -printed.side[start], strength, start)


@event(lookback=("history", "history", "window", 4), needs="OM", mirrored=True)
def copula_pairs(
    bars: Bars, *, probability: float = 0.02, window: str = "1h", history: str = "30d"
) -> Marks:
    """The return over an hour is improbable given the leader's (Sklar 1959; Liew and Wu 2013).

    Both returns become normal scores by their ranks among those of the bars before; a Gaussian
    copula with the scores' past correlation rho says how probable a lower return is, given the
    leader's: h = Phi((own - rho leader) / sqrt(1 - rho^2)) is below `probability`, or above one
    less it (catalogue). Returns over an hour overlap on shorter bars; ranks do not mind. Side:
    against the own residual. Strength: its size over the one demanded, in normal scores.
    """
    from scipy.special import ndtri

    n = bars.n(history)
    own = normal_scores(trend(bars, bars.n(window)), n)
    leader = normal_scores(leader_trend(bars, bars.n(window)), n)
    _, correlation = window_pair(leader, own, n, third(n))
    rho = before(correlation)
    with np.errstate(invalid="ignore", divide="ignore"):
        residual = (own - rho * leader) / np.sqrt(1.0 - rho**2)
    size = np.abs(residual) / -float(ndtri(probability))
    return marks((size > 1.0) & np.isfinite(size), -residual, size)


def normal_scores(x: Reals, window: int) -> Reals:
    """Normal quantiles of each value's rank among the values before it, shape (n,).

    The rank is (number below + 1/2) / (number + 1), ties counting half (Blom 1958's family with
    the constant 1/2), so never 0 or 1.
    """
    from scipy.special import ndtri

    n = before(window_count(x, window))
    return np.asarray(ndtri((past_share(x, window, third(window)) * n + 0.5) / (n + 1.0)))


def _first_from(starts: Flags, level: Reals, x: Reals, n: int) -> Indices:
    """Where `x` first falls below the level of a start, among `n` bars from its own on."""
    at_once = starts & (x < level)
    later = first_below(starts & ~at_once, level, x, n - 1)
    return np.where(at_once, np.arange(x.size), later)

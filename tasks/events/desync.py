"""Events of desynchrony: the market parts from its spot market or from the leader."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.leaders import leader_pair, leader_trend
from tasks.events.marks import Marks, marks
from tasks.events.measures import quantile, quantiles, ratio, reaches, robust_z, trend
from tasks.events.registry import event
from tasks.kernels.leadlag import N_LAGS, forecast, lagged_regression
from tasks.kernels.rolling import Reals, before, third, window_min

DIGITS = 12  # of a log; what lies beyond them is rounding, not news


@event(lookback=("history", "at_least", "run", 3), needs="OS", mirrored=True)
def cross_venue_desync(
    bars: Bars, *, threshold: float = 4.0, run: int = 3, history: str = "1d", at_least: int = 24
) -> Marks:
    """The basis to spot is unusual for several bars running (catalogue).

    Its robust z-score is far from zero at each; the scores' past is `at_least` bars at least. Side:
    the basis'. Strength: the smallest of the scores, without sign.
    """
    basis = np.round(bars.basis, DIGITS)
    z = robust_z(basis, max(at_least, bars.n(history)), threshold)
    smallest = window_min(np.abs(z), run, run)
    return marks(smallest >= threshold, basis, smallest)


@event(lookback=("beta_window", "history", "window", 3), needs="OM", mirrored=True)
def index_component_divergence(
    bars: Bars,
    *,
    threshold: float = 4.0,
    window: str = "1h",
    beta_window: str = "10d",
    history: str = "10d",
) -> Marks:
    """The return over an hour is far from what the leader's explains (catalogue).

    The residual is the return less beta times the leader's; beta is that of the bars before, of
    returns of one bar each. Side: the residual's. Strength: its robust z-score without sign.
    """
    n = bars.n(window)
    beta, _ = leader_pair(bars, bars.n(beta_window))
    residual = np.round(trend(bars, n) - before(beta) * leader_trend(bars, n), DIGITS)
    z = robust_z(residual, bars.n(history), threshold)
    return marks(np.abs(z) >= threshold, residual, np.abs(z))


@event(lookback=("history", 3), needs="OS", mirrored=True)
def spot_perp_basis_shock(bars: Bars, *, probability: float = 0.995, history: str = "10d") -> Marks:
    """The basis to spot jumps within one bar (catalogue).

    Side: the jump's. Strength: its size over the past quantile of sizes.
    """
    change = np.round(bars.basis - before(bars.basis), DIGITS)
    size = np.abs(change)
    threshold = quantile(size, probability, bars.n(history))
    return marks(reaches(size, threshold), change, ratio(size, threshold))


@event(lookback=("history", "history", N_LAGS, 4), needs="OM", mirrored=True)
def lead_lag_break(
    bars: Bars, *, t_value: float = 3.0, probability: float = 0.99, history: str = "10d"
) -> Marks:
    """The leader's last returns foretold the return, and now they fail to (catalogue).

    The return is regressed on the leader's one, two and three bars before, over the bars before
    this one; of the slopes at least one has a t statistic beyond `t_value`. The residual is in
    the past tail of residuals, each of its own bar's regression. Side: the residual's. Strength:
    its size over the past quantile of sizes.
    """
    n = bars.n(history)
    expected, t = foretold(bars, n)
    residual = bars.log_return - expected
    size = np.abs(residual)
    threshold = quantile(size, probability, n)
    return marks(reaches(size, threshold) & (t > t_value), residual, ratio(size, threshold))


@event(lookback=("history", "at_least", 3), needs="OS", mirrored=True)
def basis_dislocation(
    bars: Bars, *, probability: float = 0.005, history: str = "10d", at_least: int = 200
) -> Marks:
    """The basis to spot is outside its past range but for the tails (catalogue).

    The range is from the `probability` quantile to that of one less it, of `at_least` bars at
    least: fewer hold no such tail. Side: the basis'. Strength: one plus the distance beyond the
    range in units of its width.
    """
    tails = (probability, 1.0 - probability)
    basis = np.round(bars.basis, DIGITS)
    low, high = quantiles(basis, tails, max(at_least, bars.n(history)))
    distance = ratio(np.maximum(basis - high, low - basis), high - low)
    return marks(distance > 0.0, basis, 1.0 + distance)


def foretold(bars: Bars, window: int) -> tuple[Reals, Reals]:
    """What the leader's last returns say of the return, by the bars before this one.

    Parameters
    ----------
    bars : Bars
    window : int
        Bars of the regression; a third of them must hold all its values, else NaN.

    Returns
    -------
    expected, t : array of float64, shape (n,)
        The regression's value at this bar, and the largest t statistic of its slopes.
    """
    start = int(bars.time[0]) if len(bars) else 0
    phase = start // bars.step_ms % window
    x = bars.leader_return
    coefficients, t = lagged_regression(bars.log_return, x, window, phase, third(window))
    return forecast(coefficients, x), before(t)

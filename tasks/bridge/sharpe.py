"""Sharpe ratios that know how long they were watched and how many were tried.

All per period (a day), nothing is annualised. Sources: Bailey and Lopez de Prado, The Sharpe ratio
efficient frontier, Journal of Risk 15 (2012); The deflated Sharpe ratio, Journal of Portfolio
Management 40 (2014).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Track:
    """A record of returns, as far as its Sharpe ratio is concerned.

    Attributes
    ----------
    n : int
        Periods, at least two.
    sharpe : float
        Mean over standard deviation (n - 1), per period.
    skew, kurtosis : float
        Third and fourth standardised moments; 0 and 3 for the normal.
    """

    n: int
    sharpe: float
    skew: float
    kurtosis: float

    @property
    def spread(self) -> float:
        """Variance of the estimated ratio, times n - 1; not below 0."""
        curved = (self.kurtosis - 1) / 4 * self.sharpe**2
        return max(0.0, 1 - self.skew * self.sharpe + curved)


def varies(returns: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether returns differ beyond rounding, along the first axis; no where any is not finite."""
    size = np.max(np.abs(returns), axis=0)
    with np.errstate(invalid="ignore"):
        return np.isfinite(size) & (np.ptp(returns, axis=0) > 1e-12 * size)


def sharpe_ratios(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over standard deviation of each column of (n, k) returns that vary."""
    return np.mean(returns, axis=0) / np.std(returns, axis=0, ddof=1)


def track_of(returns: NDArray[np.float64]) -> Track:
    """The record of (n,) returns that vary, without NaN."""
    scaled = (returns - np.mean(returns)) / np.std(returns)
    return Track(
        n=len(returns),
        sharpe=float(np.mean(returns) / np.std(returns, ddof=1)),
        skew=float(np.mean(scaled**3)),
        kurtosis=float(np.mean(scaled**4)),
    )


def probability_above(track: Track, hurdle: float) -> float:
    """Probabilistic Sharpe ratio: how sure it is that the true ratio is above `hurdle`.

    ``Phi((SR - hurdle) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2))``. With the hurdle of
    `best_of_chance` it is the deflated Sharpe ratio.
    """
    from scipy.special import ndtr

    excess = (track.sharpe - hurdle) * np.sqrt(track.n - 1)
    if track.spread == 0.0:
        return float(np.heaviside(excess, 0.5))
    return float(ndtr(excess / np.sqrt(track.spread)))


def best_of_chance(variance: float, n_trials: float) -> float:
    """Sharpe ratio that the best of `n_trials` without any skill is expected to show.

    ``sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)))`` with Euler's g; 0 where that is
    below 0, as for a single trial, and NaN where either is.

    Parameters
    ----------
    variance : float
        Of the ratios of the trials, per period.
    n_trials : float
        How many were tried.
    """
    from scipy.special import ndtri

    if n_trials <= 1:
        return 0.0
    first, second = ndtri(1 - 1 / n_trials), ndtri(1 - 1 / (n_trials * np.e))
    expected = (1 - np.euler_gamma) * first + np.euler_gamma * second
    return float(np.maximum(0.0, np.sqrt(variance) * expected))


def least_track(track: Track, hurdle: float, level: float) -> float:
    """Periods after which the same ratio would be above `hurdle` with probability `level`.

    Infinite where the ratio is not above the hurdle.
    """
    from scipy.special import ndtri

    if track.sharpe <= hurdle:
        return float("inf")
    with np.errstate(over="ignore"):
        return float(1 + track.spread * np.square(ndtri(level) / (track.sharpe - hurdle)))

"""Counts and means over simulated markets, with intervals that know what a market has in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and where it may lie; None where there is nothing to tell.

    Attributes
    ----------
    n : int
        What it was made of: markets, or hypotheses.
    value, low, high : float or None
    """

    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Mean:
    """A mean over hypotheses, its error clustered by market.

    Attributes
    ----------
    n, n_markets : int
        Hypotheses, and markets that have some.
    value, se : float or None
        None of nothing; the error also of a single market.
    """

    n: int
    n_markets: int
    value: float | None = None
    se: float | None = None


def share_of(n_hits: int, n: int, level: float) -> Interval:
    """A share of independent trials with the interval of Clopper and Pearson (1934, Biometrika 26).

    Examples
    --------
    >>> share_of(0, 60, 0.95)
    Interval(n=60, value=0.0, low=0.0, high=0.0596...)
    """
    from scipy.stats import beta

    if n == 0:
        return Interval(0)
    tail = (1.0 - level) / 2.0
    low = float(beta.ppf(tail, n_hits, n - n_hits + 1)) if n_hits > 0 else 0.0
    high = float(beta.isf(tail, n_hits + 1, n - n_hits)) if n_hits < n else 1.0
    return Interval(n, n_hits / n, low, high)


def rate_of(counts: Reals, level: float) -> Interval:
    """A mean count per market with Garwood's (1936, Biometrika 28) interval for Poisson counts.

    Counts that vary more than Poisson's, because those of one market come together, widen it: the
    interval is that of the total over the dispersion, times the dispersion.

    Parameters
    ----------
    counts : (n,) float64
        One per market.
    level : float
        Confidence.
    """
    from scipy.stats import chi2

    n = counts.size
    if n == 0:
        return Interval(0)
    mean, tail = float(counts.mean()), (1.0 - level) / 2.0
    spread = float(counts.var(ddof=1)) if n > 1 else 0.0
    dispersion = max(1.0, spread / mean) if mean > 0.0 else 1.0
    total = n * mean / dispersion
    low = float(chi2.ppf(tail, 2.0 * total)) / 2.0 if total > 0.0 else 0.0
    high = float(chi2.isf(tail, 2.0 * total + 2.0)) / 2.0
    return Interval(n, mean, low * dispersion / n, high * dispersion / n)


def mean_by_market(sums: Reals, counts: Reals) -> Mean:
    """A mean over all hypotheses, its error that of a ratio of sums over independent markets.

    ``r = sum x / sum n``, ``SE^2 = M/(M-1) sum_m (x_m - r n_m)^2 / (sum n)^2`` (Cochran 1977,
    Sampling Techniques, 6.3), over the M markets that have hypotheses.

    Parameters
    ----------
    sums, counts : (M,) float64
        Of each market.
    """
    held = counts > 0
    sums, counts = sums[held], counts[held]
    n, n_markets = counts.sum(), counts.size
    if n_markets == 0:
        return Mean(0, 0)
    mean = float(sums.sum() / n)
    if n_markets == 1:
        return Mean(int(n), 1, mean)
    errors = sums - mean * counts
    se = math.sqrt(n_markets / (n_markets - 1.0) * float(errors @ errors)) / n
    return Mean(int(n), n_markets, mean, float(se))

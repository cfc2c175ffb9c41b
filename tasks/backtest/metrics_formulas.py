"""Ratios of daily returns, by IEEE: a gain over nothing is infinite, nothing over nothing NaN.

Returns are simple, (n,) with n at least 2 and without NaN; an excess is a return less the hurdle
of a day.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.bridge.sharpe import varies

Reals = NDArray[np.float64]


def divide(a: float, b: float) -> float:
    """``a / b`` without an exception."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return float(np.float64(a) / np.float64(b))


def growth_per_year(growth: float, years: float) -> float:
    """Compound return per year of an account that grew `growth`-fold; -1 where nothing is left."""
    with np.errstate(over="ignore"):
        return float(np.float64(max(growth, 0.0)) ** (1 / years) - 1)


def sharpe(excess: Reals, days_per_year: int) -> float:
    """Mean over standard deviation (n - 1), times sqrt of the days of a year.

    Source: Sharpe, The Sharpe ratio, Journal of Portfolio Management 21 (1994).
    """
    spread = float(np.std(excess, ddof=1)) if varies(excess) else 0.0
    return divide(float(np.mean(excess)), spread) * np.sqrt(days_per_year)


def sortino(excess: Reals, days_per_year: int) -> float:
    """Mean over the root mean square of ``min(excess, 0)`` over all n days, annualised.

    Source: Sortino and Price, Performance measurement in a downside risk framework, Journal of
    Investing 3 (1994).
    """
    downside = float(np.sqrt(np.mean(np.minimum(excess, 0.0) ** 2)))
    return divide(float(np.mean(excess)), downside) * np.sqrt(days_per_year)


def omega(excess: Reals) -> float:
    """Sum of what lies above the hurdle over the sum of what lies below.

    Source: Keating and Shadwick, A universal performance measure, Journal of Performance
    Measurement 6 (2002).
    """
    above, below = np.maximum(excess, 0.0), np.maximum(-excess, 0.0)
    return divide(float(np.sum(above)), float(np.sum(below)))


def expected_shortfall(returns: Reals, tail: float) -> float:
    """Mean return of the worst share `tail` of the days; a day that straddles it counts in part.

    Source: Acerbi and Tasche, On the coherence of expected shortfall, Journal of Banking and
    Finance 26 (2002), Proposition 4.1.
    """
    weights = np.clip(tail * len(returns) - np.arange(len(returns)), 0.0, 1.0)
    return float(np.sum(weights * np.sort(returns)) / np.sum(weights))

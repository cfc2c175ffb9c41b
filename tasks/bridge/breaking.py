"""Where a profit ends: the costs, and the size, at which nothing is left of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

MOST = 1024.0
FINENESS = 1e-7


def break_even(net_at: Callable[[float], float]) -> float:
    """The multiple of all costs but funding at which the net mean is zero.

    Bracketed by doubling, then Brent (1973), chapter 4.

    Parameters
    ----------
    net_at : callable
        Net mean at a multiple, falling; each call is a run of the engine.

    Returns
    -------
    float
        0 where nothing is earned even for free (or where the mean is NaN, without trades); infinite
        where the mean is positive at `MOST` times the costs, as where there are none.
    """
    from scipy.optimize import brentq

    low, high = 0.0, 1.0
    if not net_at(low) > 0.0:
        return 0.0
    while net_at(high) > 0.0:
        low, high = high, 2.0 * high
        if high > MOST:
            return np.inf
    return float(brentq(net_at, low, high, xtol=FINENESS, rtol=FINENESS))


def capacity_of(notionals: NDArray[np.float64], net: NDArray[np.float64]) -> float:
    """The notional at which the net mean falls to zero, linear in its logarithm between the levels.

    Parameters
    ----------
    notionals, net : (n,) float64
        Levels, ascending, and the net mean at each.

    Returns
    -------
    float
        0 where the least already loses, infinite where none does, NaN where a mean is NaN.

    Examples
    --------
    >>> round(capacity_of(np.array([1e4, 1e5, 1e6]), np.array([9.0, 3.0, -3.0])))
    316228
    """
    if np.any(np.isnan(net)):
        return np.nan
    losing = np.flatnonzero(net <= 0.0)
    if not len(losing):
        return np.inf
    first = losing[0]
    if first == 0:
        return 0.0
    span = np.log(notionals[first - 1 : first + 1])
    share = net[first - 1] / (net[first - 1] - net[first])
    return float(np.exp(span[0] + share * (span[1] - span[0])))

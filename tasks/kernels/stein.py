"""Shrinkage of independent estimates in one level: closed forms that users know."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.shrinkage import TOLERANCE, shrink

Reals = NDArray[np.float64]
MOST_STEPS = 100


@kernel
def shrink_normal(effects: Reals, variances: Reals) -> tuple[Reals, Reals, float]:
    """Normal empirical Bayes in one level, around the pooled mean (Morris 1983).

    Parameters
    ----------
    effects, variances : (k,) float64
        Independent estimates and their sampling variances, above zero; one that is not finite
        is left out, and gets the centre.

    Returns
    -------
    means, variances : (k,) float64
        The posterior; 0 and inf without any usable estimate.
    tau2 : float
        Variance of the true effects around their mean.
    """
    usable = np.isfinite(variances)
    if not np.any(usable):
        return np.zeros(effects.size), np.full(effects.size, np.inf), 0.0
    middle = np.mean(effects[usable])  # so that squares of large means cancel nothing
    tau2, spread, centre, weight = _root(effects[usable] - middle, variances[usable])
    centres = np.full(effects.size, middle + centre)
    doubts = np.full(effects.size, 1.0 / weight)
    expected = np.sum(usable) - 1.0
    means, spreads = shrink(effects, variances, centres, doubts, tau2, spread, expected)
    return means, spreads, tau2


@kernel
def _root(y: Reals, v: Reals) -> tuple[float, float, float, float]:
    """The tau2 of Paule and Mandel by Newton's steps, with Q, the mean and its weight there.

    Q falls and is convex, so that the steps from 0 never pass the root.
    """
    expected = y.size - 1.0
    tau2 = 0.0
    for _ in range(MOST_STEPS):
        w1 = wy = wyy = w2 = w2y = w2yy = 0.0
        for i in range(y.size):
            w = 1.0 / (v[i] + tau2)
            along = w * y[i]
            w1 += w
            wy += along
            wyy += along * y[i]
            w2 += w * w
            w2y += w * along
            w2yy += along * along
        mean = wy / w1
        spread = wyy - mean * wy
        if spread <= expected * (1.0 + TOLERANCE):
            break
        tau2 += (spread - expected) / (w2yy - 2.0 * mean * w2y + mean * mean * w2)
    return tau2, spread, mean, w1


@kernel
def james_stein(effects: Reals, variances: Reals) -> Reals:
    """Positive-part James-Stein rule towards zero, with unequal variances.

    ``y max(0, 1 - (k - 2) / sum(y^2 / v))`` (Efron and Morris 1975, JASA 70:311-319): one factor
    for all, so that small samples keep their noise. Up to two estimates stay as they are.

    Parameters
    ----------
    effects, variances : (k,) float64
        Independent estimates and their sampling variances, above zero; one that is not finite
        is left out, and becomes 0.

    Returns
    -------
    (k,) float64
    """
    q = 0.0
    n = 0
    for i in range(effects.size):
        if np.isfinite(variances[i]):
            q += effects[i] * effects[i] / variances[i]
            n += 1
    kept = 1.0
    if n > 2:
        kept = max(0.0, 1.0 - (n - 2) / q) if q > 0.0 else 0.0
    shrunk = np.zeros(effects.size)
    for i in range(effects.size):
        if np.isfinite(variances[i]):
            shrunk[i] = kept * effects[i]
    return shrunk

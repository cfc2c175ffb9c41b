"""Stepdown maxima of sign-flipped statistics, in order of what was observed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]
Sums = NDArray[np.float32]
Codes = NDArray[np.int64]
LARGEST_SHARE = 1.0 - 1e-6


@kernel
def _scale(n_clusters: float) -> float:
    """Wallace's factor ``c(n) = (n - 1) ((8 n - 7) / (8 n - 5))^2``."""
    return (n_clusters - 1.0) * ((8.0 * n_clusters - 7.0) / (8.0 * n_clusters - 5.0)) ** 2


@kernel
def _share(total: float, inverse: float) -> float:
    """``S^2 / n``, cut where the sample would have no variance left."""
    return min(total * total * inverse, LARGEST_SHARE)


@kernel
def square_normal_scores(sums: Sums, n_clusters: Reals) -> Reals:
    """Squared normal scores of self-normalised sums, comparable between numbers of clusters.

    A sum S of n scores whose squares sum to 1 has the t statistic
    ``T = S / sqrt(n / (n - 1) (1 - S^2 / n))`` with n - 1 degrees of freedom, and the normal score
    of T by Wallace (1959, Annals of Mathematical Statistics 30, 1121) is, free of T,
    ``z^2 = (n - 1) ((8 n - 7) / (8 n - 5))^2 (-log(1 - S^2 / n))``.

    Parameters
    ----------
    sums : (K,) float32
        None is NaN; ``S^2 / n`` counts as at most 1 - 1e-6.
    n_clusters : (K,) float64
        At least 1; the score of a single cluster is 0.

    Returns
    -------
    (K,) float64
    """
    squares = np.empty(sums.size)
    for k in range(sums.size):
        share = _share(np.float64(sums[k]), 1.0 / n_clusters[k])
        squares[k] = _scale(n_clusters[k]) * -np.log1p(-share)
    return squares


@kernel
def count_reached(sums: Sums, n_clusters: Reals, levels: Reals, order: Codes) -> Codes:
    """Count, for each hypothesis, the draws whose stepdown maximum reaches its level.

    The maximum of a draw is that of its `square_normal_scores` over the hypothesis and those before
    it in order: what is still in doubt once all above are rejected (Romano and Wolf 2005,
    Econometrica 73, 1237, section 4). A logarithm is only taken where
    ``-log(1 - x) <= x / (1 - x)`` leaves room above the maximum so far.

    Parameters
    ----------
    sums : (B, K) float32
        Self-normalised sums, one draw per row; none is NaN.
    n_clusters, levels : (K,) float64
        Clusters, and squared normal scores observed.
    order : (K,) int64
        Hypotheses by ascending level.

    Returns
    -------
    (K,) int64
    """
    n_draws, n = sums.shape
    scale, inverse, ascending = np.empty(n), np.empty(n), np.empty(n)
    for rank in range(n):
        scale[rank] = _scale(n_clusters[order[rank]])
        inverse[rank] = 1.0 / n_clusters[order[rank]]
        ascending[rank] = levels[order[rank]]
    counts = np.zeros(n, np.int64)
    for draw in range(n_draws):
        highest = 0.0
        for rank in range(n):
            share = _share(np.float64(sums[draw, order[rank]]), inverse[rank])
            if scale[rank] * share > highest * (1.0 - share):
                highest = max(highest, scale[rank] * -np.log1p(-share))
            counts[rank] += highest >= ascending[rank]
    reached = np.empty(n, np.int64)
    reached[order] = counts
    return reached

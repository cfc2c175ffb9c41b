"""Combinatorially symmetric cross-validation: how the best of one half does in the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

EQUAL = 1e-9


@kernel
def rank_winners(
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
    lengths: NDArray[np.int64],
    halves: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Rank out of sample, by Sharpe ratio, the strategy that is best in sample, for each split.

    A half whose returns do not vary has a Sharpe ratio of 0. The first of equals wins in sample;
    equals out of sample share the middle of their ranks. Equals are no rarity: whoever earns on
    one day of n has the ratio 1 / sqrt(n), however much it is.

    Parameters
    ----------
    sums, squares : (n_blocks, n) float64
        Sums of returns and of their squares by block of time and strategy, without NaN.
    lengths : (n_blocks,) int64
        Returns in each block.
    halves : (n_splits, n_blocks) bool
        The blocks that are in sample; both halves hold at least two returns.

    Returns
    -------
    (n_splits,) float64
        Rank over n + 1, between 0 (worst) and 1.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu, The probability of backtest overfitting, Journal of
    Computational Finance 20 (2017), section 2.2.
    """
    n_blocks, n = sums.shape
    ranks = np.empty(halves.shape[0])
    total, square, sharpe = np.empty((2, n)), np.empty((2, n)), np.empty((2, n))
    for c in range(halves.shape[0]):
        total[:], square[:] = 0.0, 0.0
        length = np.zeros(2)
        for b in range(n_blocks):
            side = 0 if halves[c, b] else 1
            length[side] += lengths[b]
            for k in range(n):
                total[side, k] += sums[b, k]
                square[side, k] += squares[b, k]
        for side in range(2):
            for k in range(n):
                mean = total[side, k] / length[side]
                spread = square[side, k] - mean * total[side, k]
                varies = spread > 1e-12 * square[side, k]
                sharpe[side, k] = mean / np.sqrt(spread / (length[side] - 1)) if varies else 0.0
        most = np.max(sharpe[0])
        best = np.argmax(sharpe[0] >= most - EQUAL * abs(most))
        reached = sharpe[1, best]
        slack = EQUAL * abs(reached)
        below, equal = 0, 0
        for k in range(n):
            below += sharpe[1, k] < reached - slack
            equal += abs(sharpe[1, k] - reached) <= slack
        ranks[c] = (below + 0.5 * (equal + 1)) / (n + 1)
    return ranks

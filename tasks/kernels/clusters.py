"""Sums by cell and calendar block: all that a clustered test needs of millions of bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel


@kernel
def sum_by_cell(
    rows: NDArray[np.int64],
    codes: NDArray[np.int64],
    sides: NDArray[np.int64],
    returns: NDArray[np.float64],
    conditions: NDArray[np.int64],
    clusters: NDArray[np.int64],
    shape: tuple[int, int, int],
) -> NDArray[np.float64]:
    """Count and sum signed returns by code, condition and cluster.

    Parameters
    ----------
    rows, codes, sides : (n,) int64
        Bar of each observation, its code (an event), and +1 or -1.
    returns : (n_bars,) float64
        Long-side returns; an observation whose return is NaN is in no cell.
    conditions : (n_bars, m) int64
        The conditions that hold at each bar, -1 for none.
    clusters : (n_bars,) int64
        The block of each bar, from 0.
    shape : (int, int, int)
        How many codes, conditions and clusters there are.

    Returns
    -------
    (4, n_codes, n_conditions, n_clusters) float64
        Count, sum of sides, sum of signed returns, sum of their squares.
    """
    sums = np.zeros((4, shape[0], shape[1], shape[2]))
    for i in range(rows.size):
        t, e = rows[i], codes[i]
        signed = sides[i] * returns[t]
        if np.isnan(signed):
            continue
        g = clusters[t]
        for j in range(conditions.shape[1]):
            c = conditions[t, j]
            if c >= 0:
                sums[0, e, c, g] += 1.0
                sums[1, e, c, g] += sides[i]
                sums[2, e, c, g] += signed
                sums[3, e, c, g] += signed * signed
    return sums


@kernel
def sum_paths(
    open_: NDArray[np.float64],
    close: NDArray[np.float64],
    rows: NDArray[np.int64],
    sides: NDArray[np.int64],
    clusters: NDArray[np.int64],
    n_clusters: int,
    before: int,
    after: int,
) -> NDArray[np.float64]:
    """Sum signed returns from the next open along the path around each row, by cluster.

    Parameters
    ----------
    open_, close : (n,) float64
        Prices.
    rows : (m,) int64
        Bars t with ``before <= t < n - after`` whose path has no gap.
    sides, clusters : (m,) int64
        +1 or -1, and 0 to n_clusters - 1, per row.
    n_clusters, before, after : int
        Blocks, and bars of the path before and after t; `after` is at least one.

    Returns
    -------
    (n_clusters, before + 1 + after) float64
        Sums of ``side * (close[t + k] / open[t + 1] - 1)`` for k from -before to after.
    """
    sums = np.zeros((n_clusters, before + 1 + after))
    for i in range(rows.size):
        t = rows[i]
        entry = open_[t + 1]
        for k in range(sums.shape[1]):
            sums[clusters[i], k] += sides[i] * (close[t - before + k] / entry - 1.0)
    return sums

"""Sums by cell and calendar block: all that a clustered test needs of millions of bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel


@kernel
def sum_by_cell(
    returns: NDArray[np.float64],
    sides: NDArray[np.int64],
    cells: NDArray[np.int64],
    clusters: NDArray[np.int64],
    n_cells: int,
    n_clusters: int,
) -> NDArray[np.float64]:
    """Count and sum signed returns by cell and cluster.

    Parameters
    ----------
    returns : (n,) float64
        Long-side returns; an observation whose return is NaN is in no cell.
    sides : (n,) int64
        +1 or -1.
    cells : (n, m) int64
        The cells that each observation belongs to, -1 for none.
    clusters : (n,) int64
        From 0 to n_clusters - 1.
    n_cells, n_clusters : int
        Shape of the result.

    Returns
    -------
    (4, n_cells, n_clusters) float64
        Count, sum of sides, sum of signed returns, sum of their squares.
    """
    sums = np.zeros((4, n_cells, n_clusters))
    for i in range(returns.size):
        signed = sides[i] * returns[i]
        if np.isnan(signed):
            continue
        g = clusters[i]
        for j in range(cells.shape[1]):
            cell = cells[i, j]
            if cell >= 0:
                sums[0, cell, g] += 1.0
                sums[1, cell, g] += sides[i]
                sums[2, cell, g] += signed
                sums[3, cell, g] += signed * signed
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

"""Sums and moments over windows by doubling: two blocks side by side make one of twice the length.

A value so depends on its window's content alone, not on where the series began, and the last bars
of a series give bit for bit what the whole series gives; a running sum would not. The cost is
n log(window). Callers go over the series in pieces, so that the blocks stay in the processor's
cache; a piece begins ``window - 1`` bars before the first bar that is asked of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]

PIECE = 32_768


def doubling_weights(window: int, decay: float) -> Reals:
    """Weights of the older part in each step of doubling, shape (2, n_steps).

    First those for doubling a block of 1, 2, 4, ... bars, then those for adding it to the window.
    """
    sizes = [1 << k for k in range(window.bit_length())]
    return np.array([[decay**size for size in sizes], [decay ** (window % s) for s in sizes]])


@kernel
def doubled(work: Reals, n: int, window: int, weights: Reals) -> Reals:
    """Decayed sums over windows of ``work[0, :n]``, shape (n,): a view of `work`.

    Parameters
    ----------
    work : array of float64, shape (4, at least n)
        First row the values, without NaN; overwritten.
    n, window : int
        Values, and bars summed at each.
    weights : array of float64, shape (2, n_steps)
        See `doubling_weights`.
    """
    block, next_block = work[0, :n], work[1, :n]
    total, next_total = work[2, :n], work[3, :n]
    for k in range(weights.shape[1]):
        size = 1 << k
        reach = window % size
        if window & size and reach == 0:
            total[:] = block
        elif window & size:
            _join(total, block, reach, weights[1, k], next_total)
            total, next_total = next_total, total
        if 2 * size <= window:
            _join(block, block, size, weights[0, k], next_block)
            block, next_block = next_block, block
    return total


@kernel
def _join(young: Reals, old: Reals, n: int, weight: float, out: Reals) -> None:
    """`young` plus what `old` held `n` bars before, in proportion `weight`."""
    n = min(n, young.size)
    out[:n] = young[:n]
    recent, sums = young[n:], out[n:]
    for i in range(recent.size):
        sums[i] = recent[i] + weight * old[i]


@kernel
def pooled(work: Reals, n: int, window: int, full: bool) -> Reals:
    """Count, mean and sum of squared deviations over windows of ``work[0, :, :n]``.

    Source: the pairwise update of Chan, Golub and LeVeque (1983, The American Statistician 37).

    Parameters
    ----------
    work : array of float64, shape (4, 3, at least n)
        First row the same of each bar alone: count 0 or 1, its value or 0, and 0; overwritten.
    n, window : int
        Bars, and bars in each window.
    full : bool
        Every bar is there. The count is then not computed, and the first ``window - 1`` bars,
        whose windows begin before the first, are not meaningful.

    Returns
    -------
    array of float64, shape (3, at least n)
        A view of `work`.
    """
    block, next_block, total, next_total = work[0], work[1], work[2], work[3]
    size = 1
    while size <= window:
        reach = window % size
        if window & size and reach == 0:
            total[:, :n] = block[:, :n]
        elif window & size:
            _pool(total, block, n, reach, size if full else 0, next_total)
            total, next_total = next_total, total
        if 2 * size <= window:
            _pool(block, block, n, size, size if full else 0, next_block)
            block, next_block = next_block, block
        size *= 2
    return total


@kernel
def _pool(young: Reals, old: Reals, n: int, size: int, n_old: int, out: Reals) -> None:
    """Windows of `size` bars in `young` with those before in `old`: `n_old` bars, 0 if unknown."""
    size = min(size, n)
    out[:, :size] = young[:, :size]
    mean, squares = young[1, size:n], young[2, size:n]
    if n_old:
        share = n_old / (size + n_old)
        _pool_full(
            mean, old[1], squares, old[2], share, float(size), out[1, size:n], out[2, size:n]
        )
    else:
        count = young[0, size:n]
        _pool_squares(count, old[0], mean, old[1], squares, old[2], out[2, size:n])
        _pool_means(count, old[0], mean, old[1], out[1, size:n])
        _join(young[0, :n], old[0, :n], size, 1.0, out[0, :n])


# The loops below stand alone so that the compiler can work on several bars at a time.
@kernel
def _pool_full(
    mean: Reals,
    old_mean: Reals,
    squares: Reals,
    old_squares: Reals,
    share: float,
    count: float,
    means: Reals,
    sums: Reals,
) -> None:
    for i in range(mean.size):
        gap = old_mean[i] - mean[i]
        sums[i] = squares[i] + (old_squares[i] + gap * gap * share * count)
        means[i] = mean[i] + gap * share


@kernel
def _pool_squares(
    count: Reals,
    old_count: Reals,
    mean: Reals,
    old_mean: Reals,
    squares: Reals,
    old_squares: Reals,
    sums: Reals,
) -> None:
    for i in range(mean.size):
        share = old_count[i] / max(count[i] + old_count[i], 1.0)
        gap = old_mean[i] - mean[i]
        sums[i] = squares[i] + (old_squares[i] + gap * gap * share * count[i])


@kernel
def _pool_means(count: Reals, old_count: Reals, mean: Reals, old_mean: Reals, means: Reals) -> None:
    for i in range(mean.size):
        share = old_count[i] / max(count[i] + old_count[i], 1.0)
        means[i] = mean[i] + (old_mean[i] - mean[i]) * share

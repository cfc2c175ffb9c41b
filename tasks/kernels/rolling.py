"""Sums, means, spreads and extremes over the last `window` bars, this bar included.

All are built by doubling: the window of two blocks is combined from the windows of each. A value
so depends on its window's content alone, not on where the series began, and the last bars of a
series give bit for bit what the whole series gives; a running sum would not. Cost: n log(window).

Policy for all: NaN values are skipped; a window with fewer than `min_count` values gives NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Combine = Callable[[Reals, Reals], Reals]


def third(window: int) -> int:
    """Values that a window must hold to say something: a third of it, at least one."""
    return max(1, -(-window // 3))


def before(x: Reals, n: int = 1) -> Reals:
    """`x` of `n` bars before, shape (n_bars,); NaN where there is none."""
    out = np.full(x.shape, np.nan)
    if n < x.size:
        out[n:] = x[: x.size - n]
    return out


def window_count(x: Reals, window: int) -> Reals:
    """Number of values that are not NaN in each window, shape (n,)."""
    return decayed_sum(np.isfinite(x).astype(np.float64), window)


def window_sum(x: Reals, window: int, min_count: int) -> Reals:
    """Sum over each window, shape (n,)."""
    return _where_enough(decayed_sum(_zero_if_nan(x), window), x, window, min_count)


def window_mean(x: Reals, window: int, min_count: int) -> Reals:
    """Mean over each window, shape (n,)."""
    return window_sum(x, window, min_count) / np.maximum(window_count(x, window), 1.0)


def window_max(x: Reals, window: int, min_count: int) -> Reals:
    """Greatest value of each window, shape (n,)."""
    filled = np.where(np.isnan(x), -np.inf, x)
    return _where_enough(_extreme(filled, window, np.maximum), x, window, min_count)


def window_min(x: Reals, window: int, min_count: int) -> Reals:
    """Least value of each window, shape (n,)."""
    filled = np.where(np.isnan(x), np.inf, x)
    return _where_enough(_extreme(filled, window, np.minimum), x, window, min_count)


def window_std(x: Reals, window: int, min_count: int) -> Reals:
    """Sample standard deviation (n - 1) of each window, shape (n,); NaN below two values.

    Source: the pairwise update of Chan, Golub and LeVeque (1983, The American Statistician 37).
    """
    count, _, squares = _moments(x, window)
    spread = np.sqrt(squares / np.maximum(count - 1.0, 1.0))
    return np.where(count >= max(2, min_count), spread, np.nan)


def decayed_sum(x: Reals, window: int, decay: float = 1.0) -> Reals:
    """Sum of ``decay**k * x[t-k]`` for k from 0 to `window` - 1, shape (n,).

    Parameters
    ----------
    x : array of float64, shape (n,)
        Without NaN.
    window : int
        Bars, at least one; bars before the series count as zero.
    decay : float
        Weight of a bar relative to the next younger one.
    """
    total: Reals | None = None
    block, size, reach = x, 1, 0
    while True:
        if window & size:
            total = block if total is None else _joined(total, block, reach, decay)
            reach += size
        if 2 * size > window:
            break
        block, size = _joined(block, block, size, decay), 2 * size
    assert total is not None
    return total.copy() if total is x else total


def _joined(young: Reals, old: Reals, n: int, decay: float) -> Reals:
    """`young` plus what `old` held `n` bars before."""
    out = young.copy()
    if n < out.size:
        out[n:] += decay**n * old[: out.size - n]
    return out


def _extreme(x: Reals, window: int, pick: Combine) -> Reals:
    block, size = x, 1
    while 2 * size <= window:
        block, size = _picked(block, size, pick), 2 * size
    return _picked(block, window - size, pick) if size < window else block


def _picked(block: Reals, n: int, pick: Combine) -> Reals:
    out = block.copy()
    if n < out.size:
        out[n:] = pick(block[n:], block[: out.size - n])
    return out


def _moments(x: Reals, window: int) -> tuple[Reals, Reals, Reals]:
    """Count, mean and sum of squared deviations of each window."""
    block = (np.isfinite(x).astype(np.float64), _zero_if_nan(x), np.zeros(x.size))
    total, size, reach = None, 1, 0
    while True:
        if window & size:
            total = block if total is None else _pooled(total, block, reach)
            reach += size
        if 2 * size > window:
            break
        block, size = _pooled(block, block, size), 2 * size
    assert total is not None
    return total


def _pooled(
    young: tuple[Reals, Reals, Reals], old: tuple[Reals, Reals, Reals], n: int
) -> tuple[Reals, Reals, Reals]:
    if n >= young[0].size:
        return young
    (count, mean, squares) = (part.copy() for part in young)
    (old_count, old_mean, old_squares) = (part[: part.size - n] for part in old)
    both = count[n:] + old_count
    share = old_count / np.maximum(both, 1.0)
    gap = old_mean - mean[n:]
    squares[n:] += old_squares + gap * gap * share * count[n:]
    mean[n:] += gap * share
    count[n:] = both
    return count, mean, squares


def _where_enough(value: Reals, x: Reals, window: int, min_count: int) -> Reals:
    return np.where(window_count(x, window) >= max(1, min_count), value, np.nan)


def _zero_if_nan(x: Reals) -> Reals:
    return np.where(np.isnan(x), 0.0, x)

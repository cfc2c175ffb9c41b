"""Sums, means, spreads and extremes over the last `window` bars, this bar included.

Sums are built by doubling (see `tasks.kernels.doubling`), so a value depends on its window's
content alone and the last bars of a series give bit for bit what the whole series gives. Counts
and extremes are exact in any order, so they run along the series.

Policy for all: NaN values are skipped; a window with fewer than `min_count` values gives NaN.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.doubling import PIECE, Reals, doubled, doubling_weights, pooled


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
    """Number of values that are finite in each window, shape (n,)."""
    return _counts(_reals(x), window)


def window_sum(x: Reals, window: int, min_count: int) -> Reals:
    """Sum over each window, shape (n,)."""
    x = _reals(x)
    return _where_enough(decayed_sum(x, window), x, window, min_count, False)


def window_mean(x: Reals, window: int, min_count: int) -> Reals:
    """Mean over each window, shape (n,)."""
    x = _reals(x)
    return _where_enough(decayed_sum(x, window), x, window, min_count, True)


def window_max(x: Reals, window: int, min_count: int) -> Reals:
    """Greatest value of each window, shape (n,)."""
    x = _reals(x)
    return _where_enough(_greatest(x, window, 1.0), x, window, min_count, False)


def window_min(x: Reals, window: int, min_count: int) -> Reals:
    """Least value of each window, shape (n,)."""
    x = _reals(x)
    return _where_enough(_greatest(x, window, -1.0), x, window, min_count, False)


def window_std(x: Reals, window: int, min_count: int) -> Reals:
    """Sample standard deviation (n - 1) of each window, shape (n,); NaN below two values.

    Source: the pairwise update of Chan, Golub and LeVeque (1983, The American Statistician 37).
    """
    return _deviations(_reals(x), window, float(max(2, min_count)))


def decayed_sum(x: Reals, window: int, decay: float = 1.0) -> Reals:
    """Sum of ``decay**k * x[t-k]`` for k from 0 to `window` - 1, shape (n,).

    Parameters
    ----------
    x : array of float64, shape (n,)
        NaN counts as zero, and so do bars before the series.
    window : int
        Bars, at least one.
    decay : float
        Weight of a bar relative to the next younger one.
    """
    return _decayed_sums(_reals(x), window, doubling_weights(window, decay))


def _reals(x: Reals) -> Reals:
    return np.ascontiguousarray(x, np.float64)


@kernel
def _decayed_sums(x: Reals, window: int, weights: Reals) -> Reals:
    n = x.size
    lead = min(window - 1, n)
    work = np.empty((4, lead + min(PIECE, n)))
    out = np.empty(n)
    for start in range(0, n, PIECE):
        first, end = max(0, start - lead), min(start + PIECE, n)
        values = work[0, : end - first]
        for i in range(values.size):
            v = x[first + i]
            values[i] = v if v == v else 0.0
        out[start:end] = doubled(work, end - first, window, weights)[start - first :]
    return out


@kernel
def _counts(x: Reals, window: int) -> Reals:
    out = np.empty(x.size)
    count = 0
    for t in range(x.size):
        count += np.isfinite(x[t])
        if t >= window:
            count -= np.isfinite(x[t - window])
        out[t] = count
    return out


@kernel
def _where_enough(value: Reals, x: Reals, window: int, min_count: int, mean: bool) -> Reals:
    """Write NaN into `value` where the window of `x` holds too few; divide by the count or not."""
    count = 0
    for t in range(x.size):
        count += np.isfinite(x[t])
        if t >= window:
            count -= np.isfinite(x[t - window])
        if count < max(1, min_count):
            value[t] = np.nan
        elif mean:
            value[t] /= count
    return value


@kernel
def _greatest(x: Reals, window: int, sign: float) -> Reals:
    """Greatest of ``sign * x`` in each window, times `sign`.

    The series is cut every `window` bars. A window is the end of one part and the beginning of
    the next; the greatest of either is known from one pass each way (van Herk 1992, Pattern
    Recognition Letters 13).
    """
    n = x.size
    out = np.empty(n)
    window = min(window, max(n, 1))
    ends = np.full(window + 1, -np.inf)
    for start in range(0, n, window):
        size = min(window, n - start)
        best = -np.inf
        for i in range(size):
            v = sign * x[start + i] + 0.0  # plus zero: one zero, not two
            best = v if v > best else best
            out[start + i] = sign * max(best, ends[i + 1]) + 0.0
        best = -np.inf
        for i in range(size - 1, -1, -1):
            v = sign * x[start + i] + 0.0
            best = v if v > best else best
            ends[i] = best
    return out


@kernel
def _deviations(x: Reals, window: int, min_count: float) -> Reals:
    """Sample standard deviations, piece by piece."""
    n = x.size
    lead = min(window - 1, n)
    work = np.empty((4, 3, lead + min(PIECE, n)))
    out = np.empty(n)
    for start in range(0, n, PIECE):
        first, end = max(0, start - lead), min(start + PIECE, n)
        count, mean, squares = work[0, 0], work[0, 1], work[0, 2]
        n_held = 0.0
        for i in range(end - first):
            v = x[first + i]
            count[i] = np.isfinite(v)
            mean[i] = v if v == v else 0.0
            squares[i] = 0.0
            n_held += count[i]
        full = n_held == end - first and start - first == window - 1
        moments = pooled(work, end - first, window, full)
        if full:
            moments[0] = window
        held, squares = moments[0, start - first :], moments[2, start - first :]
        _spread(held, squares, min_count, out[start:end])
    return out


@kernel
def _spread(count: Reals, squares: Reals, min_count: float, out: Reals) -> None:
    for i in range(out.size):
        spread = np.sqrt(squares[i] / max(count[i] - 1.0, 1.0))
        out[i] = spread if count[i] >= min_count else np.nan

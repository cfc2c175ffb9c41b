"""Least squares over the last `window` bars, this bar included.

Built of window sums, so a value depends on its window alone (see `tasks.kernels.doubling`).
Policy: a bar counts only where all its values are there; fewer than `min_count` give NaN.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.doubling import PIECE, Reals, doubled, doubling_weights


def window_pair(x: Reals, y: Reals, window: int, min_count: int) -> tuple[Reals, Reals]:
    """Slope of `y` on `x`, with intercept, and their correlation.

    Meant for values around zero, such as returns: the sums are not centred first.

    Parameters
    ----------
    x, y : array of float64, shape (n,)
    window, min_count : int
        Bars, and those that must hold both values, else NaN; three at least.

    Returns
    -------
    slope, correlation : array of float64, shape (n,)
        NaN too where `x` (for the correlation, or `y`) does not vary.
    """
    x, y = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
    out = _pairs(x, y, window, doubling_weights(window, 1.0), float(max(3, min_count)))
    return out[0], out[1]


def window_line(y: Reals, window: int, min_count: int) -> Reals:
    """Slope per bar of the least-squares line through `y` over time, shape (n,).

    Parameters
    ----------
    y : array of float64, shape (n,)
        NaN values are skipped.
    window, min_count : int
        Bars, and those that must hold a value, else NaN; two at least.
    """
    y = np.ascontiguousarray(y, np.float64)
    return _lines(y, window, max(2, min_count))


@kernel
def _pairs(x: Reals, y: Reals, window: int, weights: Reals, min_count: float) -> Reals:
    """Slopes and correlations, shape (2, n), piece by piece."""
    n = x.size
    lead = min(window - 1, n)
    work = np.empty((4, lead + min(PIECE, n)))
    parts = np.empty((5, lead + min(PIECE, n)))
    sums = np.empty((6, min(PIECE, n)))
    out = np.empty((2, n))
    count = 0
    for start in range(0, n, PIECE):
        first, end = max(0, start - lead), min(start + PIECE, n)
        _fill_products(x[first:end], y[first:end], parts)
        for k in range(5):
            work[0, : end - first] = parts[k, : end - first]
            sums[k, : end - start] = doubled(work, end - first, window, weights)[start - first :]
        for t in range(start, end):
            count += np.isfinite(x[t]) and np.isfinite(y[t])
            if t >= window:
                count -= np.isfinite(x[t - window]) and np.isfinite(y[t - window])
            sums[5, t - start] = count
        _finish_pairs(sums, min_count, out[0, start:end], out[1, start:end])
    return out


@kernel
def _fill_products(x: Reals, y: Reals, out: Reals) -> None:
    """Values x, y, x x, x y and y y where both are there, else zero."""
    for i in range(x.size):
        both = np.isfinite(x[i]) and np.isfinite(y[i])
        a, b = (x[i], y[i]) if both else (0.0, 0.0)
        out[0, i], out[1, i], out[2, i], out[3, i], out[4, i] = a, b, a * a, a * b, b * b


@kernel
def _finish_pairs(sums: Reals, min_count: float, slope: Reals, correlation: Reals) -> None:
    for i in range(slope.size):
        n = sums[5, i]
        mean_x, mean_y = sums[0, i] / n, sums[1, i] / n
        var_x = max(sums[2, i] / n - mean_x * mean_x, 0.0)
        cov = sums[3, i] / n - mean_x * mean_y
        var_y = max(sums[4, i] / n - mean_y * mean_y, 0.0)
        b, r = cov / var_x, cov / np.sqrt(var_x * var_y)
        slope[i] = b if n >= min_count and np.isfinite(b) else np.nan
        correlation[i] = min(max(r, -1.0), 1.0) if n >= min_count and np.isfinite(r) else np.nan


@kernel
def _lines(y: Reals, window: int, min_count: int) -> Reals:
    """Slopes, piece by piece; sums of ages are whole numbers, exact in any order."""
    n = y.size
    lead = min(window - 1, n)
    work = np.empty((8, lead + min(PIECE, n)))
    out = np.empty(n)
    held, ages, squares = 0, 0, 0
    for start in range(0, n, PIECE):
        first, end = max(0, start - lead), min(start + PIECE, n)
        for i in range(end - first):
            work[0, i] = y[first + i] if np.isfinite(y[first + i]) else 0.0
            work[1, i] = 0.0
        total, weighted = _aged_sums(work, end - first, window)
        for t in range(start, end):
            squares += 2 * ages + held
            ages += held
            held += np.isfinite(y[t])
            if t >= window and np.isfinite(y[t - window]):
                held, ages, squares = held - 1, ages - window, squares - window * window
            age_sum, i = float(ages), t - first
            moment = weighted[i] - age_sum * total[i] / held
            slope = -moment / (squares - age_sum * age_sum / held)
            out[t] = slope if held >= min_count and np.isfinite(slope) else np.nan
    return out


@kernel
def _aged_sums(work: Reals, n: int, window: int) -> tuple[Reals, Reals]:
    """Sums over the window of the values in ``work[0]`` and of age times value."""
    block, aged, next_block, next_aged = work[0, :n], work[1, :n], work[2, :n], work[3, :n]
    total, weighted, next_total, next_weighted = work[4, :n], work[5, :n], work[6, :n], work[7, :n]
    size = 1
    while size <= window:
        reach = window % size
        if window & size and reach == 0:
            total[:], weighted[:] = block, aged
        elif window & size:
            _join_aged(total, weighted, block, aged, reach, next_total, next_weighted)
            total, next_total = next_total, total
            weighted, next_weighted = next_weighted, weighted
        if 2 * size <= window:
            _join_aged(block, aged, block, aged, size, next_block, next_aged)
            block, next_block = next_block, block
            aged, next_aged = next_aged, aged
        size *= 2
    return total, weighted


@kernel
def _join_aged(
    young: Reals,
    young_aged: Reals,
    old: Reals,
    old_aged: Reals,
    n: int,
    total: Reals,
    weighted: Reals,
) -> None:
    """Sums of `young` and of what `old` held `n` bars before, whose ages are `n` more."""
    n = min(n, young.size)
    total[:n], weighted[:n] = young[:n], young_aged[:n]
    recent, recent_aged, sums, aged = young[n:], young_aged[n:], total[n:], weighted[n:]
    extra = float(n)
    for i in range(recent.size):
        sums[i] = recent[i] + old[i]
        aged[i] = recent_aged[i] + (old_aged[i] + extra * old[i])

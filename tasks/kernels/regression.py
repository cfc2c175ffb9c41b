"""Least squares over the last `window` bars, this bar included.

Built of window sums, so a value depends on its window alone (see `tasks.kernels.rolling`).
Policy: a bar counts only where all its values are there; fewer than `min_count` give NaN.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels.rolling import Reals, decayed_sum, window_count


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
    both = np.isfinite(x) & np.isfinite(y)
    n = window_count(np.where(both, x, np.nan), window)
    a, b = np.where(both, x, 0.0), np.where(both, y, 0.0)
    sums = [decayed_sum(product, window) for product in (a, b, a * a, a * b, b * b)]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = sums[0] / n, sums[1] / n
        var_x = np.maximum(sums[2] / n - mean_x**2, 0.0)
        var_y = np.maximum(sums[4] / n - mean_y**2, 0.0)
        cov = sums[3] / n - mean_x * mean_y
        slope, correlation = cov / var_x, cov / np.sqrt(var_x * var_y)
    enough = n >= max(3, min_count)
    slope = np.where(enough & np.isfinite(slope), slope, np.nan)
    correlation = np.where(enough & np.isfinite(correlation), correlation, np.nan)
    return slope, np.clip(correlation, -1.0, 1.0)


def window_line(y: Reals, window: int, min_count: int) -> Reals:
    """Slope per bar of the least-squares line through `y` over time, shape (n,).

    Parameters
    ----------
    y : array of float64, shape (n,)
        NaN values are skipped.
    window, min_count : int
        Bars, and those that must hold a value, else NaN; two at least.
    """
    held, ages, squares, total, weighted = _line_sums(y, window)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = -(weighted - ages * total / held) / (squares - ages**2 / held)
    return np.where((held >= max(2, min_count)) & np.isfinite(slope), slope, np.nan)


def _line_sums(y: Reals, window: int) -> tuple[Reals, ...]:
    """Sums over the window of 1, age, age squared, y and age times y, of the values there are."""
    present = np.isfinite(y).astype(np.float64)
    value = np.where(present > 0.0, y, 0.0)
    block = (present, np.zeros(y.size), np.zeros(y.size), value, np.zeros(y.size))
    total, size, reach = None, 1, 0
    while True:
        if window & size:
            total = block if total is None else _aged(total, block, reach)
            reach += size
        if 2 * size > window:
            break
        block, size = _aged(block, block, size), 2 * size
    assert total is not None
    return total


def _aged(young: tuple[Reals, ...], old: tuple[Reals, ...], n: int) -> tuple[Reals, ...]:
    """Sums of `young` and of what `old` held `n` bars before, whose ages are `n` more."""
    if n >= young[0].size:
        return young
    held, ages, squares, total, weighted = (part[: part.size - n] for part in old)
    moved = (held, ages + n * held, squares + 2.0 * n * ages + n * n * held)
    moved = (*moved, total, weighted + n * total)
    out = tuple(part.copy() for part in young)
    for part, more in zip(out, moved, strict=True):
        part[n:] += more
    return out

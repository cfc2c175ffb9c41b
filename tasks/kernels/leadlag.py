"""Least squares of one series on the last values of another, over rolling windows."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

N_LAGS = 3
N_SUMS = 15
X, Y, XX, XY, YY = 1, 4, 5, 11, 14
ROUNDING = 1e-10


@kernel
def lagged_regression(
    y: Reals, x: Reals, window: int, phase: int, min_count: int
) -> tuple[Reals, Reals]:
    """Ordinary least squares of ``y[t]`` on ``x[t-1], x[t-2], x[t-3]``, with intercept.

    Each window's sums are put together from the end of one block and the beginning of the next,
    of `window` bars each (van Herk 1992, Pattern Recognition Letters 13). Where blocks begin is
    told by `phase`, so that the last bars of a series give bit for bit what the whole gives.

    Parameters
    ----------
    y, x : array of float64, shape (n,)
        A bar counts only where all four values are there.
    window, min_count : int
        Bars, this one included, and those that must count, else NaN; five at least.
    phase : int
        Bars from the beginning of its block to the first bar of the series, below `window`.

    Returns
    -------
    coefficients : array of float64, shape (4, n)
        Intercept, and slopes on the last, second last and third last `x`.
    t : array of float64, shape (n,)
        The slopes' largest t statistic, without sign: slope over its standard error, with n - 4
        degrees of freedom; inf where the fit leaves nothing.

        Both are NaN where the values of `x` do not vary, or not apart from each other.
    """
    n = y.size
    coefficients = np.full((N_LAGS + 1, n), np.nan)
    t_statistic = np.full(n, np.nan)
    # rows of the block so far, and after them the sums to the end of the block before
    rows = np.zeros((window + 1, N_SUMS))
    begun, held = np.zeros(N_SUMS), np.empty(N_SUMS)
    for t in range(n):
        place = (t + phase) % window
        if place == 0:
            for k in range(window - 1, -1, -1):
                for j in range(N_SUMS):
                    rows[k, j] += rows[k + 1, j]
            begun[:] = 0.0
        _write_products(rows, place, y, x, t)
        for j in range(N_SUMS):
            begun[j] += rows[place, j]
            held[j] = begun[j] + rows[place + 1, j]
        if held[0] >= max(N_LAGS + 2, min_count):
            constant, first, second, last, largest = _solve(held)
            coefficients[0, t], coefficients[1, t] = constant, first
            coefficients[2, t], coefficients[3, t] = second, last
            t_statistic[t] = largest
    return coefficients, t_statistic


@kernel
def _write_products(rows: Reals, place: int, y: Reals, x: Reals, t: int) -> None:
    """Write one bar's products, zeros if it does not count."""
    a, b, c, v = np.nan, np.nan, np.nan, y[t]
    if t >= N_LAGS:
        a, b, c = x[t - 1], x[t - 2], x[t - 3]
    there = np.isfinite(a + b + c + v)
    if not there:
        a = b = c = v = 0.0
    rows[place, 0] = there
    rows[place, X], rows[place, X + 1], rows[place, X + 2] = a, b, c
    rows[place, Y] = v
    rows[place, XX] = a * a
    rows[place, XX + 1], rows[place, XX + 2] = a * b, b * b
    rows[place, XX + 3], rows[place, XX + 4], rows[place, XX + 5] = a * c, b * c, c * c
    rows[place, XY], rows[place, XY + 1], rows[place, XY + 2] = a * v, b * v, c * v
    rows[place, YY] = v * v


@kernel
def _solve(sums: Reals) -> tuple[float, float, float, float, float]:
    """Coefficients and the largest t statistic, by Cholesky's root without square roots."""
    missing = (np.nan, np.nan, np.nan, np.nan, np.nan)
    n, x, y, z, v = sums[0], sums[X], sums[X + 1], sums[X + 2], sums[Y]
    per_n = 1.0 / n
    d1 = sums[XX] - x * x * per_n
    if not d1 > ROUNDING * sums[XX]:
        return missing
    per_d1 = 1.0 / d1
    xy, xz = sums[XX + 1] - x * y * per_n, sums[XX + 3] - x * z * per_n
    l21, l31 = xy * per_d1, xz * per_d1
    d2 = sums[XX + 2] - y * y * per_n - l21 * xy
    if not d2 > ROUNDING * sums[XX + 2]:
        return missing
    per_d2 = 1.0 / d2
    yz = sums[XX + 4] - y * z * per_n - l31 * xy
    l32 = yz * per_d2
    d3 = sums[XX + 5] - z * z * per_n - l31 * xz - l32 * yz
    if not d3 > ROUNDING * sums[XX + 5]:
        return missing
    per_d3 = 1.0 / d3
    w1 = sums[XY] - x * v * per_n
    w2 = sums[XY + 1] - y * v * per_n - l21 * w1
    w3 = sums[XY + 2] - z * v * per_n - l31 * w1 - l32 * w2
    third = w3 * per_d3
    second = w2 * per_d2 - l32 * third
    first = w1 * per_d1 - l21 * second - l31 * third
    explained = w1 * w1 * per_d1 + w2 * w2 * per_d2 + w3 * w3 * per_d3
    variance = max(0.0, sums[YY] - v * v * per_n - explained) / (n - N_LAGS - 1.0)
    m31 = l21 * l32 - l31
    of_first = first * first / (per_d1 + l21 * l21 * per_d2 + m31 * m31 * per_d3)
    of_second = second * second / (per_d2 + l32 * l32 * per_d3)
    t = np.sqrt(max(of_first, of_second, third * third * d3) / variance)
    return (v - first * x - second * y - third * z) * per_n, first, second, third, t

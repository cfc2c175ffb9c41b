"""Least squares of one series on the last values of another, over rolling windows."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

N_LAGS = 3
N_SUMS = 15
X, Y, XX, XY, YY = 1, 4, 5, 11, 14
ROUNDING = 1e-10
AT_ONCE = 72  # bars solved at once


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
    out = np.empty((N_LAGS + 2, n))
    # rows of the block so far, and after them the sums to the end of the block before
    rows, begun = np.zeros((window + 1, N_SUMS)), np.zeros(N_SUMS)
    held, products = np.empty((N_SUMS, AT_ONCE)), np.empty((N_SUMS, AT_ONCE))
    place = phase % window - 1
    for start in range(0, n, AT_ONCE):
        end = min(start + AT_ONCE, n)
        _write_products(y, x, start, end, products)
        for t in range(start, end):
            place += 1
            if place == window:
                for k in range(window - 1, -1, -1):
                    for j in range(N_SUMS):
                        rows[k, j] += rows[k + 1, j]
                begun[:] = 0.0
                place = 0
            i = t - start
            for j in range(N_SUMS):
                rows[place, j] = products[j, i]
                begun[j] += products[j, i]
                held[j, i] = begun[j] + rows[place + 1, j]
        _solve(held[:, : end - start], float(max(N_LAGS + 2, min_count)), out[:, start:end])
    return out[: N_LAGS + 1], out[N_LAGS + 1]


@kernel
def forecast(coefficients: Reals, x: Reals) -> Reals:
    """Value at each bar of the regression up to the bar before, of the last values of `x`.

    Parameters
    ----------
    coefficients : array of float64, shape (4, n)
        See `lagged_regression`.
    x : array of float64, shape (n,)

    Returns
    -------
    array of float64, shape (n,)
    """
    out = np.full(x.size, np.nan)
    for t in range(N_LAGS, x.size):
        told = 0.0
        for lag in range(1, N_LAGS + 1):
            told += coefficients[lag, t - 1] * x[t - lag]
        out[t] = coefficients[0, t - 1] + told
    return out


@kernel
def _write_products(y: Reals, x: Reals, start: int, end: int, products: Reals) -> None:
    """Write the products of the bars from `start` to `end`, zeros for those that do not count."""
    for i in range(end - start):
        t = start + i
        a, b, c, v = np.nan, np.nan, np.nan, y[t]
        if t >= N_LAGS:
            a, b, c = x[t - 1], x[t - 2], x[t - 3]
        there = np.isfinite(a + b + c + v)
        products[0, i] = there
        products[X, i], products[X + 1, i] = a if there else 0.0, b if there else 0.0
        products[X + 2, i], products[Y, i] = c if there else 0.0, v if there else 0.0
    for i in range(end - start):
        a, b, c = products[X, i], products[X + 1, i], products[X + 2, i]
        v = products[Y, i]
        products[XX, i] = a * a
        products[XX + 1, i], products[XX + 2, i] = a * b, b * b
        products[XX + 3, i], products[XX + 4, i], products[XX + 5, i] = a * c, b * c, c * c
        products[XY, i], products[XY + 1, i], products[XY + 2, i] = a * v, b * v, c * v
        products[YY, i] = v * v


@kernel
def _solve(held: Reals, min_count: float, out: Reals) -> None:
    """Coefficients and the largest t statistic, by Cholesky's root without square roots.

    Many bars in one loop without branches, which the compiler can work on several at a time.
    """
    for i in range(held.shape[1]):
        n, x, y, z, v = held[0, i], held[X, i], held[X + 1, i], held[X + 2, i], held[Y, i]
        xx, yy, zz = held[XX, i], held[XX + 2, i], held[XX + 5, i]
        per_n = 1.0 / n
        d1 = xx - x * x * per_n
        per_d1 = 1.0 / d1
        xy, xz = held[XX + 1, i] - x * y * per_n, held[XX + 3, i] - x * z * per_n
        l21, l31 = xy * per_d1, xz * per_d1
        d2 = yy - y * y * per_n - l21 * xy
        per_d2 = 1.0 / d2
        yz = held[XX + 4, i] - y * z * per_n - l31 * xy
        l32 = yz * per_d2
        d3 = zz - z * z * per_n - l31 * xz - l32 * yz
        per_d3 = 1.0 / d3
        w1 = held[XY, i] - x * v * per_n
        w2 = held[XY + 1, i] - y * v * per_n - l21 * w1
        w3 = held[XY + 2, i] - z * v * per_n - l31 * w1 - l32 * w2
        third = w3 * per_d3
        second = w2 * per_d2 - l32 * third
        first = w1 * per_d1 - l21 * second - l31 * third
        explained = w1 * w1 * per_d1 + w2 * w2 * per_d2 + w3 * w3 * per_d3
        variance = max(0.0, held[YY, i] - v * v * per_n - explained) / (n - N_LAGS - 1.0)
        m31 = l21 * l32 - l31
        of_first = first * first / (per_d1 + l21 * l21 * per_d2 + m31 * m31 * per_d3)
        of_second = second * second / (per_d2 + l32 * l32 * per_d3)
        t = np.sqrt(max(of_first, of_second, third * third * d3) / variance)
        varies = (d1 > ROUNDING * xx) & (d2 > ROUNDING * yy) & (d3 > ROUNDING * zz)
        there = varies & (n >= min_count)
        constant = (v - first * x - second * y - third * z) * per_n
        out[0, i] = constant if there else np.nan
        out[1, i] = first if there else np.nan
        out[2, i] = second if there else np.nan
        out[3, i] = third if there else np.nan
        out[4, i] = t if there else np.nan

"""Axes of small covariance matrices, to the byte the same on any number of threads.

LAPACK splits its sums by the threads it finds; these kernels add up in one order, and release
the interpreter while they do.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]
EPSILON = 2.0**-52
MOST_STEPS = 60
ALONG_ONES = 0.01


@kernel
def symmetric_eigen(matrix: Reals) -> tuple[Reals, Reals]:
    """Eigenvalues and eigenvectors of a symmetric matrix.

    Householder's reduction to a tridiagonal matrix, then the implicit QL method (Golub and
    Van Loan 2013, Matrix Computations, 8.3; EISPACK's tred2 and tql2).

    Parameters
    ----------
    matrix : (m, m) float64
        Finite; it is left as it is.

    Returns
    -------
    values : (m,) float64
        In ascending order.
    vectors : (m, m) float64
        The k-th row belongs to the k-th value.
    """
    diagonal, beside, vectors = _reduce(matrix)
    _diagonalise(diagonal, beside, vectors)
    order = np.argsort(diagonal, kind="mergesort")
    return diagonal[order], vectors[order]


@kernel
def _reduce(matrix: Reals) -> tuple[Reals, Reals, Reals]:
    """``matrix = Z' T Z``: diagonal of T, what stands beside it (last one 0), and Z."""
    m = matrix.shape[0]
    a = matrix.copy()
    z = np.eye(m)
    image = np.zeros(m)
    for k in range(m - 2):
        norm = 0.0
        for i in range(k + 1, m):
            norm = math.hypot(norm, a[k, i])
        if norm == 0.0:
            continue
        mirror = a[k].copy()
        mirror[k + 1] += math.copysign(norm, mirror[k + 1])
        beta = 1.0 / (norm * abs(mirror[k + 1]))
        along = 0.0
        for i in range(k + 1, m):
            image[i] = 0.0
            for j in range(k + 1, m):
                image[i] += a[i, j] * mirror[j]
            image[i] *= beta
            along += image[i] * mirror[i]
        for i in range(k + 1, m):
            image[i] -= 0.5 * beta * along * mirror[i]
        for i in range(k + 1, m):
            for j in range(k + 1, m):
                a[i, j] -= mirror[i] * image[j] + image[i] * mirror[j]
        a[k, k + 1] = -math.copysign(norm, a[k, k + 1])
        for j in range(m):
            image[j] = 0.0
        for i in range(k + 1, m):
            for j in range(m):
                image[j] += mirror[i] * z[i, j]
        for i in range(k + 1, m):
            for j in range(m):
                z[i, j] -= beta * mirror[i] * image[j]
    beside = np.zeros(m)
    for k in range(m - 1):
        beside[k] = a[k, k + 1]
    return np.diag(a).copy(), beside, z


@kernel
def _diagonalise(d: Reals, e: Reals, z: Reals) -> None:
    """Turn a tridiagonal matrix into its eigenvalues in `d`, and the rows of `z` with it."""
    m = d.size
    for low in range(m):
        for _ in range(MOST_STEPS):
            high = low
            while high < m - 1 and abs(e[high]) > EPSILON * (abs(d[high]) + abs(d[high + 1])):
                high += 1
            if high == low:
                break
            g = (d[low + 1] - d[low]) / (2.0 * e[low])
            g = d[high] - d[low] + e[low] / (g + math.copysign(math.hypot(g, 1.0), g))
            s = c = 1.0
            p = 0.0
            for i in range(high - 1, low - 1, -1):
                f, b = s * e[i], c * e[i]
                r = math.hypot(f, g)
                e[i + 1] = r
                if r == 0.0:
                    d[i + 1] -= p
                    break
                s, c = f / r, g / r
                g = d[i + 1] - p
                r = (d[i] - g) * s + 2.0 * c * b
                p = s * r
                d[i + 1] = g + p
                g = c * r - b
                for j in range(z.shape[1]):
                    upper, lower = z[i + 1, j], z[i, j]
                    z[i + 1, j] = s * lower + c * upper
                    z[i, j] = c * lower - s * upper
            else:
                d[low] -= p
                e[low] = g
            e[high] = 0.0


@kernel
def rotate_block(
    correlation: Reals, raw: Reals, scale: Reals, freedom: float, least: float
) -> tuple[Reals, Reals]:
    """Axes in which a block's sampling errors are independent, without those it lacks.

    A correlation estimated from few clusters has contrasts that look free of noise by accident.
    Its small eigenvalues are raised as far as Chen et al. (2010, IEEE Trans. Signal Process. 58,
    "oracle approximating shrinkage") draw them to their mean; none is lowered.

    Parameters
    ----------
    correlation : (m, m) float64
        Of the estimates' errors.
    raw, scale : (m,) float64
        Standard errors, above zero: those in which the identities between estimates hold, and
        those to be used, which may be moderated.
    freedom : float
        Degrees of freedom of the correlation; inf where it is known.
    least : float
        A contrast whose errors cancel to less than this eigenvalue of the correlation is an
        identity of the true effects too. A common effect of all cells is never one: where its
        errors cancel, they count as if all were the same error.

    Returns
    -------
    basis : (r, m) float64
        Orthonormal axes as rows.
    values : (r,) float64
        Sampling variances along them, not below `least` times the least variance.
    """
    m = scale.size
    values, vectors = symmetric_eigen(correlation)
    null = np.empty((m, m))
    n_null = 0
    while n_null < m and values[n_null] < least:
        null[n_null] = vectors[n_null] / raw
        n_null += 1
    raised = _raise(values[n_null:], freedom) - values[n_null:]
    total = np.sum(scale**2)
    errors = correlation.copy()
    for k in range(m - n_null):
        for i in range(m):
            for j in range(m):
                errors[i, j] += raised[k] * vectors[n_null + k, i] * vectors[n_null + k, j]
    for i in range(m):
        errors[i] *= scale[i] * scale
    n_null = _orthonormalise(null, n_null)
    n_identities = _without_ones(null, n_null)
    for k in range(n_null):
        _set_axis(errors, null[k], 3.0 * total if k < n_identities else total)
    values, vectors = symmetric_eigen(errors)
    n_kept = m - n_identities
    return vectors[:n_kept].copy(), np.maximum(values[:n_kept], least * np.min(scale) ** 2)


@kernel
def _raise(values: Reals, freedom: float) -> Reals:
    """Eigenvalues, the small ones drawn towards the mean."""
    p = values.size
    mean, square = np.mean(values), np.sum(values**2)
    excess = square - p * mean**2
    if p < 2 or excess <= 0.0:
        return values
    part = 1.0 - 2.0 / p
    drawn = min(1.0, (part * square + (p * mean) ** 2) / ((freedom + part) * excess))
    return np.maximum(values, values + drawn * (mean - values))


@kernel
def _orthonormalise(rows: Reals, n: int) -> int:
    """Gram and Schmidt, twice for accuracy, in place; the number of independent rows."""
    kept = 0
    for k in range(n):
        rows[kept] = rows[k] / math.sqrt(np.sum(rows[k] ** 2))
        for _ in range(2):
            for j in range(kept):
                rows[kept] -= np.sum(rows[kept] * rows[j]) * rows[j]
        norm = math.sqrt(np.sum(rows[kept] ** 2))
        if norm > 1e-9:
            rows[kept] /= norm
            kept += 1
    return kept


@kernel
def _without_ones(rows: Reals, n: int) -> int:
    """Put the direction nearest to that of a common effect last, and leave it out if it is near."""
    if n == 0:
        return n
    along = np.zeros(n)
    for k in range(n):
        along[k] = np.sum(rows[k])
    squared = np.sum(along**2)
    if squared <= ALONG_ONES * rows.shape[1]:
        return n
    # Mirror the first row onto that direction, the others onto what is orthogonal to it.
    along /= math.sqrt(squared)
    along[0] += math.copysign(1.0, along[0])
    beta = 1.0 / abs(along[0])
    image = np.zeros(rows.shape[1])
    for k in range(n):
        image += along[k] * rows[k]
    for k in range(n):
        rows[k] -= beta * along[k] * image
    nearest = rows[0].copy()
    rows[0] = rows[n - 1]
    rows[n - 1] = nearest
    return n - 1


@kernel
def _set_axis(matrix: Reals, axis: Reals, value: float) -> None:
    """Make `axis` an eigenvector of the symmetric matrix, with that value, in place."""
    m = axis.size
    image = np.zeros(m)
    for i in range(m):
        for j in range(m):
            image[i] += matrix[i, j] * axis[j]
    along = np.sum(image * axis)
    for i in range(m):
        for j in range(m):
            matrix[i, j] -= image[i] * axis[j] + axis[i] * image[j]
            matrix[i, j] += (along + value) * axis[i] * axis[j]

"""Products of the rows of a matrix with each other, the same bytes on any number of threads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel


@kernel
def cross_products(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of products of each row with each other.

    A matrix library would do it on threads of its own: slow for many small matrices under other
    threads, and its sums may depend on their number.

    Parameters
    ----------
    rows : (k, n) float64
        NaN anywhere makes the products of that row NaN.

    Returns
    -------
    (k, k) float64
        ``rows @ rows.T``, exactly symmetric.
    """
    k, n = rows.shape
    products = np.empty((k, k))
    for i in range(k):
        for j in range(i + 1):
            lanes = np.zeros(8)
            for start in range(0, n - 7, 8):
                for lane in range(8):
                    lanes[lane] += rows[i, start + lane] * rows[j, start + lane]
            total = lanes.sum()
            for rest in range(n - n % 8, n):
                total += rows[i, rest] * rows[j, rest]
            products[i, j] = products[j, i] = total
    return products

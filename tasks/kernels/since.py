"""Order statistics of the values since a start of their own, this one excluded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals


@kernel
def quantile_since(x: Reals, start: NDArray[np.int64], p: float, min_count: Reals) -> Reals:
    """Quantile of ``x[start[i]:i]`` for each i.

    The method ``linear`` of `numpy.quantile` (type 7 of Hyndman and Fan 1996, The American
    Statistician 50), which it equals bit for bit. Series of settlements are short and their
    windows hold a few hundred values, so a sorted buffer will do.

    Parameters
    ----------
    x : array of float64, shape (m,)
        Without NaN.
    start : array of int64, shape (m,)
        First of each window, never falling; from i on the window is empty.
    p : float
        Probability.
    min_count : array of float64, shape (m,)
        Values that each window must hold, else NaN; at least one.

    Returns
    -------
    array of float64, shape (m,)
    """
    m = x.size
    out = np.full(m, np.nan)
    held = np.empty(m + 1)
    count, gone = 0, 0
    for i in range(m):
        while gone < min(start[i], i):
            at = np.searchsorted(held[:count], x[gone])
            for j in range(at, count - 1):
                held[j] = held[j + 1]
            count -= 1
            gone += 1
        if count >= max(1.0, min_count[i]):
            position = p * (count - 1)
            low = int(np.floor(position))
            part = position - low
            left, right = held[low], held[min(low + 1, count - 1)]
            gap = right - left
            out[i] = left + gap * part if part < 0.5 else right - gap * (1.0 - part)
        at = np.searchsorted(held[:count], x[i])
        for j in range(count, at, -1):
            held[j] = held[j - 1]
        held[at] = x[i]
        count += 1
    return out

"""Order statistics of the `window` bars before this one, this bar excluded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

BLOCK = 64
MAD_TO_SD = 1.4826


def past_quantiles(x: Reals, window: int, probabilities: Sequence[float], min_count: int) -> Reals:
    """Quantiles of the values before each bar.

    The p-quantile of m values lies at position p (m - 1) of the sorted values, between two of
    them in proportion: the method ``linear`` of `numpy.quantile` (type 7 of Hyndman and Fan
    1996, The American Statistician 50), which it equals bit for bit.

    Parameters
    ----------
    x : array of float64, shape (n,)
        NaN values are skipped.
    window : int
        Bars before this one.
    probabilities : sequence of float
        Each between 0 and 1.
    min_count : int
        Values that the window must hold, else NaN.

    Returns
    -------
    array of float64, shape (len(probabilities), n)
    """
    order = np.argsort(x)
    ranks = np.empty(x.size, dtype=np.int64)
    ranks[order] = np.arange(x.size)
    ranks[np.isnan(x)] = -1
    ascending = x[order]
    rows = [walk_quantile(ascending, ranks, window, p, max(1, min_count)) for p in probabilities]
    return np.array(rows).reshape(len(rows), x.size)


def past_quantile(x: Reals, window: int, probability: float, min_count: int) -> Reals:
    """One quantile of the values before each bar, shape (n,); see `past_quantiles`."""
    return past_quantiles(x, window, (probability,), min_count)[0]


@kernel
def walk_quantile(
    ascending: Reals, ranks: NDArray[np.int64], window: int, p: float, min_count: int
) -> Reals:
    """Quantile of the values before each bar, by walking along their ranks.

    The window's values are marks on the line of all ranks. From one bar to the next the quantile
    moves by about one mark, so a pointer to its block of ranks moves little: n steps in all, not
    n log n, whatever the window.

    Parameters
    ----------
    ascending : array of float64, shape (n,)
        The values, sorted, NaN last.
    ranks : array of int64, shape (n,)
        Position of each bar's value in `ascending`, -1 for NaN.
    window, min_count : int
        Bars before this one, and values that they must hold, else NaN.
    p : float
        Probability.
    """
    n = ranks.size
    marked = np.zeros(n + BLOCK, dtype=np.uint8)
    held = np.zeros(n // BLOCK + 2, dtype=np.int64)
    out = np.full(n, np.nan)
    count, block, below = 0, 0, 0
    for t in range(1, n):
        for r, step in ((ranks[t - 1], 1), (ranks[t - 1 - window] if t > window else -1, -1)):
            if r >= 0:
                marked[r] = step > 0
                held[r // BLOCK] += step
                count += step
                if r // BLOCK < block:
                    below += step
        if count < min_count:
            continue
        position = p * (count - 1)
        low = int(np.floor(position))
        while below > low:
            block -= 1
            below -= held[block]
        while below + held[block] <= low:
            below += held[block]
            block += 1
        r, seen = block * BLOCK, below + marked[block * BLOCK]
        while seen <= low:
            r += 1
            seen += marked[r]
        left = ascending[r]
        part = position - low
        if part == 0.0:
            out[t] = left
            continue
        r += 1
        while marked[r] == 0:
            r += BLOCK if r % BLOCK == 0 and held[r // BLOCK] == 0 else 1
        gap = ascending[r] - left
        out[t] = left + gap * part if part < 0.5 else ascending[r] - gap * (1.0 - part)
    return out


@kernel
def past_robust_z(x: Reals, window: int, min_count: int) -> Reals:
    """Robust z-score of each value against the values before it.

    ``(x[t] - median) / (1.4826 * MAD)`` of ``x[t-window:t]``, where MAD is the median absolute
    deviation from the median and 1.4826 makes it a standard deviation under the normal law
    (Rousseeuw and Croux 1993, JASA 88).

    Parameters
    ----------
    x : array of float64, shape (n,)
        NaN values are skipped and have no score.
    window, min_count : int
        Bars before this one, and values that they must hold, else NaN.

    Returns
    -------
    array of float64, shape (n,)
        NaN too where the deviation is zero.
    """
    n = x.size
    out = np.full(n, np.nan)
    held = np.empty(window + 2)
    count, left = 0, 0
    for t in range(n):
        if count >= max(1, min_count):
            left = _split_of_nearest(held, count, left)
            spread = MAD_TO_SD * _median_distance(held, count, left)
            if spread > 0.0:
                out[t] = (x[t] - _median(held, count)) / spread
        gone = x[t - window] if t >= window else np.nan
        start = end = count
        if gone == gone:
            start = _place(held, count, gone)
            count -= 1
        if x[t] == x[t]:
            end = _place(held, count + (gone == gone), x[t])
            count += 1
        elif gone == gone:
            end = count + 1
        if gone == gone and end > start:
            end -= 1
            for j in range(start, end):
                held[j] = held[j + 1]
        else:
            for j in range(start, end, -1):
                held[j] = held[j - 1]
        if x[t] == x[t]:
            held[end] = x[t]
    return out


@kernel
def _place(ascending: Reals, count: int, value: float) -> int:
    """First of the `count` places whose value is not below `value`; halving without branches."""
    low, length = 0, count
    while length > 1:
        half = length // 2
        low += half * (ascending[low + half - 1] < value)
        length -= half
    return low + (length == 1 and ascending[low] < value)


@kernel
def _median(ascending: Reals, count: int) -> float:
    return 0.5 * (ascending[(count - 1) // 2] + ascending[count // 2])


@kernel
def _split_of_nearest(ascending: Reals, count: int, guess: int) -> int:
    """How many of the ``count // 2`` values nearest to the median lie in the lower half.

    Distances grow from the middle to both sides; the answer is sought from `guess`, the bar
    before's, since it moves little.
    """
    mid, half = _median(ascending, count), count // 2
    left = min(max(guess, 0), half)
    while left > 0 and (mid - ascending[half - left] > ascending[2 * half - left] - mid):
        left -= 1
    while left < half and (mid - ascending[half - 1 - left] < ascending[2 * half - left - 1] - mid):
        left += 1
    return left


@kernel
def _median_distance(ascending: Reals, count: int, left: int) -> float:
    """Median distance to the median, given how its nearer half splits."""
    mid, half = _median(ascending, count), count // 2
    right = half - left
    above = np.inf
    if left < half:
        above = mid - ascending[half - 1 - left]
    if half + right < count:
        above = min(above, ascending[half + right] - mid)
    if count % 2:
        return above
    under = 0.0
    if left > 0:
        under = mid - ascending[half - left]
    if right > 0:
        under = max(under, ascending[half + right - 1] - mid)
    return 0.5 * (under + above)

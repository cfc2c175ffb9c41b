"""Order statistics of the `window` bars before this one, this bar excluded.

The series is cut into blocks. The values that a block's windows can hold are ranked once; a
window is then a set of marks on the line of ranks, kept as bits. From one bar to the next an order
statistic moves by about one mark, so finding it again costs a few steps, whatever the window. An
order statistic depends on its window's content alone, so it does not matter where the cuts are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.bitset import Bits, above, flip, no_bits, seek, under
from tasks.kernels.rolling import Reals

Ranks = NDArray[np.int64]

MAD_TO_SD = 1.4826
WINDOWS_PER_BLOCK = 4  # the window before a block is ranked too: a quarter more
LEAST_BLOCK = 256


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
    x = np.ascontiguousarray(x, np.float64)
    wanted = np.array(probabilities, np.float64)
    return _quantiles_by_block(x, _orders(x, window), window, wanted, max(1, min_count))


def past_quantile(x: Reals, window: int, probability: float, min_count: int) -> Reals:
    """One quantile of the values before each bar, shape (n,); see `past_quantiles`."""
    return past_quantiles(x, window, (probability,), min_count)[0]


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
    x = np.ascontiguousarray(x, np.float64)
    return _scores_by_block(x, _orders(x, window), window, max(2, min_count))


def _orders(x: Reals, window: int) -> Ranks:
    """Sorting order of each block and the window before it, shape (n_blocks, lead + n_bars).

    The lead is the window, or the whole series where that is shorter.
    """
    lead = min(window, x.size)
    size = max(1, min(x.size, max(WINDOWS_PER_BLOCK * lead, LEAST_BLOCK)))
    n_blocks = max(1, -(-x.size // size))
    # Infinity, not NaN, for what is missing: numpy sorts many times faster without NaN.
    padded = np.full(lead + n_blocks * size, np.inf)
    padded[lead : lead + x.size] = np.where(np.isnan(x), np.inf, x)
    rows = np.lib.stride_tricks.sliding_window_view(padded, lead + size)[::size]
    return np.argsort(rows, axis=1)


@kernel
def _quantiles_by_block(
    x: Reals, orders: Ranks, window: int, probabilities: Reals, min_count: int
) -> Reals:
    n, lead = x.size, min(window, x.size)
    out = np.empty((probabilities.size, n))
    ranks, ascending = np.empty(orders.shape[1], np.int64), np.empty(orders.shape[1])
    size = ranks.size - lead
    for b in range(orders.shape[0]):
        start, end = b * size, min(b * size + size, n)
        _rank(x, orders[b], start - lead, ranks, ascending)
        for k in range(probabilities.size):
            found = walk_quantile(ascending, ranks, window, probabilities[k], min_count, lead)
            out[k, start:end] = found[: end - start]
    return out


@kernel
def _scores_by_block(x: Reals, orders: Ranks, window: int, min_count: int) -> Reals:
    n, lead = x.size, min(window, x.size)
    out = np.full(n, np.nan)
    ranks, ascending = np.empty(orders.shape[1], np.int64), np.empty(orders.shape[1])
    size = ranks.size - lead
    for b in range(orders.shape[0]):
        start, end = b * size, min(b * size + size, n)
        _rank(x, orders[b], start - lead, ranks, ascending)
        _walk_scores(x[start:end], ascending, ranks, window, min_count, lead, out[start:end])
    return out


@kernel
def _rank(x: Reals, order: Ranks, first: int, ranks: Ranks, ascending: Reals) -> None:
    """Fill `ranks` and `ascending` for the bars from `first` on; rank -1 where there is none."""
    for r in range(order.size):
        t = first + order[r]
        v = x[t] if 0 <= t < x.size else np.nan
        ascending[r] = v + 0.0  # plus zero: one zero, not two
        ranks[order[r]] = r if v == v else -1


@kernel
def walk_quantile(
    ascending: Reals, ranks: Ranks, window: int, p: float, min_count: int, start: int
) -> Reals:
    """Quantile of the values before each bar from `start` on, by walking along their ranks.

    Parameters
    ----------
    ascending : array of float64, shape (n,)
        The values, sorted.
    ranks : array of int64, shape (n,)
        Position of each bar's value in `ascending`, -1 where it has none.
    window, min_count : int
        Bars before this one, and values that they must hold, at least one, else NaN.
    p : float
        Probability.
    start : int
        First bar that is asked for, at most `window`.

    Returns
    -------
    array of float64, shape (n - start,)
    """
    out = np.full(ranks.size - start, np.nan)
    bits, count = _marks_before(ranks, start)
    at, below, end, n_known = 0, 0, 0, 0  # a slot, marks below it, the slot of the next mark
    low, part, value = 0, 0.0, np.nan
    for t in range(start, ranks.size):
        for r, step in _changes(ranks, window, t, start):
            if r >= 0:
                flip(bits, r)
                count += step
                below += step * (r < at)
                if at <= r <= end:
                    n_known = 0
        if count < min_count:
            continue
        if count != n_known or below != low:
            low = int(np.floor(p * (count - 1)))
            part, n_known = p * (count - 1) - low, count
            at, below = seek(bits, at, below, low), low
            end, value = at, ascending[at]
            if part > 0.0:
                end = above(bits, at)
                gap = ascending[end] - value
                value = value + gap * part if part < 0.5 else ascending[end] - gap * (1.0 - part)
        out[t - start] = value
    return out


@kernel
def _walk_scores(
    x: Reals, ascending: Reals, ranks: Ranks, window: int, min_count: int, start: int, out: Reals
) -> None:
    """Robust scores of the bars `x`, the first of which is bar `start` of `ranks`.

    Half of the values are the nearest to the median; `n_left` of them lie in the lower half of
    all. Distances grow from the middle to both sides, so they are a run of marks, from `first` to
    `last`, which moves little from bar to bar.
    """
    bits, count = _marks_before(ranks, start)
    mid_at = first = last = n_left = 0
    mid_below = first_below = last_below = 0
    for t in range(start, start + x.size):
        for r, step in _changes(ranks, window, t, start):
            if r >= 0:
                flip(bits, r)
                count += step
                mid_below += step * (r < mid_at)
                first_below += step * (r < first)
                last_below += step * (r < last)
        if count < min_count:
            continue
        half = count // 2
        mid_at, mid_below = seek(bits, mid_at, mid_below, half), half
        mid = ascending[mid_at]
        if count % 2 == 0:
            mid = 0.5 * (ascending[under(bits, mid_at)] + mid)
        n_left = min(n_left, half)
        first = seek(bits, first, first_below, half - n_left)
        last = seek(bits, last, last_below, 2 * half - n_left - 1)
        before = under(bits, first) if n_left < half else -1
        after = above(bits, last) if 2 * half - n_left < count else -1
        while n_left > 0 and mid - ascending[first] > ascending[after] - mid:
            n_left, before, first, last = n_left - 1, first, above(bits, first), after
            after = above(bits, last) if 2 * half - n_left < count else -1
        while n_left < half and mid - ascending[before] < ascending[last] - mid:
            n_left, after, last, first = n_left + 1, last, under(bits, last), before
            before = under(bits, first) if n_left < half else -1
        first_below, last_below = half - n_left, 2 * half - n_left - 1
        farther = mid - ascending[before] if n_left < half else np.inf
        if after >= 0:
            farther = min(farther, ascending[after] - mid)
        if count % 2 == 0:
            nearer = mid - ascending[first] if n_left > 0 else 0.0
            if n_left < half:
                nearer = max(nearer, ascending[last] - mid)
            farther = 0.5 * (nearer + farther)
        spread = MAD_TO_SD * farther
        if spread > 0.0:
            out[t - start] = (x[t - start] - mid) / spread


@kernel
def _marks_before(ranks: Ranks, start: int) -> tuple[Bits, int]:
    """Marks of the bars before `start`, and their number."""
    bits, count = no_bits(ranks.size), 0
    for t in range(start):
        if ranks[t] >= 0:
            flip(bits, ranks[t])
            count += 1
    return bits, count


@kernel
def _changes(
    ranks: Ranks, window: int, t: int, start: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """What enters (+1) and leaves (-1) the window of `t`, seen from the bar before; -1: nothing."""
    entering = ranks[t - 1] if t > start else -1
    return (entering, 1), (ranks[t - 1 - window] if t > max(start, window) else -1, -1)
